//! One half of the network tells the colours from the light, the other the light from the colours (Zhang et al., 2017).

use super::ab_bins::{self, annealed_mean, enlarged, near, pixels};
use super::decoder::{self, decode};
use super::picture;
use super::{PICTURES, cut, training_params};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::lab::LabPart;
use crate::data::{Fields, SampleType};
use crate::encoders::HALVES;
use crate::graph::{Graph, Module, Resampling, Var};
use crate::language::codes::Code;

/// Bins of L, and how wide one is.
const LEVELS: usize = 50;
const WIDE: f64 = 2.0;
/// What is shown.
const PANELS: [&str; 5] = ["picture", "grey", "coloured", "colours", "lit"];
/// T of the annealed mean that is drawn (Zhang et al., 2016).
const T: f64 = 0.38;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let x = g.input("lab")?; // [B, 3, H, W]
    let [channels, height, across] = g.check_map("split_brain", x)?;
    let encoder = checked(task, channels)?;
    let stride = task.length("stride").max(1);
    let small = [(height / stride).max(1), (across / stride).max(1)]; // h, w

    let l = g.slice(x, 1, 0.into(), 1.into())?; // [B, 1, H, W], X1
    let ab = g.slice(x, 1, 1.into(), 2.into())?; // [B, 2, H, W], X2
    let y1 = g.call_part(&encoder, HALVES[0], l)?; // [B, D], F1
    let y2 = g.call_part(&encoder, HALVES[1], ab)?; // [B, D], F2

    // what is told, in the units of Lab
    let [of_l, of_ab] = [0, 1].map(|channel| LabPart::Whole.scales()[channel]);
    let light = g.mul_scalar(l, of_l.1)?;
    let light = g.add_scalar(light, of_l.0)?; // [B, 1, H, W]
    let colour = g.mul_scalar(ab, of_ab.1)?; // [B, 2, H, W]
    let classes = task.word("loss") == "classes";
    let width = task.size("width");
    let map = |g: &mut Graph, name: &str, y: Var, channels: usize| {
        let size = [channels, small[0], small[1]];
        g.scoped("decoder", |g| g.scoped(name, |g| decode(g, y, size, width)))
    };
    let (q1, q2) = match classes {
        true => (ab_bins::count(), LEVELS),
        false => (2, 1),
    };
    let colour_map = map(g, "colour", y1, q1)?; // [B, Q1, h, w]
    let light_map = map(g, "light", y2, q2)?; // [B, Q2, h, w]
    let (colours, lights) = (pixels(g, colour_map)?, pixels(g, light_map)?); // [N, Q1], [N, Q2], N = B h w
    let loss = if classes {
        let seen = shrunk(g, colour, small)?; // [N, 2]
        let bins = bins(g, seen)?; // [N]
        let seen = shrunk(g, light, small)?; // [N, 1]
        let levels = levels(g, seen)?; // [N]
        let metrics = [("colour", colours, bins), ("light", lights, levels)];
        let mut losses = Vec::new();
        for (name, scores, own) in metrics {
            losses.push(g.cross_entropy(scores, own)?);
            let accuracy = g.accuracy(scores, own)?;
            g.metric(name, accuracy);
        }
        g.add(losses[0], losses[1])?
    } else {
        let (seen_ab, seen_l) = (shrunk(g, ab, small)?, shrunk(g, l, small)?);
        let of_colour = g.mse(colours, seen_ab, None)?;
        let of_light = g.mse(lights, seen_l, None)?;
        g.add(of_colour, of_light)?
    };
    g.objective("loss", loss);

    g.exhibit_of("halves", &PANELS, |g| {
        let (told_colour, told_light) = match classes {
            true => {
                let centres = ab_bins::centres(g)?;
                let of_bins = annealed_mean(g, colours, centres, T)?; // [N, 2]
                let centres = centres_of_levels(g)?;
                (of_bins, annealed_mean(g, lights, centres, T)?) // [N, 1]
            }
            false => {
                let of_colour = g.mul_scalar(colours, of_ab.1)?;
                let of_light = g.mul_scalar(lights, of_l.1)?;
                (of_colour, g.add_scalar(of_light, of_l.0)?)
            }
        };
        let coloured = enlarged(g, told_colour, colour_map, [height, across])?; // [B, 2, H, W]
        let lit = enlarged(g, told_light, light_map, [height, across])?; // [B, 1, H, W]
        let grey = g.mul_scalar(colour, 0.0)?;
        let even = g.mul_scalar(light, 0.0)?;
        let even = g.add_scalar(even, of_l.0)?;
        let pairs = [
            (light, colour),
            (light, grey),
            (light, coloured),
            (even, colour),
            (lit, colour),
        ];
        pairs
            .into_iter()
            .map(|(l, ab)| ab_bins::rgb(g, l, ab))
            .collect()
    })
}

