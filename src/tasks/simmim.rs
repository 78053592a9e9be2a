//! Patches are replaced by a learnt token, and their pixels are told by one layer behind the encoder (Xie et al., 2022).

use super::hidden::{call_with_hidden, of_patches, shuffled};
use super::patches::{PANELS, panels};
use super::picture;
use super::{PICTURES, training_params};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::encoders::layers::{LinearInit, linear};
use crate::graph::{Graph, Module, Size, Var};
use crate::language::codes::Code;

/// How linear layers of a transformer start.
const INIT: LinearInit = LinearInit::TruncatedNormal(0.02);

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let x = g.input("view")?; // [B, C, H, W]
    let encoder = Module::new("encoder", task.net("encoder"));
    let patches = g.call_part(&encoder, "patches", x)?; // [B, N, D], without positions
    let grid = Grid::new(g, task, x, patches)?;
    let noise = vec![g.shape(x)[0].clone(), grid.units().into()];
    let noise = g.random_uniform(noise); // [B, U], decides which units are hidden
    let loss = hide_and_tell(g, task, &encoder, grid, [x, patches, noise])?;
    g.objective("loss", loss);
    Ok(())
}

/// The loss, `[1]`, of `x [B, C, H, W]` and its `patches [B, N, D]`, of whose units those with the least `noise [B, U]` are hidden.
fn hide_and_tell(
    g: &mut Graph,
    task: &Args,
    encoder: &Module,
    grid: Grid,
    [x, patches, noise]: [Var; 3],
) -> Result<Var> {
    let shape = g.shape(patches).clone(); // [B, N, D]
    let n = shape[1].known().unwrap_or(1); // N
    let hidden = grid.hidden(g, noise, task.ratio("mask"))?; // [B, N, 1]
    let units = g.squeeze(hidden, 2)?; // [B, N]
    let z = call_with_hidden(g, encoder, patches, units)?; // [B, 1 + N, D], the class token first where there is one
    let z = of_patches(g, z, n)?; // [B, N, D]

    let target = g.patchify(x, grid.patch)?; // [B, N, p p C]
    let outputs = g.check_features("simmim", target)?;
    let pred = g.scoped("head", |g| linear(g, z, outputs, true, INIT))?; // [B, N, p p C]
    g.exhibit_of("patches", &PANELS, |g| {
        panels(g, [x, target, pred, hidden], grid.patch)
    })?;
    g.l1(pred, target, Some(hidden))
}

/// How a picture is cut: into units that are hidden or not, and those into patches.
#[derive(Clone, Copy)]
struct Grid {
    /// Side of a patch in pixels, p.
    patch: usize,
    /// Patches on a side of a unit.
    side: usize,
    /// Units from top to bottom, and from left to right.
    units: [usize; 2],
}

impl Grid {
    /// Of `x [B, C, H, W]`, which an encoder cut into `patches [B, N, D]`.
    fn new(g: &Graph, task: &Args, x: Var, patches: Var) -> Result<Self> {
        let [_, height, width] = g.check_map("simmim", x)?;
        let n = g.shape(patches)[1].known().unwrap_or(1); // N
        let patch = (height * width / n.max(1)).isqrt().max(1);
        let fits = |unit: usize| height.is_multiple_of(unit) && width.is_multiple_of(unit);
        let unit = match task.maybe_length("unit") {
            Some(unit) if unit == 0 || !unit.is_multiple_of(patch) || !fits(unit) => {
                let sides = (1..=height.min(width))
                    .filter(|side| side.is_multiple_of(patch) && fits(*side));
                let sides: Vec<String> = sides.map(|side| format!("{side}px")).collect();
                return Err(Problem::argument(
                    Code::Shape,
                    "unit",
                    format!(
                        "a unit of {unit} px is not made of patches of {patch} px, or pictures of {height}×{width} px not of it"
                    ),
                )
                .help(format!("one of {} will do", sides.join(", "))));
            }
            Some(unit) => unit,
            // two patches, where pictures are more than one such unit
            None if fits(2 * patch) && height.max(width) > 2 * patch => 2 * patch,
            None => patch,
        };
        let grid = Self {
            patch,
            side: unit / patch,
            units: [height / unit, width / unit],
        };
        if grid.units() < 2 {
            return Err(Problem::argument(
                Code::Shape,
                "unit",
                format!("pictures of {height}×{width} px are one unit: hidden, nothing of them is left to tell it from"),
            )
            .help(match (2..=patch / 2).rev().find(|side| fits(*side)) {
                _ if unit > patch => format!("write `unit = {patch}px`"),
                Some(side) => format!("write `patch = {side}px` or less in the encoder"),
                None => "take larger pictures, or smaller patches".into(),
            }));
        }
        Ok(grid)
    }

