//! What several methods ask of their operands.

use super::super::{DType, Graph, MAX_RANK, Shape, Var, show};
use crate::catalog::{Problem, Result};

impl Graph {
    pub(in crate::graph) fn want_whole(&self, name: &str, c: f64) -> Result<()> {
        if c.fract() == 0.0 {
            return Ok(());
        }
        Err(self.shape_problem(format!("{name}: labels and indices stay whole, {c} is not")))
    }

    pub(in crate::graph) fn want_rank(&self, name: &str, shape: &Shape) -> Result<()> {
        if (1..=MAX_RANK).contains(&shape.len()) {
            return Ok(());
        }
        Err(self.shape_problem(format!(
            "{name}: {} has {} dimensions, a tensor has 1 to {MAX_RANK}",
            show(shape),
            shape.len()
        )))
    }

    pub(in crate::graph) fn want_dim(&self, name: &str, x: Var, dim: usize) -> Result<()> {
        if dim < self.shape(x).len() {
            return Ok(());
        }
        Err(self.shape_problem(format!(
            "{name}: {} has no dimension {dim}",
            show(self.shape(x))
        )))
    }

    pub(in crate::graph) fn want_float(&self, name: &str, x: Var) -> Result<()> {
        self.want(name, x, DType::F32, "takes numbers, not labels or indices")
    }

    pub(in crate::graph) fn want_int(&self, name: &str, x: Var) -> Result<()> {
        self.want(
            name,
            x,
            DType::Int,
            "takes labels or indices, not real numbers",
        )
    }

    fn want(&self, name: &str, x: Var, dtype: DType, why: &str) -> Result<()> {
        if self.node(x).dtype == dtype {
            return Ok(());
        }
        Err(self.shape_problem(format!("{name} {why}")))
    }

    /// Two shapes that an operation can't bring together.
    pub(in crate::graph) fn unequal(&self, verb: &str, a: Var, b: Var) -> Problem {
        self.shape_problem(format!(
            "can't {verb} {} and {}",
            show(self.shape(a)),
            show(self.shape(b))
        ))
    }
}
