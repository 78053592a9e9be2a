//! From one part of a picture a predictor says what a slow encoder makes of other parts (Assran et al., 2023).

use super::blocks::{Block, Grid, marked};
use super::hidden::of_patches;
use super::slow::{momentum, slow_momentum};
use super::two_views::spread;
use super::{PICTURES, mean_of, picture, training_params};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::encoders::layers::{LinearInit, linear, transformer_blocks};
use crate::graph::{Graph, Init, Module, Moment, Scalar, Var};
use crate::language::codes::Code;

/// Of layer norms.
const EPSILON: f64 = 1e-6;
/// How linear layers of a transformer start.
const INIT: LinearInit = LinearInit::TruncatedNormal(0.02);

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let x = g.input("view")?; // [B, C, H, W]
    let encoder = Module::new("encoder", task.net("encoder"));
    let patches = g.call_part(&encoder, "embed", x)?; // [B, N, D], with positions
    let grid = Grid::of(g, "ijepa", x, patches)?;
    let batch = g.shape(x)[0].clone();
    // where each block lies, and the order in which other patches are seen
    let draws = 2 * task.size("blocks") + grid.count();
    let noise = g.random_uniform(vec![batch, draws.into()]);
    let loss = predict_blocks(g, task, &encoder, [x, patches, noise])?;
    g.objective("loss", loss);
    Ok(())
}

/// The loss, `[1]`, of `x [B, C, H, W]` and its `patches [B, N, D]`; `noise [B, 2 M + N]` in 0..1.
fn predict_blocks(
    g: &mut Graph,
    task: &Args,
    encoder: &Module,
    [x, patches, noise]: [Var; 3],
) -> Result<Var> {
    let grid = Grid::of(g, "ijepa", x, patches)?;
    let n = grid.count(); // N
    let blocks = sizes(task, grid); // M of them
    let seen = context_size(task, grid, &blocks)?; // n
    let slow = momentum(task, |m| Scalar::linear(m, 1.0, Moment::Fraction(1.0)))?;
    let target_encoder = g.ema(encoder, slow)?;
    g.part("target", &target_encoder);
    g.part("context", encoder);

    // s_y: what the slow encoder makes of the whole picture, patch by patch
    let whole = g.call_part(&target_encoder, "embed", x)?;
    let whole = g.call_part(&target_encoder, "blocks", whole)?;
    let whole = g.call_part(&target_encoder, "norm", whole)?; // [B, 1 + N, D]
    let s_y = of_patches(g, whole, n)?; // [B, N, D]
    let s_y = g.layer_norm_plain(s_y, EPSILON)?;

    let mut places = Vec::new(); // of each block, [B, t]
    for (i, block) in blocks.iter().enumerate() {
        let u = g.slice(noise, 1, (2 * i).into(), 2.into())?; // [B, 2]
        places.push(block.places(g, grid, u)?);
    }
    let all = g.concat(&places, 1)?; // [B, Σ t]
    let told = marked(g, grid, all)?; // [B, N]
    // patches of no block first, in an order of the picture's own
    let order = g.slice(noise, 1, (2 * blocks.len()).into(), n.into())?;
    let order = g.add(order, told)?;
    let order = g.argsort(order, 1, false)?;
    let keep = g.slice(order, 1, 0.into(), seen.into())?; // [B, n]

    let context = g.gather_rows(patches, keep)?; // [B, n, D]
    let s_x = g.call_part(encoder, "blocks", context)?; // [B, 1 + n, D]
    let s_x = g.call_part(encoder, "norm", s_x)?;

    let predictor = Predictor {
        width: task.size("predictor_width"),
        depth: task.size("predictor_depth"),
        heads: task.size("predictor_heads"),
        outputs: g.check_features("ijepa", s_y)?,
        patches: n,
    };
    let mut distances = Vec::new();
    for places in &places {
        let predicted = g.scoped("predictor", |g| predictor.predict(g, s_x, keep, *places))?; // [B, t, D]
        let wanted = g.gather_rows(s_y, *places)?; // [B, t, D]
        distances.push(g.mse(predicted, wanted, None)?);
    }
    let loss = mean_of(g, &distances)?;

    let mean = g.mean(whole, 1)?;
    let mean = g.flatten(mean)?; // [B, D]
    let spread = spread(g, mean)?;
    g.metric("spread", spread);
    g.exhibit_of("blocks", &["picture", "context", "told"], |g| {
        let context = marked(g, grid, keep)?;
        let context = grid.left(g, x, context)?;
        let told = grid.left(g, x, told)?;
        Ok(vec![x, context, told])
    })?;
    Ok(loss)
}

