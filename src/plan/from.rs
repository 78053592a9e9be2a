//! What a later stage starts from.

use super::build::Planner;
use super::types::*;
use crate::catalog::Value;
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// The stage named by `from`, with its encoder.
    pub fn from(&mut self, stage: &Stage, before: &[StagePlan]) -> Option<(String, EncoderView)> {
        let argument = stage.fields.values.get("from")?;
        let Value::Stage(name) = &argument.value else {
            return None;
        };
        let (name, part) = match name.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (name.as_str(), None),
        };
        let Some(found) = before.iter().find(|planned| planned.name == name) else {
            // the encoder of a stage with a wrong head can still be judged
            if let (Some(encoder), None | Some("encoder")) = (self.encoders.get(name), part) {
                return Some((name.to_owned(), encoder.clone()));
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
        match (&found.body, part) {
            (Body::Pretext(training), None | Some("encoder")) => {
                Some((name.to_owned(), training.encoder.clone()))
            }
            (Body::Pretext(_), Some(part)) => {
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::UnknownPart,
                        argument.span,
                        format!("stage `{name}` has no part `{part}`"),
                    )
                    .help(format!("write `{name}` or `{name}.encoder`")),
                );
                None
            }
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::WrongKind,
                        argument.span,
                        format!("`{name}` is not a pretext stage"),
                    )
                    .label(found.span, "defined here")
                    .note("An evaluation, a fine-tuning or an export starts from the encoder of a pretext stage."),
                );
                None
            }
        }
    }
}
