//! Attention, softmax(scale q kᵀ) v, one head of one picture at a time, so that the scores never leave the cache; backward they
//! are computed again. Keys that a mask hides from the last one seen on, padding, are left out of every product.

use super::mask::{Line, Mask};
use super::memory::{Scratch, Shared, filled, tasks};
use super::product::{
    Columns, LEFT, Rows, Target, multiply, outer, pack_panel, pack_rows, packed_rows,
};
use super::rows::{exp_row, softmax_row, softmax_slope};
use super::simd::Isa;

/// Queries whose scores are kept at once.
const QUERIES: usize = 64;

/// A tensor `[heads, tokens, width]` in memory, the width dense.
#[derive(Clone, Copy)]
pub(crate) struct Heads<'a> {
    pub(crate) at: Shared,
    /// Where each head starts.
    pub(crate) starts: &'a [usize],
    /// Distance of two tokens.
    pub(crate) token: usize,
}

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Attention {
    /// Queries N.
    pub(crate) queries: usize,
    /// Keys and values M.
    pub(crate) keys: usize,
    /// Width of queries and keys.
    pub(crate) width: usize,
    /// Width of values.
    pub(crate) value: usize,
    pub(crate) scale: f32,
}

fn panels(isa: Isa, columns: Columns, to: &Scratch) {
    let width = isa.panel();
    for panel in 0..columns.panels(isa) {
        // SAFETY: the scratch was made for this many panels.
        unsafe {
            pack_panel(
                columns,
                panel * width,
                width,
                to.ptr().add(panel * width * columns.length()),
            )
        };
    }
}

impl Attention {
    /// `k` as `[width, keys]`, or `[keys, width]`.
    fn columns(at: *const f32, token: usize, tokens: usize, width: usize, turned: bool) -> Columns {
        let (l, n) = match turned {
            true => ((width, 1), (tokens, token as isize)),
            false => ((tokens, token as isize), (width, 1)),
        };
        Columns {
            at,
            l: [(1, 0), (1, 0), l],
            n,
        }
    }
}

/// Rows at equal distances.
fn starts(count: usize, stride: usize) -> Vec<usize> {
    (0..count).map(|i| i * stride).collect()
}

/// Rows times packed `columns`, or times the first `a.len` rows of them.
///
/// # Safety
/// As [`multiply`].
unsafe fn times(isa: Isa, a: Rows<'_>, columns: Columns, packed: &Scratch, to: Target<'_>) {
    let (width, length) = (isa.panel(), columns.length());
    let panels = to.cols.div_ceil(width);
    // SAFETY: the caller's promise.
    unsafe {
        if a.len == length {
            multiply(isa, a, packed.ptr(), 0, panels, to);
            return;
        }
        for panel in 0..panels {
            // where the panel would start if panels had no more rows than `a` has numbers
            let start = packed
                .ptr()
                .wrapping_add(panel * width * length)
                .wrapping_sub(panel * width * a.len);
            multiply(isa, a, start, panel, panel + 1, to);
        }
    }
}

/// Keys that the queries of a head look at, and a line of the mask for each query of a block.
struct Sight<'a> {
    of: &'a Attention,
    mask: Option<&'a Mask>,
    head: usize,
}

impl Sight<'_> {
    fn line(&self, query: usize) -> Line<'_> {
        match self.mask {
            Some(mask) => mask.line(self.head, query),
            None => Line::whole(self.of.keys),
        }
    }

    /// Keys up to the last that one of these queries looks at.
    fn keys(&self, queries: std::ops::Range<usize>) -> usize {
        match self.mask {
            Some(mask) => mask.keys(self.head, queries),
            None => self.of.keys,
        }
    }
}

