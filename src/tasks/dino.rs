//! A student guesses from small views what its slow teacher says of full ones (Caron et al., 2021).

use super::crops::{Crops, crops, default_crops};
use super::slow::{momentum, slow_momentum};
use super::two_views::{Looks, spread};
use super::{CROPS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{DType, Graph, Init, Module, Moment, Scalar, Var};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));
    let lambda = momentum(task, |lambda| Scalar::cosine(lambda, 1.0))?;
    let teacher_encoder = g.ema(&encoder, lambda.clone())?;
    let teacher_head = g.ema(&head, lambda)?;
    g.part("teacher", &teacher_encoder);
    g.part("student", &encoder);
    let tau_s = task.number("student_temperature");
    let (cold, warm) = task.range("teacher_temperature");
    let warmed = Moment::from(task.duration("warmup"));
    let tau_t = Scalar::linear(cold, warm, warmed);
    let m = task.number("centre_momentum");

    let Crops { globals, locals } = crops(g, "dino")?;
    let full = globals.len();
    let views = full + locals.len(); // V
    // one pass for each size of view
    let mut s = Vec::new(); // V times [B, K]
    for group in [&globals, &locals] {
        if group.is_empty() {
            continue;
        }
        let x = g.concat(group, 0)?; // [n B, C, H, W]
        let y = g.call(&encoder, x)?; // [n B, D]
        let y = g.call(&head, y)?; // [n B, K]
        s.extend(g.split(y, 0, group.len())?);
    }
    // the teacher sees full views only
    let x = g.concat(&globals, 0)?;
    let y = g.call(&teacher_encoder, x)?;
    let t = g.call(&teacher_head, y)?; // [full B, K]

    let width = g.check_features("dino", t)?; // K
    let centre = g.state("centre", &[1, width], Init::Constant(0.0), DType::F32)?;
    let c = g.read(centre); // [1, K]
    let tau_t = g.scalar(tau_t); // [1]
    let p = g.sub(t, c)?; // centring
    let p = g.div(p, tau_t)?; // sharpening
    let p = g.softmax(p, 1)?; // [full B, K]
    let targets = g.split(p, 0, full)?;

    let mut log_s = Vec::new(); // V times [B, K]
    for s in &s {
        let s = g.mul_scalar(*s, 1.0 / tau_s)?;
        log_s.push(g.log_softmax(s, 1)?);
    }
    let mut terms = Vec::new();
    for (i, target) in targets.iter().enumerate() {
        for (v, log_s) in log_s.iter().enumerate() {
            // a view is not compared with itself
            if v != i {
                terms.push(h(g, *target, *log_s)?);
            }
        }
    }
    let mut loss = terms[0];
    for term in &terms[1..] {
        loss = g.add(loss, *term)?;
    }
    let loss = g.mul_scalar(loss, 1.0 / (full * (views - 1)) as f64)?;
    g.objective("loss", loss);

    // C ← m C + (1 − m) mean of the teacher's outputs
    let mean = g.mean(t, 0)?; // [1, K]
    let old = g.mul_scalar(c, m)?;
    let new = g.mul_scalar(mean, 1.0 - m)?;
    let next = g.add(old, new)?;
    g.assign(centre, next)?;
    collapse(g, p)?;
    let spread = spread(g, t)?;
    g.metric("spread", spread);
    Ok(())
}

/// H(p, s) = −Σ p log s of each row, averaged over the batch: `[1]`.
fn h(g: &mut Graph, p: Var, log_s: Var) -> Result<Var> {
    let product = g.mul(p, log_s)?;
    let sum = g.sum(product, 1)?; // [B, 1]
    let mean = g.mean_all(sum)?;
    g.neg(mean)
}

/// The two ways to collapse (section 5.3): the teacher's entropy is ln K where its output is flat, and its divergence from the
/// mean output is 0 where all pictures get the same one.
fn collapse(g: &mut Graph, p: Var) -> Result<()> {
    let log_p = g.add_scalar(p, 1e-12)?;
    let log_p = g.log(log_p)?;
    let entropy = h(g, p, log_p)?;
    let mean = g.mean(p, 0)?; // [1, K]
    let log_mean = g.add_scalar(mean, 1e-12)?;
    let log_mean = g.log(log_mean)?;
    let cross = h(g, mean, log_mean)?;
    let divergence = g.sub(cross, entropy)?;
    g.metric("entropy", entropy);
    g.metric("divergence", divergence);
    Ok(())
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "dino",
        Kind::Task,
        "A student guesses from small views what its slow teacher says of full ones.",
        Make::task(build, |task, fields| default_crops(task, fields, &Looks::DINO, 0.05, 8)),
    )
    .param(
        slow_momentum("0.996", "λ: the part of the teacher that stays at each step; it rises to 1 along half a cosine. Higher for small batches."),
    )
    .param(
        Param::with_default("student_temperature", Type::Number, "0.1", "τ of the student's softmax.")
            .within(1e-3, 100.0),
    )
    .param(
        Param::with_default(
            "teacher_temperature",
            Type::Range,
            "0.04..0.07",
            "τ of the teacher's softmax, at the start and after `warmup`: sharpening.",
        )
        .within(1e-3, 100.0),
    )
    .param(Param::with_default(
        "warmup",
        Type::Duration,
        "30 epochs",
        "How long the teacher's temperature rises.",
    ))
    .param(
        Param::with_default(
            "centre_momentum",
            Type::Number,
            "0.9",
            "m: the part of the centre that stays at each step.",
        )
        .within(0.0, 1.0),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> gelu() |> linear(2048) |> gelu() |> linear(256) |> prototypes(65536, freeze = 1 epoch)",
        "The projection and its last layer, whose outputs are the K dimensions of the distributions. It is thrown away afterwards.",
    ))
    .params(training_params(
        (1024, CROPS),
        "100 epochs",
        "adamw(2e-3, weight_decay = 0.04)",
        "cosine(warmup = 10 epochs)",
    ))
    .input_list(
        "globals",
        SampleType::IMAGE,
        2,
        "Two or more full views, which teacher and student see.",
    )
    .input_maybe_list(
        "locals",
        SampleType::IMAGE,
        "Small views, which the student alone sees; all of one size.",
    )
    .export("teacher", "The slow copy of the encoder, with batch statistics of its own.")
    .export("student", "The encoder that is trained.")
    .paper(
        "Caron et al., 2021",
        "Emerging Properties in Self-Supervised Vision Transformers",
        "arXiv:2104.14294",
    )
    .doc(
        "Student and teacher give a distribution over K dimensions for each view; the student's must match the teacher's for \
         every other view of the picture. The teacher is a slow copy of the student. Centring (what the teacher says on \
         average is subtracted) keeps one dimension from winning, sharpening (its low temperature) keeps the output from going \
         flat: together they keep pictures from becoming one. The metrics `entropy` and `divergence` show both: an entropy of \
         ln K or a divergence of 0 is a collapse. The last layer's directions have length 1 and stay as they start \
         for `freeze`. `from = STAGE` means the teacher, as in the paper, `from = STAGE.student` the network that is trained. \
         Weight decay is constant (the paper raises it from 0.04 to 0.4), and the two full views of the default augment \
         are drawn alike. Paper's rate: 5e-4 · batch / 256.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext distill = dino() {\n  data    = figures.train\n  encoder = small_cnn()\n  head    = linear(128) |> gelu() |> linear(64) |> prototypes(256, freeze = 1 epoch)\n  batch   = 64\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_algorithm_1() {
        follow(include_str!("../../tests/fixtures/tasks/dino.json"));
    }
}
