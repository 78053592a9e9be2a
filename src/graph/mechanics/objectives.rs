//! Objectives that share their parameters, and those that have their own.

use super::super::module::belongs;
use super::super::{Graph, Module, Named, Var};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// One objective, or several over the same parameters: one backward pass, one update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Indices of [`Graph::objectives`], whose sum is made small.
    pub objectives: Vec<usize>,
    /// Indices of [`Graph::parameters`] that it moves.
    pub parameters: Vec<usize>,
    /// The objective's name where it has parameters of its own; the stage's `optimizer NAME` belongs to it.
    pub name: Option<String>,
}

impl Graph {
    /// Declares a scalar (`[1]`) to be made small by these modules alone, with the stage's `optimizer NAME` where it has one.
    /// Objectives run in declared order, each forward, backward and update; a module of its own is moved by no plain
    /// [`Self::objective`].
    ///
    /// # Errors
    /// There is an objective of this name, or no module.
    pub fn objective_of(&mut self, name: &str, var: Var, modules: &[&Module]) -> Result<()> {
        if modules.is_empty() || self.objectives.iter().any(|other| other.name == name) {
            return Err(Problem::new(
                Code::Duplicate,
                format!("objective `{name}` needs a name of its own and a module"),
            ));
        }
        let modules = modules.iter().map(|module| module.name.clone()).collect();
        self.claims.insert(name.to_owned(), modules);
        self.objectives.push(Named {
            name: name.to_owned(),
            var,
        });
        Ok(())
    }

    /// What a step does one after the other: objectives that share their parameters together, at the place of the first.
    pub fn phases(&self) -> Vec<Phase> {
        let claimed = |index: &usize| {
            let name = &self.parameters[*index].name;
            self.claims
                .values()
                .flatten()
                .any(|module| belongs(name, module))
        };
        let all = (0..self.parameters.len()).filter(|i| !self.is_still(&self.parameters[*i].name));
        let mut phases: Vec<Phase> = Vec::new();
        for (index, objective) in self.objectives.iter().enumerate() {
            match self.claims.get(&objective.name) {
                Some(modules) => phases.push(Phase {
                    objectives: vec![index],
                    parameters: all
                        .clone()
                        .filter(|i| {
                            let name = &self.parameters[*i].name;
                            modules.iter().any(|module| belongs(name, module))
                        })
                        .collect(),
                    name: Some(objective.name.clone()),
                }),
                None => match phases.iter_mut().find(|phase| phase.name.is_none()) {
                    Some(phase) => phase.objectives.push(index),
                    None => phases.push(Phase {
                        objectives: vec![index],
                        parameters: all.clone().filter(|i| !claimed(i)).collect(),
                        name: None,
                    }),
                },
            }
        }
        phases
    }
}
