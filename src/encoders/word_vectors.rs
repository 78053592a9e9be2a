//! A table of word vectors (Mikolov et al., 2013), with the first values of word2vec.c.

use super::texts::{mean, own};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Init, Var, show};

/// The table's rows at ids of any shape: `[..]` → `[.., d]`.
fn vectors(g: &mut Graph, args: &Args, ids: Var) -> Result<Var> {
    let d = args.size("dim");
    let there = g.parameter_shape("vectors").map(|shape| shape[0]);
    let declared = g.classes_of(ids).map(|(words, _)| words);
    let Some(words) = declared.or(there) else {
        return Err(g.shape_problem(format!(
            "word_vectors takes ids of words of a vocabulary whose size is known, not {}",
            show(g.shape(ids))
        )));
    };
    // word2vec.c: uniform in ±0.5 / d
    let table = g.parameter("vectors", &[words, d], Init::Uniform(0.5 / d as f32)); // [V, d]
    g.embedding(table, ids)
}

/// A text is the mean of its words, padding not counted, and zeros where it has none: `[B, n]` → `[B, d]`.
fn build(g: &mut Graph, args: &Args, ids: Var) -> Result<Var> {
    if g.shape(ids).len() != 2 {
        return Err(g.shape_problem(format!(
            "word_vectors takes texts [B, n], not {}",
            show(g.shape(ids))
        )));
    }
    let x = vectors(g, args, ids)?; // [B, n, d]
    let own = own(g, ids)?; // [B, n]
    mean(g, x, own)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "word_vectors",
        Kind::Encoder,
        "One vector for each word of a vocabulary.",
        Make::Encoder(build),
    )
    .takes(SampleType::TOKENS)
    .part("vectors", vectors)
    .param(Param::with_default("dim", Type::Integer, "100", "Numbers of a vector.").within(1.0, 65536.0))
    .paper(
        "Mikolov et al., 2013",
        "Efficient Estimation of Word Representations in Vector Space",
        "arXiv:1301.3781",
    )
    .doc(
        "Takes tokens `[B, n]` and gives the mean of their words' vectors `[B, d]`; those with id 0 are padding, which does not count, and a text \
         without words is zeros. The first values are uniform in ±0.5 / d, as word2vec.c has them.\n\nPart for tasks: `vectors` (ids of any \
         shape, `[B, n]`, to the rows themselves, `[B, n, d]`).",
    )
    .example("word_vectors(dim = 100)")
}