/// M blocks whose scale and aspect ratio are spread evenly over their ranges: a graph has one shape, so that sizes are not drawn.
fn sizes(task: &Args, grid: Grid) -> Vec<Block> {
    let count = task.size("blocks");
    let ((small, large), (wide, high)) = (task.range("scale"), task.range("aspect"));
    let between =
        |low: f64, high: f64, i: usize| low + (high - low) * (i as f64 + 0.5) / count as f64;
    (0..count)
        .map(|i| {
            let scale = between(small, large, i);
            // the smallest block is not the widest
            let aspect = between(wide.ln(), high.ln(), (i + count / 2) % count).exp();
            Block::sized(grid, scale, aspect)
        })
        .collect()
}

/// How many patches are outside of the blocks wherever these lie.
fn context_size(task: &Args, grid: Grid, blocks: &[Block]) -> Result<usize> {
    let told = |blocks: &[Block]| -> usize { blocks.iter().map(Block::count).sum() };
    let left = |grid: Grid, blocks: &[Block]| {
        let left = grid.count().checked_sub(told(blocks));
        left.filter(|left| *left > 0)
    };
    if let Some(left) = left(grid, blocks) {
        return Ok(left);
    }
    let problem = Problem::argument(
        Code::OutOfRange,
        if blocks.len() > 1 { "blocks" } else { "scale" },
        format!(
            "{} blocks of {} patches in all can cover the whole picture of {}: nothing would be left to tell them from",
            blocks.len(),
            told(blocks),
            grid.count()
        ),
    );
    let smaller = (1..grid.patch)
        .rev()
        .filter_map(|side| grid.with_patch(side))
        .find(|grid| left(*grid, &sizes(task, *grid)).is_some());
    Err(match smaller {
        Some(smaller) => problem.help(format!(
            "write `patch = {}px` in the encoder, or take fewer or smaller blocks",
            smaller.patch
        )),
        None => problem.help("take fewer or smaller blocks"),
    })
}

/// A narrow transformer.
struct Predictor {
    /// d
    width: usize,
    depth: usize,
    heads: usize,
    /// D
    outputs: usize,
    /// N
    patches: usize,
}

impl Predictor {
    /// What stands at `places [B, t]`, told from the context `s_x [B, 1 + n, D]`, of which the last n tokens are the patches `keep
    /// [B, n]`: `[B, t, D]`.
    fn predict(&self, g: &mut Graph, s_x: Var, keep: Var, places: Var) -> Result<Var> {
        let d = self.width;
        let seen = g.shape(keep)[1].clone(); // n
        let t = g.shape(places)[1].clone();
        let y = g.scoped("embed", |g| linear(g, s_x, d, true, INIT))?; // [B, 1 + n, d]
        let before = &g.shape(y)[1] - &seen; // 0 or 1
        let table = g.parameter("pos_embed", &[self.patches, d], Init::TruncatedNormal(0.02));
        let at_context = g.embedding(table, keep)?; // [B, n, d]
        let context = g.slice(y, 1, before.clone(), seen)?;
        let context = g.add(context, at_context)?;
        // a learnt token stands for each patch that is told
        let mask = g.parameter("mask_token", &[1, 1, d], Init::TruncatedNormal(0.02));
        let at_block = g.embedding(table, places)?; // [B, t, d]
        let wanted = g.add(at_block, mask)?;
        let mut parts = vec![context, wanted];
        if before.known() != Some(0) {
            parts.insert(0, g.slice(y, 1, 0.into(), before)?);
        }
        let y = g.concat(&parts, 1)?; // [B, 1 + n + t, d]
        let y = transformer_blocks(g, y, (self.depth, self.heads), EPSILON)?;
        let t = t.known().unwrap_or(1);
        let y = of_patches(g, y, t)?; // [B, t, d]
        g.scoped("proj", |g| linear(g, y, self.outputs, true, INIT))
    }
}

