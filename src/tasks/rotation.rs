//! Which quarter turn was applied? (Gidaris et al., 2018)

use super::picture;
use super::{PICTURES, cut, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Module};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));

    let view = g.input_stacked("view")?; // [R, C, H, W], R = B, or 4 B where all four turns are emitted
    let turn = g.input_stacked("turn")?; // [R] in 0..4
    let features = g.call(&encoder, view)?; // [R, D]
    let logits = g.call(&head, features)?; // [R, 4]

    let loss = g.cross_entropy(logits, turn)?;
    g.objective("loss", loss);
    let accuracy = g.accuracy(logits, turn)?;
    g.metric("accuracy", accuracy);
    Ok(())
}

/// The paper's for CIFAR-10: crop out of the padded picture, mirror, all four turns in one batch.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let cut = cut(image.side, [256, 224]);
    let upright = format!("{} |> {cut} |> hflip(50%)", image.name);
    Some(format!(
        "upright      = {upright} |> normalize()\n(view, turn) = upright |> quarter_turn(all = on)\nemit view, turn\n"
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "rotation",
        Kind::Task,
        "Which quarter turn was applied?",
        Make::task(build, augment),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(4)",
        "From the encoder's features to one score per turn.",
    ))
    .params(training_params(
        (128, PICTURES),
        "200 epochs",
        "sgd(0.1, momentum = 0.9, nesterov = on, weight_decay = 5e-4)",
        "step(at = [30%, 60%, 80%], factor = 0.2)",
    ))
    .input_or_list(
        "view",
        SampleType::IMAGE,
        "The turned picture, or all four turns of it.",
    )
    .input_or_list(
        "turn",
        SampleType::label(4),
        "How many quarter turns, counter-clockwise; one for each view.",
    )
    .paper(
        "Gidaris et al., 2018",
        "Unsupervised Representation Learning by Predicting Image Rotations",
        "arXiv:1803.07728",
    )
    .doc(
        "Whoever can tell which way is up has learnt what the picture shows. A batch of B pictures holds B views, or 4 B \
         where the augment emits all four turns, as in the paper. The defaults are the paper's for CIFAR-10.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext turns = rotation() {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}
