//! Three quarters of the patches are hidden and drawn from the rest (He et al., 2022).

use super::blocks::Grid;
use super::hidden::shuffled;
use super::patches::{PANELS, panels};
use super::picture;
use super::{PICTURES, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::encoders::layers::{LinearInit, linear, transformer_blocks};
use crate::graph::{Graph, Init, Module, Var};

/// Of layer norms, and of a patch's own normalisation.
const EPSILON: f64 = 1e-6;
/// How linear layers of a transformer start.
const INIT: LinearInit = LinearInit::TruncatedNormal(0.02);

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let x = g.input("view")?; // [B, C, H, W]
    let encoder = Module::new("encoder", task.net("encoder"));
    let patches = g.call_part(&encoder, "embed", x)?; // [B, N, D], with positions
    let noise = vec![g.shape(patches)[0].clone(), g.shape(patches)[1].clone()];
    let noise = g.random_uniform(noise); // [B, N], decides what is hidden
    let loss = hide_and_draw(g, task, &encoder, [x, patches, noise])?;
    g.objective("loss", loss);
    Ok(())
}

/// The loss, `[1]`, of `x [B, C, H, W]` and its `patches [B, N, D]`, of which those with the least `noise [B, N]` are seen.
fn hide_and_draw(
    g: &mut Graph,
    task: &Args,
    encoder: &Module,
    [x, patches, noise]: [Var; 3],
) -> Result<Var> {
    let grid = Grid::of(g, "mae", x, patches)?;
    let (n, patch) = (grid.count(), grid.patch); // N, p
    let hidden = (n as f64 * task.ratio("mask")).round() as usize;
    let seen = n - hidden.clamp(1, n - 1); // n
    let Shuffle {
        keep,
        restore,
        hidden,
    } = shuffle(g, noise, seen)?;

    let visible = g.gather_rows(patches, keep)?; // [B, n, D]
    let y = g.call_part(encoder, "blocks", visible)?; // [B, 1 + n, D], the class token first where there is one
    let y = g.call_part(encoder, "norm", y)?;
    let target = g.patchify(x, patch)?; // [B, N, p p C]
    let outputs = g.check_features("mae", target)?;
    let decoder = Decoder {
        width: task.size("decoder_width"),
        depth: task.size("decoder_depth"),
        heads: task.size("decoder_heads"),
        outputs,
    };
    let pred = g.scoped("decoder", |g| decoder.draw(g, y, restore, seen))?; // [B, N, p p C]
    let normalize = task.switch("normalize");
    g.exhibit_of("patches", &PANELS, |g| {
        let pred = match normalize {
            true => brightened(g, pred, target)?,
            false => pred,
        };
        panels(g, [x, target, pred, hidden], patch)
    })?;
    let target = match normalize {
        true => g.layer_norm_plain(target, EPSILON)?,
        false => target,
    };
    g.mse(pred, target, Some(hidden))
}

/// Patches that were drawn with mean 0 and variance 1 in the brightness and contrast of those that were hidden: `[B, N, p p C]`.
fn brightened(g: &mut Graph, pred: Var, hidden: Var) -> Result<Var> {
    let mean = g.mean(hidden, 2)?;
    let away = g.sub(hidden, mean)?;
    let variance = g.mul(away, away)?;
    let variance = g.mean(variance, 2)?;
    let variance = g.add_scalar(variance, EPSILON)?;
    let deviation = g.sqrt(variance)?;
    let pred = g.mul(pred, deviation)?;
    g.add(pred, mean)
}

/// Which patches are seen.
struct Shuffle {
    /// Places of those that are seen: `[B, n]`.
    keep: Var,
    /// Where each patch stands in the shuffled order: `[B, N]`.
    restore: Var,
    /// 1 where a patch is hidden: `[B, N, 1]`.
    hidden: Var,
}

/// Each picture's own order, `noise [B, N]` sorted; the first `seen` of it are seen.
fn shuffle(g: &mut Graph, noise: Var, seen: usize) -> Result<Shuffle> {
    let [order, restore] = shuffled(g, noise)?; // [B, N]
    let keep = g.slice(order, 1, 0.into(), seen.into())?; // [B, n]
    let rank = g.to_float(restore)?;
    let last = g.full(vec![1.into(), 1.into()], seen as f64 - 0.5)?;
    let hidden = g.greater(rank, last)?; // [B, N]
    let hidden = g.unsqueeze(hidden, 2)?;
    Ok(Shuffle {
        keep,
        restore,
        hidden,
    })
}

