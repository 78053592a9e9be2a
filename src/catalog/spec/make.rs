//! How entries are made.

use std::fmt;
use std::sync::Arc;

use super::super::Result;
use super::value::{Args, Data};
use crate::augment::Transform;
use crate::data::{Fields, Places, SampleType, Source, Splits};
use crate::evaluation::Evaluator;
use crate::fit::Fit;
use crate::graph::{Graph, Past, Var};
use crate::plan::{Optimizer, Schedule};

/// The type function of a transform: from what flows in to what it emits, one entry per output.
pub type TransformTypes = Arc<dyn Fn(&Args, &SampleType) -> Result<Vec<SampleType>> + Send + Sync>;
/// Makes a transform for a checked input type.
pub type TransformMaker =
    Arc<dyn Fn(&Args, &SampleType) -> Result<Box<dyn Transform>> + Send + Sync>;
/// The type function of a transform of several values.
pub type SeveralTypes = fn(&Args, &[SampleType]) -> Result<Vec<SampleType>>;
/// Makes a transform of several values for checked input types.
pub type SeveralMaker = fn(&Args, &[SampleType]) -> Result<Box<dyn Transform>>;
/// A piece of an encoder that tasks may call on its own.
pub type PartBuilder = fn(&mut Graph, &Args, Var) -> Result<Var>;
/// Reads pieces of a text behind those that were read before.
pub type NextBuilder = fn(&mut Graph, &Args, &mut Past, Var) -> Result<Var>;
/// Builds a training graph: reads inputs, calls modules, declares objectives and metrics.
pub type TaskBuilder = Arc<dyn Fn(&mut Graph, &Args) -> Result<()> + Send + Sync>;
/// The default `augment` block for a data set whose records have these fields, as `.ssl` text of the block's body; `None`
/// where there is no sensible one.
pub type TaskAugment = Arc<dyn Fn(&Args, &Fields) -> Result<Option<String>> + Send + Sync>;

/// How an entry is made; one variant per [`Kind`](crate::catalog::Kind).
#[derive(Clone)]
pub enum Make {
    /// Opens a data set: finds its files and reads headers only.
    Dataset(fn(&Args, &Places) -> Result<Splits>),
    /// Selects from or combines data sets. Applied to each split on its own, or to all at once (`hold_out`).
    Pipe(fn(&Args, Source, &dyn Fn(&Data) -> Result<Source>) -> Result<Source>),
    /// A sample transform.
    Transform {
        /// Its type function.
        types: TransformTypes,
        /// Makes it.
        make: TransformMaker,
    },
    /// A sample transform of several values: `(question, answer) |> join(pieces)`. What it is given is a list of them.
    Several {
        /// Its type function.
        types: SeveralTypes,
        /// Makes it.
        make: SeveralMaker,
    },
    /// Adds a layer to the tensor graph.
    Layer(fn(&mut Graph, &Args, Var) -> Result<Var>),
    /// Adds an encoder; names its places with [`Graph::place`].
    Encoder(fn(&mut Graph, &Args, Var) -> Result<Var>),
    /// Builds a training graph: reads inputs, calls modules, declares objectives and metrics.
    Task {
        /// Builds it.
        build: TaskBuilder,
        /// Its default `augment`.
        augment: TaskAugment,
    },
    /// An optimiser's settings.
    Optimizer(fn(&Args) -> Optimizer),
    /// A schedule's settings.
    Schedule(ScheduleMaker),
    /// Judges an encoder.
    Evaluator(Arc<dyn Evaluator>),
    /// Learns from records before anything is trained.
    Fit(Arc<dyn Fit>),
    /// Interpreted by the stage that has it.
    Stage,
}

/// Reads a schedule's settings.
pub type ScheduleMaker = Arc<dyn Fn(&Args) -> Result<Schedule> + Send + Sync>;

impl Make {
    /// A schedule.
    pub fn schedule(make: impl Fn(&Args) -> Result<Schedule> + Send + Sync + 'static) -> Self {
        Make::Schedule(Arc::new(make))
    }

    /// What judges an encoder.
    pub fn evaluator(evaluator: impl Evaluator + 'static) -> Self {
        Make::Evaluator(Arc::new(evaluator))
    }

    /// What learns from records before anything is trained.
    pub fn fit(fit: impl Fit + 'static) -> Self {
        Make::Fit(Arc::new(fit))
    }

    /// A sample transform: its type function and its maker.
    pub fn transform(
        types: impl Fn(&Args, &SampleType) -> Result<Vec<SampleType>> + Send + Sync + 'static,
        make: impl Fn(&Args, &SampleType) -> Result<Box<dyn Transform>> + Send + Sync + 'static,
    ) -> Self {
        Make::Transform {
            types: Arc::new(types),
            make: Arc::new(make),
        }
    }

    /// A task: its builder and its default `augment`.
    pub fn task(
        build: impl Fn(&mut Graph, &Args) -> Result<()> + Send + Sync + 'static,
        augment: impl Fn(&Args, &Fields) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::fallible_task(build, move |args, fields| Ok(augment(args, fields)))
    }

    /// The same with an `augment` that may fail: a script's.
    pub fn fallible_task(
        build: impl Fn(&mut Graph, &Args) -> Result<()> + Send + Sync + 'static,
        augment: impl Fn(&Args, &Fields) -> Result<Option<String>> + Send + Sync + 'static,
    ) -> Self {
        Make::Task {
            build: Arc::new(build),
            augment: Arc::new(augment),
        }
    }
}

impl fmt::Debug for Make {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Make")
    }
}