/// The result into `out`; gives the logarithms of the sums of exponentials, `[heads, queries]`, which [`gradient`] needs.
///
/// A query that may look at no key looks at all of them alike.
///
/// # Safety
/// All tensors are memory that the sizes fit; `out` is written by nobody else.
pub(crate) unsafe fn forward(
    isa: Isa,
    of: &Attention,
    [q, k, v]: [Heads<'_>; 3],
    mask: Option<&Mask>,
    out: Heads<'_>,
) -> Vec<f32> {
    assert!(mask.is_none_or(|mask| mask.fits(q.starts.len(), of.queries, of.keys)));
    filled(q.starts.len() * of.queries, |logs| {
        let logs = Shared::new(logs.as_mut_ptr());
        // SAFETY: the caller's promise.
        unsafe { forward_to(isa, of, [q, k, v], mask, out, logs) };
    })
}

unsafe fn forward_to(
    isa: Isa,
    of: &Attention,
    [q, k, v]: [Heads<'_>; 3],
    mask: Option<&Mask>,
    out: Heads<'_>,
    logs: Shared,
) {
    let padded = of.keys.next_multiple_of(isa.panel());
    tasks(q.starts.len(), |head| {
        let sight = Sight { of, mask, head };
        let seen = sight.keys(0..of.queries);
        let keys = Attention::columns(k.at.at(k.starts[head]), k.token, seen, of.width, true);
        let values = Attention::columns(v.at.at(v.starts[head]), v.token, seen, of.value, false);
        let (packed_keys, packed_values) = (
            Scratch::new(keys.packed(isa)),
            Scratch::new(values.packed(isa)),
        );
        panels(isa, keys, &packed_keys);
        panels(isa, values, &packed_values);
        let scores = Scratch::new(QUERIES * padded);
        let score_rows = starts(QUERIES, padded);
        for first in (0..of.queries).step_by(QUERIES) {
            let some = QUERIES.min(of.queries - first);
            let seen = sight.keys(first..first + some);
            let query_rows = starts(some, q.token);
            let out_rows = starts(some, out.token);
            // SAFETY: the caller's promise; each task writes its own head.
            unsafe {
                let a = Rows {
                    at: Shared::new(q.at.at(q.starts[head] + first * q.token)),
                    starts: &query_rows,
                    pieces: &[0],
                    len: of.width,
                };
                let to = Target {
                    at: scores.shared(),
                    starts: &score_rows[..some],
                    cols: seen,
                    bias: Shared::none(),
                    add: false,
                };
                times(isa, a, keys, &packed_keys, to);
                for row in 0..some {
                    let at = scores.ptr().add(row * padded);
                    let line = sight.line(first + row);
                    let count = line.gather(at);
                    let log = softmax_row(isa, at, count, of.scale, at);
                    line.scatter(at, seen);
                    *logs.at(head * of.queries + first + row) = log;
                }
                let a = Rows {
                    at: scores.shared(),
                    starts: &score_rows[..some],
                    pieces: &[0],
                    len: seen,
                };
                let to = Target {
                    at: Shared::new(out.at.at(out.starts[head] + first * out.token)),
                    starts: &out_rows,
                    cols: of.value,
                    bias: Shared::none(),
                    add: false,
                };
                times(isa, a, values, &packed_values, to);
            }
        }
    });
}

/// The gradients of queries, keys and values, of the result's, and of what [`forward`] gave.
///
/// # Safety
/// As [`forward`].
#[allow(clippy::too_many_arguments)]
pub(crate) unsafe fn gradient(
    isa: Isa,
    of: &Attention,
    [q, k, v]: [Heads<'_>; 3],
    mask: Option<&Mask>,
    logs: &[f32],
    d_out: Heads<'_>,
    [dq, dk, dv]: [Heads<'_>; 3],
) {
    let width = isa.panel();
    let padded = of.keys.next_multiple_of(width);
    assert!(logs.len() == q.starts.len() * of.queries);
    assert!(mask.is_none_or(|mask| mask.fits(q.starts.len(), of.queries, of.keys)));
    tasks(q.starts.len(), |head| {
        let sight = Sight { of, mask, head };
        let all = sight.keys(0..of.queries);
        let turned_keys = Attention::columns(k.at.at(k.starts[head]), k.token, all, of.width, true);
        let keys = Attention::columns(k.at.at(k.starts[head]), k.token, all, of.width, false);
        let turned_values =
            Attention::columns(v.at.at(v.starts[head]), v.token, all, of.value, true);
        let [packed_turned_keys, packed_keys, packed_values] = [turned_keys, keys, turned_values]
            .map(|columns| {
                let packed = Scratch::new(columns.packed(isa));
                panels(isa, columns, &packed);
                packed
            });
        let (scores, slopes) = (
            Scratch::new(QUERIES * padded),
            Scratch::new(QUERIES * padded),
        );
        let score_rows = starts(QUERIES, padded);
        let (key_panels, value_panels) = (of.width.div_ceil(width), of.value.div_ceil(width));
        let rows = all.next_multiple_of(LEFT);
        let left = Scratch::new(packed_rows(QUERIES, all));
        // sums of the gradients of keys and values, `[panel, keys, panel width]`
        let key_sums = Scratch::new(key_panels * rows * width);
        let value_sums = Scratch::new(value_panels * rows * width);
        let packed = Scratch::new(QUERIES * width);
        // later queries may look at more keys than the first ones: then the sums start as zeros
        let uneven = mask.is_some_and(Mask::by_query);
        // SAFETY: the caller's promise; each task writes its own head.
        unsafe {
            if uneven {
                key_sums.ptr().write_bytes(0, key_panels * rows * width);
                value_sums.ptr().write_bytes(0, value_panels * rows * width);
            }
            for first in (0..of.queries).step_by(QUERIES) {
                let some = QUERIES.min(of.queries - first);
                let seen = sight.keys(first..first + some);
                let fresh = first == 0 && !uneven;
                let score_rows = &score_rows[..some];
                let q_at = q.at.at(q.starts[head] + first * q.token);
                let d_at = d_out.at.at(d_out.starts[head] + first * d_out.token);
                let (query_rows, out_rows) = (starts(some, q.token), starts(some, d_out.token));
                let target = |of_rows: &Scratch| Target {
                    at: of_rows.shared(),
                    starts: score_rows,
                    cols: seen,
                    bias: Shared::none(),
                    add: false,
                };
                let a = Rows {
                    at: Shared::new(q_at),
                    starts: &query_rows,
                    pieces: &[0],
                    len: of.width,
                };
                times(isa, a, turned_keys, &packed_turned_keys, target(&scores));
                let a = Rows {
                    at: Shared::new(d_at),
                    starts: &out_rows,
                    pieces: &[0],
                    len: of.value,
                };
                times(isa, a, turned_values, &packed_values, target(&slopes));
                for row in 0..some {
                    let (score, slope) = (
                        scores.ptr().add(row * padded),
                        slopes.ptr().add(row * padded),
                    );
                    let log = logs[head * of.queries + first + row];
                    let line = sight.line(first + row);
                    let count = line.gather(score);
                    line.gather_slopes(slope);
                    exp_row(isa, score, count, of.scale, log);
                    softmax_slope(isa, score, slope, count, of.scale, slope);
                    line.scatter(score, seen);
                    line.scatter(slope, seen);
                }
                let lines = |of_rows: &Scratch| Rows {
                    at: of_rows.shared(),
                    starts: score_rows,
                    pieces: &[0],
                    len: seen,
                };
                let dq_rows = starts(some, dq.token);
                let to = Target {
                    at: Shared::new(dq.at.at(dq.starts[head] + first * dq.token)),
                    starts: &dq_rows,
                    cols: of.width,
                    bias: Shared::none(),
                    add: false,
                };
                times(isa, lines(&slopes), keys, &packed_keys, to);
                pack_rows(lines(&scores), 0..seen, left.ptr());
                for panel in 0..value_panels {
                    let columns = Attention::columns(d_at, d_out.token, some, of.value, false);
                    pack_panel(columns, panel * width, width, packed.ptr());
                    let sums = value_sums.ptr().add(panel * rows * width);
                    outer(isa, left.ptr(), some, seen, packed.ptr(), sums, fresh);
                }
                pack_rows(lines(&slopes), 0..seen, left.ptr());
                for panel in 0..key_panels {
                    let columns = Attention::columns(q_at, q.token, some, of.width, false);
                    pack_panel(columns, panel * width, width, packed.ptr());
                    let sums = key_sums.ptr().add(panel * rows * width);
                    outer(isa, left.ptr(), some, seen, packed.ptr(), sums, fresh);
                }
            }
            for (sums, to, wide) in [(&key_sums, dk, of.width), (&value_sums, dv, of.value)] {
                for key in 0..of.keys {
                    let to = to.at.at(to.starts[head] + key * to.token);
                    if key >= all {
                        to.write_bytes(0, wide);
                        continue;
                    }
                    for col in (0..wide).step_by(width) {
                        let from = sums.ptr().add((col / width * rows + key) * width);
                        from.copy_to_nonoverlapping(to.add(col), width.min(wide - col));
                    }
                }
            }
        }
    });
}
