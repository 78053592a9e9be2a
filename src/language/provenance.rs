//! Every value of a recipe with the place where it was decided.

use super::checked::{Recipe, Stage};
use super::print::canonical;
use crate::catalog::{Args, Call, Data, DataSource, Net, Origin, Value};

/// One value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// `rotations.optimizer.rate`
    pub path: String,
    /// The value as a recipe would write it.
    pub value: String,
    /// Who decided it.
    pub origin: Origin,
    /// `file:line:col`; for a default, of the call that left it out. Empty where nothing of it is written (`run`).
    pub place: String,
}

/// All values that a recipe decides or leaves to a default, in the order of `expand`; what `pretext explain` looks up.
pub fn provenance(recipe: &Recipe) -> Vec<Provenance> {
    let mut walk = Walk {
        recipe,
        found: Vec::new(),
    };
    for item in &recipe.datasets {
        walk.data(&item.name, &item.data);
    }
    for net in &recipe.encoders {
        walk.net(net.name.as_deref().unwrap_or_default(), net);
    }
    for stage in &recipe.stages {
        walk.args(&stage.name, &stage.call.args);
        walk.args(&stage.name, &stage.fields);
        walk.bind(stage);
    }
    walk.args("run", &recipe.run);
    walk.found
}

struct Walk<'a> {
    recipe: &'a Recipe,
    found: Vec<Provenance>,
}

impl Walk<'_> {
    fn args(&mut self, path: &str, args: &Args) {
        for (name, argument) in &args.values {
            let path = format!("{path}.{name}");
            let written = argument.span.end > 0;
            self.found.push(Provenance {
                value: canonical(&argument.value),
                origin: argument.origin.clone(),
                place: if written {
                    self.recipe.sources.place(argument.span)
                } else {
                    String::new()
                },
                path: path.clone(),
            });
            match &argument.value {
                Value::Call(call) => self.args(&path, &call.args),
                Value::Data(data) => self.data(&path, data),
                Value::Net(net) if net.name.is_none() => self.net(&path, net),
                _ => {}
            }
        }
    }

    fn bind(&mut self, stage: &Stage) {
        for bound in &stage.bind {
            let names: Vec<&str> = bound.fields.iter().map(|(name, _)| name.as_str()).collect();
            self.found.push(Provenance {
                path: format!("{}.bind.{}", stage.name, bound.input),
                value: match names.as_slice() {
                    [one] => (*one).to_owned(),
                    several => format!("[{}]", several.join(", ")),
                },
                origin: Origin::Written,
                place: self.recipe.sources.place(bound.span),
            });
        }
    }

    fn net(&mut self, path: &str, net: &Net) {
        match net.steps.as_slice() {
            [only] => self.args(path, &only.call.args),
            steps => {
                for step in steps {
                    let name = step.place.as_deref().unwrap_or(&step.call.spec.name);
                    self.call(path, name, &step.call);
                }
            }
        }
    }

    fn data(&mut self, path: &str, data: &Data) {
        if let DataSource::Call(call) = &data.source {
            if data.pipes.is_empty() {
                self.args(path, &call.args);
            } else {
                self.call(path, &call.spec.name, call);
            }
        }
        if let DataSource::Beside(parts) = &data.source {
            for (name, part) in parts {
                self.data(&format!("{path}.{name}"), part);
            }
        }
        for pipe in &data.pipes {
            self.call(path, &pipe.spec.name, pipe);
        }
    }

    fn call(&mut self, path: &str, name: &str, call: &Call) {
        self.args(&format!("{path}.{name}"), &call.args);
    }
}
