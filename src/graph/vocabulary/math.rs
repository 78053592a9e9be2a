//! 200: functions of one tensor. 300: of two.

use super::attrs::attr;
use super::{AttrSpec, AttrType, OpSpec, Preset, one, op};

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
    op(220, "add_scalar", "x + c", 1, C, |g, x, a| {
        one(g.add_scalar(x[0], a.float("c")?))
    }),
    op(221, "mul_scalar", "c x", 1, C, |g, x, a| {
        one(g.mul_scalar(x[0], a.float("c")?))
    }),
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
        "a + b; sizes of 1 are repeated",
        2,
        &[],
        |g, x, _| one(g.add(x[0], x[1])),
    ),
    op(
        301,
        "sub",
        "a - b; sizes of 1 are repeated",
        2,
        &[],
        |g, x, _| one(g.sub(x[0], x[1])),
    ),
    op(
        302,
        "mul",
        "a b, element by element; sizes of 1 are repeated",
        2,
        &[],
        |g, x, _| one(g.mul(x[0], x[1])),
    ),
    op(
        303,
        "div",
        "a / b; sizes of 1 are repeated",
        2,
        &[],
        |g, x, _| one(g.div(x[0], x[1])),
    ),
    op(
        310,
        "equal",
        "1.0 where a = b, 0.0 elsewhere",
        2,
        &[],
        |g, x, _| one(g.equal(x[0], x[1])),
    ),
];
