//! The one table of everything a recipe may call. The checker, `pretext doc`, `pretext list`, the defaults and
//! the tests read it.

mod problem;
mod spec;
mod stage_fields;
mod table;
mod value;

pub use problem::{At, Problem, Result};
pub use spec::{
    Input, Kind, Make, Paper, Param, Preset, Provider, SharedSpec, Spec, TaskAugment, TaskBuilder,
    TransformMaker, TransformTypes, Type,
};
pub use stage_fields::{run_fields, stage_fields};
pub use table::Catalog;
pub use value::{
    Args, Argument, Call, Data, DataSource, Duration, Net, NetStep, Origin, Split, Value,
};
