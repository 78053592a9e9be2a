//! From an `augment` block to a [`SampleGraph`]: names, types, unrolled repeats.

use std::collections::{BTreeMap, HashMap};

use super::finish::{mark_last_uses, place_draws};
use super::{Input, Node, SampleGraph};
use crate::catalog::{Artifact, Call, Problem};
use crate::data::lab::LabPart;
use crate::data::{Fields, Normalization, SampleType};
use crate::language::Span;
use crate::language::checked::{Augment, SampleExpr, SampleHead, SampleStep};
use crate::language::codes::Code;

/// A typed value while compiling.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) slot: usize,
    pub(super) ty: SampleType,
    pub(super) normalized: bool,
    /// Which part of Lab it is.
    pub(super) lab: Option<LabPart>,
    /// The call that last changed its colours.
    pub(super) recoloured: Option<Span>,
    /// The fit whose pieces it is made of.
    pub(super) words: Option<Artifact>,
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
        touching: Vec::new(),
        twice: Vec::new(),
        learnt: Vec::new(),
        flows: BTreeMap::new(),
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
                lab: None,
                recoloured: None,
                words: None,
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
        if let Some(value) = &value {
            compiler.flows.insert(*span, vec![value.ty.clone()]);
        }
        scope.insert(name.clone(), value);
    }
    compiler.bindings(augment, &mut scope, &augment.name);
    let mut outputs = Vec::new();
    let mut centred = false;
    let (mut lab, mut recoloured) = (Vec::new(), Vec::new());
    let mut emitted = Fields::new();
    for emit in &augment.emits {
        let path = format!("{}/{}", augment.name, emit.name);
        let Some(values) = compiler.expr(&emit.value, &scope, &path) else {
            continue;
        };
        let Some(value) = compiler.one(values, emit.value.span, &emit.name) else {
            continue;
        };
        match value.ty.batchable() {
            Ok(()) => {
                centred |= value.normalized;
                lab.extend(value.lab.filter(|part| !lab.contains(part)));
                if matches!(value.lab, Some(LabPart::Colour | LabPart::Whole)) {
                    let span = value.recoloured;
                    recoloured.extend(span.filter(|span| !recoloured.contains(span)));
                }
                outputs.push(Input {
                    slot: value.slot,
                    last: false,
                });
                emitted.push((emit.name.clone(), value.ty));
            }
            Err(loose) => compiler
                .problems
                .push((emit.value.span, loose.problem(&emit.name))),
        }
    }
    if !compiler.problems.is_empty() {
        return Err(compiler.problems);
    }
    let emits = |slot: usize| outputs.iter().any(|output| output.slot == slot);
    compiler.touching.retain(|(slot, _)| emits(*slot));
    let mut graph = SampleGraph {
        normalized: centred,
        twice: compiler.twice,
        lab,
        recoloured,
        learnt: compiler.learnt,
        flows: compiler.flows,
        touching: compiler
            .touching
            .into_iter()
            .map(|(_, span)| span)
            .collect(),
        name: augment.name.clone(),
        record: fields.len(),
        slots: compiler.slots,
        nodes: compiler.nodes,
        outputs,
        fields: emitted,
    };
    mark_last_uses(&mut graph);
    place_draws(&mut graph);
    Ok(graph)
}

pub(super) struct Compiler<'a> {
    pub(super) all: &'a [Augment],
    pub(super) statistics: Option<&'a Normalization>,
    pub(super) nodes: Vec<Node>,
    pub(super) slots: usize,
    /// How often a place was asked for.
    seen: HashMap<String, usize>,
    /// Augments that are being compiled, outermost first.
    pub(super) open: Vec<String>,
    /// Steps so far: calls of calls, and draws of draws, grow beyond anything that could run.
    steps: usize,
    /// Slots that say where tiles which touch have stood, with the call that cuts them.
    pub(super) touching: Vec<(usize, Span)>,
    /// Calls that normalise what is normalised, with the part of Lab that it is.
    pub(super) twice: Vec<(Span, Option<LabPart>)>,
    /// What fits learn that transforms take.
    learnt: Vec<Artifact>,
    /// What each call gives and each name is, where it was first reached.
    flows: BTreeMap<Span, Vec<SampleType>>,
    pub(super) problems: Vec<(Span, Problem)>,
}

pub(super) type Scope = BTreeMap<String, Option<Value>>;

impl Compiler<'_> {
    pub(super) fn bindings(&mut self, augment: &Augment, scope: &mut Scope, path: &str) {
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
            for (name, span) in &binding.names {
                let value = values.next();
                if let Some(value) = &value {
                    self.flow(*span, std::slice::from_ref(value));
                }
                scope.insert(name.clone(), value);
            }
        }
    }

    /// The values of a pipeline; `None` where something in it is wrong and has been reported.
    pub(super) fn expr(
        &mut self,
        expr: &SampleExpr,
        scope: &Scope,
        path: &str,
    ) -> Option<Vec<Value>> {
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
                lab: column[0].lab,
                recoloured: column[0].recoloured,
                words: column[0].words.clone(),
            }
        });
        Some(gathered.collect())
    }

    fn pipeline(&mut self, expr: &SampleExpr, scope: &Scope, path: &str) -> Option<Vec<Value>> {
        let mut values = match &expr.head {
            SampleHead::Group(inner) => self.expr(inner, scope, path)?,
            SampleHead::Several(several) => {
                let mut values = Vec::new();
                for (at, inner) in several.iter().enumerate() {
                    let found = self.expr(inner, scope, &format!("{path}/{at}"))?;
                    values.push(self.one(found, inner.span, "brackets")?);
                }
                values
            }
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
            let input = match step {
                SampleStep::Transform(call) if call.spec.takes_several() => {
                    values = self.several(call, values, path)?;
                    self.flow(span, &values);
                    continue;
                }
                _ => self.one(values, span, name)?,
            };
            self.step(span)?;
            let path = self.unique(format!("{path}/{name}"));
            values = match step {
                SampleStep::Transform(call) => self.transform(call, input, path)?,
                SampleStep::Augment { .. } => self.augment(name, span, input, &path)?,
            };
            self.flow(span, &values);
        }
        Some(values)
    }

    /// Notes what a call gives or a name is, where it is reached for the first time.
    pub(super) fn flow(&mut self, span: Span, values: &[Value]) {
        let types = || values.iter().map(|value| value.ty.clone()).collect();
        self.flows.entry(span).or_insert_with(types);
    }

    /// Notes what a call takes of fits.
    pub(super) fn takes(&mut self, call: &Call) {
        for argument in call.args.values.values() {
            if let crate::catalog::Value::Fit(artifact) = &argument.value
                && !self.learnt.contains(artifact)
            {
                self.learnt.push(artifact.clone());
            }
        }
    }

    /// Counts a step; `None` where there are too many.
    pub(super) fn step(&mut self, span: Span) -> Option<()> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.too_many(span);
            return None;
        }
        Some(())
    }

    /// The only one of `values`, which flow into `place`.
    pub(super) fn one(&mut self, mut values: Vec<Value>, span: Span, place: &str) -> Option<Value> {
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

    pub(super) fn slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    /// The path, numbered from the second of the same name on.
    pub(super) fn unique(&mut self, path: String) -> String {
        let count = self.seen.entry(path.clone()).or_insert(0);
        *count += 1;
        match *count {
            1 => path,
            n => format!("{path}.{n}"),
        }
    }

    pub(super) fn problem(&mut self, span: Span, code: Code, message: String) {
        self.problems.push((span, Problem::new(code, message)));
    }
}

pub(super) fn counted(n: usize, noun: &str) -> String {
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
