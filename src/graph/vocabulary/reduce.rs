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
    "Whether a reduced dimension stays, with size 1. Where none is left the result is [1].",
);
const CORRECTION: AttrSpec = attr(
    "correction",
    AttrType::Int,
    Preset::Int(1),
    "What is taken from n: 1 for the unbiased variance, 0 for the mean square.",
);
const DIM: AttrSpec = attr(
    "dim",
    AttrType::Int,
    Preset::Int(-1),
    "Along which dimension; negative ones count from the end.",
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
        502,
        "max",
        "The largest along dimensions; a tie's gradient goes to the first",
        1,
        &[DIMS, KEEP],
        |g, x, a| reduce(g, x[0], a, Reduction::Max),
    ),
    op(
        503,
        "min",
        "The smallest along dimensions; a tie's gradient goes to the first",
        1,
        &[DIMS, KEEP],
        |g, x, a| reduce(g, x[0], a, Reduction::Min),
    ),
    op(
        504,
        "variance",
        "Σ (x - mean)² / (n - correction)",
        1,
        &[DIMS, KEEP, CORRECTION],
        |g, x, a| {
            let correction = a.count("correction")?;
            reduce(g, x[0], a, Reduction::Variance { correction })
        },
    ),
    op(
        505,
        "std",
        "√(variance + ε)",
        1,
        &[
            DIMS,
            KEEP,
            CORRECTION,
            attr(
                "epsilon",
                AttrType::Float,
                Preset::Float(0.0),
                "Inside the root, so that the gradient stays finite.",
            ),
        ],
        |g, x, a| {
            let (correction, epsilon) = (a.count("correction")?, a.float("epsilon")?);
            reduce(
                g,
                x[0],
                a,
                Reduction::Std {
                    correction,
                    epsilon,
                },
            )
        },
    ),
    op(
        506,
        "norm",
        "(Σ |x|ᵖ)^(1/p); for p = 2 √(Σ x² + ε)",
        1,
        &[
            DIMS,
            KEEP,
            attr(
                "p",
                AttrType::Float,
                Preset::Float(2.0),
                "1 and 2 are usual.",
            ),
            attr(
                "epsilon",
                AttrType::Float,
                Preset::Float(0.0),
                "Inside the root, so that the gradient stays finite.",
            ),
        ],
        |g, x, a| {
            let (p, epsilon) = (a.float("p")?, a.float("epsilon")?);
            reduce(g, x[0], a, Reduction::Norm { p, epsilon })
        },
    ),
    op(
        507,
        "logsumexp",
        "ln Σ eˣ along dimensions",
        1,
        &[DIMS, KEEP],
        |g, x, a| reduce(g, x[0], a, Reduction::LogSumExp),
    ),
    op(
        508,
        "sum_all",
        "The sum of everything: [1]",
        1,
        &[],
        |g, x, _| one(g.sum_all(x[0])),
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
        "The index of the largest along a dimension, which stays with size 1",
        1,
        &[DIM],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.argmax(x[0], dim))
        },
    ),
    op(
        512,
        "argmin",
        "The index of the smallest along a dimension, which stays with size 1",
        1,
        &[DIM],
        |g, x, a| {
            let dim = a.dim(g, x[0], "dim")?;
            one(g.argmin(x[0], dim))
        },
    ),
];
