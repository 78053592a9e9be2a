//! Updates of some rows of a table, in place.

use super::memory::{Shared, tasks};
use super::simd::{Isa, Simd, kernel, prefetch};

/// Rows of a task.
const PIECE: usize = 64;
/// The tables are larger than the caches, and their rows come in no order: a row is asked for so many rows before it moves.
const AHEAD: usize = 4;
/// Numbers of a line of a cache.
const LINE: usize = 16;

/// How a row moves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// `w -= rate g`
    Sgd {
        /// The learning rate.
        rate: f32,
    },
    /// `s += g²`, `w -= rate g / (√s + ε)`
    Adagrad {
        /// The learning rate.
        rate: f32,
        /// ε
        epsilon: f32,
    },
    /// Adam's moments, of the rows that are there.
    Adam {
        /// The learning rate over 1 - β₁ᵗ.
        rate: f32,
        /// 1 / √(1 - β₂ᵗ)
        root: f32,
        /// β
        betas: [f32; 2],
        /// 1 - β, computed in 64 bits.
        rest: [f32; 2],
        /// ε
        epsilon: f32,
    },
}

/// Moves the rows `ids` of `w [V, d]`, each by the sum of its gradients in `g [R, d]`, some rows after the others: `slots [R]` says whose each
/// is. `first`, `second`: what the rule remembers of `w`, or nothing.
pub(crate) fn update(
    isa: Isa,
    rule: Rule,
    [ids, slots]: [&[u32]; 2],
    d: usize,
    w: &mut [f32],
    g: &[&[f32]],
    [first, second]: [&mut [f32]; 2],
) {
    assert!(d > 0 && g.iter().all(|part| part.len().is_multiple_of(d)));
    assert!(g.iter().map(|part| part.len()).sum::<usize>() == slots.len() * d);
    assert!(ids.iter().all(|id| (*id as usize + 1) * d <= w.len()));
    assert!(slots.iter().all(|slot| (*slot as usize) < ids.len()));
    let (wants_first, wants_second) = match rule {
        Rule::Sgd { .. } => (false, false),
        Rule::Adagrad { .. } => (false, true),
        Rule::Adam { .. } => (true, true),
    };
    assert!(!wants_first || first.len() == w.len());
    assert!(!wants_second || second.len() == w.len());
    // the gradients of each row, one row after the other
    let mut starts = vec![0u32; ids.len() + 1];
    for slot in slots {
        starts[*slot as usize + 1] += 1;
    }
    for i in 0..ids.len() {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut order = vec![Shared::none(); slots.len()];
    let rows = g.iter().flat_map(|part| part.chunks_exact(d));
    for (row, slot) in rows.zip(slots) {
        let place = &mut next[*slot as usize];
        order[*place as usize] = Shared::of(row);
        *place += 1;
    }
    let [w, first, second] = [w, first, second].map(|of| Shared::new(of.as_mut_ptr()));
    tasks(ids.len().div_ceil(PIECE), |piece| {
        let rows = piece * PIECE..((piece + 1) * PIECE).min(ids.len());
        for row in rows {
            if let Some(next) = ids.get(row + AHEAD) {
                let at = *next as usize * d;
                for line in (0..d).step_by(LINE) {
                    prefetch(w.at(at + line));
                    if wants_first {
                        prefetch(first.at(at + line));
                    }
                    if wants_second {
                        prefetch(second.at(at + line));
                    }
                }
            }
            let at = ids[row] as usize * d;
            let of = &order[starts[row] as usize..starts[row + 1] as usize];
            let place = |of: Shared, wanted: bool| match wanted {
                true => of.at(at),
                false => std::ptr::null_mut(),
            };
            // SAFETY: the rows are within the tables, as checked above, and each is one task's.
            unsafe {
                move_row(
                    isa,
                    rule,
                    of,
                    d,
                    w.at(at),
                    place(first, wants_first),
                    place(second, wants_second),
                )
            };
        }
    });
}

kernel! {
    /// # Safety
    /// Each of `of` is a row of `d` numbers; `w` has `d`, and so have `first` and `second` where the rule wants them.
    fn move_row = move_body(
        rule: Rule,
        of: &[Shared],
        d: usize,
        w: *mut f32,
        first: *mut f32,
        second: *mut f32,
    )
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn move_body<S: Simd>(
    rule: Rule,
    of: &[Shared],
    d: usize,
    w: *mut f32,
    first: *mut f32,
    second: *mut f32,
) {
    for i in (0..d).step_by(S::N) {
        let n = d - i;
        // SAFETY: the caller promises `d` numbers everywhere.
        unsafe {
            let mut sum = S::zero();
            for row in of {
                sum = S::add(sum, S::load_some(row.at(i), n));
            }
            let old = S::load_some(w.add(i), n);
            let moved = match rule {
                Rule::Sgd { rate } => S::fma(S::splat(-rate), sum, old),
                Rule::Adagrad { rate, epsilon } => {
                    let squares = S::fma(sum, sum, S::load_some(second.add(i), n));
                    S::store_some(second.add(i), squares, n);
                    let root = S::add(S::sqrt(squares), S::splat(epsilon));
                    S::sub(old, S::mul(S::splat(rate), S::div(sum, root)))
                }
                Rule::Adam {
                    rate,
                    root,
                    betas,
                    rest,
                    epsilon,
                } => {
                    let m = S::mul(S::splat(betas[0]), S::load_some(first.add(i), n));
                    let m = S::fma(S::splat(rest[0]), sum, m);
                    let v = S::mul(S::splat(betas[1]), S::load_some(second.add(i), n));
                    let v = S::fma(S::splat(rest[1]), S::mul(sum, sum), v);
                    S::store_some(first.add(i), m, n);
                    S::store_some(second.add(i), v, n);
                    let below = S::fma(S::sqrt(v), S::splat(root), S::splat(epsilon));
                    S::sub(old, S::mul(S::splat(rate), S::div(m, below)))
                }
            };
            S::store_some(w.add(i), moved, n);
        }
    }
}
