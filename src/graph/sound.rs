//! What of a traced graph could never run: sizes without elements or beyond all memory, more dimensions than the engine has, names
//! that would hide one another, objectives that move nothing.

use super::build_inputs::at;
use super::{Graph, MAX_RANK, Op, ParameterId, Shape, Size, StateId, show};
use crate::catalog::{Problem, Result};
use crate::language::Span;
use crate::language::codes::Code;

/// More elements than any machine holds, below what a size can count.
const MAX_ELEMENTS: usize = 1 << 40;
/// What each line of a training's metrics holds besides objectives and metrics.
const TAKEN: [&str; 3] = ["step", "epoch", "rate"];

impl Graph {
    /// Whether every value can be there at all.
    ///
    /// # Errors
    /// A size of 0, more than 2⁴⁰ elements for a batch of one, more than [`MAX_RANK`] dimensions; each where it is made.
    pub(super) fn check_sizes(&self) -> Result<()> {
        let fixed = |shape: &[usize]| -> Shape { shape.iter().map(|n| (*n).into()).collect() };
        for (index, parameter) in self.parameters.iter().enumerate() {
            let what = format!("the parameter `{}`", parameter.name);
            let made = Op::Parameter(ParameterId(index as u32));
            check_shape(&what, &fixed(&parameter.shape), self.made(&made))?;
        }
        for (index, state) in self.states.iter().enumerate() {
            let what = format!("the state `{}`", state.name);
            let made = Op::Read(StateId(index as u32));
            check_shape(&what, &fixed(&state.shape), self.made(&made))?;
        }
        for node in &self.nodes {
            check_shape("a result", &node.shape, node.span)?;
        }
        Ok(())
    }

    /// Where the first node with this operation stands.
    fn made(&self, op: &Op) -> Span {
        let node = self.nodes.iter().find(|node| node.op == *op);
        node.map_or(self.span, |node| node.span)
    }

    /// Whether the names of objectives and metrics are told apart, and an objective moves something.
    ///
    /// # Errors
    /// An empty name, one that is there twice, `step`, `epoch` or `rate`; no objective whose gradient reaches a parameter.
    pub(super) fn check_objectives(&self) -> Result<()> {
        let mut seen = TAKEN.to_vec();
        for named in self.objectives.iter().chain(&self.metrics) {
            let name = named.name.as_str();
            let problem = |message: String| {
                Problem::new(Code::Shape, message).at(at(self.node(named.var).span))
            };
            if name.is_empty() {
                return Err(problem("an objective or a metric has an empty name".into()));
            }
            if seen.contains(&name) {
                return Err(problem(format!("an objective or a metric is called `{name}`, which is taken"))
                    .note("Each line of a training's metrics holds `step`, `epoch`, `rate` and one number for each name.")
                    .help("give it another name"));
            }
            seen.push(name);
        }
        let moves = self.phases().into_iter().any(|phase| {
            let mut own = vec![false; self.parameters.len()];
            phase.parameters.iter().for_each(|index| own[*index] = true);
            let leads = self.leads_to(&own);
            let mut objectives = phase.objectives.iter();
            objectives.any(|index| leads[self.objectives[*index].var.0 as usize])
        });
        match self.objectives.first() {
            Some(first) if !moves => Err(Problem::new(
                Code::Shape,
                format!("no parameter has a gradient of the objective `{}`", first.name),
            )
            .at(at(self.node(first.var).span))
            .help("an objective depends on what an encoder, a head or a parameter gives, without a `stop_gradient` in between")),
            _ => Ok(()),
        }
    }
}

fn check_shape(what: &str, shape: &Shape, span: Span) -> Result<()> {
    let problem = |why: String| {
        let message = format!("{what} would be {}, {why}", show(shape));
        Err(Problem::new(Code::Shape, message).at(at(span)))
    };
    if shape.is_empty() || shape.len() > MAX_RANK {
        return problem(format!(
            "of {} dimensions; there are 1 to {MAX_RANK}",
            shape.len()
        ));
    }
    if shape.iter().any(|size| *size == Size::fixed(0)) {
        return problem("which holds nothing".into());
    }
    // sizes that shrink with the batch are looked at where the batch is known
    let mut sizes = shape.iter().map(|size| size.at(1).max(1));
    let all = sizes.try_fold(1usize, |all, size| {
        all.checked_mul(size).filter(|all| *all <= MAX_ELEMENTS)
    });
    match all {
        None => problem("more than any memory holds".into()),
        Some(_) => Ok(()),
    }
}
