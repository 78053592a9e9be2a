//! What tasks on the places of a feature map share.

use crate::catalog::{Problem, Result};
use crate::graph::{Graph, Module, Var, within};
use crate::language::codes::Code;

/// The last map of a module that was called, `[B, C, H, W]`; `task` has to have one.
pub(super) fn last_map(g: &Graph, module: &Module, task: &str) -> Result<Var> {
    let places = g
        .places
        .iter()
        .filter(|place| within(&place.name, &module.name).is_some());
    let mut maps = places.filter(|place| g.shape(place.var).len() == 4);
    let found = maps.next_back().map(|place| place.var);
    found.ok_or_else(|| {
        Problem::argument(
            Code::Shape,
            "encoder",
            format!("{task} compares places of a feature map, and the encoder names none"),
        )
        .help("take an encoder of convolutions, as `encoder = small_cnn()`, or name its last map: `conv(64) as map |> global_avg_pool()`")
    })
}

/// A map by place: `[B, C, H, W]` → `[B, H W, C]`.
pub(super) fn by_place(g: &mut Graph, task: &str, map: Var) -> Result<Var> {
    let [channels, height, width] = g.check_map(task, map)?;
    let batch = g.shape(map)[0].clone();
    let flat = g.reshape(map, vec![batch, channels.into(), (height * width).into()])?;
    g.transpose(flat, 1, 2)
}

/// A head for each place on its own: `[B, S, D]` → `[B, S, d]`.
pub(super) fn each(g: &mut Graph, name: &str, head: &Module, x: Var) -> Result<Var> {
    let shape = g.shape(x).clone();
    let flat = rows(g, x)?;
    let y = g.call(head, flat)?; // [B S, d]
    let width = g.check_features(name, y)?;
    g.reshape(y, vec![shape[0].clone(), shape[1].clone(), width.into()])
}

/// `[B, S, D]` → `[B S, D]`
pub(super) fn rows(g: &mut Graph, x: Var) -> Result<Var> {
    let shape = g.shape(x).clone();
    g.reshape(x, vec![&shape[0] * &shape[1], shape[2].clone()])
}
