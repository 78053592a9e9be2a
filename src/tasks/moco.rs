//! A view finds the other view of its picture among many, which a slow encoder made and a queue keeps (He et al., 2020).

use super::queue::Queue;
use super::slow::{momentum, slow_momentum};
use super::two_views::{Looks, alike, two_views};
use super::{PAIRS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::encoders::layers::mlp;
use crate::graph::{Graph, Module, Scalar};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let v2 = task.word("version") == "v2";
    let f_q = Module::new("encoder", task.net("encoder"));
    let head = task.maybe_net("head").cloned();
    let head_q = Module::new("head", &head.unwrap_or_else(|| default_head(v2)));
    let m = momentum(task, Scalar::from)?;
    let tau = task.maybe_number("temperature");
    let tau = tau.unwrap_or(if v2 { 0.2 } else { 0.07 });
    let length = task.size("queue"); // K
    let f_k = g.ema(&f_q, m.clone())?;
    let head_k = g.ema(&head_q, m)?;
    g.part("encoder", &f_q);
    g.part("key", &f_k);

    let [x_q, x_k] = two_views(g, "moco")?; // [B, C, H, W]
    let y_q = g.call(&f_q, x_q)?; // [B, D]
    let q = g.call(&head_q, y_q)?; // [B, d]
    let q = g.l2_normalize(q)?;
    let y_k = g.call(&f_k, x_k)?; // [B, D]
    let k = g.call(&head_k, y_k)?; // [B, d]
    let k = g.l2_normalize(k)?; // a slow copy: no gradient

    let queue = Queue::new(g, ("moco", "queue"), q, length)?;
    let (loss, accuracy) = queue.contrast(g, [q, k], tau)?; // [1], [1]
    g.objective("loss", loss);
    g.metric("accuracy", accuracy);

    queue.enqueue(g, k)
}

/// v1 has one layer, v2 SimCLR's two.
fn default_head(v2: bool) -> crate::catalog::Net {
    match v2 {
        true => mlp(&[2048, 128]),
        false => mlp(&[128]),
    }
}

/// v1's and v2's looks; what v2 adds is a weaker hue and the blur.
fn looks(task: &Args) -> Looks {
    match task.word("version") {
        "v2" => Looks::MOCO_V2,
        _ => Looks::NPID,
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "moco",
        Kind::Task,
        "A view finds its other view among many that a queue keeps.",
        Make::task(build, |task, fields| alike(&looks(task), fields)),
    )
    .param(Param::with_default(
        "version",
        Type::Choice(&["v1", "v2"]),
        "v2",
        "`v1` (He et al., 2020): one layer as head, temperature 0.07. `v2` (Chen et al., 2020): two layers, 0.2, views with blur.",
    ))
    .param(
        Param::optional(
            "temperature",
            Type::Number,
            "τ: scores are divided by it; the version's where it is absent.",
        )
        .within(1e-3, 100.0),
    )
    .param(
        Param::with_default(
            "queue",
            Type::Integer,
            "65536",
            "K: keys that are kept, from the last K / batch steps; more than a batch. 4096 suits small data.",
        )
        .within(1.0, 1e7),
    )
    .param(
        slow_momentum("0.999", "m: the part of the key encoder that stays at each step. 0.99 suits small data."),
    )
    .param(Param::optional(
        "head",
        Type::Head,
        "The projection in which views are compared. Where it is absent: `linear(128)` in v1, `linear(2048) |> relu() |> linear(128)` in v2.",
    ))
    .params(training_params(
        (256, PAIRS),
        "200 epochs",
        "sgd(0.03, momentum = 0.9, weight_decay = 1e-4)",
        "cosine()",
    ))
    .say("schedule", "How the learning rate changes; v1 had `step(at = [60%, 80%], factor = 0.1)`.")
    .input_list(
        "views",
        SampleType::IMAGE,
        2,
        "Query and key: two views of one picture, drawn on their own.",
    )
    .export("encoder", "The encoder of queries, which is trained.")
    .export("key", "Its slow copy, the encoder of keys, with batch statistics of its own.")
    .paper(
        "He et al., 2020",
        "Momentum Contrast for Unsupervised Visual Representation Learning",
        "arXiv:1911.05722",
    )
    .doc(
        "InfoNCE: of the key of the same picture and the K keys in the queue, which one belongs to the query? Keys come from a \
         slow copy of encoder and head, so that those of earlier steps stay comparable; negatives keep pictures from becoming \
         one. The metric is how often the own key is the nearest. The queue is first in, first out, and starts as random \
         directions. Version 2 (arXiv:2003.04297) changes head, temperature, views and schedule only.\n\n\
         Shuffled batch norm: on many devices each normalises a few pictures, and query and key of a picture would give each \
         other away by sharing statistics, so the paper shuffles keys among devices. On one device there is nothing to \
         shuffle among: query and key encoder each normalise the whole batch of their own views, with statistics of their \
         own. With a large batch a picture leaves little trace in them. An encoder without batch norm (`vit`) leaves none.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext keys = moco(queue = 1024, momentum = 0.99) {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_algorithm_1() {
        follow(include_str!("../../tests/fixtures/tasks/moco.json"));
    }
}
