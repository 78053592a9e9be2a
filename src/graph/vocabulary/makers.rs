//! 100: tensors from nothing.

use super::attrs::attr;
use super::{AttrType, OpSpec, Preset, op};

pub(super) const OPS: &[OpSpec] = &[
    op(
        100,
        "eye",
        "Ones on the diagonal: [n, n].",
        0,
        &[attr("n", AttrType::Size, Preset::Required, "Side.")],
        |g, _, a| Ok(vec![g.eye(a.size("n")?)]),
    ),
    op(
        101,
        "arange",
        "0, 1, …, n - 1, whole numbers: [n].",
        0,
        &[attr("n", AttrType::Size, Preset::Required, "How many.")],
        |g, _, a| Ok(vec![g.arange(a.size("n")?)]),
    ),
];
