//! Forward and backward for one batch.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, Transaction};

use super::error::{EngineError, Result};
use super::host::{Batch, HostTensor};
use super::model::Model;
use super::program::Program;
use super::run::{Draw, Gradients, Outcome, first_not_finite, run};
use super::sum::device_failed;
use super::value::{Value, on_float};
use crate::graph::{Graph, Var};

/// Sums of gradients by parameter name, flat.
pub(crate) type Sums = BTreeMap<String, Tensor<1>>;

/// What a batch gave.
pub(crate) struct Pass {
    /// Objectives, then metrics.
    pub(crate) values: Vec<f64>,
    /// Buffers that moved.
    pub(crate) buffers: BTreeMap<String, Value>,
}

/// The part of a graph that leads to its objectives and metrics.
pub(crate) fn program(graph: &Graph) -> Program {
    let wanted: Vec<Var> = graph
        .objectives
        .iter()
        .chain(&graph.metrics)
        .map(|named| named.var)
        .collect();
    Program::new(graph, &wanted)
}

/// Runs a batch forward, its sum of objectives backward, and adds the gradients to `sums`.
///
/// # Errors
/// The batch does not fit the graph, nothing depends on a parameter, or an objective is NaN or infinite.
pub(crate) fn pass(
    graph: &Graph,
    program: &Program,
    model: &Model,
    batch: &Batch,
    draw: Draw,
    frozen: &dyn Fn(&str) -> bool,
    sums: &mut Sums,
) -> Result<Pass> {
    let gradients = Gradients::Except(frozen);
    let Outcome { values, buffers } = run(graph, program, model, batch, draw, gradients)?;
    let results = scalars(graph, &program.wanted, values)?;
    let loss = results[..graph.objectives.len()]
        .iter()
        .cloned()
        .reduce(|a, b| a + b)
        .filter(Tensor::is_tracked)
        .ok_or(EngineError::NothingToTrain)?;
    let read = results
        .into_iter()
        .fold(Transaction::default(), |all, x| all.register(x.inner()));
    backward(graph, model, &loss, sums)?;
    drop(loss);
    let values = numbers(read)?;
    for (objective, value) in graph.objectives.iter().zip(&values) {
        if !value.is_finite() {
            let first = first_not_finite(graph, program, model, batch, draw);
            let var = first.as_ref().map_or(objective.var, |(var, _)| *var);
            return Err(EngineError::NotFinite {
                objective: format!("objective `{}`", objective.name),
                value: *value,
                step: draw.step,
                node: first.map(|(_, name)| name),
                span: graph.node(var).span,
            });
        }
    }
    Ok(Pass { values, buffers })
}

/// Walks the tape backwards; it can be walked once.
fn backward(graph: &Graph, model: &Model, loss: &Tensor<1>, sums: &mut Sums) -> Result<()> {
    let mut gradients = loss.backward();
    for parameter in &graph.parameters {
        let value = model.parameter(&parameter.name)?;
        let gradient =
            on_float!(value, t => t.grad_remove(&mut gradients).map(Value::from), _other => None);
        let Some(gradient) = gradient else { continue };
        let gradient = gradient.flat().map_err(device_failed)?;
        let sum = match sums.remove(&parameter.name) {
            Some(sum) => sum + gradient,
            None => gradient,
        };
        sums.insert(parameter.name.clone(), sum);
    }
    Ok(())
}

fn numbers(read: Transaction) -> Result<Vec<f64>> {
    let read = read.try_execute().map_err(device_failed)?;
    let first = |data: burn::tensor::TensorData| data.iter::<f32>().next();
    Ok(read
        .into_iter()
        .map(|data| first(data).map_or(f64::NAN, f64::from))
        .collect())
}

fn scalars(graph: &Graph, wanted: &[Var], values: Vec<Value>) -> Result<Vec<Tensor<1>>> {
    wanted
        .iter()
        .zip(values)
        .map(|(var, value)| {
            value
                .try_into()
                .map_err(|reason: String| EngineError::node(graph, *var, reason))
        })
        .collect()
}

/// The derivatives of a graph's summed objectives at one batch; for checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivatives {
    /// Objectives by name, in declared order.
    pub objectives: Vec<(String, f64)>,
    /// By parameter name; a parameter that no objective reaches is absent.
    pub gradients: BTreeMap<String, HostTensor>,
    /// Buffers as the forward pass would leave them.
    pub buffers: BTreeMap<String, HostTensor>,
}

/// Gradients at a batch, without training: the model stays as it is.
///
/// # Errors
/// As a training step.
pub fn gradients(graph: &Graph, model: &Model, batch: &Batch) -> Result<Derivatives> {
    let draw = Draw {
        seed: 0,
        step: 0,
        micro: 0,
    };
    let mut sums = Sums::new();
    let program = program(graph);
    let pass = pass(graph, &program, model, batch, draw, &|_| false, &mut sums)?;
    let host = |value: Value| value.download().map_err(device_failed);
    let gradients = sums
        .into_iter()
        .map(|(name, sum)| {
            let shape = model.parameter(&name)?.shape();
            let gradient = Value::from(sum).reshape(&shape).map_err(device_failed)?;
            Ok((name, host(gradient)?))
        })
        .collect::<Result<_>>()?;
    let buffers = pass
        .buffers
        .into_iter()
        .map(|(name, value)| Ok((name, host(value)?)))
        .collect::<Result<_>>()?;
    let names = graph.objectives.iter().map(|named| named.name.clone());
    Ok(Derivatives {
        objectives: names.zip(pass.values).collect(),
        gradients,
        buffers,
    })
}
