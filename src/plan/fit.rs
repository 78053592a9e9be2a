//! Planning a fit: the records that it learns from, or the file that it is read from.

use super::build::{Planner, describe};
use super::fields::with_fields;
use super::types::*;
use crate::catalog::{Problem, Result};
use crate::data::{DataError, OnBadSample, SampleType, chosen_of, fit_file};
use crate::fit::{Fit, Records};
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// A `fit` stage.
    pub(super) fn fitting(&mut self, stage: &Stage) -> Option<Fitting> {
        let fit = stage.call.spec.fit()?;
        let artifact = stage.artifact.clone()?;
        let args = with_fields(stage);
        let name = &stage.call.spec.name;
        let file = args.maybe_text("file");
        if let (Some(_), Some(span)) = (file, args.span("data")) {
            let message = format!("`{name}` is read from a file, and learns nothing from `data`");
            self.diagnostics.push(
                Diagnostic::error(Code::Duplicate, span, message)
                    .help("remove `data`, or the file's name"),
            );
            return None;
        }
        let mut given = None;
        let mut learning = None;
        match file {
            Some(path) => match self.given(fit, &args, path) {
                Ok((bytes, learnt)) => {
                    artifact.fill(learnt);
                    given = Some(bytes);
                }
                Err(problem) => {
                    let span = args.span("file").unwrap_or(stage.call.name_span);
                    self.diagnostics.push(describe(&problem, span, None));
                    return None;
                }
            },
            None if args.maybe_data("data").is_none() => {
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::MissingField,
                        stage.call.name_span,
                        format!("`{name}` names no records to learn from"),
                    )
                    .help(format!("add `{{ data = NAME.train }}`, or name the file that it is read from: `{name}(file = \"…\")`")),
                );
                return None;
            }
            None => {
                let data = self.view(&args, "data")?;
                let field = self.learnt_from(fit, name, &data)?;
                learning = Some(Learning { data, field });
            }
        }
        Some(Fitting {
            call: stage.call.clone(),
            artifact,
            learning,
            given,
            on_bad: OnBadSample::from_word(args.maybe_word("on_bad_sample").unwrap_or_default()),
            args,
        })
    }

    /// What a file holds.
    fn given(
        &self,
        fit: &dyn Fit,
        args: &crate::catalog::Args,
        path: &str,
    ) -> Result<(Vec<u8>, std::sync::Arc<dyn std::any::Any + Send + Sync>)> {
        let bytes = fit_file(&self.places.recipe, path)?;
        let bad = |error: DataError| {
            let problem = Problem::new(Code::BadFile, format!("{path}: {}", error.message));
            error.help.into_iter().fold(problem, Problem::help)
        };
        let bytes = fit.given(args, bytes).map_err(bad)?;
        let learnt = fit.open(args, &bytes).map_err(bad)?;
        Ok((bytes, learnt))
    }

    /// The one field of the records that a fit learns from.
    fn learnt_from(&mut self, fit: &dyn Fit, name: &str, data: &DataView) -> Option<usize> {
        let reads = fit.reads();
        let fields = data.dataset.fields();
        let fitting = |fits: &dyn Fn(&SampleType) -> bool| -> Vec<usize> {
            let fields = fields.iter().enumerate();
            let fitting = fields.filter(|(_, (_, ty))| fits(ty));
            fitting.map(|(at, _)| at).collect()
        };
        let mut found = fitting(&|ty| ty.fits(&reads));
        if found.is_empty() {
            // the turns of a dialogue, one after the other
            found = fitting(&|ty| ty.parts().is_some_and(|(one, _)| one.fits(&reads)));
        }
        if found.is_empty() {
            found = fitting(&|ty| ty.frame().is_some_and(|(frame, _)| frame.fits(&reads)));
        }
        let fitting = found;
        if let [one] = fitting[..] {
            return Some(one);
        }
        let shown: Vec<String> = fields
            .iter()
            .map(|(name, ty)| format!("`{name}: {ty}`"))
            .collect();
        let (word, text) = (reads.word(), &data.text);
        let diagnostic = match fitting[..] {
            [] => Diagnostic::error(
                Code::Unbound,
                data.span,
                format!("`{name}` learns from {word}, and records of `{text}` have none"),
            ),
            _ => Diagnostic::error(
                Code::Unbound,
                data.span,
                format!(
                    "`{name}` learns from one field of {word}, and records of `{text}` have {}",
                    fitting.len()
                ),
            )
            .help(format!(
                "leave one: `{text} |> without({})`",
                fields[fitting[0]].0
            )),
        };
        self.diagnostics
            .push(diagnostic.note(format!("They have {}.", shown.join(", "))));
        None
    }
}

impl Fitting {
    /// Learns from at most so many records, which stand for all: for those that look at views, or measure time, before the fit has
    /// run. How many records it has looked at, and how many there are.
    ///
    /// # Errors
    /// A record can't be read, or nothing can be learnt.
    pub fn learn_some(&self, most: usize) -> std::result::Result<(usize, usize), DataError> {
        let (Some(fit), Some(learning)) = (self.fit(), &self.learning) else {
            return Ok((0, 0));
        };
        let dataset = &*learning.data.dataset;
        let indices = chosen_of(dataset, most);
        let records = Records {
            dataset,
            indices: &indices,
            field: learning.field,
            on_bad: match self.on_bad {
                // of a look nothing is lost
                OnBadSample::Stop => OnBadSample::Skip,
                other => other,
            },
        };
        let learnt = crate::fit::learn(fit, &self.args, &records, &mut ())?;
        self.hold(&learnt.bytes)?;
        Ok((indices.len(), dataset.len()))
    }
}
