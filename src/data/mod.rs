//! Data sets, one file each; samples, counter-based randomness, the loader.

mod image;
mod loader;
mod random;
mod sample;
mod source;

pub use image::{Image, Normalization};
pub use loader::{BadSample, Batch, BatchField, Cursor, Loader, LoaderOptions, OnBadSample, Order};
pub use random::{Philox, philox4x32};
pub use sample::{Fields, Record, Sample, SampleType};
pub use source::{DataError, Dataset, Places, Source, Splits};

use crate::catalog::Spec;

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    vec![]
}
