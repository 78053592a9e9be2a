//! Warnings about scripts and plugins that a recipe brings in and does not call.

use std::collections::BTreeSet;

use crate::catalog::{Args, Call, Catalog, Data, DataSource, Value};
use crate::language::Diagnostic;
use crate::language::checked::{Door, Recipe, SampleExpr, SampleStep};
use crate::language::codes::Code;

/// Looks at each `use`.
pub(super) fn lint(diagnostics: &mut Vec<Diagnostic>, recipe: &Recipe, catalog: &Catalog) {
    let mut called = Called::default();
    for stage in &recipe.stages {
        called.call(&stage.call);
        called.args(&stage.fields);
    }
    called.args(&recipe.run);
    recipe
        .datasets
        .iter()
        .for_each(|item| called.data(&item.data));
    for augment in &recipe.augments {
        let bound = augment.bindings.iter().map(|binding| &binding.value);
        let emitted = augment.emits.iter().map(|emit| &emit.value);
        bound.chain(emitted).for_each(|value| called.samples(value));
    }
    for used in &recipe.uses {
        let name = &used.name.text;
        let is_this = |provider: &str| match used.door {
            Door::Script => provider == format!("script {name}"),
            Door::Plugin => provider.starts_with(&format!("plugin {name} ")),
        };
        // what could not be opened has brought nothing: that is an error already
        let mut brought = catalog.iter().filter_map(|spec| spec.provider.as_ref());
        if !brought.any(|provider| is_this(&provider.name))
            || called.providers.iter().any(|provider| is_this(provider))
        {
            continue;
        }
        diagnostics.push(
            Diagnostic::warning(
                Code::LintUnused,
                used.span,
                format!("nothing of {} `{name}` is used", used.door.word()),
            )
            .help("use it in a stage, or remove the line"),
        );
    }
}

/// Who provides what is called.
#[derive(Default)]
struct Called {
    providers: BTreeSet<String>,
}

impl Called {
    fn call(&mut self, call: &Call) {
        let provider = call.spec.provider.as_ref();
        self.providers
            .extend(provider.map(|provider| provider.name.clone()));
        self.args(&call.args);
    }

    fn args(&mut self, args: &Args) {
        args.values
            .values()
            .for_each(|argument| self.value(&argument.value));
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Call(call) => self.call(call),
            Value::List(values) => values.iter().for_each(|value| self.value(value)),
            Value::Data(data) => self.data(data),
            _ => {}
        }
    }

    fn data(&mut self, data: &Data) {
        data.calls().for_each(|call| self.call(call));
        if let DataSource::Beside(parts) = &data.source {
            parts.iter().for_each(|(_, part)| self.data(part));
        }
    }

    fn samples(&mut self, expr: &SampleExpr) {
        for inner in expr.head.inner() {
            self.samples(inner);
        }
        for step in &expr.steps {
            if let SampleStep::Transform(call) = step {
                self.call(call);
            }
        }
    }
}
