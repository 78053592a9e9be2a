//! What lies further down in a picture, told from what lies above it (van den Oord et al., 2018).

use super::{CROPS, cut, patch, picture, piece, training_params};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::encoders::layers::{LinearInit, linear};
use crate::graph::{Graph, Module, Padding, Size, Var};
use crate::language::codes::Code;

/// Side of the smallest patch that is cut where none is asked for.
const SMALLEST: usize = 8;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder")); // g_enc
    let x = g.input("view")?; // [B, C, H, W]
    let grid = Grid::new(g, task, x)?;
    let Grid { rows, columns, .. } = grid;

    let patches = grid.cut(g, x)?; // [B R S, C, p, p], row by row
    let patches = match task.switch("drop_colours") {
        true => one_colour(g, patches)?,
        false => patches,
    };
    let z = g.call(&encoder, patches)?; // [B R S, D]
    let width = g.check_features("cpc", z)?;
    let batch = g.shape(x)[0].clone();
    let map = vec![batch, rows.into(), columns.into(), width.into()];
    let z = g.reshape(z, map)?; // [B, R, S, D]
    let c = g.scoped("context", |g| {
        context(g, z, task.size("width"), task.size("depth"))
    })?; // [B, R, S, D], g_ar

    let (mut losses, mut hits) = (Vec::new(), Vec::new());
    for k in grid.ahead(task) {
        let told = rows - k; // rows that have one k below them
        let from = g.slice(c, 1, 0.into(), told.into())?; // [B, R - k, S, D]
        let from = row_by_row(g, from, width)?; // [B (R - k) S, D]
        let pred = g.scoped(&format!("ahead/{k}"), |g| {
            linear(g, from, width, false, LinearInit::Uniform) // W_k c
        })?;
        let below = g.slice(z, 1, k.into(), told.into())?; // [B, R - k, S, D]
        let below = row_by_row(g, below, width)?;
        // f_k = exp(z · W_k c), equation 3; of all places of all pictures which one is it? Equation 4
        let (loss, hit) = g.info_nce(pred, below, None, 1.0, false)?;
        losses.push(loss);
        hits.push(hit);
    }
    let loss = mean(g, &losses)?;
    g.objective("loss", loss);
    let accuracy = mean(g, &hits)?;
    g.metric("accuracy", accuracy);
    Ok(())
}

/// `[B, r, S, D]` → `[B r S, D]`
fn row_by_row(g: &mut Graph, x: Var, width: usize) -> Result<Var> {
    let shape = g.shape(x).clone();
    let places = &(&shape[0] * &shape[1]) * &shape[2];
    g.reshape(x, vec![places, width.into()])
}

/// Each patch with one of its channels, drawn anew for each batch, as bright as all of them: `[N, C, p, p]` → the same. The others are 0, their mean.
fn one_colour(g: &mut Graph, patches: Var) -> Result<Var> {
    let [channels, _, _] = g.check_map("cpc", patches)?;
    let rows = g.shape(patches)[0].clone();
    let drawn = g.random_uniform(vec![rows.clone(), channels.into()]); // [N, C]
    let kept = g.argmax(drawn, 1)?; // [N, 1]
    let kept = g.squeeze(kept, 1)?;
    let kept = g.one_hot(kept, channels.into())?; // [N, C]
    let kept = g.mul_scalar(kept, channels as f64)?;
    let kept = g.reshape(kept, vec![rows, channels.into(), 1.into(), 1.into()])?;
    g.mul(patches, kept)
}

/// The mean of numbers, `[1]` each: `[1]`.
fn mean(g: &mut Graph, numbers: &[Var]) -> Result<Var> {
    let all = g.concat(numbers, 0)?;
    g.mean_all(all)
}

