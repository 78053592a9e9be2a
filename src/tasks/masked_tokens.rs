//! Which words were hidden? (Devlin et al., 2019)

use super::next_sentence::{NEXT, Order, order};
use super::{TEXTS, pair_of, texts_of, tokens_of, training_params, vocabulary_param};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, PADDING, SampleType};
use crate::encoders::layers::{LinearInit, layer_norm, linear};
use crate::encoders::texts::own;
use crate::graph::{CrossEntropy, Graph, Init, Module, Size, Var};

/// BERT's layer norms.
const EPSILON: f64 = 1e-12;
/// Pieces of a text.
const LENGTH: usize = 128;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));

    let input = g.input("input")?; // [B, n], with holes
    let target = g.input("target")?; // [B, n], what was hidden, else padding
    let texts = texts_of(g, "input")?; // [B, n], or [B, n, 2]
    let read = g.call_part(&encoder, "tokens", texts)?; // [B, n, D]
    let Chosen { x, words, places } = chosen(g, read, target, task.ratio("guessed"))?; // [R, D], [R], [B, k]
    let x = g.scoped("head", |g| head(g, x))?; // [R, D]
    let scores = g.call_part(&encoder, "words", x)?; // [R, V]
    let vocabulary = g.check_features("masked_tokens", scores)?;
    let bias = g.scoped("head", |g| {
        g.parameter("bias", &[vocabulary], Init::Constant(0.0))
    });
    let logits = g.add(scores, bias)?;

    let how = CrossEntropy {
        ignore: Some(i64::from(PADDING)),
        ..CrossEntropy::default()
    };
    let loss = g.cross_entropy_with(logits, words, how)?;
    let order = match task.switch("next_sentence") {
        true => Some(order(g, &encoder, read)?),
        false => None,
    };
    let both = match &order {
        Some(order) => g.add(loss, order.loss)?,
        None => loss,
    };
    g.objective("loss", both);
    let hidden = own(g, words)?; // [R]
    let first = first(g, logits, words, hidden)?;
    g.metric("accuracy", first);
    let five = among(g, logits, words, hidden, 5)?;
    g.metric("accuracy_at_5", five);
    let perplexity = g.exp(loss)?;
    g.metric("perplexity", perplexity);
    if let Some(Order { accuracy, .. }) = order {
        g.metric("order_accuracy", accuracy);
    }
    g.exhibit_of("filled", &[], |g| {
        let filled = filled(g, logits, places, input)?;
        Ok(vec![input, target, filled])
    })
}

/// What is guessed at each place, padding where nothing is: scores `[B k, V]` of places `[B, k]` → `[B, n]`.
fn filled(g: &mut Graph, logits: Var, places: Var, input: Var) -> Result<Var> {
    let [empty, at] = [input, places].map(|x| g.shape(x).clone());
    let guess = g.argmax(logits, 1)?; // [B k, 1]
    let guess = g.reshape(guess, at)?; // [B, k]
    let guess = g.to_float(guess)?;
    let empty = g.full(empty, f64::from(PADDING))?; // [B, n]
    let filled = g.scatter_add(empty, places, guess, 1)?; // each place is there once
    g.to_int(filled)
}

/// Hidden pieces, k of each text.
struct Chosen {
    /// Features `[B k, D]`.
    x: Var,
    /// `[B k]`; padding where fewer are hidden.
    words: Var,
    /// Where they stand in their texts: `[B, k]`.
    places: Var,
}

/// Features and words of the hidden pieces, of each text the first ones that have room: `[B, n, D]` and `[B, n]` → `[B k, D]` and
/// `[B k]`.
fn chosen(g: &mut Graph, x: Var, target: Var, part: f64) -> Result<Chosen> {
    let shape = g.shape(x).clone();
    let n = shape.get(1).and_then(Size::known).unwrap_or(1);
    let k = ((n as f64 * part).ceil() as usize).clamp(1, n);
    let hidden = own(g, target)?; // [B, n]
    let order = g.argsort(hidden, 1, true)?; // [B, n], hidden ones first
    let places = g.slice(order, 1, 0.into(), k.into())?; // [B, k]
    let x = g.gather_rows(x, places)?; // [B, k, D]
    let words = g.gather(target, places, 1)?; // [B, k]
    let rows = &shape[0] * &Size::fixed(k);
    let x = g.reshape(x, vec![rows.clone(), shape[2].clone()])?;
    let words = g.reshape(words, vec![rows])?;
    Ok(Chosen { x, words, places })
}

