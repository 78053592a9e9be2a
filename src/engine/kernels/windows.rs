//! Negative sampling over the windows of texts (Mikolov et al., 2013), window by window: loss and gradients in one pass, while the rows
//! of a window lie in the cache. Words in a row that share their noise meet it together, as small products of matrices (Ji et al., 2016,
//! arXiv:1604.04661).

use super::curve::exp;
use super::memory::{Shared, filled, tasks};
use super::simd::{Isa, Simd, kernel};

/// The sizes of a batch of texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'a> {
    /// Ids `[B, n]`; 0 is no word.
    pub(crate) words: &'a [i64],
    /// Ids of the noise `[B, m]`.
    pub(crate) noise: &'a [i64],
    /// How far the window of each word reaches `[B, n]`.
    pub(crate) reach: &'a [f32],
    /// B
    pub(crate) texts: usize,
    /// Numbers of a vector.
    pub(crate) width: usize,
    /// Most words of a window on each side.
    pub(crate) radius: usize,
    /// So many words in a row share their noise.
    pub(crate) share: usize,
    /// Whether the mean of a window tells its word.
    pub(crate) bag: bool,
}

/// Loss and number of pairs of each text, `[B, 2]`, and the loss's gradients by `x`, `y` and `z`.
pub(crate) struct Told {
    pub(crate) loss: Vec<f32>,
    pub(crate) gradients: Option<[Vec<f32>; 3]>,
}

/// Scores all windows. `x [B, n, d]`, `y [B, n, d]`, `z [B, m, d]`.
pub(crate) fn negative_sampling(
    isa: Isa,
    of: Texts<'_>,
    [x, y, z]: [&[f32]; 3],
    gradients: bool,
) -> Told {
    let texts = of.texts.max(1);
    let (n, m, d) = (of.words.len() / texts, of.noise.len() / texts, of.width);
    assert!(of.words.len() == n * texts && of.noise.len() == m * texts);
    assert!(of.reach.len() == of.words.len() && of.share > 0 && of.radius > 0);
    assert!(m.is_multiple_of(n.div_ceil(of.share).max(1)));
    assert!(x.len() == n * texts * d && y.len() == x.len() && z.len() == m * texts * d);
    let mut slopes = gradients.then(|| [x, y, z].map(|of| vec![0.0f32; of.len()]));
    let [gx, gy, gz] = match &mut slopes {
        Some(all) => all.each_mut().map(|of| Shared::new(of.as_mut_ptr())),
        None => [Shared::none(); 3],
    };
    let [x, y, z] = [x, y, z].map(Shared::of);
    let loss = filled(2 * of.texts, |loss| {
        let loss = Shared::new(loss.as_mut_ptr());
        tasks(of.texts, |text| {
            let from = |all: Shared, rows: usize| match all.is_null() {
                true => std::ptr::null_mut(),
                false => all.at(text * rows * d),
            };
            let one = Text {
                words: &of.words[text * n..][..n],
                noise: &of.noise[text * m..][..m],
                reach: &of.reach[text * n..][..n],
                x: x.at(text * n * d),
                y: y.at(text * n * d),
                z: z.at(text * m * d),
                gx: from(gx, n),
                gy: from(gy, n),
                gz: from(gz, m),
                d,
                radius: of.radius,
                share: of.share,
            };
            // SAFETY: lengths are checked above; each task has its own text.
            unsafe {
                let told = match of.bag {
                    true => bags(isa, one),
                    false => skips(isa, one),
                };
                *loss.at(2 * text) = told[0] as f32;
                *loss.at(2 * text + 1) = told[1] as f32;
            }
        });
    });
    Told {
        loss,
        gradients: slopes,
    }
}

/// One text. Gradients are null where none are wanted.
#[derive(Clone, Copy)]
struct Text<'a> {
    words: &'a [i64],
    noise: &'a [i64],
    reach: &'a [f32],
    x: *const f32,
    y: *const f32,
    z: *const f32,
    gx: *mut f32,
    gy: *mut f32,
    gz: *mut f32,
    d: usize,
    radius: usize,
    share: usize,
}

impl Text<'_> {
    /// The words that the window of word `i` spans, itself among them.
    fn window(&self, i: usize) -> std::ops::Range<usize> {
        let reach = (self.reach[i] as usize).clamp(1, self.radius);
        i.saturating_sub(reach)..(i + reach + 1).min(self.words.len())
    }
}

