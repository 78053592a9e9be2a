//! 1000: losses and scores, `[1]`.

use super::{OpSpec, one, op};

pub(super) const OPS: &[OpSpec] = &[
    op(
        1000,
        "cross_entropy",
        "The mean of -log softmax(logits)[target]: logits [R, C], targets [R] → [1]",
        2,
        &[],
        |g, x, _| one(g.cross_entropy(x[0], x[1])),
    ),
    op(
        1001,
        "accuracy",
        "The fraction of rows whose largest score is the target's: logits [R, C], targets [R] → [1]",
        2,
        &[],
        |g, x, _| one(g.accuracy(x[0], x[1])),
    ),
];
