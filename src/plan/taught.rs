//! The column of supervision: the same encoder, trained on the classes of what the evaluator reads.

use super::build::Planner;
use super::judge::Subject;
use super::types::*;
use crate::catalog::Args;
use crate::language::checked::Stage;

impl Planner<'_> {
    /// How the encoder of a stage is taught, where it asks for that: as a stage of its own on the same splits. `None`: it can't be.
    pub(super) fn taught(
        &mut self,
        stage: &Stage,
        args: &Args,
        subject: &Subject<'_>,
        evaluation: &Evaluation,
    ) -> Option<Option<Box<Evaluation>>> {
        let Some(call) = args.maybe_call("supervised") else {
            return Some(None);
        };
        let teaches = |evaluation: &Evaluation| {
            let records = evaluation
                .heads
                .as_ref()
                .and_then(|heads| heads.records.as_ref());
            records.is_some_and(|records| records.frozen.is_none())
        };
        let wants = call.spec.evaluator().map(|own| own.wants(&call.args));
        let wants = wants.unwrap_or_default().into_iter();
        let splits: Option<Vec<Asked>> = wants
            .filter(|want| want.required && want.is_of_records())
            .map(|want| {
                let data = evaluation.split(want.field)?.data.clone();
                Some(Asked { want, data })
            })
            .collect();
        let own = Stage {
            kind: call.spec.kind,
            call: call.clone(),
            fields: Args::default(),
            bind: Vec::new(),
            ..stage.clone()
        };
        let subject = Subject {
            from: subject.from.clone(),
            encoder: subject.encoder,
            most: usize::MAX,
            seen: None,
        };
        let planned = match splits {
            Some(splits) if !splits.is_empty() => {
                self.judged(&own, &call.args, &subject, splits)?
            }
            _ => {
                self.wrong_setting(call, "supervised", EXAMPLE);
                return None;
            }
        };
        if !teaches(&planned) {
            self.wrong_setting(call, "supervised", EXAMPLE);
            return None;
        }
        let on_bad = crate::data::OnBadSample::from_word(
            args.maybe_word("on_bad_sample").unwrap_or_default(),
        );
        let mut planned = planned;
        if let Some(heads) = &mut planned.heads {
            heads.settings.on_bad = on_bad;
        }
        Some(Some(Box::new(planned)))
    }
}

const EXAMPLE: &str = "classifier(length = 10 epochs)";
