//! 200: functions of one tensor. 300: of two or three; sizes of 1 are repeated, and the lower rank gets them in front.

use super::attrs::attr;
use super::{AttrSpec, AttrType, OpSpec, Preset, one, op};
use crate::graph::Comparison;

const C: &[AttrSpec] = &[attr("c", AttrType::Float, Preset::Required, "The number.")];

pub(super) const OPS: &[OpSpec] = &[
    op(
        200,
        "relu",
        "max(x, 0)",
        1,
        &[],
        |g, x, _| one(g.relu(x[0])),
    ),
    op(
        201,
        "gelu",
        "x Φ(x), with the error function",
        1,
        &[],
        |g, x, _| one(g.gelu(x[0])),
    ),
    op(202, "exp", "eˣ", 1, &[], |g, x, _| one(g.exp(x[0]))),
    op(203, "log", "ln x", 1, &[], |g, x, _| one(g.log(x[0]))),
    op(204, "sqrt", "√x", 1, &[], |g, x, _| one(g.sqrt(x[0]))),
    op(205, "abs", "|x|", 1, &[], |g, x, _| one(g.abs(x[0]))),
    op(206, "tanh", "Hyperbolic tangent", 1, &[], |g, x, _| {
        one(g.tanh(x[0]))
    }),
    op(207, "sigmoid", "1 / (1 + e⁻ˣ)", 1, &[], |g, x, _| {
        one(g.sigmoid(x[0]))
    }),
    op(
        208,
        "log_sigmoid",
        "ln (1 / (1 + e⁻ˣ)), exact for large |x|",
        1,
        &[],
        |g, x, _| one(g.log_sigmoid(x[0])),
    ),
    op(
        209,
        "softplus",
        "ln (1 + eˣ), exact for large |x|",
        1,
        &[],
        |g, x, _| one(g.softplus(x[0])),
    ),
    op(210, "silu", "x / (1 + e⁻ˣ)", 1, &[], |g, x, _| {
        one(g.silu(x[0]))
    }),
    op(211, "sin", "Sine of radians", 1, &[], |g, x, _| {
        one(g.sin(x[0]))
    }),
    op(212, "cos", "Cosine of radians", 1, &[], |g, x, _| {
        one(g.cos(x[0]))
    }),
    op(213, "neg", "-x", 1, &[], |g, x, _| one(g.neg(x[0]))),
    op(220, "add_scalar", "x + c", 1, C, |g, x, a| {
        one(g.add_scalar(x[0], a.float("c")?))
    }),
    op(221, "mul_scalar", "c x", 1, C, |g, x, a| {
        one(g.mul_scalar(x[0], a.float("c")?))
    }),
    op(
        222,
        "pow",
        "xᶜ; a negative x needs a whole exponent",
        1,
        C,
        |g, x, a| one(g.pow(x[0], a.float("c")?)),
    ),
    op(
        223,
        "leaky_relu",
        "x where it is positive, slope x elsewhere",
        1,
        &[attr(
            "slope",
            AttrType::Float,
            Preset::Float(0.01),
            "Factor of what is negative.",
        )],
        |g, x, a| one(g.leaky_relu(x[0], a.float("slope")?)),
    ),
    op(
        224,
        "clamp",
        "x, but at least `min` and at most `max`; no gradient flows where it is cut",
        1,
        &[
            attr(
                "min",
                AttrType::Float,
                Preset::Float(f64::NEG_INFINITY),
                "Lower bound.",
            ),
            attr(
                "max",
                AttrType::Float,
                Preset::Float(f64::INFINITY),
                "Upper bound.",
            ),
        ],
        |g, x, a| one(g.clamp(x[0], a.float("min")?, a.float("max")?)),
    ),
    op(
        225,
        "remainder",
        "What is left after whole multiples of c, with c's sign",
        1,
        C,
        |g, x, a| one(g.remainder(x[0], a.float("c")?)),
    ),
    op(
        226,
        "to_float",
        "Labels and indices as numbers",
        1,
        &[],
        |g, x, _| one(g.to_float(x[0])),
    ),
    op(
        227,
        "to_int",
        "Numbers as indices, cut towards zero",
        1,
        &[],
        |g, x, _| one(g.to_int(x[0])),
    ),
    op(
        230,
        "stop_gradient",
        "x, and no gradient flows back",
        1,
        &[],
        |g, x, _| one(g.stop_gradient(x[0])),
    ),
    op(
        300,
        "add",
        "a + b",
        2,
        &[],
        |g, x, _| one(g.add(x[0], x[1])),
    ),
    op(
        301,
        "sub",
        "a - b",
        2,
        &[],
        |g, x, _| one(g.sub(x[0], x[1])),
    ),
    op(302, "mul", "a b, element by element", 2, &[], |g, x, _| {
        one(g.mul(x[0], x[1]))
    }),
    op(
        303,
        "div",
        "a / b",
        2,
        &[],
        |g, x, _| one(g.div(x[0], x[1])),
    ),
    op(304, "maximum", "The larger one", 2, &[], |g, x, _| {
        one(g.maximum(x[0], x[1]))
    }),
    op(305, "minimum", "The smaller one", 2, &[], |g, x, _| {
        one(g.minimum(x[0], x[1]))
    }),
    op(
        310,
        "equal",
        "1.0 where a = b, 0.0 elsewhere",
        2,
        &[],
        |g, x, _| one(g.compare(Comparison::Equal, x[0], x[1])),
    ),
    op(
        311,
        "not_equal",
        "1.0 where a ≠ b, 0.0 elsewhere",
        2,
        &[],
        |g, x, _| one(g.compare(Comparison::NotEqual, x[0], x[1])),
    ),
    op(
        312,
        "less",
        "1.0 where a < b, 0.0 elsewhere",
        2,
        &[],
        |g, x, _| one(g.compare(Comparison::Less, x[0], x[1])),
    ),
    op(
        313,
        "less_equal",
        "1.0 where a ≤ b, 0.0 elsewhere",
        2,
        &[],
        |g, x, _| one(g.compare(Comparison::LessEqual, x[0], x[1])),
    ),
    op(
        314,
        "greater",
        "1.0 where a > b, 0.0 elsewhere",
        2,
        &[],
        |g, x, _| one(g.compare(Comparison::Greater, x[0], x[1])),
    ),
    op(
        315,
        "greater_equal",
        "1.0 where a ≥ b, 0.0 elsewhere",
        2,
        &[],
        |g, x, _| one(g.compare(Comparison::GreaterEqual, x[0], x[1])),
    ),
    op(
        320,
        "select",
        "condition, a, b → a where the condition is not 0, b elsewhere",
        3,
        &[],
        |g, x, _| one(g.select(x[0], x[1], x[2])),
    ),
];
