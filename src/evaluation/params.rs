//! Parameters that several evaluators have.

use crate::catalog::{Kind, Param, Spec, Type};

/// `pool`
pub(super) fn pooled(spec: Spec) -> Spec {
    spec.param(Param::with_default(
        "pool",
        Type::OneOf(vec![Type::Choice(&["avg", "flatten"]), Type::Call(Kind::Setting)]),
        "avg",
        "How a feature map becomes a vector: `avg`, `flatten` or `grid(n)`. Vectors stay as they are.",
    ))
}

/// `at`
pub(super) fn places() -> Param {
    Param::optional(
        "at",
        Type::List(Box::new(Type::Place)),
        "Places of the encoder that are read, each judged on its own; the encoder's output where absent.",
    )
}

/// `optimizer`, `length`: how heads are trained.
pub(super) fn training(spec: Spec) -> Spec {
    spec.param(Param::with_default(
        "optimizer",
        Type::Call(Kind::Optimizer),
        "adamw(1e-2, weight_decay = 0)",
        "What moves the head.",
    ))
    .param(Param::with_default(
        "length",
        Type::Duration,
        "20 epochs",
        "How long the head is trained.",
    ))
}
