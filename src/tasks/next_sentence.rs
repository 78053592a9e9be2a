//! Does one text follow the other? (Devlin et al., 2019)

use super::{TEXTS_IN_PAIRS, pair_of, texts_of, training_params, vocabulary_param};
use crate::catalog::{Args, Kind, Make, Result, Spec};
use crate::data::{Fields, SampleType};
use crate::encoders::layers::{LinearInit, linear};
use crate::graph::{Graph, Module, Var};

/// Whether the second text follows the first: 0 where it does, 1 where it is any other.
pub(super) const NEXT: &str = "next";
/// Pieces of both texts.
const LENGTH: usize = 128;

/// What is said of the order of two texts.
pub(super) struct Order {
    /// `[1]`
    pub loss: Var,
    /// How many are right: `[1]`.
    pub accuracy: Var,
}

/// Whether texts follow each other, told by the features of their pieces: `[B, n, D]`.
pub(super) fn order(g: &mut Graph, encoder: &Module, x: Var) -> Result<Order> {
    let next = g.input(NEXT)?; // [B]
    let x = g.call_part(encoder, "pooled", x)?; // [B, D]
    let init = LinearInit::TruncatedNormal(0.02);
    let scores = |g: &mut Graph| g.scoped("seq_relationship", |g| linear(g, x, 2, true, init));
    let logits = g.scoped("head", scores)?; // [B, 2]
    Ok(Order {
        loss: g.cross_entropy(logits, next)?,
        accuracy: g.accuracy(logits, next)?,
    })
}

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let input = texts_of(g, "input")?; // [B, n, 2]
    let x = g.call_part(&encoder, "tokens", input)?; // [B, n, D]
    let Order { loss, accuracy } = order(g, &encoder, x)?;
    g.objective("loss", loss);
    g.metric("accuracy", accuracy);
    Ok(())
}

/// Both texts of a record, in pieces of words.
fn augment(task: &Args, fields: &Fields) -> Option<String> {
    let pair = pair_of(task, fields, LENGTH)?;
    Some(format!("emit input = {pair}, {NEXT}\n"))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "next_sentence",
        Kind::Task,
        "Does one text follow the other?",
        Make::task(build, augment),
    )
    .pieces()
    .param(vocabulary_param())
    .params(training_params(
        (32, TEXTS_IN_PAIRS),
        "40 epochs",
        "adamw(1e-4, weight_decay = 0.01)",
        "linear(warmup = 1 epoch)",
    ))
    .input("input", SampleType::PAIRS, "Two texts, one behind the other.")
    .input(
        NEXT,
        SampleType::label(2),
        "Whether the second follows the first (0) or is any other (1).",
    )
    .paper(
        "Devlin et al., 2019",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        "arXiv:1810.04805",
    )
    .doc(
        "The encoder reads two texts, `[CLS]` before the first and `[SEP]` behind each; its vector of the pair (`pooled`, by `[CLS]`) is scored \
         by one layer. `accuracy` is how many pairs are told, of which half follow each other in `neighbours(next = 50%)`. The paper hides \
         words at the same time: `masked_tokens(next_sentence = on)`. Later stages read single texts.",
    )
    .example(
        "ssl 1\n\ndataset news  = documents(\"news\")\ndataset pairs = documents(\"news\") |> sentences() |> neighbours(next = 50%)\n\n\
         fit pieces = wordpiece(size = 4000) { data = news.train }\n\n\
         pretext order = next_sentence(vocabulary = pieces) {\n  data    = pairs.train\n  encoder = bert()\n}\n",
    )
}

#[cfg(test)]
#[path = "next_sentence_tests.rs"]
mod tests;
