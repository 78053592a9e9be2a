//! Views of a picture meet at one point, and a batch of points is a Gaussian ball (Balestriero & LeCun, 2025).

use super::crops::{Crops, crops, default_crops};
use super::two_views::{Looks, spread};
use super::{CROPS, mean_of, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Var};

/// Where characteristic functions are compared: this far to both sides of 0.
const REACH: f64 = 5.0;
/// At so many points.
const KNOTS: usize = 17;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));
    let Crops { globals, locals } = crops(g, "lejepa")?;
    let mut z = Vec::new(); // V times [B, d]
    // one pass for each size of view
    for group in [&globals, &locals] {
        if group.is_empty() {
            continue;
        }
        let x = g.concat(group, 0)?; // [n B, C, H, W]
        let y = g.call(&encoder, x)?; // [n B, D]
        let y = g.call(&head, y)?; // [n B, d]
        z.extend(g.split(y, 0, group.len())?);
    }
    let width = g.check_features("lejepa", z[0])?; // d
    let slices = task.size("slices"); // M
    let directions = g.random_normal(vec![width.into(), slices.into()]);
    let loss = loss(g, task, (&z, globals.len()), directions)?;
    g.objective("loss", loss);
    Ok(())
}

/// (1 − λ) prediction + λ SIGReg of views `z [B, d]`, of which the first `full` are full ones: `[1]`. `directions [d, M]` of any length.
fn loss(g: &mut Graph, task: &Args, (z, full): (&[Var], usize), directions: Var) -> Result<Var> {
    let lambda = task.number("lambda");
    let centre = mean_of(g, &z[..full])?; // μ [B, d]
    let a = g.l2_normalize_along(directions, 0)?; // [d, M]
    let (mut predictions, mut balls) = (Vec::new(), Vec::new());
    for view in z {
        predictions.push(g.mse(*view, centre, None)?);
        balls.push(sigreg(g, *view, a)?);
    }
    let [prediction, ball] = [predictions, balls].map(|terms| mean_of(g, &terms));
    let (prediction, ball) = (prediction?, ball?);
    g.metric("prediction", prediction);
    g.metric("sigreg", ball);
    let spread = spread(g, z[0])?;
    g.metric("spread", spread);
    let near = g.mul_scalar(prediction, 1.0 - lambda)?;
    let round = g.mul_scalar(ball, lambda)?;
    g.add(near, round)
}

/// How far the batch `z [B, d]` is from a Gaussian ball of radius 1 along each of the directions `a [d, M]`, on average: `[1]`. Along
/// one it is the test of Epps and Pulley (section 4.2.3): B times the integral of |φ̂(t) − exp(−t²/2)|² exp(−t²/2) from −5 to 5 by 17
/// points and trapezia, φ̂(t) the mean of exp(i t a·z).
fn sigreg(g: &mut Graph, z: Var, a: Var) -> Result<Var> {
    let rows = g.shape(z)[0].clone();
    let along = g.matmul(z, a)?; // [B, M]
    let along = g.unsqueeze(along, 2)?; // [B, M, 1]
    let step = 2.0 * REACH / (KNOTS - 1) as f64;
    let t = g.arange(KNOTS.into());
    let t = g.to_float(t)?;
    let t = g.mul_scalar(t, step)?;
    let t = g.add_scalar(t, -REACH)?; // [17]
    let phi = g.mul(t, t)?;
    let phi = g.mul_scalar(phi, -0.5)?;
    let phi = g.exp(phi)?; // of the Gaussian, and the weight
    let angle = g.mul(along, t)?; // [B, M, 17]
    let real = g.cos(angle)?;
    let real = g.mean(real, 0)?; // [1, M, 17]
    let real = g.sub(real, phi)?;
    let real = g.mul(real, real)?;
    let imaginary = g.sin(angle)?;
    let imaginary = g.mean(imaginary, 0)?;
    let imaginary = g.mul(imaginary, imaginary)?;
    let error = g.add(real, imaginary)?;
    let error = g.mul(error, phi)?; // [1, M, 17]
    // trapezia: both ends count half
    let sum = g.sum(error, 2)?; // [1, M, 1]
    let first = g.slice(error, 2, 0.into(), 1.into())?;
    let last = g.slice(error, 2, (KNOTS - 1).into(), 1.into())?;
    let ends = g.add(first, last)?;
    let ends = g.mul_scalar(ends, -0.5)?;
    let integral = g.add(sum, ends)?;
    let integral = g.mul_scalar(integral, step)?;
    let mean = g.mean_all(integral)?; // [1]
    let rows = g.count(rows);
    g.mul(mean, rows)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "lejepa",
        Kind::Task,
        "Views of a picture meet at one point, and a batch of points is a Gaussian ball.",
        Make::task(build, |task, fields| {
            default_crops(task, fields, &Looks::LEJEPA, 0.05, 8)
        }),
    )
    .param(
        Param::with_default(
            "lambda",
            Type::Number,
            "0.05",
            "λ: what the ball weighs; 1 − λ is what the views' distance does.",
        )
        .within(0.0, 1.0),
    )
    .param(
        Param::with_default(
            "slices",
            Type::Integer,
            "1024",
            "M: random directions along which a batch is held against a Gaussian, new ones in each step.",
        )
        .within(1.0, 65536.0),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> batch_norm() |> relu() |> linear(2048) |> batch_norm() |> relu() |> linear(64)",
        "The projection in which views meet. It is thrown away afterwards.",
    ))
    .params(training_params(
        (256, CROPS),
        "100 epochs",
        "adamw(5e-4, weight_decay = 5e-2)",
        "cosine(warmup = 10 epochs)",
    ))
    .input_list(
        "globals",
        SampleType::IMAGE,
        2,
        "Two or more full views, whose mean is where all views meet.",
    )
    .input_maybe_list(
        "locals",
        SampleType::IMAGE,
        "Small views; all of one size.",
    )
    .paper(
        "Balestriero & LeCun, 2025",
        "LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics",
        "arXiv:2511.08544",
    )
    .doc(
        "Each view is drawn to the mean of its picture's full views; what keeps pictures from becoming one is no stop-gradient, no slow copy \
         and no predictor, but that the projections of a batch must be a Gaussian ball: along each of M random directions their \
         characteristic function is held against that of the normal distribution (SIGReg, with the test of Epps and Pulley). One number, λ, weighs the \
         two. The metrics are both parts (SIGReg of a ball is about 1, whatever the batch) and `spread`, near 1 in a ball.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext ball = lejepa(slices = 256) {\n  data    = figures.train\n  encoder = small_cnn()\n  head    = linear(128) |> batch_norm() |> relu() |> linear(32)\n  batch   = 128\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
#[path = "lejepa_tests.rs"]
mod tests;
