//! A hole is filled from what surrounds it, and a discriminator asks for more than its mean (Pathak et al., 2016).

use super::decoder::{self, decode};
use super::picture;
use super::{PICTURES, cut, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Module, Var};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let discriminator = Module::new("discriminator", task.net("discriminator")); // D
    let lambda_rec = task.number("reconstruction");
    let lambda_adv = task.number("adversarial");

    let view = g.input("view")?; // [B, C, H, W], (1 − M) ⊙ x
    let mask = g.input("mask")?; // [B, 1, H, W], M: 1 in the hole
    let x = g.input("target")?; // [B, C, H, W]
    let size = g.check_map("inpainting", x)?;
    let y = g.call(&encoder, view)?; // [B, D]
    let filled = g.scoped("decoder", |g| decode(g, y, size, task.size("width")))?; // [B, C, H, W], F

    // the discriminator learns first: whole pictures are 1, what was filled in is 0
    let still = g.stop_gradient(filled)?;
    let (real, fake) = (
        verdict(g, &discriminator, x)?,
        verdict(g, &discriminator, still)?,
    ); // [B, 1]
    let (right, wrong) = (is_real(g, real, true)?, is_real(g, fake, false)?);
    let loss_d = g.add(right, wrong)?;
    let loss_d = g.mul_scalar(loss_d, 0.5)?;
    g.objective_of("discriminator", loss_d, &[&discriminator])?;

    // then the encoder: near the hole's content, and taken for real
    let l_rec = reconstruction(g, mask, x, filled)?;
    let fooled = verdict(g, &discriminator, filled)?;
    let l_adv = is_real(g, fooled, true)?;
    let rec = g.mul_scalar(l_rec, lambda_rec)?;
    let adv = g.mul_scalar(l_adv, lambda_adv)?;
    let loss = g.add(rec, adv)?;
    g.objective("loss", loss);
    g.metric("reconstruction", l_rec);
    g.metric("adversarial", l_adv);
    g.exhibit_of("filled", &["picture", "seen", "filled"], |g| {
        let drawn = patched(g, x, filled, mask)?;
        Ok(vec![x, view, drawn])
    })
}

/// M ⊙ F + (1 − M) ⊙ x: the picture with its hole filled.
fn patched(g: &mut Graph, x: Var, filled: Var, mask: Var) -> Result<Var> {
    let away = g.sub(filled, x)?; // [B, C, H, W]
    let away = g.mul(away, mask)?;
    g.add(x, away)
}

/// Σ (M ⊙ (x − F))² / (C Σ M), equation 1 of the paper for each element of the hole: `[1]`.
fn reconstruction(g: &mut Graph, mask: Var, x: Var, filled: Var) -> Result<Var> {
    let channels = g.check_channels("inpainting", x)?;
    let away = g.sub(x, filled)?; // [B, C, H, W]
    let away = g.mul(away, mask)?;
    let square = g.mul(away, away)?;
    let sum = g.sum_all(square)?; // [1]
    let hole = g.sum_all(mask)?;
    let hole = g.mul_scalar(hole, channels as f64)?;
    g.div(sum, hole)
}

/// The discriminator's score of each picture: `[B, C, H, W]` → `[B, 1]`.
fn verdict(g: &mut Graph, discriminator: &Module, x: Var) -> Result<Var> {
    let score = g.call(discriminator, x)?;
    let width = g.check_features("discriminator", score)?;
    if width == 1 {
        return Ok(score);
    }
    Err(crate::catalog::Problem::argument(
        crate::language::codes::Code::Shape,
        "discriminator",
        format!("a discriminator gives one score for each picture, this one gives {width}"),
    )
    .help("end it with `linear(1)`"))
}

/// The mean of −ln σ(score), or of −ln (1 − σ(score)): `[1]`.
fn is_real(g: &mut Graph, score: Var, real: bool) -> Result<Var> {
    let logit = if real { g.neg(score)? } else { score };
    let loss = g.softplus(logit)?; // −ln σ(s) = ln (1 + e⁻ˢ)
    g.mean_all(loss)
}

/// A square in the middle, half as wide as the picture.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let cut = cut(image.side, [144, 128]);
    let whole = format!("{} |> {cut} |> hflip(50%)", image.name);
    Some(format!(
        "target       = {whole} |> normalize()\n(view, mask) = target |> hole(50%)\nemit view, mask, target\n"
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "inpainting",
        Kind::Task,
        "A hole is filled from what surrounds it.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default(
            "reconstruction",
            Type::Number,
            "0.999",
            "λ_rec: weight of the squared distance inside the hole.",
        )
        .within(0.0, 1e6),
    )
    .param(
        Param::with_default(
            "adversarial",
            Type::Number,
            "0.001",
            "λ_adv: weight of being taken for real. 0: the blurred mean of all fillings is good enough.",
        )
        .within(0.0, 1e6),
    )
    .param(decoder::width())
    .param(Param::with_default(
        "discriminator",
        Type::Head,
        "conv(32, 3, stride = 2) |> leaky_relu(0.2) |> conv(64, 3, stride = 2) |> batch_norm() |> leaky_relu(0.2) |> \
         conv(128, 3, stride = 2) |> batch_norm() |> leaky_relu(0.2) |> flatten() |> linear(1)",
        "D: one score for each picture, high where it is real. `optimizer discriminator = …` moves it.",
    ))
    .params(training_params(
        (64, PICTURES),
        "100 epochs",
        "adam(2e-3, beta1 = 0.5)",
        "constant()",
    ))
    .say("optimizer", "What moves encoder and decoder; ten times the discriminator's rate in the paper.")
    .input(
        "view",
        SampleType::IMAGE,
        "The picture with a hole.",
    )
    .input("mask", SampleType::MASK, "1 in the hole, 0 elsewhere.")
    .input("target", SampleType::IMAGE, "The whole picture.")
    .paper(
        "Pathak et al., 2016",
        "Context Encoders: Feature Learning by Inpainting",
        "arXiv:1604.07379",
    )
    .doc(
        "The encoder sees a picture with a hole, the decoder draws the whole picture, and only the hole is compared. What the \
         squared distance alone would blur, the discriminator asks to look real: two objectives with parameters and optimisers of \
         their own, the discriminator's first in each step. It sees what was drawn as a whole, as in equation 2 of the paper. \
         Between encoder and decoder stands a vector, so that any encoder will do; the paper has a map with a layer across each \
         channel. The decoder doubles the map until it has the picture's size (transposed convolutions, batch norm, relu). \
         Write `optimizer discriminator = adam(2e-4, beta1 = 0.5)` for the paper's discriminator.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext holes = inpainting() {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn both_objectives_follow_pytorch() {
        follow(include_str!("../../tests/fixtures/tasks/inpainting.json"));
    }
}
