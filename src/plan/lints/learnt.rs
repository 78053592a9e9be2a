//! Warnings about what a stage would read later, or compares with now, though nothing was learnt of it.

use super::super::trace::encoder_graph;
use super::super::types::*;
use crate::data::lab::LabPart;
use crate::graph::{Assign, EpochWork, Graph, INDEX, Node, Op, Var};
use crate::language::checked::Stage;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Looks at the graph of a pretext stage, and at what later stages read of it.
pub(super) fn lint(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, training: &Training) {
    let found = [
        met_once(stage, training),
        untaught(stage, training),
        no_lab(stage, training),
    ];
    diagnostics.extend(found.into_iter().flatten());
}

/// A bank whose rows no record meets a second time.
fn met_once(stage: &Stage, training: &Training) -> Option<Diagnostic> {
    let (graph, settings) = (&training.graph, &training.settings);
    if settings.steps as f64 > settings.steps_per_epoch() {
        return None;
    }
    let of_records = |assign: &&Assign| {
        let own = |rows: Var| graph.node(rows).op == Op::Input(INDEX.into());
        let filled = |work: &EpochWork| matches!(work, EpochWork::Fill { state, .. } if *state == assign.state);
        assign.rows.is_some_and(own) && !graph.work.iter().any(filled)
    };
    let bank = graph.assigns.iter().find(of_records)?;
    let name = &graph.state_of(bank.state)?.name;
    let span = stage.argument("length").map(|length| length.span);
    let span = span.filter(|span| *span != Span::default());
    Some(
        Diagnostic::warning(
            Code::LintStill,
            span.unwrap_or(stage.call.name_span),
            format!("no record meets its row of `{name}` again in a run of one epoch"),
        )
        .note("A row holds what was last learnt of its record, and what it started as until then.")
        .help("write a `length` of several epochs"),
    )
}

/// An encoder whose output the loss never looked at.
fn untaught(stage: &Stage, training: &Training) -> Option<Diagnostic> {
    let reader = &training.encoder;
    // a task enters only an encoder that has parts
    if reader
        .net
        .steps
        .iter()
        .all(|step| step.call.spec.parts.is_empty())
    {
        return None;
    }
    let (read, output) = encoder_graph(reader).ok()?;
    let tokens = first_token(&read, output)?;
    // the same value while training, of a module that may have another name
    let own = tokens.path.strip_prefix(ENCODER)?;
    let path = format!("{}{own}", reader.module);
    let graph = &training.graph;
    let same = |node: &Node| node.op == tokens.op && node.path == path && node.shape.len() == 3;
    let met: Vec<usize> = (0..graph.nodes.len())
        .filter(|index| same(&graph.nodes[*index]))
        .collect();
    let uses = |node: &&Node| {
        node.inputs
            .iter()
            .any(|input| met.contains(&(input.0 as usize)))
    };
    let behind_it = |node: &Node| match &node.op {
        Op::Slice { dim: 1, start } => start.known().is_some_and(|start| start > 0),
        _ => false,
    };
    let mut used = graph.nodes.iter().filter(uses).peekable();
    used.peek()?;
    if !used.all(behind_it) {
        return None;
    }
    let encoder = reader.net.steps.last()?;
    let name = &encoder.call.spec.name;
    let mut found = Diagnostic::warning(
        Code::LintStill,
        encoder.call.span,
        format!("`{name}` gives its class token, which takes no part in the loss of `{}`", stage.call.spec.name),
    )
    .note("What is learnt is learnt for the patches; later stages would read the one token that nothing was asked of.");
    if encoder.call.spec.find("pool").is_some() {
        found = found.help("let it give the mean of its patches: `pool = mean`");
    }
    Some(found)
}

/// What the first of some tokens, `[B, 1 + N, D]`, was cut out of to become the output.
fn first_token(graph: &Graph, output: Var) -> Option<&Node> {
    let mut at = graph.node(output);
    loop {
        let before = graph.node(*at.inputs.first()?);
        at = match &at.op {
            Op::Reshape => before,
            Op::Slice { dim: 1, start } if start.known() == Some(0) => return Some(before),
            _ => return None,
        };
    }
}

/// Channels that are taken for those of Lab.
fn no_lab(stage: &Stage, training: &Training) -> Option<Diagnostic> {
    let named = |(_, input): &&(String, String)| input == LabPart::Whole.transform();
    let (field, input) = training.bindings.iter().find(named)?;
    if training.samples.lab().contains(&LabPart::Whole) {
        return None;
    }
    let span = stage.fields.span("augment").unwrap_or(stage.name_span);
    Some(
        Diagnostic::warning(
            Code::LintColours,
            span,
            format!("`{field}` is no picture in Lab: its channels are red, green and blue"),
        )
        .note(format!("`{}` takes the first channel of `{input}` for the light, and the others for the colours.", stage.call.spec.name))
        .help("emit `lab = x |> lab()`"),
    )
}
