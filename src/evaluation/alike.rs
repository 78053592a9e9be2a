//! Rows that are nearly the same: pairs whose cosine is large, found by comparing all with all, a block at a time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Rows that are compared with a block of others at once; what is held meanwhile is their products.
const ROWS: usize = 1024;
/// Rows of that block.
const BLOCK: usize = 4096;

/// Two rows, `a` before `b`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The one.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// Their cosine.
    pub cosine: f32,
}

impl Eq for Pair {}

impl Ord for Pair {
    /// By cosine; of equal ones the earlier pair is more.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_cosine = self.cosine.total_cmp(&other.cosine);
        by_cosine.then_with(|| (other.a, other.b).cmp(&(self.a, self.b)))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Pairs that were found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alike {
    /// The most alike first.
    pub pairs: Vec<Pair>,
    /// How many there are, those beyond the limit counted too.
    pub count: u64,
}

/// Which rows are compared.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// Rows of length 1, one after the other.
    pub rows: &'a [f32],
    /// Numbers of a row.
    pub width: usize,
    /// Where the parts begin that the rows are of, the first is 0: pairs within a part, and between two.
    pub parts: &'a [usize],
    /// Only pairs between two parts.
    pub between: bool,
    /// The least cosine of a pair.
    pub least: f32,
    /// Pairs that are kept.
    pub most: usize,
}

impl Search<'_> {
    /// The part of a row.
    pub fn part(&self, row: usize) -> usize {
        self.parts.partition_point(|start| *start <= row).max(1) - 1
    }

    /// Compares all with all. `products` multiplies rows, `[queries, others]`, row-major; `done` is told how many rows are compared.
    ///
    /// # Errors
    /// As `products`.
    pub fn run<E>(
        &self,
        products: &mut dyn FnMut(&[f32], &[f32]) -> Result<Vec<f32>, E>,
        done: &mut dyn FnMut(usize) -> Result<(), E>,
    ) -> Result<Alike, E> {
        let width = self.width.max(1);
        let n = self.rows.len() / width;
        let row = |from: usize, to: usize| &self.rows[from * width..to * width];
        let mut kept: BinaryHeap<Reverse<Pair>> = BinaryHeap::new();
        let mut count = 0;
        for from in (0..n).step_by(ROWS) {
            let to = (from + ROWS).min(n);
            // a part that ends behind these rows holds no other part's
            let first = match self.between {
                true if self.part(from) == self.part(to - 1) => {
                    let next = self.parts.get(self.part(from) + 1);
                    next.copied().unwrap_or(n)
                }
                _ => from,
            };
            for block in (first..n).step_by(BLOCK) {
                let end = (block + BLOCK).min(n);
                let found = products(row(from, to), row(block, end))?;
                for (a, cosines) in (from..to).zip(found.chunks_exact(end - block)) {
                    for (b, cosine) in (block..end).zip(cosines) {
                        let is = b > a && *cosine >= self.least;
                        if !is || (self.between && self.part(a) == self.part(b)) {
                            continue;
                        }
                        count += 1;
                        let pair = Pair {
                            a,
                            b,
                            cosine: *cosine,
                        };
                        if kept.len() < self.most {
                            kept.push(Reverse(pair));
                        } else if kept.peek().is_some_and(|Reverse(least)| pair > *least) {
                            kept.pop();
                            kept.push(Reverse(pair));
                        }
                    }
                }
            }
            done(to)?;
        }
        let mut pairs: Vec<Pair> = kept.into_iter().map(|Reverse(pair)| pair).collect();
        pairs.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Alike { pairs, count })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::data::Philox;
    use crate::evaluation::normalize_rows;

    fn products(width: usize) -> impl FnMut(&[f32], &[f32]) -> Result<Vec<f32>, Infallible> {
        move |a, b| {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum();
            let of = |a| b.chunks_exact(width).map(move |b| dot(a, b));
            Ok(a.chunks_exact(width).flat_map(of).collect())
        }
    }

    fn found(search: &Search<'_>) -> Alike {
        let Ok(found) = search.run(&mut products(search.width), &mut |_| Ok(()));
        found
    }

    /// Rows of noise, some of which are copies of others.
    fn rows(n: usize, copies: &[(usize, usize)]) -> Vec<f32> {
        let mut random = Philox::new(1, &[]);
        let mut rows: Vec<f32> = (0..n * 8).map(|_| random.normal()).collect();
        for (from, to) in copies {
            rows.copy_within(from * 8..from * 8 + 8, to * 8);
        }
        normalize_rows(&mut rows, 8);
        rows
    }

    #[test]
    fn copies_are_found_wherever_they_lie() {
        let copies = [(0, 1), (5, 1023), (5, 1024), (700, 4999), (1500, 4096)];
        let rows = rows(5000, &copies);
        let search = Search {
            rows: &rows,
            width: 8,
            parts: &[0, 3000],
            between: false,
            least: 0.9999,
            most: 100,
        };
        let all = found(&search);
        let pairs = |alike: &Alike| -> Vec<(usize, usize)> {
            let mut pairs: Vec<_> = alike.pairs.iter().map(|pair| (pair.a, pair.b)).collect();
            pairs.sort_unstable();
            pairs
        };
        let expected = [
            (0, 1),
            (5, 1023),
            (5, 1024),
            (700, 4999),
            (1023, 1024),
            (1500, 4096),
        ];
        assert_eq!((pairs(&all), all.count), (expected.to_vec(), 6));
        let between = found(&Search {
            between: true,
            ..search
        });
        assert_eq!(
            (pairs(&between), between.count),
            (vec![(700, 4999), (1500, 4096)], 2)
        );
        // three parts, of which the second lies within one block
        let three = found(&Search {
            between: true,
            parts: &[0, 1000, 1024],
            ..search
        });
        let expected = [(5, 1023), (5, 1024), (700, 4999), (1023, 1024)];
        assert_eq!(
            pairs(&three),
            [&expected[..], &[(1500, 4096)][..0]].concat()
        );
    }

    #[test]
    fn the_most_alike_are_kept_and_all_are_counted() {
        // angles of 0, 1, 3, 7 and 15 degrees to the first
        let angle = |degrees: f32| [degrees.to_radians().cos(), degrees.to_radians().sin()];
        let rows: Vec<f32> = [0.0, 1.0, 3.0, 7.0, 15.0]
            .into_iter()
            .flat_map(angle)
            .collect();
        let found = found(&Search {
            rows: &rows,
            width: 2,
            parts: &[0],
            between: false,
            least: (7.5f32).to_radians().cos(),
            most: 2,
        });
        let pairs: Vec<_> = found.pairs.iter().map(|pair| (pair.a, pair.b)).collect();
        // within 7.5 degrees: 0-1, 0-3, 0-7, 1-3, 1-7, 3-7
        assert_eq!((pairs, found.count), (vec![(0, 1), (1, 2)], 6));
    }
}