/// A layer with GELU and a layer norm: `[R, D]` → the same.
fn head(g: &mut Graph, x: Var) -> Result<Var> {
    let width = g.check_features("masked_tokens", x)?;
    let init = LinearInit::TruncatedNormal(0.02);
    let x = g.scoped("dense", |g| linear(g, x, width, true, init))?;
    let x = g.gelu(x)?;
    g.scoped("norm", |g| layer_norm(g, x, EPSILON))
}

/// How many of the hidden words are guessed: `[1]`.
fn first(g: &mut Graph, logits: Var, words: Var, hidden: Var) -> Result<Var> {
    let guess = g.argmax(logits, 1)?; // [R, 1]
    let guess = g.squeeze(guess, 1)?;
    let right = g.equal(guess, words)?; // [R]
    g.weighted_mean(right, Some(hidden))
}

/// How many of the hidden words are among the `most` that score highest: `[1]`.
fn among(g: &mut Graph, logits: Var, words: Var, hidden: Var, most: usize) -> Result<Var> {
    let own = g.unsqueeze(words, 1)?; // [R, 1]
    let own = g.gather(logits, own, 1)?; // [R, 1]
    let above = g.greater(logits, own)?; // [R, V]
    let above = g.sum(above, 1)?; // [R, 1]
    let above = g.squeeze(above, 1)?; // [R], whole numbers
    let left = g.mul_scalar(above, -1.0)?;
    let left = g.add_scalar(left, most as f64)?;
    let right = g.clamp(left, 0.0, 1.0)?;
    g.weighted_mean(right, Some(hidden))
}

/// A piece of each text, in pieces of words; of pairs both texts.
fn augment(task: &Args, fields: &Fields) -> Option<String> {
    if task.switch("next_sentence") {
        let pair = pair_of(task, fields, LENGTH)?;
        return Some(format!(
            "(input, target) = {pair} |> mask_tokens(15%)\nemit input, target, {NEXT}\n"
        ));
    }
    let tokens = tokens_of(task, fields)?;
    Some(format!(
        "(input, target) = {tokens} |> crop_tokens({LENGTH}) |> mask_tokens(15%)\nemit input, target\n"
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "masked_tokens",
        Kind::Task,
        "Which words were hidden?",
        Make::task(build, augment),
    )
    .pieces()
    .param(
        Param::with_default(
            "guessed",
            Type::Ratio,
            "20%",
            "Room for hidden pieces, as a part of a text's length: no less than `mask_tokens` hides. Only these are scored.",
        )
        .within(0.0, 1.0),
    )
    .param(vocabulary_param())
    .param(Param::switch(
        "next_sentence",
        "off",
        "Also asks whether the second text of a pair follows the first, as in the paper.",
    ))
    .params(training_params(
        (32, TEXTS),
        "40 epochs",
        "adamw(1e-4, weight_decay = 0.01)",
        "linear(warmup = 1 epoch)",
    ))
    .input("input", SampleType::TOKENS, "A text with holes.")
    .input("target", SampleType::TOKENS, "What was hidden; padding where nothing was.")
    .input_maybe(
        NEXT,
        SampleType::label(2),
        "With `next_sentence`: whether the second text follows the first (0) or is any other (1).",
    )
    .paper(
        "Devlin et al., 2019",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        "arXiv:1810.04805",
    )
    .doc(
        "The encoder reads a text in which pieces are hidden; a layer with GELU and a layer norm stands behind each of these, and its product with \
         the embeddings of all pieces, which are the encoder's own, scores them. `accuracy` is how many are guessed, `accuracy_at_5` how many are \
         among the five that score highest, `perplexity` e to the mean loss of the hidden pieces: of a batch, or of all in `valid`. The paper's second task (does a \
         sentence follow another?) is `next_sentence`: the loss is then the sum of both, `order_accuracy` how many pairs are told. It is off, \
         as Liu et al., 2019 (arXiv:1907.11692) found that it does not help.",
    )
    .example(
        "ssl 1\n\ndataset news = documents(\"news\")\n\nfit pieces = wordpiece(size = 4000) { data = news.train }\n\n\
         pretext words = masked_tokens(vocabulary = pieces) {\n  data    = news.train\n  encoder = bert()\n}\n",
    )
}

#[cfg(test)]
#[path = "masked_tokens_tests.rs"]
mod tests;
