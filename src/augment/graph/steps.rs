//! The steps of a pipeline: a transform of the catalog, another augment of the recipe.

use super::compile::{Compiler, Scope, Value, counted};
use super::{Input, Node};
use crate::augment::{Transform, frames, normalize};
use crate::catalog::{Artifact, At, Call, Make, Problem, Value as Argument};
use crate::data::lab::LabPart;
use crate::data::{Pieces, SampleType};
use crate::language::codes::Code;
use crate::language::{Span, canonical};

/// Transforms that give something else on normalised pixels, or on a part of Lab, than on pixels in 0..1.
const BEFORE_NORMALIZE: [&str; 7] = [
    "color_jitter",
    "grayscale",
    "to_grey",
    "to_rgb",
    "solarize",
    "lightness",
    "ab",
];

/// What is known of values beside their types.
struct Flows {
    normalized: bool,
    lab: Option<LabPart>,
    recoloured: Option<Span>,
    words: Option<Artifact>,
}

/// The fit whose pieces a call takes.
fn vocabulary(call: &Call) -> Option<&Artifact> {
    call.args
        .values
        .values()
        .find_map(|argument| match &argument.value {
            Argument::Fit(artifact) => Some(artifact),
            _ => None,
        })
}

/// A slot, as it is read before its last use is known.
fn unread(slot: usize) -> Input {
    Input { slot, last: false }
}

