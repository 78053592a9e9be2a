//! An evaluator that runs while a stage trains.

use super::failure::Failure;
use super::work::{Whose, Work};
use super::{Run, Watch};
use crate::engine::Model;
use crate::evaluation::Measured;
use crate::plan::{StagePlan, Training};

impl Run<'_> {
    /// A monitor's reading: what it makes of the model as it is now, each metric as a whole or at the last place.
    pub(super) fn monitor(
        &self,
        stage: &StagePlan,
        training: &Training,
        model: &Model,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Measured>, Failure> {
        let Some(monitor) = &training.monitor else {
            return Ok(Vec::new());
        };
        let work = Work {
            stage,
            evaluation: &monitor.evaluation,
            whose: Whose::Now(model),
            most: Some(monitor.bank),
            directory: None,
        };
        let found = self.judge(&work, watch)?;
        let read = monitor.reads.iter().filter_map(|(metric, watched)| {
            let found = found.one(metric)?;
            Some(Measured {
                series: watched.series.clone(),
                value: found.value,
                measure: found.measure,
            })
        });
        Ok(read.collect())
    }
}

#[cfg(test)]
#[path = "monitor_tests.rs"]
mod tests;
