//! Pretext tasks, one file each: what is read from the batch, what is made small, what is watched.

mod autoencoder;
mod barlow_twins;
mod byol;
mod crops;
mod decoder;
mod dino;
mod inpainting;
mod jigsaw;
mod mae;
mod moco;
mod nnclr;
mod queue;
mod relative_patch;
mod rotation;
mod simclr;
mod simsiam;
mod swav;
mod two_views;
mod vicreg;

#[cfg(test)]
mod collapse_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod traces;

use crate::catalog::Spec;
use crate::data::{Fields, SampleType};

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    vec![
        autoencoder::spec(),
        barlow_twins::spec(),
        byol::spec(),
        dino::spec(),
        inpainting::spec(),
        jigsaw::spec(),
        mae::spec(),
        moco::spec(),
        nnclr::spec(),
        relative_patch::spec(),
        rotation::spec(),
        simclr::spec(),
        simsiam::spec(),
        swav::spec(),
        vicreg::spec(),
    ]
}

/// The picture of a record: its name, channels and side, for default augments.
struct Picture<'a> {
    name: &'a str,
    /// 3 where it is not known before a sample is read.
    channels: usize,
    /// The shorter side in pixels, where it is known.
    side: Option<usize>,
}

fn picture(fields: &Fields) -> Option<Picture<'_>> {
    fields.iter().find_map(|(name, ty)| match ty {
        SampleType::Image {
            channels,
            height,
            width,
        } => Some(Picture {
            name,
            channels: channels.unwrap_or(3),
            side: height.zip(*width).map(|(h, w)| h.min(w)),
        }),
        _ => None,
    })
}
