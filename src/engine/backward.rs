//! Forward and backward for one batch.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Tensor, Transaction};

use super::draw::Draw;
use super::error::{EngineError, Result};
use super::host::{Batch, HostTensor};
use super::model::Model;
use super::program::{Program, feeds};
use super::run::{Gradients, Taken, first_not_finite, run_watched};
use super::segments::{Forward, Segments};
use super::sum::device_failed;
use super::table::{Rows, Sum, tables};
use super::value::{Value, on_float};
use crate::graph::{Graph, Turn, Var};
use crate::plan::Precision;

/// Sums of gradients by parameter name.
pub(crate) type Sums = BTreeMap<String, Sum>;

/// What a batch gave.
pub(crate) struct Pass {
    /// The turn's objectives, in their order.
    pub(crate) objectives: Vec<f64>,
    /// Metrics; of the last turn only.
    pub(crate) metrics: Vec<f64>,
    /// Buffers that moved.
    pub(crate) buffers: BTreeMap<String, Value>,
    /// What later turns read.
    pub(crate) kept: Vec<(Var, Value)>,
    /// What is assigned to states, and at which rows; of the last turn only.
    pub(crate) assigned: Vec<(Value, Option<Value>)>,
}

/// One objective's part of a step: forward, and what it leaves.
pub(crate) struct TurnProgram {
    /// Objectives, parameters, what is carried.
    pub(crate) turn: Turn,
    /// Runs objectives, then what is kept; the last turn metrics and what is assigned too.
    pub(crate) program: Program,
    metrics: usize,
    assigns: Vec<bool>,
    /// Where the forward pass is run again in the backward pass.
    segments: Option<Segments>,
    /// The parameters of which rows are read and nothing else.
    tables: BTreeMap<Var, String>,
}

/// The turns of a step, in order. `recompute`: a single turn keeps only what crosses a few cuts and runs forward again in between.
pub(crate) fn turns(graph: &Graph, precision: Precision, recompute: bool) -> Vec<TurnProgram> {
    let metrics: Vec<Var> = graph.metrics.iter().map(|named| named.var).collect();
    let mut after = metrics.clone();
    for assign in &graph.assigns {
        after.push(assign.value);
        after.extend(assign.rows);
    }
    let turns = graph.turns(&after);
    let last = turns.len().saturating_sub(1);
    let recompute = recompute && last == 0;
    turns
        .into_iter()
        .enumerate()
        .map(|(index, turn)| {
            let objectives = turn.phase.objectives.iter();
            let mut wanted: Vec<Var> = objectives.map(|i| graph.objectives[*i].var).collect();
            wanted.extend(turn.keep.iter().map(|(var, _)| *var));
            let ends = index == last;
            if ends {
                wanted.extend(&after);
            }
            let mut program = Program::from_known(graph, &wanted, &turn.known);
            program.precision = precision;
            program.feeds = feeds(graph, &wanted[..turn.phase.objectives.len()]);
            if index > 0 {
                program.again.clone_from(&turn.again);
            }
            let segments = match recompute {
                true => Segments::new(graph, &program, &turn.tracked),
                false => None,
            };
            // what is kept for other turns or run again reads tables as a whole
            let tables = match last == 0 && segments.is_none() {
                true => tables(graph, &program),
                false => BTreeMap::new(),
            };
            TurnProgram {
                tables,
                turn,
                program,
                segments,
                metrics: if ends { metrics.len() } else { 0 },
                assigns: match ends {
                    true => graph.assigns.iter().map(|a| a.rows.is_some()).collect(),
                    false => Vec::new(),
                },
            }
        })
        .collect()
}

