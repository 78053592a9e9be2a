//! The content hash of a stage: equal for equal results, whatever the spelling of the recipe.

use std::collections::BTreeSet;

use super::types::{ENCODER, START};
use crate::catalog::{Args, Call, Data, DataSource, Duration, Kind, Net, Value};
use crate::data::Normalization;
use crate::evaluation::BESIDE;
use crate::language::checked::{Augment, Recipe, SampleExpr, SampleHead, SampleStep, Stage};

/// Fields that never change a result, unless what is read while training decides it.
const WITHOUT_EFFECT: &[&str] = &["monitor", "valid"];
/// Of `checkpoint` only `best` counts, and that apart.
const NEVER: &[&str] = &["checkpoint"];

/// Arguments of `image_folder` that decide something only for some data: transparent pictures, pictures with more than 8 bits, class
/// folders. The manifest of the data says it where there are such.
const IN_MANIFEST: &[&str] = &["background", "labels", "range"];

/// blake3 over everything in the recipe that decides a stage's result, except its data's content and its inputs. `read` is the
/// module that it starts from, or that its monitor reads. With the names of the fits whose results it takes.
pub fn identity(
    recipe: &Recipe,
    stage: &Stage,
    seed: u64,
    read: &str,
) -> (String, BTreeSet<String>) {
    let mut writer = Writer {
        recipe,
        fits: BTreeSet::new(),
        hasher: blake3::Hasher::new(),
        kind: stage.kind,
        watches: false,
    };
    let best = match stage.fields.values.get("checkpoint").map(|a| &a.value) {
        Some(Value::Call(call)) if call.spec.name == "best" => Some(call),
        _ => None,
    };
    writer.watches =
        best.is_some()
            || stage.fields.values.get("stop").is_some_and(
                |a| matches!(&a.value, Value::Call(call) if call.spec.name == "early"),
            );
    if let Some(best) = best {
        writer.text(best.args.word("of"));
    }
    if recipe.run.word("precision") == "bf16" {
        writer.text("run in bf16");
    }
    if read != ENCODER && (stage.kind != Kind::Task || writer.watches) {
        writer.text("part");
        writer.text(read);
    }
    writer.text(&stage.name);
    writer.text(&seed.to_string());
    writer.call(&stage.call);
    writer.args(&stage.fields);
    for bound in &stage.bind {
        writer.text("bind");
        writer.text(&bound.input);
        bound.fields.iter().for_each(|(name, _)| writer.text(name));
    }
    let hash = writer.hasher.finalize().to_hex().to_string();
    (hash, writer.fits)
}

