//! What `skip_gram` and `cbow` share: two tables of vectors, windows of a text, and noise (Mikolov et al., 2013).

use super::{TEXTS, tokens_of, training_params};
use crate::catalog::{Args, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Init, Module, Windows};

/// Words of a text, once common ones are left out.
const LENGTH: usize = 512;

/// Both tasks; `bag`: the mean of a window tells its word.
pub(super) fn build(g: &mut Graph, task: &Args, bag: bool) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let radius = task.size("radius");

    let words = g.input("words")?; // [B, n]
    let noise = g.input("noise")?; // [B, m]
    let x = g.call_part(&encoder, "vectors", words)?; // [B, n, d]
    let d = g.check_features("windows", x)?;
    let Some((vocabulary, _)) = g.classes_of(words) else {
        return Err(g.shape_problem("the size of the words' vocabulary is not known"));
    };
    // what is told has vectors of its own, from 0 as in word2vec.c
    let told = g.scoped("told", |g| {
        g.parameter("vectors", &[vocabulary, d], Init::Constant(0.0)) // [V, d]
    });
    let y = g.embedding(told, words)?; // [B, n, d]
    let z = g.embedding(told, noise)?; // [B, m, d]

    let of = Windows {
        radius,
        share: task.size("share"),
        bag,
    };
    let reach = g.reach(words, radius)?; // [B, n]
    let scores = g.negative_sampling([x, y, z], [words, noise], reach, of)?; // [B, 2]
    let sums = g.sum(scores, 0)?; // [1, 2]: the loss of all pairs, and how many there are
    let loss = g.slice(sums, 1, 0.into(), 1.into())?;
    let pairs = g.slice(sums, 1, 1.into(), 1.into())?;
    let pairs = g.clamp(pairs, 1.0, f64::INFINITY)?;
    let loss = g.div(loss, pairs)?;
    let loss = g.reshape(loss, vec![1.into()])?;
    g.objective("loss", loss);
    Ok(())
}

/// A text without the commonest words, and noise for it.
pub(super) fn augment(task: &Args, fields: &Fields) -> Option<String> {
    let tokens = tokens_of(task, fields)?;
    let share = task.size("share");
    Some(format!(
        "words = {tokens} |> subsample(1e-3) |> crop_tokens({LENGTH})\nnoise = words |> negatives(5, share = {share})\nemit words, noise\n"
    ))
}

/// The parameters and inputs of both.
pub(super) fn declared(spec: Spec) -> Spec {
    spec.param(
        Param::with_default(
            "radius",
            Type::Integer,
            "5",
            "Most words of a window on each side; how many it has is drawn for each word.",
        )
        .within(1.0, 1000.0),
    )
    .param(
        Param::with_default(
            "share",
            Type::Integer,
            "4",
            "So many words in a row share their noise, as `negatives` deals it: they meet it together, as a small product of matrices (Ji et al., 2016, arXiv:1604.04661).",
        )
        .within(1.0, 8192.0),
    )
    .param(Param::optional(
        "vocabulary",
        Type::Fit("vocabulary"),
        "The fit whose words the default `augment` finds in texts.",
    ))
    .params(training_params(
        (8, TEXTS),
        "5 epochs",
        "lazy_adam(2e-2)",
        "linear()",
    ))
    .input("words", SampleType::TOKENS, "A text, one word after the other.")
    .input("noise", SampleType::TOKENS, "Words that stand somewhere else: as many for every `share` words.")
    .paper(
        "Mikolov et al., 2013",
        "Distributed Representations of Words and Phrases and their Compositionality",
        "arXiv:1310.4546",
    )
}

/// What is to be known of both.
pub(super) const DOC: &str = "Each word has two vectors: one in the encoder's table, as what tells, and one in `told`, as what is told. The loss is the \
     mean over pairs of −ln σ(v·y) − Σ ln σ(−v·z), z the noise. Only the rows that a batch reads are computed and moved, by optimisers that leave still \
     what has no gradient: `sgd` without momentum and decay, `adagrad`, `lazy_adam`.\n\nThe paper moves word by word, at a rate of 0.025. Here a batch of \
     thousands of pairs moves at once, and a plain sum over a common word's pairs would throw it far off; `lazy_adam` moves a word by what its \
     last batches agree on. `adagrad(0.2)` is faster by a tenth and finds half as many analogies: noise that is shared comes as few large gradients, \
     after which it hardly moves a word any more.";
