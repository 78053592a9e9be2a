//! Gradients of tables of which a batch reads some rows: word vectors. Only those rows are held, and only they move.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};

use super::error::Result;
use super::host::HostTensor;
use super::program::Program;
use super::sum::device_failed;
use super::value::Value;
use crate::graph::{Graph, Op, Var};

/// The gradient of a parameter.
#[derive(Clone, Debug)]
pub(crate) enum Sum {
    /// All of it, flat.
    Whole(Tensor<1>),
    /// Of a table, some rows; the others are 0.
    Rows(Rows),
}

/// Gradients of rows of a table.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// Which row each is of `[R]`; one row may stand several times, and what stands there adds up.
    pub(crate) ids: Vec<u32>,
    /// `[R, d]`, in parts: some rows after the others.
    pub(crate) parts: Vec<Tensor<2>>,
    /// Rows of the table.
    pub(crate) of: usize,
}

impl Rows {
    /// Rows that an index took.
    pub(crate) fn new(index: Value, values: Tensor<2>, of: usize) -> Result<Self> {
        let ids = match index.download().map_err(device_failed)? {
            HostTensor::Int { data, .. } => data.into_iter().map(|id| id as u32).collect(),
            HostTensor::F32 { .. } => Vec::new(),
        };
        Ok(Self {
            ids,
            parts: vec![values],
            of,
        })
    }

    /// Both.
    fn and(mut self, other: Self) -> Self {
        self.ids.extend(other.ids);
        self.parts.extend(other.parts);
        self
    }

    /// All of them `[R, d]`.
    pub(crate) fn values(&self) -> Tensor<2> {
        match &self.parts[..] {
            [one] => one.clone(),
            parts => Tensor::cat(parts.to_vec(), 0),
        }
    }

    /// Each row once, in the order in which they were met first; what stands for one row is added up in its order.
    pub(crate) fn together(self) -> Self {
        let groups = Groups::new(&self.ids, self.of);
        if groups.ids.len() == self.ids.len() {
            return self;
        }
        let values = self.values();
        let device = values.device();
        let [_, d] = values.dims();
        let slots: Vec<i64> = groups.slots.iter().map(|slot| i64::from(*slot)).collect();
        let n = slots.len();
        let slots = Tensor::<1, Int>::from_data(TensorData::new(slots, [n]), &device);
        let empty = Tensor::<2>::zeros([groups.ids.len(), d], &device);
        Self {
            parts: vec![empty.select_assign(0, slots, values, IndexingUpdateOp::Add)],
            ids: groups.ids,
            of: self.of,
        }
    }

    /// The numbers of the rows `[R]`.
    pub(crate) fn index(&self, device: &Device) -> Tensor<1, Int> {
        let ids: Vec<i64> = self.ids.iter().map(|id| i64::from(*id)).collect();
        let n = ids.len();
        Tensor::from_data(TensorData::new(ids, [n]), device)
    }

    /// The whole table's gradient, flat.
    fn whole(self) -> Tensor<1> {
        let values = self.values();
        let [_, d] = values.dims();
        let device = values.device();
        let empty = Tensor::<2>::zeros([self.of, d], &device);
        let all = empty.select_assign(0, self.index(&device), values, IndexingUpdateOp::Add);
        all.reshape([self.of * d])
    }
}

/// Which of some numbers are equal.
pub(crate) struct Groups {
    /// Each number once, in the order in which they are met.
    pub(crate) ids: Vec<u32>,
    /// For each number, its place among those.
    pub(crate) slots: Vec<u32>,
}

impl Groups {
    /// Of numbers below `of`.
    pub(crate) fn new(numbers: &[u32], of: usize) -> Self {
        const NONE: u32 = u32::MAX;
        let mut slot = vec![NONE; of];
        let (mut ids, mut slots) = (Vec::new(), Vec::with_capacity(numbers.len()));
        for id in numbers {
            let Some(own) = slot.get_mut(*id as usize) else {
                continue;
            };
            if *own == NONE {
                *own = ids.len() as u32;
                ids.push(*id);
            }
            slots.push(*own);
        }
        Self { ids, slots }
    }
}

impl Sum {
    /// Both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Sum::Rows(a), Sum::Rows(b)) => Sum::Rows(a.and(b)),
            (a, b) => Sum::Whole(a.whole() + b.whole()),
        }
    }

    /// All of it, flat.
    pub(crate) fn whole(self) -> Tensor<1> {
        match self {
            Sum::Whole(all) => all,
            Sum::Rows(rows) => rows.whole(),
        }
    }

    /// Numbers whose squares add up to those of the gradient.
    pub(crate) fn flat(&self) -> Tensor<1> {
        match self {
            Sum::Whole(all) => all.clone(),
            Sum::Rows(rows) => {
                let rows = rows.clone().together();
                let values = rows.values();
                let [r, d] = values.dims();
                values.reshape([r * d])
            }
        }
    }

    /// Times a number.
    pub(crate) fn times(self, factor: f64) -> Self {
        match self {
            Sum::Whole(all) => Sum::Whole(all.mul_scalar(factor)),
            Sum::Rows(rows) => Sum::Rows(Rows {
                parts: rows
                    .parts
                    .into_iter()
                    .map(|part| part.mul_scalar(factor))
                    .collect(),
                ..rows
            }),
        }
    }
}

/// The parameters of which a program reads rows only, by an index along the first dimension.
pub(crate) fn tables(graph: &Graph, program: &Program) -> BTreeMap<Var, String> {
    let mut tables = BTreeMap::new();
    let mut read_whole: BTreeSet<Var> = program.wanted.iter().copied().collect();
    for var in &program.order {
        let node = graph.node(*var);
        if let Op::Parameter(id) = node.op
            && let Some(parameter) = graph.parameters.get(id.0 as usize)
            && node.shape.len() == 2
        {
            tables.insert(*var, parameter.name.clone());
        }
        let from = usize::from(node.op == Op::Take(0));
        read_whole.extend(&node.inputs[from.min(node.inputs.len())..]);
    }
    // one parameter may be read at several nodes
    let whole: BTreeSet<String> = tables
        .iter()
        .filter(|(var, _)| read_whole.contains(var))
        .map(|(_, name)| name.clone())
        .collect();
    tables.retain(|_, name| !whole.contains(name));
    tables
}
