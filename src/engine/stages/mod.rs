//! Runs a plan: stage after stage into a run directory. Finished stages are skipped by content hash, an
//! interrupted one goes on from its newest checkpoint.

mod begin;
mod calibrate;
mod changes;
mod collapse;
mod columns;
mod confusion;
mod directory;
mod done;
mod epoch;
mod exhibits;
mod export;
mod failure;
mod fallen;
mod features;
mod fit;
mod folder;
mod frames;
mod lab;
mod learn;
mod left_out;
mod lines;
mod look;
mod monitor;
mod pace;
mod pretext;
mod quiet;
mod readings;
mod record;
mod table;
mod taught;
mod times;
mod told;
mod valid;
mod views;
mod watch;
mod weights;
mod work;

pub use calibrate::calibrate;
pub use pace::Clock;
pub use watch::{Silent, Watch, ask_to_stop, holds_work, stop_asked};

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Device, Model};
use crate::data::DataError;
use crate::graph::{Graph, followed, within};
use crate::language::Diagnostic;
use crate::language::codes::Code;
use crate::plan::{Body, DataView, ENCODER, Plan, Precision, RunSettings, StagePlan, Start};
use crate::report::ResultRow;
use changes::Changes;
use directory::RunDirectory;
use failure::Failure;
use folder::StageDirectory;
use times::Times;
use watch::Told;

/// The weights that a stage's own training ends with.
const FINAL: &str = "final.ckpt";

/// What a run needs besides its plan.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The run directory.
    pub directory: PathBuf,
    /// The recipe's file, for the record.
    pub recipe: PathBuf,
    /// Decides when checkpoints are due, and nothing else.
    pub clock: Clock,
    /// A run of the same recipe with another seed: what no seed decides is taken from there.
    pub beside: Option<PathBuf>,
}

/// What a run that came to its end tells.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The final table.
    pub rows: Vec<ResultRow>,
    /// The time that its stages took before this sitting.
    pub before: Duration,
}

/// What every stage needs.
struct Run<'a> {
    plan: &'a Plan,
    settings: RunSettings,
    device: Device,
    workers: usize,
    /// Nothing where nothing is written.
    directory: Option<RunDirectory>,
    /// A run of the same recipe with another seed.
    beside: Option<PathBuf>,
    /// Folder and content hash of each stage.
    stages: BTreeMap<String, StageDirectory>,
    /// What the data of the stages is: a manifest, or why there is none.
    manifests: BTreeMap<DataKey, Result<String, DataError>>,
    /// How long stages take.
    times: RefCell<Times>,
    /// Lines that were said and need not be said again.
    told: RefCell<BTreeMap<String, left_out::Met>>,
}

/// Where a data set lies in memory: a plan holds each for as long as a run goes.
type DataKey = usize;

fn data_key(view: &DataView) -> DataKey {
    Arc::as_ptr(&view.dataset).cast::<()>() as usize
}

/// Runs every stage of a plan.
///
/// # Errors
/// A diagnostic that names the recipe line; what is finished, and the newest checkpoint, stay.
pub fn run_plan(
    plan: &Plan,
    options: &RunOptions,
    watch: &mut dyn Watch,
) -> Result<Finished, Box<Diagnostic>> {
    let settings = RunSettings::new(&plan.recipe.run);
    let start = plan
        .stages
        .first()
        .map_or_else(Default::default, |stage| stage.span);
    let run_span = |field: &str| {
        plan.recipe
            .run
            .span(field)
            .filter(|s| s.end > s.start)
            .unwrap_or(start)
    };
    let threads = super::set_threads(settings.threads)
        .map_err(|error| Failure::from(error).diagnostic(run_span("threads")))?;
    let device = Device::open(&settings.device)
        .map_err(|error| Failure::from(error).diagnostic(run_span("device")))?;
    let bf16 = plan.stages.iter().find(|stage| {
        let settings = stage.training_graph().map(|(_, settings)| settings);
        settings.is_some_and(|settings| settings.precision == Precision::Bf16)
    });
    if let Some(stage) = bf16
        && !device.has_bf16()
    {
        let message = format!("device `{}` has no bf16", device.name());
        let failure = Failure::new(Code::Device, message).help("use `precision = f32`");
        return Err(failure.diagnostic(stage.span));
    }
    let at_start = |failure: Failure| failure.diagnostic(start);
    let directory = RunDirectory::open(&options.directory).map_err(at_start)?;
    let times = Times::open(&directory.folder, options.clock.clone());
    let mut run = Run {
        plan,
        workers: settings.workers(),
        settings,
        device,
        directory: Some(directory),
        beside: options.beside.clone(),
        stages: BTreeMap::new(),
        manifests: BTreeMap::new(),
        times: RefCell::new(times),
        told: RefCell::default(),
    };
    run.manifests = manifests(plan, watch).map_err(at_start)?;
    record::begin(&run, options, threads).map_err(at_start)?;
    run.open_stages(watch)?;
    run.way_is_free()?;
    let mut rows = Vec::new();
    for stage in &plan.stages {
        if stop_asked() {
            let failure = failure::between(&stage.name);
            return Err(failure.diagnostic(stage.span));
        }
        let found = run
            .stage(stage, watch)
            .map_err(|failure| failure.diagnostic(stage.span))?;
        rows.extend(found);
        if let Some(directory) = &run.directory {
            directory
                .write_json("results.json", &rows)
                .map_err(at_start)?;
        }
    }
    let times = run.times.borrow();
    let stages = run.stages.iter();
    let before = stages.map(|(name, directory)| times.before(name, &directory.hash));
    Ok(Finished {
        rows,
        before: before.sum(),
    })
}

