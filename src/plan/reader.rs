//! What of a batch an encoder is trained on.

use super::build::Planner;
use super::types::Reader;
use crate::catalog::{Args, Artifact, Net};
use crate::data::{Fields, SampleType};
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

/// The first value that a task reads and a net takes, of a clip its frames; `read` are the task's inputs, those of a list one by one.
pub(super) fn taken(net: &Net, read: &Fields) -> Option<SampleType> {
    let takes = net.takes();
    let fits = |ty: &SampleType| ty.fits(&takes).then(|| ty.clone());
    let whole = read.iter().find_map(|(_, ty)| fits(ty));
    whole.or_else(|| read.iter().find_map(|(_, ty)| fits(&ty.frame()?.0)))
}

impl Reader {
    /// Of so many frames, where it is shown clips and its encoder takes a frame at a time.
    pub(super) fn by_frame(&self) -> Option<usize> {
        let (_, frames) = self.sample.frame()?;
        frames.filter(|_| !self.sample.fits(&self.net.takes()))
    }

    /// The fit that learnt the vocabulary of what it was trained on, where that is known.
    pub(super) fn words(&self) -> Option<&Artifact> {
        // the first tensor of a batch is the ids
        let tensors = self.sample.tensors().unwrap_or_default();
        let rows = tensors.first().and_then(|ids| ids.classes)?;
        let mut learnt = self.prepared.learnt.iter();
        learnt.find(|fit| fit.gives == "vocabulary" && fit.size("size") == Some(rows))
    }

    /// As it is shown records with these fields.
    pub(super) fn seeing(&self, fields: &Fields) -> Reader {
        Reader {
            sample: self.sample.seen(fields),
            ..self.clone()
        }
    }
}

impl Planner<'_> {
    /// [`taken`] by the encoder of a pretext stage; `None` once it is noted that the task reads nothing of what the encoder takes.
    pub(super) fn taken(
        &mut self,
        stage: &Stage,
        args: &Args,
        net: &Net,
        read: &Fields,
    ) -> Option<SampleType> {
        let taken = taken(net, read);
        if taken.is_none() {
            let (takes, task) = (net.takes(), &stage.call.spec.name);
            let first = net.steps.first().map(|step| &step.call.spec);
            let name = match first.filter(|spec| spec.takes.is_some()) {
                Some(spec) => format!("`{}`", spec.name),
                None => "the encoder".into(),
            };
            let read: Vec<String> = read
                .iter()
                .map(|(name, ty)| format!("{name}: {ty}"))
                .collect();
            self.diagnostics.push(
                Diagnostic::error(
                    Code::SampleType,
                    args.span(stage.call.spec.main_encoder())
                        .unwrap_or(stage.call.name_span),
                    format!("{name} takes {takes}, and `{task}` reads none"),
                )
                .note(format!("The task reads {}.", read.join(", ")))
                .help(format!(
                    "train an encoder of what the task reads, or take a task that reads {takes}"
                )),
            );
        }
        taken
    }
}
