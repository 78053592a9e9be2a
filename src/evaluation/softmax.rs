//! Softmax regression with an L2 penalty on its weights, its strength chosen on records that are held out.

use rayon::prelude::*;

use super::examples::Examples;
use super::features::{Features, normalize_rows};
use super::lab::{Failed, Lab, Rows};
use super::lbfgs::{Enough, Slope, minimise};

/// A fit is over when no entry of the mean loss's gradient is larger, or after so many steps, as in DINOv2.
const ENOUGH: Enough = Enough {
    gradient: 1e-6,
    steps: 1000,
};
/// Records whose losses are summed at once: the sum does not depend on threads.
const BLOCK: usize = 4096;
/// The penalty where no record can be held out.
const PLAIN: f64 = 1.0;
/// Records that are judged at once.
const JUDGED: usize = 4096;

/// A classifier: for each class that it has seen a row of weights and an offset.
#[derive(Clone, Debug)]
pub(super) struct Softmax {
    /// `[classes, d]`
    weights: Vec<f32>,
    /// `[classes]`
    offsets: Vec<f64>,
    /// Which classes those are.
    classes: Vec<u32>,
    width: usize,
    /// C, the inverse of the penalty's strength.
    pub cost: f64,
    /// The part of the held out records that each C told, in the order in which they were tried; empty where none were held out.
    pub tried: Vec<(f64, f64)>,
}

impl Softmax {
    /// Learns from examples: of these penalties the one is taken that tells most of the held out records, of equal ones the one with the
    /// smaller loss on them; then it learns from all.
    ///
    /// # Errors
    /// The lab failed.
    pub fn fit(examples: Examples, costs: &[f64], lab: &mut dyn Lab) -> Result<Self, Failed> {
        let Examples {
            rows,
            width,
            labels,
            held,
            learnt,
        } = examples;
        let own = labels.iter().zip(&learnt).filter(|(_, learnt)| **learnt);
        let mut classes: Vec<u32> = own.map(|(label, _)| *label).collect();
        classes.sort_unstable();
        classes.dedup();
        if classes.is_empty() {
            let (weights, offsets) = (Vec::new(), Vec::new());
            return Ok(Self {
                weights,
                offsets,
                classes,
                width,
                cost: PLAIN,
                tried: Vec::new(),
            });
        }
        let index = |label: &u32| classes.binary_search(label).ok();
        let mut fitting = Fitting {
            width,
            k: classes.len(),
            of: labels.iter().map(index).collect(),
            learns: held.iter().map(|held| !held).collect(),
            rows: lab.rows(rows, width)?,
        };
        let mut at = vec![0.0; fitting.k * (width + 1)];
        let mut best: Option<(f64, f64, f64, Vec<f64>)> = None;
        let mut tried = Vec::new();
        if held.iter().any(|held| *held) {
            for cost in costs {
                // the last fit is near the next
                at = fitting.least(at, *cost)?;
                let (told, loss) = fitting.held_out(&at, &held)?;
                tried.push((*cost, told));
                let better = best.as_ref().is_none_or(|(most, least, ..)| {
                    told > *most || (told == *most && loss < *least)
                });
                if better {
                    best = Some((told, loss, *cost, at.clone()));
                }
            }
        }
        let (cost, start) = match best {
            Some((_, _, cost, start)) => (cost, start),
            None => (PLAIN, at),
        };
        fitting.learns = learnt;
        let end = fitting.least(start, cost)?;
        let (weights, offsets) = end.split_at(fitting.k * width);
        Ok(Self {
            weights: weights.iter().map(|w| *w as f32).collect(),
            offsets: offsets.to_vec(),
            classes,
            width,
            cost,
            tried,
        })
    }

    /// The part of the records of a place whose class is told; of equal scores the first class counts.
    ///
    /// # Errors
    /// The lab failed.
    pub fn accuracy(
        &self,
        test: &Features,
        place: usize,
        lab: &mut dyn Lab,
    ) -> Result<f64, Failed> {
        if self.classes.is_empty() || test.labels.is_empty() {
            return Ok(f64::NAN);
        }
        let mut weights = lab.rows(self.weights.clone(), self.width)?;
        let mut right = 0;
        let blocks = test.places[place].chunks(JUDGED * self.width.max(1));
        for (rows, labels) in blocks.zip(test.labels.chunks(JUDGED)) {
            let mut rows = rows.to_vec();
            normalize_rows(&mut rows, self.width);
            let scores = weights.products(&rows)?; // [rows, classes]
            let scores = scores.chunks_exact(self.classes.len());
            right += scores
                .zip(labels)
                .filter(|(scores, label)| {
                    let score = |class: usize| f64::from(scores[class]) + self.offsets[class];
                    let best =
                        (1..scores.len()).fold(0, |best, class| match score(class) > score(best) {
                            true => class,
                            false => best,
                        });
                    self.classes[best] == **label
                })
                .count();
        }
        Ok(right as f64 / test.labels.len() as f64)
    }
}

/// Rows on the device, and which of them are learnt from.
struct Fitting<'l> {
    width: usize,
    /// Classes.
    k: usize,
    /// The class of each row; `None`: no row that is learnt from has it.
    of: Vec<Option<usize>>,
    learns: Vec<bool>,
    rows: Box<dyn Rows + 'l>,
}

