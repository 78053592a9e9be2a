//! Values that several operations read: whose gradients are summed where.

use std::collections::BTreeMap;

use super::super::kernels::{self, Fork, Left};
use super::super::value::Value;
use crate::graph::Var;

/// Values whose gradients are summed by the first operation that reads them.
#[derive(Default)]
pub(super) struct Forks {
    pub(super) of: BTreeMap<Var, Fork>,
    pub(super) left: Vec<(Var, Left)>,
}

impl Forks {
    /// A value as another operation reads it.
    pub(super) fn read(&self, var: Var, value: Value) -> Value {
        match self.of.get(&var) {
            Some(fork) => kernels::pass(fork, value),
            None => value,
        }
    }

    /// The first operand that others will read and nobody sums for.
    pub(super) fn first(&self, sources: &[Var], left: &[u32]) -> Option<(usize, Left)> {
        let once = |var: &Var| sources.iter().filter(|other| *other == var).count() == 1;
        let index = sources
            .iter()
            .position(|var| left[var.0 as usize] > 0 && once(var) && !self.of.contains_key(var))?;
        Some((index, Left::default()))
    }

    pub(super) fn add(&mut self, var: Var, left: Left, first: &Value) {
        if let Some(fork) = kernels::fork(left.clone(), first) {
            self.of.insert(var, fork);
            self.left.push((var, left));
        }
    }
}
