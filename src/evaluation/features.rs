//! What was read of records, as rows of numbers.

use crate::data::{Philox, evenly_chosen};

/// Rows of some records, and their classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// How many records there are.
    pub records: usize,
    /// For each place, row-major `[records, d]`.
    pub places: Vec<Vec<f32>>,
    /// d of each place.
    pub dims: Vec<usize>,
    /// One class a record; empty where the records have none.
    pub labels: Vec<u32>,
    /// Where each record stands in its split; empty where nobody asks.
    pub numbers: Vec<u32>,
    /// Equal for records that belong together, such as parts of one clip; empty where each is alone.
    pub groups: Vec<u64>,
}

impl Features {
    /// One row of a place.
    pub fn row(&self, place: usize, record: usize) -> &[f32] {
        let dim = self.dims[place];
        &self.places[place][record * dim..(record + 1) * dim]
    }

    /// Puts the records into the order of these numbers, one each.
    pub fn sort_by(&mut self, numbers: &[u64]) {
        let mut order: Vec<usize> = (0..numbers.len()).collect();
        order.sort_by_key(|row| numbers[*row]);
        for (rows, dim) in self.places.iter_mut().zip(&self.dims) {
            let row = |row: &usize| rows[row * dim..(row + 1) * dim].iter().copied();
            *rows = order.iter().flat_map(row).collect();
        }
        for own in [&mut self.labels, &mut self.numbers] {
            if !own.is_empty() {
                *own = order.iter().map(|row| own[*row]).collect();
            }
        }
        if !self.groups.is_empty() {
            self.groups = order.iter().map(|row| self.groups[*row]).collect();
        }
    }

    /// Some of the records, in this order.
    pub fn rows(&self, chosen: &[usize]) -> Self {
        fn of<T: Copy>(own: &[T], chosen: &[usize]) -> Vec<T> {
            chosen
                .iter()
                .filter_map(|row| own.get(*row).copied())
                .collect()
        }
        let places = self.places.iter().zip(&self.dims).map(|(rows, dim)| {
            let row = |row: &usize| rows[row * dim..(row + 1) * dim].iter().copied();
            chosen.iter().flat_map(row).collect()
        });
        Self {
            records: chosen.len(),
            places: places.collect(),
            dims: self.dims.clone(),
            labels: of(&self.labels, chosen),
            numbers: of(&self.numbers, chosen),
            groups: of(&self.groups, chosen),
        }
    }

    /// Whether every number of a place is one.
    pub fn is_finite(&self, place: usize) -> bool {
        self.places[place].iter().all(|x| x.is_finite())
    }

    /// So many rows that stand for all, every class by its share.
    pub fn chosen(&self, limit: usize) -> Vec<usize> {
        let class = |row| self.labels.get(row).copied();
        let classes: Vec<_> = (0..self.records).map(class).collect();
        evenly_chosen(&classes, limit)
    }

    /// At most `limit` rows of a place with their labels, every class by its share.
    pub fn thinned(&self, place: usize, limit: usize) -> (Vec<f32>, Vec<u32>) {
        let (rows, dim) = (&self.places[place], self.dims[place]);
        if self.records <= limit {
            return (rows.clone(), self.labels.clone());
        }
        let chosen = self.chosen(limit);
        let row = |row: &usize| rows[row * dim..(row + 1) * dim].iter().copied();
        let class = |row: &usize| self.labels.get(*row).copied();
        (
            chosen.iter().flat_map(row).collect(),
            chosen.iter().filter_map(class).collect(),
        )
    }
}

/// Scales each row of `[n, d]` to length 1, in f64 so that the order of summation does not show.
pub fn normalize_rows(features: &mut [f32], dim: usize) {
    if dim == 0 {
        return;
    }
    for row in features.chunks_exact_mut(dim) {
        let norm = row
            .iter()
            .map(|x| f64::from(*x) * f64::from(*x))
            .sum::<f64>()
            .sqrt()
            .max(1e-12);
        for x in row {
            *x = (f64::from(*x) / norm) as f32;
        }
    }
}

/// Scales every feature of all splits by the mean and the deviation of the first.
pub fn standardize(train: &mut Features, others: &mut [Features]) {
    for (place, dim) in train.dims.clone().into_iter().enumerate() {
        let rows = train.records.max(1) as f64;
        let mut mean = vec![0f64; dim];
        let mut square = vec![0f64; dim];
        for row in train.places[place].chunks_exact(dim) {
            for (j, x) in row.iter().enumerate() {
                mean[j] += f64::from(*x);
                square[j] += f64::from(*x) * f64::from(*x);
            }
        }
        let scale: Vec<(f32, f32)> = mean
            .iter()
            .zip(&square)
            .map(|(sum, square)| {
                let mean = sum / rows;
                let std = (square / rows - mean * mean).max(0.0).sqrt();
                // a feature that never changes says nothing: it becomes 0
                (
                    mean as f32,
                    if std > 1e-6 { (1.0 / std) as f32 } else { 0.0 },
                )
            })
            .collect();
        for features in std::iter::once(&mut *train).chain(others.iter_mut()) {
            for row in features.places[place].chunks_exact_mut(dim) {
                for (x, (mean, inverse)) in row.iter_mut().zip(&scale) {
                    *x = (*x - mean) * inverse;
                }
            }
        }
    }
}

