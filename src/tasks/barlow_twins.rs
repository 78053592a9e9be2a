//! Two views agree feature by feature, and no two features say the same (Zbontar et al., 2021).

use super::two_views::{spread, two_views, unlike};
use super::{PAIRS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Var};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head")); // with the encoder: f
    let lambda = task.number("lambda");

    let [y_a, y_b] = two_views(g, "barlow_twins")?; // [B, C, H, W]
    let h_a = g.call(&encoder, y_a)?; // [B, D]
    let h_b = g.call(&encoder, y_b)?; // [B, D]
    let z_a = g.call(&head, h_a)?; // [B, d]
    let z_b = g.call(&head, h_b)?; // [B, d]

    let c = cross_correlation(g, z_a, z_b)?; // [d, d]
    let (on_diagonal, off_diagonal) = redundancy(g, c)?; // [1], [1]
    let weighted = g.mul_scalar(off_diagonal, lambda)?;
    let loss = g.add(on_diagonal, weighted)?;
    g.objective("loss", loss);
    g.metric("on_diagonal", on_diagonal);
    g.metric("off_diagonal", off_diagonal);
    let spread = spread(g, z_a)?;
    g.metric("spread", spread);
    Ok(())
}

/// Cᵢⱼ = Σ_b z_a[b, i] z_b[b, j] / B of features that have mean 0 and variance 1 over the batch: equation 2 of the paper, from
/// `z_a` and `z_b`, both `[B, d]`, to `[d, d]`.
fn cross_correlation(g: &mut Graph, z_a: Var, z_b: Var) -> Result<Var> {
    let batch = g.shape(z_a)[0].clone();
    let z_a = g.standardize(z_a, &[0], 1e-5)?; // [B, d]
    let z_b = g.standardize(z_b, &[0], 1e-5)?; // [B, d]
    let z_a_t = g.transpose(z_a, 0, 1)?; // [d, B]
    let c = g.matmul(z_a_t, z_b)?; // [d, d]
    let batch = g.count(batch); // [1]
    g.div(c, batch)
}

/// Σᵢ (1 − Cᵢᵢ)² and Σᵢ Σⱼ≠ᵢ Cᵢⱼ² of `c [d, d]`.
fn redundancy(g: &mut Graph, c: Var) -> Result<(Var, Var)> {
    let identity = g.eye(g.shape(c)[0].clone()); // [d, d]
    let away = g.sub(c, identity)?;
    let square = g.mul(away, away)?; // [d, d]
    let on = g.mul(square, identity)?;
    let off = g.off_diagonal(square)?;
    Ok((g.sum_all(on)?, g.sum_all(off)?))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "barlow_twins",
        Kind::Task,
        "Two views agree feature by feature, and no two features say the same.",
        Make::task(build, |_, fields| unlike(fields)),
    )
    .param(
        Param::with_default(
            "lambda",
            Type::Number,
            "5e-3",
            "λ: weight of the correlations between different features.",
        )
        .within(0.0, 100.0),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> batch_norm() |> relu() |> linear(2048) |> batch_norm() |> relu() |> linear(2048)",
        "The projection whose features are decorrelated; the wider the better. It is thrown away afterwards.",
    ))
    .params(training_params(
        (2048, PAIRS),
        "1000 epochs",
        "lars(1.6, weight_decay = 1.5e-6)",
        "cosine(warmup = 10 epochs)",
    ))
    .input_list(
        "views",
        SampleType::IMAGE,
        2,
        "Two views of one picture, drawn on their own.",
    )
    .paper(
        "Zbontar et al., 2021",
        "Barlow Twins: Self-Supervised Learning via Redundancy Reduction",
        "arXiv:2103.03230",
    )
    .doc(
        "C is the correlation of each feature of one view with each of the other, over the batch. Its diagonal is drawn to 1 \
         (views agree), all else to 0 (features differ). A constant feature has no correlation with itself, so the diagonal \
         keeps pictures from becoming one. The paper's head is 8192 wide with a λ of 5.1e-3, and gives biases a rate of \
         their own (0.0048); here all parameters have one, 0.2 · batch / 256. Pictures below 96 px are neither blurred \
         nor solarized.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext twins = barlow_twins() {\n  data    = figures.train\n  encoder = small_cnn()\n  batch   = 256\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_algorithm_1() {
        follow(include_str!("../../tests/fixtures/tasks/barlow_twins.json"));
    }
}
