//! What will run, stage by stage.

use std::sync::Arc;

use std::collections::BTreeMap;

use super::meaning::Meaning;
use super::open_clip::OpenClip;
use super::transformers::Transformers;
use super::{Normalized, Optimizer, Precision, Schedule, Watched};
use crate::augment::SampleGraph;
use crate::catalog::{Args, Artifact, Call, Net};
use crate::data::lab::LabPart;
use crate::data::{DataError, Dataset, Found, OnBadSample, Prepared, SampleType, Weights};
pub use crate::evaluation::ENCODER;
use crate::evaluation::{Evaluator, Form, Want};
use crate::fit::Fit;
use crate::graph::{Graph, Var, within};
use crate::language::Span;
use crate::language::checked::Recipe;

/// The field that names the stage whose weights a pretext stage begins with.
pub(super) const START: &str = "start";

/// A recipe that can run: everything opened, typed and traced.
pub struct Plan {
    /// The checked recipe.
    pub recipe: Recipe,
    /// In the order of the recipe.
    pub stages: Vec<StagePlan>,
    /// What data sets of the user's own files found, by their names.
    pub found: Vec<(String, Arc<Found>)>,
}

impl Plan {
    /// blake3 of what its stages mean, in order and by what they take of one another: equal on every machine, whatever they are called.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for stage in &self.stages {
            hasher.update(stage.identity.as_bytes());
            let inputs = stage.inputs().into_iter().map(|from| &from.stage);
            for name in inputs.chain(&stage.fits) {
                let at = self.stages.iter().position(|other| other.name == *name);
                hasher.update(&(at.unwrap_or(usize::MAX) as u64).to_le_bytes());
            }
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// One stage.
pub struct StagePlan {
    /// Its name.
    pub name: String,
    /// Where the recipe says so.
    pub span: Span,
    /// What it does.
    pub body: Body,
    /// What decides its result in the recipe: entries with their semantics, arguments, seed.
    pub meaning: Meaning,
    /// blake3 of that, without the content of its data and its inputs.
    pub identity: String,
    /// Fits whose results it takes, in the order in which it first does.
    pub fits: Vec<String>,
}

/// What a stage does.
pub enum Body {
    /// `fit`: something is learnt from records before anything is trained
    Fit(Box<Fitting>),
    /// `pretext`
    Train(Box<Training>),
    /// `evaluate`, `finetune`: an encoder is judged
    Evaluate(Box<Evaluation>),
    /// `export`
    Export(Box<Export>),
}

impl StagePlan {
    /// What this one starts from.
    pub fn from(&self) -> Option<&Start> {
        match &self.body {
            Body::Fit(_) => None,
            Body::Train(training) => training
                .begins
                .iter()
                .find_map(|begins| begins.from.stage()),
            Body::Evaluate(evaluation) => Some(&evaluation.from),
            Body::Export(export) => Some(&export.from),
        }
    }

    /// Everything whose weights it takes: what it starts from, what it is judged beside, what it asks.
    pub fn inputs(&self) -> Vec<&Start> {
        let (beside, begins, asked) = match &self.body {
            Body::Evaluate(evaluation) => (evaluation.beside.as_ref(), &[][..], &[][..]),
            Body::Train(training) => (None, &training.begins[..], &training.asks[..]),
            Body::Fit(_) | Body::Export(_) => (None, &[][..], &[][..]),
        };
        let beside = beside.map(|beside| &beside.from);
        let more = begins.iter().filter_map(|begins| begins.from.stage());
        let first = self.from().into_iter().chain(more.skip(1));
        first.chain(beside).chain(asked).collect()
    }

    /// The data it reads, each under the name of its field.
    pub fn data(&self) -> Vec<(&'static str, &DataView)> {
        match &self.body {
            Body::Fit(fitting) => {
                let learning = fitting.learning.iter();
                learning.map(|learning| ("data", &learning.data)).collect()
            }
            Body::Train(training) => {
                let mut data = vec![("data", &training.data)];
                if let Some(monitor) = &training.monitor {
                    // what it shares with the training is there already
                    let others = monitor.evaluation.splits.iter().skip(1);
                    let others = others.filter(|split| split.want.field != "data");
                    data.extend(others.map(|split| ("monitor", &split.data)));
                }
                data.extend(training.valid.iter().map(|valid| ("valid", &valid.data)));
                data
            }
            Body::Evaluate(evaluation) => {
                // views are of a split that is read anyway
                let views = |split: &&Asked| matches!(split.want.form, Form::Views { .. });
                let splits = evaluation.splits.iter().filter(|split| !views(split));
                splits
                    .map(|split| (split.want.field, &split.data))
                    .collect()
            }
            Body::Export(_) => Vec::new(),
        }
    }

