//! Which colours a grey picture has, as a distribution for each of its places (Zhang et al., 2016).

use super::ab_bins::{
    self, annealed_mean, encode, enlarged, occurrence, pixels, smoothed, weights,
};
use super::decoder::{self, decode};
use super::picture;
use super::{PICTURES, cut, training_params};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::lab::LabPart;
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Module, Resampling, Var};
use crate::language::codes::Code;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let x = g.input("lightness")?; // [B, 1, H, W], X
    let colour = g.input("colour")?; // [B, 2, H, W], Y
    let (ab, [height, width]) = checked(g, x, colour)?;
    let stride = task.length("stride").max(1);
    let (h, w) = ((height / stride).max(1), (width / stride).max(1));

    let y = g.call(&encoder, x)?; // [B, D]
    let q = ab_bins::count(); // Q
    let map = g.scoped("decoder", |g| decode(g, y, [q, h, w], task.size("width")))?; // [B, Q, h, w]
    let scores = pixels(g, map)?; // [N, Q], N = B h w
    let centres = ab_bins::centres(g)?; // [2, Q]
    let seen = g.interpolate(ab, h, w, Resampling::Nearest)?; // [B, 2, h, w], every fourth pixel
    let seen = pixels(g, seen)?; // [N, 2]
    let z = encode(g, seen, centres)?;

    // L_cl, equation 2: −v(Z) Σ_q Z_q ln Ẑ_q
    let log_p = g.log_softmax(scores, 1)?; // [N, Q], ln Ẑ
    let log_p = g.gather(log_p, z.bins, 1)?; // [N, 5]
    let terms = g.mul(log_p, z.shares)?;
    let terms = g.sum(terms, 1)?; // [N, 1]
    let nearest = g.slice(z.bins, 1, 0.into(), 1.into())?; // [N, 1]
    let terms = match task.switch("rebalance") {
        true => {
            let nearest = g.squeeze(nearest, 1)?; // [N]
            let p = occurrence(g, nearest)?; // [Q]
            let p = smoothed(g, p, centres)?;
            let w = weights(g, p, task.ratio("uniform"))?; // [Q]
            let v = g.take(w, nearest, 0)?; // [N], equation 3
            let v = g.unsqueeze(v, 1)?;
            g.mul(terms, v)?
        }
        false => terms,
    };
    let loss = g.mean_all(terms)?;
    let loss = g.mul_scalar(loss, -1.0)?;
    g.objective("loss", loss);
    let nearest = g.squeeze(nearest, 1)?;
    let accuracy = g.accuracy(scores, nearest)?;
    g.metric("accuracy", accuracy);

    let t = task.number("temperature");
    g.exhibit_of("coloured", &["grey", "coloured", "true"], |g| {
        let (zero, one) = LabPart::Lightness.scales()[0];
        let l = g.mul_scalar(x, one)?;
        let l = g.add_scalar(l, zero)?; // [B, 1, H, W]
        let drawn = annealed_mean(g, scores, centres, t)?; // [N, 2]
        let drawn = enlarged(g, drawn, map, [height, width])?; // [B, 2, H, W]
        let grey = g.mul_scalar(ab, 0.0)?;
        Ok(vec![
            ab_bins::rgb(g, l, grey)?,
            ab_bins::rgb(g, l, drawn)?,
            ab_bins::rgb(g, l, ab)?,
        ])
    })
}

/// a and b of the batch, `[B, 2, H, W]`, with height and width of both inputs.
fn checked(g: &mut Graph, x: Var, colour: Var) -> Result<(Var, [usize; 2])> {
    let [channels, height, width] = g.check_map("colorization", x)?;
    let other = g.check_map("colorization", colour)?;
    if channels != 1 || other != [2, height, width] {
        return Err(Problem::new(
            Code::Shape,
            format!(
                "`lightness` is {channels}×{height}×{width} and `colour` {}×{}×{}: not two parts of one picture",
                other[0], other[1], other[2]
            ),
        )
        .help("emit `lightness = x |> lightness(), colour = x |> ab()`, of the same `x`"));
    }
    let (_, one) = LabPart::Colour.scales()[0];
    Ok((g.mul_scalar(colour, one)?, [height, width]))
}

/// A part of the picture, mirrored; both parts of Lab of the same.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let cut = cut(image.side, [144, 128]);
    let whole = format!("{} |> {cut} |> hflip(50%)", image.name);
    Some(format!(
        "whole = {whole}\nemit lightness = whole |> lightness(), colour = whole |> ab()\n"
    ))
}

/// A picture of this part of Lab.
fn part(part: LabPart) -> SampleType {
    SampleType::image_of(part.channels())
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "colorization",
        Kind::Task,
        "Which colours does a grey picture have?",
        Make::task(build, augment),
    )
    .param(Param::switch(
        "rebalance",
        "on",
        "Rare colours weigh more: by the inverse of how often each bin occurs. `off`: all alike, and most pictures come out brown.",
    ))
    .param(
        Param::with_default(
            "uniform",
            Type::Ratio,
            "50%",
            "λ: how much of a uniform distribution is mixed with how often colours occur, before they are weighed by the inverse.",
        )
        .within(0.01, 1.0),
    )
    .param(
        Param::with_default(
            "stride",
            Type::Length,
            "4px",
            "Pixels from one place that is coloured to the next.",
        )
        .within(1.0, 4096.0),
    )
    .param(
        Param::with_default(
            "temperature",
            Type::Number,
            "0.38",
            "T of the annealed mean that is drawn: 1 is the mean, pale; towards 0 the likeliest bin, bright and spotted.",
        )
        .within(0.01, 100.0),
    )
    .param(decoder::width())
    .params(training_params(
        (40, PICTURES),
        "450000 steps",
        "adam(3e-5, beta2 = 0.99, weight_decay = 0.001)",
        "constant()",
    ))
    .input("lightness", part(LabPart::Lightness), "L, what the encoder sees.")
    .input("colour", part(LabPart::Colour), "a and b, what must come out.")
    .paper(
        "Zhang et al., 2016",
        "Colorful Image Colorization",
        "arXiv:1603.08511",
    )
    .doc(
        "The encoder sees how light a picture is, L of CIE Lab, and says for every fourth pixel which of 225 colours it has: the bins of \
         10 × 10 of the plane of a and b whose centre is an sRGB colour at some L of 0, 1, …, 100 (the paper's list has 313). A \
         colour is shared among its five nearest bins by a Gaussian (σ = 5), and compared by cross-entropy, which rare colours weigh \
         more in: `1 / ((1 − λ) p̃ + λ / Q)`, of mean 1 under p̃, which is how often each bin was the nearest in the batches so far, \
         smoothed (σ = 5); before the first batch all are alike. The loss is the mean over pictures and places. Between encoder and \
         decoder stands a vector, so that any encoder will do; the paper has maps throughout. What is drawn is the annealed mean of \
         the distribution, enlarged, with the picture's own L. Later stages show the encoder L of their pictures. Of pictures whose colours are drawn at random, as those of `shapes()` are, there is \
         nothing to be learnt. The paper lowers \
         its rate to 1e-5 and 3e-6 after 200,000 and 375,000 steps.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext colours = colorization() {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_pytorch() {
        follow(include_str!("../../tests/fixtures/tasks/colorization.json"));
    }

    #[test]
    fn steps_without_weights_are_those_of_pytorch() {
        follow(include_str!(
            "../../tests/fixtures/tasks/colorization_plain.json"
        ));
    }
}
