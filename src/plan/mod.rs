//! From a checked recipe to what will run: stages, sample graphs, tensor graphs, costs, content hashes.

mod begin;
mod begin_file;
mod beside;
mod bind;
#[cfg(test)]
mod bind_tests;
mod build;
pub mod card;
mod collapse;
mod datasets;
mod default;
pub mod draw;
pub mod embedding;
mod encoder_card;
pub mod epoch;
pub mod export;
pub mod export_file;
mod export_path;
mod exports;
mod fields;
mod fit;
mod frames;
mod from;
mod group;
mod identity;
mod judge;
mod layers;
mod layout;
mod length;
mod lengths;
mod lints;
mod meaning;
pub mod memory;
mod monitor;
mod notes;
pub mod onnx;
pub mod open_clip;
mod optimizers;
mod parts;
#[cfg(test)]
mod parts_tests;
#[cfg(test)]
#[path = "peers_tests.rs"]
pub(crate) mod peers;
mod pretext;
mod reader;
#[cfg(test)]
mod reader_tests;
mod same;
mod schedules;
mod settings;
pub mod show;
mod shown;
mod statistics;
pub mod summary;
mod suspects;
mod table;
mod taught;
#[cfg(test)]
pub(crate) mod testing;
mod told;
mod torch;
mod trace;
mod training;
pub mod transformers;
mod tree;
mod types;
pub mod units;
#[cfg(test)]
mod valid_tests;
mod view;
mod word_file;

pub use crate::data::numbers;
pub use begin::is_of_another;
pub use build::{Purpose, plan};
pub use encoder_card::EncoderCard;
pub(crate) use export_path::clash;
pub use export_path::export_path;
pub use group::Group;
pub use length::LENGTH;
pub use meaning::{Decided, Meaning};
pub use statistics::{Normalized, StatisticsOrigin};
pub use suspects::{Cause, Collapse, Symptoms};
pub use trace::Pool;
pub use training::{Decay, Optimizer, Precision, Schedule, Watched};
pub use types::{
    Asked, Beginning, Body, DataView, ENCODER, Evaluation, Exhibits, Export, Fitting, FrameReading,
    FromFile, Given, Graphs, Heads, Learning, Monitor, Origin, Plan, Reader, Reading, Records,
    RunSettings, Settings, StagePlan, Start, TableReading, Told, Traced, Training, Validation,
    Views, Way,
};
pub use word_file::word_file;

use crate::catalog::Spec;

/// Frozen features are held in memory up to this many bytes.
pub const FEATURE_BYTES: usize = 4 << 30;

/// The catalog entries of this room: optimisers, schedules, settings.
pub fn specs() -> Vec<Spec> {
    [optimizers::specs(), schedules::specs(), settings::specs()].concat()
}
