//! A queue of rows from earlier steps: first in, first out.

use crate::catalog::Result;
use crate::graph::{Graph, StateId, Var};

/// From the next batch on the queue `[K, d]` has these rows, `[B, d]`, in front, and its oldest B are gone. A batch has at most K.
pub(super) fn enqueue(g: &mut Graph, queue: StateId, rows: Var) -> Result<()> {
    let kept = g.read(queue); // [K, d]
    let stay = &g.shape(kept)[0] - &g.shape(rows)[0]; // K - B
    let stay = g.slice(kept, 0, 0.into(), stay)?;
    let next = g.concat(&[rows, stay], 0)?; // [K, d]
    g.assign(queue, next)
}