/// Σ weight ln (1 + eˣ): a product, of which the logarithm is taken now and then.
struct Losses {
    product: f64,
    sum: f64,
}

impl Losses {
    fn new() -> Self {
        Self {
            product: 1.0,
            sum: 0.0,
        }
    }

    /// `factor`: 1 + eˣ, at most 1 + e⁸⁸.
    #[inline(always)]
    fn add(&mut self, factor: f32, weight: u32) {
        for _ in 0..weight {
            self.product *= f64::from(factor);
            if self.product > 1e250 {
                self.sum += self.product.ln();
                self.product = 1.0;
            }
        }
    }

    fn total(&self) -> f64 {
        self.sum + self.product.ln()
    }
}

/// Coefficients and rows of a sum.
type Parts = Vec<(f32, *const f32)>;

kernel! {
    /// # Safety
    /// The text's pointers are of its sizes.
    fn skips = skips_body(of: Text<'_>) -> [f64; 2]
}

#[inline(always)]
unsafe fn skips_body<S: Simd>(of: Text<'_>) -> [f64; 2] {
    let Text { d, share, .. } = of;
    let (n, m) = (of.words.len(), of.noise.len());
    let per = m / n.div_ceil(share).max(1);
    let side = 2 * of.radius + 1;
    let want = !of.gx.is_null();
    let (mut losses, mut pairs) = (Losses::new(), 0u64);
    // of word i and the words of its window, from i - radius: 1 + e^-score, and the slope
    let mut scores = vec![0.0f32; share * side];
    let mut told = vec![0.0f32; n * side];
    // of the words near a block and its noise
    let span = share + 2 * of.radius;
    let mut against = vec![0.0f32; span * per];
    let mut slopes = vec![0.0f32; span * per];
    let mut meets = vec![0u32; span * per];
    let mut rows: Vec<*const f32> = Vec::with_capacity(side.max(per));
    let mut parts: Parts = Vec::with_capacity(span.max(per).max(side));
    for first in (0..n).step_by(share) {
        let block = first..(first + share).min(n);
        let group = first / share;
        let noise = &of.noise[group * per..][..per];
        let low = first.saturating_sub(of.radius);
        let high = (block.end + of.radius).min(n);
        scores.fill(0.0);
        meets.fill(0);
        for i in block.clone() {
            if of.words[i] == 0 {
                continue;
            }
            let window = of.window(i);
            rows.clear();
            for j in window.clone() {
                // SAFETY: `j` is a word of the text.
                rows.push(unsafe { of.x.add(j * d) });
                if j == i || of.words[j] == 0 {
                    continue;
                }
                pairs += 1;
                for q in 0..per {
                    meets[(j - low) * per + q] += u32::from(noise[q] != of.words[i]);
                }
            }
            let at = (i - first) * side + window.start + of.radius - i;
            // SAFETY: rows have `d` numbers.
            unsafe { dots::<S>(of.y.add(i * d), &rows, d, &mut scores[at..at + rows.len()]) };
        }
        let own = &mut told[first * side..block.end * side];
        // SAFETY: the instruction set is there.
        unsafe { told_by::<S>(&mut scores[..own.len()], -1.0, own) };
        for i in block {
            let at = (i - first) * side;
            let window = of.window(i);
            for k in 0..side {
                let j = i + k;
                let inside = j >= of.radius && window.contains(&(j - of.radius));
                let real = inside && k != of.radius && of.words[j - of.radius] != 0;
                match real && of.words[i] != 0 {
                    true => losses.add(scores[at + k], 1),
                    false => own[at + k] = 0.0,
                }
            }
        }
        rows.clear();
        for q in 0..per {
            // SAFETY: it is a noise word of the text.
            rows.push(unsafe { of.z.add((group * per + q) * d) });
        }
        let near = (high - low) * per;
        for j in low..high {
            let at = (j - low) * per;
            if meets[at..at + per].iter().any(|often| *often != 0) {
                // SAFETY: rows have `d` numbers.
                unsafe { dots::<S>(of.x.add(j * d), &rows, d, &mut against[at..at + per]) };
            }
        }
        // SAFETY: the instruction set is there.
        unsafe { told_by::<S>(&mut against[..near], 1.0, &mut slopes[..near]) };
        for at in 0..near {
            losses.add(against[at], meets[at]);
            slopes[at] *= meets[at] as f32;
        }
        if !want {
            continue;
        }
        for j in low..high {
            parts.clear();
            for q in 0..per {
                let slope = slopes[(j - low) * per + q];
                if slope != 0.0 {
                    parts.push((slope, rows[q]));
                }
            }
            // SAFETY: rows have `d` numbers; the gradients' rows are this text's.
            unsafe { mix::<S>(of.gx.add(j * d), &parts, d) };
        }
        for q in 0..per {
            parts.clear();
            for j in low..high {
                let slope = slopes[(j - low) * per + q];
                if slope != 0.0 {
                    // SAFETY: `j` is a word of the text.
                    parts.push((slope, unsafe { of.x.add(j * d) }));
                }
            }
            // SAFETY: as above.
            unsafe { mix::<S>(of.gz.add((group * per + q) * d), &parts, d) };
        }
    }
    for i in 0..n {
        if !want || of.words[i] == 0 {
            continue;
        }
        let near = i.saturating_sub(of.radius)..(i + of.radius + 1).min(n);
        // SAFETY: rows have `d` numbers; the gradients' rows are this text's.
        unsafe {
            parts.clear();
            for j in near.clone() {
                let slope = told[i * side + j + of.radius - i];
                if slope != 0.0 {
                    parts.push((slope, of.x.add(j * d)));
                }
            }
            mix::<S>(of.gy.add(i * d), &parts, d);
            parts.clear();
            for j in near {
                let slope = told[j * side + i + of.radius - j];
                if slope != 0.0 {
                    parts.push((slope, of.y.add(j * d)));
                }
            }
            mix::<S>(of.gx.add(i * d), &parts, d);
        }
    }
    [losses.total(), pairs as f64]
}

kernel! {
    /// # Safety
    /// The text's pointers are of its sizes.
    fn bags = bags_body(of: Text<'_>) -> [f64; 2]
}

#[inline(always)]
unsafe fn bags_body<S: Simd>(of: Text<'_>) -> [f64; 2] {
    let Text { d, share, .. } = of;
    let (n, m) = (of.words.len(), of.noise.len());
    let per = m / n.div_ceil(share).max(1);
    let want = !of.gx.is_null();
    let (mut losses, mut bags) = (Losses::new(), 0u64);
    let mut mean = vec![0.0f32; d];
    let mut slope = vec![0.0f32; d];
    let mut rows: Vec<*const f32> = Vec::new();
    let mut scores = vec![0.0f32; per.max(1)];
    let mut slopes = vec![0.0f32; per.max(1)];
    let mut parts: Parts = Vec::new();
    for i in 0..n {
        if of.words[i] == 0 {
            continue;
        }
        let window = of.window(i);
        let near = window.filter(|j| *j != i && of.words[*j] != 0);
        let count = near.clone().count();
        if count == 0 {
            continue;
        }
        bags += 1;
        let share_of_each = 1.0 / count as f32;
        // SAFETY: rows have `d` numbers, and the instruction set is there; the gradients' rows are this text's.
        unsafe {
            parts.clear();
            for j in near.clone() {
                parts.push((share_of_each, of.x.add(j * d)));
            }
            mean.fill(0.0);
            mix::<S>(mean.as_mut_ptr(), &parts, d);

            rows.clear();
            rows.push(of.y.add(i * d));
            dots::<S>(mean.as_ptr(), &rows, d, &mut scores[..1]);
            told_by::<S>(&mut scores[..1], -1.0, &mut slopes[..1]);
            losses.add(scores[0], 1);
            let own = slopes[0];

            rows.clear();
            let noise = i / share * per..(i / share + 1) * per;
            for q in noise.clone() {
                rows.push(of.z.add(q * d));
            }
            dots::<S>(mean.as_ptr(), &rows, d, &mut scores);
            told_by::<S>(&mut scores, 1.0, &mut slopes);
            parts.clear();
            parts.push((own, of.y.add(i * d)));
            for (at, q) in noise.clone().enumerate() {
                if of.noise[q] != of.words[i] {
                    losses.add(scores[at], 1);
                    parts.push((slopes[at], of.z.add(q * d)));
                }
            }
            if !want {
                continue;
            }
            slope.fill(0.0);
            mix::<S>(slope.as_mut_ptr(), &parts, d);
            add::<S>(of.gy.add(i * d), own, mean.as_ptr(), d);
            for (at, q) in noise.enumerate() {
                if of.noise[q] != of.words[i] {
                    add::<S>(of.gz.add(q * d), slopes[at], mean.as_ptr(), d);
                }
            }
            for j in near {
                add::<S>(of.gx.add(j * d), share_of_each, slope.as_ptr(), d);
            }
        }
    }
    [losses.total(), bags as f64]
}

/// The dot product of `x` with each of some rows.
#[inline(always)]
unsafe fn dots<S: Simd>(x: *const f32, rows: &[*const f32], d: usize, out: &mut [f32]) {
    // SAFETY: the caller promises `d` numbers everywhere.
    unsafe {
        let mut first = 0;
        while first < rows.len() {
            let last = rows.len() - 1;
            let [a, b, c, e] = [
                rows[first],
                rows[(first + 1).min(last)],
                rows[(first + 2).min(last)],
                rows[(first + 3).min(last)],
            ];
            let mut sums = [S::zero(); 4];
            let mut i = 0;
            while i < d {
                let n = d - i;
                let x = S::load_some(x.add(i), n);
                sums[0] = S::fma(x, S::load_some(a.add(i), n), sums[0]);
                sums[1] = S::fma(x, S::load_some(b.add(i), n), sums[1]);
                sums[2] = S::fma(x, S::load_some(c.add(i), n), sums[2]);
                sums[3] = S::fma(x, S::load_some(e.add(i), n), sums[3]);
                i += S::N;
            }
            let sums = S::sums(sums);
            let some = (rows.len() - first).min(4);
            out[first..first + some].copy_from_slice(&sums[..some]);
            first += 4;
        }
    }
}

/// Scores s become 1 + e^(sign s), the slopes of their logarithms go to `slopes`: sign σ(sign s).
#[inline(always)]
unsafe fn told_by<S: Simd>(scores: &mut [f32], sign: f32, slopes: &mut [f32]) {
    let n = scores.len().min(slopes.len());
    let mut i = 0;
    while i < n {
        // SAFETY: both have `n` numbers.
        unsafe {
            let at = scores.as_mut_ptr().add(i);
            let e = exp::<S>(S::mul(S::load_some(at, n - i), S::splat(sign)));
            let one = S::add(e, S::splat(1.0));
            S::store_some(at, one, n - i);
            let slope = S::mul(S::div(e, one), S::splat(sign));
            S::store_some(slopes.as_mut_ptr().add(i), slope, n - i);
        }
        i += S::N;
    }
}

/// `to += Σ coefficient row`
#[inline(always)]
unsafe fn mix<S: Simd>(to: *mut f32, parts: &[(f32, *const f32)], d: usize) {
    let mut i = 0;
    // SAFETY: the caller promises `d` numbers everywhere.
    unsafe {
        while i + 4 * S::N <= d {
            let at = to.add(i);
            let mut a = S::load(at);
            let mut b = S::load(at.add(S::N));
            let mut c = S::load(at.add(2 * S::N));
            let mut e = S::load(at.add(3 * S::N));
            for (coefficient, row) in parts {
                let by = S::splat(*coefficient);
                let row = row.add(i);
                a = S::fma(by, S::load(row), a);
                b = S::fma(by, S::load(row.add(S::N)), b);
                c = S::fma(by, S::load(row.add(2 * S::N)), c);
                e = S::fma(by, S::load(row.add(3 * S::N)), e);
            }
            S::store(at, a);
            S::store(at.add(S::N), b);
            S::store(at.add(2 * S::N), c);
            S::store(at.add(3 * S::N), e);
            i += 4 * S::N;
        }
        while i < d {
            let mut sum = S::load_some(to.add(i), d - i);
            for (coefficient, row) in parts {
                sum = S::fma(S::splat(*coefficient), S::load_some(row.add(i), d - i), sum);
            }
            S::store_some(to.add(i), sum, d - i);
            i += S::N;
        }
    }
}

/// `to += coefficient row`
#[inline(always)]
unsafe fn add<S: Simd>(to: *mut f32, coefficient: f32, row: *const f32, d: usize) {
    // SAFETY: as the caller promises.
    unsafe { mix::<S>(to, &[(coefficient, row)], d) }
}
