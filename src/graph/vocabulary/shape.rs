//! 700: moves of elements.

use super::attrs::attr;
use super::{AttrSpec, AttrType, OpSpec, Preset, one, op};

const DIM: AttrSpec = attr(
    "dim",
    AttrType::Int,
    Preset::Int(0),
    "Along which dimension; negative ones count from the end.",
);

pub(super) const OPS: &[OpSpec] = &[
    op(
        700,
        "reshape",
        "The same elements in other sizes",
        1,
        &[attr(
            "shape",
            AttrType::Sizes,
            Preset::Required,
            "The sizes.",
        )],
        |g, x, a| one(g.reshape(x[0], a.sizes("shape")?)),
    ),
    op(701, "flatten", "[B, …] → [B, n]", 1, &[], |g, x, _| {
        one(g.flatten(x[0]))
    }),
    op(
        702,
        "permute",
        "A new order of dimensions",
        1,
        &[attr(
            "order",
            AttrType::Ints,
            Preset::Required,
            "Every dimension once.",
        )],
        |g, x, a| {
            let order = a.dims(g, x[0], "order")?;
            one(g.permute(x[0], &order))
        },
    ),
    op(
        703,
        "transpose",
        "Two dimensions exchanged",
        1,
        &[
            attr("a", AttrType::Int, Preset::Int(-2), "One dimension."),
            attr("b", AttrType::Int, Preset::Int(-1), "The other."),
        ],
        |g, x, a| {
            let (one_dim, other) = (a.dim(g, x[0], "a")?, a.dim(g, x[0], "b")?);
            one(g.transpose(x[0], one_dim, other))
        },
    ),
    op(
        704,
        "expand",
        "Sizes of 1 repeated",
        1,
        &[attr(
            "shape",
            AttrType::Sizes,
            Preset::Required,
            "The sizes.",
        )],
        |g, x, a| one(g.expand(x[0], a.sizes("shape")?)),
    ),
    op(
        705,
        "concat",
        "One after the other along a dimension",
        1,
        &[DIM],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.concat(x, dim))
        },
    )
    .any(),
    op(
        706,
        "slice",
        "`start .. start + size` along a dimension",
        1,
        &[
            DIM,
            attr("start", AttrType::Size, Preset::Int(0), "The first index."),
            attr("size", AttrType::Size, Preset::Required, "How many."),
        ],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.slice(x[0], dim, a.size("start")?, a.size("size")?))
        },
    ),
];
