//! 400: products and layers. 600: normalisations. 900: pictures.

use super::attrs::attr;
use super::{AttrSpec, AttrType, Attrs, OpSpec, Preset, one, op};
use crate::catalog::Result;
use crate::graph::{Conv, Pool};

const STRIDE: AttrSpec = attr(
    "stride",
    AttrType::Int,
    Preset::Int(1),
    "Step, in both directions.",
);
const PADDING: AttrSpec = attr(
    "padding",
    AttrType::Int,
    Preset::Int(0),
    "Added on each side.",
);
const GROUPS: AttrSpec = attr("groups", AttrType::Int, Preset::Int(1), "Channel groups.");
const EPSILON: AttrSpec = attr(
    "epsilon",
    AttrType::Float,
    Preset::Float(1e-5),
    "Added to the variance.",
);
const DIM: &[AttrSpec] = &[attr(
    "dim",
    AttrType::Int,
    Preset::Int(-1),
    "Along which dimension; negative ones count from the end.",
)];
const POOL: &[AttrSpec] = &[
    attr(
        "kernel",
        AttrType::Int,
        Preset::Required,
        "Side of the window.",
    ),
    attr(
        "stride",
        AttrType::Int,
        Preset::Absent,
        "Step; the window's side where it is absent.",
    ),
    PADDING,
];

fn pool(a: &Attrs) -> Result<Pool> {
    let kernel = a.count("kernel")?;
    Ok(Pool {
        kernel,
        stride: a.maybe_count("stride")?.unwrap_or(kernel),
        padding: a.count("padding")?,
    })
}

pub(super) const OPS: &[OpSpec] = &[
    op(
        400,
        "matmul",
        "[.., m, k] × [.., k, n] → [.., m, n]",
        2,
        &[],
        |g, x, _| one(g.matmul(x[0], x[1])),
    ),
    op(
        401,
        "linear",
        "x [.., in], weight [in, out], bias [out] or none → [.., out]",
        3,
        &[],
        |g, x, _| one(g.linear(x[0], x[1], x.get(2).copied())),
    )
    .or_fewer(2),
    op(
        402,
        "conv2d",
        "x [B, C, H, W], weight [out, C / groups, k, k], bias [out] or none → [B, out, H', W']",
        3,
        &[STRIDE, PADDING, GROUPS],
        |g, x, a| {
            let conv = Conv {
                stride: a.count("stride")?,
                padding: a.count("padding")?,
                groups: a.count("groups")?,
            };
            one(g.conv2d(x[0], x[1], x.get(2).copied(), conv))
        },
    )
    .or_fewer(2),
    op(
        600,
        "softmax",
        "eˣ / Σ eˣ along a dimension",
        1,
        DIM,
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.softmax(x[0], dim))
        },
    ),
    op(
        601,
        "log_softmax",
        "x - ln Σ eˣ along a dimension",
        1,
        DIM,
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.log_softmax(x[0], dim))
        },
    ),
    op(
        602,
        "l2_normalize",
        "x / √(Σ x² + 1e-12) over the last dimension",
        1,
        &[],
        |g, x, _| one(g.l2_normalize(x[0])),
    ),
    op(
        603,
        "layer_norm",
        "x [.., n] normalised over its last dimension, times gamma [n], plus beta [n]",
        3,
        &[EPSILON],
        |g, x, a| one(g.layer_norm(x[0], x[1], x[2], a.float("epsilon")?)),
    ),
    op(
        610,
        "dropout",
        "Zeroes elements while training and scales the rest by 1 / (1 - p)",
        1,
        &[attr(
            "p",
            AttrType::Float,
            Preset::Required,
            "How likely, 0 to 1.",
        )],
        |g, x, a| one(g.dropout(x[0], a.float("p")?)),
    ),
    op(
        900,
        "max_pool",
        "The largest of each window of [B, C, H, W]",
        1,
        POOL,
        |g, x, a| one(g.max_pool(x[0], pool(a)?)),
    ),
    op(
        901,
        "avg_pool",
        "The mean of each window of [B, C, H, W], padding counted",
        1,
        POOL,
        |g, x, a| one(g.avg_pool(x[0], pool(a)?)),
    ),
    op(
        902,
        "global_avg_pool",
        "The mean over the places of a map: [B, C, H, W] → [B, C]",
        1,
        &[],
        |g, x, _| one(g.global_avg_pool(x[0])),
    ),
];
