//! What a stage means: everything in the recipe that decides its result, one value after the other, whatever the recipe calls things
//! and however it is written. Equal lists, equal results; a content hash is made of the list, and what has changed is read from it.

mod augment;

use std::collections::BTreeMap;

use super::meaning::{Decided, Meaning};
use super::types::{ENCODER, START, StagePlan};
use crate::catalog::{Args, Call, Data, DataSource, Duration, Kind, Net, Split, Value};
use crate::data::Normalization;
use crate::evaluation::BESIDE;
use crate::language::checked::{Recipe, Stage};
use crate::language::{Span, canonical};

/// Fields that never change a result, unless what is read while training decides it.
const WITHOUT_EFFECT: &[&str] = &["monitor", "valid"];
/// Of `checkpoint` only `best` counts, and that apart.
const NEVER: &[&str] = &["checkpoint"];

/// Arguments of `image_folder` that count whatever the data are. What the others decide, of transparent pictures, those with more than 8
/// bits, tables and folders, the manifest of the data says.
const BESIDE_MANIFEST: &[&str] = &["channels", "name", "size"];

/// What a stage of the recipe means, and the names of the fits whose results it takes, in the order in which it first does. `read` is
/// the module that it starts from, or that its monitor reads.
pub(super) fn meaning(
    recipe: &Recipe,
    stage: &Stage,
    seed: u64,
    read: &str,
) -> (Meaning, Vec<String>) {
    let mut writer = Writer {
        recipe,
        fits: Vec::new(),
        all: Vec::new(),
        kind: stage.kind,
        watches: false,
        span: stage.name_span,
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
    writer.call(stage.kind.singular(), "", &stage.call);
    writer.args("", &stage.fields);
    if let Some(best) = best {
        writer.put("checkpoint.best", best.args.word("of").to_owned());
    }
    if read != ENCODER && (stage.kind != Kind::Task || writer.watches) {
        writer.put("part", read.to_owned());
    }
    writer.span = recipe.run.span("precision").unwrap_or_default();
    if recipe.run.word("precision") == "bf16" {
        writer.put("run.precision", "bf16".into());
    }
    // what is learnt from records is counted, not drawn
    if stage.kind != Kind::Fit {
        writer.span = recipe.run.span("seed").unwrap_or_default();
        writer.put("run.seed", seed.to_string());
    }
    (Meaning { all: writer.all }, writer.fits)
}

/// What the plan knows of a stage's meaning besides: how a batch goes into its graph, which parts of others it asks.
pub(super) fn bound(meaning: &mut Meaning, planned: &StagePlan) {
    use super::types::Body;
    let (bindings, samples) = match &planned.body {
        Body::Train(training) => (&training.bindings, &training.samples),
        Body::Evaluate(evaluation) => {
            let records = evaluation.heads.as_ref();
            let Some(records) = records.and_then(|heads| heads.records.as_ref()) else {
                return;
            };
            (&records.bindings, &records.samples)
        }
        Body::Fit(_) | Body::Export(_) => return,
    };
    for (field, input) in bindings {
        let (name, rest) = field.split_once('/').unwrap_or((field, ""));
        let fields = samples.outputs().iter();
        let at = fields.map(|(own, _)| own).position(|own| own == name);
        // a suffix stands behind a name too: it is kept as it is
        let value = match at {
            Some(at) => format!("{} {rest}", at + 1),
            None => suffixed(field, samples.outputs()),
        };
        meaning.note(&format!("input {input}"), value);
    }
    if let Body::Train(training) = &planned.body {
        for (at, asked) in training.asks.iter().enumerate() {
            meaning.note(&format!("asks {}", at + 1), asked.module.clone());
        }
    }
}

/// A field of the batch whose name goes on behind that of what is emitted: its number in the place of the name.
fn suffixed(field: &str, outputs: &crate::data::Fields) -> String {
    let of = outputs.iter().enumerate();
    let own = of.filter(|(_, (name, _))| field.starts_with(name.as_str()));
    match own.max_by_key(|(_, (name, _))| name.len()) {
        Some((at, (name, _))) => format!("{}{}", at + 1, &field[name.len()..]),
        None => field.to_owned(),
    }
}

/// What pictures are normalised by, where that was measured on them: the recipe does not say it.
pub(super) fn measured(by: &Normalization) -> String {
    let bits = |values: &[f32]| -> Vec<String> {
        values.iter().map(|value| format!("{value:?}")).collect()
    };
    format!("{} {}", bits(&by.mean).join(" "), bits(&by.std).join(" "))
}

struct Writer<'a> {
    recipe: &'a Recipe,
    fits: Vec<String>,
    all: Vec<Decided>,
    /// What the stage is.
    kind: Kind,
    /// What is read while training decides the result.
    watches: bool,
    /// Where what is written now stands.
    span: Span,
}

