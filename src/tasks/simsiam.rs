//! One view predicts the other, which holds still (Chen & He, 2021).

use super::two_views::{Looks, alike, same_width, spread, two_views};
use super::{PAIRS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Var};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head")); // with the encoder: f
    let predictor = Module::new("predictor", task.net("predictor")); // h

    let [x1, x2] = two_views(g, "simsiam")?; // [B, C, H, W]
    let f = |g: &mut Graph, x| {
        let y = g.call(&encoder, x)?; // [B, D]
        g.call(&head, y) // [B, d]
    };
    let (z1, z2) = (f(g, x1)?, f(g, x2)?);
    let (p1, p2) = (g.call(&predictor, z1)?, g.call(&predictor, z2)?); // [B, d]
    same_width(g, "predictor", p1, z1)?;

    let (d1, d2) = (d(g, p1, z2)?, d(g, p2, z1)?);
    let sum = g.add(d1, d2)?;
    let loss = g.mul_scalar(sum, 0.5)?;
    g.objective("loss", loss);
    let spread = spread(g, z1)?;
    g.metric("spread", spread);
    Ok(())
}

/// D(p, z) = −mean cos(p, z) with z held still, equation 1 of the paper.
fn d(g: &mut Graph, p: Var, z: Var) -> Result<Var> {
    let z = g.stop_gradient(z)?;
    let cosine = g.cosine_similarity(p, z)?; // [B]
    let mean = g.mean_all(cosine)?;
    g.neg(mean)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "simsiam",
        Kind::Task,
        "One view predicts the other, which holds still; no negatives, no slow copy.",
        Make::task(build, |_, fields| alike(&Looks::MOCO_V2, fields)),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> batch_norm() |> relu() |> linear(2048) |> batch_norm()",
        "The projection; with the encoder it is the paper's f. It is thrown away afterwards.",
    ))
    .param(Param::with_default(
        "predictor",
        Type::Head,
        "linear(512) |> batch_norm() |> relu() |> linear(2048)",
        "h: from one view's projection to the other's; narrow in the middle, as wide as the head at the end.",
    ))
    .params(training_params(
        (512, PAIRS),
        "800 epochs",
        "sgd(0.06, momentum = 0.9, weight_decay = 5e-4)",
        "cosine()",
    ))
    .input_list(
        "views",
        SampleType::IMAGE,
        2,
        "Two views of one picture, drawn on their own.",
    )
    .paper(
        "Chen & He, 2021",
        "Exploring Simple Siamese Representation Learning",
        "arXiv:2011.10566",
    )
    .doc(
        "The loss is −cos(h(z₁), z₂) with z₂ held still, and the same the other way round, halved. Nothing pushes pictures \
         apart: the stop-gradient and the predictor alone keep them from becoming one. The metric `spread` shows it: near 1 \
         all is well, 0 is a collapse (the paper's figure 2). The defaults are the paper's for CIFAR-10 (appendix D: 0.03 · \
         batch / 256); for large pictures its head has three layers, `batch_norm()` after each.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext twins = simsiam() {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_algorithm_1() {
        follow(include_str!("../../tests/fixtures/tasks/simsiam.json"));
    }
}
