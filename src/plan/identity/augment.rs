//! What an augment means: the transforms on the way to what it emits, whatever it and what is bound in it are called, and whether a
//! step stands here or in another augment.

use std::collections::BTreeMap;

use super::{Writer, below};
use crate::catalog::Call;
use crate::language::Span;
use crate::language::checked::{Augment, SampleExpr, SampleHead, SampleStep};

/// Most steps that are followed; what has more is refused when it is compiled.
const MOST: usize = 20_000;

/// A value that flows: a field of the record, or what a node gives.
#[derive(Clone)]
enum Flow<'a> {
    Field(&'a str),
    Of(usize, usize),
}

/// A step, with what flows into it.
struct Node<'a> {
    /// None where a value is drawn several times.
    call: Option<&'a Call>,
    inputs: Vec<Flow<'a>>,
    /// How often it is drawn, from the outermost repetition.
    times: Vec<usize>,
}

/// Names in sight, with what they stand for.
type Scope<'a> = BTreeMap<&'a str, Flow<'a>>;

struct Nodes<'a> {
    all: &'a [Augment],
    nodes: Vec<Node<'a>>,
    /// Augments that are being followed.
    open: Vec<&'a str>,
    times: Vec<usize>,
}

/// Writes what an augment block means below `path`.
pub(super) fn write(writer: &mut Writer<'_>, path: &str, augment: &Augment) {
    let recipe = writer.recipe;
    let mut nodes = Nodes {
        all: &recipe.augments,
        nodes: Vec::new(),
        open: vec![&augment.name],
        times: Vec::new(),
    };
    let fields = augment.parameters.iter();
    let fields = fields.map(|(name, _)| (name.as_str(), Flow::Field(name)));
    let scope = nodes.bound(augment, fields.collect());
    let emitted: Vec<(Span, Option<Flow<'_>>)> = (augment.emits.iter())
        .map(|emit| {
            let mut values = nodes.expr(&emit.value, &scope).into_iter();
            (emit.name_span, values.next())
        })
        .collect();
    let mut names = Names {
        nodes: &nodes.nodes,
        named: BTreeMap::new(),
        met: BTreeMap::new(),
    };
    for (at, (span, value)) in emitted.iter().enumerate() {
        let label = value.as_ref().map(|value| names.write(value, writer, path));
        let outer = std::mem::replace(&mut writer.span, *span);
        let own = below(path, &format!("emits.{}", at + 1));
        writer.put(&own, label.unwrap_or_default());
        writer.span = outer;
    }
}

impl<'a> Nodes<'a> {
    /// The names in sight at the end of an augment's bindings.
    fn bound(&mut self, augment: &'a Augment, mut scope: Scope<'a>) -> Scope<'a> {
        for binding in &augment.bindings {
            let mut values = self.expr(&binding.value, &scope).into_iter();
            for (name, _) in &binding.names {
                if let Some(value) = values.next() {
                    scope.insert(name, value);
                }
            }
        }
        scope
    }

    /// What comes of a node.
    fn node(&mut self, call: Option<&'a Call>, inputs: Vec<Flow<'a>>) -> usize {
        self.nodes.push(Node {
            call,
            inputs,
            times: self.times.clone(),
        });
        self.nodes.len() - 1
    }

    fn expr(&mut self, expr: &'a SampleExpr, scope: &Scope<'a>) -> Vec<Flow<'a>> {
        let Some(times) = expr.repeat else {
            return self.pipeline(expr, scope);
        };
        self.times.push(times);
        let values = self.pipeline(expr, scope);
        self.times.pop();
        let several = |value| {
            self.times.push(times);
            let node = self.node(None, vec![value]);
            self.times.pop();
            Flow::Of(node, 0)
        };
        values.into_iter().map(several).collect()
    }

    fn pipeline(&mut self, expr: &'a SampleExpr, scope: &Scope<'a>) -> Vec<Flow<'a>> {
        let mut values = match &expr.head {
            SampleHead::Group(inner) => self.expr(inner, scope),
            SampleHead::Several(several) => several
                .iter()
                .filter_map(|inner| self.expr(inner, scope).into_iter().next())
                .collect(),
            SampleHead::Name(name, _) => scope.get(name.as_str()).cloned().into_iter().collect(),
        };
        for step in &expr.steps {
            if self.nodes.len() > MOST {
                return values;
            }
            values = match step {
                SampleStep::Transform(call) => {
                    let node = self.node(Some(call), values);
                    // how many a transform gives is known where they are bound
                    (0..16).map(|at| Flow::Of(node, at)).collect()
                }
                SampleStep::Augment { name, .. } => self.augment(name, values),
            };
            // what goes on through a further step is one value
            if !std::ptr::eq(step, &expr.steps[expr.steps.len() - 1]) {
                values.truncate(1);
            }
        }
        values
    }

    /// Another augment as a step.
    fn augment(&mut self, name: &str, values: Vec<Flow<'a>>) -> Vec<Flow<'a>> {
        let Some(augment) = self.all.iter().find(|augment| augment.name == name) else {
            return Vec::new();
        };
        if self.open.contains(&augment.name.as_str()) {
            return Vec::new();
        }
        self.open.push(&augment.name);
        let parameters = augment.parameters.iter().map(|(name, _)| name.as_str());
        let scope = self.bound(augment, parameters.zip(values).collect());
        let emitted = augment.emits.first();
        let mut found = emitted.map_or_else(Vec::new, |emit| self.expr(&emit.value, &scope));
        found.truncate(1);
        self.open.pop();
        found
    }
}

