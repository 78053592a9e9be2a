//! A model of a library as far as a stage has it: what is read back of its files.

use crate::graph::TorchTensor;

/// What stands on an encoder of torchvision or timm and tells classes.
const HEADS: [&str; 4] = ["fc.weight", "fc.bias", "head.weight", "head.bias"];

/// A model of a library as far as a stage has it.
pub struct Layout {
    /// Its tensors, as the file should have them.
    pub wanted: Vec<TorchTensor>,
    /// Tensors of the stage that the library has not: they are 0 there.
    pub zeros: Vec<String>,
    /// Whether a tensor is of another part of the model.
    pub aside: fn(&str) -> bool,
}

impl Layout {
    /// An encoder alone, by the names of torchvision, timm and of this program's own exports.
    pub fn plain(wanted: Vec<TorchTensor>) -> Self {
        Self {
            wanted,
            zeros: Vec::new(),
            aside: |name| HEADS.contains(&name),
        }
    }
}
