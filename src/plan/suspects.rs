//! What a stage is watched for, and what a collapse of it would come from.

use std::collections::BTreeMap;

use crate::language::Span;

/// How a stage is watched.
#[derive(Clone, Debug, Default)]
pub struct Collapse {
    /// The trained encoders, by the names of their modules.
    pub encoders: Vec<String>,
    /// Why it may collapse, if it does.
    pub causes: Vec<Cause>,
}

/// What shows while training that a cause is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The weights of this module are a small part of what they were.
    Shrunk(String),
    /// Weights have grown far beyond what they were, or what the network gives is 0 everywhere.
    Thrown,
}

/// Why all samples may become one.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// What is so, as a part of a sentence: `gradients flow into both sides of the loss`.
    pub what: String,
    /// The place that decides it.
    pub span: Span,
    /// The line of a script that it shows in.
    pub script: Option<Span>,
    /// What to do.
    pub help: String,
    /// How likely it is before anything is seen, in percent.
    pub(super) likely: u32,
    /// What would show it, and how likely it is then.
    pub(super) sign: Option<(Sign, u32)>,
}

/// What has become of a network, as far as it speaks for causes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Symptoms {
    /// The norm of each module's weights as a part of what it was at the start.
    pub norms: BTreeMap<String, f64>,
    /// The part of what the network gives that is exactly 0.
    pub zeros: f64,
}

impl Symptoms {
    /// Weights of a module are this small a part of what they were.
    const SHRUNK: f64 = 0.4;
    /// Weights are so many times what they were.
    const GROWN: f64 = 10.0;

    pub(super) fn show(&self, sign: &Sign) -> bool {
        match sign {
            Sign::Shrunk(module) => {
                let norm = self.norms.get(module);
                norm.is_some_and(|norm| *norm < Self::SHRUNK)
            }
            Sign::Thrown => {
                let grown = self.norms.values().any(|norm| *norm > Self::GROWN);
                grown || self.zeros > 0.99
            }
        }
    }
}
