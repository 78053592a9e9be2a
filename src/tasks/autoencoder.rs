//! A picture goes through a few numbers and comes back (Hinton & Salakhutdinov, 2006), cleaned where it was damaged (Vincent et
//! al., 2008).

use super::decoder::{self, decode};
use super::picture;
use super::{PICTURES, cut, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Module};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder")); // f
    let head = task.maybe_net("head").map(|net| Module::new("head", net));

    let view = g.input("view")?; // [B, C, H, W], x̃
    let x = g.input("target")?; // [B, C, H, W], x
    let size = g.check_map("autoencoder", x)?;
    let y = g.call(&encoder, view)?; // [B, D]
    let y = match &head {
        Some(head) => g.call(head, y)?,
        None => y,
    };
    let z = g.scoped("decoder", |g| decode(g, y, size, task.size("width")))?; // [B, C, H, W]
    let loss = g.mse(z, x, None)?;
    g.objective("loss", loss);
    g.exhibit_of("copies", &["picture", "seen", "drawn"], |_| {
        Ok(vec![x, view, z])
    })
}

fn augment(task: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let cut = cut(image.side, [144, 128]);
    let whole = format!("{} |> {cut} |> hflip(50%)", image.name);
    let noise = 100.0 * task.maybe_ratio("noise").unwrap_or(0.0);
    let damage = match noise {
        0.0 => String::new(),
        _ => format!(" |> noise({noise}%)"),
    };
    Some(format!(
        "target = {whole} |> normalize()\nemit view = target{damage}, target\n"
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "autoencoder",
        Kind::Task,
        "A picture goes through a few numbers and comes back; denoising where it was damaged.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default(
            "noise",
            Type::Ratio,
            "0%",
            "Pixels that the default `augment` blanks: 25% makes the denoising autoencoder.",
        )
        .within(0.0, 1.0),
    )
    .param(Param::optional(
        "head",
        Type::Head,
        "Between encoder and decoder: a narrow one is the bottleneck. Nothing where it is absent.",
    ))
    .param(decoder::width())
    .params(training_params(
        (128, PICTURES),
        "50 epochs",
        "adam(1e-3)",
        "cosine()",
    ))
    .input("view", SampleType::IMAGE, "What the encoder sees; maybe damaged.")
    .input("target", SampleType::IMAGE, "What must come out.")
    .paper(
        "Hinton & Salakhutdinov, 2006",
        "Reducing the Dimensionality of Data with Neural Networks",
        "doi:10.1126/science.1127647",
    )
    .doc(
        "The mean squared distance between the picture and what comes out. What goes through is the encoder's output, or a \
         narrower `head`. With damage on the way in (`noise = 25%`, or an `augment` of your own that emits `view` and \
         `target`) it is the denoising autoencoder of Vincent et al., 2008: what is missing must be known from what is there. \
         The papers train layer by layer with sigmoids; here encoder and decoder learn together. The decoder doubles the map until \
         it has the picture's size (transposed convolutions, batch norm, relu).",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext copies = autoencoder(noise = 25%) {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_pytorch() {
        follow(include_str!("../../tests/fixtures/tasks/autoencoder.json"));
    }
}
