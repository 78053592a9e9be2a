//! What the records and labels of a split are to what is trained or judged on them.

use std::sync::Arc;

use super::build::{Planner, describe};
use super::types::*;
use crate::augment::SampleGraph;
use crate::data::{Fields, SampleType, first_label};
use crate::evaluation::{INPUT, LABEL};
use crate::language::checked::Stage;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// The field of records that says their class.
pub(super) fn class_of(fields: &Fields) -> Option<&str> {
    first_label(fields).map(|(name, _)| name)
}

/// The field of records that an encoder reads.
pub(super) fn field_of<'f>(
    encoder: &Reader,
    fields: &'f Fields,
) -> Option<(&'f str, &'f SampleType)> {
    let alike = fields.iter().find(|(_, ty)| ty.alike(&encoder.sample));
    let own = alike.or_else(|| fields.iter().find(|(_, ty)| encoder.sample.sees(ty)));
    own.map(|(name, ty)| (name.as_str(), ty))
}

/// How records are shown: `view resize 32, normalised`.
pub(super) fn in_words(steps: &[String]) -> String {
    match steps {
        [] => "view as is".to_owned(),
        steps => format!("view {}", steps.join(", ")),
    }
}

impl Planner<'_> {
    /// The view of evaluation: what the records hold as the encoder was trained on it (pictures: resized, cut to the trained size from
    /// the centre, normalised as those of training were); and in words.
    pub(super) fn evaluation_view(
        &mut self,
        encoder: &Reader,
        data: &DataView,
        span: Span,
    ) -> Option<(Arc<SampleGraph>, String)> {
        let Some((field, found)) = field_of(encoder, data.dataset.fields()) else {
            let noun = encoder.sample.noun();
            self.diagnostics.push(
                Diagnostic::error(
                    Code::Unbound,
                    data.span,
                    format!("records of `{}` have no {noun}", data.text),
                )
                .here(format!("an encoder of {noun}s is judged on {noun}s")),
            );
            return None;
        };
        self.view_of(encoder, data, (field, found), span)
    }

    /// The same of one field of the records.
    pub(super) fn view_of(
        &mut self,
        encoder: &Reader,
        data: &DataView,
        (field, found): (&str, &SampleType),
        span: Span,
    ) -> Option<(Arc<SampleGraph>, String)> {
        let fields = data.dataset.fields().clone();
        let view = match encoder.sample.view(&encoder.prepared, found, &data.text) {
            Ok(view) => view,
            Err(problem) => {
                self.diagnostics.push(describe(&problem, data.span, None));
                return None;
            }
        };
        let steps = view.steps;
        let (head, emit) = match first_label(&fields) {
            Some((label, _)) => (
                format!("view({field}, {label})"),
                format!("emit {INPUT} = {field}{steps}, {LABEL} = {label}"),
            ),
            None => (
                format!("view({field})"),
                format!("emit {INPUT} = {field}{steps}"),
            ),
        };
        let augment = self.augment_from_text(&head, &emit, span)?;
        let samples = self.samples(&augment, &[], &fields, None, Some(span))?;
        Some((samples, in_words(&view.words)))
    }

    /// The number of classes of two labelled splits.
    pub(super) fn classes(&mut self, train: &DataView, test: &DataView) -> Option<usize> {
        let mut found = Vec::new();
        for view in [train, test] {
            let label = first_label(view.dataset.fields());
            match label.and_then(|(_, label)| label.classes) {
                Some(classes) if classes > 0 => found.push(classes),
                _ => {
                    let mut diagnostic = Diagnostic::error(
                        Code::Unbound,
                        view.span,
                        format!("records of `{}` have no label", view.text),
                    )
                    .note("What judges an encoder needs labels; pretraining does not.");
                    if let Some(why) = view.dataset.no_label() {
                        diagnostic = diagnostic.note(why.to_owned());
                    }
                    self.diagnostics.push(diagnostic);
                    return None;
                }
            }
        }
        if found[0] != found[1] {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::Classes,
                    test.span,
                    format!(
                        "`{}` has {} classes, `{}` has {}",
                        test.text, found[1], train.text, found[0]
                    ),
                )
                .label(train.span, "trained on this"),
            );
            return None;
        }
        Some(found[0])
    }

    /// A recipe's augment for labelled training: it must emit [`INPUT`] and [`LABEL`].
    pub(super) fn labelled_augment(
        &mut self,
        name: &str,
        train: &DataView,
        encoder: &Reader,
        stage: &Stage,
    ) -> Option<Arc<SampleGraph>> {
        let recipe = self.recipe;
        let all = &recipe.augments;
        let block = all.iter().find(|a| a.name == name)?;
        let fields = train.dataset.fields().clone();
        let by = encoder.prepared.normalization.as_ref();
        let samples = self.samples(block, all, &fields, by, None)?;
        let input = samples
            .outputs()
            .iter()
            .any(|(name, ty)| name == INPUT && *ty == encoder.sample);
        let label = samples
            .outputs()
            .iter()
            .any(|(name, ty)| name == LABEL && ty.as_label().is_some());
        if input && label {
            return Some(samples);
        }
        let emitted: Vec<String> = samples
            .outputs()
            .iter()
            .map(|(name, ty)| format!("{name}: {ty}"))
            .collect();
        self.diagnostics.push(
            Diagnostic::error(
                Code::Unbound,
                stage.fields.span("augment").unwrap_or(stage.call.name_span),
                format!(
                    "`{}` trains on `{INPUT}: {}` and `{LABEL}`",
                    stage.call.spec.name, encoder.sample
                ),
            )
            .label(block.name_span, "this `augment` makes the batch")
            .note(format!("The `augment` emits {}.", emitted.join(", ")))
            .help(format!(
                "write `augment {name}({INPUT}, {LABEL}) {{ emit {INPUT} = {INPUT} |> …, {LABEL} }}`"
            )),
        );
        None
    }
}
