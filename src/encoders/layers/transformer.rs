//! `transformer(2, heads = 3)`

use super::{LinearInit, layer_norm, linear};
use crate::catalog::{Kind, Make, Param, Result, Spec, Type};
use crate::graph::{Graph, Size, Var, show};

const INIT: LinearInit = LinearInit::TruncatedNormal(0.02);

/// timm's: layer norms of a transformer have a smaller constant than PyTorch's default.
const EPSILON: f64 = 1e-6;

/// x + attention(norm(x)), then x + mlp(norm(x)), on tokens `[B, N, D]`. Parameters have timm's names under the current scope.
fn transformer_block(g: &mut Graph, x: Var, heads: usize, epsilon: f64) -> Result<Var> {
    let (x, _) = transformer_halves(g, x, heads, epsilon)?;
    Ok(x)
}

/// So many of them, `blocks/0`, `blocks/1`, …, and a last `norm`: `[B, N, D]` → the same.
pub fn transformer_blocks(
    g: &mut Graph,
    x: Var,
    (depth, heads): (usize, usize),
    epsilon: f64,
) -> Result<Var> {
    let x = (0..depth).try_fold(x, |x, block| {
        g.scoped(&format!("blocks/{block}"), |g| {
            transformer_block(g, x, heads, epsilon)
        })
    })?;
    g.scoped("norm", |g| layer_norm(g, x, epsilon))
}

/// A block, with what its feed-forward half adds.
pub fn transformer_halves(g: &mut Graph, x: Var, heads: usize, epsilon: f64) -> Result<(Var, Var)> {
    let y = g.scoped("norm1", |g| layer_norm(g, x, epsilon))?;
    let y = g.scoped("attn", |g| attention(g, y, heads))?;
    let x = g.add(x, y)?;
    let y = g.scoped("norm2", |g| layer_norm(g, x, epsilon))?;
    let y = g.scoped("mlp", |g| mlp(g, y))?;
    Ok((g.add(x, y)?, y))
}

/// Features of each head on their own, as many as divide them: `[B, N, D]` → `[B, heads, N, d]`.
///
/// # Errors
/// What flows in has no features.
pub fn by_head(g: &mut Graph, x: Var, heads: usize) -> Result<Var> {
    let size = g.check_features("transformer", x)? / heads;
    let shape = g.shape(x);
    let split = vec![
        shape[0].clone(),
        shape[1].clone(),
        Size::fixed(heads),
        size.into(),
    ];
    let x = g.reshape(x, split)?;
    g.permute(x, &[0, 2, 1, 3])
}

/// The features of all heads side by side again: `[B, heads, N, d]` → `shape`, `[B, N, D]`.
///
/// # Errors
/// It is another number of features.
pub fn heads_beside(g: &mut Graph, x: Var, shape: Vec<Size>) -> Result<Var> {
    let x = g.permute(x, &[0, 2, 1, 3])?;
    g.reshape(x, shape)
}

/// softmax(q kᵀ / √d) v per head, d = D / heads.
fn attention(g: &mut Graph, x: Var, heads: usize) -> Result<Var> {
    let shape = g.shape(x).clone(); // [B, N, D]
    let width = match shape.as_slice() {
        [_, _, width] => width.known().filter(|n| heads > 0 && n % heads == 0),
        _ => None,
    };
    let Some(width) = width else {
        return Err(g.shape_problem(format!(
            "transformer takes tokens [B, N, D] with D a multiple of {heads} heads, but {} flows in",
            show(&shape)
        )));
    };
    let qkv = g.scoped("qkv", |g| linear(g, x, 3 * width, true, INIT))?; // [B, N, 3 D]
    let part = |g: &mut Graph, index: usize| -> Result<Var> {
        let part = g.slice(qkv, 2, (index * width).into(), width.into())?;
        by_head(g, part, heads) // [B, heads, N, d]
    };
    let (q, k, v) = (part(g, 0)?, part(g, 1)?, part(g, 2)?);
    let mixed = g.attention(q, k, v, None, None)?; // [B, heads, N, d]
    let mixed = heads_beside(g, mixed, shape)?; // [B, N, D]
    g.scoped("proj", |g| linear(g, mixed, width, true, INIT))
}

fn mlp(g: &mut Graph, x: Var) -> Result<Var> {
    let width = g.check_features("transformer", x)?;
    let hidden = g.scoped("fc1", |g| linear(g, x, 4 * width, true, INIT))?; // [B, N, 4 D]
    let hidden = g.gelu(hidden)?;
    g.scoped("fc2", |g| linear(g, hidden, width, true, INIT))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "transformer",
        Kind::Layer,
        "Blocks in which tokens look at one another.",
        Make::Layer(|g, args, x| {
            (0..args.size("depth")).try_fold(x, |x, block| {
                g.scoped(&block.to_string(), |g| {
                    transformer_block(g, x, args.size("heads"), EPSILON)
                })
            })
        }),
    )
    .param(Param::required("depth", Type::Integer, "How many blocks.").within(1.0, 1000.0))
    .param(
        Param::with_default(
            "heads",
            Type::Integer,
            "1",
            "Attention heads; a divisor of the features.",
        )
        .within(1.0, 1024.0),
    )
    .paper(
        "Vaswani et al., 2017",
        "Attention Is All You Need",
        "arXiv:1706.03762",
    )
    .doc(
        "`[B, N, D]` stays `[B, N, D]`. Each block normalises, attends and adds, then normalises, goes through an MLP of 4 D \
         features and adds, as in a vision transformer.",
    )
    .example("transformer(2, heads = 3)")
}