/// Runs a batch forward, the sum of the turn's objectives backward, and adds the gradients to `sums`.
///
/// `by_rows`: whether of a table only the rows that are read get a gradient.
///
/// # Errors
/// The batch does not fit the graph, nothing depends on a parameter, or an objective is NaN or infinite.
#[allow(clippy::too_many_arguments)]
pub(crate) fn pass(
    graph: &Graph,
    turn: &TurnProgram,
    model: &Model,
    batch: &Batch,
    draw: Draw,
    frozen: &dyn Fn(&str) -> bool,
    by_rows: bool,
    known: Vec<(Var, Value)>,
    sums: &mut Sums,
) -> Result<Pass> {
    let tracked: BTreeSet<&str> = graph
        .parameters
        .iter()
        .zip(&turn.turn.tracked)
        .filter(|(_, tracked)| **tracked)
        .map(|(parameter, _)| parameter.name.as_str())
        .collect();
    let still = |name: &str| !tracked.contains(name) || frozen(name);
    let mut forward = Forward::default();
    let mut program = &turn.program;
    let mut entered = known.clone();
    if let Some(segments) = &turn.segments {
        forward = segments.forward(graph, model, batch, draw)?;
        program = segments.last();
        entered = segments.leaves(forward.entering.pop().unwrap_or_default());
    }
    let outcome = run_watched(
        graph,
        program,
        model,
        batch,
        draw,
        match by_rows {
            true => Gradients::Rows(&still, &turn.tables),
            false => Gradients::Except(&still),
        },
        entered.clone(),
        None,
    )?;
    let mut values = outcome.values.into_iter();
    let count = turn.turn.phase.objectives.len();
    let losses: Vec<Value> = values.by_ref().take(count).collect();
    let kept = turn
        .turn
        .keep
        .iter()
        .zip(values.by_ref())
        .map(|((var, gradient), value)| match gradient {
            true => (*var, value),
            false => (*var, value.inner()),
        })
        .collect();
    let metrics: Vec<Value> = values.by_ref().take(turn.metrics).collect();
    let mut assigned = Vec::with_capacity(turn.assigns.len());
    for rows in &turn.assigns {
        if let Some(value) = values.next() {
            let rows = if *rows { values.next() } else { None };
            assigned.push((value.inner(), rows));
        }
    }
    let losses = scalars(graph, &program.wanted[..count], losses)?;
    let metric_vars: Vec<Var> = graph.metrics.iter().map(|named| named.var).collect();
    let metrics = scalars(graph, &metric_vars[..metrics.len()], metrics)?;
    let loss = losses
        .iter()
        .cloned()
        .reduce(|a, b| a + b)
        .filter(Tensor::is_tracked);
    // where a scalar holds the gradient back, nothing moves
    if loss.is_none() && !outcome.gated && !forward.gated {
        return Err(EngineError::NothingToTrain);
    }
    let read = losses
        .into_iter()
        .chain(metrics)
        .fold(Transaction::default(), |all, x| all.register(x.inner()));
    if let Some(loss) = loss {
        let taken = &outcome.taken;
        let mut gradients = backward(graph, &turn.turn, model, &loss, &entered, taken, sums)?;
        drop((loss, entered));
        for index in (0..forward.entering.len()).rev() {
            let (Some(segments), false) = (&turn.segments, gradients.is_empty()) else {
                break;
            };
            let entered = segments.leaves(forward.entering.pop().unwrap_or_default());
            let except = Gradients::Except(&still);
            let known = entered.clone();
            let sum =
                segments.again(index, graph, model, batch, draw, except, known, &gradients)?;
            gradients = match sum {
                Some(sum) => backward(graph, &turn.turn, model, &sum, &entered, &[], sums)?,
                None => BTreeMap::new(),
            };
        }
        for (var, left) in &outcome.left {
            if !left.is_empty() {
                return Err(EngineError::node(graph, *var, "has lost a gradient"));
            }
        }
    }
    let mut objectives = numbers(read)?;
    let metrics = objectives.split_off(count);
    for (index, value) in turn.turn.phase.objectives.iter().zip(&objectives) {
        let objective = &graph.objectives[*index];
        if !value.is_finite() {
            let program = &turn.program;
            let first = first_not_finite(graph, program, model, batch, draw, known);
            let var = first.as_ref().map_or(objective.var, |(var, _)| *var);
            return Err(EngineError::NotFinite {
                objective: format!("objective `{}`", objective.name),
                value: *value,
                step: draw.clock.step,
                node: first.map(|(_, name)| name),
                span: graph.node(var).span,
            });
        }
    }
    Ok(Pass {
        objectives,
        metrics,
        buffers: forward.buffers.into_iter().chain(outcome.buffers).collect(),
        kept,
        assigned,
    })
}

