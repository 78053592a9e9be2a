//! Batches by length: the same task, traced once for each length that a batch may have.

use std::collections::BTreeMap;

use super::build::Planner;
use super::trace;
use crate::augment::SampleGraph;
use crate::catalog::{Args, Make};
use crate::data::{Fields, Tensor, lengths};
use crate::graph::{Graph, INDEX, Op};
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// The graph of training, or of evaluation, of each length below the longest, from the shortest: with the parameters of that of the
    /// longest texts, of which some, such as the places of a text, are not all read.
    pub(super) fn shorter(
        &mut self,
        stage: &Stage,
        args: &Args,
        samples: &SampleGraph,
        bindings: &[(String, String)],
        train: &Graph,
    ) -> Option<Vec<Graph>> {
        let span = args.span("batches").unwrap_or(stage.call.name_span);
        let emitted = samples.outputs();
        let Some(longest) = lengths::longest(emitted) else {
            let message =
                "batches are made by the length of texts in pieces, and the `augment` emits none";
            self.diagnostics.push(
                Diagnostic::error(Code::SampleType, span, message)
                    .help("remove `batches`; pictures and clips of a batch have one size"),
            );
            return None;
        };
        let mut shorter = Vec::new();
        for length in lengths::of(longest) {
            if length == longest {
                continue;
            }
            let sizes = tensors(&lengths::no_longer(emitted, length));
            let graph = self.traced(stage, args, bindings, &sizes, train)?;
            if let Some(what) = differs(train, &graph) {
                let task = &stage.call.spec.name;
                let message =
                    format!("of texts of {length} pieces `{task}` trains {what} than of {longest}");
                self.diagnostics.push(
                    Diagnostic::error(Code::Shape, span, message)
                        .note("batches by length train one set of weights on texts of several lengths")
                        .help("remove `batches`: all texts are then padded to one length"),
                );
                return None;
            }
            shorter.push(graph);
        }
        Some(shorter)
    }

    /// The task on inputs of these sizes, on top of what is trained already.
    fn traced(
        &mut self,
        stage: &Stage,
        args: &Args,
        bindings: &[(String, String)],
        sizes: &BTreeMap<String, Tensor>,
        train: &Graph,
    ) -> Option<Graph> {
        let Make::Task { build, .. } = &stage.call.spec.make else {
            return None;
        };
        let mut graph = Graph::on_parameters_of(train);
        for node in &train.nodes {
            let Op::Input(name) = &node.op else { continue };
            let bound = bindings.iter().find(|(_, input)| input == name);
            match bound.and_then(|(field, _)| sizes.get(field)) {
                Some(tensor) => {
                    trace::declare(&mut graph, name, tensor);
                }
                None if name != INDEX => {
                    let classes = train.classes(name);
                    graph.declare_input(name, node.shape.clone(), node.dtype, classes);
                }
                None => {}
            }
        }
        if let Err(problem) = build(&mut graph, args).and_then(|()| graph.verify()) {
            self.problem(stage, &problem);
            return None;
        }
        Some(graph)
    }
}

/// The tensors of a batch by name.
fn tensors(fields: &Fields) -> BTreeMap<String, Tensor> {
    let mut all = BTreeMap::new();
    for (name, ty) in fields {
        for tensor in ty.tensors().into_iter().flatten() {
            all.insert(format!("{name}{}", tensor.suffix), tensor);
        }
    }
    all
}

/// What of a graph on shorter texts would not go on from the other's weights.
fn differs(train: &Graph, shorter: &Graph) -> Option<&'static str> {
    let names = |graph: &Graph| -> Vec<String> {
        let all = graph.objectives.iter().chain(&graph.metrics);
        all.map(|named| named.name.clone()).collect()
    };
    if train.parameters != shorter.parameters {
        return Some("other parameters");
    }
    if train.buffers != shorter.buffers || train.states != shorter.states {
        return Some("with other states");
    }
    (names(train) != names(shorter)).then_some("for other objectives")
}
