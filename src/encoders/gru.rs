//! A recurrent network that reads a text (Cho et al., 2014), word by word and in both directions.

use super::layers::{both_ways, gru_weights};
use super::texts::own;
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Init, Var, show};

/// What of a text flows into the memory: ids `[B, n]` → their vectors `[B, n, d]`, and 1 for each that is no padding, `[B, n]`. Behind
/// layers of a recipe features `[B, n, d]` flow in, of which all count.
fn steps(g: &mut Graph, args: &Args, text: Var) -> Result<(Var, Option<Var>)> {
    if g.shape(text).len() == 3 {
        return Ok((text, None));
    }
    let x = vectors(g, args, text)?; // [B, n, d]
    let own = own(g, text)?; // [B, n]
    Ok((x, Some(own)))
}

/// The table's rows at ids of any shape: `[..]` → `[.., d]`.
fn vectors(g: &mut Graph, args: &Args, ids: Var) -> Result<Var> {
    let d = args.maybe_size("embedding").unwrap_or(args.size("width"));
    g.scoped("embedding", |g| {
        let there = g.parameter_shape("weight").map(|shape| shape[0]);
        let declared = g.classes_of(ids).map(|(words, _)| words);
        let Some(words) = declared.or(there) else {
            return Err(g.shape_problem(format!(
                "gru takes ids of pieces [B, n] of a vocabulary whose size is known, not {}",
                show(g.shape(ids))
            )));
        };
        let table = g.parameter("weight", &[words, d], Init::Normal(1.0)); // [V, d]
        g.embedding(table, ids)
    })
}

/// The states of both directions at each step, n times `[B, W]` each; of one direction the second is empty.
fn states(g: &mut Graph, args: &Args, text: Var) -> Result<[Vec<Var>; 2]> {
    let (x, own) = steps(g, args, text)?;
    let width = args.size("width");
    g.scoped("gru", |g| match args.word("direction") {
        "both" => both_ways(g, x, own, width),
        _ => {
            let weights = gru_weights(g, x, width, false)?;
            Ok([g.gru_states(x, weights, own, false)?, Vec::new()])
        }
    })
}

/// A text is the state behind its last word, and the one that was read backwards behind its first: `[B, n]` → `[B, 2 W]`.
fn build(g: &mut Graph, args: &Args, text: Var) -> Result<Var> {
    let [there, back] = states(g, args, text)?;
    let ends: Vec<Var> = there
        .last()
        .into_iter()
        .chain(back.first())
        .copied()
        .collect();
    g.concat(&ends, 1)
}

/// The states at each piece: `[B, n]` → `[B, n, 2 W]`.
fn tokens(g: &mut Graph, args: &Args, text: Var) -> Result<Var> {
    let directions = states(g, args, text)?;
    let mut parts = Vec::new();
    for states in directions.iter().filter(|states| !states.is_empty()) {
        parts.push(g.stack(states, 1)?); // [B, n, W]
    }
    g.concat(&parts, 2)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "gru",
        Kind::Encoder,
        "A recurrent network that reads a text word by word.",
        Make::Encoder(build),
    )
    .takes(SampleType::TOKENS)
    .part("tokens", tokens)
    .part("vectors", vectors)
    .param(
        Param::with_default("width", Type::Integer, "128", "Features of the state of each direction.")
            .within(1.0, 8192.0),
    )
    .param(
        Param::optional("embedding", Type::Integer, "Numbers of a word's vector; the width where it is absent.")
            .within(1.0, 65536.0),
    )
    .param(Param::with_default(
        "direction",
        Type::Choice(&["both", "forwards"]),
        "both",
        "Which way a text is read; `both` has two memories, whose states stand side by side.",
    ))
    .paper(
        "Cho et al., 2014",
        "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
        "arXiv:1406.1078",
    )
    .doc(
        "Takes tokens `[B, n]` and gives the state behind the last of them, beside the state behind the first of a second memory that reads \
         backwards: `[B, 2 width]`. Those with id 0 are padding, at which a state stays as it was. Parameters have the names and, exported, the \
         layout of PyTorch's `nn.Embedding` (`embedding.weight`, standard normal at first) and `nn.GRU` (`gru.weight_ih_l0`, …, uniform in \
         ±1/√width).\n\nParts for tasks: `tokens` (ids `[B, n]` to states at each piece, `[B, n, 2 width]`), `vectors` (ids of any shape to \
         rows of the table, `[B, n, embedding]`). Behind layers of a recipe it reads features `[B, n, d]`, of which all count.",
    )
    .example("gru(width = 128)")
}
