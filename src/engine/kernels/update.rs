//! Optimiser updates in one pass over the numbers, in place.

use super::memory::{Shared, tasks};
use super::simd::{Isa, Simd, kernel};

/// Numbers of a task.
const PIECE: usize = 1 << 16;

/// Stochastic gradient descent: `v = momentum v + factor (g + decay w)`, `w -= rate v` (or, with Nesterov, the gradient plus
/// `momentum v`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sgd {
    pub(crate) rate: f32,
    pub(crate) momentum: f32,
    pub(crate) decay: f32,
    pub(crate) factor: f32,
    pub(crate) nesterov: bool,
    /// Whether there is no velocity yet.
    pub(crate) first: bool,
}

/// Adam: moments of `g + decay w`, and `w = keep w - rate m / (root √v + ε)`, bias corrections inside `rate` and `root`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adam {
    pub(crate) rate: f32,
    pub(crate) root: f32,
    pub(crate) betas: [f32; 2],
    /// 1 - β, computed in 64 bits.
    pub(crate) rest: [f32; 2],
    pub(crate) epsilon: f32,
    /// Added to the gradient (Adam).
    pub(crate) decay: f32,
    /// Factor of the weight (AdamW).
    pub(crate) keep: f32,
    /// Whether there are no moments yet.
    pub(crate) first: bool,
}

/// One step of SGD; `v` is not read or written without momentum.
pub(crate) fn sgd(isa: Isa, of: Sgd, w: &mut [f32], g: &[f32], v: &mut [f32]) {
    assert!(g.len() == w.len() && (of.momentum == 0.0 || v.len() == w.len()));
    let n = w.len();
    let (w, g, v) = (
        Shared::new(w.as_mut_ptr()),
        Shared::of(g),
        Shared::new(v.as_mut_ptr()),
    );
    tasks(n.div_ceil(PIECE), |i| {
        let at = i * PIECE;
        // SAFETY: each task has its own numbers.
        unsafe { sgd_piece(isa, of, w.at(at), g.at(at), v.at(at), PIECE.min(n - at)) };
    });
}

kernel! {
    /// # Safety
    /// All have `n` numbers.
    fn sgd_piece = sgd_body(of: Sgd, w: *mut f32, g: *const f32, v: *mut f32, n: usize)
}

#[inline(always)]
unsafe fn sgd_body<S: Simd>(of: Sgd, w: *mut f32, g: *const f32, v: *mut f32, n: usize) {
    for i in (0..n).step_by(S::N) {
        let n = n - i;
        // SAFETY: the caller promises `n` numbers.
        unsafe {
            let old = S::load_n(w.add(i), n);
            let mut step = S::load_n(g.add(i), n);
            if of.decay != 0.0 {
                step = S::fma(S::splat(of.decay), old, step);
            }
            if of.factor != 1.0 {
                step = S::mul(step, S::splat(of.factor));
            }
            if of.momentum != 0.0 {
                let gradient = step;
                if !of.first {
                    step = S::fma(S::splat(of.momentum), S::load_n(v.add(i), n), gradient);
                }
                S::store_n(v.add(i), step, n);
                if of.nesterov {
                    step = S::fma(S::splat(of.momentum), step, gradient);
                }
            }
            S::store_n(w.add(i), S::fma(S::splat(-of.rate), step, old), n);
        }
    }
}

/// One step of Adam or AdamW.
pub(crate) fn adam(isa: Isa, of: Adam, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    assert!(g.len() == w.len() && m.len() == w.len() && v.len() == w.len());
    let n = w.len();
    let g = Shared::of(g);
    let [w, m, v] = [w, m, v].map(|s| Shared::new(s.as_mut_ptr()));
    tasks(n.div_ceil(PIECE), |i| {
        let at = i * PIECE;
        // SAFETY: each task has its own numbers.
        unsafe {
            adam_piece(
                isa,
                of,
                w.at(at),
                g.at(at),
                m.at(at),
                v.at(at),
                PIECE.min(n - at),
            )
        };
    });
}

kernel! {
    /// # Safety
    /// All have `n` numbers.
    fn adam_piece = adam_body(of: Adam, w: *mut f32, g: *const f32, m: *mut f32, v: *mut f32, n: usize)
}

#[inline(always)]
unsafe fn adam_body<S: Simd>(
    of: Adam,
    w: *mut f32,
    g: *const f32,
    m: *mut f32,
    v: *mut f32,
    n: usize,
) {
    for i in (0..n).step_by(S::N) {
        let n = n - i;
        // SAFETY: the caller promises `n` numbers.
        unsafe {
            let old = S::load_n(w.add(i), n);
            let mut g = S::load_n(g.add(i), n);
            if of.decay != 0.0 {
                g = S::fma(S::splat(of.decay), old, g);
            }
            let mut first = S::mul(g, S::splat(of.rest[0]));
            let mut second = S::mul(S::mul(g, g), S::splat(of.rest[1]));
            if !of.first {
                first = S::fma(S::splat(of.betas[0]), S::load_n(m.add(i), n), first);
                second = S::fma(S::splat(of.betas[1]), S::load_n(v.add(i), n), second);
            }
            S::store_n(m.add(i), first, n);
            S::store_n(v.add(i), second, n);
            let root = S::fma(S::sqrt(second), S::splat(of.root), S::splat(of.epsilon));
            let step = S::mul(S::div(first, root), S::splat(of.rate));
            S::store_n(w.add(i), S::sub(S::mul(old, S::splat(of.keep)), step), n);
        }
    }
}
