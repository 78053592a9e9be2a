//! A pretext stage: the loader feeds the task's training graph.

use std::sync::Arc;

use super::failure::{Failure, interrupted};
use super::features::{View, bound};
use super::fit::{Batches, Fit, keeps_its_end};
use super::{Run, StageDirectory, Watch};
use crate::augment::{SampleGraph, preview};
use crate::data::{BadSample, Cursor, Dataset, Loader, LoaderOptions};
use crate::engine::{Batch, HostTensor, Model};
use crate::graph::INDEX;
use crate::language::Span;
use crate::plan::{Settings, StagePlan, Training};

/// Batches from the loader, under the names of the graph's inputs.
pub(super) struct Loaded {
    loader: Loader,
    bindings: Vec<(String, String)>,
    span: Span,
    left_out: Vec<BadSample>,
    repaired: Vec<BadSample>,
}

impl Batches for Loaded {
    fn left_out(&mut self) -> Vec<BadSample> {
        std::mem::take(&mut self.left_out)
    }

    fn repaired(&mut self) -> Vec<BadSample> {
        std::mem::take(&mut self.repaired)
    }

    fn next(&mut self) -> Result<Batch, Failure> {
        let batch = match self.loader.next() {
            Some(batch) => batch.map_err(|error| Failure::from(error).at(self.span))?,
            // a training loader goes on for ever
            None => return Err(interrupted("the loader", 0)),
        };
        self.left_out.extend(batch.skipped);
        self.repaired.extend(batch.repaired);
        let mut fields = Batch::new();
        // for tasks that address each record by its number
        let index: Vec<i64> = batch.indices.iter().map(|index| *index as i64).collect();
        let rows = index.len();
        fields.insert(INDEX.to_owned(), HostTensor::int(index, &[rows]));
        fields.extend(bound(batch.fields, &self.bindings));
        Ok(fields)
    }
}

impl Run<'_> {
    /// A shuffled stream of batches, opened at a batch of an epoch.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn stream(
        &self,
        dataset: &Arc<dyn Dataset>,
        samples: &Arc<SampleGraph>,
        bindings: &[(String, String)],
        settings: &Settings,
        span: Span,
        epoch: u64,
        index: u64,
    ) -> Result<Box<dyn Batches>, Failure> {
        let loader = Loader::new(
            dataset.clone(),
            samples.clone(),
            LoaderOptions {
                on_bad_sample: settings.on_bad,
                by_length: settings.by_length,
                start: Cursor {
                    epoch,
                    batch: index,
                },
                ..LoaderOptions::training(settings.batch, self.settings.seed, self.workers)
            },
        )
        .map_err(|error| Failure::from(error).at(span))?;
        Ok(Box::new(Loaded {
            loader,
            bindings: bindings.to_vec(),
            span,
            left_out: Vec::new(),
            repaired: Vec::new(),
        }))
    }

    pub(super) fn pretext(
        &self,
        stage: &StagePlan,
        training: &Training,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let sheet = preview::contact_sheet(
            &*training.data.dataset,
            &training.samples,
            self.settings.seed,
            6,
            training.settings.on_bad != crate::data::OnBadSample::Stop,
        );
        if let Ok(png) = sheet.and_then(|sheet| preview::png(&sheet))
            && let Some(directory) = &self.directory
        {
            directory.write("preview.png", &png)?;
        }
        if let Ok(Some(png)) = preview::playing(&*training.data.dataset)
            && let Some(directory) = &self.directory
        {
            directory.write("playing.png", &png)?;
        }
        self.results(training)?;
        let before_epoch = |model: &Model, epoch: u64, watch: &mut dyn Watch| {
            self.before_epoch(stage, training, model, epoch, watch)
        };
        let fit = Fit {
            stage: &stage.name,
            name: "",
            graph: &training.graph,
            shorter: &training.shorter,
            settings: &training.settings,
            directory,
            frozen: None,
            collapse: Some(&training.collapse),
            before_epoch: (!training.graph.work.is_empty()).then_some(&before_epoch),
            span: stage.span,
            keeps_end: keeps_its_end(stage),
        };
        let model = self.begun(stage, training, directory, watch)?;
        let every = training
            .monitor
            .as_ref()
            .map_or(u64::MAX, |monitor| monitor.every);
        let trained = fit.train(
            self,
            model,
            &mut |epoch, index| {
                self.stream(
                    &training.data.dataset,
                    &training.samples,
                    &training.bindings,
                    &training.settings,
                    training.data.span,
                    epoch,
                    index,
                )
            },
            &mut |trainer, step, watch| {
                let settings = &training.settings;
                // what decides the result is also read at the end
                let last = settings.watches() && step == settings.steps;
                let mut read = Vec::new();
                if step % every == 0 || (last && training.monitor.is_some()) {
                    read = self.monitor(stage, training, &trainer.result(), watch)?;
                }
                if let Some(valid) = &training.valid
                    && (last || step % settings.valid_every() == 0)
                {
                    let view = View {
                        data: &valid.data,
                        samples: &valid.samples,
                        batch: settings.batch,
                        on_bad: settings.on_bad,
                        by_length: settings.by_length,
                        epoch: 0,
                    };
                    read.extend(self.valid(
                        (&valid.graph, &valid.shorter),
                        &trainer.result(),
                        &view,
                        &training.bindings,
                        &stage.name,
                        watch,
                    )?);
                }
                Ok(read)
            },
            watch,
        )?;
        self.exhibits(stage, training, directory, &trained, watch)?;
        let ended = self.collapsed(&stage.name).filter(|found| found.ended);
        let steps = ended.map_or(training.settings.steps, |found| found.step);
        watch.end(&format!("{} · trained for {steps} steps", stage.name));
        Ok(())
    }
}
