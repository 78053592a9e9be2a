//! `flatten()`

use crate::catalog::{Kind, Make, Spec};

pub(super) fn spec() -> Spec {
    Spec::new(
        "flatten",
        Kind::Layer,
        "All features of a sample in one row: `[B, C, H, W]` becomes `[B, C*H*W]`.",
        Make::Layer(|g, _, x| g.flatten(x)),
    )
}
