//! Names and layouts that `load_state_dict(strict=True)` of torchvision and timm expects.

use std::collections::BTreeSet;

use super::{Graph, Op};

/// `encoder/layer3/0/conv1/weight` → `layer3.0.conv1.weight`: without the module, with dots.
pub fn torch_name(name: &str) -> String {
    let inside = name.split_once('/').map_or(name, |(_, rest)| rest);
    inside.replace('/', ".")
}

/// One tensor of a module as PyTorch wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TorchTensor {
    /// `layer3.0.conv1.weight`
    pub name: String,
    /// Sizes, as PyTorch has them.
    pub shape: Vec<usize>,
    /// Where its numbers come from.
    pub source: TorchSource,
}

/// Where the numbers of a [`TorchTensor`] come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TorchSource {
    /// A parameter or a buffer of this name, as it is.
    Same(String),
    /// A parameter `[in, out]` of this name, written as `[out, in]`.
    Transposed(String),
    /// The number of batches that a batch norm has seen: one whole number.
    Batches,
}

impl Graph {
    /// The tensors of `module` by the names PyTorch expects, parameters and buffers, in the order of their names. Linear
    /// weights are turned over; a batch norm gets its `num_batches_tracked`.
    pub fn torch_tensors(&self, module: &str) -> Vec<TorchTensor> {
        let inside = |name: &str| {
            name.split_once('/')
                .is_some_and(|(first, _)| first == module)
        };
        let turned = self.linear_weights();
        let mut tensors = Vec::new();
        for (index, parameter) in self.parameters.iter().enumerate() {
            if !inside(&parameter.name) {
                continue;
            }
            let name = parameter.name.clone();
            let mut shape = parameter.shape.clone();
            let source = if turned.contains(&index) {
                shape.reverse();
                TorchSource::Transposed(name)
            } else {
                TorchSource::Same(name)
            };
            tensors.push(TorchTensor {
                name: torch_name(&parameter.name),
                shape,
                source,
            });
        }
        for buffer in self.buffers.iter().filter(|buffer| inside(&buffer.name)) {
            let name = torch_name(&buffer.name);
            if let Some(norm) = name.strip_suffix("running_mean") {
                tensors.push(TorchTensor {
                    name: format!("{norm}num_batches_tracked"),
                    shape: Vec::new(),
                    source: TorchSource::Batches,
                });
            }
            tensors.push(TorchTensor {
                name,
                shape: buffer.shape.clone(),
                source: TorchSource::Same(buffer.name.clone()),
            });
        }
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        tensors
    }

    /// Indices of the parameters that are weights of a linear layer.
    fn linear_weights(&self) -> BTreeSet<usize> {
        let weights = self.nodes.iter().filter(|node| node.op == Op::Linear);
        weights
            .filter_map(|node| match self.node(node.inputs[1]).op {
                Op::Parameter(id) => Some(id.0 as usize),
                _ => None,
            })
            .collect()
    }
}
