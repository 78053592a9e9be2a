//! What a classifier learns from, and what chooses its penalty.

use super::features::{Features, normalize_rows};
use crate::data::Philox;

/// One of so many records of each class is held out.
const HELD: usize = 10;

/// Exponents of 10 between which penalties are tried: C from 1e-6 to 1e5, as in DINOv2.
const EXPONENTS: (f64, f64) = (-6.0, 5.0);

/// So many penalties, from the strongest: values of C, by equal factors.
pub(super) fn costs(count: usize) -> Vec<f64> {
    let (low, high) = EXPONENTS;
    let step = (high - low) / count.saturating_sub(1).max(1) as f64;
    (0..count)
        .map(|i| 10f64.powf(low + step * i as f64))
        .collect()
}

/// Rows of length 1 with their classes, of which some are held out.
pub(super) struct Examples {
    /// `[n, d]`
    pub rows: Vec<f32>,
    /// d
    pub width: usize,
    /// `[n]`
    pub labels: Vec<u32>,
    /// Whether a record chooses the penalty.
    pub held: Vec<bool>,
    /// Whether the last fit, with the penalty that was chosen, learns it too.
    pub learnt: Vec<bool>,
}

impl Examples {
    /// These rows of a place; a tenth of each class is held out until the penalty is chosen. A class of one record is learnt from.
    pub fn of(features: &Features, place: usize, rows: &[usize]) -> Self {
        let width = features.dims[place];
        let all = &features.places[place];
        let own = rows
            .iter()
            .flat_map(|row| &all[row * width..(row + 1) * width]);
        let mut own: Vec<f32> = own.copied().collect();
        normalize_rows(&mut own, width);
        let labels: Vec<u32> = rows.iter().map(|row| features.labels[*row]).collect();
        Self {
            rows: own,
            width,
            held: held(&labels),
            learnt: vec![true; labels.len()],
            labels,
        }
    }

    /// The same where other records choose the penalty.
    pub fn chosen_by(mut self, valid: &Features, place: usize) -> Self {
        let mut rows = valid.places[place].clone();
        normalize_rows(&mut rows, self.width);
        let (own, others) = (self.labels.len(), valid.labels.len());
        self.rows.extend(rows);
        self.labels.extend(&valid.labels);
        self.held = [vec![false; own], vec![true; others]].concat();
        self.learnt = [vec![true; own], vec![false; others]].concat();
        self
    }
}

/// Which records are held out: a tenth of each class, one at least where another is left. The same labels give the same choice.
pub(super) fn held(labels: &[u32]) -> Vec<bool> {
    let mut held = vec![false; labels.len()];
    let classes = labels.iter().max().map_or(0, |most| most + 1);
    for class in 0..classes {
        let own = (0..labels.len()).filter(|at| labels[*at] == class);
        let own: Vec<usize> = own.collect();
        let count = match own.len() {
            0 | 1 => 0,
            n => ((n + HELD / 2) / HELD).max(1),
        };
        let mut rng = Philox::new(0, &[Philox::part("held out"), u64::from(class)]);
        for at in rng.permutation(own.len()).into_iter().take(count) {
            held[own[at as usize]] = true;
        }
    }
    held
}
