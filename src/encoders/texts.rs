//! What the encoders of texts share.

use crate::catalog::Result;
use crate::data::PADDING;
use crate::graph::{Graph, Var};

/// 1 for a piece of the text, 0 for padding: `[B, n]`.
pub(super) fn own(g: &mut Graph, ids: Var) -> Result<Var> {
    let real = g.to_float(ids)?;
    // ids are whole numbers from 0
    const { assert!(PADDING == 0) };
    g.clamp(real, 0.0, 1.0)
}

/// The mean of a text's own pieces, zeros where there are none: `[B, n, D]` and `own` `[B, n]` → `[B, D]`.
pub(super) fn mean(g: &mut Graph, x: Var, own: Var) -> Result<Var> {
    let weight = g.unsqueeze(own, 2)?; // [B, n, 1]
    let x = g.mul(x, weight)?;
    let sum = g.sum(x, 1)?; // [B, 1, D]
    let count = g.sum(own, 1)?; // [B, 1]
    let count = g.clamp(count, 1.0, f64::INFINITY)?;
    let sum = g.flatten(sum)?; // [B, D]
    g.div(sum, count)
}
