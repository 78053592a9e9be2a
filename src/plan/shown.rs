//! How a task that was trained is shown records in evaluation: each input that it needs as an encoder of such values would be.

use std::sync::Arc;

use super::build::{Planner, describe};
use super::types::*;
use super::view::{class_of, in_words};
use crate::catalog::Args;
use crate::data::written;
use crate::evaluation::LABEL;
use crate::graph::{Graph, Op, Var};
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// What makes batches of a split's records, of which `read` is read: of each input behind it the view of evaluation, and the class where
    /// that is wanted; and the views in words.
    pub(super) fn way_of(
        &mut self,
        stage: &Stage,
        training: &Training,
        (graph, read): (&Graph, &[Var]),
        split: &Asked,
    ) -> Option<(Way, String)> {
        let behind = graph.origins(read);
        let nodes = graph.nodes.iter().zip(behind).filter(|(_, own)| *own);
        let needed: Vec<&str> = nodes
            .filter_map(|(node, _)| match &node.op {
                Op::Input(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let fields = split.data.dataset.fields().clone();
        let (mut bindings, mut emitted, mut words) = (Vec::new(), Vec::new(), Vec::new());
        let mut parameters: Vec<&str> = Vec::new();
        let mut trained = Vec::new();
        for (name, ty) in training.samples.outputs() {
            let tensors = ty.tensors().unwrap_or_default();
            let sources = tensors
                .iter()
                .map(|tensor| format!("{name}{}", tensor.suffix));
            let sources: Vec<String> = sources.collect();
            let own = training.bindings.iter();
            let own = own.filter(|(source, input)| {
                sources.contains(source) && needed.contains(&input.as_str())
            });
            let own: Vec<(String, String)> = own.cloned().collect();
            if own.is_empty() {
                continue;
            }
            let of_name = fields
                .iter()
                .find(|(field, found)| field == name && ty.sees(found));
            let alike = fields.iter().find(|(_, found)| found.alike(ty));
            let sees = fields.iter().find(|(_, found)| ty.sees(found));
            let Some((field, found)) = of_name.or(alike).or(sees) else {
                let (noun, task) = (ty.noun(), &training.task.spec.name);
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::Unbound,
                        split.data.span,
                        format!("records of `{}` have no {noun}", split.data.text),
                    )
                    .here(format!("`{task}` is shown {noun}s here")),
                );
                return None;
            };
            let prepared = &training.encoder.prepared;
            let view = match ty.view(prepared, found, &split.data.text) {
                Ok(view) => view,
                Err(problem) => {
                    self.diagnostics
                        .push(describe(&problem, split.data.span, None));
                    return None;
                }
            };
            emitted.push(format!("{name} = {field}{}", view.steps));
            words.extend(view.words);
            if !parameters.contains(&field.as_str()) {
                parameters.push(field);
            }
            trained.push((name, ty));
            bindings.extend(own);
        }
        let bound: Vec<&str> = bindings.iter().map(|(_, input)| input.as_str()).collect();
        if let Some(lacking) = needed.iter().find(|input| !bound.contains(*input)) {
            let message = format!(
                "`{}` can't be shown single records: it reads `{lacking}`, which is one of a list",
                training.task.spec.name
            );
            let at = stage.call.name_span;
            self.diagnostics
                .push(Diagnostic::error(Code::Unbound, at, message));
            return None;
        }
        let label = class_of(&fields).filter(|_| split.want.labels);
        if let Some(label) = label {
            if !parameters.contains(&label) {
                parameters.push(label);
            }
            emitted.push(format!("{LABEL} = {label}"));
        }
        let head = format!("shown({})", parameters.join(", "));
        let body = format!("emit {}", emitted.join(", "));
        let span = stage.call.name_span;
        let augment = self.augment_from_text(&head, &body, span)?;
        let samples = self.samples(&augment, &[], &fields, None, Some(span))?;
        for (name, ty) in trained {
            let mut outputs = samples.outputs().iter();
            let shown = outputs.find(|(own, _)| own == name).map(|(_, ty)| ty);
            if shown.is_none_or(|shown| shown.numbers() != ty.numbers()) {
                let shown = shown.map_or_else(|| "nothing".to_owned(), ToString::to_string);
                let message = format!(
                    "`{name}` of `{}` is {shown} in evaluation, and {ty} where it is trained on",
                    split.data.text
                );
                self.diagnostics.push(Diagnostic::error(
                    Code::SampleType,
                    split.data.span,
                    message,
                ));
                return None;
            }
        }
        Some((Way { samples, bindings }, in_words(&words)))
    }

    /// The texts that an evaluator writes, as records.
    pub(super) fn written(
        &mut self,
        stage: &Stage,
        args: &Args,
        splits: &[Asked],
    ) -> Option<DataView> {
        let first = splits.first()?;
        let evaluator = stage.call.spec.evaluator()?;
        match evaluator.writes(args, first.data.dataset.class_names()) {
            Ok(texts) => Some(DataView {
                text: format!("what `{}` writes", stage.call.spec.name),
                dataset: Arc::new(written(texts)),
                span: stage.call.name_span,
            }),
            Err(problem) => {
                self.problem(stage, &problem);
                None
            }
        }
    }
}
