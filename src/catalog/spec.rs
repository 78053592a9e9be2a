//! [`Spec`]: everything there is to know about one thing a recipe may call.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::{Args, Kind, Param, Result};
use crate::augment::Transform;
use crate::data::{Fields, Places, SampleType, Source, Splits};
use crate::graph::{Graph, Var};
use crate::plan::{Optimizer, Schedule};

/// What a task wants from the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The field's name.
    pub name: String,
    /// Its type; sizes that do not matter are `None`, a list with `count: None` may have any length.
    pub ty: SampleType,
    /// Fewest elements where `ty` is a list; 0: it may be absent.
    pub at_least: usize,
    /// A list of `ty` may stand here too; its elements follow one another along the batch.
    pub or_list: bool,
    /// One sentence.
    pub doc: String,
}

impl Input {
    /// Whether several fields of the batch may go to it.
    pub fn takes_several(&self) -> bool {
        self.or_list || self.ty.parts().is_some()
    }
}

/// Where a method was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// First author and year: `Gidaris et al., 2018`.
    pub cite: Cow<'static, str>,
    /// Title.
    pub title: Cow<'static, str>,
    /// `arXiv:1803.07728` or a DOI.
    pub link: Cow<'static, str>,
}

/// The type function of a transform: from what flows in to what it emits, one entry per output.
pub type TransformTypes = Arc<dyn Fn(&Args, &SampleType) -> Result<Vec<SampleType>> + Send + Sync>;
/// Makes a transform for a checked input type.
pub type TransformMaker =
    Arc<dyn Fn(&Args, &SampleType) -> Result<Box<dyn Transform>> + Send + Sync>;
/// A piece of an encoder that tasks may call on its own.
pub type PartBuilder = fn(&mut Graph, &Args, Var) -> Result<Var>;
/// Builds a training graph: reads inputs, calls modules, declares objectives and metrics.
pub type TaskBuilder = Arc<dyn Fn(&mut Graph, &Args) -> Result<()> + Send + Sync>;
/// The default `augment` block for a data set whose records have these fields, as `.ssl` text of the block's body; `None`
/// where there is no sensible one.
pub type TaskAugment = Arc<dyn Fn(&Args, &Fields) -> Result<Option<String>> + Send + Sync>;

/// How an entry is made; one variant per [`Kind`].
#[derive(Clone)]
pub enum Make {
    /// Opens a data set: finds its files and reads headers only.
    Dataset(fn(&Args, &Places) -> Result<Splits>),
    /// Selects from or combines data sets. Applied to each split on its own, or to all at once (`hold_out`).
    Pipe(fn(&Args, Source, &dyn Fn(&super::Data) -> Result<Source>) -> Result<Source>),
    /// A sample transform.
    Transform {
        /// Its type function.
        types: TransformTypes,
        /// Makes it.
        make: TransformMaker,
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

/// Who provides an entry that is not built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// `plugin acme_jigsaw 0.3.1`, `script tasks/vicreg.rhai`
    pub name: String,
    /// blake3 of its file in hexadecimal digits: another content is another stage.
    pub hash: String,
}

/// One entry of the catalog.
#[derive(Clone, Debug)]
pub struct Spec {
    /// What a recipe writes.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// One line.
    pub summary: String,
    /// More, in Markdown; may be empty.
    pub doc: String,
    /// Where it comes from.
    pub paper: Option<Paper>,
    /// In the order in which positional arguments fill them.
    pub params: Vec<Param>,
    /// What a task wants from the batch.
    pub inputs: Vec<Input>,
    /// What flows into an encoder, as far as it matters to it; `None` of anything else.
    pub takes: Option<SampleType>,
    /// What [`Graph::call_part`] may call of an encoder, by name.
    pub parts: Vec<(&'static str, PartBuilder)>,
    /// What a task exports beside its encoders, by name with one sentence each: what [`Graph::part`] names, in that order. Empty
    /// where only the graph knows: a script's or a plugin's.
    pub exports: Vec<(String, String)>,
    /// Of a task: its batch shows pieces of pictures. Later stages read whole ones all the same.
    pub pieces: bool,
    /// Raised whenever results change for the same recipe.
    pub semantics: u32,
    /// A whole recipe, or the fragment that the tests wrap for this kind (`|> hflip(50%)` → `hflip(50%)`).
    pub example: String,
    /// Who provides it; `None`: it is built in.
    pub provider: Option<Provider>,
    /// How it is made.
    pub make: Make,
}

impl Spec {
    /// An entry with no parameters, paper or inputs yet.
    pub fn new(name: &str, kind: Kind, summary: &str, make: Make) -> Self {
        Self {
            name: name.into(),
            kind,
            summary: summary.into(),
            doc: String::new(),
            paper: None,
            params: Vec::new(),
            inputs: Vec::new(),
            takes: None,
            parts: Vec::new(),
            exports: Vec::new(),
            pieces: false,
            semantics: 1,
            example: format!("{name}()"),
            provider: None,
            make,
        }
    }

