//! Two views of one picture find each other in the batch (Chen et al., 2020).

use super::picture;
use super::two_views::two_views;
use super::{PAIRS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Module};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder")); // f
    let head = Module::new("head", task.net("head")); // g
    let tau = task.number("temperature");

    let views = two_views(g, "simclr")?;
    // both views in one batch, as in the paper: batch norm sees all 2 B pictures
    let x = g.concat(&views, 0)?; // [2 B, C, H, W]
    let h = g.call(&encoder, x)?; // [2 B, D], what is kept
    let z = g.call(&head, h)?; // [2 B, d], what is compared

    let (loss, accuracy) = g.nt_xent(z, tau)?;
    g.objective("loss", loss);
    g.metric("accuracy", accuracy);
    Ok(())
}

/// The paper's: crop, mirror, colour, grey, and blur where pictures are large. Half the colour strength for small ones
/// (appendix B.9).
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let side = image.side.unwrap_or(224);
    let small = side < 96;
    let mut view = format!(
        "{} |> random_resized_crop({side}px, scale = 0.08..1.0) |> hflip(50%)",
        image.name
    );
    let colour = image.channels == 3;
    view += match (small, colour) {
        (true, true) => {
            "\n  |> color_jitter(brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0.1, chance = 80%)"
        }
        (false, true) => {
            "\n  |> color_jitter(brightness = 0.8, contrast = 0.8, saturation = 0.8, hue = 0.2, chance = 80%)"
        }
        (true, false) => "\n  |> color_jitter(brightness = 0.4, contrast = 0.4, chance = 80%)",
        (false, false) => "\n  |> color_jitter(brightness = 0.8, contrast = 0.8, chance = 80%)",
    };
    if colour {
        view += " |> grayscale(20%)";
    }
    if !small {
        // an odd tenth of the side
        let kernel = side / 20 * 2 + 1;
        view += &format!("\n  |> gaussian_blur({kernel}px, chance = 50%)");
    }
    Some(format!("emit views = ({view} |> normalize()) * 2\n"))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "simclr",
        Kind::Task,
        "Two views of one picture find each other in the batch.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default(
            "temperature",
            Type::Number,
            "0.5",
            "τ: scores are divided by it; small ones look at the hardest negatives.",
        )
        .within(1e-3, 100.0),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(512) |> batch_norm() |> relu() |> linear(128)",
        "The projection in which views are compared; it is thrown away afterwards.",
    ))
    .params(training_params(
        (512, PAIRS),
        "100 epochs",
        "lars(1.0, weight_decay = 1e-6)",
        "cosine(warmup = 10 epochs)",
    ))
    .input_list(
        "views",
        SampleType::IMAGE,
        2,
        "Two views of one picture, drawn on their own.",
    )
    .paper(
        "Chen et al., 2020",
        "A Simple Framework for Contrastive Learning of Visual Representations",
        "arXiv:2002.05709",
    )
    .doc(
        "NT-Xent: of all 2 B - 1 other views in the batch, which is of the same picture? The metric is how often the \
         nearest one is. The defaults are the paper's for CIFAR-10 (appendix B.9).",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext pairs = simclr() {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
#[path = "simclr_tests.rs"]
mod tests;
