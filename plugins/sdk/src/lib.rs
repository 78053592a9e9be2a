//! Write pretext tasks and transforms for [Pretext](https://crates.io/crates/pretext) in a crate of your own.
//!
//! A plugin builds the training graph once, while a recipe is planned; nothing of it runs per step but its transforms. A task
//! reads like one that is built in:
//!
//! ```
//! use pretext_plugin::*;
//!
//! fn build(g: &mut Graph, task: &Args) -> Result<()> {
//!     let encoder = Module::new("encoder", task.net("encoder"));
//!     let head = Module::new("head", task.net("head"));
//!
//!     let view = g.input_stacked("view")?; // [R, C, H, W]
//!     let turn = g.input_stacked("turn")?; // [R] in 0..4
//!     let features = g.call(&encoder, view)?; // [R, D]
//!     let logits = g.call(&head, features)?; // [R, 4]
//!
//!     let loss = g.cross_entropy(logits, turn)?;
//!     g.objective("loss", loss);
//!     Ok(())
//! }
//!
//! fn spec() -> Task {
//!     Task::new("rotation", "Which quarter turn was applied?", build)
//!         .param(Param::with_default("head", Type::Head, "linear(4)", "One score per turn."))
//!         .input_or_list("view", SampleType::IMAGE, "The turned picture.")
//!         .input_or_list("turn", SampleType::label(4), "How many quarter turns.")
//! }
//!
//! export_plugin!(tasks = [spec()]);
//! ```
//!
//! `pretext plugin new NAME` writes a crate to begin with. The ABI behind this crate is [`abi`].
#![warn(missing_docs)]

pub mod abi;
mod args;
pub mod codes;
mod export;
mod graph;
mod guard;
mod ops;
mod problem;
mod sample;
mod size;
mod spec;

pub use args::{Args, Duration, Field, Fields, Item, Net, picture};
pub use export::{Parts, describe};
pub use graph::{Curve, DType, Graph, Init, Module, Moment, Scalar, StateId, Var};
pub use ops::*;
pub use problem::{Problem, Result};
pub use sample::{Image, Out, Rng, Sample, Transform};
pub use size::Size;
pub use spec::{Entry, Param, SampleType, Task, TransformSpec, Type};

/// This crate's own text, for scaffolds: paths and contents.
#[cfg(feature = "source")]
pub const SOURCE: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../Cargo.toml")),
    (
        "include/pretext_plugin.h",
        include_str!("../include/pretext_plugin.h"),
    ),
    ("src/abi.rs", include_str!("abi.rs")),
    ("src/args.rs", include_str!("args.rs")),
    ("src/codes.rs", include_str!("codes.rs")),
    ("src/export.rs", include_str!("export.rs")),
    ("src/graph.rs", include_str!("graph.rs")),
    ("src/guard.rs", include_str!("guard.rs")),
    ("src/lib.rs", include_str!("lib.rs")),
    ("src/ops.rs", include_str!("ops.rs")),
    ("src/problem.rs", include_str!("problem.rs")),
    ("src/sample.rs", include_str!("sample.rs")),
    ("src/size.rs", include_str!("size.rs")),
    ("src/spec.rs", include_str!("spec.rs")),
];
