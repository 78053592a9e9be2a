//! `gru(128)`

use crate::catalog::{Kind, Make, Param, Result, Spec, Type};
use crate::graph::{Graph, Gru, Init, Var};

/// The weights of a GRU of `width` features on `x [B, n, D]`, under the names of PyTorch's `nn.GRU` in the current scope.
///
/// # Errors
/// What flows in has no features.
pub fn gru_weights(g: &mut Graph, x: Var, width: usize, backwards: bool) -> Result<Gru> {
    let inputs = g.check_features("gru", x)?;
    let bound = Init::Uniform(1.0 / (width.max(1) as f32).sqrt());
    let mut part = |name: &str, shape: &[usize]| {
        let reverse = if backwards { "_reverse" } else { "" };
        g.parameter(&format!("{name}_l0{reverse}"), shape, bound)
    };
    Ok(Gru {
        input: part("weight_ih", &[inputs, 3 * width]),
        state: part("weight_hh", &[width, 3 * width]),
        input_bias: part("bias_ih", &[3 * width]),
        state_bias: part("bias_hh", &[3 * width]),
    })
}

/// What a GRU in both directions has in mind at each step: `[B, n, D]` → n times `[B, 2 width]`. `own [B, n]`: 1 for a step that counts.
///
/// # Errors
/// As [`Graph::gru`].
pub fn both_ways(g: &mut Graph, x: Var, own: Option<Var>, width: usize) -> Result<[Vec<Var>; 2]> {
    let mut one = |backwards| {
        let weights = gru_weights(g, x, width, backwards)?;
        g.gru_states(x, weights, own, backwards)
    };
    Ok([one(false)?, one(true)?])
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "gru",
        Kind::Layer,
        "A memory that reads one step after the other.",
        Make::Layer(|g, args, x| {
            let width = args.size("width");
            if args.word("direction") == "both" {
                let [there, back] = both_ways(g, x, None, width)?;
                let [there, back] = [g.stack(&there, 1)?, g.stack(&back, 1)?]; // [B, n, W]
                return g.concat(&[there, back], 2);
            }
            let backwards = args.word("direction") == "backwards";
            let weights = gru_weights(g, x, width, backwards)?;
            g.gru(x, weights, None, backwards)
        }),
    )
    .param(Param::required("width", Type::Integer, "Features of its state.").within(1.0, 8192.0))
    .param(Param::with_default(
        "direction",
        Type::Choice(&["forwards", "backwards", "both"]),
        "forwards",
        "Which way the steps are read; `both` has two memories, whose states stand side by side.",
    ))
    .paper(
        "Cho et al., 2014",
        "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
        "arXiv:1406.1078",
    )
    .doc(
        "`[B, n, D]` becomes the states behind each step, `[B, n, width]`, or `[B, n, 2 width]` in both directions. The first state is zeros. \
         Gates, biases and their names are those of PyTorch's `nn.GRU`; all start uniform in ±1/√width. Steps are written out one by one, up to 1024.",
    )
    .example("gru(128)")
}