    /// Adds a parameter.
    pub fn param(mut self, param: Param) -> Self {
        self.params.push(param);
        self
    }

    /// Adds several parameters.
    pub fn params(mut self, params: impl IntoIterator<Item = Param>) -> Self {
        self.params.extend(params);
        self
    }

    /// Says something else of a parameter that was added.
    pub fn say(mut self, param: &str, doc: &str) -> Self {
        if let Some(param) = self.params.iter_mut().find(|own| own.name == param) {
            param.doc = doc.into();
        }
        self
    }

    /// Says what flows into an encoder.
    pub fn takes(mut self, ty: SampleType) -> Self {
        self.takes = Some(ty);
        self
    }

    /// Adds a part of an encoder.
    pub fn part(mut self, name: &'static str, build: PartBuilder) -> Self {
        self.parts.push((name, build));
        self
    }

    /// Adds what later stages may start from; the first is what a bare `from = STAGE` means.
    pub fn export(mut self, name: &str, doc: &str) -> Self {
        self.exports.push((name.into(), doc.into()));
        self
    }

    /// Adds a batch input.
    pub fn input(mut self, name: &str, ty: SampleType, doc: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            ty,
            at_least: 1,
            or_list: false,
            doc: doc.into(),
        });
        self
    }

    /// Adds a batch input that may also be a list: [`Graph::input_stacked`].
    pub fn input_or_list(mut self, name: &str, ty: SampleType, doc: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            ty,
            at_least: 1,
            or_list: true,
            doc: doc.into(),
        });
        self
    }

    /// Adds an input that is a list of at least `n`.
    pub fn input_list(mut self, name: &str, element: SampleType, n: usize, doc: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            ty: SampleType::list(element, None),
            at_least: n,
            or_list: false,
            doc: doc.into(),
        });
        self
    }

    /// Adds an input that is a list or absent: it is bound by name alone.
    pub fn input_maybe_list(mut self, name: &str, element: SampleType, doc: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            ty: SampleType::list(element, None),
            at_least: 0,
            or_list: false,
            doc: doc.into(),
        });
        self
    }

    /// Says that the batch of a task shows pieces of pictures.
    pub fn pieces(mut self) -> Self {
        self.pieces = true;
        self
    }

    /// Sets the paper.
    pub fn paper(mut self, cite: &'static str, title: &'static str, link: &'static str) -> Self {
        self.paper = Some(Paper {
            cite: cite.into(),
            title: title.into(),
            link: link.into(),
        });
        self
    }

    /// Sets the long text.
    pub fn doc(mut self, doc: &str) -> Self {
        self.doc = doc.into();
        self
    }

    /// Says that results have changed for the same recipe, so often.
    pub fn semantics(mut self, semantics: u32) -> Self {
        self.semantics = semantics;
        self
    }

    /// Sets the example.
    pub fn example(mut self, example: &str) -> Self {
        self.example = example.into();
        self
    }

    /// The parameter of this name.
    pub fn find(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }
}

/// Shared by every call of it.
pub type SharedSpec = Arc<Spec>;
