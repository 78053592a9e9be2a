//! The training loop, the same for every stage that trains: batches in, metrics and checkpoints out.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::collapse::Doctor;
use super::epoch::States;
use super::failure::{Failure, disk, interrupted};
use super::folder::file_of;
use super::lines::Lines;
use super::pace::Pace;
use super::readings::{BestFile, Readings};
use super::watch::{Held, Watch, stop_asked};
use super::{Run, StageDirectory, weights};
use crate::data::BadSample;
use crate::engine::checkpoint::{self, Binding, Checkpoint, Cursor, fits_training};
use crate::engine::inputs::graph_of;
use crate::engine::{Batch, Model, Trainer, learning_rate};
use crate::evaluation::{Measured, Unit};
use crate::graph::Graph;
use crate::language::Span;
use crate::language::codes::Code;
use crate::plan::{Collapse, Group, Settings, StagePlan};
use crate::report::COLLAPSE;

/// Gives batches in an order that is decided by their number alone.
pub(super) trait Batches {
    /// The next batch.
    fn next(&mut self) -> Result<Batch, Failure>;
    /// Records that could not be read since this was asked last.
    fn left_out(&mut self) -> Vec<BadSample> {
        Vec::new()
    }
    /// Records of which only a part could be read since this was asked last.
    fn repaired(&mut self) -> Vec<BadSample> {
        Vec::new()
    }
}

/// Asked after every step for what is read meanwhile.
pub(super) type Reading<'r> =
    dyn FnMut(&Trainer, u64, &mut dyn Watch) -> Result<Vec<Measured>, Failure> + 'r;

/// Asked before each epoch, which it is told by number, for states that begin it with other values.
pub(super) type BeforeEpoch<'r> =
    dyn Fn(&Model, u64, &mut dyn Watch) -> Result<States, Failure> + 'r;

/// What came of asking.
enum Now {
    Nothing,
    /// Something was read; `ends`: training is over.
    Read {
        ends: bool,
    },
    /// The run was asked to stop half-way.
    CutShort,
}

/// One training of one graph.
pub(super) struct Fit<'a> {
    /// The stage.
    pub stage: &'a str,
    /// What is trained, in a word: ``, `untrained`, `pixels`; names the files.
    pub name: &'a str,
    /// The training graph.
    pub graph: &'a Graph,
    /// The same on shorter texts, for batches of these.
    pub shorter: &'a [Graph],
    /// How.
    pub settings: &'a Settings,
    /// Where to.
    pub directory: &'a StageDirectory,
    /// Parameters that never move: a pattern of names.
    pub frozen: Option<&'a str>,
    /// What it is watched for.
    pub collapse: Option<&'a Collapse>,
    /// Work before each epoch.
    pub before_epoch: Option<&'a BeforeEpoch<'a>>,
    /// The recipe line that a failure is blamed on.
    pub span: Span,
    /// Its last checkpoint stays: a longer training goes on from there.
    pub keeps_end: bool,
}

/// Whether there is a line of metrics after so many steps: after each of the first two hundred, then fewer and fewer, a hundred for
/// each doubling. It follows from the step alone, so that a longer training begins with the lines of a shorter one.
pub(super) fn is_line(step: u64) -> bool {
    let every = (step / 100).clamp(1, 64);
    // the largest power of two that is not above
    step.is_multiple_of(1 << every.ilog2())
}

/// Whether a stage keeps what it takes to train on from its end: its steps do not depend on how long it trains.
pub(super) fn keeps_its_end(stage: &StagePlan) -> bool {
    stage.depends_on_length().is_none()
}

