//! What a pretext stage takes from others: weights to begin with, and whole nets that are held still.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::Planner;
use super::fields::with_fields;
use super::types::*;
use crate::catalog::{Args, Spec, Type, Value};
use crate::graph::{Graph, Lent, Mode, Still, within};
use crate::language::checked::Stage;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Names that an error or a plan lists.
const LISTED: usize = 3;

impl Planner<'_> {
    /// Lets the task ask the stages that its parameters name: their graphs in evaluation, with the encoder that each has trained.
    pub(super) fn lent(
        &mut self,
        stage: &Stage,
        graph: &mut Graph,
        before: &[StagePlan],
    ) -> Option<Vec<(Start, Reader, Span)>> {
        let mut all = Vec::new();
        for param in &stage.call.spec.params {
            let named = stage.call.args.values.get(&param.name);
            let (Type::Stage, Some(argument)) = (&param.ty, named) else {
                continue;
            };
            // its weights are taken, it is not asked
            if starts(&stage.call.spec).any(|(field, _)| field == param.name) {
                continue;
            }
            if let Value::Stage(name) = &argument.value
                && name.contains('.')
            {
                let message = format!("`{}` asks a whole stage, not a part of one", param.name);
                let whole = name.split('.').next().unwrap_or(name);
                self.diagnostics.push(
                    Diagnostic::error(Code::UnknownPart, argument.span, message)
                        .help(format!("write `{} = {whole}`", param.name)),
                );
                return None;
            }
            let (from, reader) = self.from(stage, &param.name, before)?;
            let training = training(before, &from.stage)?;
            let stages = &self.recipe.stages;
            let own = stages.iter().find(|own| own.name == from.stage)?.clone();
            let empty = Graph::new(Mode::Eval);
            let told = self.evaluated(&own, &with_fields(&own), empty, &training.graph)?;
            let lent = Lent {
                stage: from.stage.clone(),
                task: own.call.spec.name.clone(),
                graph: told,
            };
            graph.lend(&param.name, Arc::new(lent));
            all.push((from, reader, argument.span));
        }
        Some(all)
    }

    /// What the stage begins with, where it says so: proved to fit. What one of several takes is taken anew by those that follow.
    pub(super) fn begins(
        &mut self,
        stage: &Stage,
        args: &Args,
        graph: &Graph,
        parts: &[Reader],
        before: &[StagePlan],
    ) -> Option<Vec<Beginning>> {
        let spec = &stage.call.spec;
        let whole = (START.to_owned(), spec.main_encoder());
        let fields = std::iter::once(whole).chain(starts(spec));
        let given = fields.filter(|(field, _)| args.values.contains_key(field));
        given
            .map(|(field, into)| self.beginning(stage, args, graph, parts, (&field, into), before))
            .collect()
    }

    /// What one field says that it begins with: the whole stage, or what becomes of the encoder `into`.
    fn beginning(
        &mut self,
        stage: &Stage,
        args: &Args,
        graph: &Graph,
        parts: &[Reader],
        (field, into): (&str, &str),
        before: &[StagePlan],
    ) -> Option<Beginning> {
        let argument = args.values.get(field)?;
        if let Value::Text(path) = &argument.value {
            return self.begins_with_file(stage, args, graph, parts, (field, into), path);
        }
        let (from, other) = self.from(stage, field, before)?;
        let planned = before.iter().find(|planned| planned.name == from.stage)?;
        let training = training(before, &from.stage)?;
        let own = parts.iter().find(|part| part.part == into);
        if let Some(own) = own.or(parts.first()) {
            self.same_words(stage, own, (&from.stage, &other), argument.span)?;
        }
        let named = |value: &Value| matches!(value, Value::Stage(name) if !name.contains('.'));
        let mut begins = Beginning {
            whole: field == START && named(&argument.value),
            from: Origin::Stage(from.clone()),
            into: into.to_owned(),
            taken: Vec::new(),
            fresh: Vec::new(),
        };
        let trained = tensors(&training.graph);
        let found = |name: &str| trained.get(begins.source(name)?.as_str()).copied();
        let mut taken = Vec::new();
        for (name, shape) in tensors(graph) {
            if is_of_another(&graph.still, name) {
                continue;
            }
            match found(name) {
                Some(other) if other == shape => taken.push(name.to_owned()),
                Some(other) => {
                    let named = &from.stage;
                    let message = format!(
                        "`{name}` is {other:?} in `{named}`, and {shape:?} in `{}`",
                        stage.name
                    );
                    // another head is no reason against the encoder
                    let help = match begins.whole && within(name, into).is_none() {
                        true => {
                            format!("begin with its encoder alone: `start = {named}.{into}`")
                        }
                        false => format!("give `{}` the encoder of `{named}`", stage.name),
                    };
                    self.diagnostics.push(
                        Diagnostic::error(Code::Shape, argument.span, message)
                            .label(planned.span, "trained here")
                            .note("A stage begins with the weights of another where both are called the same; these must be of one size.")
                            .help(help),
                    );
                    return None;
                }
                None => {}
            }
        }
        let fresh = fresh(graph, &|name| found(name).is_some());
        if taken.is_empty() {
            let few = |names: Vec<&str>| listed(&names);
            let message = format!(
                "`{}` has no weight that is called as one of `{}`",
                stage.name,
                begins.from.text()
            );
            let theirs = trained.keys().copied().collect();
            let ours = fresh.iter().map(String::as_str).collect();
            self.diagnostics.push(
                Diagnostic::error(Code::WrongKind, argument.span, message)
                    .label(planned.span, "trained here")
                    .note(format!(
                        "It trains {}; here there are {}.",
                        few(theirs),
                        few(ours)
                    ))
                    .help("begin with a stage that has the same encoder"),
            );
            return None;
        }
        (begins.taken, begins.fresh) = (taken, fresh);
        Some(begins)
    }

    /// Whether two stages read the pieces of one vocabulary, where both read pieces.
    pub(super) fn same_words(
        &mut self,
        stage: &Stage,
        own: &Reader,
        (name, other): (&str, &Reader),
        span: Span,
    ) -> Option<()> {
        let (Some(ours), Some(theirs)) = (own.words(), other.words()) else {
            return Some(());
        };
        if ours == theirs {
            return Some(());
        }
        let message = format!(
            "`{name}` was trained on the pieces of `{}`, and `{}` reads those of `{}`",
            theirs.name, stage.name, ours.name
        );
        self.diagnostics.push(
            Diagnostic::error(Code::SampleType, span, message)
                .note("The same number is another piece there.")
                .help("let both take one vocabulary"),
        );
        None
    }
}

