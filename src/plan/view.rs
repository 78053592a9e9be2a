//! What the pictures and labels of a split are to what is trained or judged on them.

use std::sync::Arc;

use super::build::Planner;
use super::types::*;
use crate::augment::SampleGraph;
use crate::data::{Fields, SampleType};
use crate::language::checked::Stage;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

impl Planner<'_> {
    /// The view of evaluation: resize, centre crop to the trained size, the training pictures' normalisation; and in words.
    pub(super) fn evaluation_view(
        &mut self,
        encoder: &EncoderView,
        data: &DataView,
        span: Span,
    ) -> Option<(Arc<SampleGraph>, String)> {
        let fields = data.dataset.fields().clone();
        let [channels, h, w] = encoder.image;
        let Some(image) = image_field(&fields) else {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::Unbound,
                    data.span,
                    format!("records of `{}` have no picture", data.text),
                )
                .here("an encoder of pictures is judged on pictures"),
            );
            return None;
        };
        let found = fields.iter().find_map(|(name, ty)| match ty {
            SampleType::Image {
                channels,
                height,
                width,
            } if name == image => Some((*channels, *height, *width)),
            _ => None,
        })?;
        if found.0.is_some_and(|own| own != channels) {
            self.diagnostics.push(Diagnostic::error(
                Code::SampleType,
                data.span,
                format!(
                    "pictures of `{}` have {} channels, the encoder was trained with {channels}",
                    data.text,
                    found.0.unwrap_or(0)
                ),
            ));
            return None;
        }
        let mut steps = String::new();
        let mut words = Vec::new();
        if (found.1, found.2) != (Some(h), Some(w)) {
            let side = h.max(w);
            if found
                .1
                .zip(found.2)
                .is_none_or(|(height, width)| height.min(width) != side)
            {
                steps += &format!(" |> resize({side}px)");
                words.push(format!("resize {side}"));
            }
            // a crop takes one size: pictures that are trained oblong are resized to that shape by their augment
            steps += &format!(" |> center_crop({side}px)");
            words.push(format!("centre crop {side}"));
        }
        if let Some(n) = &encoder.normalization {
            let [mean, std] = [&n.mean, &n.std].map(|values| super::numbers(values));
            steps += &format!(" |> normalize(mean = {mean}, std = {std})");
            words.push("normalised".into());
        }
        if words.is_empty() {
            words.push("as is".into());
        }
        let label = fields.iter().find_map(|(name, ty)| match ty {
            SampleType::Label { .. } => Some(name.clone()),
            _ => None,
        });
        let (head, emit) = match &label {
            Some(label) => (
                format!("view({image}, {label})"),
                format!("emit image = {image}{steps}, label = {label}"),
            ),
            None => (
                format!("view({image})"),
                format!("emit image = {image}{steps}"),
            ),
        };
        let augment = self.augment_from_text(&head, &emit, span)?;
        let samples = self.samples(&augment, &[], &fields, None, Some(span))?;
        Some((samples, format!("view {}", words.join(", "))))
    }

    /// The number of classes of two labelled splits.
    pub(super) fn classes(&mut self, train: &DataView, test: &DataView) -> Option<usize> {
        let label = |fields: &Fields| {
            fields.iter().find_map(|(_, ty)| match ty {
                SampleType::Label { classes } => Some(classes.unwrap_or(0)),
                _ => None,
            })
        };
        let mut found = Vec::new();
        for view in [train, test] {
            match label(view.dataset.fields()) {
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

    /// A recipe's augment for labelled training: it must emit `image` and `label`.
    pub(super) fn labelled_augment(
        &mut self,
        name: &str,
        train: &DataView,
        encoder: &EncoderView,
        stage: &Stage,
    ) -> Option<Arc<SampleGraph>> {
        let block = self
            .recipe
            .augments
            .iter()
            .find(|a| a.name == name)?
            .clone();
        let all = self.recipe.augments.clone();
        let fields = train.dataset.fields().clone();
        let samples = self.samples(&block, &all, &fields, encoder.normalization.as_ref(), None)?;
        let [c, h, w] = encoder.image;
        let image = samples
            .outputs()
            .iter()
            .any(|(name, ty)| name == "image" && *ty == SampleType::image(c, h, w));
        let label = samples
            .outputs()
            .iter()
            .any(|(name, ty)| name == "label" && matches!(ty, SampleType::Label { .. }));
        if image && label {
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
                    "a classifier trains on `image: {}` and `label`",
                    SampleType::image(c, h, w)
                ),
            )
            .label(block.name_span, "this `augment` makes the batch")
            .note(format!("The `augment` emits {}.", emitted.join(", ")))
            .help(format!(
                "write `augment {name}(image, label) {{ emit image = image |> …, label }}`"
            )),
        );
        None
    }
}

/// The name of the only, or first, picture of a record.
pub(super) fn image_field(fields: &Fields) -> Option<&str> {
    fields.iter().find_map(|(name, ty)| match ty {
        SampleType::Image { .. } => Some(name.as_str()),
        _ => None,
    })
}
