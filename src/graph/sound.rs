//! What of a traced graph could never run: sizes without elements or beyond all memory, more dimensions than the engine has, names
//! that would hide one another, objectives that move nothing.

use super::build::at;
use super::{Graph, MAX_RANK, Op, Shape, Size, State, show};
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
        for node in &self.nodes {
            let what = || match &node.op {
                Op::Parameter(id) => {
                    format!("the parameter `{}`", self.parameters[id.0 as usize].name)
                }
                Op::Read(id) => self.state_of(*id).map_or_else(String::new, named),
                _ => "a result".to_owned(),
            };
            check_shape(what, &node.shape, node.span)?;
        }
        // one that nothing reads has no node
        for state in &self.states {
            let shape = state.shape.iter().map(|n| (*n).into()).collect();
            check_shape(|| named(state), &shape, self.span)?;
        }
        Ok(())
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
            let leads = self.leads_to_phase(&phase);
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

fn named(state: &State) -> String {
    format!("the state `{}`", state.name)
}

fn check_shape(what: impl Fn() -> String, shape: &Shape, span: Span) -> Result<()> {
    let problem = |why: String| {
        let message = format!("{} would be {}, {why}", what(), show(shape));
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
