//! What later stages may start from: `from = distill.teacher`.

use super::types::*;
use crate::catalog::{Args, Type, stage_fields};
use crate::graph::Graph;
use crate::language::checked::Stage;

/// The parts of a pretext stage as encoders: those that the task names, its encoders by the names of their parameters. The first
/// is what a bare `from = STAGE` means. `view` is how its encoder is fed; all parts are fed alike.
pub(super) fn parts(
    graph: &Graph,
    stage: &Stage,
    args: &Args,
    view: &EncoderView,
) -> Vec<EncoderView> {
    let mut parts: Vec<EncoderView> = graph
        .parts
        .iter()
        .map(|part| EncoderView {
            part: part.name.clone(),
            module: part.module.name.clone(),
            net: part.module.net.clone(),
            ..view.clone()
        })
        .collect();
    let fields = stage_fields(stage.kind);
    for param in fields.iter().chain(&stage.call.spec.params) {
        let name = &param.name;
        if param.ty != Type::Encoder || parts.iter().any(|part| part.part == *name) {
            continue;
        }
        if let Some(net) = args.maybe_net(name)
            && (*name == ENCODER || graph.computes(name))
        {
            parts.push(EncoderView {
                part: name.clone(),
                module: name.clone(),
                net: net.clone(),
                ..view.clone()
            });
        }
    }
    parts
}
