//! What a task reads from the batch.

use super::super::{Graph, Op, Shape, Var};
use crate::catalog::{At, Problem, Result};
use crate::language::Span;
use crate::language::codes::Code;

impl Graph {
    /// The field `name` of the batch.
    pub fn input(&self, name: &str) -> Result<Var> {
        self.maybe_input(name).ok_or_else(|| {
            self.no_field(
                format!("the batch has no field `{name}`"),
                format!("let the augment emit `{name}`"),
            )
        })
    }

    /// The elements of the field `name` of the batch, a list: `views/0`, `views/1`, ….
    pub fn input_list(&self, name: &str) -> Result<Vec<Var>> {
        let elements = self.maybe_input_list(name);
        if elements.is_empty() {
            return Err(self.no_field(
                format!("the batch has no list `{name}`"),
                format!("let the augment emit a list: `emit {name} = (image |> view()) * 2`"),
            ));
        }
        Ok(elements)
    }

    /// The same for a list that the batch may not have: it is empty then.
    pub fn maybe_input_list(&self, name: &str) -> Vec<Var> {
        (0..)
            .map_while(|i| self.maybe_input(&format!("{name}/{i}")))
            .collect()
    }

    /// The field `name` of the batch; the elements of a list one after the other along the batch:
    /// `n` times `[B, …]` → `[n B, …]`.
    pub fn input_stacked(&mut self, name: &str) -> Result<Var> {
        match self.maybe_input(&format!("{name}/0")) {
            Some(_) => {
                let elements = self.input_list(name)?;
                self.concat(&elements, 0)
            }
            None => self.input(name),
        }
    }

    /// A problem with shapes, at the place of the recipe that is being traced.
    pub fn shape_problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(Code::Shape, message).at(at(self.span))
    }

    /// The field `name` of the batch, where it has one.
    pub fn maybe_input(&self, name: &str) -> Option<Var> {
        let index = self
            .nodes
            .iter()
            .position(|node| matches!(&node.op, Op::Input(field) if field == name))?;
        Some(Var(index as u32))
    }

    fn no_field(&self, message: String, help: String) -> Problem {
        let fields: Vec<String> = self
            .nodes
            .iter()
            .filter_map(|node| match &node.op {
                Op::Input(field) => Some(format!("`{field}`")),
                _ => None,
            })
            .collect();
        let problem = Problem::new(Code::Unbound, message).help(help);
        if fields.is_empty() {
            problem
        } else {
            problem.note(format!("its fields are {}", fields.join(", ")))
        }
    }
}

/// A span as the place of a problem; the call where nothing is known.
pub(in crate::graph) fn at(span: Span) -> At {
    if span == Span::default() {
        At::Call
    } else {
        At::Span(span)
    }
}

/// The sizes of a shape where every one but the first is known; `None` elsewhere.
pub(super) fn known(shape: &Shape) -> Option<Vec<usize>> {
    shape.iter().skip(1).map(|size| size.known()).collect()
}
