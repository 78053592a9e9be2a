//! Sample transforms, one file each. They run per sample on the loader's threads.
//!
//! They mean what they mean in torchvision v2 on PIL images: 8-bit pixels in, 8-bit pixels out, PIL's rounding. Each file
//! has a pure kernel with its parameters fixed, which the tests hold against torchvision, and a [`Transform`] that draws
//! the parameters.
//!
//! **To add a transform**: its file, with its [`Spec`], and a line in [`specs`].

mod ab;
mod center_crop;
mod channels;
mod color_clusters;
mod color_jitter;
mod crop_tokens;
mod cutout;
mod frames;
mod gaussian_blur;
pub mod graph;

mod grayscale;
mod hflip;
mod hole;
mod hue;
mod input;
mod jigsaw_tiles;
mod join;
mod lab;
mod lab_part;
mod lightness;
mod mask_tokens;
mod maybe_shuffle;
mod moments;
mod motion;
mod near_and_far;
mod negatives;
mod neighbour_tiles;
mod noise;
pub mod normalize;
mod order_triple;
mod pair;
pub mod preview;
mod quarter_turn;
mod random_crop;
mod random_resized_crop;
mod resample;
mod resize;
mod sample_frames;
mod scratch;
mod solarize;
mod subsample;
#[cfg(test)]
mod tests;
mod texts;
mod tokenize;
mod track_ends;
mod track_patches;

pub(crate) use channels::given_by as channels_given_by;
pub use graph::{SampleGraph, compile};
pub(crate) use jigsaw_tiles::orders as tile_orders;
pub(crate) use resample::{Window, resample};
pub(crate) use resize::shape as shape_of;
pub use scratch::Scratch;

use crate::catalog::Spec;
use crate::data::lab::LabPart;
use crate::data::{DataError, Need, Philox, Sample, SampleType};

/// A transform of one sample value.
pub trait Transform: Send + Sync {
    /// Turns `input` into the outputs that the entry's type function promised, in order, pushed on `out`.
    /// `rng` is this call's own stream: keyed by seed, epoch, sample and the path of the instance.
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError>;

    /// Whether what it emits is drawn: twice the same input of this type may give two results.
    fn draws(&self, _input: &SampleType) -> bool {
        true
    }

    /// What it can't do without in the vocabulary of the texts that flow in, or in the one that it takes.
    fn needs(&self) -> Option<Need> {
        None
    }

    /// Which part of Lab it makes of a picture in RGB.
    fn lab_part(&self) -> Option<LabPart> {
        None
    }

    /// Whether it gives a picture of this type other colours, at least now and then.
    fn recolours(&self, _: &SampleType) -> bool {
        false
    }

    /// Whether it cuts a picture of this type into tiles that touch, whose last output says where they stood.
    fn touches(&self, _: &SampleType) -> bool {
        false
    }
}

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    vec![
        random_crop::spec(),
        random_resized_crop::spec(),
        center_crop::spec(),
        resize::spec(),
        hflip::spec(),
        quarter_turn::spec(),
        color_jitter::spec(),
        grayscale::spec(),
        channels::to_rgb(),
        channels::to_grey(),
        gaussian_blur::spec(),
        solarize::spec(),
        normalize::spec(),
        lightness::spec(),
        ab::spec(),
        lab::spec(),
        color_clusters::spec(),
        cutout::spec(),
        hole::spec(),
        noise::spec(),
        neighbour_tiles::spec(),
        jigsaw_tiles::spec(),
        join::spec(),
        pair::spec(),
        tokenize::spec(),
        track_ends::spec(),
        crop_tokens::spec(),
        mask_tokens::spec(),
        subsample::spec(),
        negatives::spec(),
        sample_frames::spec(),
        maybe_shuffle::spec(),
        order_triple::spec(),
        near_and_far::spec(),
        moments::spec(),
        track_patches::spec(),
        frames::spec(),
    ]
}
