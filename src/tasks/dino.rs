//! A student guesses from small views what its slow teacher says of full ones (Caron et al., 2021).

use super::crops::{Crops, crops, default_crops};
use super::slow::{momentum, slow_momentum};
use super::teacher::{Teacher, across, collapse, teacher_params, warming};
use super::two_views::{Looks, spread};
use super::{CROPS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Scalar};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));
    let lambda = momentum(task, |lambda| Scalar::cosine(lambda, 1.0))?;
    let teacher_encoder = g.ema(&encoder, lambda.clone())?;
    let teacher_head = g.ema(&head, lambda)?;
    g.part("teacher", &teacher_encoder);
    g.part("student", &encoder);
    let tau_s = task.number("student_temperature");
    let teacher = Teacher {
        centre: "centre",
        momentum: task.number("centre_momentum"),
        temperature: warming(task),
    };

    let Crops { globals, locals } = crops(g, "dino")?;
    let full = globals.len();
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

    let p = teacher.distributions(g, "dino", t)?; // [full B, K]
    let targets = g.split(p, 0, full)?;

    let mut log_s = Vec::new(); // V times [B, K]
    for s in &s {
        let s = g.mul_scalar(*s, 1.0 / tau_s)?;
        log_s.push(g.log_softmax(s, 1)?);
    }
    let loss = across(g, &targets, &log_s)?;
    g.objective("loss", loss);
    collapse(g, p)?;
    let spread = spread(g, t)?;
    g.metric("spread", spread);
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
    .params(teacher_params())
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