/// The paper's: a random part of the picture, and nothing made by hand beside it.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let side = image.side.unwrap_or(224);
    Some(format!(
        "emit view = {} |> random_resized_crop({side}px, scale = 0.3..1.0) |> normalize()\n",
        image.name
    ))
}

pub(super) fn spec() -> Spec {
    let size = |name, default, doc| {
        Param::with_default(name, Type::Integer, default, doc).within(1.0, 65536.0)
    };
    Spec::new(
        "ijepa",
        Kind::Task,
        "From one part of a picture it is told what a slow encoder makes of other parts; for a `vit`.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default("blocks", Type::Integer, "4", "M: blocks that are told.").within(1.0, 16.0),
    )
    .param(
        Param::with_default("scale", Type::Range, "0.15..0.2", "The part of the picture that a block takes.")
            .within(0.001, 0.9),
    )
    .param(
        Param::with_default("aspect", Type::Range, "0.75..1.5", "A block's height by its width.")
            .within(0.1, 10.0),
    )
    .param(slow_momentum(
        "0.996",
        "The part of the target encoder that stays at each step; it rises to 1 in a line. Less suits short trainings.",
    ))
    .param(size("predictor_width", "384", "Features of a token in the predictor."))
    .param(size("predictor_depth", "6", "Blocks of the predictor."))
    .param(size("predictor_heads", "12", "Attention heads of the predictor; they divide its width."))
    .params(training_params(
        (2048, PICTURES),
        "300 epochs",
        "adamw(1e-3, weight_decay = 0.04)",
        "cosine(warmup = 15 epochs)",
    ))
    .input("view", SampleType::IMAGE, "The picture.")
    .export("target", "The slow copy of the encoder, which the paper judges.")
    .export("context", "The encoder that is trained.")
    .paper(
        "Assran et al., 2023",
        "Self-Supervised Learning from Images with a Joint-Embedding Predictive Architecture",
        "arXiv:2301.08243",
    )
    .doc(
        "M blocks are drawn in each picture. The context encoder sees patches that are in none of them; from what it makes of these a \
         narrow predictor tells, block by block, what the target encoder, a slow copy that sees the whole picture, makes of the patches \
         there: features, each patch's normalised, not pixels, so that nothing need be drawn. The loss is the mean squared distance; \
         that the copy is slow and the predictor stands between keeps pictures from becoming one, and the metric `spread` (near 0: a \
         collapse) watches it. `from = STAGE` means the target encoder, as in the paper, `from = STAGE.context` the one that is trained.\n\n\
         A graph has one shape: the blocks' sizes are spread evenly over `scale` and `aspect` rather than drawn, their places are drawn for each \
         picture, and the context is as many patches as are free wherever the blocks lie, at random among those that are (the paper \
         cuts a block of 85 to 100 % down to the least of a batch). The loss touches patches alone: `vit(pool = mean)` gives their mean. \
         Positions are learnt, where the paper has fixed sines, and weight decay is constant (the paper raises it from 0.04 to 0.4).",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext parts = ijepa(predictor_width = 64, predictor_depth = 2, predictor_heads = 4) {\n  data    = figures.train\n  encoder = vit(size = tiny, patch = 4px, pool = mean)\n  batch   = 64\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
#[path = "ijepa_tests.rs"]
mod tests;