impl Compiler<'_> {
    pub(super) fn transform(
        &mut self,
        call: &Call,
        input: Value,
        path: String,
    ) -> Option<Vec<Value>> {
        self.takes(call);
        let name = call.spec.name.as_str();
        let Make::Transform { types, make } = &call.spec.make else {
            self.problem(
                call.name_span,
                Code::WrongKind,
                format!(
                    "`{name}` is a {}, not a transform",
                    call.spec.kind.singular()
                ),
            );
            return None;
        };
        if input.normalized && call.spec.provider.is_none() && BEFORE_NORMALIZE.contains(&name) {
            let before = input.lab.map_or("normalize", LabPart::transform);
            let problem = Problem::new(
                Code::SampleType,
                format!("`{name}` takes pixels in 0..1, and `{before}` came before it"),
            );
            let help = match (input.lab, name) {
                (Some(_), "lightness" | "ab") => "take each of the picture itself".to_owned(),
                (None, "lightness" | "ab") => {
                    format!("remove `normalize`: what `{name}` gives is scaled already")
                }
                _ => format!("make `{before}` the last step"),
            };
            self.problems.push((call.span, problem.help(help)));
            return None;
        }
        // a plugin may have one of this name, which is another transform
        let built_in = call.spec.provider.is_none();
        let is_normalize = built_in && name == "normalize";
        let filled = match self.statistics {
            Some(statistics) if is_normalize && normalize::wants_statistics(&call.args) => {
                // a part of Lab is no picture whose channels were changed
                let whole = input.ty.as_image().filter(|_| input.lab.is_none());
                let channels = whole.and_then(|image| image.channels);
                let own = normalize::of_channels(statistics, channels);
                Some(normalize::with_statistics(&call.args, &own))
            }
            _ => None,
        };
        let args = filled.as_ref().unwrap_or(&call.args);
        let made = frames::made(&call.spec, (types, make), args, &input.ty);
        let (types, transform) = match made {
            Ok(made) => made,
            Err(problem) => {
                let problem = match input.lab.filter(|_| is_normalize) {
                    Some(part) => problem.help(part.scaled()),
                    None => problem,
                };
                self.refused(call, problem);
                return None;
            }
        };
        let words = vocabulary(call).or(input.words.as_ref());
        self.enough(call, &*transform, words)?;
        let words = words.cloned();
        let twice = (call.span, input.lab);
        if is_normalize && input.normalized && !self.twice.contains(&twice) {
            self.twice.push(twice);
        }
        let lab = transform.lab_part();
        let recoloured = match transform.recolours(&input.ty) {
            true => Some(call.span),
            false => input.recoloured,
        };
        let touches = transform.touches(&input.ty);
        let always = (!transform.draws(&input.ty)).then(|| {
            let values = args
                .values
                .iter()
                .map(|(name, a)| format!("{name} = {}", canonical(&a.value)));
            format!("{name}({})", values.collect::<Vec<_>>().join(", "))
        });
        let flows = Flows {
            normalized: input.normalized || is_normalize || lab.is_some(),
            lab: lab.or(input.lab),
            recoloured,
            words,
        };
        let names = (name.to_owned(), path);
        let values = self.apply(transform, input.slot, types, names, always, flows);
        if touches && let Some(last) = values.last() {
            self.touching.push((last.slot, call.span));
        }
        Some(values)
    }

    /// A transform of several values: they are gathered, and it is given their list.
    pub(super) fn several(
        &mut self,
        call: &Call,
        values: Vec<Value>,
        path: &str,
    ) -> Option<Vec<Value>> {
        let Make::Several { types, make } = &call.spec.make else {
            return None;
        };
        self.step(call.span)?;
        self.takes(call);
        let path = self.unique(format!("{path}/{}", call.spec.name));
        let given: Vec<SampleType> = values.iter().map(|value| value.ty.clone()).collect();
        let made =
            types(&call.args, &given).and_then(|types| Ok((types, make(&call.args, &given)?)));
        let (types, transform) = match made {
            Ok(made) => made,
            Err(problem) => {
                self.refused(call, problem);
                return None;
            }
        };
        let words = values.iter().find_map(|value| value.words.as_ref());
        let words = vocabulary(call).or(words);
        self.enough(call, &*transform, words)?;
        let words = words.cloned();
        let gathered = self.slot();
        let inputs = values.iter().map(|value| unread(value.slot)).collect();
        self.nodes.push(Node::Gather {
            inputs,
            output: gathered,
        });
        let flows = Flows {
            normalized: values.iter().any(|value| value.normalized),
            lab: None,
            recoloured: values.iter().find_map(|value| value.recoloured),
            words,
        };
        let names = (call.spec.name.clone(), path);
        Some(self.apply(transform, gathered, types, names, None, flows))
    }

    /// Adds a transform of what is in a slot; what it emits, in slots that follow one another.
    fn apply(
        &mut self,
        transform: Box<dyn Transform>,
        input: usize,
        types: Vec<SampleType>,
        (name, path): (String, String),
        always: Option<String>,
        Flows {
            normalized,
            lab,
            recoloured,
            words,
        }: Flows,
    ) -> Vec<Value> {
        let (first, count) = (self.slots, types.len());
        self.slots += count;
        self.nodes.push(Node::Apply {
            transform,
            input: unread(input),
            first,
            count,
            name,
            path,
            // where it stands is known when all is there
            key: 0,
            always,
        });
        let value = |(i, ty)| Value {
            slot: first + i,
            ty,
            normalized,
            lab,
            recoloured,
            words: words.clone(),
        };
        types.into_iter().enumerate().map(value).collect()
    }

    /// Whether a vocabulary has what a transform needs of it, as far as that is known before the fit has run; `None` where it has not.
    fn enough(
        &mut self,
        call: &Call,
        transform: &dyn Transform,
        words: Option<&Artifact>,
    ) -> Option<()> {
        let (Some(need), Some(words)) = (transform.needs(), words) else {
            return Some(());
        };
        let there = match words.get::<Pieces>() {
            Some(pieces) => need.met(&pieces).is_ok(),
            None => !words.lacks.contains(&need),
        };
        if there {
            return Some(());
        }
        let (name, own) = (&call.spec.name, &words.name);
        let has = need.said();
        let message = match &words.file {
            Some(file) => format!(
                "`{name}` needs {has}, and \"{file}\", which `{own}` is read from, has none"
            ),
            None => {
                format!("`{name}` needs {has}, and the vocabulary that `{own}` learns has none")
            }
        };
        let problem = Problem::new(Code::SampleType, message).help(need.help());
        self.refused(call, problem);
        None
    }

    /// Notes why a transform can't be made, at the argument or the call that it is about.
    fn refused(&mut self, call: &Call, problem: Problem) {
        let span = match &problem.at {
            At::Call => call.span,
            At::Argument(name) => call.args.span(name).unwrap_or(call.span),
            At::Span(span) => *span,
        };
        self.problems.push((span, problem));
    }

    /// Another augment as a step: what flows in is its parameter, what it emits flows on.
    pub(super) fn augment(
        &mut self,
        name: &str,
        span: Span,
        input: Value,
        path: &str,
    ) -> Option<Vec<Value>> {
        let Some(augment) = self.all.iter().find(|augment| augment.name == name) else {
            self.problem(
                span,
                Code::UnknownName,
                format!("no augment is called `{name}`"),
            );
            return None;
        };
        if self.open.iter().any(|open| open == name) {
            self.problem(span, Code::Cycle, format!("`{name}` calls itself"));
            return None;
        }
        let ([(parameter, given)], [emit]) = (&augment.parameters[..], &augment.emits[..]) else {
            let text = format!(
                "`{name}` takes {} and emits {}; in a pipeline it must be one of each",
                counted(augment.parameters.len(), "field"),
                counted(augment.emits.len(), "field")
            );
            self.problem(span, Code::SampleType, text);
            return None;
        };
        self.open.push(name.to_owned());
        self.flow(*given, std::slice::from_ref(&input));
        let mut scope = Scope::from([(parameter.clone(), Some(input))]);
        self.bindings(augment, &mut scope, path);
        let values = self.expr(&emit.value, &scope, path);
        self.open.pop();
        Some(vec![self.one(values?, emit.value.span, &emit.name)?])
    }
}