/// What the data of every stage is: downloaded where it is not here, then hashed, once each.
fn manifests(
    plan: &Plan,
    watch: &mut dyn Watch,
) -> Result<BTreeMap<DataKey, Result<String, DataError>>, Failure> {
    let mut manifests = BTreeMap::new();
    for (_, view) in plan.stages.iter().flat_map(StagePlan::data) {
        if manifests.contains_key(&data_key(view)) {
            continue;
        }
        let told = Told::new(&mut *watch);
        let fetched = view.dataset.fetch(&told);
        let manifest = fetched.and_then(|()| view.dataset.manifest(&told));
        if stop_asked() {
            return Err(failure::unread().at(view.span));
        }
        manifests.insert(data_key(view), manifest);
    }
    watch.end("");
    Ok(manifests)
}

impl Run<'_> {
    /// What is in the way of an export is told before anything is trained. What a stage has put there itself is its own, whatever
    /// became of it.
    fn way_is_free(&self) -> Result<(), Box<Diagnostic>> {
        for stage in &self.plan.stages {
            let Body::Export(export) = &stage.body else {
                continue;
            };
            let own = self.stages.get(&stage.name);
            if !own.is_some_and(done::has_exported) {
                weights::target(self.root(), &export.path)
                    .map_err(|failure| failure.diagnostic(stage.span))?;
            }
        }
        Ok(())
    }

    /// Opens every stage's folder, and says in one line what a change of settings means for what was there.
    fn open_stages(&mut self, watch: &mut dyn Watch) -> Result<(), Box<Diagnostic>> {
        let Some(directory) = &self.directory else {
            return Ok(());
        };
        let mut changes = Changes::default();
        for stage in &self.plan.stages {
            let at_stage = |failure: Failure| failure.diagnostic(stage.span);
            let hash = self.hash(stage).map_err(at_stage)?;
            let (opened, came) = directory.stage(&stage.name, &hash).map_err(at_stage)?;
            changes.add(&stage.name, came);
            self.stages.insert(stage.name.clone(), opened);
        }
        if let Some(line) = changes.line() {
            watch.say(&line);
        }
        Ok(())
    }

    fn stage(&self, stage: &StagePlan, watch: &mut dyn Watch) -> Result<Vec<ResultRow>, Failure> {
        let Some(directory) = self.stages.get(&stage.name) else {
            return Ok(Vec::new());
        };
        self.remember(directory);
        if let Some(rows) = done::finished(directory, stage, self.root(), watch)? {
            if let Body::Fit(fitting) = &stage.body {
                self.learnt(fitting, directory)?;
            }
            watch.end(&format!("{} · finished before, skipped", stage.name));
            return Ok(rows);
        }
        crate::engine::give_memory_back();
        self.times.borrow_mut().begin(&stage.name, &directory.hash);
        let made = self.work(stage, directory, watch);
        self.times.borrow_mut().end();
        // also where it was interrupted: the next sitting does not meet them all again
        let kept = self.tell_counts(directory, watch);
        let mut rows = made?;
        kept.map_err(|error| failure::disk(&directory.path_of(left_out::FILE), &error))?;
        let inputs = stage.inputs().into_iter();
        let inputs: Vec<&str> = inputs.map(|from| from.stage.as_str()).collect();
        self.note_counts(&mut rows, &stage.name, &inputs);
        self.note_collapses(&mut rows, &inputs);
        record::write_rows(directory, &rows)?;
        done::finish(directory, stage, self.root())?;
        Ok(rows)
    }

    /// What a stage does.
    fn work(
        &self,
        stage: &StagePlan,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<Vec<ResultRow>, Failure> {
        match &stage.body {
            Body::Fit(fitting) => {
                self.learn(stage, fitting, directory, watch)?;
                Ok(Vec::new())
            }
            Body::Train(training) => {
                self.pretext(stage, training, directory, watch)?;
                Ok(Vec::new())
            }
            Body::Evaluate(evaluation) => self.evaluate(stage, evaluation, directory, watch),
            Body::Export(export) => {
                self.export(stage, export, watch)?;
                Ok(Vec::new())
            }
        }
    }

    /// The run directory's path; relative exports start there.
    fn root(&self) -> &Path {
        let directory = self.directory.as_ref();
        directory.map_or(Path::new(""), |directory| directory.folder.path())
    }

    /// Content hash: the resolved stage, the content of its data, its inputs' hashes.
    fn hash(&self, stage: &StagePlan) -> Result<String, Failure> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(stage.identity.as_bytes());
        let watches = stage
            .training_graph()
            .is_some_and(|(_, settings)| settings.watches());
        for (field, view) in stage.data() {
            // what is only read never changes a result
            let read = field == "monitor" || field == "valid";
            if !read || watches {
                hasher.update(field.as_bytes());
                let manifest = match self.manifests.get(&data_key(view)) {
                    Some(known) => known.clone()?,
                    None => view.dataset.manifest(&crate::data::Silent)?,
                };
                hasher.update(manifest.as_bytes());
            }
        }
        for from in stage.inputs() {
            if let Some(input) = self.stages.get(&from.stage) {
                hasher.update(input.hash.as_bytes());
            }
        }
        // fits come first: their folders are open
        for fit in stage.fits.iter().filter_map(|name| self.stages.get(name)) {
            hasher.update(fit.hash.as_bytes());
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// The graph's parameters, its encoder as a pretext stage left the part that it starts from. What the stage does not have is
    /// fresh.
    fn trained(&self, from: &Start, graph: &Graph) -> Result<Model, Failure> {
        Ok(self.trained_at(from, graph)?.0)
    }

    /// The same with the optimiser steps that the weights have seen.
    fn trained_at(&self, from: &Start, graph: &Graph) -> Result<(Model, u64), Failure> {
        let mut model = self.untrained(from, graph)?;
        let steps = self.take(&from.stage, &mut model, &|own| {
            let rest = within(own, ENCODER)?;
            Some(format!("{}{rest}", from.module))
        })?;
        Ok((model, steps))
    }

    /// Everything that a stage has trained, as this graph of its task calls it.
    fn whole(&self, stage: &str, graph: &Graph) -> Result<Model, Failure> {
        let mut model = self.fresh(graph)?;
        self.take(stage, &mut model, &|own| Some(own.to_owned()))?;
        Ok(model)
    }

    /// Takes what a stage has trained, each tensor from what `source` says that it is called there. What the stage does not have stays.
    /// Returns the optimiser steps that it has seen.
    fn take(
        &self,
        stage: &str,
        model: &mut Model,
        source: &dyn Fn(&str) -> Option<String>,
    ) -> Result<u64, Failure> {
        let trained = self.plan.stages.iter().find(|s| s.name == stage);
        let trained = trained.and_then(StagePlan::training_graph);
        let (Some((trained, _)), Some(directory)) = (trained, self.stages.get(stage)) else {
            return Ok(0);
        };
        let (folder, binding) = (&directory.folder, directory.binding(""));
        weights::load_by(folder, FINAL, &binding, model, trained, source)
            .map_err(|why| directory.refused(FINAL, why))
    }

    /// The graph's parameters before any training, its encoder as the part started: a slow copy starts as what it follows.
    fn untrained(&self, from: &Start, graph: &Graph) -> Result<Model, Failure> {
        let mut model = self.fresh(graph)?;
        let own = followed(&from.module);
        if own != ENCODER {
            // first values are drawn by name
            let start = self.fresh(&graph.with_module_named(ENCODER, own))?;
            model.adopt(&start, &format!("{own}/"), &format!("{ENCODER}/"))?;
        }
        Ok(model)
    }

    /// The graph's parameters before any training, each drawn by its name.
    fn fresh(&self, graph: &Graph) -> Result<Model, Failure> {
        Ok(Model::init(graph, self.settings.seed, &self.device)?)
    }
}
