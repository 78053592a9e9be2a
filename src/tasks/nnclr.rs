//! A view finds not its own other view but the nearest picture of a queue (Dwibedi et al., 2021).

use super::queue::Queue;
use super::two_views::{Looks, alike, same_width, two_views};
use super::{PAIRS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Var};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder")); // f
    let head = Module::new("head", task.net("head")); // g
    let predictor = Module::new("predictor", task.net("predictor")); // h
    let tau = task.number("temperature");
    let length = task.size("queue");

    let [x1, x2] = two_views(g, "nnclr")?; // [B, C, H, W]
    let project = |g: &mut Graph, x| {
        let y = g.call(&encoder, x)?; // [B, D]
        g.call(&head, y) // [B, d]
    };
    let (z1, z2) = (project(g, x1)?, project(g, x2)?);
    let (p1, p2) = (g.call(&predictor, z1)?, g.call(&predictor, z2)?); // [B, d]
    same_width(g, "predictor", p1, z1)?;
    let (z1, z2) = (g.l2_normalize(z1)?, g.l2_normalize(z2)?);

    let queue = Queue::new(g, ("nnclr", "queue"), z1, length)?; // Q
    let kept = queue.kept(g); // [Q, d]
    let (nn1, nn2) = (nearest(g, z1, kept)?, nearest(g, z2, kept)?); // [B, d]
    let (l1, hits) = g.info_nce(nn1, p2, None, tau, true)?; // [1]
    let (l2, _) = g.info_nce(nn2, p1, None, tau, true)?;
    let sum = g.add(l1, l2)?;
    let loss = g.mul_scalar(sum, 0.5)?;
    g.objective("loss", loss);
    g.metric("accuracy", hits);
    let next = g.stop_gradient(z1)?;
    queue.enqueue(g, next)
}

/// The row of `kept [Q, d]` that is nearest to each of `z [B, d]`; rows have length 1. No gradient flows.
fn nearest(g: &mut Graph, z: Var, kept: Var) -> Result<Var> {
    let kept_t = g.transpose(kept, 0, 1)?; // [d, Q]
    let cosines = g.matmul(z, kept_t)?; // [B, Q]
    let index = g.argmax(cosines, 1)?; // [B, 1]
    let index = g.squeeze(index, 1)?; // [B]
    g.take(kept, index, 0) // [B, d]
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "nnclr",
        Kind::Task,
        "A view finds the nearest neighbour of its other view.",
        Make::task(build, |_, fields| alike(&Looks::MOCO_V2, fields)),
    )
    .param(
        Param::with_default("temperature", Type::Number, "0.1", "τ: scores are divided by it.")
            .within(1e-3, 100.0),
    )
    .param(
        Param::with_default(
            "queue",
            Type::Integer,
            "98304",
            "Projections of earlier steps among which neighbours are looked for; more than a batch. 4096 suits small data.",
        )
        .within(1.0, 1e7),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> batch_norm() |> relu() |> linear(2048) |> batch_norm() |> relu() |> linear(256) |> batch_norm()",
        "g, the projection. It is thrown away afterwards.",
    ))
    .param(Param::with_default(
        "predictor",
        Type::Head,
        "linear(4096) |> batch_norm() |> relu() |> linear(256)",
        "h: from one view's projection to the neighbour of the other's; as wide as the head at the end.",
    ))
    .params(training_params(
        (4096, PAIRS),
        "1000 epochs",
        "lars(4.8, weight_decay = 1e-6)",
        "cosine(warmup = 10 epochs)",
    ))
    .input_list(
        "views",
        SampleType::IMAGE,
        2,
        "Two views of one picture, drawn on their own.",
    )
    .paper(
        "Dwibedi et al., 2021",
        "With a Little Help from My Friends: Nearest-Neighbor Contrastive Learning of Visual Representations",
        "arXiv:2104.14548",
    )
    .doc(
        "As in `simclr`, but what a view must find among the batch is the nearest neighbour of its other view in a queue of \
         earlier projections: a real other picture instead of a distorted one. The other pictures of the batch are negatives, \
         which keeps pictures from becoming one. The queue is first in, first out, takes the first view's projections, and starts \
         as random directions. The metric is how often the right one is the nearest. Default rate: the paper's 0.3 · batch / 256.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext friends = nnclr(queue = 1024) {\n  data    = figures.train\n  encoder = small_cnn()\n  batch   = 256\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_algorithm_1() {
        follow(include_str!("../../tests/fixtures/tasks/nnclr.json"));
    }
}
