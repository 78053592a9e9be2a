//! One network predicts what its slow copy makes of another view (Grill et al., 2020).

use super::slow::{momentum, slow_momentum};
use super::two_views::{same_width, spread, two_views, unlike};
use super::{PAIRS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Scalar, Var};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder")); // f_θ
    let head = Module::new("head", task.net("head")); // g_θ
    let predictor = Module::new("predictor", task.net("predictor")); // q_θ
    let tau = momentum(task, |tau| Scalar::cosine(tau, 1.0))?;
    let target_encoder = g.ema(&encoder, tau.clone())?; // f_ξ
    let target_head = g.ema(&head, tau)?; // g_ξ
    g.part("encoder", &encoder);
    g.part("target", &target_encoder);

    let [v1, v2] = two_views(g, "byol")?; // [B, C, H, W]
    let online = |g: &mut Graph, v| {
        let y = g.call(&encoder, v)?; // [B, D]
        g.call(&head, y) // [B, d]
    };
    let target = |g: &mut Graph, v| {
        let y = g.call(&target_encoder, v)?; // [B, D]
        g.call(&target_head, y) // [B, d]
    };
    let (z1, z2) = (online(g, v1)?, online(g, v2)?);
    let (q1, q2) = (g.call(&predictor, z1)?, g.call(&predictor, z2)?); // [B, d]
    same_width(g, "predictor", q1, z1)?;
    let (t1, t2) = (target(g, v1)?, target(g, v2)?);

    let (l1, l2) = (l(g, q1, t2)?, l(g, q2, t1)?);
    let loss = g.add(l1, l2)?;
    g.objective("loss", loss);
    let spread = spread(g, z1)?;
    g.metric("spread", spread);
    Ok(())
}

/// |q/|q| − z/|z||² = 2 − 2 cos(q, z), averaged over the batch: equation 2 of the paper.
fn l(g: &mut Graph, q: Var, z: Var) -> Result<Var> {
    let loss = g.cosine_loss(q, z)?;
    g.mul_scalar(loss, 2.0)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "byol",
        Kind::Task,
        "One network predicts what its slow copy makes of another view; no negatives.",
        Make::task(build, |_, fields| unlike(fields)),
    )
    .param(
        slow_momentum("0.996", "τ: the part of the slow copy that stays at each step; it rises to 1 along half a cosine."),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(4096) |> batch_norm() |> relu() |> linear(256)",
        "g, the projection. It is thrown away afterwards.",
    ))
    .param(Param::with_default(
        "predictor",
        Type::Head,
        "linear(4096) |> batch_norm() |> relu() |> linear(256)",
        "q: from one view's projection to the slow copy's of the other; as wide as the head at the end.",
    ))
    .params(training_params(
        (4096, PAIRS),
        "1000 epochs",
        "lars(3.2, weight_decay = 1.5e-6)",
        "cosine(warmup = 10 epochs)",
    ))
    .input_list(
        "views",
        SampleType::IMAGE,
        2,
        "Two views of one picture, drawn on their own.",
    )
    .export("encoder", "The encoder that is trained.")
    .export("target", "Its slow copy, with batch statistics of its own.")
    .paper(
        "Grill et al., 2020",
        "Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning",
        "arXiv:2006.07733",
    )
    .doc(
        "The loss is 2 − 2 cos(q(z₁), z₂′), where z₂′ comes from a slow copy of encoder and head, and the same with the views \
         exchanged. Nothing pushes pictures apart: the predictor and the slowness of the target keep them from becoming one. The \
         metric `spread` shows it: near 1 all is well, 0 is a collapse. The copy is moved after each step, has batch statistics \
         of its own and no gradient. `from = STAGE` means the encoder that is trained, `from = STAGE.target` its slow copy. \
         The default rate is the paper's, 0.2 · batch / 256; pictures below 96 px are neither blurred nor solarized.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext twins = byol() {\n  data    = figures.train\n  encoder = small_cnn()\n  batch   = 256\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_the_paper() {
        follow(include_str!("../../tests/fixtures/tasks/byol.json"));
    }
}
