//! Training that leaves nothing behind: the heads of an evaluator that runs while something else trains.

use super::Run;
use super::failure::{Failure, stopped};
use super::fit::Batches;
use super::watch::{Watch, stop_asked};
use crate::engine::{Model, Trainer, learning_rate};
use crate::graph::Graph;
use crate::language::Span;
use crate::language::codes::Code;
use crate::plan::{Group, Settings};

/// One training of one graph. It follows from the model and the seed alone: a run that goes on from a checkpoint comes by it again.
pub(super) struct Training<'a> {
    /// The stage.
    pub stage: &'a str,
    /// The training graph.
    pub graph: &'a Graph,
    /// How.
    pub settings: &'a Settings,
    /// Parameters that never move: a pattern of names.
    pub frozen: Option<&'a str>,
    /// The recipe line that a failure is blamed on.
    pub span: Span,
}

impl Training<'_> {
    /// Trains `model` from its first step to its last.
    pub fn train<'b>(
        &self,
        run: &Run<'_>,
        model: Model,
        batches: &mut dyn FnMut(u64, u64) -> Result<Box<dyn Batches + 'b>, Failure>,
        watch: &mut dyn Watch,
    ) -> Result<Model, Failure> {
        let settings = self.settings;
        let mut groups = settings.groups.clone();
        groups.extend(self.frozen.map(Group::still));
        let mut trainer =
            Trainer::new(model, settings.optimizer.clone(), groups, run.settings.seed)
                .with_settings(settings, self.graph);
        watch.begin(self.stage, "monitor, heads", 0, settings.steps);
        let mut stream = batches(0, 0)?;
        for step in 0..settings.steps {
            if stop_asked() {
                return Err(stopped(self.stage));
            }
            run.times.borrow_mut().tick();
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
            let rate = learning_rate(
                &settings.schedule,
                settings.optimizer.rate(),
                step,
                settings.steps,
                settings.steps_per_epoch(),
            )
            .map_err(|why| Failure::new(Code::Script, why).at(self.span))?;
            trainer
                .step(self.graph, &parts, rate, settings.clip)
                .map_err(|error| Failure::from(error).at(self.span))?;
            watch.advance(step + 1);
        }
        Ok(trainer.result())
    }
}
