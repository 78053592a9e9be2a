//! A grey frame takes its colours from where it points in frames before it (Vondrick et al., 2018).

use super::ab_bins::rgb;
use super::maps::{by_place, each, last_map};
use super::{CLIPS, cut, training_params};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::lab::LabPart;
use crate::data::{Fields, SampleType, first_clip};
use crate::graph::{Graph, Module, Resampling, Var};
use crate::language::codes::Code;

/// What a colour has at least that no reference has: its logarithm is the loss.
const LEAST: f64 = 1e-6;

/// The sizes of a batch.
struct Sizes {
    /// Frames of a clip; the last is the target.
    t: usize,
    /// Colours.
    k: usize,
    /// Of a frame.
    height: usize,
    width: usize,
}

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let tau = task.number("temperature");

    let x = g.input("lightness")?; // [B, t, 1, H, W]
    let c = g.input("clusters")?; // [B, t, K, H', W']
    let sizes = checked(g, x, c)?;
    let Sizes { t, k, .. } = sizes;
    let frames = g.frames(x)?; // [t B, 1, H, W]
    g.call(&encoder, frames)?;
    let map = last_map(g, &encoder, "video_color")?; // [t B, D, h, w]
    let map = match task.maybe_size("grid") {
        Some(side) => g.adaptive_avg_pool(map, side, side)?,
        None => map,
    };
    let [_, h, w] = g.check_map("video_color", map)?;
    let s = h * w; // S: places of a frame
    let y = by_place(g, "video_color", map)?; // [t B, S, D]
    let f = match task.maybe_net("head") {
        Some(head) => each(g, "head", &Module::new("head", head), y)?, // [t B, S, d]
        None => y,
    };
    let f = match task.switch("normalize") {
        true => g.l2_normalize(f)?,
        false => f,
    };
    let (refs, target) = parted(g, f, t)?; // [B, (t − 1) S, d], [B, S, d]

    // A_ij = softmax over references i of f_i · f_j / τ (equation 1)
    let refs_t = g.transpose(refs, 1, 2)?;
    let scores = g.matmul(target, refs_t)?; // [B, S, (t − 1) S]
    let scores = g.mul_scalar(scores, 1.0 / tau)?;
    let a = g.softmax(scores, 2)?;

    let colours = colours(g, c, [h, w])?; // [t B, S, K]
    let (of_refs, own) = parted(g, colours, t)?;
    let told = g.matmul(a, of_refs)?; // [B, S, K], y_j = Σ_i A_ij c_i (equation 2)
    let batch = g.shape(x)[0].clone();
    let rows = &batch * &s.into();
    let told = g.reshape(told, vec![rows.clone(), k.into()])?; // [B S, K]
    let own = g.reshape(own, vec![rows.clone(), k.into()])?;

    // −log of what the true colour has (equation 3)
    let likely = g.add_scalar(told, LEAST)?;
    let log = g.log(likely)?;
    let log = g.mul(log, own)?;
    let log = g.sum(log, 1)?; // [B S, 1]
    let mean = g.mean_all(log)?;
    let loss = g.mul_scalar(mean, -1.0)?;
    g.objective("loss", loss);
    let truth = g.argmax(own, 1)?;
    let truth = g.squeeze(truth, 1)?; // [B S]
    let accuracy = g.accuracy(told, truth)?;
    g.metric("accuracy", accuracy);
    // what the same place of the frame before has
    let before = g.slice(of_refs, 1, ((t - 2) * s).into(), s.into())?; // [B, S, K]
    let before = g.reshape(before, vec![rows, k.into()])?;
    let copied = g.accuracy(before, truth)?;
    g.metric("copied", copied);
    exhibits(g, x, a, [h, w], &sizes)
}

/// References and target of a clip's frames, side by side: `[t B, S, n]` → `[B, (t − 1) S, n]`, `[B, S, n]`.
fn parted(g: &mut Graph, x: Var, t: usize) -> Result<(Var, Var)> {
    let shape = g.shape(x).clone();
    let batch = shape[0].divided(t).unwrap_or_else(|| shape[0].clone());
    let all = g.reshape(x, vec![batch, &shape[1] * &t.into(), shape[2].clone()])?;
    let of_refs = &shape[1] * &(t - 1).into();
    let refs = g.slice(all, 1, 0.into(), of_refs.clone())?;
    Ok((refs, g.slice(all, 1, of_refs, shape[1].clone())?))
}

