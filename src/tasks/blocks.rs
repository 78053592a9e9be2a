//! Blocks of neighbouring patches, which are hidden or told: drawn in the graph, anew for each picture.

use crate::catalog::{Problem, Result};
use crate::graph::{DType, Graph, Var};
use crate::language::codes::Code;

/// A grid of patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// Patches from top to bottom.
    pub rows: usize,
    /// From left to right.
    pub columns: usize,
    /// Side of one in pixels, p.
    pub patch: usize,
}

impl Grid {
    /// Of pictures `x [B, C, H, W]` that were cut into `patches [B, N, D]`.
    ///
    /// # Errors
    /// Pictures are one patch: nothing would be left beside what is hidden.
    pub(super) fn of(g: &Graph, task: &str, x: Var, patches: Var) -> Result<Self> {
        let [_, height, width] = g.check_map(task, x)?;
        let n = g.shape(patches)[1].known().unwrap_or(1); // N
        let patch = (height * width / n.max(1)).isqrt().max(1);
        if n >= 2 {
            return Ok(Self {
                rows: height / patch,
                columns: width / patch,
                patch,
            });
        }
        Err(Problem::argument(
            Code::Shape,
            "encoder",
            format!("pictures of {height}×{width} px are one patch: hidden, nothing of them is left to tell it from"),
        )
        .help(match (2..=patch / 2).rev().find(|side| height % side == 0 && width % side == 0) {
            Some(side) => format!("write `patch = {side}px` or less in the encoder"),
            None => "take larger pictures, or smaller patches".into(),
        }))
    }

    /// The same pictures in patches of another side, where that divides them.
    pub(super) fn with_patch(self, patch: usize) -> Option<Self> {
        let [height, width] = [self.rows, self.columns].map(|count| count * self.patch);
        let divides = height.is_multiple_of(patch) && width.is_multiple_of(patch);
        divides.then_some(Self {
            rows: height / patch,
            columns: width / patch,
            patch,
        })
    }

    /// Patches, N.
    pub(super) fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// Pictures of which the patches with 1 in `hidden [B, N]` are black: `[B, C, H, W]`.
    pub(super) fn without(&self, g: &mut Graph, x: Var, hidden: Var) -> Result<Var> {
        let seen = g.neg(hidden)?;
        let seen = g.add_scalar(seen, 1.0)?;
        self.left(g, x, seen)
    }

    /// Pictures of which the patches with 1 in `seen [B, N]` are left, the others black: `[B, C, H, W]`.
    pub(super) fn left(&self, g: &mut Graph, x: Var, seen: Var) -> Result<Var> {
        let patches = g.patchify(x, self.patch)?; // [B, N, p p C]
        let seen = g.unsqueeze(seen, 2)?;
        let patches = g.mul(patches, seen)?;
        g.unpatchify(patches, self.patch, self.rows)
    }
}

/// The sides of a block in patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub rows: usize,
    pub columns: usize,
}

impl Block {
    /// Of a part of the grid's patches, `aspect` times as high as wide; at least one patch, and at most the grid.
    pub(super) fn sized(grid: Grid, scale: f64, aspect: f64) -> Self {
        let area = scale * grid.count() as f64;
        let side = |length: f64, most: usize| (length.round() as usize).clamp(1, most);
        Self {
            rows: side((area * aspect).sqrt(), grid.rows),
            columns: side((area / aspect).sqrt(), grid.columns),
        }
    }

    /// Patches.
    pub(super) fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// Where it lies: `noise [B, 2]` in 0..1 → the numbers of its patches, `[B, rows · columns]`.
    pub(super) fn places(&self, g: &mut Graph, grid: Grid, noise: Var) -> Result<Var> {
        let top = self.corner(g, noise, 0, grid.rows - self.rows)?; // [B, 1]
        let left = self.corner(g, noise, 1, grid.columns - self.columns)?;
        let top = g.mul_scalar(top, grid.columns as f64)?;
        let first = g.add(top, left)?; // [B, 1]
        let inside = g.arange(self.count().into());
        let inside = g.to_float(inside)?; // [t]
        let column = g.remainder(inside, self.columns as f64)?;
        let row = g.sub(inside, column)?; // times the block's columns
        let row = g.mul_scalar(row, grid.columns as f64 / self.columns as f64)?;
        let offsets = g.add(row, column)?; // [t]
        let places = g.add(first, offsets)?; // [B, t]
        // whole numbers, if not for the last bit
        let places = g.add_scalar(places, 0.5)?;
        g.to_int(places)
    }

