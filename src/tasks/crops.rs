//! Multi-crop: full views and small ones, in one augment and two inputs (Caron et al., 2020).

use super::two_views::Looks;
use super::{patch, picture};
use crate::catalog::{Args, Problem, Result};
use crate::data::Fields;
use crate::graph::{Graph, Var};
use crate::language::codes::Code;

/// The views of the batch.
pub(super) struct Crops {
    /// Full views, `[B, C, H, W]` each; at least two.
    pub globals: Vec<Var>,
    /// Small views, `[B, C, h, w]` each; maybe none.
    pub locals: Vec<Var>,
}

/// The inputs `globals` and `locals`.
pub(super) fn crops(g: &Graph, task: &str) -> Result<Crops> {
    let globals = g.input_list("globals")?;
    if globals.len() < 2 {
        return Err(Problem::argument(
            Code::Unbound,
            "augment",
            format!("{task} compares at least two full views of each picture"),
        )
        .help("let the augment emit two: `emit globals = (image |> view()) * 2`"));
    }
    let locals = g.maybe_input_list("locals");
    Ok(Crops { globals, locals })
}

/// Two full views by `looks`, and `count` small ones of 3/7 of the side (even, or a multiple of the encoder's patch), which cut out
/// from `least` of the picture to the least that full views show.
pub(super) fn default_crops(
    task: &Args,
    fields: &Fields,
    looks: &Looks,
    least: f64,
    count: usize,
) -> Option<String> {
    let image = picture(fields)?;
    let side = image.side.unwrap_or(224);
    let small = match patch(task) {
        1 => (side * 3 / 7).div_ceil(2) * 2,
        // 14 of 32 px become 12 in patches of 4 px; a patch wider than a small view is all of it
        patch => (side * 3 / 7 / patch * patch).max(patch),
    };
    let globals = looks.view(&image, side);
    let locals = Looks {
        scale: (least, looks.scale.0),
        ..*looks
    }
    .view(&image, small);
    Some(format!(
        "emit globals = ({globals}) * 2, locals = ({locals}) * {count}\n"
    ))
}