impl Fit<'_> {
    /// The name of one of its files: `final-pixels.ckpt`.
    fn file(&self, stem: &str, ending: &str) -> String {
        file_of(self.name, stem, ending)
    }

    /// What its checkpoints belong to.
    fn binding(&self) -> Binding {
        self.directory.binding(self.name)
    }

    /// Reads what is to be read after `step`, writes it down and looks at what follows from it.
    fn read_now(
        &self,
        reading: &mut Reading<'_>,
        trainer: &Trainer,
        readings: &mut Readings<'_>,
        metrics: &mut Lines,
        step: u64,
        watch: &mut dyn Watch,
    ) -> Result<Now, Failure> {
        let read = match reading(trainer, step, watch) {
            Err(_) if stop_asked() => return Ok(Now::CutShort),
            read => read?,
        };
        if read.is_empty() {
            return Ok(Now::Nothing);
        }
        for Measured {
            series,
            value,
            measure,
        } in &read
        {
            let mut line = json!({
                "step": step,
                "epoch": step as f64 / self.settings.steps_per_epoch(),
                series.clone(): value,
            });
            // a monitor's is a fraction where the line says nothing else; what a task measures its name says
            if series.starts_with("monitor.") && measure.unit != Unit::Fraction {
                line["unit"] = json!(measure.unit);
            }
            metrics.write(&line)?;
            let shown = measure.brief(*value);
            watch.say(&format!("{} · step {step} · {series} {shown}", self.stage));
        }
        let mut ends = false;
        if self.settings.watches() {
            readings.see(&read, step, &trainer.result())?;
            if let Some(why) = readings.ends(step) {
                watch.say(&format!("{} · {why}", self.stage));
                ends = true;
            }
        }
        Ok(Now::Read { ends })
    }

    /// Writes everything that training goes on from; `position`: epoch, and batch in it.
    fn save(
        &self,
        run: &Run<'_>,
        pace: &mut Pace,
        trainer: &Trainer,
        (readings, doctor): (&Readings<'_>, Option<&Doctor<'_>>),
        metrics: &Lines,
        (epoch, batch): (u64, u64),
    ) -> Result<(), Failure> {
        let began = run.times.borrow().clock();
        metrics.sync()?;
        let checkpoint = Checkpoint {
            binding: self.binding(),
            state: trainer
                .state()
                .map_err(|error| Failure::from(error).at(self.span))?,
            cursor: Cursor { epoch, batch },
            metrics: metrics.written(),
            notes: {
                let mut notes = readings.notes();
                notes.extend(doctor.map(|doctor| ("collapse".to_owned(), doctor.notes())));
                notes
            },
        };
        let name = self.file("checkpoints", "");
        let folder = &self.directory.folder;
        let checkpoints = folder
            .make(&name)
            .map_err(|error| disk(&folder.path_of(&name), &error))?;
        checkpoint::save(&checkpoints, &checkpoint, self.settings.keep)?;
        let mut times = run.times.borrow_mut();
        times.checkpoint(self.name, trainer.steps());
        pace.written(began, times.clock());
        Ok(())
    }

    /// Trains `model` to the end, from the newest checkpoint where there is one. `batches` opens the stream at an epoch and
    /// a batch in it; `reading` is asked after every step for what is read meanwhile.
    pub fn train<'b>(
        &self,
        run: &Run<'_>,
        model: Model,
        batches: &mut dyn FnMut(u64, u64) -> Result<Box<dyn Batches + 'b>, Failure>,
        reading: &mut Reading<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Model, Failure> {
        let settings = self.settings;
        let binding = self.binding();
        let folder = &*self.directory.folder;
        let [finished, best] = ["final", "best"].map(|stem| self.file(stem, ".ckpt"));
        let checkpoints = self.file("checkpoints", "");
        let there = folder
            .kind(&finished)
            .map_err(|error| disk(&folder.path_of(&finished), &error))?;
        if there.is_some() {
            let mut model = model;
            weights::load(folder, &finished, &binding, &mut model)
                .map_err(|why| self.directory.refused(&finished, why))?;
            if !self.keeps_end {
                checkpoint::clear(folder, &checkpoints);
            }
            return Ok(model);
        }
        let mut groups = settings.groups.clone();
        groups.extend(self.frozen.map(Group::still));
        let mut trainer =
            Trainer::new(model, settings.optimizer.clone(), groups, run.settings.seed)
                .with_settings(settings, self.graph);
        let newest = match folder.kind(&checkpoints) {
            Ok(None) => checkpoint::Newest::default(),
            _ => {
                let found = folder
                    .folder(&checkpoints)
                    .map_err(|error| disk(&folder.path_of(&checkpoints), &error))?;
                let average = settings.average.is_some();
                let fits = |opened: &checkpoint::Opened| match opened.step() <= settings.steps {
                    true => fits_training(opened, trainer.model(), average),
                    false => Err(opened.bad("it has more steps than the stage")),
                };
                checkpoint::newest_fitting(&found, &binding, &fits)
                    .map_err(|why| self.directory.refused(&checkpoints, why))?
            }
        };
        let back = match newest.found {
            Some(_) => "going back to the one before",
            None => "training starts from the beginning",
        };
        for error in &newest.passed_over {
            watch.say(&format!("{} · {error}; {back}", self.stage));
        }
        let found = newest.found.map(|(_, found)| found).unwrap_or_default();
        if found.state.step > 0 {
            trainer.restore(&found.state)?;
        }
        let from = trainer.steps();
        let file = BestFile {
            folder,
            name: &best,
            binding: &binding,
            checkpoints: &checkpoints,
        };
        let mut readings = Readings::new(settings, file, &found.notes, from, trainer.model())?;
        let graphs = || std::iter::once(self.graph).chain(self.shorter);
        let mut doctor = self.collapse.map(|collapse| {
            Doctor::new(
                collapse,
                graphs(),
                settings,
                run.settings.seed,
                &found.notes,
            )
        });
        if doctor.as_ref().is_some_and(|doctor| !doctor.has_told()) {
            // of a sitting that went further than its last checkpoint
            let _ = folder.remove(COLLAPSE);
        }
        let name = self.file("metrics", ".jsonl");
        let (mut metrics, said) = Lines::go_on(folder, &name, &found.metrics)?;
        if let Some(said) = said {
            watch.say(&format!("{} · {said}", self.stage));
        }
        let name = self.file("timing", ".jsonl");
        let mut timing = match from {
            0 => Lines::go_on(folder, &name, &Default::default())?.0,
            _ => Lines::append(folder, &name)?,
        };
        let what = if self.name.is_empty() {
            "training"
        } else {
            self.name
        };
        if from > 0 {
            watch.say(&format!("{} · {what} resumed at step {from}", self.stage));
        }
        watch.begin(self.stage, what, from, settings.steps);

        let position = |step: u64| {
            let batch = step * settings.accumulate as u64;
            (
                batch / settings.batches_per_epoch,
                batch % settings.batches_per_epoch,
            )
        };
        let (epoch, index) = position(from);
        let mut stream = batches(epoch, index)?;
        let began = Instant::now();
        let mut lap = (from, Instant::now());
        let mut ended = false;
        // stopped in the middle of a reading: it is taken now, where the metrics lack it
        if from > 0 && !metrics.has_reading(from) {
            match self.read_now(reading, &trainer, &mut readings, &mut metrics, from, watch)? {
                Now::Nothing => {}
                Now::Read { ends } => {
                    watch.begin(self.stage, what, from, settings.steps);
                    ended = ends;
                }
                Now::CutShort => return Err(interrupted(self.stage, from)),
            }
        }
        let first = if ended { settings.steps } else { from };
        let mut pace = Pace::new(settings, run.times.borrow().clock());
        let _held = Held::new();
        for step in first..settings.steps {
            if let (Some(work), (epoch, 0)) = (self.before_epoch, position(step)) {
                match work(trainer.model(), epoch, watch) {
                    Ok(states) => {
                        for (name, value) in &states {
                            trainer.model_mut().set_state(name, value)?;
                        }
                    }
                    // nothing of it is kept: it is done when the run goes on
                    Err(_) if stop_asked() => {
                        if step > from {
                            self.save(
                                run,
                                &mut pace,
                                &trainer,
                                (&readings, doctor.as_ref()),
                                &metrics,
                                position(step),
                            )?;
                        }
                        return Err(interrupted(self.stage, step));
                    }
                    Err(failure) => return Err(failure),
                }
                watch.begin(self.stage, what, step, settings.steps);
                lap = (step, Instant::now());
            }
            let mut parts = Vec::with_capacity(settings.accumulate);
            for _ in 0..settings.accumulate {
                parts.push(stream.next()?);
            }
            for bad in stream.left_out() {
                run.left_out(self.stage, &bad, watch);
            }
            for bad in stream.repaired() {
                run.repaired(self.stage, &bad, watch);
            }
            if let Some(doctor) = doctor.as_mut().filter(|doctor| doctor.is_due(step)) {
                let graph = graph_of(self.shorter, self.graph, &parts[0]);
                let (mut line, alarm) = doctor
                    .look(graph, trainer.model(), &parts[0], step)
                    .map_err(|error| Failure::from(error).at(self.span))?;
                line.insert("step".into(), json!(step));
                line.insert(
                    "epoch".into(),
                    json!(step as f64 / settings.steps_per_epoch()),
                );
                if alarm.is_some() {
                    line.insert("collapse".into(), json!(1));
                }
                metrics.write(&Value::Object(line))?;
                if let Some(alarm) = alarm {
                    let ends = settings.stop_collapsed;
                    run.tell_collapse(self.directory, doctor, &alarm, ends, watch)?;
                    if ends {
                        break;
                    }
                }
            }
            let rate = learning_rate(
                &settings.schedule,
                settings.optimizer.rate(),
                step,
                settings.steps,
                settings.steps_per_epoch(),
            )
            .map_err(|why| Failure::new(Code::Script, why).at(self.span))?;
            let graphs = parts.iter();
            let graphs = graphs.map(|batch| graph_of(self.shorter, self.graph, batch));
            let graphs: Vec<&Graph> = graphs.collect();
            let report = trainer
                .step_of(&graphs, &parts, rate, settings.clip)
                .map_err(|error| Failure::from(error).at(self.span))?;
            let done = step + 1;
            let loss = report.objectives.first().map_or(0.0, |(_, value)| *value);
            let seconds = lap.1.elapsed().as_secs_f64();
            let records = (done - lap.0) as f64 * (settings.batch * settings.accumulate) as f64;
            watch.step(done, loss, records / seconds.max(1e-9));
            if is_line(done) || done == settings.steps {
                let mut line = Map::new();
                line.insert("step".into(), json!(done));
                line.insert(
                    "epoch".into(),
                    json!(done as f64 / settings.steps_per_epoch()),
                );
                for (name, value) in report.objectives.iter().chain(&report.metrics) {
                    line.insert(name.clone(), json!(value));
                }
                line.insert("rate".into(), json!(rate));
                metrics.write(&Value::Object(line))?;
                timing.write(&json!({
                    "step": done,
                    "seconds": began.elapsed().as_secs_f64(),
                    "rate": records / seconds.max(1e-9),
                }))?;
                lap = (done, Instant::now());
            }
            let (cut_short, ends) =
                match self.read_now(reading, &trainer, &mut readings, &mut metrics, done, watch)? {
                    Now::Nothing => (false, false),
                    Now::Read { ends } => {
                        watch.begin(self.stage, what, done, settings.steps);
                        lap = (done, Instant::now());
                        (false, ends)
                    }
                    // it is taken again when the run goes on
                    Now::CutShort => (true, false),
                };
            if ends {
                break;
            }
            let stop = cut_short || (stop_asked() && done < settings.steps);
            run.times.borrow_mut().tick();
            let now = run.times.borrow().clock();
            if stop || (done < settings.steps && pace.due(done, now)) {
                let at = position(done);
                let watched = (&readings, doctor.as_ref());
                self.save(run, &mut pace, &trainer, watched, &metrics, at)?;
            }
            if stop {
                return Err(interrupted(self.stage, done));
            }
        }
        metrics.sync()?;
        if self.keeps_end && trainer.steps() > from {
            let watched = (&readings, doctor.as_ref());
            let at = position(trainer.steps());
            self.save(run, &mut pace, &trainer, watched, &metrics, at)?;
        }
        let mut model = trainer.result();
        let step = readings.finish(&mut model)?.unwrap_or(trainer.steps());
        weights::save(folder, &finished, &binding, &model, step)?;
        readings.clear();
        // the way there is of no use once the end is written
        match self.keeps_end {
            true => checkpoint::keep(folder, &checkpoints, 1),
            false => checkpoint::clear(folder, &checkpoints),
        }
        Ok(model)
    }
}
