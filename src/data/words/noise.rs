//! Words drawn by how common they are, flattened: the noise of negative sampling (Mikolov et al., 2013).
//!
//! Walker's alias method (1977), as Vose (1991) builds it: each of `n` equal shares holds one word and a second one that fills it up, so
//! that a draw looks at one share, however many words there are.

use crate::data::Philox;

/// A table to draw from.
#[derive(Debug)]
pub struct Noise {
    shares: Vec<Share>,
}

#[derive(Clone, Copy, Debug)]
struct Share {
    /// Of 2³² draws that meet this share of word `i`, how many draw `i`; the others draw `other`.
    own: u32,
    other: u32,
}

/// 2³²
const ALL: f64 = 4_294_967_296.0;

/// `count` to the power of ¾, by square roots alone: these are the same on every machine.
fn weight(count: u64) -> f64 {
    let root = (count as f64).sqrt();
    root * root.sqrt()
}

impl Noise {
    /// Words drawn in proportion to their counts to the power of ¾; `None` where no word was seen.
    pub(super) fn of(counts: &[u64]) -> Option<Self> {
        let mut parts: Vec<f64> = counts.iter().map(|count| weight(*count)).collect();
        let total: f64 = parts.iter().sum();
        let commonest = (0..counts.len()).max_by_key(|id| counts[*id])?;
        if total <= 0.0 {
            return None;
        }
        let n = parts.len() as f64;
        // 1 fills a share
        parts.iter_mut().for_each(|part| *part *= n / total);
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..parts.len()).partition(|id| parts[*id] < 1.0);
        // what rounding leaves over is a whole share; a word that was never seen has none
        let mut shares: Vec<Share> = (0..parts.len())
            .map(|id| Share {
                own: 0,
                other: if counts[id] > 0 { id } else { commonest } as u32,
            })
            .collect();
        while let (Some(own), Some(other)) = (small.pop(), large.last().copied()) {
            shares[own] = Share {
                own: (parts[own] * ALL) as u32,
                other: other as u32,
            };
            parts[other] -= 1.0 - parts[own];
            if parts[other] < 1.0 {
                large.pop();
                small.push(other);
            }
        }
        Some(Self { shares })
    }

    /// A word: its id. One number says the share and the place in it: a place is known to `n` in 2³², which moves no probability by more
    /// than 2⁻³² for each share that holds the word.
    pub fn draw(&self, rng: &mut Philox) -> u32 {
        let product = u64::from(rng.next_u32()) * self.shares.len() as u64;
        let at = (product >> 32) as u32;
        let share = self.shares[at as usize];
        match (product as u32) < share.own {
            true => at,
            false => share.other,
        }
    }

    /// The probability of each word, as the table has it.
    #[cfg(test)]
    fn probabilities(&self) -> Vec<f64> {
        let n = self.shares.len() as f64;
        let mut all = vec![0.0; self.shares.len()];
        for (id, share) in self.shares.iter().enumerate() {
            let own = f64::from(share.own) / ALL;
            all[id] += own / n;
            all[share.other as usize] += (1.0 - own) / n;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(counts: &[u64]) -> Vec<f64> {
        let weights: Vec<f64> = counts.iter().map(|n| (*n as f64).powf(0.75)).collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / total).collect()
    }

    /// A vocabulary as they are: the commonest word half of everything, a long tail, and two entries that are no words.
    fn zipf(n: u64) -> Vec<u64> {
        let words = (1..n).map(|rank| 1 + 50_000_000 / rank);
        [0, 0].into_iter().chain(words).collect()
    }

    #[test]
    fn the_table_holds_the_probabilities() {
        for counts in [
            vec![0, 0, 16],
            vec![0, 0, 1, 1, 1, 1],
            vec![0, 0, 81, 16, 1],
            vec![7],
            zipf(3_000),
            zipf(100_000),
        ] {
            let found = Noise::of(&counts).unwrap().probabilities();
            let wanted = wanted(&counts);
            // a share is cut at one of 2^32 places, and a word may fill up many shares
            let worst = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f64::max) < 1e-9, "{} words", counts.len());
            let never = found.iter().zip(&counts).filter(|(_, count)| **count == 0);
            assert!(never.into_iter().all(|(p, _)| *p == 0.0));
        }
        assert!(Noise::of(&[]).is_none() && Noise::of(&[0, 0]).is_none());
    }

    /// 27 : 8 : 1, as 81, 16 and 1 to the power of ¾ are.
    #[test]
    fn words_are_drawn_as_often_as_they_should_be() {
        let noise = Noise::of(&[0, 0, 81, 16, 1]).unwrap();
        let mut rng = Philox::new(5, &[1]);
        let mut seen = [0_u32; 5];
        let n = 360_000;
        for _ in 0..n {
            seen[noise.draw(&mut rng) as usize] += 1;
        }
        for (id, part) in [(2, 27.0 / 36.0), (3, 8.0 / 36.0), (4, 1.0 / 36.0)] {
            let expected = f64::from(n) * part;
            let deviation = (expected * (1.0 - part)).sqrt();
            let off = (f64::from(seen[id]) - expected).abs();
            assert!(off < 4.0 * deviation, "{id}: {seen:?}, s.d. {deviation}");
        }
        assert_eq!(seen[..2], [0, 0]);
    }
}
