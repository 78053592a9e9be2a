//! Work before each epoch: states filled by evaluation, clusters of their rows.

use std::collections::BTreeMap;

use super::Run;
use super::failure::{Failure, stopped};
use super::features::{View, take};
use super::watch::{Watch, stop_asked};
use crate::data::Philox;
use crate::data::kmeans::{first_centres, lloyd};
use crate::engine::{Batch, EngineError, HostTensor, Model, features as evaluate};
use crate::evaluation::INPUT;
use crate::graph::{EpochWork, State};
use crate::plan::{Reading, StagePlan, Training};

/// Values of states by name.
pub(super) type States = BTreeMap<String, HostTensor>;

impl Run<'_> {
    /// What the states become before this epoch, by the model as it is. It follows from the model, seed and epoch alone, so a run
    /// that goes on from a checkpoint at the start of an epoch does it once more, with the same result.
    pub(super) fn before_epoch(
        &self,
        stage: &StagePlan,
        training: &Training,
        model: &Model,
        epoch: u64,
        watch: &mut dyn Watch,
    ) -> Result<States, Failure> {
        let mut next = States::new();
        let mut fillings = training.fillings.iter();
        let graph = &training.graph;
        for (number, work) in graph.work.iter().enumerate() {
            match work {
                EpochWork::Fill { state, .. } => {
                    let (Some(state), Some(reading)) = (graph.state_of(*state), fillings.next())
                    else {
                        continue;
                    };
                    let what = format!("before epoch {}, `{}`", epoch + 1, state.name);
                    let filled = self.fill(stage, training, reading, state, model, &what, watch)?;
                    let rows = filled.as_f32().unwrap_or_default();
                    if let Some(bad) = rows.iter().find(|x| !x.is_finite()) {
                        let error = EngineError::NotFinite {
                            objective: format!("state `{}`", state.name),
                            value: f64::from(*bad),
                            step: epoch * training.settings.batches_per_epoch,
                            node: None,
                            span: stage.span,
                        };
                        return Err(error.into());
                    }
                    next.insert(state.name.clone(), filled);
                }
                EpochWork::KMeans {
                    bank,
                    centres,
                    clusters,
                    iterations,
                } => {
                    let named = [bank, centres, clusters].map(|id| graph.state_of(*id));
                    let [Some(bank), Some(centres), Some(clusters)] = named else {
                        continue;
                    };
                    // what was filled a moment ago, else what training has left
                    let rows = match next.get(&bank.name) {
                        Some(filled) => filled.clone(),
                        None => model.get(&bank.name)?,
                    };
                    let rows = rows.as_f32().unwrap_or_default();
                    let (k, width) = (centres.shape[0], centres.shape[1].max(1));
                    let what = format!("before epoch {}, k-means", epoch + 1);
                    watch.begin(&stage.name, &what, 0, *iterations as u64);
                    let path = [Philox::part("k-means"), epoch, number as u64];
                    let mut rng = Philox::new(self.settings.seed, &path);
                    let first = first_centres(rows, width, k, &mut rng);
                    let found = lloyd(rows, width, first, *iterations, &mut |done| {
                        watch.advance(done as u64);
                        !stop_asked()
                    });
                    let found = found.ok_or_else(|| stopped(&stage.name))?;
                    let of = found.of.iter().map(|cluster| *cluster as i64).collect();
                    next.insert(
                        centres.name.clone(),
                        HostTensor::f32(found.centres, &centres.shape),
                    );
                    next.insert(clusters.name.clone(), HostTensor::int(of, &clusters.shape));
                }
            }
        }
        Ok(next)
    }

    /// What a state `[N, …]` becomes: for each record the graph's output, in the row of its index. Records that are left out keep
    /// what is there.
    #[allow(clippy::too_many_arguments)]
    fn fill(
        &self,
        stage: &StagePlan,
        training: &Training,
        reading: &Reading,
        state: &State,
        model: &Model,
        what: &str,
        watch: &mut dyn Watch,
    ) -> Result<HostTensor, Failure> {
        let mut data = match model.get(&state.name)? {
            HostTensor::F32 { data, .. } => data,
            HostTensor::Int { .. } => Vec::new(),
        };
        let graph = &reading.graph;
        let vars: Vec<_> = reading.places.iter().map(|(_, var, _)| *var).collect();
        let width: usize = reading.places.iter().map(|(_, _, width)| *width).sum();
        let mut done = 0;
        self.read(
            &View::of(&training.data, reading),
            &stage.name,
            what,
            watch,
            &mut |batch, watch| {
                let Some(input) = take(batch, INPUT) else {
                    return Ok(());
                };
                let fields = Batch::from([(INPUT.to_owned(), input)]);
                let values = evaluate(graph, model, &fields, &vars)?;
                let rows = values
                    .first()
                    .and_then(HostTensor::as_f32)
                    .unwrap_or_default();
                for (index, row) in batch.indices.iter().zip(rows.chunks_exact(width.max(1))) {
                    let at = *index as usize * width;
                    if let Some(own) = data.get_mut(at..at + width) {
                        own.copy_from_slice(row);
                    }
                }
                done += batch.indices.len() as u64;
                watch.advance(done);
                Ok(())
            },
        )?;
        Ok(HostTensor::f32(data, &state.shape))
    }
}

#[cfg(test)]
#[path = "epoch_tests.rs"]
mod tests;
