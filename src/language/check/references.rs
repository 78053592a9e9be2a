//! Data sets with their pipes, and stages with their parts.

use super::Checker;
use super::names::some_of;
use crate::catalog::{Data, DataSource, Kind, Split, Type, Value, stage_fields};
use crate::language::ast::{Expr, ExprKind, Field, Item, Name, Step};
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span};

impl Checker<'_> {
    /// `name`, `name.split`, a call, any of them with pipes.
    pub(super) fn data(&mut self, expr: &Expr, wanted: &str) -> Option<Data> {
        match &expr.kind {
            ExprKind::Group(inner) => self.data(inner, wanted),
            ExprKind::Path(names) => self.named_data(names, expr.span),
            ExprKind::Call(call) => {
                let pipe = self.catalog.find(Kind::Pipe, &call.name.text);
                // one that takes data by its first argument may stand at the head: `concat(a, b)`
                let heads = pipe.is_some_and(|pipe| {
                    pipe.params
                        .first()
                        .is_some_and(|param| param.ty == Type::Data)
                });
                if pipe.is_some()
                    && !heads
                    && self.catalog.find(Kind::Dataset, &call.name.text).is_none()
                {
                    let name = &call.name.text;
                    self.error(
                        Diagnostic::error(
                            Code::WrongKind,
                            call.name.span,
                            format!("`{name}` is a pipe, not a data set"),
                        )
                        .help(format!(
                            "pipes stand behind data: `fashion.train |> {name}(…)`"
                        )),
                    );
                    return None;
                }
                let kinds: &[Kind] = if heads {
                    &[Kind::Dataset, Kind::Pipe]
                } else {
                    &[Kind::Dataset]
                };
                let call = self.call(kinds, call, expr.span)?;
                Some(Data {
                    source: DataSource::Call(call),
                    pipes: Vec::new(),
                    span: expr.span,
                })
            }
            ExprKind::Pipe(steps) => self.piped_data(steps, expr.span, wanted),
            ExprKind::Record(fields) => self.beside(fields, expr.span),
            ExprKind::Lost => None,
            other => {
                let message = format!("expected {wanted}, found {}", other.noun());
                self.error(
                    Diagnostic::error(Code::Mistyped, expr.span, message)
                        .help("write `fashion.train`, or call a data set: `fashion_mnist()`"),
                );
                None
            }
        }
    }

    /// `{ labelled = few, unlabelled = all }`
    fn beside(&mut self, fields: &[Field], span: Span) -> Option<Data> {
        let mut parts: Vec<(String, Data)> = Vec::new();
        let mut sound = true;
        for (at, field) in fields.iter().enumerate() {
            let name = &field.name;
            let diagnostic = match (
                &field.of,
                fields[..at].iter().find(|f| f.name.text == name.text),
            ) {
                (Some(of), _) => Some(Diagnostic::error(
                    Code::UnknownField,
                    name.span.to(of.span),
                    "data of a record has a name of one word",
                )),
                (None, Some(first)) => Some(
                    Diagnostic::error(
                        Code::Duplicate,
                        name.span,
                        format!("the name `{}` is given twice", name.text),
                    )
                    .label(first.name.span, "first here")
                    .help("give one of them another name"),
                ),
                (None, None) => None,
            };
            if let Some(diagnostic) = diagnostic {
                sound = false;
                self.error(diagnostic);
            }
            match self.data(&field.value, "a data set") {
                Some(data) => parts.push((name.text.clone(), data)),
                None => sound = false,
            }
        }
        if fields.len() < 2 {
            sound = false;
            let message = "a record of data names two data sets or more";
            self.error(Diagnostic::error(Code::MissingField, span, message).help(
                "write `{ labelled = few.train, unlabelled = all.train }`, or the data set alone",
            ));
        }
        sound.then_some(Data {
            source: DataSource::Beside(parts),
            pipes: Vec::new(),
            span,
        })
    }

    fn named_data(&mut self, names: &[Name], span: Span) -> Option<Data> {
        let dataset = names.first()?;
        self.item(dataset, "data set")?;
        let split = match names.get(1) {
            None => None,
            Some(part) => match Split::from_name(&part.text) {
                Some(split) if names.len() == 2 => Some(split),
                _ => {
                    let diagnostic = Diagnostic::error(
                        Code::UnknownPart,
                        part.span,
                        format!("a data set has no part `{}`", part.text),
                    );
                    let splits = ["train", "valid", "test"];
                    self.error(match nearest(&part.text, splits) {
                        Some(near) => {
                            diagnostic.fix("a split with a similar name exists", part.span, near)
                        }
                        None => diagnostic.note("Its splits are `train`, `valid` and `test`."),
                    });
                    return None;
                }
            },
        };
        Some(Data {
            source: DataSource::Named {
                dataset: dataset.text.clone(),
                split,
            },
            pipes: Vec::new(),
            span,
        })
    }

    fn piped_data(&mut self, steps: &[Step], span: Span, wanted: &str) -> Option<Data> {
        let (first, rest) = steps.split_first()?;
        let mut data = self.data(&first.value, wanted);
        for step in rest {
            let pipe = match &step.value.kind {
                ExprKind::Call(call) => self.call(&[Kind::Pipe], call, step.value.span),
                ExprKind::Path(names) => {
                    self.needs_brackets(&[Kind::Pipe], names, step.value.span);
                    None
                }
                other => {
                    let message = format!("expected a pipe, found {}", other.noun());
                    self.error(Diagnostic::error(Code::Mistyped, step.value.span, message));
                    None
                }
            };
            // without a pipe that is wrong the records are of the same kind: the rest can be checked
            if let (Some(pipe), Some(data)) = (pipe, &mut data) {
                data.pipes.push(pipe);
            }
        }
        if let Some(place) = steps.iter().find_map(|step| step.place.as_ref()) {
            self.error(
                Diagnostic::error(
                    Code::Mistyped,
                    place.span,
                    "`as` names places in an encoder, not in data",
                )
                .help("give the data set a name of its own: `dataset NAME = …`"),
            );
            return None;
        }
        data.map(|data| Data { span, ..data })
    }

    /// `rotations`, or a part of it: `rotations.encoder`.
    pub(super) fn stage_reference(&mut self, names: &[Name], span: Span) -> Option<Value> {
        let name = names.first()?;
        let Item::Stage(stage) = self.item(name, "stage")? else {
            return None;
        };
        if !matches!(stage.kind, Kind::Task | Kind::Finetune) {
            // no use that could close a circle: it is refused
            self.uses.pop();
            self.error(
                Diagnostic::error(
                    Code::WrongKind,
                    name.span,
                    format!("stage `{}` trains nothing that could be used", name.text),
                )
                .label(stage.name.span, "defined here")
                .help("name a `pretext` or `finetune` stage"),
            );
            return None;
        }
        if names.len() > 2 {
            let message = "a part of a stage has no parts";
            self.error(Diagnostic::error(Code::UnknownPart, span, message));
            return None;
        }
        if let Some(part) = names.get(1) {
            let parts = self.parts(&stage.value, stage.kind);
            if !parts.is_empty() && !parts.contains(&part.text) {
                self.error(unknown_part(&name.text, part.span, &part.text, &parts));
                return None;
            }
        }
        let names: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
        Some(Value::Stage(names.join(".")))
    }

    /// What a stage exports: what its task says, its encoders. Empty where only the graph knows, which the plan builds: of a script or
    /// a plugin that does not say.
    fn parts(&self, value: &Expr, kind: Kind) -> Vec<String> {
        let ExprKind::Call(call) = &value.kind else {
            return Vec::new();
        };
        let Some(spec) = self.catalog.find(kind, &call.name.text) else {
            return Vec::new();
        };
        if spec.provider.is_some() && spec.exports.is_empty() {
            return Vec::new();
        }
        let mut parts: Vec<String> = spec.exports.iter().map(|(name, _)| name.clone()).collect();
        let encoders = stage_fields(kind);
        let encoders = encoders.iter().chain(&spec.params);
        parts.extend(
            encoders
                .filter(|param| param.ty == Type::Encoder)
                .map(|param| param.name.clone()),
        );
        if spec.without.contains(&"encoder") {
            parts.retain(|part| part != "encoder");
        } else {
            // a finetuning goes on with the encoder of the stage it comes from
            parts.push("encoder".into());
        }
        let mut seen = Vec::new();
        parts.retain(|part| {
            let again = seen.contains(part);
            seen.push(part.clone());
            !again
        });
        parts
    }
}

/// `from = STAGE.PART` where the stage has no such part; `span` is the part's.
pub fn unknown_part(stage: &str, span: Span, part: &str, parts: &[String]) -> Diagnostic {
    let all: Vec<&str> = parts.iter().map(String::as_str).collect();
    let diagnostic = Diagnostic::error(
        Code::UnknownPart,
        span,
        format!("stage `{stage}` has no part `{part}`"),
    )
    .note(format!("It has {}.", some_of(&all)));
    match nearest(part, all.iter().copied()) {
        Some(near) => diagnostic.fix("a part with a similar name exists", span, near),
        None => diagnostic,
    }
}
