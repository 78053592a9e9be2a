//! Whole tasks, step by step, against PyTorch: `tests/fixtures/tasks`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::catalog::{Kind, Make, Net, Spec, Type, Value};
use crate::engine::{Batch, Device, HostTensor, Model, Trainer};
use crate::graph::testing::{call, duration, entry, layer, net};
use crate::graph::{Clock, DType, Graph, Mode, Node, Op, Size};
use crate::plan::Optimizer;

/// A task's first steps, as the fixtures have them.
#[derive(Deserialize)]
pub(super) struct Trace {
    task: String,
    nets: BTreeMap<String, Vec<Vec<Json>>>,
    arguments: BTreeMap<String, Json>,
    rate: f64,
    momentum: f64,
    /// How many the split has, for memory banks.
    #[serde(default)]
    records: Option<usize>,
    parameters: BTreeMap<String, Tensor>,
    steps: Vec<Step>,
    after: BTreeMap<String, Tensor>,
}

#[derive(Deserialize)]
struct Step {
    inputs: BTreeMap<String, Tensor>,
    objectives: BTreeMap<String, f64>,
    metrics: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Tensor {
    shape: Vec<usize>,
    data: Vec<f32>,
    /// Whole numbers.
    #[serde(default)]
    whole: bool,
}

impl Tensor {
    fn host(&self) -> HostTensor {
        if self.whole {
            let numbers = self.data.iter().map(|x| *x as i64);
            return HostTensor::int(numbers.collect(), &self.shape);
        }
        HostTensor::f32(self.data.clone(), &self.shape)
    }

    /// As the graph's input of this name takes it.
    fn input(&self, graph: &Graph, name: &str) -> HostTensor {
        let whole = |node: &Node| node.op == Op::Input(name.to_owned()) && node.dtype == DType::Int;
        match graph.nodes.iter().any(whole) {
            true => HostTensor::int(self.data.iter().map(|x| *x as i64).collect(), &self.shape),
            false => self.host(),
        }
    }
}

/// Trains the task of a fixture from its parameters on its batches; objectives and metrics of each step and everything that is
/// left after the last one must be the fixture's.
pub(super) fn follow(text: &str) {
    let trace = read(text);
    let graph = build(&trace);
    compare(&trace, &graph);
}

/// A fixture.
pub(super) fn read(text: &str) -> Trace {
    serde_json::from_str(text).unwrap()
}

/// Trains a graph as [`follow`] does.
pub(super) fn compare(trace: &Trace, graph: &Graph) {
    let mut model = Model::init(graph, 0, &Device::flex()).unwrap();
    let names: Vec<String> = model
        .parameters()
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in &names {
        // a slow copy starts as what it copies
        let source = name.strip_prefix("ema/").unwrap_or(name);
        let start = trace.parameters.get(source);
        let start = start.unwrap_or_else(|| panic!("the fixture has no `{name}`"));
        model.set(name, &start.host()).unwrap();
    }
    for state in &graph.states {
        let start = &trace.parameters[&state.name];
        model.set_state(&state.name, &start.host()).unwrap();
    }
    let sgd = Optimizer::Sgd {
        rate: trace.rate,
        momentum: trace.momentum,
        nesterov: false,
        weight_decay: 0.0,
    };
    let run = Clock {
        step: 0,
        steps: trace.steps.len() as u64,
        steps_per_epoch: 1.0,
    };
    let mut trainer = Trainer::new(model, sgd, Vec::new(), 0).with_run(run);
    for (number, step) in trace.steps.iter().enumerate() {
        let batch: Batch = step
            .inputs
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor.input(graph, name)))
            .collect();
        let report = trainer.step(graph, &[batch], trace.rate, None).unwrap();
        for (found, wanted) in [
            (&report.objectives, &step.objectives),
            (&report.metrics, &step.metrics),
        ] {
            assert_eq!(found.len(), wanted.len(), "{found:?}");
            for (name, found) in found {
                let wanted = wanted[name];
                assert!(
                    (found - wanted).abs() <= 2e-5 * wanted.abs().max(0.1),
                    "{name} of step {number}: {found}, expected {wanted}"
                );
            }
        }
    }
    for (name, wanted) in &trace.after {
        let found = trainer.model().get(name).unwrap();
        assert_eq!(found.shape(), wanted.shape, "{name}");
        let found = found.as_f32().unwrap();
        let scale = wanted.data.iter().fold(0.1f32, |m, x| m.max(x.abs()));
        for (i, (found, wanted)) in found.iter().zip(&wanted.data).enumerate() {
            assert!(
                (found - wanted).abs() <= 2e-5 * scale,
                "{name}[{i}]: {found}, expected {wanted}"
            );
        }
    }
}

/// The training graph of a fixture's task.
fn build(trace: &Trace) -> Graph {
    let spec = entry(Kind::Task, &trace.task);
    let mut given = arguments(trace, &spec);
    for (name, layers) in &trace.nets {
        given.push((name, Value::Net(layers_of(layers))));
    }
    let call = call(Kind::Task, &trace.task, &given);
    let mut g = inputs(trace);
    let Make::Task { build, .. } = &call.spec.make else {
        panic!("{} is no task", trace.task)
    };
    build(&mut g, &call.args).unwrap();
    g
}

/// A fixture's arguments other than nets, as the entry's parameters want them.
pub(super) fn arguments<'a>(trace: &'a Trace, spec: &Spec) -> Vec<(&'a str, Value)> {
    let typed = |(name, value): (&'a String, &Json)| {
        let number = || value.as_f64().unwrap();
        let value = match &spec.find(name).unwrap().ty {
            Type::Integer => Value::Integer(number() as i64),
            Type::Ratio => Value::Ratio(number()),
            Type::Length => Value::Length(number()),
            Type::Duration => Value::Duration(duration(value.as_str().unwrap())),
            Type::Range => {
                let end = |i: usize| value[i].as_f64().unwrap();
                Value::Range(end(0), end(1))
            }
            Type::Choice(words) => {
                let word = value.as_str().unwrap();
                assert!(words.contains(&word), "{word}");
                Value::Word(word.to_owned())
            }
            _ => Value::Number(number()),
        };
        (name.as_str(), value)
    };
    trace.arguments.iter().map(typed).collect()
}

/// A training graph with a fixture's inputs.
pub(super) fn inputs(trace: &Trace) -> Graph {
    let mut g = Graph::new(Mode::Train);
    if let Some(records) = trace.records {
        g.set_records(records);
    }
    for (name, tensor) in &trace.steps[0].inputs {
        let mut shape = vec![Size::batch()];
        shape.extend(tensor.shape[1..].iter().map(|n| Size::fixed(*n)));
        let dtype = if tensor.whole { DType::Int } else { DType::F32 };
        g.declare_input(name, shape, dtype, None);
    }
    g
}

/// Whether a fixture has this net.
pub(super) fn has_net(trace: &Trace, name: &str) -> bool {
    trace.nets.contains_key(name)
}

/// One of a fixture's nets.
pub(super) fn net_of(trace: &Trace, name: &str) -> Net {
    layers_of(&trace.nets[name])
}

fn layers_of(layers: &[Vec<Json>]) -> Net {
    net(layers.iter().map(|words| {
        let numbers: Vec<i64> = words[1..].iter().map(|n| n.as_i64().unwrap()).collect();
        layer(words[0].as_str().unwrap(), &numbers)
    }))
}