    /// Operations of all its graphs.
    pub fn nodes(&self) -> usize {
        let graphs: Vec<&Graph> = match &self.body {
            Body::Fit(_) => Vec::new(),
            Body::Train(training) => {
                let monitor = training.monitor.iter();
                let fillings = training.fillings.iter().map(|reading| &reading.graph);
                let valid = training.valid.iter();
                let valid =
                    valid.flat_map(|valid| std::iter::once(&valid.graph).chain(&valid.shorter));
                let exhibits = training.exhibits.iter().map(|shown| &shown.graph);
                std::iter::once(&training.graph)
                    .chain(&training.shorter)
                    .chain(fillings)
                    .chain(monitor.flat_map(|monitor| monitor.evaluation.graphs()))
                    .chain(valid)
                    .chain(exhibits)
                    .collect()
            }
            Body::Evaluate(evaluation) => evaluation.graphs(),
            Body::Export(export) => vec![&export.graph],
        };
        graphs.iter().map(|graph| graph.nodes.len()).sum()
    }

    /// The training graph, where it has one, with its settings.
    pub fn training_graph(&self) -> Option<(&Graph, &Settings)> {
        match &self.body {
            Body::Train(training) => Some((&training.graph, &training.settings)),
            Body::Evaluate(evaluation) => {
                let heads = evaluation.heads.as_ref()?;
                Some((&heads.own.train, &heads.settings))
            }
            Body::Fit(_) | Body::Export(_) => None,
        }
    }
}

/// A split as a stage sees it.
#[derive(Clone)]
pub struct DataView {
    /// As the recipe writes it: `fashion.train |> take(1%)`.
    pub text: String,
    /// The records.
    pub dataset: Arc<dyn Dataset>,
    /// Where the recipe names it.
    pub span: Span,
}

/// How a stage is trained.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Records per forward pass.
    pub batch: usize,
    /// Forward passes per optimiser step.
    pub accumulate: usize,
    /// Batches in one pass over the data; the last partial one is dropped.
    pub batches_per_epoch: u64,
    /// Optimiser steps in all.
    pub steps: u64,
    /// Optimiser.
    pub optimizer: Optimizer,
    /// Schedule.
    pub schedule: Schedule,
    /// Largest global norm of the gradients.
    pub clip: Option<f64>,
    /// Exceptions by name.
    pub groups: Vec<super::Group>,
    /// Optimisers of objectives that have their own, by objective.
    pub optimizers: BTreeMap<String, Optimizer>,
    /// Rate of each block of the encoder as a part of the rate of the block above.
    pub layer_decay: Option<f64>,
    /// Decay of the moving average of the weights that is the stage's result.
    pub average: Option<f64>,
    /// What products and convolutions take.
    pub precision: Precision,
    /// Computes parts of the forward pass again instead of keeping them.
    pub recompute: bool,
    /// The result is the weights that this was best with.
    pub best: Option<Watched>,
    /// Training ends when this got no better for so many steps.
    pub stop: Option<(Watched, u64)>,
    /// Training ends when all samples become one.
    pub stop_collapsed: bool,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// The longest time between two, in minutes. Where it is there, short periods share one.
    pub checkpoint_minutes: Option<f64>,
    /// Checkpoints kept.
    pub keep: usize,
    /// Records that can't be read are left out instead of ending the run.
    pub on_bad: OnBadSample,
    /// Texts of like length share a batch.
    pub by_length: bool,
}

impl Settings {
    /// Whether what is read while training decides the result.
    pub fn watches(&self) -> bool {
        self.best.is_some() || self.stop.is_some()
    }

    /// Steps between two readings of a validation split: one epoch.
    pub fn valid_every(&self) -> u64 {
        (self.steps_per_epoch().round() as u64).max(1)
    }

    /// Steps in one pass over the data.
    pub fn steps_per_epoch(&self) -> f64 {
        self.batches_per_epoch as f64 / self.accumulate as f64
    }
}

/// What a stage starts from: a part of a pretext stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The stage.
    pub stage: String,
    /// The part's name: `teacher`.
    pub part: String,
    /// The module of the stage's training graph that holds the weights: `ema/encoder`.
    pub module: String,
}