/// A light transformer.
struct Decoder {
    /// d
    width: usize,
    depth: usize,
    heads: usize,
    /// p p C
    outputs: usize,
}

impl Decoder {
    /// Pixels of all patches from `y [B, 1 + n, D]`, which shows the first n of them, `seen`, in the shuffled order:
    /// `[B, N, p p C]`. A learnt token stands in each hidden place.
    fn draw(&self, g: &mut Graph, y: Var, restore: Var, seen: usize) -> Result<Var> {
        let d = self.width;
        let (batch, n) = (g.shape(y)[0].clone(), g.shape(restore)[1].clone());
        let class = &g.shape(y)[1] - &seen.into(); // 1, or 0 without a class token
        let y = g.scoped("embed", |g| linear(g, y, d, true, INIT))?; // [B, 1 + n, d]
        let visible = g.slice(y, 1, class.clone(), seen.into())?;
        let mask = g.parameter("mask_token", &[1, 1, d], Init::Normal(0.02));
        let mask = g.expand(mask, vec![batch, &n - &seen.into(), d.into()])?;
        let all = g.concat(&[visible, mask], 1)?; // [B, N, d], shuffled
        let mut x = g.gather_rows(all, restore)?; // [B, N, d], in place
        let class = class.known().unwrap_or(0);
        if class > 0 {
            let token = g.slice(y, 1, 0.into(), class.into())?;
            x = g.concat(&[token, x], 1)?; // [B, 1 + N, d]
        }
        let places = [1, class + n.known().unwrap_or(0), d];
        let places = g.parameter("pos_embed", &places, Init::TruncatedNormal(0.02));
        x = g.add(x, places)?;
        let x = transformer_blocks(g, x, (self.depth, self.heads), EPSILON)?;
        let x = g.slice(x, 1, class.into(), n)?; // [B, N, d]
        g.scoped("pred", |g| linear(g, x, self.outputs, true, INIT))
    }
}

/// The paper's: a random part of the picture, mirrored.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let side = image.side.unwrap_or(224);
    Some(format!(
        "emit view = {} |> random_resized_crop({side}px, scale = 0.2..1.0) |> hflip(50%) |> normalize()\n",
        image.name
    ))
}

pub(super) fn spec() -> Spec {
    let size = |name, default, doc| {
        Param::with_default(name, Type::Integer, default, doc).within(1.0, 65536.0)
    };
    Spec::new(
        "mae",
        Kind::Task,
        "Most patches are hidden and drawn from the rest; for a `vit`.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default("mask", Type::Ratio, "75%", "How many patches are hidden.")
            .within(0.01, 0.99),
    )
    .param(Param::switch(
        "normalize",
        "on",
        "Each target patch has mean 0 and variance 1; `off`: pixels as they are.",
    ))
    .param(size("decoder_width", "512", "Features of a token in the decoder."))
    .param(size("decoder_depth", "8", "Blocks of the decoder."))
    .param(size("decoder_heads", "16", "Attention heads of the decoder; they divide its width."))
    .params(training_params(
        (4096, PICTURES),
        "800 epochs",
        "adamw(2.4e-3, beta2 = 0.95, weight_decay = 0.05)",
        "cosine(warmup = 40 epochs)",
    ))
    .input("view", SampleType::IMAGE, "The picture.")
    .paper(
        "He et al., 2022",
        "Masked Autoencoders Are Scalable Vision Learners",
        "arXiv:2111.06377",
    )
    .doc(
        "Each picture's patches are shuffled; the encoder sees the first quarter of them, with their positions, and nothing of the \
         rest, so that a step costs a fraction. A light decoder puts a learnt token into every hidden place and draws all \
         patches; only the hidden ones are compared, pixel by pixel, each normalised by its own mean and variance. The encoder \
         is a `vit`, alone; what later stages read is its class token, after its last norm, or with `vit(pool = mean)` the mean of its patches. Positions are learnt on both sides, \
         where the paper has fixed sines. Default rate: the paper's 1.5e-4 · batch / 256. The decoder is thrown away afterwards.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext patches = mae(decoder_width = 64, decoder_depth = 2, decoder_heads = 4) {\n  data    = figures.train\n  encoder = vit(size = tiny, patch = 4px)\n  batch   = 64\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
#[path = "mae_tests.rs"]
mod tests;
