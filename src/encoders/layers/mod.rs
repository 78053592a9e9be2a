//! Layers: what encoders and heads are made of. Parameters start as PyTorch's do.

mod activation;
mod conv;
mod dropout;
mod flatten;
mod linear;
mod norm;
mod pool;

pub use conv::{ConvLayer, conv};
pub use linear::{LinearInit, linear};
pub use norm::{batch_norm, layer_norm};

use crate::catalog::Spec;

/// The layers' catalog entries.
pub fn specs() -> Vec<Spec> {
    let mut specs = vec![
        linear::spec(),
        conv::spec(),
        flatten::spec(),
        dropout::spec(),
    ];
    specs.extend(norm::specs());
    specs.extend(activation::specs());
    specs.extend(pool::specs());
    specs
}