impl Start {
    /// `distill`, `distill.teacher`
    pub fn text(&self) -> String {
        match self.part == ENCODER {
            true => self.stage.clone(),
            false => format!("{}.{}", self.stage, self.part),
        }
    }
}

/// An encoder as later stages start from it, and how it is fed there.
#[derive(Clone)]
pub struct Reader {
    /// The part of its stage that it is: `teacher`.
    pub part: String,
    /// The module of the training graph that holds its weights: `ema/encoder`.
    pub module: String,
    /// The encoder.
    pub net: Net,
    /// What it was trained on, as it entered the batch: what it takes in evaluation.
    pub sample: SampleType,
    /// What was prepared with that.
    pub prepared: Prepared,
}

impl Reader {
    /// Channels, height and width of the pictures that it takes, where it takes pictures.
    pub fn picture(&self) -> Option<[usize; 3]> {
        self.sample.as_image()?.known()
    }

    /// Which part of Lab those are.
    pub fn lab_part(&self) -> Option<LabPart> {
        let [channels, ..] = self.picture()?;
        self.prepared.lab_part(channels)
    }

    /// What a later stage starts from that starts from this part of a stage.
    pub fn start(&self, stage: &str) -> Start {
        Start {
            stage: stage.to_owned(),
            part: self.part.clone(),
            module: self.module.clone(),
        }
    }
}

/// A fit.
pub struct Fitting {
    /// What learns.
    pub call: Call,
    /// Its arguments, with the fields of its stage.
    pub args: Args,
    /// What it learns, as others take it: filled once it is there.
    pub artifact: Artifact,
    /// What it learns from; `None` where it is read from a file.
    pub learning: Option<Learning>,
    /// The file's content, where it is read from one.
    pub given: Option<Vec<u8>>,
    /// What becomes of records that can't be read.
    pub on_bad: OnBadSample,
}

impl Fitting {
    /// What learns.
    pub fn fit(&self) -> Option<&dyn Fit> {
        self.call.spec.fit()
    }

    /// Hands what a file holds to those that take it.
    ///
    /// # Errors
    /// It is no such file, or holds more than is declared.
    pub fn hold(&self, bytes: &[u8]) -> Result<(), DataError> {
        if let Some(fit) = self.fit() {
            self.artifact.fill(fit.open(&self.args, bytes)?);
        }
        Ok(())
    }
}

/// What a fit learns from.
pub struct Learning {
    /// The records.
    pub data: DataView,
    /// Which of their fields.
    pub field: usize,
}

/// A pretext stage.
pub struct Training {
    /// What is trained on.
    pub data: DataView,
    /// The task with its arguments.
    pub task: Call,
    /// What makes a batch of records.
    pub samples: Arc<SampleGraph>,
    /// What its pictures are normalised by, where they are.
    pub normalized: Option<Normalized>,
    /// From a field of the batch to the graph's input of that name: `(field, input)`.
    pub bindings: Vec<(String, String)>,
    /// The training graph.
    pub graph: Graph,
    /// The same task on shorter texts, from the shortest; none where batches are not made by length.
    pub shorter: Vec<Graph>,
    /// What it begins with, where not all of it is fresh, one after the other.
    pub begins: Vec<Beginning>,
    /// Stages that its task asks, whose nets stand in its graph and are held still.
    pub asks: Vec<Start>,
    /// How it is trained.
    pub settings: Settings,
    /// How later stages feed its encoder: the part that a bare `from = STAGE` means.
    pub encoder: Reader,
    /// Everything that later stages may start from, the same one first.
    pub parts: Vec<Reader>,
    /// How states are filled before each epoch, in the order of the graph's work.
    pub fillings: Vec<Reading>,
    /// What it is watched for while it trains.
    pub collapse: super::suspects::Collapse,
    /// What runs meanwhile.
    pub monitor: Option<Monitor>,
    /// Whose loss is read after every epoch.
    pub valid: Option<Validation>,
    /// What is laid side by side once it is trained.
    pub exhibits: Option<Exhibits>,
}

/// Weights that a pretext stage begins with: its parameters and running statistics, by name. What is drawn, an optimiser's memory and
/// states begin as in any stage.
pub struct Beginning {
    /// Whose they are.
    pub from: Origin,
    /// All that is called the same in another stage. Else one encoder begins as this part of it, or as a file has it, and nothing else does.
    pub whole: bool,
    /// The module of that encoder.
    pub into: String,
    /// What it takes, by the names here.
    pub taken: Vec<String>,
    /// What the other stage, or the file, does not have.
    pub fresh: Vec<String>,
}

