//! The vocabulary: every operation that a task may use, by name and by number, with its attributes.
//!
//! Built-in tasks call the methods of [`Graph`]; scripts and plugins name an operation of this table, and [`Graph::apply`]
//! checks the call and makes it. So the three doors make the same nodes.

mod attrs;
mod choice;
mod layers;
mod losses;
mod makers;
mod math;
mod mechanics;
mod pictures;
mod reduce;
mod shape;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use attrs::{Attr, AttrSpec, AttrType, Attrs, Preset};
pub use mechanics::scalar;

use super::{Graph, Var};
use crate::catalog::{Problem, Result};

/// Calls the builder methods of a graph; operands and attributes have been counted and typed.
pub type Build = fn(&mut Graph, &[Var], &Attrs) -> Result<Vec<Var>>;

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct OpSpec {
    /// Its number in the plugin ABI. Never used for something else. Hundreds are families: 100 makers, 200 functions of one
    /// tensor, 300 of two or three, 400 products and layers, 500 reductions, 600 normalisations, 700 moves, 800 choices,
    /// 900 pictures, 1000 losses, 1100 what lives between steps.
    pub code: u32,
    /// As scripts and the SDK call it.
    pub name: &'static str,
    /// One line, with shapes.
    pub summary: &'static str,
    /// How many operands: fewest, most (`None`: any number).
    pub operands: (usize, Option<usize>),
    /// What else it takes.
    pub attrs: &'static [AttrSpec],
    /// The ABI version that has it first: major, minor.
    pub since: (u16, u16),
    /// Makes the nodes and gives the results.
    pub build: Build,
}

/// An operation with exactly `n` operands, of ABI 1.0.
const fn op(
    code: u32,
    name: &'static str,
    summary: &'static str,
    n: usize,
    attrs: &'static [AttrSpec],
    build: Build,
) -> OpSpec {
    OpSpec {
        code,
        name,
        summary,
        operands: (n, Some(n)),
        attrs,
        since: (1, 0),
        build,
    }
}

impl OpSpec {
    /// The last operand, or the last few, may be left out.
    const fn or_fewer(mut self, fewest: usize) -> Self {
        self.operands.0 = fewest;
        self
    }

    /// Takes any number of operands, at least one.
    const fn any(mut self) -> Self {
        self.operands = (1, None);
        self
    }

    /// It came with this minor version of the ABI.
    const fn since(mut self, minor: u16) -> Self {
        self.since.1 = minor;
        self
    }

    /// The attribute of this name.
    pub fn attr(&self, name: &str) -> Option<&'static AttrSpec> {
        self.attrs.iter().find(|attr| attr.name == name)
    }

    /// How a script calls it: `softmax(x, dim = -1)`.
    pub fn call_text(&self) -> String {
        let mut arguments: Vec<String> = match self.operands {
            (_, Some(0)) => vec!["g".into()],
            (_, None) => vec!["[x, …]".into()],
            (_, Some(1)) => vec!["x".into()],
            (fewest, Some(most)) => ('a'..)
                .take(most)
                .enumerate()
                .map(|(i, letter)| match i < fewest {
                    true => letter.to_string(),
                    false => format!("{letter}?"),
                })
                .collect(),
        };
        let attrs = self.attrs.iter();
        arguments.extend(attrs.map(|attr| match (attr.preset, attr.preset.text()) {
            (_, Some(text)) => format!("{} = {text}", attr.name),
            (Preset::Absent, None) => format!("{}?", attr.name),
            _ => attr.name.to_owned(),
        }));
        format!("{}({})", self.name, arguments.join(", "))
    }

    /// Whether it takes `n` operands.
    pub fn takes(&self, n: usize) -> bool {
        n >= self.operands.0 && self.operands.1.is_none_or(|most| n <= most)
    }
}

/// Makes a table row's result from a method that gives one value.
fn one(result: Result<Var>) -> Result<Vec<Var>> {
    Ok(vec![result?])
}

struct Table {
    all: Vec<OpSpec>,
    names: BTreeMap<&'static str, usize>,
    codes: BTreeMap<u32, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let all = [
        makers::OPS,
        math::OPS,
        layers::OPS,
        reduce::OPS,
        shape::OPS,
        choice::OPS,
        pictures::OPS,
        losses::OPS,
        mechanics::OPS,
    ]
    .concat();
    let names = all.iter().enumerate().map(|(i, op)| (op.name, i)).collect();
    let codes = all.iter().enumerate().map(|(i, op)| (op.code, i)).collect();
    Table { all, names, codes }
});

/// Every operation, family by family.
pub fn operations() -> &'static [OpSpec] {
    &TABLE.all
}

/// The operation of this name.
pub fn operation(name: &str) -> Option<&'static OpSpec> {
    TABLE.names.get(name).and_then(|i| TABLE.all.get(*i))
}

/// The operation of this number.
pub fn operation_by_code(code: u32) -> Option<&'static OpSpec> {
    TABLE.codes.get(&code).and_then(|i| TABLE.all.get(*i))
}

impl Graph {
    /// Makes an operation of the vocabulary, once operands and attributes are what it takes.
    ///
    /// # Errors
    /// A wrong number of operands, an operand that is not of this graph, an attribute that is unknown, missing or of another
    /// type, or shapes that do not fit.
    pub fn apply(&mut self, op: &OpSpec, operands: &[Var], attrs: &Attrs) -> Result<Vec<Var>> {
        let name = op.name;
        if !op.takes(operands.len()) {
            let wanted = match op.operands {
                (fewest, None) => format!("at least {fewest}"),
                (fewest, Some(most)) if fewest == most => fewest.to_string(),
                (fewest, Some(most)) => format!("{fewest} to {most}"),
            };
            return Err(self
                .shape_problem(format!(
                    "{name} takes {wanted} operands, not {}",
                    operands.len()
                ))
                .note(format!("{name}: {}", op.summary)));
        }
        if operands
            .iter()
            .any(|var| var.0 as usize >= self.nodes.len())
        {
            return Err(self.shape_problem(format!("{name}: an operand is not of this graph")));
        }
        let place = super::build::at(self.span);
        let placed = |problem: Problem| problem.at(place.clone());
        let attrs = attrs.resolved(op).map_err(placed)?;
        (op.build)(self, operands, &attrs)
    }
}
