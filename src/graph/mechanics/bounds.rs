//! Parameters that stay within bounds.

use super::super::{Graph, Init, Var};

/// A parameter, and between what it stays: where a step moves it beyond, it is set to the nearer of both.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Its name.
    pub parameter: String,
    /// The least that its numbers may be.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Graph {
    /// A parameter of the current scope whose numbers stay between two: what the optimiser moves beyond them is set back after the step, so that
    /// a gradient that points back inside moves it again. The same one when it is asked for again.
    pub fn bounded(
        &mut self,
        name: &str,
        shape: &[usize],
        init: Init,
        (least, most): (f64, f64),
    ) -> Var {
        let bound = Bound {
            parameter: self.path(name),
            least,
            most,
        };
        if !self.bounds.contains(&bound) {
            self.bounds.push(bound);
        }
        self.parameter(name, shape, init)
    }
}
