//! Some records that stand for all of a data set: what a monitor, a map, a preview and measured statistics read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DataError, Dataset, Draws, Fields, Normalization, Philox, Progress, Record};

/// Which `limit` of the records with these classes stand for all, rising. Each class comes with its share, and with one at least
/// where `limit` allows that. A class's records are cut into stretches of equal length, and one of each stretch is drawn: no order
/// of the records, however regular, can hide a part of them. The same classes always give the same choice, whatever the run's
/// seed. Records without a class are one class.
pub fn evenly_chosen(classes: &[Option<u32>], limit: usize) -> Vec<usize> {
    if classes.len() <= limit {
        return (0..classes.len()).collect();
    }
    let mut by_class: BTreeMap<Option<u32>, Vec<usize>> = BTreeMap::new();
    for (index, class) in classes.iter().enumerate() {
        by_class.entry(*class).or_default().push(index);
    }
    let sizes: Vec<usize> = by_class.values().map(Vec::len).collect();
    let mut chosen = Vec::with_capacity(limit);
    for ((class, records), quota) in by_class.iter().zip(quotas(&sizes, limit)) {
        let class = class.map_or(u64::MAX, u64::from);
        let mut rng = Philox::new(0, &[Philox::part("evenly"), class]);
        let length = records.len() as f64 / quota as f64;
        let mut next = 0;
        for stretch in 0..quota {
            let from = stretch as f64 * length;
            let mut at = rng.between(from, from + length) as usize;
            // a record that two stretches share is taken by one of them
            if at < next {
                at = rng.between(next as f64, from + length) as usize;
            }
            // rounding may reach the next stretch, never past what is left for those that follow
            at = at.clamp(next, records.len() - (quota - stretch));
            chosen.push(records[at]);
            next = at + 1;
        }
    }
    chosen.sort_unstable();
    chosen
}

/// Splits `limit` over groups in proportion to their sizes, one at least for each; where there are more groups than that, one
/// for as many, at equal distances.
fn quotas(sizes: &[usize], limit: usize) -> Vec<usize> {
    let groups = sizes.len();
    if limit < groups {
        let mut quotas = vec![0; groups];
        for chosen in 0..limit {
            quotas[groups * (2 * chosen + 1) / (2 * limit)] = 1;
        }
        return quotas;
    }
    let mut quotas = super::pipes::shares(sizes, limit);
    for group in 0..groups {
        if quotas[group] == 0 {
            let most = (0..groups).rev().max_by_key(|other| quotas[*other]);
            quotas[most.unwrap_or(group)] -= 1;
            quotas[group] = 1;
        }
    }
    quotas
}

/// [`evenly_chosen`] for the records of a data set. A record whose class can't be read counts as one without a class: what is
/// wrong with it is said where it is read.
pub fn chosen_of(whole: &dyn Dataset, limit: usize) -> Vec<usize> {
    if whole.len() <= limit {
        return (0..whole.len()).collect();
    }
    let classes: Vec<_> = (0..whole.len())
        .map(|index| whole.class(index).ok().flatten())
        .collect();
    evenly_chosen(&classes, limit)
}

struct Evenly {
    whole: Arc<dyn Dataset>,
    records: Vec<usize>,
}

/// At most `limit` records of `whole`, as [`evenly_chosen`] takes them.
pub fn evenly(whole: Arc<dyn Dataset>, limit: usize) -> Arc<dyn Dataset> {
    if whole.len() <= limit {
        return whole;
    }
    let records = chosen_of(&*whole, limit);
    Arc::new(Evenly { whole, records })
}

/// These records of `whole`, in this order.
pub fn some_of(whole: Arc<dyn Dataset>, records: Vec<usize>) -> Arc<dyn Dataset> {
    Arc::new(Evenly { whole, records })
}

impl Evenly {
    fn at(&self, index: usize) -> Result<usize, DataError> {
        let record = self.records.get(index).copied();
        record.ok_or_else(|| DataError::outside(index, self.len()))
    }
}

impl Dataset for Evenly {
    fn fields(&self) -> &Fields {
        self.whole.fields()
    }

    fn len(&self) -> usize {
        self.records.len()
    }

    fn read(&self, index: usize, draws: Draws) -> Result<Record, DataError> {
        self.whole.read(self.at(index)?, draws)
    }

    fn mend(&self, index: usize, draws: Draws) -> Result<Record, DataError> {
        self.whole.mend(self.at(index)?, draws)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        self.whole.class(self.at(index)?)
    }

    fn class_names(&self) -> &[String] {
        self.whole.class_names()
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let whole = self.whole.manifest(progress)?;
        Ok(format!("{whole} evenly {}", self.len()))
    }

    fn normalization(&self) -> Option<Normalization> {
        self.whole.normalization()
    }

    fn resident_bytes(&self) -> u64 {
        self.whole.resident_bytes()
    }

    fn passing_bytes(&self) -> u64 {
        self.whole.passing_bytes()
    }

    fn resident_key(&self) -> usize {
        self.whole.resident_key()
    }

    fn group(&self, index: usize) -> Option<u64> {
        self.whole.group(self.at(index).ok()?)
    }

    fn origin(&self, index: usize) -> Option<String> {
        self.whole.origin(self.at(index).ok()?)
    }

    fn id(&self, index: usize) -> u64 {
        // a record that is not there fails in `read`, which comes first
        self.whole.id(self.at(index).unwrap_or(index))
    }
}

#[cfg(test)]
#[path = "evenly_tests.rs"]
mod tests;
