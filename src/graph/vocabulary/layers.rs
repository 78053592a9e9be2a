//! 400: products and layers. 600: normalisations.

use super::attrs::attr;
use super::{AttrSpec, AttrType, Attrs, OpSpec, Preset, one, op};
use crate::catalog::Result;
use crate::graph::{Conv, ConvTranspose, Graph, Gru, Running, Var};

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
    "Zeros on each side.",
);
const GROUPS: AttrSpec = attr("groups", AttrType::Int, Preset::Int(1), "Channel groups.");
const EPSILON: AttrSpec = attr(
    "epsilon",
    AttrType::Float,
    Preset::Float(1e-5),
    "Added to the variance.",
);
const DIM: AttrSpec = attr(
    "dim",
    AttrType::Int,
    Preset::Int(-1),
    "Along which dimension; negative ones count from the end.",
);

/// gamma and beta, ones and zeros where they are left out.
fn batch_norm(g: &mut Graph, x: &[Var], a: &Attrs) -> Result<Vec<Var>> {
    let channels = g.check_channels("batch_norm", x[0])?;
    let constant = |g: &mut Graph, given: Option<&Var>, c: f64| match given {
        Some(var) => Ok(*var),
        None => g.full(vec![channels.into()], c),
    };
    let gamma = constant(g, x.get(1), 1.0)?;
    let beta = constant(g, x.get(2), 0.0)?;
    let running = g.scoped(a.text("name")?, |g| -> Result<Running> {
        Ok(Running {
            mean: g.buffer("running_mean", &[channels], 0.0),
            variance: g.buffer("running_var", &[channels], 1.0),
            epsilon: a.float("epsilon")?,
            momentum: a.float("momentum")?,
        })
    })?;
    one(g.batch_norm(x[0], gamma, beta, running))
}

fn layer_norm(g: &mut Graph, x: &[Var], a: &Attrs) -> Result<Vec<Var>> {
    let epsilon = a.float("epsilon")?;
    let y = match (x.get(1), x.get(2)) {
        (Some(gamma), Some(beta)) => g.layer_norm(x[0], *gamma, *beta, epsilon)?,
        (gamma, _) => {
            let plain = g.layer_norm_plain(x[0], epsilon)?;
            match gamma {
                Some(gamma) => g.mul(plain, *gamma)?,
                None => plain,
            }
        }
    };
    Ok(vec![y])
}

