//! The one table of everything a recipe may call. The checker, `pretext doc`, `pretext list`, the defaults and
//! the tests read it.

mod kind;
mod param;
mod problem;
mod spec;
mod stage_fields;
mod table;
#[cfg(test)]
mod tests;

pub use kind::Kind;
pub use param::{Param, Preset, Type};
pub use problem::{At, Problem, Result};
pub use spec::{
    Args, Argument, Artifact, Call, Data, DataSource, Duration, Input, Make, Net, NetStep,
    NextBuilder, Origin, Paper, PartBuilder, Provider, SharedSpec, Spec, Split, TaskAugment,
    TaskBuilder, TransformMaker, TransformTypes, Value,
};
pub use stage_fields::{monitor_params, run_fields, stage_fields};
pub use table::Catalog;
