//! What a later stage starts from.

use super::build::Planner;
use super::types::*;
use crate::catalog::Value;
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

/// The field that names what a stage starts from.
pub(super) const FROM: &str = "from";

impl Planner<'_> {
    /// The part of a stage that the field `from` of this one names, or another field or parameter, with its encoder.
    pub fn from(
        &mut self,
        stage: &Stage,
        field: &str,
        before: &[StagePlan],
    ) -> Option<(Start, Reader)> {
        let argument = stage.argument(field)?.clone();
        let Value::Stage(name) = &argument.value else {
            return None;
        };
        let (name, part) = match name.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (name.as_str(), None),
        };
        let Some(found) = before.iter().find(|planned| planned.name == name) else {
            // the encoder of a stage with a wrong head can still be judged, and a slow copy of it is like it
            if let Some(encoder) = self.encoders.get(name) {
                return Some((encoder.start(name), encoder.clone()));
            }
            // a stage that failed to plan has said why; one that comes later has not
            if let Some(later) = self.recipe.stages.iter().find(|s| s.name == name)
                && later.span.start >= stage.span.start
            {
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::UnknownName,
                        argument.span,
                        format!("stage `{name}` comes after `{}`", stage.name),
                    )
                    .label(later.name_span, "defined here")
                    .help("stages run in the order of the recipe: move this one down"),
                );
            }
            return None;
        };
        let Body::Train(training) = &found.body else {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::WrongKind,
                    argument.span,
                    format!("`{name}` is not a pretext stage"),
                )
                .label(found.span, "defined here")
                .note("What other stages start from is a part of a pretext stage."),
            );
            return None;
        };
        let Some(part) = part else {
            return Some((training.encoder.start(name), training.encoder.clone()));
        };
        if let Some(encoder) = training.parts.iter().find(|own| own.part == part) {
            return Some((encoder.start(name), encoder.clone()));
        }
        let known: Vec<String> = training.parts.iter().map(|own| own.part.clone()).collect();
        let mut span = argument.span;
        if self.recipe.sources.text(span).ends_with(part) {
            span.start = span.end - part.len();
        }
        let diagnostic = crate::language::unknown_part(name, span, part, &known);
        self.diagnostics.push(diagnostic);
        None
    }
}
