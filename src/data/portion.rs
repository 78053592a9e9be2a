//! Which records a data set holds, as far as that is known before any is read: whether two of them share some.

use super::Dataset;

/// Records of one base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Which base: equal for data sets that are one.
    base: usize,
    /// What was chosen of it, choice after choice.
    chosen: Vec<Chosen>,
    /// How many they are.
    records: usize,
}

/// One choice of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The rule and the seed: a smaller choice by one of them is part of a larger one.
    pub(super) rule: String,
    /// Records that the rule chooses.
    pub(super) count: usize,
    /// Records it chooses from.
    pub(super) of: usize,
    /// Whether this is what was left.
    pub(super) rest: bool,
}

impl Portion {
    /// All records of a data set that is made of no other one.
    pub(super) fn all(dataset: &(impl Dataset + ?Sized)) -> Self {
        Self {
            base: std::ptr::from_ref(dataset).cast::<u8>() as usize,
            chosen: Vec::new(),
            records: dataset.len(),
        }
    }

    /// Those of them that are chosen next.
    pub(super) fn choose(mut self, next: Chosen) -> Self {
        self.records = match next.rest {
            true => next.of - next.count,
            false => next.count,
        };
        self.chosen.push(next);
        self
    }

    /// This part of them, whichever.
    pub(super) fn thin(&mut self, part: f64) {
        self.records = (self.records as f64 * part).round() as usize;
    }

    /// Records that both hold; of choices that have nothing to do with one another, so many as chance gives.
    fn shared(&self, other: &Self) -> usize {
        if self.base != other.base {
            return 0;
        }
        let fewer = self.records.min(other.records);
        let differ = self.chosen.iter().zip(&other.chosen).find(|(a, b)| a != b);
        let Some((a, b)) = differ else {
            // one is chosen from the other
            return fewer;
        };
        if a.rule == b.rule {
            return match (a.rest, b.rest) {
                (false, true) => a.count.saturating_sub(b.count).min(fewer),
                (true, false) => b.count.saturating_sub(a.count).min(fewer),
                (false, false) | (true, true) => fewer,
            };
        }
        (self.records as f64 * other.records as f64 / a.of.max(1) as f64).round() as usize
    }
}

/// About how many records two data sets share; the exact number where one is chosen from the other, or they are two parts of
/// one choice.
pub fn shared(a: &dyn Dataset, b: &dyn Dataset) -> usize {
    let (a, b) = (a.portions(), b.portions());
    let each = b.iter().map(|one| {
        let found: usize = a.iter().map(|other| one.shared(other)).sum();
        found.min(one.records)
    });
    each.sum()
}

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;
    use crate::data::{Places, Source, open};
    use crate::language::{Sources, check_into};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;

    /// The splits of the data sets of a recipe, by `name.split`.
    fn opened(text: &str) -> BTreeMap<String, Arc<dyn Dataset>> {
        let mut sources = Sources::default();
        let file = sources.add("test.ssl", format!("ssl 1\n{text}"));
        let (recipe, said) = check_into(&mut sources, file, &Catalog::builtin(), &[]);
        let recipe = recipe.unwrap_or_else(|| panic!("{said:?}"));
        let folder = tempfile::tempdir().unwrap();
        for (split, count) in [("train", 20), ("test", 5)] {
            for class in ["a", "b"] {
                let path = folder.path().join("s").join(split).join(class);
                std::fs::create_dir_all(&path).unwrap();
                for number in 0..count {
                    let picture = image::RgbImage::new(4, 4);
                    picture.save(path.join(format!("{number}.png"))).unwrap();
                }
            }
        }
        let places = Places::new(folder.path(), Default::default(), true).unwrap();
        let (mut known, mut parts) = (BTreeMap::new(), BTreeMap::new());
        for item in &recipe.datasets {
            match open(&item.data, &known, &places).unwrap() {
                Source::All(splits) => {
                    for (split, part) in &splits.parts {
                        parts.insert(format!("{}.{}", item.name, split.name()), part.clone());
                    }
                    known.insert(item.name.clone(), splits);
                }
                Source::One(part) => {
                    parts.insert(item.name.clone(), part);
                }
            }
        }
        parts
    }

    #[test]
    fn shared_records_are_counted() {
        let parts = opened(
            "dataset f = shapes(train = 400, valid = 8, test = 80)\n\
             dataset g = shapes(train = 400, valid = 8, test = 80)\n\
             dataset s = image_folder(\"s\", size = 4px)\n\
             dataset h = s |> hold_out(10%)\n\
             dataset few = f.train |> take(100)\n\
             dataset fewer = f.train |> take(50)\n\
             dataset others = f.train |> take(100, seed = 7)\n\
             dataset both = f.train |> concat(f.test)\n\
             dataset plain = f.test |> without(label)\n",
        );
        for (a, b, records) in [
            ("f.train", "f.train", 400),
            ("f.train", "f.test", 0),
            // equal records, but nobody said that they are the same ones
            ("f.train", "g.train", 0),
            ("h.train", "h.valid", 0),
            ("h.train", "s.train", 36),
            ("h.test", "s.test", 10),
            ("few", "fewer", 50),
            ("few", "others", 25),
            ("few", "f.train", 100),
            ("both", "f.test", 80),
            ("both", "few", 100),
            ("plain", "f.test", 80),
        ] {
            let (one, other) = (&*parts[a], &*parts[b]);
            assert_eq!(shared(one, other), records, "{a} and {b}");
            assert_eq!(shared(other, one), records, "{b} and {a}");
        }
    }
}
