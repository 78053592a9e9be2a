//! Exponential, error function and what is made of them, on vectors.

use super::simd::Simd;

/// e to the power of `x`, within 2e-7 of it; 0 below -87.
#[inline(always)]
pub(crate) unsafe fn exp<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller has the instruction set.
    unsafe {
        // NaN, the second operand, stays
        let x = S::min(S::splat(88.0), S::max(S::splat(-87.3), x));
        let n = S::round(S::mul(x, S::splat(std::f32::consts::LOG2_E)));
        let r = S::fma(n, S::splat(-0.693_359_4), x);
        let r = S::fma(n, S::splat(2.121_944_4e-4), r);
        // Cephes' polynomial for |r| ≤ ln 2 / 2
        let mut p = S::splat(1.987_569_1e-4);
        for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5] {
            p = S::fma(p, r, S::splat(c));
        }
        let p = S::add(S::fma(p, S::mul(r, r), r), S::splat(1.0));
        S::mul(p, S::pow2(n))
    }
}

/// The normal distribution function Φ(x) and its density φ(x), each within 2e-7 (Abramowitz & Stegun, 7.1.26).
#[inline(always)]
pub(crate) unsafe fn normal<S: Simd>(x: S::V) -> (S::V, S::V) {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let minus = S::sub(S::zero(), x);
        let z = S::mul(S::max(minus, x), S::splat(std::f32::consts::FRAC_1_SQRT_2));
        let e = exp::<S>(S::sub(S::zero(), S::mul(z, z)));
        let t = S::div(
            S::splat(1.0),
            S::fma(z, S::splat(0.327_591_1), S::splat(1.0)),
        );
        let mut p = S::splat(1.061_405_4);
        for c in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            p = S::fma(p, t, S::splat(c));
        }
        // (1 - erf z) / 2, the tail beyond |x|
        let tail = S::mul(S::mul(p, t), S::mul(e, S::splat(0.5)));
        // Φ is the tail below 0, and 1 minus it above
        let below = S::keep(minus, tail);
        let above = S::keep(x, S::sub(S::splat(1.0), tail));
        // at 0 neither is kept
        let middle = S::where_equal(x, S::zero(), S::splat(0.5));
        let phi = S::add(S::add(below, above), middle);
        (phi, S::mul(e, S::splat(0.398_942_3)))
    }
}
