//! All causes of a stage.

use super::super::types::Training;
use super::{Cause, graph, settings};
use crate::language::checked::Stage;

/// Whatever the graph and the settings of a stage allow.
pub(super) fn of(stage: &Stage, training: &Training) -> Vec<Cause> {
    let mut found = graph::causes(stage, training);
    found.extend(settings::causes(stage, training));
    found
}