/// The colour that most pixels of each place have, one of K: `[B, t, K, H', W']` → `[t B, S, K]`.
fn colours(g: &mut Graph, c: Var, [h, w]: [usize; 2]) -> Result<Var> {
    let each = g.frames(c)?; // [t B, K, H', W']
    let shares = g.adaptive_avg_pool(each, h, w)?;
    let shares = by_place(g, "video_color", shares)?; // [t B, S, K]
    let k = g.shape(shares)[2].clone();
    let most = g.argmax(shares, 2)?;
    let most = g.squeeze(most, 2)?; // [t B, S]
    g.one_hot(most, k)
}

/// Whether both inputs are of the same frames.
fn checked(g: &Graph, x: Var, c: Var) -> Result<Sizes> {
    let sizes = |var: Var| -> Vec<usize> {
        let shape = g.shape(var).iter().skip(1);
        shape.map(|size| size.known().unwrap_or(0)).collect()
    };
    let (light, colours) = (sizes(x), sizes(c));
    if let ([t, 1, height, width], [frames, k, ..]) = (light.as_slice(), colours.as_slice())
        && t == frames
        && *t >= 2
    {
        return Ok(Sizes {
            t: *t,
            k: *k,
            height: *height,
            width: *width,
        });
    }
    let shown = |sizes: &[usize]| {
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        sizes.join("×")
    };
    Err(Problem::new(
        Code::Shape,
        format!(
            "`lightness` is {} and `clusters` {}: not the light and the colours of the same two frames or more",
            shown(&light),
            shown(&colours)
        ),
    )
    .help("emit `lightness = x |> lightness(), clusters = x |> color_clusters(colours)`, of the same `x`"))
}

/// The target with the colours that were pointed at, and where its middle points. Colours are drawn where the batch holds them.
fn exhibits(g: &mut Graph, x: Var, a: Var, [h, w]: [usize; 2], sizes: &Sizes) -> Result<()> {
    let Sizes {
        t, height, width, ..
    } = *sizes;
    if let Some(ab) = g.maybe_input("colour") {
        let titles = ["frame before", "target, grey", "coloured", "true"];
        g.exhibit_of("coloured", &titles, |g| {
            let one = |g: &mut Graph, x: Var, at: usize| {
                let own = g.slice(x, 1, at.into(), 1.into())?;
                g.squeeze(own, 1) // [B, C, H, W]
            };
            let (zero, scale) = LabPart::Lightness.scales()[0];
            let (_, of_colour) = LabPart::Colour.scales()[0];
            let ab = g.mul_scalar(ab, of_colour)?; // [B, t, 2, H, W]
            let light = g.mul_scalar(x, scale)?;
            let light = g.add_scalar(light, zero)?;
            let [before, target] = [t - 2, t - 1].map(|at| one(g, light, at));
            let (before, target) = (before?, target?);
            let [ab_before, ab_target] = [t - 2, t - 1].map(|at| one(g, ab, at));
            let (ab_before, ab_target) = (ab_before?, ab_target?);
            // Σ_i A_ij of the references' own colours
            let frames = g.frames(ab)?;
            let small = g.adaptive_avg_pool(frames, h, w)?;
            let small = by_place(g, "video_color", small)?; // [t B, S, 2]
            let (of_refs, _) = parted(g, small, t)?;
            let told = g.matmul(a, of_refs)?; // [B, S, 2]
            let told = g.transpose(told, 1, 2)?;
            let batch = g.shape(told)[0].clone();
            let told = g.reshape(told, vec![batch, 2.into(), h.into(), w.into()])?;
            let told = g.interpolate(told, height, width, Resampling::Bilinear)?;
            let none = g.mul_scalar(ab_target, 0.0)?;
            Ok(vec![
                rgb(g, before, ab_before)?,
                rgb(g, target, none)?,
                rgb(g, target, told)?,
                rgb(g, target, ab_target)?,
            ])
        })?;
    }
    g.exhibit_of("pointer", &["target", "pointed at"], |g| {
        let (s, batch) = (h * w, g.shape(x)[0].clone());
        let middle = h / 2 * w + w / 2;
        let own = g.slice(a, 1, middle.into(), 1.into())?; // [B, 1, (t − 1) S]
        let most = g.max(own, 2)?; // [B, 1, 1]
        let own = g.div(own, most)?;
        let own = g.reshape(own, vec![batch.clone(), (t - 1).into(), h.into(), w.into()])?;
        let mut maps = Vec::new();
        for at in 0..t - 1 {
            let one = g.slice(own, 1, at.into(), 1.into())?; // [B, 1, h, w]
            maps.push(g.interpolate(one, height, width, Resampling::Nearest)?);
        }
        let maps = g.concat(&maps, 3)?; // [B, 1, H, (t − 1) W]
        let place = g.arange(s.into());
        let place = g.to_float(place)?;
        let which = g.full(vec![s.into()], middle as f64)?;
        let marked = g.equal(place, which)?;
        let marked = g.to_float(marked)?;
        let marked = g.reshape(marked, vec![1.into(), 1.into(), h.into(), w.into()])?;
        let marked = g.interpolate(marked, height, width, Resampling::Nearest)?; // [1, 1, H, W]
        let target = g.slice(x, 1, (t - 1).into(), 1.into())?;
        let target = g.squeeze(target, 1)?; // [B, 1, H, W], L of −2 to 2
        let target = g.mul_scalar(target, 0.2)?;
        let target = g.add_scalar(target, 0.4)?;
        let marked = g.add(target, marked)?;
        Ok(vec![g.clamp(marked, 0.0, 1.0)?, maps])
    })
}

