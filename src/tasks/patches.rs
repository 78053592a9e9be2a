//! Pictures in patches, of which some are hidden: what tasks on them show.

use crate::catalog::Result;
use crate::graph::{Graph, Var};

/// What of it is shown: the picture, what is seen of it, and what was drawn in the hidden places.
pub(super) const PANELS: [&str; 3] = ["picture", "seen", "drawn"];

/// The three of `x [B, C, H, W]`, from its patches and those that were drawn, `[B, N, p p C]`; `hidden [B, N, 1]` is 1 where one is hidden.
pub(super) fn panels(
    g: &mut Graph,
    [x, patches, drawn, hidden]: [Var; 4],
    patch: usize,
) -> Result<Vec<Var>> {
    let [_, height, _] = g.check_map("patches", x)?;
    let away = g.mul(patches, hidden)?;
    let seen = g.sub(patches, away)?; // nothing of what is hidden
    let drawn = g.mul(drawn, hidden)?;
    let drawn = g.add(seen, drawn)?;
    let whole = |g: &mut Graph, patches: Var| g.unpatchify(patches, patch, height / patch);
    Ok(vec![x, whole(g, seen)?, whole(g, drawn)?])
}