/// A path below another.
fn below(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

impl Writer<'_> {
    fn put(&mut self, path: &str, value: String) {
        self.all.push(Decided {
            path: path.to_owned(),
            value,
            span: self.span,
        });
    }

    /// What is called, and with what. `called`: the path of the name; `path`: that of the arguments.
    fn call(&mut self, called: &str, path: &str, call: &Call) {
        let mut what = call.spec.name.clone();
        if call.spec.semantics != 1 {
            what += &format!(", its meaning {}", call.spec.semantics);
        }
        if let Some(provider) = &call.spec.provider {
            what += &format!(", blake3 {}", provider.hash);
        }
        let outer = self.span;
        if call.name_span.end > call.name_span.start {
            self.span = call.name_span;
        }
        self.put(called, what);
        self.args(path, &call.args);
        self.span = outer;
    }

    fn args(&mut self, path: &str, args: &Args) {
        for (name, argument) in &args.values {
            let field = name.as_str();
            if NEVER.contains(&field) || (!self.watches && WITHOUT_EFFECT.contains(&field)) {
                continue;
            }
            // the content of the file that a fit is read from, or that asks, counts, not where it lies
            if field == "file" && matches!(self.kind, Kind::Fit | Kind::Evaluator) {
                continue;
            }
            if args.of == "image_folder" && !BESIDE_MANIFEST.contains(&field) {
                continue;
            }
            let outer = self.span;
            if argument.span.end > argument.span.start {
                self.span = argument.span;
            }
            let path = below(path, field);
            match &argument.value {
                // what the file holds is added by who has opened it
                Value::Text(_) if self.kind == Kind::Task && field.ends_with(START) => {}
                // which part it is, no module says here
                Value::Stage(text) if field == BESIDE || field.ends_with(START) => {
                    let part = text.split_once('.').map_or("", |(_, part)| part);
                    self.put(&path, format!("a stage {part}").trim_end().to_owned());
                }
                value => self.value(&path, value),
            }
            self.span = outer;
        }
    }

    fn value(&mut self, path: &str, value: &Value) {
        match value {
            // `1` and `1.0` mean the same where a number is asked for
            Value::Integer(n) => self.put(path, canonical(&Value::Number(*n as f64))),
            Value::Duration(Duration::Epochs(_) | Duration::Steps(_))
            | Value::Number(_)
            | Value::Ratio(_)
            | Value::Length(_)
            | Value::Range(..)
            | Value::Text(_)
            | Value::Word(_)
            | Value::Place(_) => self.put(path, canonical(value)),
            // which stage it is, its hash says; which part, the module: `from = a` and `from = a.encoder` are one
            Value::Stage(_) => self.put(path, "a stage".into()),
            Value::List(values) => {
                let plain = |value: &Value| {
                    !matches!(
                        value,
                        Value::Net(_)
                            | Value::Data(_)
                            | Value::Call(_)
                            | Value::Augment(_)
                            | Value::Fit(_)
                            | Value::Stage(_)
                            | Value::List(_)
                    )
                };
                if values.iter().all(plain) {
                    let values: Vec<String> = values
                        .iter()
                        .map(|value| match value {
                            Value::Integer(n) => canonical(&Value::Number(*n as f64)),
                            value => canonical(value),
                        })
                        .collect();
                    return self.put(path, format!("[{}]", values.join(", ")));
                }
                self.put(path, format!("{} values", values.len()));
                for (at, value) in values.iter().enumerate() {
                    self.value(&below(path, &(at + 1).to_string()), value);
                }
            }
            Value::Net(net) => self.net(path, net),
            Value::Data(data) => self.data(path, data, None),
            Value::Call(call) => self.call(path, path, call),
            Value::Augment(name) => {
                let recipe = self.recipe;
                if let Some(block) = recipe.augments.iter().find(|a| a.name == *name) {
                    augment::write(self, path, block);
                }
            }
            // what it learns is the fit's hash, which the run adds
            Value::Fit(artifact) => {
                let known = self.fits.iter().position(|name| *name == artifact.name);
                let at = known.unwrap_or_else(|| {
                    self.fits.push(artifact.name.clone());
                    self.fits.len() - 1
                });
                self.put(path, format!("fit {}", at + 1));
            }
        }
    }

    fn net(&mut self, path: &str, net: &Net) {
        if let [only] = net.steps.as_slice()
            && only.place.is_none()
        {
            return self.call(path, path, &only.call);
        }
        self.put(path, format!("{} layers", net.steps.len()));
        let mut met: BTreeMap<&str, usize> = BTreeMap::new();
        for step in &net.steps {
            let name = step.place.as_deref().unwrap_or(&step.call.spec.name);
            let count = met.entry(name).or_insert(0);
            *count += 1;
            let own = match *count {
                1 => below(path, name),
                n => below(path, &format!("{name}.{n}")),
            };
            self.call(&own, &own, &step.call);
            // parameters are called by it
            if let Some(place) = &step.place {
                self.put(&below(&own, "as"), place.clone());
            }
        }
    }

    /// `split`: of these records only those of this split are read.
    fn data(&mut self, path: &str, data: &Data, split: Option<Split>) {
        // what is held out is of the records that are trained on
        let held = |pipe: &Call| pipe.spec.name == "hold_out" && pipe.spec.provider.is_none();
        let split = split.filter(|split| *split != Split::Valid || !data.pipes.iter().any(held));
        match &data.source {
            DataSource::Call(call) => {
                let mut own = call.clone();
                let of_another = |name: &str| match (split, Split::from_name(name)) {
                    (Some(own), Some(other)) => own != other,
                    _ => false,
                };
                own.args.values.retain(|name, argument| {
                    // the manifest says what lies there, wherever it lies
                    let place = name == "name" && matches!(argument.value, Value::Text(_));
                    !place && !of_another(name)
                });
                self.call(path, path, &own);
            }
            DataSource::Named {
                dataset,
                split: own,
            } => {
                let recipe = self.recipe;
                if let Some(item) = recipe.datasets.iter().find(|d| d.name == *dataset) {
                    self.data(path, &item.data, own.or(split));
                }
                if let Some(own) = own {
                    self.put(&below(path, "split"), own.name().to_owned());
                }
            }
            DataSource::Beside(parts) => {
                for (name, part) in parts {
                    self.data(&below(path, name), part, None);
                }
            }
        }
        for pipe in &data.pipes {
            // what is judged by is not held out of
            if held(pipe) && split == Some(Split::Test) {
                continue;
            }
            let own = below(path, &pipe.spec.name);
            self.call(&own, &own, pipe);
        }
    }
}