pub(super) const OPS: &[OpSpec] = &[
    op(
        400,
        "matmul",
        "[.., m, k] × [.., k, n] → [.., m, n]; leading sizes of 1 are repeated",
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
        403,
        "conv_transpose2d",
        "x [B, C, H, W], weight [C, out / groups, k, k], bias [out] or none → [B, out, H', W']",
        3,
        &[
            STRIDE,
            attr("padding", AttrType::Int, Preset::Int(0), "Taken from each side."),
            attr("output_padding", AttrType::Int, Preset::Int(0), "Added to the far side; less than the stride."),
            GROUPS,
        ],
        |g, x, a| {
            let conv = ConvTranspose {
                stride: a.count("stride")?,
                padding: a.count("padding")?,
                output_padding: a.count("output_padding")?,
                groups: a.count("groups")?,
            };
            one(g.conv_transpose2d(x[0], x[1], x.get(2).copied(), conv))
        },
    )
    .or_fewer(2),
    op(
        404,
        "attention",
        "q [.., N, d], k [.., M, d], v [.., M, e], mask [.., N, M] (1 where a query may look) or none → [.., N, e]",
        4,
        &[attr(
            "scale",
            AttrType::Float,
            Preset::Absent,
            "Factor of the scores q kᵀ; 1/√d where it is absent.",
        )],
        |g, x, a| one(g.attention(x[0], x[1], x[2], x.get(3).copied(), a.maybe_float("scale"))),
    )
    .or_fewer(3),
    op(
        405,
        "embedding",
        "weight [V, D], index [..] → [.., D]",
        2,
        &[],
        |g, x, _| one(g.embedding(x[0], x[1])),
    ),
    op(
        406,
        "gru",
        "x [B, n, D], weights [D, 3 W] and [W, 3 W], biases [3 W] twice, 1 for each step that counts [B, n] or none → states [B, n, W]",
        6,
        &[attr(
            "backwards",
            AttrType::Switch,
            Preset::Switch(false),
            "From the last step to the first.",
        )],
        |g, x, a| {
            let of = Gru {
                input: x[1],
                state: x[2],
                input_bias: x[3],
                state_bias: x[4],
            };
            one(g.gru(x[0], of, x.get(5).copied(), a.switch("backwards")?))
        },
    )
    .or_fewer(5)
    .since(3),
    op(600, "softmax", "eˣ / Σ eˣ along a dimension", 1, &[DIM], |g, x, a| {
        let dim = a.dim(g, x[0], "dim")?;
        one(g.softmax(x[0], dim))
    }),
    op(601, "log_softmax", "x - ln Σ eˣ along a dimension", 1, &[DIM], |g, x, a| {
        let dim = a.dim(g, x[0], "dim")?;
        one(g.log_softmax(x[0], dim))
    }),
    op(602, "l2_normalize", "x / √(Σ x² + 1e-12) along a dimension", 1, &[DIM], |g, x, a| {
        let dim = a.dim(g, x[0], "dim")?;
        one(g.l2_normalize_along(x[0], dim))
    }),
    op(
        603,
        "layer_norm",
        "x [.., n] normalised over its last dimension, times gamma [n], plus beta [n], where given",
        3,
        &[EPSILON],
        layer_norm,
    )
    .or_fewer(1),
    op(
        604,
        "batch_norm",
        "x [B, C, ..] normalised per channel, times gamma [C], plus beta [C], where given; running statistics in evaluation",
        3,
        &[
            attr("name", AttrType::Text, Preset::Required, "Under which its running statistics are kept."),
            EPSILON,
            attr("momentum", AttrType::Float, Preset::Float(0.1), "Weight of the batch in the running statistics."),
        ],
        batch_norm,
    )
    .or_fewer(1),
    op(
        605,
        "group_norm",
        "x [B, C, ..] normalised over groups of channels of a sample, times gamma [C], plus beta [C], where given",
        3,
        &[attr("groups", AttrType::Int, Preset::Required, "How many groups."), EPSILON],
        |g, x, a| one(g.group_norm(x[0], x.get(1).copied(), x.get(2).copied(), a.count("groups")?, a.float("epsilon")?)),
    )
    .or_fewer(1),
    op(
        606,
        "instance_norm",
        "x [B, C, ..] normalised over the places of each channel of a sample, times gamma [C], plus beta [C], where given",
        3,
        &[EPSILON],
        |g, x, a| one(g.instance_norm(x[0], x.get(1).copied(), x.get(2).copied(), a.float("epsilon")?)),
    )
    .or_fewer(1),
    op(
        607,
        "standardize",
        "(x - mean) / √(variance + ε) over dimensions, by the batch at hand",
        1,
        &[attr("dims", AttrType::Ints, Preset::Int(0), "Over which dimensions."), EPSILON],
        |g, x, a| {
            let dims = a.dims(g, x[0], "dims")?;
            one(g.standardize(x[0], &dims, a.float("epsilon")?))
        },
    ),
    op(608, "covariance", "x [B, d] → Σ (x - mean)(x - mean)ᵀ / (B - 1), [d, d]", 1, &[], |g, x, _| one(g.covariance(x[0]))),
    op(609, "off_diagonal", "[n, n] with zeros on its diagonal", 1, &[], |g, x, _| one(g.off_diagonal(x[0]))),
    op(
        610,
        "dropout",
        "Zeroes elements while training and scales the rest by 1 / (1 - p)",
        1,
        &[attr("p", AttrType::Float, Preset::Required, "How likely, 0 to 1.")],
        |g, x, a| one(g.dropout(x[0], a.float("p")?)),
    ),
];
