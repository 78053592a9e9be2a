//! Data sets, one file each; the types of samples, one file each; counter-based randomness, the loader.
//!
//! **To add a data set**: its file or folder, with its [`Spec`] and a [`Dataset`], and a line in [`specs`]; a pipe the same in `pipes`.
//! To add a type: see `types`.

mod beside;
mod cameras;
mod cifar10;
mod davis;
mod decode;
mod dialogues;
mod documents;
mod download;
mod draws;
mod error;
mod evenly;
mod file_hashes;
mod films;
mod folders;
mod hash_journal;
mod idx;
mod image_folder;
mod image_text;
mod kept;
pub(crate) mod kmeans;
pub mod lab;
mod lazy;
mod loader;
mod manifest;
mod mnist;
mod moving_shapes;
mod open;
mod packed;
mod palette;
mod parquet;
mod pattern;
mod pickle;
mod pictures;
mod pipes;
mod places;
mod portion;
mod progress;
mod published;
mod random;
mod regular;
mod sentences;
mod shapes;
mod shards;
mod shared;
mod source;
#[cfg(test)]
mod test_help;
mod text_lines;
mod texts;
mod tracks;
mod types;
mod video_folder;
mod weights;
mod words;
mod written;

pub use draws::Draws;
pub use error::DataError;
pub use evenly::{chosen_of, evenly, evenly_chosen, some_of};
pub use kept::Kept;
pub use loader::{
    BadSample, Batch, BatchField, Cursor, Loader, LoaderOptions, OnBadSample, Order, lengths,
};
pub use open::{no_split, open};
pub use palette::{Palette, colours_of};
pub use pipes::parts_of_classes;
pub use places::users as user_folder;
pub use portion::Portion;
pub use progress::{Progress, Silent, ask_to_stop, go_on, stop_asked};
pub use random::{Philox, philox4x32};
pub(crate) use regular::{exam_file, fit_file};
pub use shared::shared;
pub use source::{Asked, Dataset, Found, Places, Source, Splits};
pub use tracks::{Rectangle, Track, Tracker, Tracks, overlap};
pub use types::{
    BoxesType, Cell, Clip, ClipType, Crossing, Drawing, Fields, Image, ImageType, KINDS, LabelType,
    ListType, Loose, MaskType, Normalization, Numbers, Over, PADDING, Part, Prepared, Record,
    Sample, SampleType, Tally, Tensor, TextType, Tokens, TokensType, View, evenly_spaced,
    first_clip, first_image, first_label, main_field, numbers,
};
pub use weights::Weights;
pub use words::{Need, Noise, Pieces, SPECIAL, SpecialIds, Spelling, Whole, words_of};
pub use written::written;

use crate::catalog::Spec;

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    let mut specs = vec![
        shapes::spec(),
        moving_shapes::spec(),
        mnist::fashion_mnist(),
        mnist::mnist(),
        cifar10::spec(),
        image_folder::spec(),
        image_text::spec(),
        image_text::webdataset(),
        video_folder::spec(),
        cameras::spec(),
        davis::spec(),
        parquet::spec(),
        documents::spec(),
        text_lines::spec(),
        dialogues::spec(),
    ];
    specs.extend(pipes::specs());
    specs
}