/// Walks the tape backwards, which can be done once; gives the gradients of what entered.
fn backward(
    graph: &Graph,
    turn: &Turn,
    model: &Model,
    loss: &Tensor<1>,
    entered: &[(Var, Value)],
    taken: &[Taken],
    sums: &mut Sums,
) -> Result<BTreeMap<Var, Value>> {
    let mut gradients = loss.backward();
    let mut add = |name: &str, gradient: Sum| {
        let sum = match sums.remove(name) {
            Some(sum) => sum.and(gradient),
            None => gradient,
        };
        sums.insert(name.to_owned(), sum);
    };
    for index in &turn.phase.parameters {
        let parameter = &graph.parameters[*index];
        let value = model.parameter(&parameter.name)?;
        let gradient =
            on_float!(value, t => t.grad_remove(&mut gradients).map(Value::from), _other => None);
        let Some(gradient) = gradient else { continue };
        let gradient = gradient.flat().map_err(device_failed)?;
        add(&parameter.name, Sum::Whole(gradient));
    }
    for one in taken {
        let rows = on_float!(&one.rows, t => t.grad_remove(&mut gradients).map(Value::from), _other => None);
        let Some(rows) = rows else { continue };
        let of = model.parameter(&one.parameter)?.shape().first().copied();
        let values = rows.try_into().map_err(device_failed)?;
        let rows = Rows::new(one.index.clone(), values, of.unwrap_or(0))?;
        add(&one.parameter, Sum::Rows(rows));
    }
    let of = |value: &Value, gradients: &mut burn::tensor::Gradients| on_float!(value, t => t.grad_remove(gradients).map(Value::from), _other => None);
    let mut left = BTreeMap::new();
    for (var, value) in entered {
        if let Some(gradient) = of(value, &mut gradients) {
            left.insert(*var, gradient);
        }
    }
    Ok(left)
}

/// What a turn reads of what earlier ones kept.
pub(crate) fn known(kept: &[(Var, Value)], turn: &TurnProgram) -> Vec<(Var, Value)> {
    let read = |var: &Var| kept.iter().rev().find(|(own, _)| own == var).cloned();
    turn.turn.known.iter().filter_map(read).collect()
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
    let draw = Draw::still(0, 0);
    let mut sums = Sums::new();
    let mut objectives = vec![0.0; graph.objectives.len()];
    let mut buffers = BTreeMap::new();
    let mut kept: Vec<(Var, Value)> = Vec::new();
    for turn in &turns(graph, Precision::F32, false) {
        let known = known(&kept, turn);
        let frozen = |_: &str| false;
        let pass = pass(
            graph, turn, model, batch, draw, &frozen, false, known, &mut sums,
        )?;
        for (index, value) in turn.turn.phase.objectives.iter().zip(pass.objectives) {
            objectives[*index] = value;
        }
        kept.extend(pass.kept);
        buffers.extend(pass.buffers);
    }
    let host = |value: Value| value.download().map_err(device_failed);
    let gradients = sums
        .into_iter()
        .map(|(name, sum)| {
            let shape = model.parameter(&name)?.shape();
            let gradient = Value::from(sum.whole())
                .reshape(&shape)
                .map_err(device_failed)?;
            Ok((name, host(gradient)?))
        })
        .collect::<Result<_>>()?;
    let buffers = buffers
        .into_iter()
        .map(|(name, value)| Ok((name, host(value)?)))
        .collect::<Result<_>>()?;
    let names = graph.objectives.iter().map(|named| named.name.clone());
    Ok(Derivatives {
        objectives: names.zip(objectives).collect(),
        gradients,
        buffers,
    })
}
