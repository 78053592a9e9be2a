//! What a stage is watched for while it trains, and what a collapse would come from: the causes that its traced graph and its
//! settings allow, each with the line that decides it.

mod causes;
mod graph;
mod settings;

use std::collections::BTreeMap;

use super::types::*;
use crate::graph::followed;
use crate::language::Span;
use crate::language::checked::Stage;

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
    likely: u32,
    /// What would show it, and how likely it is then.
    sign: Option<(Sign, u32)>,
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

    fn show(&self, sign: &Sign) -> bool {
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

impl Collapse {
    /// What a stage that trains is watched for.
    pub(super) fn of(stage: &Stage, training: &Training) -> Self {
        let mut encoders: Vec<String> = Vec::new();
        for part in &training.parts {
            let module = followed(&part.module);
            if !encoders.iter().any(|own| own == module) {
                encoders.push(module.to_owned());
            }
        }
        Self {
            encoders,
            causes: causes::of(stage, training),
        }
    }

    /// The causes, the likeliest first.
    pub fn likeliest(&self, symptoms: &Symptoms) -> Vec<&Cause> {
        let likely = |cause: &&Cause| match &cause.sign {
            Some((sign, likely)) if symptoms.show(sign) => *likely,
            _ => cause.likely,
        };
        let mut causes: Vec<&Cause> = self.causes.iter().collect();
        causes.sort_by_key(|cause| std::cmp::Reverse(likely(cause)));
        causes
    }
}

#[cfg(test)]
mod tests;
