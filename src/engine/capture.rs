//! The burn operations of a piece of work, recorded and not run (cargo feature `capture`).

use super::device::Device;
use super::error::{EngineError, Result};

/// Runs `work` on a device that records operations instead of computing, and lists them in order: name, constants, sizes, and
/// which tensors go in and out, numbered as they come up. What only brings data to the device is left out.
///
/// # Errors
/// The recording can't be closed.
pub fn record(work: impl FnOnce(&Device)) -> Result<Vec<String>> {
    let burn = burn::tensor::Device::capture();
    let device = Device::recording(burn.clone());
    let graph = burn
        .capture_scope(|scope| {
            work(&device);
            scope.complete([], [])
        })
        .map_err(|error| EngineError::DeviceFails {
            word: "capture".into(),
            reason: error.to_string(),
        })?;
    let mut seen = Vec::new();
    let operations = graph.graph.operations.iter();
    Ok(operations
        .map(|operation| format!("{operation:?}"))
        .filter(|text| !text.starts_with("Init("))
        .map(|text| numbered(&text, &mut seen))
        .collect())
}

/// Tensor ids replaced by their order of first appearance.
fn numbered(text: &str, seen: &mut Vec<String>) -> String {
    let mark = "TensorId { value: ";
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(mark) {
        let (before, after) = rest.split_at(at + mark.len());
        let end = after.find(' ').unwrap_or(after.len());
        let (id, tail) = after.split_at(end);
        let number = seen.iter().position(|s| s == id).unwrap_or_else(|| {
            seen.push(id.to_owned());
            seen.len() - 1
        });
        out.push_str(&format!("{before}{number}"));
        rest = tail;
    }
    out + rest
}
