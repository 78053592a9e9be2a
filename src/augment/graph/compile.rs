//! From an `augment` block to a [`SampleGraph`]: names, types, unrolled repeats.

use std::collections::{BTreeMap, HashMap};

use super::finish::{batchable, mark_last_uses};
use super::{Input, Node, SampleGraph};
use crate::augment::normalize;
use crate::catalog::{At, Call, Make, Problem};
use crate::data::{Fields, Normalization, Philox, SampleType};
use crate::language::Span;
use crate::language::checked::{Augment, SampleExpr, SampleHead, SampleStep};
use crate::language::codes::Code;

/// Transforms that give something else on normalised pixels than on pixels in 0..1.
const BEFORE_NORMALIZE: [&str; 3] = ["color_jitter", "grayscale", "solarize"];

/// A typed value while compiling.
#[derive(Clone)]
struct Value {
    slot: usize,
    ty: SampleType,
    normalized: bool,
}

/// Most steps of a sample graph, each draw and each call of another augment counted.
const MAX_STEPS: usize = 20_000;

/// Checks `augment` against a record of `fields` and makes it runnable.
///
/// `all` are the augments of the recipe, which it may call; `statistics` stand in for `normalize()` without arguments.
/// Every error has the span it is about; all that can be found are returned together.
pub fn compile(
    augment: &Augment,
    all: &[Augment],
    fields: &Fields,
    statistics: Option<&Normalization>,
) -> Result<SampleGraph, Vec<(Span, Problem)>> {
    let mut compiler = Compiler {
        all,
        statistics,
        nodes: Vec::new(),
        slots: fields.len(),
        seen: HashMap::new(),
        open: vec![augment.name.clone()],
        steps: 0,
        problems: Vec::new(),
    };
    let mut scope = BTreeMap::new();
    for (name, span) in &augment.parameters {
        let value = fields
            .iter()
            .position(|(field, _)| field == name)
            .map(|slot| Value {
                slot,
                ty: fields[slot].1.clone(),
                normalized: false,
            });
        if value.is_none() {
            let names: Vec<_> = fields
                .iter()
                .map(|(name, ty)| format!("`{name}: {ty}`"))
                .collect();
            compiler.problems.push((
                *span,
                Problem::new(
                    Code::UnknownPart,
                    format!("the records have no field `{name}`"),
                )
                .note(format!("they have {}", names.join(", "))),
            ));
        }
        scope.insert(name.clone(), value);
    }
    compiler.bindings(augment, &mut scope, &augment.name);
    let mut outputs = Vec::new();
    let mut emitted = Fields::new();
    for emit in &augment.emits {
        let path = format!("{}/{}", augment.name, emit.name);
        let Some(values) = compiler.expr(&emit.value, &scope, &path) else {
            continue;
        };
        let Some(value) = compiler.one(values, emit.value.span, &emit.name) else {
            continue;
        };
        match batchable(&emit.name, &value.ty) {
            Ok(()) => {
                outputs.push(Input {
                    slot: value.slot,
                    last: false,
                });
                emitted.push((emit.name.clone(), value.ty));
            }
            Err(problem) => compiler.problems.push((emit.value.span, problem)),
        }
    }
    if !compiler.problems.is_empty() {
        return Err(compiler.problems);
    }
    let mut graph = SampleGraph {
        name: augment.name.clone(),
        record: fields.len(),
        slots: compiler.slots,
        nodes: compiler.nodes,
        outputs,
        fields: emitted,
    };
    mark_last_uses(&mut graph);
    Ok(graph)
}

struct Compiler<'a> {
    all: &'a [Augment],
    statistics: Option<&'a Normalization>,
    nodes: Vec<Node>,
    slots: usize,
    /// How often an instance path was asked for.
    seen: HashMap<String, usize>,
    /// Augments that are being compiled, outermost first.
    open: Vec<String>,
    /// Steps so far: calls of calls, and draws of draws, grow beyond anything that could run.
    steps: usize,
    problems: Vec<(Span, Problem)>,
}

type Scope = BTreeMap<String, Option<Value>>;

