//! `safetensors("trunk.safetensors")`: weights in the layout of PyTorch.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};

use super::export_file;
use crate::graph::{Graph, TorchSource, TorchTensor};

/// What can go wrong while weights are written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The graph has a tensor that the model lacks, or of another size.
    #[error("the model has no tensor `{name}` with {expected} numbers")]
    Missing {
        /// `encoder/conv1/weight`
        name: String,
        /// How many numbers it should have.
        expected: usize,
    },
    /// The file can't be written.
    #[error("can't write {path}: {source}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The format refuses the tensors.
    #[error("can't write safetensors: {0}")]
    Format(#[from] safetensors::SafeTensorError),
}

/// One tensor as a file holds it: little endian, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTensor {
    /// `layer3.0.conv1.weight`
    pub name: String,
    /// f32 or i64.
    pub dtype: Dtype,
    /// Sizes.
    pub shape: Vec<usize>,
    /// Little endian, row-major.
    pub bytes: Vec<u8>,
}

/// The tensors of `module` with PyTorch's names and layouts; as [`filled`].
///
/// # Errors
/// As [`filled`].
pub fn torch_tensors(
    graph: &Graph,
    module: &str,
    value: impl Fn(&str) -> Option<Vec<f32>>,
    batches: u64,
) -> Result<Vec<FileTensor>, ExportError> {
    filled(graph.torch_tensors(module), value, batches)
}

/// Tensors with their numbers. `value` gives the numbers of a parameter or a buffer by its name (`encoder/conv1/weight`), row-major;
/// `batches`: how many batches the batch norms have seen.
///
/// # Errors
/// `value` has no such tensor, or one of another size.
pub fn filled(
    tensors: Vec<TorchTensor>,
    value: impl Fn(&str) -> Option<Vec<f32>>,
    batches: u64,
) -> Result<Vec<FileTensor>, ExportError> {
    let numbers = |name: &str, expected: usize| -> Result<Vec<f32>, ExportError> {
        value(name)
            .filter(|numbers| numbers.len() == expected)
            .ok_or_else(|| ExportError::Missing {
                name: name.to_owned(),
                expected,
            })
    };
    let tensors = tensors.into_iter().map(|tensor| {
        let count = tensor.shape.iter().product();
        let (dtype, bytes) = match &tensor.source {
            TorchSource::Same(name) => (Dtype::F32, little_endian(&numbers(name, count)?)),
            TorchSource::Transposed(name) => {
                let rows = tensor.shape.first().copied().unwrap_or(0);
                (
                    Dtype::F32,
                    little_endian(&turn_over(&numbers(name, count)?, rows)),
                )
            }
            TorchSource::Batches => (Dtype::I64, batches.to_le_bytes().to_vec()),
        };
        Ok(FileTensor {
            name: tensor.name,
            dtype,
            shape: tensor.shape,
            bytes,
        })
    });
    tensors.collect()
}

/// `[n, rows]` → `[rows, n]`
pub fn turn_over(numbers: &[f32], rows: usize) -> Vec<f32> {
    (0..rows)
        .flat_map(|row| numbers[row..].iter().step_by(rows).copied())
        .collect()
}

fn little_endian(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Writes a safetensors file whole or not at all: into a file beside it, to the disk, then renamed. `about` stands in its header.
///
/// # Errors
/// The file can't be written; what was there before is untouched.
pub fn write_safetensors(
    path: &Path,
    tensors: &[FileTensor],
    about: &BTreeMap<String, String>,
) -> Result<(), ExportError> {
    let views = tensors
        .iter()
        .map(|t| {
            Ok((
                t.name.as_str(),
                TensorView::new(t.dtype, t.shape.clone(), &t.bytes)?,
            ))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    let bytes = with_header(safetensors::serialize(views, None)?, about)?;
    export_file::put(path, &bytes).map_err(|source| ExportError::Write {
        path: path.display().to_string(),
        source,
    })
}

/// A safetensors file with `about` in its header, in the order of the keys: equal exports are equal files.
fn with_header(bytes: Vec<u8>, about: &BTreeMap<String, String>) -> Result<Vec<u8>, ExportError> {
    let (length, rest) = bytes.split_at(8);
    let length: usize = length
        .iter()
        .rev()
        .fold(0, |n, byte| n << 8 | usize::from(*byte));
    let (header, data) = rest.split_at(length);
    let own: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(safetensors::SafeTensorError::from)?;
    let mut all = serde_json::Map::new();
    all.insert("__metadata__".into(), serde_json::json!(about));
    all.extend(own);
    let mut header = serde_json::to_vec(&all).map_err(safetensors::SafeTensorError::from)?;
    // what follows starts at a multiple of 8
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut whole = (header.len() as u64).to_le_bytes().to_vec();
    whole.extend(header);
    whole.extend_from_slice(data);
    Ok(whole)
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod peers;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::catalog::Value;
    use crate::graph::testing::{encoder, pictures};
    use crate::graph::{Mode, Module};

    fn graph(name: &str, given: &[(&str, Value)], side: usize) -> Graph {
        let (mut g, x) = pictures(Mode::Eval, 3, side);
        g.call(&Module::new("encoder", &encoder(name, given)), x)
            .unwrap();
        g
    }

    /// Names and shapes of `state_dict()`, from `tests/fixtures/flops.py`.
    #[test]
    fn names_and_shapes_are_pytorchs() {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/flops.json")).unwrap();
        let classes = ("classes", Value::Integer(1000));
        let vit = [
            ("size", Value::Word("small".into())),
            ("patch", Value::Length(16.0)),
            classes.clone(),
        ];
        for (peer, graph) in [
            (
                "resnet18",
                graph("resnet18", std::slice::from_ref(&classes), 224),
            ),
            ("resnet50", graph("resnet50", &[classes], 224)),
            ("vit_small", graph("vit", &vit, 224)),
        ] {
            let mut expected: Vec<(String, Vec<usize>)> =
                serde_json::from_value(fixture[peer]["names"].clone()).unwrap();
            expected.sort();
            let ours: Vec<(String, Vec<usize>)> = graph
                .torch_tensors("encoder")
                .into_iter()
                .map(|t| (t.name, t.shape))
                .collect();
            assert_eq!(ours, expected, "{peer}");
        }
    }

    #[test]
    fn linear_weights_are_turned_over() {
        let mut g = Graph::new(Mode::Eval);
        let x = g.declare_input(
            "x",
            vec![crate::graph::Size::batch(), 3.into()],
            crate::graph::DType::F32,
            None,
        );
        let head = crate::graph::testing::net([crate::graph::testing::layer("linear", &[2])]);
        g.call(&Module::new("head", &head), x).unwrap();
        let value = |name: &str| match name {
            "head/0/weight" => Some(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
            "head/0/bias" => Some(vec![6.0, 7.0]),
            _ => None,
        };
        let tensors = torch_tensors(&g, "head", value, 0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/head.safetensors");
        let about = BTreeMap::from([("format", "pt"), ("std", "[0.5]"), ("mean", "[\"\"]")])
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        write_safetensors(&path, &tensors, &about).unwrap();
        let bytes = fs::read(&path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let weight = file.tensor("0.weight").unwrap();
        assert_eq!(weight.shape(), [2, 3]);
        assert_eq!(
            weight.data(),
            little_endian(&[0.0, 2.0, 4.0, 1.0, 3.0, 5.0])
        );
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let read: BTreeMap<String, String> =
            header.metadata().clone().unwrap().into_iter().collect();
        assert_eq!(read, about);
        write_safetensors(&path, &tensors, &about).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(torch_tensors(&g, "head", |_| None, 0).is_err());
    }
}
