//! What later stages may start from: `from = distill.teacher`.

use super::reader::taken;
use super::types::*;
use crate::catalog::{Args, Net, Type, stage_fields};
use crate::data::Fields;
use crate::graph::Graph;
use crate::language::checked::Stage;

/// The parts of a pretext stage as encoders: those that the task names, its encoders by the names of their parameters. The first
/// is what a bare `from = STAGE` means. `view` is how its encoder is fed; all parts that take the same are fed alike, others with
/// what they take of what the task `read`s.
pub(super) fn parts(
    graph: &Graph,
    stage: &Stage,
    args: &Args,
    view: &Reader,
    read: &Fields,
) -> Vec<Reader> {
    let sample = |net: &Net| match view.sample.fits(&net.takes()) {
        true => view.sample.clone(),
        false => taken(net, read).unwrap_or_else(|| view.sample.clone()),
    };
    let mut parts: Vec<Reader> = graph
        .parts
        .iter()
        .map(|part| Reader {
            part: part.name.clone(),
            module: part.module.name.clone(),
            net: part.module.net.clone(),
            sample: sample(&part.module.net),
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
            parts.push(Reader {
                part: name.clone(),
                module: name.clone(),
                net: net.clone(),
                sample: sample(net),
                ..view.clone()
            });
        }
    }
    parts
}