    /// U
    fn units(self) -> usize {
        self.units[0] * self.units[1]
    }

    /// 1 where a patch is hidden, `[B, N, 1]`: this part of each picture's units, those with the least `noise [B, U]`.
    fn hidden(self, g: &mut Graph, noise: Var, ratio: f64) -> Result<Var> {
        let units = self.units();
        // one is hidden, and one is seen
        let count = ((units as f64 * ratio).ceil() as usize).clamp(1, units - 1);
        let [_, rank] = shuffled(g, noise)?; // [B, U], each unit's place in its picture's order
        let rank = g.to_float(rank)?;
        let last = g.full(vec![1.into(), 1.into()], count as f64 - 0.5)?;
        let hidden = g.less(rank, last)?; // [B, U]
        let batch = g.shape(noise)[0].clone();
        let [rows, columns] = self.units;
        let sizes = |sizes: [usize; 4]| -> Vec<Size> {
            let sizes = sizes.into_iter().map(Size::fixed);
            [batch.clone()].into_iter().chain(sizes).collect()
        };
        let hidden = g.reshape(hidden, sizes([rows, 1, columns, 1]))?;
        let hidden = g.expand(hidden, sizes([rows, self.side, columns, self.side]))?;
        let n = units * self.side * self.side;
        g.reshape(hidden, vec![batch.clone(), n.into(), 1.into()])
    }
}

/// The paper's: most of the picture, mirrored.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let side = image.side.unwrap_or(224);
    Some(format!(
        "emit view = {} |> random_resized_crop({side}px, scale = 0.67..1.0) |> hflip(50%) |> normalize()\n",
        image.name
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "simmim",
        Kind::Task,
        "Hidden patches are told by one layer behind the encoder, which sees where they are; for a `vit`.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default("mask", Type::Ratio, "60%", "How many units are hidden.")
            .within(0.01, 0.99),
    )
    .param(
        Param::optional(
            "unit",
            Type::Length,
            "Side of what is hidden or not: whole patches. Where it is absent: two of them, as the paper's 32 px are of its 16.",
        )
        .within(1.0, 1024.0),
    )
    .params(training_params(
        (2048, PICTURES),
        "100 epochs",
        "adamw(8e-4, weight_decay = 0.05)",
        "cosine(warmup = 10 epochs)",
    ))
    .input("view", SampleType::IMAGE, "The picture.")
    .paper(
        "Xie et al., 2022",
        "SimMIM: A Simple Framework for Masked Image Modeling",
        "arXiv:2111.09886",
    )
    .doc(
        "Patches are hidden in units, each picture's own; a learnt token stands in their places, with the positions of those places. The encoder, a \
         `vit`, alone, sees all of them, and one linear layer behind it tells the pixels of each patch; the mean of |pred − pixel| over what is \
         hidden is the loss. Pixels are as the augment normalised them. The class token takes no part in it and is hardly trained: let the encoder give \
         the mean of its patches (`vit(pool = mean)`). The paper's best network, a Swin, has positions relative to one another; here they are learnt, one for \
         each place. The token and the layer are thrown away afterwards.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext patches = simmim() {\n  data    = figures.train\n  encoder = vit(size = tiny, patch = 4px, pool = mean)\n  batch   = 64\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
#[path = "simmim_tests.rs"]
mod tests;
