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
mod value;

pub use kind::Kind;
pub use param::{Param, Preset, Type};
pub use problem::{At, Problem, Result};
pub use spec::{
    Input, Make, Paper, PartBuilder, Provider, SharedSpec, Spec, TaskAugment, TaskBuilder,
    TransformMaker, TransformTypes,
};
pub use stage_fields::{run_fields, stage_fields};
pub use table::Catalog;
pub use value::{
    Args, Argument, Call, Data, DataSource, Duration, Net, NetStep, Origin, Split, Value,
};