/// The parameters of a task that name what one of its encoders begins with: `image_start` of `image_encoder`, `teacher_start` of `teacher`.
fn starts(spec: &Spec) -> impl Iterator<Item = (String, &str)> {
    let encoders = spec.params.iter().filter(|param| param.ty == Type::Encoder);
    encoders.filter_map(|encoder| {
        let field = match encoder.name.strip_suffix(ENCODER) {
            Some(side) => format!("{side}{START}"),
            None => format!("{}_{START}", encoder.name),
        };
        (spec.find(&field)?.ty == Type::begins()).then_some((field, encoder.name.as_str()))
    })
}

/// A pretext stage that is planned.
fn training<'s>(before: &'s [StagePlan], name: &str) -> Option<&'s Training> {
    let planned = before.iter().find(|planned| planned.name == name)?;
    match &planned.body {
        Body::Train(training) => Some(training),
        _ => None,
    }
}

/// Tensors of a graph that nothing gives a value before the first step, of those that are its own: `has` says what has one.
pub(super) fn fresh(graph: &Graph, has: &dyn Fn(&str) -> bool) -> Vec<String> {
    let copies = graph.emas.iter();
    let copies: Vec<(String, String)> = copies.flat_map(|ema| graph.slow_pairs(ema)).collect();
    // a slow copy begins as what it follows
    let follows = |name: &str| {
        let mut copies = copies.iter();
        copies.any(|(source, copy)| copy == name && has(source))
    };
    let own = tensors(graph).into_keys();
    let own = own.filter(|name| !is_of_another(&graph.still, name));
    let fresh = own.filter(|name| !has(name) && !follows(name));
    fresh.map(str::to_owned).collect()
}

/// Parameters and buffers of a graph by their names, with their sizes.
fn tensors(graph: &Graph) -> BTreeMap<&str, &[usize]> {
    let parameters = graph.parameters.iter();
    let parameters = parameters.map(|own| (own.name.as_str(), own.shape.as_slice()));
    let buffers = graph.buffers.iter();
    let buffers = buffers.map(|own| (own.name.as_str(), own.shape.as_slice()));
    parameters.chain(buffers).collect()
}

/// Whether a tensor belongs to a net of another stage that is held still.
pub fn is_of_another(still: &[Still], tensor: &str) -> bool {
    let mut still = still.iter();
    still.any(|still| within(tensor, &still.name).is_some())
}

/// `a`, `b`, `c` and 4 more
pub(super) fn listed(names: &[&str]) -> String {
    let some: Vec<String> = names
        .iter()
        .take(LISTED)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(LISTED) {
        0 if some.is_empty() => "none".into(),
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

#[cfg(test)]
#[path = "begin_tests.rs"]
mod tests;
