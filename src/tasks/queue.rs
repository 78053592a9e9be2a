//! A queue of rows from earlier steps: first in, first out.

use crate::catalog::Result;
use crate::graph::{DType, Graph, Init, StateId, Var};

/// A queue of unit rows `[K, d]`, the youngest first, which starts as random directions.
#[derive(Clone, Copy)]
pub(super) struct Queue(StateId);

impl Queue {
    /// Of `length` rows, K, as wide as `rows [B, d]` of `task`.
    pub(super) fn new(
        g: &mut Graph,
        (task, name): (&str, &str),
        rows: Var,
        length: usize,
    ) -> Result<Self> {
        let width = g.check_features(task, rows)?; // d
        let queue = g.state(name, &[length, width], Init::UnitRows, DType::F32)?;
        Ok(Self(queue))
    }

    /// What it keeps: `[K, d]`.
    pub(super) fn kept(self, g: &mut Graph) -> Var {
        g.read(self.0)
    }

    /// InfoNCE of queries and their keys, unit rows `[B, d]`, among what it keeps, and how often the own key is the nearest: `[1]` twice.
    pub(super) fn contrast(self, g: &mut Graph, [q, k]: [Var; 2], tau: f64) -> Result<(Var, Var)> {
        let kept = self.kept(g); // [K, d]
        g.info_nce(q, k, Some(kept), tau, false)
    }

    /// Puts rows in front, as [`enqueue`] does.
    pub(super) fn enqueue(self, g: &mut Graph, rows: Var) -> Result<()> {
        enqueue(g, self.0, rows)
    }
}

/// From the next batch on the queue `[K, d]` has these rows, `[B, d]`, in front, and its oldest B are gone. A batch has fewer than K.
pub(super) fn enqueue(g: &mut Graph, queue: StateId, rows: Var) -> Result<()> {
    let kept = g.read(queue); // [K, d]
    let stay = &g.shape(kept)[0] - &g.shape(rows)[0]; // K - B
    let stay = g.slice(kept, 0, 0.into(), stay)?;
    let next = g.concat(&[rows, stay], 0)?; // [K, d]
    g.assign(queue, next)
}
