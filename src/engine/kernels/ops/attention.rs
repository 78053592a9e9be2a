//! Attention of heads.

use std::sync::Arc;

use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};

use super::{held, value};
use crate::engine::kernels::attention::{self, Attention, Heads};
use crate::engine::kernels::map::{is_f32, numbers, row_major, shape, tensor};
use crate::engine::kernels::mask::Mask;
use crate::engine::kernels::memory::{Shared, filled};
use crate::engine::kernels::simd::Isa;
use crate::engine::kernels::tape::{Held, Rule, record};
use crate::engine::value::Value;

/// `q [.., N, d]`, `k [.., M, d]`, `v [.., M, e]`, perhaps a mask `[.., N, M]` whose sizes may be 1 → `[.., N, e]`. There is no kernel
/// for masks that are learnt, or of other numbers than 1 and 0.
pub(super) fn attend(mut inputs: Vec<Held>, scale: f64) -> Option<Held> {
    let given = (inputs.len() > 3).then(|| inputs.pop()).flatten();
    let inputs = <[Held; 3]>::try_from(inputs).ok()?;
    let [q, k, v] = inputs.each_ref().map(|x| dense_width(x.plain().clone()));
    let (qs, ks, vs) = (shape(&q), shape(&k), shape(&v));
    let rank = qs.len();
    if !(3..=4).contains(&rank) || [&qs, &ks, &vs].iter().any(|s| s.contains(&0)) {
        return None;
    }
    let of = Attention {
        queries: qs[rank - 2],
        keys: ks[rank - 2],
        width: qs[rank - 1],
        value: vs[rank - 1],
        scale: scale as f32,
    };
    let mut sizes = qs;
    let mask = match given {
        Some(given) => Some(mask(&given, &sizes[..rank - 2], of.queries, of.keys)?),
        None => None,
    };
    sizes[rank - 1] = of.value;
    let mut logs = Vec::new();
    let y = fresh(&sizes, |out| {
        let [q, k, v] = [&q, &k, &v].map(Split::of);
        let inputs = [q.heads(), k.heads(), v.heads()];
        // SAFETY: the sizes and layouts are the tensors' own.
        logs = unsafe { attention::forward(Isa::best(), &of, inputs, mask.as_ref(), out) };
    });
    let rule = Attended {
        of,
        q,
        k,
        v,
        mask: mask.map(Arc::new),
        logs: logs.into(),
    };
    Some(record(inputs, rule, y))
}

/// What a kernel takes of a mask for heads of these sizes.
fn mask(given: &Held, leading: &[usize], queries: usize, keys: usize) -> Option<Mask> {
    if given.is_tracked() {
        return None;
    }
    let given = row_major(given.plain().clone());
    let sizes = shape(&given);
    let (own, last) = sizes.split_at_checked(leading.len())?;
    let &[rows, columns] = last else { return None };
    if columns != keys {
        return None;
    }
    // heads that share rows start at the same one
    let mut starts = vec![0];
    for (own, all) in own.iter().zip(leading) {
        starts = starts
            .iter()
            .flat_map(|start| (0..*all).map(move |i| start * own + i.min(own - 1)))
            .collect();
    }
    starts.iter_mut().for_each(|start| *start *= rows);
    let mask = Mask::new(numbers(&given), keys, starts, rows)?;
    mask.fits(leading.iter().product(), queries, keys)
        .then_some(mask)
}

/// The same of `[B, N, 3 heads d]`, queries, keys and values of all heads one after the other: `[B, heads, N, d]`. `None` where
/// there is no kernel for it.
pub(crate) fn joined_attention(inputs: &[Value], heads: usize, scale: f64) -> Option<Value> {
    let input = held(inputs.first()?.clone())?;
    if !is_f32(input.plain()) {
        return None;
    }
    let joined = row_major(input.plain().clone());
    let [batch, tokens, three] = <[usize; 3]>::try_from(shape(&joined)).ok()?;
    let size = three / (3 * heads.max(1));
    if size * 3 * heads != three || joined.layout().num_elements() == 0 {
        return None;
    }
    let of = Attention {
        queries: tokens,
        keys: tokens,
        width: size,
        value: size,
        scale: scale as f32,
    };
    let mut logs = Vec::new();
    let y = fresh(&[batch, heads, tokens, size], |out| {
        let parts = Joined::of(Shared::of(numbers(&joined)), batch, heads, &of);
        // SAFETY: the sizes are the tensors' own.
        logs = unsafe { attention::forward(Isa::best(), &of, parts.heads(), None, out) };
    });
    let rule = JoinedAttention {
        of,
        heads,
        joined,
        logs: logs.into(),
    };
    Some(value(record([input], rule, y), 4))
}

/// Queries, keys and values in one tensor `[B, N, 3 heads d]`.
struct Joined([Split; 3]);

