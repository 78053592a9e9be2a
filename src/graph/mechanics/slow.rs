//! Slow copies of modules, and what later stages may start from.

use super::super::module::{belongs, within};
use super::super::{Graph, Module, Scalar};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// A slow copy of a module.
#[derive(Clone, Debug, PartialEq)]
pub struct Ema {
    /// `encoder`
    pub source: String,
    /// `ema/encoder`
    pub copy: String,
    /// Part of the copy that stays at each step.
    pub momentum: Scalar,
}

/// What later stages may start from: `from = stage.teacher`.
#[derive(Clone, Debug)]
pub struct Part {
    /// `teacher`
    pub name: String,
    /// The module with the weights.
    pub module: Module,
}

/// What the names of slow copies begin with.
const SLOW: &str = "ema/";

/// The module that a slow copy of this name follows; a module that is no copy is its own.
pub fn followed(module: &str) -> &str {
    module.strip_prefix(SLOW).unwrap_or(module)
}

impl Graph {
    /// A slow copy of a module. It starts as an exact copy; after each step its parameters become
    /// `momentum * copy + (1 - momentum) * source`. It has buffers of its own, is in train mode in a training graph (batch norm
    /// normalises by the batch and moves running statistics of its own, those of what the copy itself makes of the batches it sees)
    /// and never gets a gradient. A later stage that starts from the copy evaluates it with these statistics.
    ///
    /// # Errors
    /// The module has a slow copy with another momentum.
    pub fn ema(&mut self, module: &Module, momentum: impl Into<Scalar>) -> Result<Module> {
        let ema = Ema {
            source: module.name.clone(),
            copy: format!("{SLOW}{}", module.name),
            momentum: momentum.into(),
        };
        let copy = Module::new(&ema.copy, &module.net);
        match self.emas.iter().find(|other| other.copy == ema.copy) {
            Some(same) if *same == ema => {}
            Some(_) => {
                return Err(Problem::new(
                    Code::Duplicate,
                    format!("`{}` has a slow copy with another momentum", module.name),
                )
                .help("use one copy for both"));
            }
            None => self.emas.push(ema),
        }
        Ok(copy)
    }

    /// Lets later stages start from a module: `from = STAGE.NAME`. The first part is what a bare `from = STAGE` means; a task
    /// that names none has the part `encoder`.
    pub fn part(&mut self, name: &str, module: &Module) {
        if !self.parts.iter().any(|part| part.name == name) {
            self.parts.push(Part {
                name: name.to_owned(),
                module: module.clone(),
            });
        }
    }

    /// Whether a parameter belongs to a slow copy: no objective moves it.
    pub fn is_slow(&self, parameter: &str) -> bool {
        self.emas.iter().any(|ema| belongs(parameter, &ema.copy))
    }

    /// The parameters of a slow copy with what they copy: source, copy.
    pub fn slow_pairs(&self, ema: &Ema) -> Vec<(String, String)> {
        let names = self.parameters.iter().map(|parameter| &parameter.name);
        let pair = |copy: &String| {
            let rest = within(copy, &ema.copy)?;
            Some((format!("{}{rest}", ema.source), copy.clone()))
        };
        names.filter_map(pair).collect()
    }
}
