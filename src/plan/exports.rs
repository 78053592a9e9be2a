//! An export: what is written, and where.

use super::build::Planner;
use super::from::FROM;
use super::transformers::{self, Transformers};
use super::types::*;
use super::{onnx, open_clip, trace};
use crate::catalog::{Args, At, Problem};
use crate::graph::Graph;
use crate::language::checked::Stage;
use crate::language::codes::Code;

/// The export of a whole task on pictures and captions.
const OPEN_CLIP: &str = "open_clip";
/// The export that writes a model that runs elsewhere.
const ONNX: &str = "onnx";
/// The export that writes words with their vectors.
const WORDS: &str = "word2vec";

impl Planner<'_> {
    /// An export; `None` once it is noted why there is none.
    pub(super) fn export(&mut self, stage: &Stage, before: &[StagePlan]) -> Option<Export> {
        let path = self.export_path(stage, before);
        let (from, encoder) = self.from(stage, FROM, before)?;
        let args = &stage.call.args;
        let words = stage.call.spec.name == WORDS;
        let table = match words {
            true => Some((self.table(stage, &encoder)?, is_binary(args))),
            false => None,
        };
        let traced = match &table {
            Some((table, _)) => Ok((table.graph.clone(), table.var)),
            None => trace::encoder_graph(&encoder),
        };
        let runs = stage.call.spec.name == ONNX;
        let planned = traced.and_then(|(graph, output)| {
            if runs {
                onnx::check(&graph, output)?;
            }
            let transformers = match words || runs {
                true => None,
                false => transformers_of(stage, &from, &encoder, &graph, before)?,
            };
            Ok((graph, output, transformers))
        });
        let (graph, output, transformers) = match planned {
            Ok(planned) => planned,
            Err(problem) => {
                self.problem(stage, &problem);
                return None;
            }
        };
        let whole = match stage.call.spec.name == OPEN_CLIP {
            true => match open_clip_of(&from, before)? {
                Ok(whole) => Some(whole),
                Err(problem) => {
                    self.problem(stage, &problem);
                    return None;
                }
            },
            false => None,
        };
        Some(Export {
            open_clip: whole,
            format: stage.call.spec.name.clone(),
            table,
            from,
            path: path?,
            encoder,
            output,
            graph,
            transformers,
            runs,
        })
    }

    /// Where an export goes, in its one form.
    fn export_path(&mut self, stage: &Stage, before: &[StagePlan]) -> Option<String> {
        let args = &stage.call.args;
        let at = At::Span(args.span("path").unwrap_or(stage.call.span));
        let written = args.text("path");
        let path = match super::export_path(written, self.places.allow_outside) {
            Ok(path) => path,
            Err(problem) => {
                self.problem(stage, &problem.at(at));
                return None;
            }
        };
        for other in before {
            if let Body::Export(export) = &other.body
                && let Some(why) = super::clash(&path, &export.path)
            {
                let problem = Problem::new(Code::Duplicate, format!("`{written}` {why}"))
                    .at(at)
                    .label(
                        other.span,
                        format!("`{}` writes `{}`", other.name, export.path),
                    )
                    .help("give each export a file of its own");
                self.problem(stage, &problem);
                return None;
            }
        }
        Some(path)
    }
}

/// The whole of a stage, for open_clip.
fn open_clip_of(
    from: &Start,
    before: &[StagePlan],
) -> Option<crate::catalog::Result<open_clip::OpenClip>> {
    let planned = before.iter().find(|planned| planned.name == from.stage)?;
    match &planned.body {
        Body::Train(training) => {
            let normalized = training.normalized.as_ref();
            Some(open_clip::of(&open_clip::Trained {
                stage: &from.stage,
                task: &training.task.spec,
                args: &training.task.args,
                graph: &training.graph,
                picture: training.encoder.picture(),
                by: normalized.map(|normalized| &normalized.by),
                words: training.parts.iter().find_map(Reader::words),
            }))
        }
        _ => None,
    }
}

/// Whether numbers are written as bytes: as the recipe says, else by the file's ending.
fn is_binary(args: &Args) -> bool {
    match args.maybe_word("binary") {
        Some(word) => word == "on",
        None => args.text("path").to_lowercase().ends_with(".bin"),
    }
}

/// What is written where Hugging Face's `transformers` has the encoder, and the task's head if that is asked for.
///
/// # Errors
/// The head is asked for, and the library has no model with it.
fn transformers_of(
    stage: &Stage,
    from: &Start,
    encoder: &Reader,
    graph: &Graph,
    before: &[StagePlan],
) -> crate::catalog::Result<Option<Transformers>> {
    let head = stage.call.args.maybe_word("head") == Some("on");
    let trained = before.iter().find(|planned| planned.name == from.stage);
    let trained = trained.and_then(|planned| match &planned.body {
        Body::Train(training) => Some(transformers::Trained {
            graph: &training.graph,
            task: &training.task.spec,
            module: &encoder.module,
        }),
        _ => None,
    });
    let tensors = graph.torch_tensors(ENCODER);
    transformers::of(&encoder.net, tensors, trained, head, encoder.words())
}
