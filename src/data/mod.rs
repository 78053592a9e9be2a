//! Data sets, one file each; samples, counter-based randomness, the loader.

mod cifar10;
mod decode;
mod download;
mod evenly;
mod file_hashes;
mod idx;
mod image;
mod image_folder;
mod lazy;
mod loader;
mod manifest;
mod mnist;
mod open;
mod parquet;
mod pictures;
mod pipes;
mod places;
mod portion;
mod progress;
mod published;
mod random;
mod regular;
mod sample;
mod shapes;
mod source;
#[cfg(test)]
mod test_help;

pub use evenly::{chosen_of, evenly, evenly_chosen};
pub use image::{Image, Normalization};
pub use loader::{BadSample, Batch, BatchField, Cursor, Loader, LoaderOptions, OnBadSample, Order};
pub use open::{no_split, open};
pub use places::users as user_folder;
pub use portion::{Portion, shared};
pub use progress::{Progress, Silent, ask_to_stop, go_on, stop_asked};
pub use random::{Philox, philox4x32};
pub use sample::{Fields, Record, Sample, SampleType};
pub use source::{Asked, DataError, Dataset, Found, Places, Source, Splits};

use crate::catalog::Spec;

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    let mut specs = vec![
        shapes::spec(),
        mnist::fashion_mnist(),
        mnist::mnist(),
        cifar10::spec(),
        image_folder::spec(),
        parquet::spec(),
    ];
    specs.extend(pipes::specs());
    specs
}
