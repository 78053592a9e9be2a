//! Runs a plan: stage after stage into a run directory. Finished stages are skipped by content hash, an
//! interrupted one goes on from its newest checkpoint.

mod arrange;
mod begin;
mod calibrate;
mod carry;
mod changes;
mod collapse;
mod columns;
mod confusion;
mod directory;
mod done;
mod embed;
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
mod leaks;
mod learn;
mod left_out;
mod lend;
mod lines;
mod look;
mod manifests;
mod meaning;
mod monitor;
mod outlook;
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
pub use directory::OWN as RUN_FILES;
pub use embed::{Embedded, Embedder, Trained, Unread, Vectors};
pub use outlook::{Outlook, data_of, outlook};
pub use pace::Clock;
pub use watch::{Silent, Watch, ask_to_stop, holds_work, stop_asked};

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Device, Model};
use crate::graph::{Graph, followed, within};
use crate::language::Diagnostic;
use crate::language::codes::Code;
use crate::plan::{Body, ENCODER, Plan, Precision, RunSettings, StagePlan, Start};
use crate::report::{MEANING, Recorded, ResultRow};
use arrange::Came;
use changes::Changes;
use directory::RunDirectory;
use failure::Failure;
use folder::StageDirectory;
use manifests::{Manifests, data_key, mark_of};
use meaning::{Hashes, anew, known};
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
    /// Runs that may have done some of its stages: what is the same is taken from there.
    pub beside: Vec<PathBuf>,
    /// Data that must be as they were: blake3 of the manifest by the text that a stage names them with.
    pub pinned: BTreeMap<String, String>,
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
    /// Runs that may have done some of its stages.
    beside: Vec<PathBuf>,
    /// Folder and content hash of each stage.
    stages: BTreeMap<String, StageDirectory>,
    /// What the data of the stages is: a manifest, or why there is none.
    manifests: Manifests,
    /// How long stages take.
    times: RefCell<Times>,
    /// Lines that were said and need not be said again.
    told: RefCell<BTreeMap<String, left_out::Met>>,
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
    run.as_pinned(&options.pinned).map_err(at_start)?;
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
fn manifests(plan: &Plan, watch: &mut dyn Watch) -> Result<Manifests, Failure> {
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
    /// Refuses data that are not those that are pinned.
    fn as_pinned(&self, pinned: &BTreeMap<String, String>) -> Result<(), Failure> {
        for (_, view) in self.plan.stages.iter().flat_map(StagePlan::data) {
            let (Some(mark), Some(Ok(manifest))) =
                (pinned.get(&view.text), self.manifests.get(&data_key(view)))
            else {
                continue;
            };
            if mark_of(manifest) != *mark {
                let message = format!(
                    "the records of `{}` are not those that `ssl.lock` names",
                    view.text
                );
                return Err(Failure::new(Code::Pinned, message)
                    .note("Something was added, changed or removed where the data lie, or another place was given with `--data`.")
                    .help("put the data back as they were; if the change is wanted, say so: `pretext lock` with the recipe")
                    .at(view.span));
            }
        }
        Ok(())
    }

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

    /// Opens every stage's folder, and says what a change of the recipe means for what was there.
    fn open_stages(&mut self, watch: &mut dyn Watch) -> Result<(), Box<Diagnostic>> {
        let Some(directory) = &self.directory else {
            return Ok(());
        };
        let mut hashes = Hashes::new();
        let mut recorded = Vec::new();
        for stage in &self.plan.stages {
            let found = known(stage, &self.manifests, &hashes);
            let (hash, means) = found.map_err(|failure| failure.diagnostic(stage.span))?;
            hashes.insert(stage.name.clone(), hash.clone());
            recorded.push((hash, means));
        }
        let names = self.plan.stages.iter().map(|stage| stage.name.clone());
        let wanted: Vec<(String, String)> = names
            .zip(recorded.iter().map(|(hash, _)| hash.clone()))
            .collect();
        let first = self.plan.stages.first();
        let span = first.map_or_else(Default::default, |stage| stage.span);
        let arranged = directory
            .arrange(&wanted)
            .map_err(|failure| failure.diagnostic(span))?;
        let mut changes = Changes::default();
        for ((stage, (_, means)), (opened, came)) in
            self.plan.stages.iter().zip(recorded).zip(arranged)
        {
            let at_stage = |failure: Failure| failure.diagnostic(stage.span);
            if let Came::Renamed { from } = &came {
                let mut times = self.times.borrow_mut();
                times.rename(from, &stage.name, &opened.hash);
            }
            let mut why = None;
            if let Came::Changed {
                aside: Some(aside),
                back: false,
            } = &came
                && let Ok(former) = directory.stages.folder(aside)
            {
                let told = anew(stage, &means, &former, Some(&opened)).map_err(at_stage)?;
                why = Some(told);
            }
            if Recorded::read(&opened.folder).as_ref() != Some(&means) {
                let written = opened.folder.write_json(MEANING, &means);
                written
                    .map_err(|error| at_stage(failure::disk(&opened.path_of(MEANING), &error)))?;
            }
            changes.add(&stage.name, came, why);
            self.stages.insert(stage.name.clone(), opened);
        }
        for line in changes.lines() {
            watch.say(&line);
        }
        Ok(())
    }

    fn stage(&self, stage: &StagePlan, watch: &mut dyn Watch) -> Result<Vec<ResultRow>, Failure> {
        let Some(directory) = self.stages.get(&stage.name) else {
            return Ok(Vec::new());
        };
        self.remember(directory);
        let inputs = stage.inputs().into_iter();
        let inputs: Vec<&str> = inputs.map(|from| from.stage.as_str()).collect();
        let mut found = done::finished(directory, stage, self.root(), watch)?;
        let mut lent = false;
        if found.is_none() && self.borrow(stage, directory, watch)? {
            lent = true;
            self.remember(directory);
            found = done::finished(directory, stage, self.root(), watch)?;
        }
        if let Some(mut rows) = found {
            self.note_counts(&mut rows, &stage.name, &inputs);
            self.note_collapses(&mut rows, &inputs);
            if let Body::Fit(fitting) = &stage.body {
                self.learnt(fitting, directory)?;
            }
            if !lent {
                watch.end(&format!("{} · finished before, skipped", stage.name));
            }
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
        record::write_rows(directory, &rows)?;
        done::finish(directory, stage, self.root())?;
        self.note_counts(&mut rows, &stage.name, &inputs);
        self.note_collapses(&mut rows, &inputs);
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