/// Batches of rows in a shuffled order that its epoch decides.
#[derive(Clone, Debug)]
pub struct Shuffled {
    seed: u64,
    records: usize,
    batch: usize,
    per_epoch: u64,
    number: u64,
    order: (u64, Vec<u32>),
}

impl Shuffled {
    /// Of so many records, from the batch of this number on, counted over all epochs.
    pub fn new(seed: u64, records: usize, batch: usize, per_epoch: u64, number: u64) -> Self {
        Self {
            seed,
            records,
            batch,
            per_epoch,
            number,
            order: (0, Vec::new()),
        }
    }

    /// The rows of the next batch.
    pub fn next_batch(&mut self) -> Vec<u32> {
        let epoch = self.number / self.per_epoch;
        if self.order.1.is_empty() || self.order.0 != epoch {
            let mut rng = Philox::new(self.seed, &[Philox::part("probe"), epoch]);
            self.order = (epoch, rng.permutation(self.records));
        }
        let start = (self.number % self.per_epoch) as usize * self.batch;
        self.number += 1;
        // records that were left out make the epoch shorter than planned: it starts again
        let order = self.order.1.iter().copied().cycle();
        order.skip(start).take(self.batch).collect()
    }
}

/// How many rows of logits `[records, classes]` are largest at the record's class; of equal ones the first counts.
pub fn right(logits: &[f32], labels: &[u32], classes: usize) -> usize {
    logits
        .chunks_exact(classes.max(1))
        .zip(labels)
        .filter(|(row, label)| {
            let mut best = 0;
            for class in 1..classes {
                if row[class] > row[best] {
                    best = class;
                }
            }
            best as u32 == **label
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(rows: &[[f32; 2]], labels: &[u32]) -> Features {
        Features {
            records: rows.len(),
            places: vec![rows.concat()],
            dims: vec![2],
            labels: labels.to_vec(),
            numbers: Vec::new(),
            groups: Vec::new(),
        }
    }

    #[test]
    fn all_splits_are_scaled_by_the_first() {
        let mut train = features(&[[1.0, 7.0], [3.0, 7.0]], &[0, 1]);
        let mut others = [features(&[[5.0, 8.0]], &[0])];
        standardize(&mut train, &mut others);
        // mean 2, deviation 1; a feature that never changes becomes 0
        assert_eq!(train.places[0], [-1.0, 0.0, 1.0, 0.0]);
        assert_eq!(others[0].places[0], [3.0, 0.0]);
    }

    #[test]
    fn each_epoch_shows_each_row_once_in_its_own_order() {
        let epoch = |from: u64| -> Vec<u32> {
            let mut rows = Shuffled::new(3, 12, 4, 3, from);
            (0..3).flat_map(|_| rows.next_batch()).collect()
        };
        let (first, second) = (epoch(0), epoch(3));
        assert_ne!(first, second);
        for mut rows in [first.clone(), second] {
            rows.sort_unstable();
            assert_eq!(rows, (0..12).collect::<Vec<u32>>());
        }
        // opened in the middle it goes on as if it had been there from the start
        assert_eq!(Shuffled::new(3, 12, 4, 3, 1).next_batch(), first[4..8]);
    }

    #[test]
    fn of_equal_logits_the_first_class_is_told() {
        let logits = [0.5, 0.5, 0.1, 0.2, 0.9, 0.9];
        assert_eq!(right(&logits, &[0, 1, 1], 2), 2);
    }

    #[test]
    fn sorted_rows_keep_their_labels() {
        let mut read = features(&[[2.0, 0.5], [0.0, 0.1], [1.0, 0.3]], &[7, 5, 6]);
        read.sort_by(&[12, 3, 8]);
        assert_eq!(read.places[0], [0.0, 0.1, 1.0, 0.3, 2.0, 0.5]);
        assert_eq!(read.labels, [5, 6, 7]);
    }

    #[test]
    fn thinned_rows_keep_their_labels() {
        let rows: Vec<[f32; 2]> = (0..40).map(|i| [i as f32, 0.0]).collect();
        let labels: Vec<u32> = (0..40).map(|i| i % 4).collect();
        let all = features(&rows, &labels);
        let (kept, classes) = all.thinned(0, 8);
        assert_eq!((kept.len(), classes.len()), (16, 8));
        for (row, class) in kept.chunks(2).zip(&classes) {
            assert_eq!(row[0] as u32 % 4, *class);
        }
        assert_eq!(all.thinned(0, 40).1, labels);
    }
}