/// Where weights that a stage begins with lie.
pub enum Origin {
    /// In another stage.
    Stage(Start),
    /// In a file.
    File(Box<FromFile>),
}

impl Origin {
    /// The stage, where it is one.
    pub fn stage(&self) -> Option<&Start> {
        match self {
            Origin::Stage(start) => Some(start),
            Origin::File(_) => None,
        }
    }

    /// As messages name it: `distill.teacher`, `resnet18.safetensors`
    pub fn text(&self) -> String {
        match self {
            Origin::Stage(start) => start.text(),
            Origin::File(file) => file.weights.shown.clone(),
        }
    }
}

/// Weights of a file, as a stage takes them.
pub struct FromFile {
    /// The file.
    pub weights: Weights,
    /// Where each tensor of the stage comes from.
    pub tensors: BTreeMap<String, Given>,
    /// Other parts of the same model: a head, another encoder.
    pub aside: Vec<String>,
}

/// Where a tensor comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// The file's tensor of this name.
    Same(String),
    /// The file's tensor of this name, `[out, in]`, read as `[in, out]`.
    Turned(String),
    /// The file's model has no such tensor, which does as much as zeros do.
    Zeros,
}

impl Beginning {
    /// Whether a tensor begins as the other stage, or the file, has it.
    pub fn has(&self, own: &str) -> bool {
        self.taken.iter().any(|taken| taken == own)
    }

    /// What a tensor of this stage is called in the other one; `None`: it is not taken.
    pub fn source(&self, own: &str) -> Option<String> {
        if self.whole {
            return Some(own.to_owned());
        }
        let rest = within(own, &self.into)?;
        Some(format!("{}{rest}", self.from.stage()?.module))
    }
}

/// Values that are laid side by side for people.
pub struct Exhibits {
    /// A few records of this split are shown: of `valid` where there is one, else of what is trained on.
    pub data: DataView,
    /// What makes a batch of its records.
    pub samples: Arc<SampleGraph>,
    /// The task's graph in evaluation, with its exhibits.
    pub graph: Graph,
}

/// A split whose loss is read after every epoch.
pub struct Validation {
    /// The split.
    pub data: DataView,
    /// The views that it is read in.
    pub samples: Arc<SampleGraph>,
    /// The task's graph in evaluation: its objectives and metrics are read.
    pub graph: Graph,
    /// The same on shorter texts, from the shortest; none where batches are not made by length.
    pub shorter: Vec<Graph>,
}

/// An evaluator that runs while a stage trains.
pub struct Monitor {
    /// The evaluator; its first split is what the stage trains on.
    pub evaluation: Evaluation,
    /// Steps between two readings.
    pub every: u64,
    /// At most so many training records are read.
    pub bank: usize,
    /// What is read, by the name of the metric.
    pub reads: Vec<(String, Watched)>,
}

/// The places of an encoder that are read, as vectors.
pub struct Reading {
    /// Evaluation graph with a single input, the one of an encoder.
    pub graph: Graph,
    /// Name of the place (`output` for the encoder's output), its vector `[B, d]`, and d.
    pub places: Vec<(String, Var, usize)>,
    /// The same on shorter texts, from the shortest; none where there are no texts, or a vector would be of another size.
    pub shorter: Vec<Traced>,
    /// What stands for a record where no encoder has read it, as one more place; `None`: what the encoder takes, as it is.
    pub raw: Option<(Graph, Var, usize)>,
    /// The evaluation view: resize, centre crop, normalisation; emits what the encoder takes and, where there is one, the class.
    pub samples: Arc<SampleGraph>,
    /// The view in words.
    pub protocol: String,
    /// Records that can't be read are left out instead of ending the run.
    pub on_bad: OnBadSample,
    /// Records per forward pass. Part of the result's definition: products of other sizes may round otherwise.
    pub batch: usize,
}

impl Reading {
    /// Records per forward pass where nothing else is said.
    pub const BATCH: usize = 256;
}

/// How clips are read frame by frame.
pub struct FrameReading {
    /// The view of evaluation of each clip of a record that is read; the first is the reading's own.
    pub samples: Vec<Arc<SampleGraph>>,
    /// t, d, h and w of each place, and of what stands for it without an encoder.
    pub sizes: Vec<[usize; 4]>,
    /// The same where there is no encoder.
    pub raw: [usize; 4],
    /// The field of a record that holds the first clip, and the one that holds masks.
    pub clip: usize,
    /// Masks of each thing that is seen, where they are wanted.
    pub masks: Option<usize>,
}

