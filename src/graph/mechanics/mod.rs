//! What lives between steps, and what a step consists of: states, slow copies, objectives with parameters of their own, work
//! before each epoch, parts that later stages start from.

mod bounds;
mod epoch;
mod objectives;
mod slow;
mod states;
mod still;

pub use bounds::Bound;
pub use epoch::{EpochWork, INDEX};
pub use objectives::Phase;
pub use slow::{Ema, Part, followed};
pub use states::{Assign, State};
pub use still::{Lent, Still};

use super::module::belongs;
use super::{DType, Graph, Op, Random, Scalar, Shape, Size, Var};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

impl Graph {
    /// A number that changes with the step: `[1]`.
    pub fn scalar(&mut self, scalar: impl Into<Scalar>) -> Var {
        let op = Op::Scalar(scalar.into());
        self.push(op, Vec::new(), vec![1.into()], DType::F32)
    }

    /// The value itself; its gradient flows only while the scalar is above 0. A parameter that is gated off stays as it is,
    /// the optimiser's memory of it too (SwAV's prototypes in the first epoch).
    pub fn when(&mut self, gate: impl Into<Scalar>, x: Var) -> Var {
        let (shape, dtype) = (self.shape(x).clone(), self.node(x).dtype);
        self.push(Op::When(gate.into()), vec![x], shape, dtype)
    }

    /// Uniform numbers in 0..1, another draw in each batch; decided by seed, step and place.
    pub fn random_uniform(&mut self, shape: Shape) -> Var {
        self.push(Op::Random(Random::Uniform), Vec::new(), shape, DType::F32)
    }

    /// Standard normal numbers, likewise.
    pub fn random_normal(&mut self, shape: Shape) -> Var {
        self.push(Op::Random(Random::Normal), Vec::new(), shape, DType::F32)
    }

    /// The numbers `0..rows` in a random order, likewise: `[rows]` whole numbers.
    pub fn random_order(&mut self, rows: impl Into<Size>) -> Var {
        let shape = vec![rows.into()];
        self.push(Op::Random(Random::Order), Vec::new(), shape, DType::Int)
    }

    /// Whether the module of this name is called.
    pub fn computes(&self, module: &str) -> bool {
        let mut paths = self.nodes.iter().map(|node| node.path.as_str());
        paths.any(|path| path == module || belongs(path, module))
    }

    /// What of a training graph can't work, once a task is built.
    ///
    /// # Errors
    /// A slow copy or a part of what is never called, an objective whose modules have no parameters, a state that is filled by what
    /// is not trained; sizes that can't be, names that hide one another, objectives that move nothing.
    pub fn verify(&self) -> Result<()> {
        self.check_sizes()?;
        self.check_objectives()?;
        let known = |name: &String| self.parameters.iter().any(|p| p.name == *name);
        for ema in &self.emas {
            if let Some((source, _)) = self.slow_pairs(ema).iter().find(|(s, _)| !known(s)) {
                return Err(Problem::new(
                    Code::Shape,
                    format!(
                        "the slow copy `{}` follows `{source}`, which nothing computes",
                        ema.copy
                    ),
                )
                .help("call the module itself too"));
            }
        }
        for part in &self.parts {
            let module = &part.module.name;
            if !self.computes(module) {
                return Err(Problem::new(
                    Code::Shape,
                    format!(
                        "the part `{}` is `{module}`, which nothing computes",
                        part.name
                    ),
                )
                .help("call the module"));
            }
        }
        if let Some(name) = self.unfilled() {
            return Err(Problem::new(
                Code::Shape,
                format!("the work before each epoch reads `{name}`, which training does not have"),
            )
            .help("call the module in the training graph too"));
        }
        for (objective, modules) in &self.claims {
            let own = |module: &String| self.parameters.iter().any(|p| belongs(&p.name, module));
            if let Some(module) = modules.iter().find(|module| !own(module)) {
                return Err(Problem::new(
                    Code::Shape,
                    format!("objective `{objective}` moves `{module}`, which has no parameters"),
                ));
            }
        }
        Ok(())
    }
}