/// Gives each node that is reached from what is emitted a name, inputs first, and writes it down.
struct Names<'n, 'a> {
    nodes: &'n [Node<'a>],
    named: BTreeMap<usize, String>,
    met: BTreeMap<String, usize>,
}

impl Names<'_, '_> {
    fn write(&mut self, flow: &Flow<'_>, writer: &mut Writer<'_>, path: &str) -> String {
        let (last, output) = match flow {
            Flow::Field(name) => return format!("field {name}"),
            Flow::Of(node, output) => (*node, *output),
        };
        let mut waiting = vec![last];
        while let Some(index) = waiting.last().copied() {
            if self.named.contains_key(&index) {
                waiting.pop();
                continue;
            }
            let node = &self.nodes[index];
            let missing = node.inputs.iter().rev().filter_map(|input| match input {
                Flow::Of(node, _) if !self.named.contains_key(node) => Some(*node),
                _ => None,
            });
            let missing: Vec<usize> = missing.collect();
            if missing.is_empty() {
                waiting.pop();
                self.name(index, writer, path);
            } else {
                waiting.extend(missing);
            }
        }
        self.label(last, output)
    }

    fn label(&self, node: usize, output: usize) -> String {
        let name = self.named.get(&node).map_or("", String::as_str);
        match output {
            0 => name.to_owned(),
            n => format!("{name}, value {}", n + 1),
        }
    }

    fn name(&mut self, index: usize, writer: &mut Writer<'_>, path: &str) {
        let node = &self.nodes[index];
        let word = node.call.map_or("several", |call| call.spec.name.as_str());
        let count = self.met.entry(word.to_owned()).or_insert(0);
        *count += 1;
        let name = match *count {
            1 => word.to_owned(),
            n => format!("{word}.{n}"),
        };
        let inputs = node.inputs.iter().map(|input| match input {
            Flow::Field(name) => format!("field {name}"),
            Flow::Of(node, output) => self.label(*node, *output),
        });
        let mut of = inputs.collect::<Vec<_>>().join(", ");
        for times in &node.times {
            of += &format!(", drawn {times} times");
        }
        let own = below(path, &name);
        if let Some(call) = node.call {
            writer.call(&own, &own, call);
        }
        writer.put(&below(&own, "of"), of);
        self.named.insert(index, name);
    }
}
