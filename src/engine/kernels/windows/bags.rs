//! CBOW: the mean of a window's words tells the word in its middle.

use super::rows::{Parts, pairs, put, put_whole, tile, told_by};
use super::{Losses, Text};
use crate::engine::kernels::simd::{Simd, kernel};

kernel! {
    /// Writes each row of the gradients once.
    ///
    /// # Safety
    /// The text's pointers are of its sizes.
    pub(super) fn bags = bags_body(of: Text<'_>) -> [f64; 2]
}

#[inline(always)]
unsafe fn bags_body<S: Simd>(of: Text<'_>) -> [f64; 2] {
    let Text {
        d, share, radius, ..
    } = of;
    let (n, m) = (of.words.len(), of.noise.len());
    let per = m / n.div_ceil(share).max(1);
    let share = share.min(n.max(1));
    let want = !of.gx.is_null();
    let (mut losses, mut bags) = (Losses::new(), 0u64);
    let wide = d.next_multiple_of(S::N);
    // the means of a block
    let mut means = vec![0.0f32; share * wide];
    // what each word of a window gets, of the last words: word i at i modulo `ring`
    let ring = share + 2 * radius;
    let mut gets = vec![0.0f32; if want { ring * wide } else { 0 }];
    let (means, gets) = (means.as_mut_ptr(), gets.as_mut_ptr());
    let mut counts = vec![0usize; n];
    // of a block: 1 + e^score and the slopes, of the words themselves and of their noise [share, per]
    let (mut own, mut own_slopes) = (vec![0.0f32; share], vec![0.0f32; share]);
    let (mut against, mut slopes) = (vec![0.0f32; share * per], vec![0.0f32; share * per]);
    let mut parts: Parts = Vec::new();
    let mut done = 0;
    for first in (0..n).step_by(share) {
        let block = first..(first + share).min(n);
        let size = block.len();
        let noise = first / share * per..(first / share + 1) * per;
        // SAFETY: rows have `d` numbers, those of `means` and `gets` whole vectors, and the instruction set is there; the gradients'
        // rows are this text's.
        unsafe {
            let mean = |at: usize| means.add(at.min(size - 1) * wide).cast_const();
            for (at, i) in block.clone().enumerate() {
                parts.clear();
                if of.words[i] != 0 {
                    let near = of.window(i).filter(|j| *j != i && of.words[*j] != 0);
                    parts.extend(near.map(|j| (1.0, of.x.add(j * d))));
                }
                counts[i] = parts.len();
                let each = 1.0 / parts.len().max(1) as f32;
                parts.iter_mut().for_each(|part| part.0 = each);
                put_whole::<S>(means.add(at * wide), &parts, d);
            }
            for at in (0..size).step_by(4) {
                let four = [0, 1, 2, 3].map(|k| mean(at + k));
                let some = (size - at).min(4);
                let y = [0, 1, 2, 3].map(|k| of.y.add((first + (at + k).min(size - 1)) * d));
                own[at..at + some].copy_from_slice(&pairs::<S>(four, y, d)[..some]);
                for q in (0..per).step_by(2) {
                    let z = [q, (q + 1).min(per - 1)].map(|q| of.z.add((noise.start + q) * d));
                    let scores = tile::<S>(four, z, d);
                    for k in 0..some {
                        against[(at + k) * per + q] = scores[0][k];
                        if q + 1 < per {
                            against[(at + k) * per + q + 1] = scores[1][k];
                        }
                    }
                }
            }
            told_by::<S>(&mut own[..size], -1.0, &mut own_slopes);
            told_by::<S>(&mut against[..size * per], 1.0, &mut slopes);
        }
        for (at, i) in block.clone().enumerate() {
            let there = counts[i] > 0;
            bags += u64::from(there);
            match there {
                true => losses.add(own[at], 1),
                false => own_slopes[at] = 0.0,
            }
            for q in 0..per {
                match there && of.noise[noise.start + q] != of.words[i] {
                    true => losses.add(against[at * per + q], 1),
                    false => slopes[at * per + q] = 0.0,
                }
            }
        }
        if !want {
            continue;
        }
        // SAFETY: as above.
        unsafe {
            let mean = |at: usize| means.add(at * wide).cast_const();
            for (at, i) in block.clone().enumerate() {
                put::<S>(of.gy.add(i * d), &[(own_slopes[at], mean(at))], d);
                if counts[i] == 0 {
                    continue;
                }
                let each = 1.0 / counts[i] as f32;
                parts.clear();
                parts.push((each * own_slopes[at], of.y.add(i * d)));
                for q in 0..per {
                    let slope = each * slopes[at * per + q];
                    parts.push((slope, of.z.add((noise.start + q) * d)));
                }
                put_whole::<S>(gets.add(i % ring * wide), &parts, d);
            }
            for q in 0..per {
                parts.clear();
                parts.extend((0..size).map(|at| (slopes[at * per + q], mean(at))));
                put::<S>(of.gz.add((noise.start + q) * d), &parts, d);
            }
            // words that no window to come holds
            let ready = match block.end == n {
                true => n,
                false => block.end.saturating_sub(radius),
            };
            for j in done..ready {
                parts.clear();
                if of.words[j] != 0 {
                    let near = j.saturating_sub(radius)..(j + radius + 1).min(n);
                    let near =
                        near.filter(|i| *i != j && counts[*i] > 0 && of.window(*i).contains(&j));
                    parts.extend(near.map(|i| (1.0, gets.add(i % ring * wide).cast_const())));
                }
                put::<S>(of.gx.add(j * d), &parts, d);
            }
            done = ready;
        }
    }
    [losses.total(), bags as f64]
}
