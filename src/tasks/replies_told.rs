//! What an evaluator reads of replies: how likely the true ones are, and the pieces of these and of drawn ones.

use super::adversarial::likelihood;
use super::rollout::{Ends, words_of};
use crate::catalog::Result;
use crate::graph::{Graph, Var};

/// −ln p of the true reply, `[B]`.
pub const SURPRISE: &str = "surprise";
/// How many pieces of it that is, `[B]`.
pub const PIECES: &str = "pieces";
/// The pieces of a reply that was drawn, `[B, n]`, padding in the place of what encloses it.
pub const WRITTEN: &str = "written";
/// Those of the true one.
pub const ANSWERED: &str = "answered";
/// How likely the drawn one is in order, `[B]`, where the task has a network that tells.
pub const WRITTEN_COHERENCE: &str = "written_coherence";
/// How likely the true one is.
pub const ANSWERED_COHERENCE: &str = "answered_coherence";

/// Names the places: of true replies `[B, r]`, scored by `logits [B (r - 1), V]` at their pieces `words [B (r - 1)]`, and of drawn ones,
/// `[B, n]` without what encloses them.
pub(super) fn tell(
    g: &mut Graph,
    [logits, words]: [Var; 2],
    [drawn, reply]: [Var; 2],
    ends: Ends,
) -> Result<()> {
    let batch = g.shape(reply)[0].clone();
    let n = g.shape(reply)[1].known().unwrap_or(2) - 1;
    let (log_p, own) = likelihood(g, logits, words, &batch, n)?; // [B, 1], [B n]
    let surprise = g.neg(log_p)?;
    let surprise = g.squeeze(surprise, 1)?; // [B]
    g.place(SURPRISE, surprise);
    let own = g.reshape(own, vec![batch, n.into()])?; // [B, n]
    let pieces = g.sum(own, 1)?;
    let pieces = g.squeeze(pieces, 1)?; // [B]
    g.place(PIECES, pieces);
    let answered = words_of(g, reply, ends)?;
    for (name, ids) in [(WRITTEN, drawn), (ANSWERED, answered)] {
        let ids = g.to_float(ids)?;
        g.place(name, ids);
    }
    Ok(())
}
