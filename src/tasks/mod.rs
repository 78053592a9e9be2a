//! TODO

use crate::catalog::Spec;

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    vec![]
}
