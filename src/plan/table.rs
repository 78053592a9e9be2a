//! What is read of an encoder itself: a table of words; and the file of what it is asked.

use super::build::{Planner, describe};
use super::trace::{self, PART};
use super::types::*;
use crate::catalog::{Args, Problem, Result};
use crate::data::exam_file;
use crate::evaluation::Evaluator;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// The table of an encoder; `None` once it is noted that it has none.
    pub(super) fn table(&mut self, stage: &Stage, encoder: &Reader) -> Option<TableReading> {
        let read = table(encoder);
        if let Err(problem) = &read {
            self.problem(stage, problem);
        }
        read.ok()
    }

    /// The content of the file of what an evaluator asks, where it names one.
    pub(super) fn asked(
        &mut self,
        stage: &Stage,
        args: &Args,
        evaluator: &dyn Evaluator,
    ) -> Option<Vec<u8>> {
        let Some((name, path)) = evaluator
            .asks()
            .and_then(|name| Some((name, args.maybe_text(name)?)))
        else {
            return Some(Vec::new());
        };
        let read = exam_file(&self.places.recipe, path).and_then(|bytes| {
            let accepted = evaluator.accepts(&bytes).map_err(|error| {
                let shown = crate::language::visible_line(path);
                let problem = Problem::new(Code::BadFile, format!("{shown}: {}", error.message));
                error.help.into_iter().fold(problem, Problem::help)
            });
            accepted.map(|()| bytes)
        });
        match read {
            Ok(bytes) => Some(bytes),
            Err(problem) => {
                let span = args.span(name).unwrap_or(stage.call.name_span);
                self.diagnostics.push(describe(&problem, span, None));
                None
            }
        }
    }
}

/// An encoder's table.
///
/// # Errors
/// It has none, or the words of its rows are not known.
pub(super) fn table(encoder: &Reader) -> Result<TableReading> {
    let mut steps = encoder.net.steps.iter();
    let name = steps
        .clone()
        .next()
        .map_or("layers", |step| &step.call.spec.name);
    let lacks = |why: String| {
        Problem::new(Code::UnknownPart, why)
            .note("What is judged here are the rows of a table, each with its word.")
            .help("train an encoder that has one: `word_vectors(dim = 100)`")
    };
    if !steps.any(|step| step.call.spec.parts.iter().any(|(part, _)| *part == PART)) {
        return Err(lacks(format!("`{name}` has no table of words")));
    }
    // the first tensor of a batch is the ids
    let tensors = encoder.sample.tensors().unwrap_or_default();
    let known = tensors.first().and_then(|ids| ids.classes);
    let Some(rows) = known else {
        return Err(lacks(format!(
            "the encoder was trained on {}, whose vocabulary is not known",
            encoder.sample
        )));
    };
    let Some(words) = encoder.words() else {
        return Err(
            lacks("the encoder was trained on words of which no fit is known".to_owned())
                .help("cut texts by a fit of the recipe: `text |> tokenize(words)`"),
        );
    };
    let (graph, var, dim) = trace::table_graph(encoder, rows)?;
    Ok(TableReading {
        graph,
        var,
        rows,
        dim,
        words: words.clone(),
    })
}
