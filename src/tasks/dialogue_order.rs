//! Are three turns of a dialogue in order? (Wu et al., 2019: Self-Supervised Dialogue Learning)

use super::{DIALOGUES, training_params, vocabulary_param};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::encoders::layers::both_ways;
use crate::graph::{Graph, Module, Size, Var};

/// Pairs of a triple.
pub(super) const TRIPLE: usize = 3;
/// Pieces of a pair of turns.
pub(super) const LENGTH: usize = 40;
/// What the network tells of each record, `[B]`: how likely its target is in order.
pub const COHERENCE: &str = "coherence";

/// The paper's network, section 3.2 (SSN).
pub(super) struct OrderNetwork {
    /// Utterance pair encoder: a pair of turns as one text, `[B, n]` → `[B, D]`.
    pub encoder: Module,
    /// From the three triples side by side to two scores: out of order, in order.
    pub head: Module,
    /// Under what the order reasoning layer keeps its parameters.
    pub reasoning: String,
    /// Features of its memory in each direction, W.
    pub width: usize,
}

impl OrderNetwork {
    /// That of a stage.
    pub fn of(task: &Args) -> Self {
        Self {
            encoder: Module::new("encoder", task.net("encoder")),
            head: Module::new("head", task.net("head")),
            reasoning: "order".into(),
            width: task.size("width"),
        }
    }

    /// Scores of a target beside its references, `[B, 2]`: three pairs of turns, and 3 k that are in order and 3 k that are not, `[B, n]`
    /// each.
    pub fn scores(
        &self,
        g: &mut Graph,
        target: &[Var],
        in_order: &[Var],
        out_of_order: &[Var],
    ) -> Result<Var> {
        let pairs = [target, in_order, out_of_order].concat();
        let triples = pairs.len() / TRIPLE; // 1 + 2 k
        let batch = g.shape(target[0])[0].clone();
        let texts = g.concat(&pairs, 0)?; // [3 (1 + 2 k) B, n], one network for all
        let x = g.call(&self.encoder, texts)?; // [3 (1 + 2 k) B, D]
        let features = Size::fixed(g.check_features("dialogue_order", x)?);
        let by_triple = vec![
            triples.into(),
            TRIPLE.into(),
            batch.clone(),
            features.clone(),
        ];
        let x = g.reshape(x, by_triple)?;
        let x = g.permute(x, &[0, 2, 1, 3])?; // [1 + 2 k, B, 3, D]
        let all = &Size::fixed(triples) * &batch;
        let x = g.reshape(x, vec![all, TRIPLE.into(), features])?; // [(1 + 2 k) B, 3, D]
        let x = g.scoped(&self.reasoning, |g| reasoning(g, x, self.width))?; // [(1 + 2 k) B, 2 W]
        let x = g.reshape(x, vec![triples.into(), batch, (2 * self.width).into()])?;
        let k = triples / 2;
        let mean_of = |g: &mut Graph, from: usize, n: usize| {
            let kind = g.slice(x, 0, from.into(), n.into())?; // [n, B, 2 W]
            let mean = g.mean(kind, 0)?;
            g.squeeze(mean, 0) // [B, 2 W]
        };
        let target = mean_of(g, 0, 1)?;
        let in_order = mean_of(g, 1, k)?;
        let out_of_order = mean_of(g, 1 + k, k)?;
        let all = g.concat(&[in_order, out_of_order, target], 1)?; // [B, 6 W]
        g.call(&self.head, all) // [B, 2]
    }

    /// How likely a target is in order, from its scores: `[B, 2]` → `[B]`. The paper's reward.
    pub fn coherence(g: &mut Graph, scores: Var) -> Result<Var> {
        let both = g.softmax(scores, 1)?; // [B, 2]
        let ordered = g.slice(both, 1, 1.into(), 1.into())?; // [B, 1]
        g.squeeze(ordered, 1)
    }
}

/// Order reasoning layer: a recurrent network in both directions over the pairs of a triple, then the largest of each feature:
/// `[R, 3, D]` → `[R, 2 W]`.
fn reasoning(g: &mut Graph, x: Var, width: usize) -> Result<Var> {
    let [there, back] = both_ways(g, x, None, width)?; // 3 times [R, W] each
    let mut largest = |states: &[Var]| {
        let states = g.stack(states, 1)?; // [R, 3, W]
        let most = g.max(states, 1)?;
        g.squeeze(most, 1) // [R, W]
    };
    let [there, back] = [largest(&there)?, largest(&back)?];
    g.concat(&[there, back], 1)
}