/// A graph, and what is read of it.
pub struct Traced {
    /// The graph.
    pub graph: Graph,
    /// The values.
    pub vars: Vec<Var>,
}

/// What judges an encoder, and with what.
pub struct Evaluation {
    /// What is judged.
    pub from: Start,
    /// The evaluator.
    pub call: Call,
    /// Its arguments, with the fields of its stage.
    pub args: Args,
    /// The splits that it wants, in the order in which they are read.
    pub splits: Vec<Asked>,
    /// Number of classes; 0 where no class is wanted.
    pub classes: usize,
    /// What it reads as rows, where it does.
    pub reading: Option<Reading>,
    /// How it reads clips frame by frame, where it does.
    pub frames: Option<FrameReading>,
    /// The table whose rows it reads, where it does.
    pub table: Option<TableReading>,
    /// The views of records that it reads, where it does and there are some.
    pub views: Option<Views>,
    /// What the task that was trained tells of records, where it reads that.
    pub told: Option<Told>,
    /// The file of what is asked; empty where nothing is.
    pub file: Vec<u8>,
    /// What it trains, where it does.
    pub heads: Option<Heads>,
    /// How records are shown, in words.
    pub protocol: String,
    /// What stands for a record where no encoder has read it, where that is not its pixels.
    pub raw_is: Option<&'static str>,
    /// How the same encoder is trained on the classes, for the column of supervision.
    pub taught: Option<Box<Evaluation>>,
    /// How the encoder of another stage is judged, for a column of its own.
    pub beside: Option<Box<Evaluation>>,
}

impl Evaluation {
    /// What judges.
    pub fn evaluator(&self) -> Option<&dyn Evaluator> {
        self.call.spec.evaluator()
    }

    /// The split of a field.
    pub fn split(&self, field: &str) -> Option<&Asked> {
        self.splits.iter().find(|split| split.want.field == field)
    }

    /// Records of each split, of the first at most so many; of views each is counted.
    pub fn records(&self, most: usize) -> Vec<usize> {
        let splits = self.splits.iter().enumerate();
        let sizes = splits.map(|(index, split)| {
            let records = split.data.dataset.len();
            match split.want.form {
                Form::Views {
                    records: few,
                    views,
                } => few.min(most).min(records) * views,
                _ if index == 0 => most.min(records),
                _ => records,
            }
        });
        sizes.collect()
    }

    /// Its graphs.
    pub fn graphs(&self) -> Vec<&Graph> {
        let reading = self.reading.iter().flat_map(|reading| {
            let shorter = reading.shorter.iter().map(|traced| &traced.graph);
            std::iter::once(&reading.graph).chain(shorter)
        });
        let table = self.table.iter().map(|table| &table.graph);
        let told = self.told.iter().map(|told| &told.graph);
        let heads = self.heads.iter().flat_map(|heads| {
            let [own, raw] = [&heads.own, &heads.raw];
            let shorter = heads.records.iter().flat_map(|records| &records.shorter);
            [&own.train, &own.eval, &raw.train, &raw.eval]
                .into_iter()
                .chain(shorter)
        });
        let others = self.taught.iter().chain(&self.beside);
        let others = others.flat_map(|other| other.graphs());
        let read = reading.chain(table).chain(told);
        read.chain(heads).chain(others).collect()
    }
}

/// The views of a record that a task is trained on.
pub struct Views {
    /// What makes the task's batches.
    pub samples: Arc<SampleGraph>,
    /// The fields of a batch that the encoder takes; of a list each of them.
    pub fields: Vec<String>,
}

impl Views {
    /// Those of a batch that an encoder of `sample` takes; `None` where there are none.
    pub fn new(samples: &Arc<SampleGraph>, sample: &SampleType) -> Option<Self> {
        let own = samples
            .outputs()
            .iter()
            .flat_map(|(name, ty)| match ty.parts() {
                Some((element, count)) if element == sample => {
                    let count = count.unwrap_or(0);
                    (0..count).map(|at| format!("{name}/{at}")).collect()
                }
                None if ty == sample => vec![name.clone()],
                _ => Vec::new(),
            });
        let fields: Vec<String> = own.collect();
        (!fields.is_empty()).then(|| Self {
            samples: samples.clone(),
            fields,
        })
    }
}

