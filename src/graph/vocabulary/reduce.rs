//! 500: reductions. A reduced dimension stays with size 1 unless `keep` is off.

use super::attrs::attr;
use super::{AttrSpec, AttrType, Attrs, OpSpec, Preset, one, op};
use crate::catalog::Result;
use crate::graph::{Graph, Reduction, Var};

const DIMS: AttrSpec = attr(
    "dims",
    AttrType::Ints,
    Preset::Absent,
    "Along which dimensions, negative ones from the end; all of them where it is absent.",
);
const KEEP: AttrSpec = attr(
    "keep",
    AttrType::Switch,
    Preset::Switch(true),
    "Whether a reduced dimension stays, with size 1. A single number is [1] either way.",
);

fn reduce(g: &mut Graph, x: Var, a: &Attrs, reduction: Reduction) -> Result<Vec<Var>> {
    let dims = a.dims(g, x, "dims")?;
    one(g.reduce(reduction, x, &dims, a.switch("keep")?))
}

pub(super) const OPS: &[OpSpec] = &[
    op(
        500,
        "sum",
        "The sum along dimensions",
        1,
        &[DIMS, KEEP],
        |g, x, a| reduce(g, x[0], a, Reduction::Sum),
    ),
    op(
        501,
        "mean",
        "The mean along dimensions",
        1,
        &[DIMS, KEEP],
        |g, x, a| reduce(g, x[0], a, Reduction::Mean),
    ),
    op(
        510,
        "mean_all",
        "The mean of everything: [1]",
        1,
        &[],
        |g, x, _| one(g.mean_all(x[0])),
    ),
    op(
        511,
        "argmax",
        "The index of the largest along a dimension, which stays with size 1; whole numbers",
        1,
        &[attr(
            "dim",
            AttrType::Int,
            Preset::Int(-1),
            "Along which dimension; negative ones count from the end.",
        )],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.argmax(x[0], dim))
        },
    ),
];
