//! Vectors of numbers in the instruction set that the processor has, chosen at run time.
//!
//! A kernel is written once over [`Simd`], and [`kernel!`] makes the three versions of it: AVX-512, AVX2 with FMA, and
//! portable code.

use std::sync::OnceLock;

/// Which version of the kernels runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 16 numbers at once.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 8 numbers at once.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Whatever the compiler makes of arrays of 8.
    Portable,
}

impl Isa {
    /// The best that this processor has.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| Self::all()[0])
    }

    /// All that this processor has, the best first.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if fma && is_x86_feature_detected!("avx512f") {
                all.push(Isa::Avx512);
            }
            if fma {
                all.push(Isa::Avx2);
            }
        }
        all.push(Isa::Portable);
        all
    }

    /// Numbers in a vector.
    pub(crate) fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => 16,
            _ => 8,
        }
    }

    /// Columns of a packed panel: two vectors.
    pub(crate) fn panel(self) -> usize {
        2 * self.lanes()
    }
}

/// Asks for the memory at `p`, which may be any.
#[inline(always)]
pub(crate) fn prefetch(p: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of x86-64; a prefetch reads nothing.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(p.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}

/// A vector of [`Simd::N`] numbers.
///
/// # Safety
/// Every function needs the processor to have the instruction set; pointers must be valid for the numbers read or written.
#[allow(clippy::missing_safety_doc)]
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// Numbers in a vector.
    const N: usize;
    /// Whether there are 32 registers, so that a tile may have 12 rows.
    const WIDE: bool;
    /// The vector.
    type V: Copy;

    unsafe fn splat(x: f32) -> Self::V;
    unsafe fn load(p: *const f32) -> Self::V;
    unsafe fn store(p: *mut f32, v: Self::V);
    /// The first `n` numbers, then zeros; `n` may be more than there are.
    unsafe fn load_n(p: *const f32, n: usize) -> Self::V;
    /// The first `n`.
    unsafe fn store_n(p: *mut f32, v: Self::V, n: usize);
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sqrt(a: Self::V) -> Self::V;
    /// a b + c
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger; unspecified where one is NaN.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; unspecified where one is NaN.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// `v` where `x` is above 0 or NaN, else 0.
    unsafe fn keep(x: Self::V, v: Self::V) -> Self::V;
    /// `(value, index)` where the value is larger than `best` or NaN, else `(best, at)`.
    unsafe fn larger(
        best: Self::V,
        at: Self::V,
        value: Self::V,
        index: Self::V,
    ) -> (Self::V, Self::V);
    /// `v` where `a` equals `b`, else 0.
    unsafe fn where_equal(a: Self::V, b: Self::V, v: Self::V) -> Self::V;
    /// The nearest whole number.
    unsafe fn round(a: Self::V) -> Self::V;
    /// 2 to the power of a whole number between -126 and 127.
    unsafe fn pow2(a: Self::V) -> Self::V;

    /// Asks for the memory at `p`, which may be any.
    #[inline(always)]
    fn prefetch(p: *const f32) {
        prefetch(p);
    }

    /// Asks for the memory at `p`, which may be any, in the second cache.
    #[inline(always)]
    fn prefetch_far(p: *const f32) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: SSE is part of x86-64; a prefetch reads nothing.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T1>(p.cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = p;
    }

    /// At most `n` numbers, then zeros; whole vectors need no mask.
    #[inline(always)]
    unsafe fn load_some(p: *const f32, n: usize) -> Self::V {
        // SAFETY: as the caller promises.
        unsafe {
            match n >= Self::N {
                true => Self::load(p),
                false => Self::load_n(p, n),
            }
        }
    }

    /// Writes at most `n` numbers; whole vectors need no mask.
    #[inline(always)]
    unsafe fn store_some(p: *mut f32, v: Self::V, n: usize) {
        // SAFETY: as the caller promises.
        unsafe {
            match n >= Self::N {
                true => Self::store(p, v),
                false => Self::store_n(p, v, n),
            }
        }
    }

    #[inline(always)]
    unsafe fn zero() -> Self::V {
        // SAFETY: as the caller promises.
        unsafe { Self::splat(0.0) }
    }

    /// The numbers added up in one fixed order.
    #[inline(always)]
    unsafe fn sum(v: Self::V) -> f32 {
        let mut lanes = [0.0f32; 16];
        // SAFETY: no vector has more than 16 numbers.
        unsafe { Self::store(lanes.as_mut_ptr(), v) };
        let mut width = Self::N / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] += lanes[i + width];
            }
            width /= 2;
        }
        lanes[0]
    }

    /// The numbers of each of four added up in one fixed order, another than that of [`Simd::sum`].
    #[inline(always)]
    unsafe fn sums(v: [Self::V; 4]) -> [f32; 4] {
        // SAFETY: as the caller promises.
        unsafe {
            [
                Self::sum(v[0]),
                Self::sum(v[1]),
                Self::sum(v[2]),
                Self::sum(v[3]),
            ]
        }
    }

    /// The largest number.
    #[inline(always)]
    unsafe fn largest(v: Self::V) -> f32 {
        let mut lanes = [f32::NEG_INFINITY; 16];
        // SAFETY: no vector has more than 16 numbers.
        unsafe { Self::store(lanes.as_mut_ptr(), v) };
        lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Simd;
    use std::arch::x86_64::*;

    #[derive(Clone, Copy)]
    pub(crate) struct Avx512;

    #[derive(Clone, Copy)]
    pub(crate) struct Avx2;

    #[inline(always)]
    fn mask16(n: usize) -> u16 {
        if n >= 16 { u16::MAX } else { (1u16 << n) - 1 }
    }

    /// The sums of four vectors.
    #[inline(always)]
    unsafe fn four(v: [__m256; 4]) -> [f32; 4] {
        // SAFETY: the caller has AVX2; four numbers are written where there are four.
        unsafe {
            let ab = _mm256_hadd_ps(v[0], v[1]);
            let cd = _mm256_hadd_ps(v[2], v[3]);
            let all = _mm256_hadd_ps(ab, cd);
            let all = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps::<1>(all));
            let mut out = [0.0; 4];
            _mm_storeu_ps(out.as_mut_ptr(), all);
            out
        }
    }

    // SAFETY (both impls): the caller has the instruction set and valid pointers, which is all that the intrinsics need.
    impl Simd for Avx512 {
        const N: usize = 16;
        const WIDE: bool = true;
        type V = __m512;

        #[inline(always)]
        unsafe fn splat(x: f32) -> __m512 {
            unsafe { _mm512_set1_ps(x) }
        }
        #[inline(always)]
        unsafe fn load(p: *const f32) -> __m512 {
            unsafe { _mm512_loadu_ps(p) }
        }
        #[inline(always)]
        unsafe fn store(p: *mut f32, v: __m512) {
            unsafe { _mm512_storeu_ps(p, v) }
        }
        #[inline(always)]
        unsafe fn load_n(p: *const f32, n: usize) -> __m512 {
            unsafe { _mm512_maskz_loadu_ps(mask16(n), p) }
        }
        #[inline(always)]
        unsafe fn store_n(p: *mut f32, v: __m512, n: usize) {
            unsafe { _mm512_mask_storeu_ps(p, mask16(n), v) }
        }
        #[inline(always)]
        unsafe fn add(a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_add_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn sub(a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_sub_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn mul(a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_mul_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn div(a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_div_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn sqrt(a: __m512) -> __m512 {
            unsafe { _mm512_sqrt_ps(a) }
        }
        #[inline(always)]
        unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }
        #[inline(always)]
        unsafe fn max(a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_max_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn min(a: __m512, b: __m512) -> __m512 {
            unsafe { _mm512_min_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn keep(x: __m512, v: __m512) -> __m512 {
            unsafe {
                let above = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(x, _mm512_setzero_ps());
                _mm512_maskz_mov_ps(above, v)
            }
        }
        #[inline(always)]
        unsafe fn larger(
            best: __m512,
            at: __m512,
            value: __m512,
            index: __m512,
        ) -> (__m512, __m512) {
            unsafe {
                let takes = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(value, best)
                    | _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(value, value);
                (
                    _mm512_mask_mov_ps(best, takes, value),
                    _mm512_mask_mov_ps(at, takes, index),
                )
            }
        }
        #[inline(always)]
        unsafe fn where_equal(a: __m512, b: __m512, v: __m512) -> __m512 {
            unsafe { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b), v) }
        }
        #[inline(always)]
        unsafe fn round(a: __m512) -> __m512 {
            unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
        }
        #[inline(always)]
        unsafe fn pow2(a: __m512) -> __m512 {
            unsafe {
                let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(a), _mm512_set1_epi32(127));
                _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
            }
        }
        // halves are added as the portable code adds them
        #[inline(always)]
        unsafe fn sum(v: __m512) -> f32 {
            unsafe {
                let (low, high) = halves(v);
                let v = _mm256_add_ps(low, high);
                let v = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
                let v = _mm_add_ps(v, _mm_movehl_ps(v, v));
                _mm_cvtss_f32(_mm_add_ss(v, _mm_shuffle_ps::<1>(v, v)))
            }
        }
        #[inline(always)]
        unsafe fn sums(v: [__m512; 4]) -> [f32; 4] {
            unsafe {
                let (a, b) = (halves(v[0]), halves(v[1]));
                let (c, d) = (halves(v[2]), halves(v[3]));
                four([
                    _mm256_add_ps(a.0, a.1),
                    _mm256_add_ps(b.0, b.1),
                    _mm256_add_ps(c.0, c.1),
                    _mm256_add_ps(d.0, d.1),
                ])
            }
        }
        #[inline(always)]
        unsafe fn largest(v: __m512) -> f32 {
            unsafe {
                let (low, high) = halves(v);
                let v = _mm256_max_ps(low, high);
                let v = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
                let v = _mm_max_ps(v, _mm_movehl_ps(v, v));
                _mm_cvtss_f32(_mm_max_ss(v, _mm_shuffle_ps::<1>(v, v)))
            }
        }
    }

    #[inline(always)]
    unsafe fn halves(v: __m512) -> (__m256, __m256) {
        // SAFETY: the caller has the instruction set.
        unsafe {
            let high = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(v));
            (_mm512_castps512_ps256(v), _mm256_castpd_ps(high))
        }
    }

    static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

    #[inline(always)]
    unsafe fn mask8(n: usize) -> __m256i {
        // SAFETY: 8 numbers from 0..=8 on are inside the 16.
        unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(8 - n.min(8)).cast()) }
    }

    impl Simd for Avx2 {
        const N: usize = 8;
        const WIDE: bool = false;
        type V = __m256;

        #[inline(always)]
        unsafe fn splat(x: f32) -> __m256 {
            unsafe { _mm256_set1_ps(x) }
        }
        #[inline(always)]
        unsafe fn load(p: *const f32) -> __m256 {
            unsafe { _mm256_loadu_ps(p) }
        }
        #[inline(always)]
        unsafe fn store(p: *mut f32, v: __m256) {
            unsafe { _mm256_storeu_ps(p, v) }
        }
        #[inline(always)]
        unsafe fn load_n(p: *const f32, n: usize) -> __m256 {
            unsafe { _mm256_maskload_ps(p, mask8(n)) }
        }
        #[inline(always)]
        unsafe fn store_n(p: *mut f32, v: __m256, n: usize) {
            unsafe { _mm256_maskstore_ps(p, mask8(n), v) }
        }
        #[inline(always)]
        unsafe fn add(a: __m256, b: __m256) -> __m256 {
            unsafe { _mm256_add_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn sub(a: __m256, b: __m256) -> __m256 {
            unsafe { _mm256_sub_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn mul(a: __m256, b: __m256) -> __m256 {
            unsafe { _mm256_mul_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn div(a: __m256, b: __m256) -> __m256 {
            unsafe { _mm256_div_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn sqrt(a: __m256) -> __m256 {
            unsafe { _mm256_sqrt_ps(a) }
        }
        #[inline(always)]
        unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
            unsafe { _mm256_fmadd_ps(a, b, c) }
        }
        #[inline(always)]
        unsafe fn max(a: __m256, b: __m256) -> __m256 {
            unsafe { _mm256_max_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn min(a: __m256, b: __m256) -> __m256 {
            unsafe { _mm256_min_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn keep(x: __m256, v: __m256) -> __m256 {
            unsafe { _mm256_and_ps(_mm256_cmp_ps::<_CMP_NLE_UQ>(x, _mm256_setzero_ps()), v) }
        }
        #[inline(always)]
        unsafe fn larger(
            best: __m256,
            at: __m256,
            value: __m256,
            index: __m256,
        ) -> (__m256, __m256) {
            unsafe {
                let takes = _mm256_or_ps(
                    _mm256_cmp_ps::<_CMP_GT_OQ>(value, best),
                    _mm256_cmp_ps::<_CMP_UNORD_Q>(value, value),
                );
                (
                    _mm256_blendv_ps(best, value, takes),
                    _mm256_blendv_ps(at, index, takes),
                )
            }
        }
        #[inline(always)]
        unsafe fn where_equal(a: __m256, b: __m256, v: __m256) -> __m256 {
            unsafe { _mm256_and_ps(_mm256_cmp_ps::<_CMP_EQ_OQ>(a, b), v) }
        }
        #[inline(always)]
        unsafe fn round(a: __m256) -> __m256 {
            unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
        }
        #[inline(always)]
        unsafe fn pow2(a: __m256) -> __m256 {
            unsafe {
                let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(a), _mm256_set1_epi32(127));
                _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
            }
        }
        #[inline(always)]
        unsafe fn sums(v: [__m256; 4]) -> [f32; 4] {
            unsafe { four(v) }
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

/// Arrays of 8 and plain arithmetic.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> [f32; 8] {
    std::array::from_fn(f)
}

impl Simd for Portable {
    const N: usize = 8;
    const WIDE: bool = false;
    type V = [f32; 8];

    #[inline(always)]
    unsafe fn splat(x: f32) -> [f32; 8] {
        [x; 8]
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> [f32; 8] {
        // SAFETY: the caller promises 8 numbers.
        unsafe { p.cast::<[f32; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: [f32; 8]) {
        // SAFETY: the caller promises room for 8 numbers.
        unsafe { p.cast::<[f32; 8]>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn load_n(p: *const f32, n: usize) -> [f32; 8] {
        // SAFETY: the caller promises n numbers.
        each(|i| if i < n { unsafe { *p.add(i) } } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn store_n(p: *mut f32, v: [f32; 8], n: usize) {
        for (i, x) in v.into_iter().enumerate().take(n) {
            // SAFETY: the caller promises room for n numbers.
            unsafe { *p.add(i) = x };
        }
    }
    #[inline(always)]
    unsafe fn add(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn sub(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(|i| a[i] - b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn div(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(|i| a[i] / b[i])
    }
    #[inline(always)]
    unsafe fn sqrt(a: [f32; 8]) -> [f32; 8] {
        each(|i| a[i].sqrt())
    }
    #[inline(always)]
    unsafe fn fma(a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        each(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn max(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn min(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn keep(x: [f32; 8], v: [f32; 8]) -> [f32; 8] {
        each(|i| if x[i] <= 0.0 { 0.0 } else { v[i] })
    }
    #[inline(always)]
    unsafe fn larger(
        best: [f32; 8],
        at: [f32; 8],
        value: [f32; 8],
        index: [f32; 8],
    ) -> ([f32; 8], [f32; 8]) {
        let takes = |i: usize| value[i] > best[i] || value[i].is_nan();
        (
            each(|i| if takes(i) { value[i] } else { best[i] }),
            each(|i| if takes(i) { index[i] } else { at[i] }),
        )
    }
    #[inline(always)]
    unsafe fn where_equal(a: [f32; 8], b: [f32; 8], v: [f32; 8]) -> [f32; 8] {
        each(|i| if a[i] == b[i] { v[i] } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn round(a: [f32; 8]) -> [f32; 8] {
        each(|i| a[i].round_ties_even())
    }
    #[inline(always)]
    unsafe fn pow2(a: [f32; 8]) -> [f32; 8] {
        each(|i| f32::from_bits(((a[i] as i32 + 127) as u32) << 23))
    }
}

/// `kernel!(fn name = body(x: T, …));` makes `unsafe fn name(isa: Isa, x: T, …)`, which runs `body::<S>(x, …)` compiled for
/// the instruction set.
macro_rules! kernel {
    ($(#[$meta:meta])* $vis:vis fn $name:ident = $body:ident($($arg:ident: $type:ty),* $(,)?) $(-> $ret:ty)?) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis unsafe fn $name(isa: $crate::engine::kernels::simd::Isa, $($arg: $type),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            unsafe fn avx512($($arg: $type),*) $(-> $ret)? {
                // SAFETY: as the caller of the kernel promises.
                unsafe { $body::<$crate::engine::kernels::simd::Avx512>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            unsafe fn avx2($($arg: $type),*) $(-> $ret)? {
                // SAFETY: as the caller of the kernel promises.
                unsafe { $body::<$crate::engine::kernels::simd::Avx2>($($arg),*) }
            }
            // SAFETY: `Isa` has only what the processor was found to have; the rest is the caller's promise.
            unsafe {
                match isa {
                    #[cfg(target_arch = "x86_64")]
                    $crate::engine::kernels::simd::Isa::Avx512 => avx512($($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    $crate::engine::kernels::simd::Isa::Avx2 => avx2($($arg),*),
                    $crate::engine::kernels::simd::Isa::Portable => $body::<$crate::engine::kernels::simd::Portable>($($arg),*),
                }
            }
        }
    };
}

pub(crate) use kernel;
