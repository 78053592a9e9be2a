//! What is read by index: rows of a table, one number of each row.

use std::sync::Arc;

use burn_flex::FlexTensor;

use crate::engine::host::HostTensor;
use crate::engine::kernels::entropy;
use crate::engine::kernels::map::{is_f32, numbers, row_major, shape, tensor};
use crate::engine::kernels::memory::{Shared, filled, tasks};
use crate::engine::kernels::simd::{Isa, prefetch};
use crate::engine::kernels::tape::{Held, Left, Rule, record};
use crate::engine::value::Value;

/// An index, each number below `of`.
fn ids(index: &Value, of: usize) -> Option<Vec<u32>> {
    let HostTensor::Int { data, .. } = index.clone().download().ok()? else {
        return None;
    };
    let id = |id: i64| u32::try_from(id).ok().filter(|id| (*id as usize) < of);
    data.into_iter().map(id).collect()
}

/// Rows of a table that is trained: `x [V, ..]`, `index [R]` → `[R, ..]`.
pub(super) fn take(inputs: &[Value], left: Option<(usize, Left)>) -> Option<Held> {
    let [x, index] = inputs else { return None };
    let mut x = super::held(x.clone())?;
    if !x.is_tracked() || !is_f32(x.plain()) {
        return None;
    }
    if let Some((0, left)) = left {
        x.leave(left);
    }
    let table = row_major(x.plain().clone());
    let sizes = shape(&table);
    let ids = ids(index, sizes[0])?;
    let width = sizes[1..].iter().product::<usize>();
    let y = gathered(numbers(&table), &ids, width);
    let mut taken = sizes.clone();
    taken[0] = ids.len();
    let ids = ids.into();
    Some(record([x], Take { ids, sizes }, tensor(y, &taken)))
}

/// The same of a table that is not: `None` where there is no kernel for it.
pub(crate) fn read_rows(inputs: &[Value]) -> Option<Value> {
    let [x, index] = inputs else { return None };
    let x = super::held(x.clone())?;
    if x.is_tracked() || !is_f32(x.plain()) {
        return None;
    }
    let table = row_major(x.plain().clone());
    let mut sizes = shape(&table);
    let ids = ids(index, sizes[0])?;
    let width = sizes[1..].iter().product::<usize>();
    let y = gathered(numbers(&table), &ids, width);
    sizes[0] = ids.len();
    let rank = sizes.len();
    Some(super::value(Held::Plain(tensor(y, &sizes)), rank))
}

/// Rows of a table `[V, width]`, one after the other.
fn gathered(table: &[f32], ids: &[u32], width: usize) -> Vec<f32> {
    /// Rows of a task.
    const PIECE: usize = 256;
    /// They come in no order: a row is asked for so many rows before it is copied.
    const AHEAD: usize = 8;
    /// Numbers of a line of a cache.
    const LINE: usize = 16;
    let row = |id: u32| &table[id as usize * width..][..width];
    filled(ids.len() * width, |y| {
        let y = Shared::new(y.as_mut_ptr());
        tasks(ids.len().div_ceil(PIECE), |task| {
            let first = task * PIECE;
            let some = PIECE.min(ids.len() - first);
            // SAFETY: each task has its own rows.
            let to = unsafe { std::slice::from_raw_parts_mut(y.at(first * width), some * width) };
            for (at, to) in to.chunks_mut(width.max(1)).enumerate() {
                if let Some(next) = ids.get(first + at + AHEAD) {
                    let next = row(*next);
                    (0..width)
                        .step_by(LINE)
                        .for_each(|i| prefetch(&raw const next[i]));
                }
                to.copy_from_slice(row(ids[first + at]));
            }
        });
    })
}

#[derive(Clone, Debug)]
struct Take {
    ids: Arc<[u32]>,
    /// Of the table.
    sizes: Vec<usize>,
}

impl Take {
    /// Adds the rows of `dy` to theirs, in order. Tasks differ in columns.
    fn add_to(&self, into: &mut [f32], dy: &[f32]) {
        let width = dy.len() / self.ids.len().max(1);
        let columns = width.div_ceil(4).max(16);
        let (into, dy) = (Shared::new(into.as_mut_ptr()), Shared::of(dy));
        tasks(width.div_ceil(columns), |task| {
            let first = task * columns;
            let some = columns.min(width - first);
            for (row, id) in self.ids.iter().enumerate() {
                // SAFETY: there is a row of `dy` for each id, and one of the table; each task has its own columns.
                let (to, from) = unsafe {
                    let to = into.at(*id as usize * width + first);
                    (
                        std::slice::from_raw_parts_mut(to, some),
                        std::slice::from_raw_parts(dy.at(row * width + first), some),
                    )
                };
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        });
    }
}

impl Rule<1> for Take {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dy = row_major(dy);
        let mut sum = vec![0.0; self.sizes.iter().product()];
        self.add_to(&mut sum, numbers(&dy));
        [Some(tensor(sum, &self.sizes))]
    }

    /// A large table of which few rows are read: they are added to what the others leave.
    fn backward_onto(
        self,
        dy: FlexTensor,
        wanted: [bool; 1],
        left: &mut [Option<FlexTensor>; 1],
    ) -> [Option<FlexTensor>; 1] {
        let alone = |sum: &FlexTensor| {
            sum.is_unique() && sum.is_contiguous() && shape(sum) == self.sizes && is_f32(sum)
        };
        match left[0].take() {
            Some(mut sum) if alone(&sum) => {
                let dy = row_major(dy);
                let start = sum.layout().start_offset();
                let end = start + sum.layout().num_elements();
                self.add_to(&mut sum.storage_mut::<f32>()[start..end], numbers(&dy));
                [Some(sum)]
            }
            other => {
                left[0] = other;
                self.backward(dy, wanted)
            }
        }
    }
}

/// log softmax(x)\[target\] of each row: `x [R, C]`, targets `[R, 1]` → `[R, 1]`. `None` where there is no kernel for it.
pub(crate) fn chosen_log_softmax(inputs: &[Value]) -> Option<Value> {
    let [x, index] = inputs else { return None };
    let held = super::held(x.clone())?;
    if !is_f32(held.plain()) {
        return None;
    }
    let x = row_major(held.plain().clone());
    let [m, c] = <[usize; 2]>::try_from(shape(&x)).ok()?;
    if m == 0 || index.shape() != [m, 1] {
        return None;
    }
    let targets = ids(index, c)?;
    let from = numbers(&x);
    let logs = entropy::log_sums(Isa::best(), from, c);
    let rows = from.chunks_exact(c).zip(&targets).zip(&logs);
    let y = rows
        .map(|((row, target), log)| row[*target as usize] - log)
        .collect();
    let rule = Chosen {
        x,
        logs: logs.into(),
        targets: targets.into(),
    };
    Some(super::value(record([held], rule, tensor(y, &[m, 1])), 2))
}

#[derive(Clone, Debug)]
struct Chosen {
    x: FlexTensor,
    logs: Arc<[f32]>,
    targets: Arc<[u32]>,
}

impl Rule<1> for Chosen {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dy = row_major(dy);
        let d = numbers(&dy);
        let dx =
            entropy::chosen_gradient(Isa::best(), numbers(&self.x), &self.logs, &self.targets, d);
        [Some(tensor(dx, &shape(&self.x)))]
    }
}