/// Three references and a target, evenly close; mirrored together.
fn augment(task: &Args, fields: &Fields) -> Option<String> {
    let (name, clip) = first_clip(fields)?;
    let colours = task.maybe_artifact("colours")?;
    let gap = clip
        .frames
        .map_or(2, |frames| (frames.saturating_sub(1) / 6).clamp(1, 4));
    let sides = clip.frame.height.zip(clip.frame.width);
    let cut = cut(sides.map(|(height, width)| height.min(width)), [288, 256]);
    Some(format!(
        "x = {name} |> sample_frames(4, gap = 1..{gap}) |> {cut} |> hflip(50%)\n\
         emit lightness = x |> lightness(), clusters = x |> color_clusters({}), colour = x |> ab()\n",
        colours.name
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "video_color",
        Kind::Task,
        "A grey frame takes its colours from where it points in frames before it.",
        Make::task(build, augment),
    )
    .param(Param::optional(
        "colours",
        Type::Fit("palette"),
        "The fit of colours that the default `augment` tells pixels by: `fit colours = kmeans(16) { data = … }`.",
    ))
    .param(
        Param::optional(
            "grid",
            Type::Integer,
            "Sides of the grid in which a map is averaged before its places are compared; the map's own where it is absent. The paper has 32.",
        )
        .within(2.0, 128.0),
    )
    .param(
        Param::with_default(
            "temperature",
            Type::Number,
            "1.0",
            "τ: scores are divided by it.",
        )
        .within(1e-3, 100.0),
    )
    .param(Param::switch(
        "normalize",
        "off",
        "`on`: features that are compared have length 1, as those that `propagation` compares; `temperature` is about 0.1 then.",
    ))
    .param(Param::optional(
        "head",
        Type::Head,
        "From the features of a place to what is compared; where absent the features themselves are, which `propagation` compares, too.",
    ))
    .params(training_params(
        (32, CLIPS),
        "400000 steps",
        "adam(1e-3)",
        "constant()",
    ))
    .input(
        "lightness",
        SampleType::CLIP,
        "L of two frames or more; the last is the target, those before it are references.",
    )
    .input(
        "clusters",
        SampleType::CLIP,
        "The colour of each of their pixels: `color_clusters(colours)`.",
    )
    .input_maybe("colour", SampleType::CLIP, "a and b of the same frames, to draw what was coloured; the loss does not see them.")
    .paper(
        "Vondrick et al., 2018",
        "Tracking Emerges by Colorizing Videos",
        "arXiv:1806.09594",
    )
    .doc(
        "Each place of the target points at places of the references, by the likeness of what the encoder makes of their light; its colour is \
         what is found there. Whoever points at the same thing is right: so the encoder learns to track, and `propagation` carries masks along by it. \
         Colours are one of a few (`kmeans`), the one that most pixels of a place have; the loss is the cross-entropy, in which a colour that no reference \
         has counts as 1e-6. `accuracy` is how often the likeliest colour is right, `copied` how often the same place of the frame before has it. \
         The encoder is one of convolutions, of which the last named map is taken: the paper has a ResNet-18 of stride 8 at 256 pixels and \
         a network over time and place behind it, which is left out here; three references, as in the paper. Drawn are coloured frames, and where the \
         middle of the target points.",
    )
    .example(
        "ssl 1\n\ndataset clips = moving_shapes()\n\nfit colours = kmeans(16) { data = clips.train |> take(200) }\n\npretext pointer = video_color(colours = colours) {\n  data    = clips.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
#[path = "video_color_tests.rs"]
mod tests;
