//! From the fields of the batch to the inputs of a task.

use super::build::Planner;
use super::trace;
use crate::catalog::Input;
use crate::data::{Fields, SampleType};
use crate::graph::Graph;
use crate::language::checked::{Augment, Bound, Stage};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

impl Planner<'_> {
    /// Binds the batch to the task's inputs and declares them in the graph: by hand where `bind` says so; by name; where exactly
    /// one field has the type, by type; a list also takes all fields of its element's type. A field that is bound by hand goes
    /// to no other input by its type. The second value is what the task reads: its inputs, those of a list one by one, with their
    /// types.
    #[allow(clippy::type_complexity)]
    pub(super) fn bind(
        &mut self,
        stage: &Stage,
        outputs: &Fields,
        augment: &Augment,
        fallback: Option<Span>,
        graph: &mut Graph,
    ) -> Option<(Vec<(String, String)>, Fields)> {
        let mut bindings = Vec::new();
        let mut read = Fields::new();
        let mut failed = false;
        for input in &stage.call.spec.inputs {
            // a task that takes one value also takes a list of them, and the other way round
            let wants_list = input.ty.parts().is_some();
            let element = one_of(&input.ty);
            let fits = |ty: &SampleType| one_of(ty).fits(element);
            let bound = stage.bind.iter().find(|bound| bound.input == input.name);
            let by_hand = match bound {
                Some(bound) => match self.by_hand(stage, input, bound, outputs, &fits) {
                    Some(fields) => Some(fields),
                    None => {
                        failed = true;
                        continue;
                    }
                },
                None => None,
            };
            let taken = |name: &str| {
                let mut fields = stage.bind.iter().flat_map(|bound| &bound.fields);
                fields.any(|(field, _)| field == name)
            };
            let by_name: Vec<&(String, SampleType)> = outputs
                .iter()
                .filter(|(name, ty)| *name == input.name && fits(ty))
                .collect();
            let by_type: Vec<&(String, SampleType)> = outputs
                .iter()
                .filter(|(name, ty)| fits(ty) && !taken(name))
                .collect();
            let found = if let Some(fields) = by_hand {
                fields
            } else if !by_name.is_empty() {
                by_name
            } else if input.at_least > 0
                && (by_type.len() == 1 || (wants_list && !by_type.is_empty()))
            {
                by_type
            } else {
                Vec::new()
            };
            let count: usize = found
                .iter()
                .map(|(_, ty)| ty.parts().map_or(1, |(_, count)| count.unwrap_or(1)))
                .sum();
            if found.is_empty() && input.at_least == 0 {
                continue;
            }
            if let Some(bound) = bound
                && count < input.at_least
            {
                failed = true;
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::Unbound,
                        bound.span,
                        format!(
                            "`{}` takes at least {}, not {count}",
                            input.name, input.at_least
                        ),
                    )
                    .help("bind more fields of the batch: `[a, b]`"),
                );
                continue;
            }
            if found.is_empty() || count < input.at_least {
                failed = true;
                let wanted: Vec<String> = stage
                    .call
                    .spec
                    .inputs
                    .iter()
                    .map(|i| match i.at_least {
                        0 => format!("{}: {} or none", i.name, i.ty),
                        1 => format!("{}: {}", i.name, i.ty),
                        n => format!("{}: {} of at least {n}", i.name, i.ty),
                    })
                    .collect();
                let emitted: Vec<String> = outputs
                    .iter()
                    .map(|(name, ty)| format!("{name}: {ty}"))
                    .collect();
                let mut diagnostic = Diagnostic::error(
                    Code::Unbound,
                    stage.fields.span("augment").unwrap_or(stage.call.name_span),
                    format!(
                        "`{}` finds no `{}` in the batch",
                        stage.call.spec.name, input.name
                    ),
                );
                if fallback.is_none() {
                    diagnostic =
                        diagnostic.label(augment.name_span, "this `augment` makes the batch");
                }
                self.diagnostics.push(
                    diagnostic
                        .note(format!("The task wants {}.", wanted.join(", ")))
                        .note(format!("The `augment` emits {}.", emitted.join(", ")))
                        .help(format!(
                            "emit a field named `{}` of type {}",
                            input.name, input.ty
                        )),
                );
                continue;
            }
            let mut index = 0;
            for (field, ty) in found.iter().map(|f| (&f.0, &f.1)) {
                let (one, many) = match ty.parts() {
                    Some((element, count)) => (element, Some(count.unwrap_or(0))),
                    None => (ty, None),
                };
                let tensors = match one.parts() {
                    None => one.tensors().ok(),
                    Some(_) => None,
                };
                let Some(tensors) = tensors else {
                    failed = true;
                    self.diagnostics.push(
                        Diagnostic::error(Code::SampleType, augment.name_span, format!("`{field}` is {one}: a batch needs pictures of one size"))
                            .help("add `random_resized_crop(32px)`, or `resize(32px) |> center_crop(32px)`, before it is emitted"),
                    );
                    continue;
                };
                for i in 0..many.unwrap_or(1) {
                    let source = if many.is_some() {
                        format!("{field}/{i}")
                    } else {
                        field.clone()
                    };
                    let listed = wants_list || many.is_some() || found.len() > 1;
                    let name = if listed {
                        format!("{}/{index}", input.name)
                    } else {
                        input.name.clone()
                    };
                    index += 1;
                    for tensor in &tensors {
                        let name = format!("{name}{}", tensor.suffix);
                        trace::declare(graph, &name, tensor);
                        bindings.push((format!("{source}{}", tensor.suffix), name));
                    }
                    read.push((name, one.clone()));
                }
            }
        }
        (!failed).then_some((bindings, read))
    }

    /// The fields that `bind` gives to an input.
    fn by_hand<'o>(
        &mut self,
        stage: &Stage,
        input: &Input,
        bound: &Bound,
        outputs: &'o Fields,
        fits: &dyn Fn(&SampleType) -> bool,
    ) -> Option<Vec<&'o (String, SampleType)>> {
        let mut found = Vec::new();
        let mut sound = true;
        for (name, span) in &bound.fields {
            let Some(field) = outputs.iter().find(|(field, _)| field == name) else {
                sound = false;
                let names: Vec<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
                let listed: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                let diagnostic = Diagnostic::error(
                    Code::Unbound,
                    *span,
                    format!("the `augment` emits no field `{name}`"),
                )
                .note(format!("It emits {}.", listed.join(", ")));
                self.diagnostics.push(
                    match crate::language::nearest(name, names.iter().copied()) {
                        Some(near) => {
                            diagnostic.fix("a field with a similar name exists", *span, near)
                        }
                        None => diagnostic,
                    },
                );
                continue;
            };
            if !fits(&field.1) {
                sound = false;
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::Unbound,
                        *span,
                        format!("`{name}` is {}, not what `{}` takes", field.1, input.name),
                    )
                    .note(format!(
                        "`{}` takes {}: {}",
                        stage.call.spec.name, input.name, input.ty
                    ))
                    .help("bind a field of that type"),
                );
                continue;
            }
            found.push(field);
        }
        sound.then_some(found)
    }
}

/// The type of one value: of a list that of its elements.
fn one_of(ty: &SampleType) -> &SampleType {
    ty.parts().map_or(ty, |(element, _)| element)
}