/// c: at each place what can be told of it and of the rows above it, `[B, R, S, D]` → `[B, R, S, D]`. Blocks of a PixelCNN (van den Oord et
/// al., 2016) without its mask within a row: nothing below a place flows into it.
fn context(g: &mut Graph, z: Var, width: usize, depth: usize) -> Result<Var> {
    let features = g.shape(z)[3].known().unwrap_or(1);
    let mut c = z;
    for block in 0..depth {
        let more = g.scoped(&block.to_string(), |g| {
            let x = layer(g, "into", c, width)?;
            let x = g.relu(x)?;
            let three = neighbours(g, x, 2, [1, 1])?; // left, own, right: [B, R, S, 3 w]
            let x = layer(g, "beside", three, width)?;
            let two = neighbours(g, x, 1, [1, 0])?; // above, own: [B, R, S, 2 w]
            let x = layer(g, "above", two, width)?;
            let x = g.relu(x)?;
            layer(g, "from", x, features)
        })?;
        c = g.add(c, more)?;
    }
    g.relu(c)
}

/// A layer on each place: `[B, R, S, w]` → `[B, R, S, n]`.
fn layer(g: &mut Graph, name: &str, x: Var, n: usize) -> Result<Var> {
    let mut shape = g.shape(x).clone();
    let x = row_by_row(g, x, shape[3].known().unwrap_or(1))?;
    let x = g.scoped(name, |g| linear(g, x, n, true, LinearInit::Uniform))?;
    shape[3] = n.into();
    g.reshape(x, shape)
}

/// Each place with so many before it and behind it along a dimension, side by side: `[B, R, S, w]` → `[B, R, S, (1 + before + after) w]`. Zeros
/// where there are none.
fn neighbours(g: &mut Graph, x: Var, dim: usize, [before, after]: [usize; 2]) -> Result<Var> {
    let size = g.shape(x)[dim].clone();
    let padded = g.pad(x, dim, before, after, Padding::Constant(0.0))?;
    let shifted = |g: &mut Graph, by: usize| g.slice(padded, dim, by.into(), size.clone());
    let all: Vec<Var> = (0..=before + after)
        .map(|by| shifted(g, by))
        .collect::<Result<_>>()?;
    g.concat(&all, 3)
}

/// Patches of a picture that overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Grid {
    /// Side of a patch in pixels, p.
    patch: usize,
    /// Pixels from one patch to the next.
    stride: usize,
    /// R, from top to bottom.
    rows: usize,
    /// S, from left to right.
    columns: usize,
}

impl Grid {
    /// Of `x [B, C, H, W]`.
    fn new(g: &Graph, task: &Args, x: Var) -> Result<Self> {
        let [_, height, width] = g.check_map("cpc", x)?;
        let side = height.min(width);
        let own = patch(task);
        // whole patches of an encoder that cuts them; others take pictures of 8 px and more
        let default = || piece((side / 4).max(SMALLEST), side, own);
        let patch = task.maybe_length("patch").unwrap_or_else(default).max(1);
        let stride = task.maybe_length("stride");
        let stride = stride.unwrap_or(patch / 2).max(1);
        let count = |side: usize| side.checked_sub(patch).map_or(0, |left| left / stride + 1);
        let grid = Self {
            patch,
            stride,
            rows: count(height),
            columns: count(width),
        };
        let least = task.size("skip") + 2;
        if grid.rows < least || grid.columns == 0 {
            let (rows, columns) = (grid.rows, grid.columns);
            return Err(Problem::argument(
                Code::Shape,
                "patch",
                format!(
                    "patches of {patch} px, {stride} px from one another, lie in {rows} rows of {columns} in pictures of {height}×{width} px; \
                     to tell what lies below them cpc takes {least} rows or more"
                ),
            )
            .help("take larger pictures, smaller patches or a smaller `stride`"));
        }
        Ok(grid)
    }

    /// So many rows down what lies there is told.
    fn ahead(self, task: &Args) -> std::ops::RangeInclusive<usize> {
        let first = task.size("skip") + 1;
        let last = first + task.size("steps") - 1;
        first..=last.min(self.rows - 1)
    }

