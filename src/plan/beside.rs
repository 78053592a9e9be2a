//! The column of another stage: its encoder, judged by the same evaluator on the same splits.

use super::build::Planner;
use super::judge::Subject;
use super::types::*;
use crate::catalog::Args;
use crate::evaluation::BESIDE;
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// How the encoder is judged that a stage names beside its own, where it does: at its output, its records read as it was trained to.
    /// `None`: it can't be.
    pub(super) fn beside(
        &mut self,
        stage: &Stage,
        args: &Args,
        own: &Reader,
        evaluation: &Evaluation,
        before: &[StagePlan],
    ) -> Option<Option<Box<Evaluation>>> {
        let Some(span) = stage.fields.span(BESIDE) else {
            return Some(None);
        };
        let (from, encoder) = self.from(stage, BESIDE, before)?;
        if from == evaluation.from {
            let message = format!("`{}` is what `{}` judges already", from.text(), stage.name);
            self.diagnostics.push(
                Diagnostic::error(Code::Duplicate, span, message)
                    .help("name another stage, or remove `beside`"),
            );
            return None;
        }
        let required = evaluation.splits.iter().filter(|split| split.want.required);
        let splits = required.map(|split| Asked {
            want: split.want,
            data: split.data.clone(),
        });
        let splits: Vec<Asked> = splits.collect();
        let mut args = args.clone();
        // places are those of the other encoder
        args.values.remove("at");
        if encoder.sample != own.sample {
            // what makes the other's batches is of no use here
            args.values.remove("augment");
        }
        let subject = Subject {
            from,
            encoder: &encoder,
            most: usize::MAX,
            // its views are of another stage
            seen: None,
        };
        let judged = self.judged(stage, &args, &subject, splits)?;
        Some(Some(Box::new(judged)))
    }
}
