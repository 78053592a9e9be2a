//! Layers: what encoders and heads are made of. Parameters start as PyTorch's do.

mod activation;
mod conv;
mod conv_transpose;
mod dropout;
mod embedding;
mod flatten;
mod interpolate;
mod linear;
mod norm;
mod pool;
mod transformer;

pub use conv::{ConvLayer, conv};
pub use conv_transpose::{ConvTransposeLayer, conv_transpose};
pub use linear::{LinearInit, linear};
pub use norm::{batch_norm, group_norm, layer_norm};
pub use transformer::transformer_block;

use crate::catalog::Spec;

/// The layers' catalog entries.
pub fn specs() -> Vec<Spec> {
    let mut specs = vec![
        linear::spec(),
        conv::spec(),
        conv_transpose::spec(),
        interpolate::spec(),
        embedding::spec(),
        transformer::spec(),
        flatten::spec(),
        dropout::spec(),
    ];
    specs.extend(norm::specs());
    specs.extend(activation::specs());
    specs.extend(pool::specs());
    specs
}
