//! Pipes: what selects from data sets and combines them.

mod choice;
mod concat;
mod hold_out;
mod made;
mod neighbours;
mod replies;
mod sentences;
mod take;
mod target;
mod triples;
mod turns;
mod without;

use crate::catalog::Spec;

pub use choice::parts_of_classes;
pub(super) use choice::shares;

pub(super) fn specs() -> Vec<Spec> {
    vec![
        take::spec(),
        hold_out::spec(),
        without::spec(),
        concat::spec(),
        sentences::spec(),
        neighbours::spec(),
        triples::spec(),
        replies::spec(),
    ]
}

#[cfg(test)]
mod tests;