/// The pairs of a field, and whether they are whole triples.
fn pairs(g: &Graph, name: &str) -> Result<Vec<Var>> {
    let pairs = g.input_list(name)?; // [B, n] each
    match pairs.len().is_multiple_of(TRIPLE) {
        true => Ok(pairs),
        false => Err(g.shape_problem(format!(
            "`{name}` holds {} pairs of turns, which are no triples",
            pairs.len()
        ))),
    }
}

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let network = OrderNetwork::of(task);
    let target = pairs(g, "target")?; // 3 times [B, n]
    let in_order = pairs(g, "in_order")?; // 3 k times [B, n]
    let out_of_order = pairs(g, "out_of_order")?;
    if target.len() != TRIPLE || in_order.len() != out_of_order.len() {
        let found = [&target, &in_order, &out_of_order].map(|pairs| pairs.len() / TRIPLE);
        return Err(g
            .shape_problem(format!(
                "dialogue_order takes one target and as many references of each kind, not {found:?} triples"
            ))
            .help("`dialogues(…) |> triples(references = 1)` gives them"));
    }
    let ordered = g.input("ordered")?; // [B] in 0..2

    let scores = network.scores(g, &target, &in_order, &out_of_order)?; // [B, 2]
    let loss = g.cross_entropy(scores, ordered)?;
    g.objective("loss", loss);
    let accuracy = g.accuracy(scores, ordered)?;
    g.metric("accuracy", accuracy);
    let coherence = OrderNetwork::coherence(g, scores)?; // [B]
    g.place(COHERENCE, coherence);
    Ok(())
}

/// Every pair of turns in pieces of words, as many of each as fit.
fn augment(task: &Args, fields: &Fields) -> Option<String> {
    let vocabulary = task.maybe_artifact("vocabulary")?;
    let names = ["target", "in_order", "out_of_order"];
    let has = |name: &str| {
        let texts = SampleType::list(SampleType::TEXT, None);
        fields
            .iter()
            .any(|(own, ty)| own == name && ty.fits(&texts))
    };
    let labelled = fields
        .iter()
        .any(|(own, ty)| own == "ordered" && ty.as_label().is_some());
    let cut = |name: &str| {
        let pieces = &vocabulary.name;
        format!("{name} = {name} |> tokenize({pieces}) |> crop_tokens({LENGTH}, at = start)")
    };
    let all = names.into_iter().all(has) && labelled;
    all.then(|| format!("emit {}, ordered\n", names.map(cut).join(", ")))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "dialogue_order",
        Kind::Task,
        "Are three turns of a dialogue in the order in which they were said?",
        Make::task(build, augment),
    )
    .param(Param::with_default("width", Type::Integer, "128", "Features of the memory that reads a triple, in each direction.").within(1.0, 8192.0))
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(128) |> relu() |> linear(2)",
        "From the references in order, those out of order and the target, side by side, to two scores: out of order, in order.",
    ))
    .param(vocabulary_param())
    .params(training_params(
        (32, DIALOGUES),
        "20 epochs",
        "adamw(1e-3, weight_decay = 0.01)",
        "cosine()",
    ))
    .input_list("target", SampleType::TOKENS, TRIPLE, "Three pairs of turns of a dialogue, each as one text.")
    .input_list("in_order", SampleType::TOKENS, TRIPLE, "References from earlier in the dialogue that are in order: one triple, or several one after the other.")
    .input_list("out_of_order", SampleType::TOKENS, TRIPLE, "As many that are not.")
    .input("ordered", SampleType::label(2), "1 where the target is in order.")
    .paper(
        "Wu et al., 2019",
        "Self-Supervised Dialogue Learning",
        "arXiv:1907.00448",
    )
    .doc(
        "Inconsistent order detection: whoever tells whether ⟨(Q₁, A₁), (Q₄, A₄), (Q₂, A₂)⟩ was said like this has learnt how talk flows. The \
         encoder reads each pair of turns as one text; a recurrent network in both directions and the largest of each feature make a vector of a triple \
         (the order reasoning layer); beside the target stand references from earlier in the same dialogue, drawn anew each time, one in order and one \
         out of order, so that what is told is told in the light of this dialogue; the three vectors side by side are scored. All pairs of a batch go \
         through the encoder at once. Of several references of a kind (`triples(references = 3)`) the mean of their vectors is taken, where the \
         paper draws again and takes the mean of what is told. The paper's encoder is recurrent: `gru()`; `bert()` will do.\n\n\
         `accuracy` is how many targets are told, half of which are in order in `triples(ordered = 50%)`. How likely a target is in order is the \
         coherence score, which `coherence` reads for continuations of dialogues. Later stages show the encoder single texts.",
    )
    .example(
        "ssl 1\n\ndataset talks   = dialogues(\"talks.jsonl\")\ndataset triples = dialogues(\"talks.jsonl\") |> triples(ordered = 50%)\n\n\
         fit pieces = wordpiece(size = 4000) { data = talks.train }\n\n\
         pretext order = dialogue_order(vocabulary = pieces) {\n  data    = triples.train\n  encoder = gru()\n}\n",
    )
}

#[cfg(test)]
#[path = "dialogue_order_tests.rs"]
mod tests;
