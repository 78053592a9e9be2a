//! What the encoders of texts share.

use crate::catalog::Result;
use crate::data::PADDING;
use crate::graph::{Comparison, Graph, Size, Var};

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

/// How the places of a text stand to its last n, 1 where `holds` is true of a place and of one of those: `[m + n, n]`.
fn places(g: &mut Graph, holds: Comparison, all: &Size, n: &Size) -> Result<Var> {
    let rows = g.arange(all.clone()); // [m + n]
    let start = all.known().zip(n.known()).map_or(0, |(all, n)| all - n);
    let columns = g.slice(rows, 0, start.into(), n.clone())?; // [n]
    let rows = g.unsqueeze(rows, 1)?; // [m + n, 1]
    g.compare(holds, rows, columns)
}

/// 1 where each of the last n pieces may look, at itself and at the text's own pieces before it: `[B, m + n]` → `[B, 1, n, m + n]`.
pub(super) fn seen(g: &mut Graph, own: Var, n: &Size) -> Result<Var> {
    let all = g.shape(own)[1].clone();
    let before = places(g, Comparison::LessEqual, &all, n)?; // [m + n, n]
    let before = g.transpose(before, 0, 1)?; // [n, m + n]
    let own = g.unsqueeze(own, 1)?; // [B, 1, m + n]
    let own = g.unsqueeze(own, 1)?; // [B, 1, 1, m + n]
    g.mul(own, before)
}

/// How many of a text's own pieces come before each of the last n: `[B, m + n]` → `[B, n]`, whole numbers.
pub(super) fn position(g: &mut Graph, own: Var, n: &Size) -> Result<Var> {
    let all = g.shape(own)[1].clone();
    let before = places(g, Comparison::Less, &all, n)?; // [m + n, n]
    let before = g.matmul(own, before)?; // [B, n]
    g.to_int(before)
}