impl Fitting<'_> {
    /// Scores of all rows by weights and offsets `[k (d + 1)]`: `[k, n]`.
    fn scores(&mut self, at: &[f64]) -> Result<Vec<f32>, Failed> {
        let (weights, offsets) = at.split_at(self.k * self.width);
        let weights: Vec<f32> = weights.iter().map(|w| *w as f32).collect();
        let mut scores = self.rows.products(&weights)?;
        let n = self.of.len().max(1);
        for (scores, offset) in scores.chunks_exact_mut(n).zip(offsets) {
            scores.iter_mut().for_each(|s| *s += *offset as f32);
        }
        Ok(scores)
    }

    /// For each row its loss, and how far the probability of each class is too large: `[n]`, `[n, k]`. Rows of an unseen class have an
    /// infinite loss.
    fn losses(&self, scores: &[f32]) -> (Vec<f64>, Vec<f32>) {
        let (of, k) = (&self.of, self.k);
        let n = of.len();
        let mut losses = vec![0f64; n];
        let mut over = vec![0f32; n * k];
        let blocks = losses
            .par_chunks_mut(BLOCK)
            .zip(over.par_chunks_mut(BLOCK * k));
        blocks.enumerate().for_each(|(block, (losses, over))| {
            let mut own = vec![0f64; k];
            let rows = losses.iter_mut().zip(over.chunks_exact_mut(k)).enumerate();
            for (row, (loss, over)) in rows {
                let at = block * BLOCK + row;
                let mut top = f64::NEG_INFINITY;
                for (class, own) in own.iter_mut().enumerate() {
                    *own = f64::from(scores[class * n + at]);
                    top = top.max(*own);
                }
                let sum: f64 = own.iter().map(|score| (score - top).exp()).sum();
                *loss = match of[at] {
                    Some(class) => sum.ln() + top - own[class],
                    None => f64::INFINITY,
                };
                for (class, (own, over)) in own.iter().zip(over).enumerate() {
                    let is = f64::from(Some(class) == of[at]);
                    *over = ((own - top).exp() / sum - is) as f32;
                }
            }
        });
        (losses, over)
    }

    /// Where the mean loss of the rows that are learnt from and the penalty `|W|² / (2 C n)` sum to least. The offsets are free.
    fn least(&mut self, start: Vec<f64>, cost: f64) -> Result<Vec<f64>, Failed> {
        let n = self.learns.iter().filter(|learns| **learns).count().max(1) as f64;
        let strength = 1.0 / (cost * n);
        minimise(start, ENOUGH, &mut |at| self.slope(at, n, strength))
    }

    fn slope(&mut self, at: &[f64], n: f64, strength: f64) -> Result<Slope, Failed> {
        let scores = self.scores(at)?;
        let (losses, over) = self.losses(&scores);
        let (rows, k) = (self.of.len(), self.k);
        let learns = |row: usize| self.learns[row];
        let loss = losses.chunks(BLOCK).zip(self.learns.chunks(BLOCK));
        let loss = loss.map(|(losses, learns)| {
            let own = losses.iter().zip(learns).filter(|(_, learns)| **learns);
            own.map(|(loss, _)| loss).sum::<f64>()
        });
        let mut value = loss.sum::<f64>() / n;
        // rows that are held out weigh nothing
        let mut weights = vec![0f32; k * rows];
        weights
            .par_chunks_mut(rows.max(1))
            .enumerate()
            .for_each(|(class, weights)| {
                for (row, weight) in weights.iter_mut().enumerate() {
                    if learns(row) {
                        *weight = over[row * k + class];
                    }
                }
            });
        let sums = self.rows.weighted(&weights)?; // [k, d]
        let (own, _) = at.split_at(k * self.width);
        value += strength / 2.0 * own.iter().map(|w| w * w).sum::<f64>();
        let slope = sums.iter().zip(own);
        let mut slope: Vec<f64> = slope
            .map(|(sum, w)| f64::from(*sum) / n + strength * w)
            .collect();
        let offsets = weights.chunks_exact(rows.max(1));
        slope.extend(offsets.map(|weights| {
            let sum: f64 = weights.iter().map(|w| f64::from(*w)).sum();
            sum / n
        }));
        Ok((value, slope))
    }

    /// The part of the held out rows that is told, and their mean loss.
    fn held_out(&mut self, at: &[f64], held: &[bool]) -> Result<(f64, f64), Failed> {
        let scores = self.scores(at)?;
        let (losses, _) = self.losses(&scores);
        let (mut right, mut sum, mut seen) = (0usize, 0.0, 0usize);
        for row in (0..held.len()).filter(|row| held[*row]) {
            seen += 1;
            sum += losses[row];
            let n = self.of.len();
            let score = |class: usize| scores[class * n + row];
            let best = (1..self.k).fold(0, |best, class| match score(class) > score(best) {
                true => class,
                false => best,
            });
            right += usize::from(self.of[row] == Some(best));
        }
        let seen = seen.max(1) as f64;
        Ok((right as f64 / seen, sum / seen))
    }
}

#[cfg(test)]
#[path = "softmax_tests.rs"]
mod tests;
