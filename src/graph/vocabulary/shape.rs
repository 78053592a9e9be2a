//! 700: moves of elements.

use super::attrs::attr;
use super::{AttrSpec, AttrType, Attrs, OpSpec, Preset, one, op};
use crate::catalog::{Problem, Result};
use crate::graph::{Graph, Padding, Var};
use crate::language::codes::Code;

const DIM: AttrSpec = attr(
    "dim",
    AttrType::Int,
    Preset::Int(0),
    "Along which dimension; negative ones count from the end.",
);
const SHAPE: AttrSpec = attr("shape", AttrType::Sizes, Preset::Required, "The sizes.");

fn slice(g: &mut Graph, x: &[Var], a: &Attrs) -> Result<Vec<Var>> {
    let dim = a.dim(g, x[0], "dim")?;
    let start = a.size("start")?;
    let size = match a.maybe_size("size") {
        Some(size) => size,
        None => &g.shape(x[0])[dim] - &start,
    };
    match a.count("step")? {
        1 => one(g.slice(x[0], dim, start, size)),
        step => match size.known() {
            Some(size) => one(g.slice_step(x[0], dim, start, size, step)),
            None => Err(Problem::new(
                Code::Shape,
                format!("slice: {size} elements in steps of {step}: their number is not fixed"),
            )),
        },
    }
}

fn pad(g: &mut Graph, x: &[Var], a: &Attrs) -> Result<Vec<Var>> {
    let padding = match a.text("mode")? {
        "edge" => Padding::Edge,
        "reflect" => Padding::Reflect,
        _ => Padding::Constant(a.float("value")?),
    };
    let dims = a.dims(g, x[0], "dims")?;
    let (before, after) = (a.count("before")?, a.count("after")?);
    let mut y = x[0];
    for dim in dims {
        y = g.pad(y, dim, before, after, padding)?;
    }
    Ok(vec![y])
}

pub(super) const OPS: &[OpSpec] = &[
    op(
        700,
        "reshape",
        "The same elements in other sizes",
        1,
        &[SHAPE],
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
            let (first, second) = (a.dim(g, x[0], "a")?, a.dim(g, x[0], "b")?);
            one(g.transpose(x[0], first, second))
        },
    ),
    op(
        704,
        "expand",
        "Sizes of 1 repeated",
        1,
        &[SHAPE],
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
        "`start .. start + size` along a dimension, every `step`-th",
        1,
        &[
            DIM,
            attr("start", AttrType::Size, Preset::Int(0), "The first index."),
            attr(
                "size",
                AttrType::Size,
                Preset::Absent,
                "How long; up to the end where it is absent.",
            ),
            attr(
                "step",
                AttrType::Int,
                Preset::Int(1),
                "From one element to the next.",
            ),
        ],
        slice,
    ),
    op(
        707,
        "unsqueeze",
        "A dimension of size 1 more",
        1,
        &[attr(
            "dim",
            AttrType::Int,
            Preset::Required,
            "Its place; -1 is behind the last one.",
        )],
        |g, x, a| {
            let (dim, rank) = (a.int("dim")?, g.shape(x[0]).len() as i64);
            let place = if dim < 0 { dim + rank + 1 } else { dim };
            one(g.unsqueeze(x[0], usize::try_from(place).unwrap_or(usize::MAX)))
        },
    ),
    op(
        708,
        "squeeze",
        "Without a dimension of size 1",
        1,
        &[attr(
            "dim",
            AttrType::Int,
            Preset::Required,
            "Which one; negative ones count from the end.",
        )],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.squeeze(x[0], dim))
        },
    ),
    op(
        709,
        "stack",
        "Tensors of one shape along a dimension of their own",
        1,
        &[DIM],
        |g, x, a| {
            let (dim, rank) = (a.int("dim")?, g.shape(x[0]).len() as i64);
            let place = if dim < 0 { dim + rank + 1 } else { dim };
            one(g.stack(x, usize::try_from(place).unwrap_or(usize::MAX)))
        },
    )
    .any(),
    op(
        710,
        "split",
        "Pieces along a dimension, one result each",
        1,
        &[
            DIM,
            attr(
                "parts",
                AttrType::Int,
                Preset::Int(2),
                "How many equal ones.",
            ),
            attr(
                "sizes",
                AttrType::Sizes,
                Preset::Absent,
                "The size of each, in place of `parts`.",
            ),
        ],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            match a.sizes("sizes") {
                Ok(sizes) => g.split_sizes(x[0], dim, &sizes),
                Err(_) => g.split(x[0], dim, a.count("parts")?),
            }
        },
    ),
    op(
        711,
        "repeat",
        "The whole again and again along a dimension",
        1,
        &[
            DIM,
            attr("times", AttrType::Int, Preset::Required, "How often."),
        ],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.repeat(x[0], dim, a.count("times")?))
        },
    ),
    op(
        712,
        "flip",
        "Backwards along dimensions",
        1,
        &[attr(
            "dims",
            AttrType::Ints,
            Preset::Int(-1),
            "Which; negative ones count from the end.",
        )],
        |g, x, a| {
            let dims = a.dims(g, x[0], "dims")?;
            one(g.flip(x[0], &dims))
        },
    ),
    op(
        713,
        "roll",
        "Everything moved along a dimension; what leaves comes in at the other end",
        1,
        &[
            DIM,
            attr(
                "shift",
                AttrType::Int,
                Preset::Required,
                "How far, towards larger indices.",
            ),
        ],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.roll(x[0], dim, a.int("shift")?))
        },
    ),
    op(
        714,
        "rotate",
        "Quarter turns against the clock of the last two dimensions",
        1,
        &[attr(
            "turns",
            AttrType::Int,
            Preset::Int(1),
            "How many; negative ones go with the clock.",
        )],
        |g, x, a| one(g.rotate(x[0], a.int("turns")?)),
    ),
    op(
        715,
        "pad",
        "More elements before and after along dimensions",
        1,
        &[
            attr(
                "dims",
                AttrType::Ints,
                Preset::Required,
                "Along which; negative ones count from the end.",
            ),
            attr(
                "before",
                AttrType::Int,
                Preset::Int(0),
                "How many in front.",
            ),
            attr("after", AttrType::Int, Preset::Int(0), "How many behind."),
            attr(
                "mode",
                AttrType::Word(&["constant", "edge", "reflect"]),
                Preset::Text("constant"),
                "A number, the outermost element again, or a mirror at it.",
            ),
            attr("value", AttrType::Float, Preset::Float(0.0), "The number."),
        ],
        pad,
    ),
];
