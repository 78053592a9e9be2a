//! Layers, and the backbones made of them, one file each. An encoder takes pictures `[B, C, H, W]` and gives features
//! `[B, D]`; a head follows. What flows in, its entry says: `Spec::takes`.
//!
//! **To add an encoder**: its file, with its [`Spec`], and a line in [`specs`]; a layer the same in `layers`. Where torchvision or timm has
//! it, `plan/torch.rs` says how its export is loaded there.

mod bert;
mod gpt;
mod gru;
mod halves;
pub mod layers;
mod nin;
mod resnet;
mod small_cnn;
pub mod texts;
mod vit;
mod word_vectors;

#[cfg(test)]
mod tests;

pub use bert::Bert;
pub use halves::HALVES;

use crate::catalog::Spec;

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    let mut specs = layers::specs();
    specs.push(small_cnn::spec());
    specs.push(nin::spec());
    specs.extend(resnet::specs());
    specs.push(vit::spec());
    specs.push(bert::spec());
    specs.push(gpt::spec());
    specs.push(gru::spec());
    specs.push(halves::spec());
    specs.push(word_vectors::spec());
    specs
}
