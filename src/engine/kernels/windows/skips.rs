//! Skip-gram: each word of a window tells the word in its middle.

use super::rows::{Parts, dots, mix, told_by};
use super::{Losses, Text};
use crate::engine::kernels::simd::{Simd, kernel};

kernel! {
    /// # Safety
    /// The text's pointers are of its sizes.
    pub(super) fn skips = skips_body(of: Text<'_>) -> [f64; 2]
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