    /// `[B, C, H, W]` → `[B R S, C, p, p]`
    fn cut(self, g: &mut Graph, x: Var) -> Result<Var> {
        let shape = g.shape(x).clone();
        let side = Size::fixed(self.patch);
        let mut patches = Vec::with_capacity(self.rows * self.columns);
        for row in 0..self.rows {
            let strip = g.slice(x, 2, (row * self.stride).into(), side.clone())?; // [B, C, p, W]
            for column in 0..self.columns {
                patches.push(g.slice(strip, 3, (column * self.stride).into(), side.clone())?);
            }
        }
        let patches = g.stack(&patches, 1)?; // [B, R S, C, p, p]
        let all = &shape[0] * &Size::fixed(self.rows * self.columns);
        g.reshape(patches, vec![all, shape[1].clone(), side.clone(), side])
    }
}

/// The paper's: a part of the picture, mirrored.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let cut = cut(image.side, [300, 256]);
    Some(format!(
        "emit view = {} |> {cut} |> hflip(50%) |> normalize()\n",
        image.name
    ))
}

pub(super) fn spec() -> Spec {
    let size = |name, default, doc| {
        Param::with_default(name, Type::Integer, default, doc).within(1.0, 65536.0)
    };
    Spec::new(
        "cpc",
        Kind::Task,
        "What lies further down in a picture, told from what lies above it.",
        Make::task(build, augment),
    )
    .param(
        Param::optional(
            "patch",
            Type::Length,
            "Side of a patch. Where it is absent: a quarter of the picture's shorter side, as the paper's 64 px are of 256, and 8 px or more.",
        )
        .within(1.0, 4096.0),
    )
    .param(
        Param::optional(
            "stride",
            Type::Length,
            "Pixels from one patch to the next. Where it is absent: half a patch, which gives the paper's 7 × 7 of them.",
        )
        .within(1.0, 4096.0),
    )
    .param(size("steps", "5", "Rows ahead that are told, each by weights W_k of its own; fewer where there are fewer rows."))
    .param(
        Param::with_default(
            "skip",
            Type::Integer,
            "1",
            "Rows below a place that are not told from it: those whose patches share pixels with its own.",
        )
        .within(0.0, 100.0),
    )
    .param(Param::switch(
        "drop_colours",
        "off",
        "Each patch keeps one of its channels, drawn at random: patches of a picture can't be told by their common colour.",
    ))
    .param(size("width", "256", "Features inside of a block of the context network."))
    .param(size("depth", "5", "Blocks of the context network; each sees a row and a column further."))
    .params(training_params(
        (32, CROPS),
        "200 epochs",
        "adam(2e-4)",
        "constant()",
    ))
    .input("view", SampleType::IMAGE, "The picture.")
    .pieces()
    .paper(
        "van den Oord et al., 2018",
        "Representation Learning with Contrastive Predictive Coding",
        "arXiv:1807.03748",
    )
    .doc(
        "The picture is cut into patches that overlap by half; the encoder sees each alone and gives a vector z. A context network \
         sums up what lies at a place and in the rows above it, c, and for each step k a matrix W_k tells z of the patch k rows below: it must be found, by \
         z · W_k c, among those of all places and pictures of the batch that the same step tells of (InfoNCE), so that a step of B pictures \
         contrasts thousands of patches. The metric is how often it is the first of them, mean over the steps. What is near needs no understanding: a patch \
         whose pixels are half in the one above it is known by its edge, and `skip` leaves it out. \
         Context network: residual blocks as the authors wrote them down later (Hénaff et al., 2020, arXiv:1905.09272). Where pictures are told by their colours alone, nothing \
         else is learnt: `drop_colours` takes them away, as Doersch et al. (2015) and those authors do. Batch norm shares what it knows among \
         patches of a picture, and the paper's encoder has none. Later stages read whole pictures, of which the encoder pools its map. The paper's batches \
         are 16 pictures on each of 32 GPUs; it also moves each patch a little.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext below = cpc(width = 64, depth = 2) {\n  data    = figures.train\n  encoder = small_cnn()\n  optimizer = adam(1e-3)\n}\n",
    )
}

#[cfg(test)]
#[path = "cpc_tests.rs"]
mod tests;
