//! Tensors that live between steps.

use super::super::{DType, Graph, Init, Op, Shape, Size, StateId, Var, show};
use crate::catalog::Result;

/// A tensor that lives between steps: a queue, a centre, a memory bank.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// `queue`
    pub name: String,
    /// Sizes.
    pub shape: Vec<usize>,
    /// Its first value; of whole numbers only [`Init::Constant`].
    pub init: Init,
    /// Element type.
    pub dtype: DType,
}

/// A state's next value.
#[derive(Clone, Debug, PartialEq)]
pub struct Assign {
    /// Which state.
    pub state: StateId,
    /// All of it, or rows of it.
    pub value: Var,
    /// Which rows, `[R]` whole numbers; `None`: all.
    pub rows: Option<Var>,
}

impl Graph {
    /// A tensor that lives between steps; the same one when it is asked for again. Its name is under the current scope.
    ///
    /// # Errors
    /// It was declared with other sizes, or random whole numbers are asked for, or random numbers of no width.
    pub fn state(
        &mut self,
        name: &str,
        shape: &[usize],
        init: Init,
        dtype: DType,
    ) -> Result<StateId> {
        let state = State {
            name: self.path(name),
            shape: shape.to_vec(),
            init,
            dtype,
        };
        if dtype == DType::Int && !matches!(init, Init::Constant(_)) {
            return Err(self.shape_problem(format!(
                "state `{}` of whole numbers starts as a constant",
                state.name
            )));
        }
        if let Some(fault) = init.fault() {
            return Err(self.shape_problem(format!("state `{}`: {fault}", state.name)));
        }
        let known = self.states.iter().position(|own| own.name == state.name);
        match known {
            Some(id) if self.states[id] == state => Ok(StateId(id as u32)),
            Some(id) => Err(self.shape_problem(format!(
                "state `{}` was {:?} before and is {shape:?} now",
                state.name, self.states[id].shape
            ))),
            None => {
                self.states.push(state);
                Ok(StateId(self.states.len() as u32 - 1))
            }
        }
    }

    /// A state as it was when the batch began. No gradient flows into it.
    pub fn read(&mut self, id: StateId) -> Var {
        let (shape, dtype) = match self.state_of(id) {
            Some(state) => (
                state.shape.iter().map(|n| (*n).into()).collect(),
                state.dtype,
            ),
            None => (Vec::new(), DType::F32),
        };
        self.push(Op::Read(id), Vec::new(), shape, dtype)
    }

    /// The state's value from the next batch on. The later of two assignments to one state stays.
    ///
    /// # Errors
    /// The value has other sizes or another element type than the state.
    pub fn assign(&mut self, id: StateId, value: Var) -> Result<()> {
        let state = self.known_state(id)?;
        let wanted: Shape = state.shape.iter().map(|n| (*n).into()).collect();
        let (name, dtype) = (state.name.clone(), state.dtype);
        if *self.shape(value) != wanted || self.node(value).dtype != dtype {
            return Err(self.shape_problem(format!(
                "state `{name}` is {dtype:?} {}, what is assigned is {:?} {}",
                show(&wanted),
                self.node(value).dtype,
                show(self.shape(value))
            )));
        }
        self.assigns
            .retain(|other| other.state != id || other.rows.is_some());
        self.assigns.push(Assign {
            state: id,
            value,
            rows: None,
        });
        Ok(())
    }

    /// Rows of the state from the next batch on: `index [R]` says which, `rows [R, …]` what. No row is named twice.
    ///
    /// # Errors
    /// The rows have other sizes or another element type than the state's.
    pub fn assign_rows(&mut self, id: StateId, index: Var, rows: Var) -> Result<()> {
        let state = self.known_state(id)?;
        let mut wanted: Shape = state.shape.iter().map(|n| (*n).into()).collect();
        let (name, dtype) = (state.name.clone(), state.dtype);
        let count = self.shape(index).first().cloned().unwrap_or(Size::fixed(1));
        if let Some(first) = wanted.first_mut() {
            *first = count;
        }
        if *self.shape(rows) != wanted
            || self.node(rows).dtype != dtype
            || self.shape(index).len() != 1
            || self.node(index).dtype != DType::Int
        {
            return Err(self.shape_problem(format!(
                "rows of state `{name}` are {dtype:?} {} at whole numbers [R]; these are {:?} {} at {:?} {}",
                show(&wanted),
                self.node(rows).dtype,
                show(self.shape(rows)),
                self.node(index).dtype,
                show(self.shape(index))
            )));
        }
        self.assigns.push(Assign {
            state: id,
            value: rows,
            rows: Some(index),
        });
        Ok(())
    }

    /// The state of a number.
    pub fn state_of(&self, id: StateId) -> Option<&State> {
        self.states.get(id.0 as usize)
    }

    pub(super) fn known_state(&self, id: StateId) -> Result<&State> {
        self.state_of(id)
            .ok_or_else(|| self.shape_problem("there is no state of this number"))
    }

    /// The first state all of whose rows are replaced, or more than it has, where batches have `batch` samples.
    pub fn outgrown(&self, batch: usize) -> Option<&State> {
        let cut = self.nodes.iter().find(|node| {
            matches!(node.op, Op::Slice { .. }) && node.shape.iter().any(|n| n.at(batch) == 0)
        })?;
        match self.node(*cut.inputs.first()?).op {
            Op::Read(id) => self.state_of(id),
            _ => None,
        }
    }
}
