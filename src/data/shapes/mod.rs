//! `shapes()`: small colour pictures of ten oriented figures, drawn when they are read. No file, no download, the same on
//! every machine: what the quickstart and most tests learn from.

pub(super) mod draw;
pub(super) mod figures;

use std::sync::Arc;

use super::{
    DataError, Dataset, Draws, Fields, Image, Normalization, Philox, Places, Progress, Record,
    Sample, SampleType, Splits, manifest,
};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Split, Type};

/// Seed of all pictures: they are the data set, not a draw of the run's.
const SEED: u64 = 1;
/// Raised whenever pictures change.
const VERSION: u32 = 1;

struct Shapes {
    split: Split,
    len: usize,
    fields: Fields,
    classes: Vec<String>,
}

impl Shapes {
    fn new(split: Split, len: usize) -> Self {
        Self {
            split,
            len,
            fields: vec![
                ("image".into(), SampleType::image(3, draw::SIDE, draw::SIDE)),
                ("label".into(), SampleType::label(figures::NAMES.len())),
            ],
            classes: figures::NAMES.map(str::to_owned).to_vec(),
        }
    }
}

impl Dataset for Shapes {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.len
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        if index >= self.len {
            return Err(DataError::outside(index, self.len));
        }
        let class = index % figures::NAMES.len();
        let mut rng = Philox::new(SEED, &[Philox::part(self.split.name()), index as u64]);
        let pixels = draw::picture(&mut rng, class);
        Ok(vec![
            Sample::image(Image::new(pixels, draw::SIDE, draw::SIDE, 3)),
            Sample::label(class as u32),
        ])
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        Ok(Some((index % figures::NAMES.len()) as u32))
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn manifest(&self, _progress: &dyn Progress) -> Result<String, DataError> {
        let what = format!("shapes {VERSION} {} {}", self.split.name(), self.len);
        Ok(manifest::composed(&what, &[]))
    }

    fn normalization(&self) -> Option<Normalization> {
        Some(Normalization {
            mean: vec![0.495, 0.500, 0.493],
            std: vec![0.265, 0.270, 0.265],
        })
    }
}

fn open(args: &Args, _: &Places) -> Result<Splits> {
    let mut splits = Splits::default();
    for split in [Split::Train, Split::Valid, Split::Test] {
        let part = Shapes::new(split, args.size(split.name()));
        splits.parts.insert(split, Arc::new(part));
    }
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    let size = |name: &str, default: &str, doc: &str| {
        Param::with_default(name, Type::Integer, default, doc).within(1.0, 1e7)
    };
    Spec::new(
        "shapes",
        Kind::Dataset,
        "Ten oriented figures, 32 × 32 RGB, drawn by the program: needs no file.",
        Make::Dataset(open),
    )
    .param(size("train", "10000", "Pictures to train on."))
    .param(size("valid", "1000", "Pictures to choose with."))
    .param(size("test", "2000", "Pictures to judge by."))
    .doc(
        "Arrow, house, tree, flag, cup, chair, umbrella, boat, key and crown, upright, in any colour, size, place and texture, on any \
         ground, with things that mean nothing beside them. All classes are equally frequent. The same pictures on every machine; a \
         larger split begins with the pictures of a smaller one. Fields: `image: image[3, 32, 32]`, `label: label(10)`.",
    )
    .example("shapes(train = 2000)")
}

#[cfg(test)]
mod tests;
