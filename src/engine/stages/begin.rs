//! What a pretext stage is before its first step.

use super::failure::Failure;
use super::{Run, StageDirectory, Watch};
use crate::data::DataError;
use crate::engine::{HostTensor, Model};
use crate::graph::{Graph, within};
use crate::language::codes::Code;
use crate::plan::export::turn_over;
use crate::plan::{FromFile, Given, Origin, StagePlan, Training, is_of_another};

impl Run<'_> {
    /// The parameters of a stage before its first step: fresh, or as another stage has trained them where it begins with that one's.
    pub(super) fn begun(
        &self,
        stage: &StagePlan,
        training: &Training,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<Model, Failure> {
        let graph = &training.graph;
        let mut model = self.at_rest(graph)?;
        for begins in &training.begins {
            match &begins.from {
                Origin::Stage(from) => {
                    self.take(&from.stage, &mut model, &|own| {
                        let own = (!is_of_another(&graph.still, own)).then_some(own)?;
                        begins.source(own)
                    })?;
                }
                Origin::File(file) => fill(&mut model, file)?,
            }
            // a slow copy begins as what it follows, where the other stage has none
            for (source, copy) in graph.emas.iter().flat_map(|ema| graph.slow_pairs(ema)) {
                if begins.fresh.contains(&source) || begins.has(&copy) {
                    continue;
                }
                let value = model.get(&source)?;
                model.set(&copy, &value)?;
            }
        }
        // a run that goes on begins with its checkpoint
        let folder = &directory.folder;
        let goes_on = |name| matches!(folder.kind(name), Ok(Some(_)));
        if goes_on("checkpoints") || goes_on(super::FINAL) {
            return Ok(model);
        }
        for begins in &training.begins {
            watch.say(&format!(
                "{} · begins with {} tensors of `{}`, {} are fresh",
                stage.name,
                begins.taken.len(),
                begins.from.text(),
                begins.fresh.len()
            ));
        }
        Ok(model)
    }

    /// The graph's parameters before any training, each drawn by its name; nets of other stages as those have trained them.
    pub(super) fn at_rest(&self, graph: &Graph) -> Result<Model, Failure> {
        let mut model = self.fresh(graph)?;
        for still in &graph.still {
            self.take(&still.stage, &mut model, &|own| {
                let rest = within(own, &still.name)?;
                Some(rest.trim_start_matches('/').to_owned())
            })?;
        }
        Ok(model)
    }
}

/// Takes tensors of a file, which must still be what it was when the run was planned.
pub(super) fn fill(model: &mut Model, file: &FromFile) -> Result<(), Failure> {
    let failed = |error: DataError| {
        let failure = Failure::new(Code::BadFile, error.message);
        error.help.into_iter().fold(failure, Failure::help)
    };
    file.weights.unchanged().map_err(failed)?;
    let sizes = model.parameters().chain(model.buffers());
    let sizes: Vec<(String, Vec<usize>)> = sizes
        .filter(|(name, _)| file.tensors.contains_key(*name))
        .map(|(name, shape)| (name.to_owned(), shape))
        .collect();
    for (name, shape) in sizes {
        let numbers = match &file.tensors[&name] {
            Given::Same(there) => file.weights.read(there).map_err(failed)?,
            // [out, in] there
            Given::Turned(there) => {
                let numbers = file.weights.read(there).map_err(failed)?;
                turn_over(&numbers, shape.first().copied().unwrap_or(1))
            }
            Given::Zeros => vec![0.0; shape.iter().product()],
        };
        model.set(&name, &HostTensor::f32(numbers, &shape))?;
    }
    Ok(())
}
