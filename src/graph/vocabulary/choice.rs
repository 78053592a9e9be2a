//! 800: choices by index.

use super::attrs::attr;
use super::{AttrType, OpSpec, Preset, one, op};

pub(super) const OPS: &[OpSpec] = &[op(
    800,
    "gather",
    "x's elements at the index along a dimension; the index has x's sizes elsewhere",
    2,
    &[attr(
        "dim",
        AttrType::Int,
        Preset::Int(-1),
        "Along which dimension; negative ones count from the end.",
    )],
    |g, x, a| {
        let dim = a.dim(g, x[0], "dim")?;
        one(g.gather(x[0], x[1], dim))
    },
)];
