//! The encoder of the fourth column: the one that is judged, trained on classes instead.

use super::failure::Failure;
use super::fit::Fit;
use super::{Run, StageDirectory, Watch};
use crate::engine::{Model, Trainer};
use crate::evaluation::TAUGHT;
use crate::language::codes::Code;
use crate::plan::{Evaluation, StagePlan};

impl Run<'_> {
    /// The encoder of a stage, trained on the classes from where it started; `None` where the stage does not ask for it.
    pub(super) fn taught(
        &self,
        stage: &StagePlan,
        evaluation: &Evaluation,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<Option<Model>, Failure> {
        let Some(taught) = &evaluation.taught else {
            return Ok(None);
        };
        let heads = taught.heads.as_ref().ok_or_else(unread)?;
        let records = heads.records.as_ref().ok_or_else(unread)?;
        let data = &taught.splits.first().ok_or_else(unread)?.data;
        let (graph, settings) = (&heads.own.train, &heads.settings);
        let model = self.untrained(&evaluation.from, graph)?;
        let fit = Fit {
            stage: &stage.name,
            name: TAUGHT,
            graph,
            shorter: &[],
            settings,
            directory,
            frozen: None,
            collapse: None,
            before_epoch: None,
            span: stage.span,
            keeps_end: false,
        };
        let mut batches = |epoch, index| {
            let (samples, bindings) = (&records.samples, &records.bindings);
            self.stream(
                &data.dataset,
                samples,
                bindings,
                settings,
                data.span,
                epoch,
                index,
            )
        };
        let mut nothing = |_: &Trainer, _: u64, _: &mut dyn Watch| Ok(Vec::new());
        fit.train(self, model, &mut batches, &mut nothing, watch)
            .map(Some)
    }
}

/// A plan that says to teach, and not by what.
fn unread() -> Failure {
    Failure::new(
        Code::Unavailable,
        "it is not planned how the encoder is taught",
    )
}