/// A trained task as it tells something of records: its graph with all its modules, by the names that they were trained under.
pub struct Told {
    /// The task's graph in evaluation.
    pub graph: Graph,
    /// What is told, by the name of the place: for each record one number, `[B]`, or several, `[B, n]`.
    pub vars: Vec<(&'static str, Var)>,
    /// How the records of each split are shown, in the order of the splits.
    pub ways: Vec<Way>,
    /// Records that can't be read are left out instead of ending the run.
    pub on_bad: OnBadSample,
}

/// How records go into a task's graph.
pub struct Way {
    /// What makes a batch of them: as in training, or as in evaluation.
    pub samples: Arc<SampleGraph>,
    /// From a field of the batch to the graph's input of that name.
    pub bindings: Vec<(String, String)>,
}

/// The table of an encoder: one row for each word of a vocabulary.
pub struct TableReading {
    /// Evaluation graph with a single input, ids `[B]`.
    pub graph: Graph,
    /// Their rows `[B, d]`.
    pub var: Var,
    /// How many there are, as the vocabulary is declared.
    pub rows: usize,
    /// d.
    pub dim: usize,
    /// The vocabulary.
    pub words: Artifact,
}

/// A split that an evaluator wants.
pub struct Asked {
    /// What for.
    pub want: Want,
    /// The split.
    pub data: DataView,
}

/// What is trained to judge. Where it stands on rows its inputs are the places and the class, and each place's answers are its
/// place `PLACE/logits`; otherwise it takes what the encoder takes and the class, and answers at `logits`.
pub struct Heads {
    /// With the encoder.
    pub own: Graphs,
    /// On what the encoder takes, without an encoder.
    pub raw: Graphs,
    /// How both are trained.
    pub settings: Settings,
    /// What goes into them, where that is not rows.
    pub records: Option<Records>,
}

/// One network, trained and evaluated.
pub struct Graphs {
    /// Its training graph.
    pub train: Graph,
    /// The same in evaluation.
    pub eval: Graph,
}

/// Records that go into a network together with their classes.
pub struct Records {
    /// In training.
    pub samples: Arc<SampleGraph>,
    /// In evaluation.
    pub view: Arc<SampleGraph>,
    /// From a field of the batch to the graph's input of that name.
    pub bindings: Vec<(String, String)>,
    /// Parameters that never move: a pattern of names.
    pub frozen: Option<String>,
    /// The evaluation graph with the encoder on shorter texts, from the shortest; none where there are no texts.
    pub shorter: Vec<Graph>,
}

/// An export of weights.
pub struct Export {
    /// What the recipe calls its format: `safetensors`.
    pub format: String,
    /// The table that is written with its words, where that is all; and whether its numbers are bytes or decimals.
    pub table: Option<(TableReading, bool)>,
    /// What is written.
    pub from: Start,
    /// The file, as [`super::export_path`] gives it; relative paths start at the run directory.
    pub path: String,
    /// The encoder that is written.
    pub encoder: Reader,
    /// Its evaluation graph: its parameters and buffers are what is written.
    pub graph: Graph,
    /// The encoder's output in that graph.
    pub output: Var,
    /// What is written where Hugging Face's `transformers` has the encoder.
    pub transformers: Option<Transformers>,
    /// What is written where the whole of a task on pictures and captions is.
    pub open_clip: Option<OpenClip>,
    /// Whether a model that runs elsewhere is written.
    pub runs: bool,
}

/// The settings of `run { … }`.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// Decides every random number.
    pub seed: u64,
    /// `auto`, `flex`, …
    pub device: String,
    /// What products and convolutions take while training.
    pub precision: Precision,
    /// Threads of the tensor engine.
    pub threads: Option<usize>,
    /// Threads of the loader.
    pub workers: Option<usize>,
}

impl RunSettings {
    /// Reads the checked fields.
    pub fn new(run: &Args) -> Self {
        Self {
            seed: run.integer("seed") as u64,
            device: run.word("device").to_owned(),
            precision: precision(run.word("precision")),
            threads: run.maybe_size("threads"),
            workers: run.maybe_size("workers"),
        }
    }

    /// Threads of the loader; one a core where the recipe does not say.
    pub fn workers(&self) -> usize {
        self.workers
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }
}

/// `f32`, `bf16`
pub(super) fn precision(word: &str) -> Precision {
    match word {
        "bf16" => Precision::Bf16,
        _ => Precision::F32,
    }
}