impl Compiler<'_> {
    fn bindings(&mut self, augment: &Augment, scope: &mut Scope, path: &str) {
        for binding in &augment.bindings {
            let names: Vec<&str> = binding
                .names
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            let path = format!("{path}/{}", names.join("+"));
            let values = self.expr(&binding.value, scope, &path);
            if let Some(values) = &values
                && values.len() != names.len()
            {
                self.problem(
                    binding.span,
                    Code::SampleType,
                    format!(
                        "{} bound to {}",
                        counted(names.len(), "name"),
                        described(values)
                    ),
                );
            }
            let mut values = values.into_iter().flatten();
            for name in names {
                scope.insert(name.to_owned(), values.next());
            }
        }
    }

    /// The values of a pipeline; `None` where something in it is wrong and has been reported.
    fn expr(&mut self, expr: &SampleExpr, scope: &Scope, path: &str) -> Option<Vec<Value>> {
        let Some(times) = expr.repeat else {
            return self.pipeline(expr, scope, path);
        };
        if times == 0 || times > 4096 {
            let text = format!("a value can't be drawn {times} times");
            self.problem(expr.span, Code::OutOfRange, text);
            return None;
        }
        let mut columns: Vec<Vec<Value>> = Vec::new();
        for i in 0..times {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                self.too_many(expr.span);
                return None;
            }
            for (column, value) in self
                .pipeline(expr, scope, &format!("{path}/{i}"))?
                .into_iter()
                .enumerate()
            {
                if i == 0 {
                    columns.push(Vec::new());
                }
                columns[column].push(value);
            }
        }
        let gathered = columns.into_iter().map(|column| {
            let output = self.slot();
            let inputs = column.iter().map(|value| Input {
                slot: value.slot,
                last: false,
            });
            self.nodes.push(Node::Gather {
                inputs: inputs.collect(),
                output,
            });
            Value {
                slot: output,
                ty: SampleType::list(column[0].ty.clone(), Some(times)),
                normalized: column[0].normalized,
            }
        });
        Some(gathered.collect())
    }

    fn pipeline(&mut self, expr: &SampleExpr, scope: &Scope, path: &str) -> Option<Vec<Value>> {
        let mut values = match &expr.head {
            SampleHead::Group(inner) => self.expr(inner, scope, path)?,
            SampleHead::Name(name, span) => match scope.get(name) {
                Some(value) => vec![value.clone()?],
                None => {
                    self.problem(
                        *span,
                        Code::UnknownName,
                        format!("nothing here is called `{name}`"),
                    );
                    return None;
                }
            },
        };
        for step in &expr.steps {
            let (name, span) = match step {
                SampleStep::Transform(call) => (&call.spec.name, call.span),
                SampleStep::Augment { name, span } => (name, *span),
            };
            let input = self.one(values, span, name)?;
            self.steps += 1;
            if self.steps > MAX_STEPS {
                self.too_many(span);
                return None;
            }
            let path = self.unique(format!("{path}/{name}"));
            values = match step {
                SampleStep::Transform(call) => self.transform(call, input, path)?,
                SampleStep::Augment { .. } => self.augment(name, span, input, &path)?,
            };
        }
        Some(values)
    }

    fn transform(&mut self, call: &Call, input: Value, path: String) -> Option<Vec<Value>> {
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
        if input.normalized && BEFORE_NORMALIZE.contains(&name) {
            let problem = Problem::new(
                Code::SampleType,
                format!("`{name}` takes pixels in 0..1, and `normalize` came before it"),
            );
            self.problems
                .push((call.span, problem.help("make `normalize` the last step")));
            return None;
        }
        let is_normalize = name == "normalize";
        let filled = match self.statistics {
            Some(statistics) if is_normalize && normalize::wants_statistics(&call.args) => {
                Some(normalize::with_statistics(&call.args, statistics))
            }
            _ => None,
        };
        let args = filled.as_ref().unwrap_or(&call.args);
        let made = types(args, &input.ty).and_then(|types| Ok((types, make(args, &input.ty)?)));
        let (types, transform) = match made {
            Ok(made) => made,
            Err(problem) => {
                let span = match &problem.at {
                    At::Call => call.span,
                    At::Argument(name) => call.args.span(name).unwrap_or(call.span),
                    At::Span(span) => *span,
                };
                self.problems.push((span, problem));
                return None;
            }
        };
        let (first, count) = (self.slots, types.len());
        self.slots += count;
        self.nodes.push(Node::Apply {
            transform,
            input: Input {
                slot: input.slot,
                last: false,
            },
            first,
            count,
            key: Philox::part(&path),
            path,
        });
        let normalized = input.normalized || is_normalize;
        let value = |(i, ty)| Value {
            slot: first + i,
            ty,
            normalized,
        };
        Some(types.into_iter().enumerate().map(value).collect())
    }

    /// Another augment as a step: what flows in is its parameter, what it emits flows on.
    fn augment(&mut self, name: &str, span: Span, input: Value, path: &str) -> Option<Vec<Value>> {
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
        let ([(parameter, _)], [emit]) = (&augment.parameters[..], &augment.emits[..]) else {
            let text = format!(
                "`{name}` takes {} and emits {}; in a pipeline it must be one of each",
                counted(augment.parameters.len(), "field"),
                counted(augment.emits.len(), "field")
            );
            self.problem(span, Code::SampleType, text);
            return None;
        };
        self.open.push(name.to_owned());
        let mut scope = Scope::from([(parameter.clone(), Some(input))]);
        self.bindings(augment, &mut scope, path);
        let values = self.expr(&emit.value, &scope, path);
        self.open.pop();
        Some(vec![self.one(values?, emit.value.span, &emit.name)?])
    }

    /// The only one of `values`, which flow into `place`.
    fn one(&mut self, mut values: Vec<Value>, span: Span, place: &str) -> Option<Value> {
        if values.len() == 1 {
            return values.pop();
        }
        let problem = Problem::new(
            Code::SampleType,
            format!(
                "{} flow into `{place}`, which takes one value",
                described(&values)
            ),
        );
        let help = "bind each to a name: `(view, turn) = image |> quarter_turn()`";
        self.problems.push((span, problem.help(help)));
        None
    }

    /// Says once that the graph is too large.
    fn too_many(&mut self, span: Span) {
        if self.steps == MAX_STEPS + 1 {
            let text = format!("one sample would take more than {MAX_STEPS} steps");
            let problem = Problem::new(Code::OutOfRange, text)
                .help("draw fewer views, or call fewer augments inside one another");
            self.problems.push((span, problem));
        }
    }

    fn slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    /// The path, numbered from the second of the same name on.
    fn unique(&mut self, path: String) -> String {
        let count = self.seen.entry(path.clone()).or_insert(0);
        *count += 1;
        match *count {
            1 => path,
            n => format!("{path}.{n}"),
        }
    }

    fn problem(&mut self, span: Span, code: Code, message: String) {
        self.problems.push((span, Problem::new(code, message)));
    }
}

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn described(values: &[Value]) -> String {
    let types: Vec<String> = values
        .iter()
        .map(|value| format!("`{}`", value.ty))
        .collect();
    if types.is_empty() {
        "nothing".into()
    } else {
        types.join(" and ")
    }
}
