//! What a stage is watched for while it trains, and what a collapse would come from: the causes that its traced graph and its
//! settings allow, each with the line that decides it.

mod causes;
mod graph;
mod settings;

use super::suspects::{Cause, Collapse, Sign, Symptoms};
use super::types::*;
use crate::graph::followed;
use crate::language::checked::Stage;

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
