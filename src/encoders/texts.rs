//! What the encoders of texts share with one another, and with what reads texts by their ids.

use crate::catalog::{Args, Param, Problem, Result, Spec, Type};
use crate::data::PADDING;
use crate::graph::{Comparison, Graph, Size, Var};
use crate::language::codes::Code;

/// How large a transformer of texts is.
pub(super) struct Sizes {
    /// Features of a piece, D.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
}

impl Sizes {
    /// What a call says.
    pub fn of(args: &Args) -> Self {
        let (depth, width) = match args.word("size") {
            "tiny" => (2, 128),
            "mini" => (4, 256),
            "small" => (4, 512),
            "medium" => (8, 512),
            _ => (12, 768),
        };
        let width = args.maybe_size("width").unwrap_or(width);
        Self {
            width,
            depth: args.maybe_size("depth").unwrap_or(depth),
            // as in all of the papers' sizes: 64 features a head
            heads: args.maybe_size("heads").unwrap_or((width / 64).max(1)),
        }
    }

    /// The parameters that a call says it by; `sizes` tells what each `size` is.
    pub fn params(spec: Spec, sizes: &str) -> Spec {
        spec.param(Param::with_default(
            "size",
            Type::Choice(&["tiny", "mini", "small", "medium", "base"]),
            "tiny",
            sizes,
        ))
        .param(
            Param::optional("width", Type::Integer, "Features of a piece; the size's where it is absent.")
                .within(1.0, 65536.0),
        )
        .param(
            Param::optional("depth", Type::Integer, "Blocks; the size's where it is absent.")
                .within(1.0, 1000.0),
        )
        .param(
            Param::optional(
                "heads",
                Type::Integer,
                "Attention heads, which divide the width; one for each 64 features where it is absent.",
            )
            .within(1.0, 1024.0),
        )
    }
}

/// Each head has as many features.
///
/// # Errors
/// Heads do not divide the features.
pub(super) fn check_heads(width: usize, heads: usize) -> Result<()> {
    match width.is_multiple_of(heads) {
        true => Ok(()),
        false => {
            let message = format!("{heads} heads do not divide {width} features");
            Err(Problem::argument(Code::Shape, "heads", message))
        }
    }
}

/// Features with this share left out, where any is.
pub(super) fn drop(g: &mut Graph, x: Var, share: f64) -> Result<Var> {
    match share > 0.0 {
        true => g.dropout(x, share),
        false => Ok(x),
    }
}

/// 1 for a piece of the text, 0 for padding, which are whole numbers from 0: ids of any shape, `[B, n]`.
///
/// # Errors
/// As the operations that it is made of.
pub fn own(g: &mut Graph, ids: Var) -> Result<Var> {
    let real = g.to_float(ids)?;
    const { assert!(PADDING == 0) };
    g.clamp(real, 0.0, 1.0)
}

/// The mean of a text's own pieces, zeros where there are none: `[B, n, D]` and `own` `[B, n]` → `[B, D]`.
///
/// # Errors
/// As the operations that it is made of.
pub fn mean(g: &mut Graph, x: Var, own: Var) -> Result<Var> {
    let weight = g.unsqueeze(own, 2)?; // [B, n, 1]
    let x = g.mul(x, weight)?;
    let sum = g.sum(x, 1)?; // [B, 1, D]
    let count = g.sum(own, 1)?; // [B, 1]
    let count = g.clamp(count, 1.0, f64::INFINITY)?;
    let sum = g.flatten(sum)?; // [B, D]
    g.div(sum, count)
}

/// Where a text's last own piece stands, 0 where there is none: `own` `[B, n]` → whole numbers `[B, 1]`.
///
/// # Errors
/// As the operations that it is made of.
pub fn last(g: &mut Graph, own: Var) -> Result<Var> {
    let n = g.shape(own)[1].clone();
    let places = g.arange(n); // [n]
    let places = g.to_float(places)?;
    let places = g.mul(own, places)?; // [B, n]
    let last = g.max(places, 1)?; // [B, 1]
    g.to_int(last)
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
