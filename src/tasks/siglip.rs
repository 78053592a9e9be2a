//! Is this caption of this picture? Every pair of a batch is asked on its own (Zhai et al., 2023).

use super::towers::{SCALE, augment, directions, scale_start, scaled, sides, told};
use super::{CAPTIONED, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::graph::{Graph, Init};

/// Added to all scores, `[1]`.
const BIAS: &str = "logit_bias";

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let [image, text] = directions(g, task)?; // x, y: [B, d]
    let scale = g.parameter(SCALE, &[1], scale_start(task)); // t'
    let [scale, logits] = scaled(g, [image, text], scale)?; // [B, B]
    let start = Init::Constant(task.number("bias") as f32);
    let bias = g.parameter(BIAS, &[1], start); // b
    let logits = g.add(logits, bias)?;

    // −1/B Σ ln σ(z (t x·y + b)): z is 1 for a picture with its own caption, −1 with another one
    let rows = g.shape(logits)[0].clone();
    let own = g.eye(rows.clone());
    let own = g.mul_scalar(own, 2.0)?;
    let signs = g.add_scalar(own, -1.0)?; // [B, B]
    let signed = g.mul(logits, signs)?;
    let likely = g.log_sigmoid(signed)?;
    let sum = g.sum(likely, 1)?; // [B, 1]
    let mean = g.mean_all(sum)?; // [1]
    let loss = g.neg(mean)?;
    g.objective("loss", loss);
    let accuracy = told(g, logits)?;
    g.metric("accuracy", accuracy);
    g.metric("scale", scale);
    g.metric("bias", bias);
    Ok(())
}

pub(super) fn spec() -> Spec {
    let spec = Spec::new(
        "siglip",
        Kind::Task,
        "Is this caption of this picture?",
        Make::task(build, augment),
    );
    sides(spec, "0.1")
        .param(
            Param::with_default(
                "bias",
                Type::Number,
                "-10",
                "b at the start: added to all scores, so that at first no pair is taken for one.",
            )
            .within(-1e3, 1e3),
        )
        .params(training_params(
            (256, CAPTIONED),
            "32 epochs",
            "adamw(1e-3, beta2 = 0.95, weight_decay = 1e-4)",
            "cosine(warmup = 1 epoch)",
        ))
        .paper(
            "Zhai et al., 2023",
            "Sigmoid Loss for Language Image Pre-Training",
            "arXiv:2303.15343",
        )
        .doc(
            "As `clip`, but each picture with each caption of the batch is a question of its own, answered by a sigmoid: yes for the own caption, no for all \
             others. No sum over the batch stands under a fraction, so it works in small batches, too. A learnt bias makes up for how many more pairs are none. \
             `accuracy` is how often the own one scores highest, both ways, as of `clip`; `scale` and `bias` are what is learnt of scores. The paper's text \
             encoder sees all pieces at once: `bert()` does.",
        )
        .example(
            "ssl 1\n\ndataset drawn = image_text(\"captions.csv\")\n\nfit pieces = bpe(size = 1000) { data = drawn.train }\n\n\
             pretext pairs = siglip(vocabulary = pieces) {\n  data          = drawn.train\n  image_encoder = small_cnn()\n}\n",
        )
}

#[cfg(test)]
#[path = "siglip_tests.rs"]
mod tests;