/// The identity of a stage that takes a file.
pub fn given(identity: &str, bytes: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity.as_bytes());
    hasher.update(blake3::hash(bytes).as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// The identity of a stage whose pictures are normalised by what was measured on them.
pub fn measured(identity: &str, by: &Normalization) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity.as_bytes());
    for value in by.mean.iter().chain(&by.std) {
        hasher.update(&value.to_bits().to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

struct Writer<'a> {
    recipe: &'a Recipe,
    fits: BTreeSet<String>,
    hasher: blake3::Hasher,
    /// What the stage is.
    kind: Kind,
    /// What is read while training decides the result.
    watches: bool,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        self.hasher.update(&(text.len() as u64).to_le_bytes());
        self.hasher.update(text.as_bytes());
    }

    fn numbers(&mut self, tag: &str, numbers: &[f64]) {
        self.text(tag);
        for number in numbers {
            self.hasher.update(&number.to_bits().to_le_bytes());
        }
    }

    fn call(&mut self, call: &Call) {
        self.text(&call.spec.name);
        self.hasher.update(&call.spec.semantics.to_le_bytes());
        if let Some(provider) = &call.spec.provider {
            self.text(&provider.hash);
        }
        self.args(&call.args);
    }

    fn args(&mut self, args: &Args) {
        for (name, argument) in &args.values {
            let field = name.as_str();
            if NEVER.contains(&field) || (!self.watches && WITHOUT_EFFECT.contains(&field)) {
                continue;
            }
            // the content of the file that a fit is read from, or that asks, counts, not where it lies
            if field == "file" && matches!(self.kind, Kind::Fit | Kind::Evaluator) {
                continue;
            }
            if args.of == "image_folder" && IN_MANIFEST.contains(&field) {
                continue;
            }
            self.text(name);
            match &argument.value {
                // what the file holds is added by who has opened it
                Value::Text(_) if self.kind == Kind::Task && field.ends_with(START) => {}
                // which part it is, no module says here
                Value::Stage(text) if field == BESIDE || field.ends_with(START) => self.text(text),
                value => self.value(value),
            }
        }
        self.text("end");
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Number(x) => self.numbers("number", &[*x]),
            // `1` and `1.0` mean the same where a number is asked for
            Value::Integer(n) => self.numbers("number", &[*n as f64]),
            Value::Ratio(x) => self.numbers("ratio", &[*x]),
            Value::Length(x) => self.numbers("length", &[*x]),
            Value::Duration(Duration::Epochs(n)) => self.numbers("epochs", &[*n]),
            Value::Duration(Duration::Steps(n)) => self.numbers("steps", &[*n as f64]),
            Value::Range(a, b) => self.numbers("range", &[*a, *b]),
            Value::Text(text) | Value::Word(text) | Value::Place(text) => self.text(text),
            // which part it is, the module says: `from = a` and `from = a.encoder` are one
            Value::Stage(text) => self.text(text.split('.').next().unwrap_or(text)),
            Value::List(values) => {
                self.text("list");
                self.hasher.update(&(values.len() as u64).to_le_bytes());
                for value in values {
                    self.value(value);
                }
            }
            Value::Net(net) => self.net(net),
            Value::Data(data) => self.data(data),
            Value::Call(call) => self.call(call),
            Value::Augment(name) => self.augment(name),
            // what it learns is the fit's hash, which the run adds
            Value::Fit(artifact) => {
                self.text("fit");
                self.fits.insert(artifact.name.clone());
            }
        }
    }

    fn net(&mut self, net: &Net) {
        self.text("net");
        for step in &net.steps {
            self.call(&step.call);
            self.text(step.place.as_deref().unwrap_or(""));
        }
        self.text("end");
    }

    fn data(&mut self, data: &Data) {
        match &data.source {
            DataSource::Call(call) => self.call(call),
            DataSource::Named { dataset, split } => {
                if let Some(item) = self.recipe.datasets.iter().find(|d| d.name == *dataset) {
                    self.data(&item.data);
                }
                self.text(split.map_or("", |split| split.name()));
            }
            DataSource::Beside(parts) => {
                self.text("beside");
                for (name, part) in parts {
                    self.text(name);
                    self.data(part);
                }
                self.text("end");
            }
        }
        for pipe in &data.pipes {
            self.call(pipe);
        }
    }

    fn augment(&mut self, name: &str) {
        let Some(augment) = self.recipe.augments.iter().find(|a| a.name == name) else {
            return;
        };
        self.block(augment);
    }

    fn block(&mut self, augment: &Augment) {
        // names are part of it: random streams are keyed by the path of the instance
        self.text(&augment.name);
        for (name, _) in &augment.parameters {
            self.text(name);
        }
        for binding in &augment.bindings {
            for (name, _) in &binding.names {
                self.text(name);
            }
            self.expr(&binding.value);
        }
        for emit in &augment.emits {
            self.text(&emit.name);
            self.expr(&emit.value);
        }
        self.text("end");
    }

    fn expr(&mut self, expr: &SampleExpr) {
        match &expr.head {
            SampleHead::Name(name, _) => self.text(name),
            SampleHead::Group(inner) => self.expr(inner),
            SampleHead::Several(values) => {
                self.text("several");
                values.iter().for_each(|value| self.expr(value));
                self.text("end");
            }
        }
        for step in &expr.steps {
            match step {
                SampleStep::Transform(call) => self.call(call),
                SampleStep::Augment { name, .. } => self.augment(name),
            }
        }
        self.numbers("repeat", &[expr.repeat.unwrap_or(0) as f64]);
    }
}