/// A map in a smaller size, by the pixel at each place: `[B, C, H, W]` → `[B h w, C]`.
fn shrunk(g: &mut Graph, x: Var, [h, w]: [usize; 2]) -> Result<Var> {
    let x = g.interpolate(x, h, w, Resampling::Nearest)?;
    pixels(g, x)
}

/// The nearest bin of each colour: `[N, 2]` → `[N]`.
fn bins(g: &mut Graph, ab: Var) -> Result<Var> {
    let centres = ab_bins::centres(g)?; // [2, Q]
    let near = near(g, ab, centres)?; // [N, Q]
    let bin = g.argmax(near, 1)?; // [N, 1]
    g.squeeze(bin, 1)
}

/// The bin of each L: `[N, 1]` → `[N]`.
fn levels(g: &mut Graph, l: Var) -> Result<Var> {
    let level = g.mul_scalar(l, 1.0 / WIDE)?;
    let level = g.clamp(level, 0.0, LEVELS as f64 - 1.0)?;
    let level = g.squeeze(level, 1)?;
    g.to_int(level)
}

/// L in the middle of each bin: `[1, Q]`.
fn centres_of_levels(g: &mut Graph) -> Result<Var> {
    let number = g.arange(LEVELS.into());
    let number = g.to_float(number)?;
    let first = g.mul_scalar(number, WIDE)?;
    let middle = g.add_scalar(first, WIDE / 2.0)?;
    g.unsqueeze(middle, 0)
}

/// The encoder, of two halves, for pictures of three channels.
fn checked(task: &Args, channels: usize) -> Result<Module> {
    if channels != 3 {
        return Err(Problem::new(
            Code::Shape,
            format!("`lab` has {channels} channels, and not L, a and b"),
        )
        .help("emit `lab = x |> lab()`"));
    }
    let net = task.net("encoder");
    let has = |half: &str| {
        let mut parts = net.steps.iter().flat_map(|step| &step.call.spec.parts);
        parts.any(|(name, _)| *name == half)
    };
    if HALVES.iter().all(|half| has(half)) {
        return Ok(Module::new("encoder", net));
    }
    Err(Problem::argument(
        Code::UnknownPart,
        "encoder",
        "split_brain takes an encoder of two halves, one for the light and one for the colours",
    )
    .help("write `encoder = halves(small_cnn(width = 16))`"))
}

/// A part of the picture, mirrored, in Lab.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let cut = cut(image.side, [144, 128]);
    Some(format!(
        "emit lab = {} |> {cut} |> hflip(50%) |> lab()\n",
        image.name
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "split_brain",
        Kind::Task,
        "One half of the network tells colours from light, the other light from colours.",
        Make::task(build, augment),
    )
    .param(Param::with_default(
        "loss",
        Type::Choice(&["classes", "values"]),
        "classes",
        "`classes`: the bin of each place is told, by cross-entropy. `values`: a, b and L themselves, by the square of what is missing.",
    ))
    .param(
        Param::with_default("stride", Type::Length, "4px", "Pixels from one place that is told to the next.")
            .within(1.0, 4096.0),
    )
    .param(decoder::width())
    .params(training_params(
        (40, PICTURES),
        "450000 steps",
        "adam(3e-5, beta2 = 0.99, weight_decay = 0.001)",
        "constant()",
    ))
    .input("lab", SampleType::image_of(LabPart::Whole.channels()), "L, a and b of the picture.")
    .paper(
        "Zhang et al., 2017",
        "Split-Brain Autoencoders: Unsupervised Learning by Cross-Channel Prediction",
        "arXiv:1611.09842",
    )
    .doc(
        "The encoder has two halves that know nothing of one another: `halves(NET)`. The first sees L of CIE Lab and tells a and b, the second sees a and b and tells L.          Each is a network of half the width; what later stages read are the features of both side by side, so that all of the picture is seen and all          of it was learnt from. Colours are told as one of the 225 bins of `colorization`, light as one of 50 bins of 2, by two plain cross-entropies, whose sum          is the loss; the metrics are how often each is right. Between encoder and decoder stands a vector, so that any network will do; the paper          has maps throughout. What is drawn: the picture, its light, its light with the colours that were told of it, its colours, and its colours with the          light that was told of them. Optimiser and batch are those of `colorization`. Of pictures whose colours are drawn at random, as those of `shapes()`          are, there is little to be learnt.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext halves = split_brain() {\n  data    = figures.train\n  encoder = halves(small_cnn(width = 16))\n}\n",
    )
}

#[cfg(test)]
#[path = "split_brain_tests.rs"]
mod tests;
