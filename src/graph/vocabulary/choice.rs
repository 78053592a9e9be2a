//! 800: choices by index and by order.

use super::attrs::attr;
use super::{AttrSpec, AttrType, OpSpec, Preset, one, op};

const DIM: AttrSpec = attr(
    "dim",
    AttrType::Int,
    Preset::Int(-1),
    "Along which dimension; negative ones count from the end.",
);
const DESCENDING: AttrSpec = attr(
    "descending",
    AttrType::Switch,
    Preset::Switch(false),
    "Largest first.",
);

pub(super) const OPS: &[OpSpec] = &[
    op(
        800,
        "gather",
        "x's elements at the index along a dimension; the index has x's sizes elsewhere",
        2,
        &[DIM],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.gather(x[0], x[1], dim))
        },
    ),
    op(
        801,
        "scatter_add",
        "x, index, values → x with the values added at the index along a dimension",
        3,
        &[DIM],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.scatter_add(x[0], x[1], x[2], dim))
        },
    ),
    op(
        802,
        "take",
        "x's slices at the index along a dimension, whose place the index's sizes take",
        2,
        &[attr(
            "dim",
            AttrType::Int,
            Preset::Int(0),
            "Along which dimension; negative ones count from the end.",
        )],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.take(x[0], x[1], dim))
        },
    ),
    op(
        803,
        "gather_rows",
        "Each sample's own rows: x [B, N, ..], index [B, K] → [B, K, ..]",
        2,
        &[],
        |g, x, _| one(g.gather_rows(x[0], x[1])),
    ),
    op(
        804,
        "one_hot",
        "1.0 at the index, 0.0 elsewhere: index [..] → [.., n]",
        1,
        &[attr(
            "n",
            AttrType::Size,
            Preset::Required,
            "How many classes.",
        )],
        |g, x, a| one(g.one_hot(x[0], a.size("n")?)),
    ),
    op(
        810,
        "argsort",
        "The indices that sort along a dimension; equal elements keep their order",
        1,
        &[DIM, DESCENDING],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.argsort(x[0], dim, a.switch("descending")?))
        },
    ),
    op(
        811,
        "sort",
        "Sorted along a dimension, and the indices: two results",
        1,
        &[DIM, DESCENDING],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            let (sorted, order) = g.sort(x[0], dim, a.switch("descending")?)?;
            Ok(vec![sorted, order])
        },
    ),
    op(
        812,
        "topk",
        "The k largest along a dimension, largest first, and their indices: two results",
        1,
        &[attr("k", AttrType::Int, Preset::Required, "How many."), DIM],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            let (best, places) = g.topk(x[0], a.count("k")?, dim)?;
            Ok(vec![best, places])
        },
    ),
];
