//! Writing: pieces that a network draws one after the other, and how many of them differ.

use crate::catalog::Result;
use crate::data::PADDING;
use crate::encoders::texts::{last, own};
use crate::graph::{Comparison, Graph, Module, Past, Size, Var};

/// What is taken off the score of a piece that is never drawn.
const NEVER: f64 = 1e9;

/// What encloses a reply.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    /// The piece with which each begins: `[B, 1]`.
    pub first: Var,
    /// The piece with which each ends: `[B, 1]`.
    pub last: Var,
}

impl Ends {
    /// Of the replies of a batch, `[B, c]` and `[B, r]`: `[CLS]`, with which they begin, and `[SEP]`, with which what was said before ends.
    pub fn of(g: &mut Graph, context: Var, reply: Var) -> Result<Self> {
        let first = g.slice(reply, 1, 0.into(), 1.into())?; // [B, 1]
        let own = own(g, context)?; // [B, c]
        let last = last(g, own)?; // [B, 1], where it ends
        let last = g.gather(context, last, 1)?; // [B, 1]
        Ok(Self { first, last })
    }
}

/// Replies without their first piece: `[B, r]` → `[B, r - 1]`.
pub(super) fn behind_first(g: &mut Graph, reply: Var) -> Result<Var> {
    let n = g.shape(reply)[1].known().unwrap_or(2) - 1;
    g.slice(reply, 1, 1.into(), n.into())
}

/// Draws the pieces of a reply behind `[B, c]` and its first piece, each by its probability, until the last one or until there are `n`:
/// ids `[B, n]`, padding behind the end. No gradient flows into what was drawn.
pub(super) fn write(
    g: &mut Graph,
    encoder: &Module,
    context: Var,
    ends: Ends,
    n: usize,
) -> Result<Var> {
    let mut past = Past::default();
    g.call_next(encoder, &mut past, context)?;
    let shape = g.shape(ends.first).clone(); // [B, 1]
    let (mut piece, mut open) = (ends.first, g.full(shape.clone(), 1.0)?);
    let mut written = Vec::with_capacity(n);
    for _ in 0..n {
        let x = g.call_next(encoder, &mut past, piece)?; // [B, 1, D]
        let x = g.flatten(x)?; // [B, D]
        let scores = g.call_part(encoder, "words", x)?; // [B, V]
        let drawn = draw(g, scores)?; // [B, 1]
        let drawn = g.to_float(drawn)?;
        let drawn = g.mul(drawn, open)?;
        piece = g.to_int(drawn)?;
        let goes_on = g.compare(Comparison::NotEqual, piece, ends.last)?;
        open = g.mul(open, goes_on)?;
        written.push(piece);
    }
    g.concat(&written, 1) // [B, n]
}

/// One piece of each row by its probability e^s / Σ e^s, none of them padding: `[R, V]` → ids `[R, 1]`. The largest of s − ln(−ln u) is one,
/// with u uniform (Gumbel, 1954).
fn draw(g: &mut Graph, scores: Var) -> Result<Var> {
    let scores = g.stop_gradient(scores)?;
    let shape = g.shape(scores).clone();
    let u = g.random_uniform(shape.clone());
    // a logarithm of neither 0 nor 1
    let u = g.clamp(u, 1e-20, 1.0 - 1e-7)?;
    let x = g.log(u)?;
    let x = g.neg(x)?;
    let x = g.log(x)?;
    let noised = g.sub(scores, x)?; // [R, V]
    let padding = g.full(vec![Size::fixed(1)], f64::from(PADDING))?;
    let padding = g.to_int(padding)?;
    let padding = g.one_hot(padding, shape[1].clone())?; // [1, V]
    let padding = g.mul_scalar(padding, NEVER)?;
    let noised = g.sub(noised, padding)?;
    g.argmax(noised, 1)
}

/// Texts with padding in the place of the pieces that enclose them: `[B, n]` → `[B, n]`.
pub(super) fn words_of(g: &mut Graph, ids: Var, ends: Ends) -> Result<Var> {
    let mut words = g.to_float(ids)?;
    for end in [ends.first, ends.last] {
        let word = g.compare(Comparison::NotEqual, ids, end)?; // [B, n]
        words = g.mul(words, word)?;
    }
    g.to_int(words)
}

/// How many of all pieces of texts are different ones, and how many of all pairs of pieces that follow each other (distinct-1 and
/// distinct-2; Li et al., 2016, arXiv:1510.03055); padding does not count: `[B, n]` → `[1]` each.
pub(super) fn distinct(g: &mut Graph, ids: Var) -> Result<[Var; 2]> {
    let shape = g.shape(ids).clone();
    let n = shape[1].known().unwrap_or(1);
    let one = different(g, ids, ids)?;
    let first = g.slice(ids, 1, 0.into(), n.saturating_sub(1).into())?; // [B, n - 1]
    let second = g.slice(ids, 1, 1.into(), n.saturating_sub(1).into())?;
    Ok([one, different(g, first, second)?])
}

/// How many of the pairs of whole numbers, of which neither is padding, are different ones: `[B, m]` twice → `[1]`.
fn different(g: &mut Graph, a: Var, b: Var) -> Result<Var> {
    let shape = g.shape(a).clone();
    let all = &shape[0] * &shape[1];
    let (of_a, of_b) = (own(g, a)?, own(g, b)?);
    let both = g.mul(of_a, of_b)?; // [B, m]
    let mut rows = Vec::with_capacity(2);
    for ids in [a, b] {
        let ids = g.to_float(ids)?;
        let ids = g.mul(ids, both)?;
        rows.push(g.reshape(ids, vec![all.clone()])?); // [B m], 0 where there is no pair
    }
    // by the second, then by the first, equal ones staying as they are: equal pairs stand together, what is none first
    for by in [1, 0] {
        let order = g.argsort(rows[by], 0, false)?;
        for row in &mut rows {
            *row = g.gather(*row, order, 0)?;
        }
    }
    let mut same: Option<Var> = None;
    for row in &rows {
        let before = g.roll(*row, 0, 1)?; // the last one before the first
        let equal = g.equal(*row, before)?;
        same = Some(match same {
            Some(same) => g.mul(same, equal)?,
            None => equal,
        });
    }
    let is_pair = g.clamp(rows[0], 0.0, 1.0)?;
    let pairs = g.sum_all(is_pair)?; // [1]
    let Some(same) = same else { return Ok(pairs) };
    let again = g.mul(same, is_pair)?;
    let again = g.sum_all(again)?;
    let found = g.sub(pairs, again)?;
    // none that differs stands before the first where all are the same
    let least = g.clamp(pairs, 0.0, 1.0)?;
    let found = g.maximum(found, least)?;
    let pairs = g.clamp(pairs, 1.0, f64::INFINITY)?;
    g.div(found, pairs)
}

#[cfg(test)]
#[path = "rollout_tests.rs"]
mod tests;