impl Joined {
    fn of(at: Shared, batch: usize, heads: usize, of: &Attention) -> Self {
        let all = heads * of.width;
        Self(std::array::from_fn(|part| Split {
            at,
            starts: (0..batch * heads)
                .map(|i| i / heads * of.queries * 3 * all + part * all + i % heads * of.width)
                .collect(),
            token: 3 * all,
        }))
    }

    fn heads(&self) -> [Heads<'_>; 3] {
        self.0.each_ref().map(Split::heads)
    }
}

#[derive(Clone, Debug)]
struct JoinedAttention {
    of: Attention,
    heads: usize,
    joined: FlexTensor,
    /// `[batch heads, queries]`
    logs: Arc<[f32]>,
}

impl Rule<1> for JoinedAttention {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dy = dense_width(dy);
        let sizes = shape(&self.joined);
        let batch = sizes[0];
        let inputs = Joined::of(
            Shared::of(numbers(&self.joined)),
            batch,
            self.heads,
            &self.of,
        );
        let d = Split::of(&dy);
        let gradient = filled(numbers(&self.joined).len(), |out| {
            let out = Shared::new(out.as_mut_ptr());
            let out = Joined::of(out, batch, self.heads, &self.of);
            let isa = Isa::best();
            // SAFETY: the sizes and layouts are the tensors' own.
            unsafe {
                let (inputs, out) = (inputs.heads(), out.heads());
                attention::gradient(isa, &self.of, inputs, None, &self.logs, d.heads(), out);
            };
        });
        [Some(tensor(gradient, &sizes))]
    }
}

/// With the last dimension dense in memory.
fn dense_width(tensor: FlexTensor) -> FlexTensor {
    let strides = tensor.layout().strides();
    match strides.last() {
        Some(1) if strides.iter().all(|stride| *stride >= 0) => tensor,
        _ => row_major(tensor),
    }
}

/// Where the heads of a tensor lie.
struct Split {
    at: Shared,
    starts: Vec<usize>,
    token: usize,
}

impl Split {
    fn of(tensor: &FlexTensor) -> Self {
        let layout = tensor.layout();
        Self::new(
            Shared::of(tensor.storage::<f32>()),
            &shape(tensor),
            layout.strides(),
            layout.start_offset(),
        )
    }

    fn new(at: Shared, sizes: &[usize], strides: &[isize], start: usize) -> Self {
        let rank = sizes.len();
        let mut starts = vec![start];
        for (size, stride) in sizes[..rank - 2].iter().zip(strides) {
            starts = starts
                .iter()
                .flat_map(|start| (0..*size).map(move |i| start + i * *stride as usize))
                .collect();
        }
        Self {
            at,
            starts,
            token: strides[rank - 2] as usize,
        }
    }

    fn heads(&self) -> Heads<'_> {
        Heads {
            at: self.at,
            starts: &self.starts,
            token: self.token,
        }
    }
}

/// A tensor `[.., heads, tokens, width]` that lies as `[.., tokens, heads, width]`, so that joining the heads moves nothing.
fn fresh(sizes: &[usize], fill: impl FnOnce(Heads<'_>)) -> FlexTensor {
    let rank = sizes.len();
    let mut strides = vec![1isize; rank];
    let (tokens, width) = (sizes[rank - 2], sizes[rank - 1]);
    if rank == 4 {
        let heads = sizes[1];
        strides[0] = (heads * tokens * width) as isize;
        strides[1] = width as isize;
        strides[2] = (heads * width) as isize;
    } else {
        strides[0] = (tokens * width) as isize;
        strides[1] = width as isize;
    }
    let data = filled(sizes.iter().product(), |out| {
        let at = Shared::new(out.as_mut_ptr());
        fill(Split::new(at, sizes, &strides, 0).heads());
    });
    let layout = Layout::new(Shape::from(sizes.to_vec()), strides, 0);
    FlexTensor::new(Bytes::from_elems(data), layout, DType::F32)
}

#[derive(Clone, Debug)]
struct Attended {
    of: Attention,
    q: FlexTensor,
    k: FlexTensor,
    v: FlexTensor,
    mask: Option<Arc<Mask>>,
    /// `[heads, queries]`
    logs: Arc<[f32]>,
}

impl Rule<3> for Attended {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let dy = dense_width(dy);
        let [q, k, v, d] = [&self.q, &self.k, &self.v, &dy].map(Split::of);
        let mut gradients = [None, None, None];
        let [dq, dk, dv] = &mut gradients;
        *dq = Some(fresh(&shape(&self.q), |q_out| {
            *dk = Some(fresh(&shape(&self.k), |k_out| {
                *dv = Some(fresh(&shape(&self.v), |v_out| {
                    let inputs = [q.heads(), k.heads(), v.heads()];
                    // SAFETY: the sizes and layouts are the tensors' own.
                    unsafe {
                        attention::gradient(
                            Isa::best(),
                            &self.of,
                            inputs,
                            self.mask.as_deref(),
                            &self.logs,
                            d.heads(),
                            [q_out, k_out, v_out],
                        );
                    }
                }));
            }));
        }));
        gradients
    }
}
