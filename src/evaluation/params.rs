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

/// `every`
pub(super) fn every() -> Param {
    Param::with_default(
        "every",
        Type::Duration,
        "1 epoch",
        "As a monitor: time between two readings.",
    )
    .within(0.0, 1e9)
}

/// `bank`
pub(super) fn bank(most: &str, do_what: &str) -> Param {
    Param::with_default(
        "bank",
        Type::Integer,
        most,
        &format!(
            "As a monitor: at most so many training samples {do_what}, each class by its share."
        ),
    )
    .within(1.0, 1e9)
}

/// `penalties`
pub(super) fn penalties() -> Param {
    Param::with_default(
        "penalties",
        Type::Integer,
        "12",
        "Penalties that are tried: values of C from 1e-6 to 1e5.",
    )
    .within(1.0, 1000.0)
}
