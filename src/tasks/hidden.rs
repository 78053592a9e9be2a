//! Patches that are hidden behind a learnt token before a transformer sees them.

use crate::catalog::Result;
use crate::graph::{Graph, Init, Module, Var};

/// What the encoder makes of `tokens [B, N, D]`, patches without positions, of which those with 1 in `hidden [B, N]` are replaced by one
/// learnt token: after its last norm, `[B, 1 + N, D]`, or `[B, N, D]` without a class token.
pub(super) fn call_with_hidden(
    g: &mut Graph,
    encoder: &Module,
    tokens: Var,
    hidden: Var,
) -> Result<Var> {
    let width = g.check_features("mask_token", tokens)?; // D
    let token = g.scoped("mask", |g| {
        g.parameter("token", &[1, 1, width], Init::TruncatedNormal(0.02))
    });
    let hidden = g.unsqueeze(hidden, 2)?; // [B, N, 1]
    let x = g.select(hidden, token, tokens)?; // [B, N, D]
    let x = g.call_part(encoder, "positions", x)?;
    let x = g.call_part(encoder, "blocks", x)?;
    g.call_part(encoder, "norm", x)
}

/// The order into which `noise [B, N]` puts things, the least first, and the place of each in it: `[B, N]` twice, whole numbers.
pub(super) fn shuffled(g: &mut Graph, noise: Var) -> Result<[Var; 2]> {
    let order = g.argsort(noise, 1, false)?; // [B, N]
    let by = g.to_float(order)?;
    let place = g.argsort(by, 1, false)?; // [B, N]
    Ok([order, place])
}

/// The tokens of the patches: the last n of `[B, 1 + n, D]`, or all of `[B, n, D]`.
pub(super) fn of_patches(g: &mut Graph, tokens: Var, n: usize) -> Result<Var> {
    let before = &g.shape(tokens)[1] - &n.into();
    g.slice(tokens, 1, before, n.into())
}
