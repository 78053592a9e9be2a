//! Two views agree, every feature varies, and no two vary together (Bardes et al., 2022).

use super::two_views::{two_views, unlike};
use super::{PAIRS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Reduction, Var};

/// The standard deviation that every feature is asked for.
const GAMMA: f64 = 1.0;
/// Added to a variance before its root.
const EPSILON: f64 = 1e-4;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder")); // f
    let head = Module::new("head", task.net("head")); // h, the expander
    let lambda = task.number("invariance");
    let mu = task.number("variance");
    let nu = task.number("covariance");

    let [x_a, x_b] = two_views(g, "vicreg")?; // [B, C, H, W]
    let y_a = g.call(&encoder, x_a)?; // [B, D]
    let y_b = g.call(&encoder, x_b)?; // [B, D]
    let z_a = g.call(&head, y_a)?; // [B, d]
    let z_b = g.call(&head, y_b)?; // [B, d]

    let s = g.mse(z_a, z_b, None)?; // [1]
    let (v_a, v_b) = (variance(g, z_a)?, variance(g, z_b)?); // [1]
    let v = g.add(v_a, v_b)?;
    let (c_a, c_b) = (covariance(g, z_a)?, covariance(g, z_b)?); // [1]
    let c = g.add(c_a, c_b)?;

    let agree = g.mul_scalar(s, lambda)?;
    let vary = g.mul_scalar(v, mu)?;
    let differ = g.mul_scalar(c, nu)?;
    let loss = g.add(agree, vary)?;
    let loss = g.add(loss, differ)?;
    g.objective("loss", loss);
    g.metric("invariance", s);
    g.metric("variance", v);
    g.metric("covariance", c);
    Ok(())
}

/// v(Z), the mean over features of max(0, γ − √(Var z + ε)): `z [B, d]` → `[1]`.
fn variance(g: &mut Graph, z: Var) -> Result<Var> {
    let deviation = Reduction::Std {
        correction: 1,
        epsilon: EPSILON,
    };
    let deviation = g.reduce(deviation, z, &[0], false)?; // [d]
    let missing = g.neg(deviation)?;
    let missing = g.add_scalar(missing, GAMMA)?;
    let hinge = g.relu(missing)?;
    g.mean_all(hinge)
}

/// c(Z), the squared covariances of different features, summed, by the number of features: `z [B, d]` → `[1]`.
fn covariance(g: &mut Graph, z: Var) -> Result<Var> {
    let width = g.check_features("vicreg", z)?;
    let c = g.covariance(z)?; // [d, d]
    let off = g.off_diagonal(c)?;
    let square = g.mul(off, off)?;
    let sum = g.sum_all(square)?; // [1]
    g.mul_scalar(sum, 1.0 / width as f64)
}

pub(super) fn spec() -> Spec {
    let weight =
        |name, default, doc| Param::with_default(name, Type::Number, default, doc).within(0.0, 1e6);
    Spec::new(
        "vicreg",
        Kind::Task,
        "Two views agree, every feature varies, and no two vary together.",
        Make::task(build, |_, fields| unlike(fields)),
    )
    .param(weight(
        "invariance",
        "25",
        "λ: weight of the distance between the two views.",
    ))
    .param(weight(
        "variance",
        "25",
        "μ: weight of what each feature's standard deviation lacks to 1.",
    ))
    .param(weight(
        "covariance",
        "1",
        "ν: weight of the covariances of different features.",
    ))
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> batch_norm() |> relu() |> linear(2048) |> batch_norm() |> relu() |> linear(2048)",
        "h, the expander: where variances and covariances are taken. It is thrown away afterwards.",
    ))
    .params(training_params(
        (2048, PAIRS),
        "1000 epochs",
        "lars(1.6, weight_decay = 1e-6)",
        "cosine(warmup = 10 epochs)",
    ))
    .input_list(
        "views",
        SampleType::IMAGE,
        2,
        "Two views of one picture, drawn on their own.",
    )
    .paper(
        "Bardes et al., 2022",
        "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning",
        "arXiv:2105.04906",
    )
    .doc(
        "Each view is held to three terms of its own batch: its distance from the other view, a hinge that asks every feature \
         for a standard deviation of 1, and the squared covariances of different features. The hinge keeps pictures from \
         becoming one, the covariances keep features from saying the same: nothing is normalised, and no network is slow. \
         The distance is the mean over features as well as pictures, as in the paper's algorithm 1, with which its weights \
         were found. The paper's head is 8192 wide. Pictures below 96 px are neither blurred nor solarized.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext views = vicreg() {\n  data    = figures.train\n  encoder = small_cnn()\n  batch   = 256\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_algorithm_1() {
        follow(include_str!("../../tests/fixtures/tasks/vicreg.json"));
    }
}