    /// One of 0..=most: `[B, 1]`.
    fn corner(&self, g: &mut Graph, noise: Var, side: usize, most: usize) -> Result<Var> {
        let u = g.slice(noise, 1, side.into(), 1.into())?;
        let at = g.mul_scalar(u, (most + 1) as f64)?;
        let at = g.clamp(at, 0.0, most as f64 + 0.5)?; // u next to 1 may round up
        let at = g.to_int(at)?;
        g.to_float(at)
    }
}

/// 1 at these patches, 0 elsewhere: `places [B, t]` → `[B, N]`.
pub(super) fn marked(g: &mut Graph, grid: Grid, places: Var) -> Result<Var> {
    let shape = g.shape(places).clone();
    let zeros = g.full(vec![shape[0].clone(), grid.count().into()], 0.0)?;
    let ones = g.full(shape, 1.0)?;
    debug_assert_eq!(g.node(places).dtype, DType::Int);
    let marks = g.scatter_add(zeros, places, ones, 1)?;
    g.clamp(marks, 0.0, 1.0)
}

/// Rectangles of [`rectangles`].
const RECTANGLES: usize = 10;
/// Numbers in 0..1 that [`rectangles`] takes for each picture.
pub(super) const RECTANGLES_NOISE: usize = 4 * RECTANGLES;

/// 1 where a patch is hidden: one rectangle after the other until the part `ratio [B, 1]` of the picture is covered, as BEiT does it
/// (Bao et al., 2022, algorithm 1): each of a quarter to all of what is to be hidden, 0.3 to 1/0.3 times as high as wide.
/// `noise [B, 40]` in 0..1 → `[B, N]`.
pub(super) fn rectangles(g: &mut Graph, grid: Grid, ratio: Var, noise: Var) -> Result<Var> {
    let n = grid.count() as f64;
    let batch = g.shape(noise)[0].clone();
    let wanted = g.mul_scalar(ratio, n)?; // [B, 1]
    let place = g.arange(grid.count().into());
    let place = g.to_float(place)?; // [N]
    let column = g.remainder(place, grid.columns as f64)?;
    let row = g.sub(place, column)?;
    let row = g.mul_scalar(row, 1.0 / grid.columns as f64)?;
    let mut hidden = g.full(vec![batch, grid.count().into()], 0.0)?; // [B, N]
    for rectangle in 0..RECTANGLES {
        let mut draws = [noise; 4];
        for (index, draw) in draws.iter_mut().enumerate() {
            *draw = g.slice(noise, 1, (4 * rectangle + index).into(), 1.into())?; // [B, 1]
        }
        let [size, aspect, down, along] = draws;
        let size = g.mul_scalar(size, 0.75)?;
        let size = g.add_scalar(size, 0.25)?;
        let area = g.mul(size, wanted)?; // [B, 1]
        let aspect = g.mul_scalar(aspect, 2.0 * (1.0 / 0.3_f64).ln())?;
        let aspect = g.add_scalar(aspect, 0.3_f64.ln())?;
        let aspect = g.exp(aspect)?;
        let height = g.mul(area, aspect)?;
        let height = g.sqrt(height)?;
        let width = g.div(area, aspect)?;
        let width = g.sqrt(width)?;
        let rows = within(g, row, down, height, grid.rows)?; // [B, N]
        let columns = within(g, column, along, width, grid.columns)?;
        let inside = g.mul(rows, columns)?;
        // enough is enough
        let covered = g.sum(hidden, 1)?; // [B, 1]
        let wants = g.less(covered, wanted)?;
        let more = g.mul(inside, wants)?;
        hidden = g.maximum(hidden, more)?;
    }
    Ok(hidden)
}

/// 1 where a place on one side of the grid is inside a stretch: `place [N]`, `start [B, 1]` in 0..1, `length [B, 1]` → `[B, N]`.
fn within(g: &mut Graph, place: Var, start: Var, length: Var, side: usize) -> Result<Var> {
    let length = g.clamp(length, 1.0, side as f64)?;
    let half = g.add_scalar(length, 0.5)?;
    let whole = g.to_int(half)?; // rounded
    let length = g.to_float(whole)?;
    let room = g.neg(length)?;
    let room = g.add_scalar(room, side as f64 + 1.0)?;
    let first = g.mul(start, room)?;
    let first = g.to_int(first)?;
    let first = g.to_float(first)?; // [B, 1]
    let end = g.add(first, length)?;
    let first = g.add_scalar(first, -0.5)?;
    let after = g.greater(place, first)?; // [B, N]
    let before = g.less(place, end)?;
    g.mul(after, before)
}
