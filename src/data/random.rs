//! Counter-based randomness: every draw is a function of a key and a counter, never of what was drawn before by
//! somebody else.
//!
//! Philox4x32-10 (Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3").

/// A stream of random numbers, named by a key.
#[derive(Clone, Debug)]
pub struct Philox {
    key: [u32; 2],
    counter: [u32; 4],
    block: [u32; 4],
    used: usize,
}

/// One Philox4x32-10 block.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    const M0: u64 = 0xD251_1F53;
    const M1: u64 = 0xCD9E_8D57;
    const W0: u32 = 0x9E37_79B9;
    const W1: u32 = 0xBB67_AE85;
    let [mut a, mut b, mut c, mut d] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let x = M0 * u64::from(a);
        let y = M1 * u64::from(c);
        (a, b, c, d) = (
            (y >> 32) as u32 ^ b ^ k0,
            y as u32,
            (x >> 32) as u32 ^ d ^ k1,
            x as u32,
        );
        k0 = k0.wrapping_add(W0);
        k1 = k1.wrapping_add(W1);
    }
    [a, b, c, d]
}

impl Philox {
    /// The stream for a seed and a path of parts: `Philox::new(seed, &[epoch, sample, path_hash])`. Streams of
    /// different parts are independent; the same parts always give the same numbers.
    pub fn new(seed: u64, parts: &[u64]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        for part in parts {
            hasher.update(&part.to_le_bytes());
        }
        let hash = hasher.finalize();
        let word = |i: usize| {
            let b = &hash.as_bytes()[i * 4..i * 4 + 4];
            u32::from_le_bytes([b[0], b[1], b[2], b[3]])
        };
        Self {
            key: [word(0), word(1)],
            counter: [0, 0, word(2), word(3)],
            block: [0; 4],
            used: 4,
        }
    }

    /// The key and the counter of the first block that a stream which nothing was drawn of gives.
    pub(crate) fn start(&self) -> ([u32; 2], [u32; 4]) {
        (self.key, self.counter)
    }

    /// A number that names a string in a stream's path.
    pub fn part(text: &str) -> u64 {
        let hash = blake3::hash(text.as_bytes());
        let b = hash.as_bytes();
        u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.block = philox4x32(self.counter, self.key);
            self.used = 0;
            let (low, carry) = self.counter[0].overflowing_add(1);
            self.counter[0] = low;
            if carry {
                self.counter[1] = self.counter[1].wrapping_add(1);
            }
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// Uniform in `[0, 1)`, a multiple of 2⁻²⁴.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        let high_bits = u64::from(self.next_u32() >> 5);
        let low_bits = u64::from(self.next_u32() >> 6);
        let unit = (high_bits * 67_108_864 + low_bits) as f64 / 9_007_199_254_740_992.0;
        low + (high - low) * unit
    }

    /// Uniform in `0..n`; 0 for `n = 0`. Unbiased (Lemire, 2019).
    pub fn below(&mut self, n: u32) -> u32 {
        if n == 0 {
            return 0;
        }
        loop {
            let product = u64::from(self.next_u32()) * u64::from(n);
            let low = product as u32;
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.between(0.0, 1.0) < probability
    }

    /// Standard normal (Box–Muller, one of the pair).
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.between(0.0, 1.0)).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.between(0.0, 1.0);
        (radius * angle.cos()) as f32
    }

    /// A random order of `0..n` (Fisher–Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i as u32 + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers from the Random123 distribution (`kat_vectors`, philox4x32 10).
    #[test]
    fn philox_known_answers() {
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn streams_depend_on_their_parts_only() {
        let mut a = Philox::new(7, &[1, 2, 3]);
        let mut b = Philox::new(7, &[1, 2, 3]);
        let mut c = Philox::new(7, &[1, 2, 4]);
        let first: Vec<u32> = (0..9).map(|_| a.next_u32()).collect();
        assert_eq!(first, (0..9).map(|_| b.next_u32()).collect::<Vec<_>>());
        assert_ne!(first, (0..9).map(|_| c.next_u32()).collect::<Vec<_>>());
    }

    #[test]
    fn below_is_uniform() {
        let mut rng = Philox::new(1, &[]);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7) as usize] += 1;
        }
        // 10,000 expected per bin, s.d. 92.6: five of them
        assert!(
            counts.iter().all(|n| n.abs_diff(10_000) < 463),
            "{counts:?}"
        );
    }
}
