//! Attention by its definition in 64 bits, and which keys a mask leaves.

use super::conv::{error, numbers};
use crate::engine::kernels::attention::{self, Attention, Heads};
use crate::engine::kernels::mask::Mask;
use crate::engine::kernels::memory::Shared;
use crate::engine::kernels::simd::Isa;

/// Rows of a mask for all heads, of each head, or of each query.
type Rows = fn(head: usize, query: usize, key: usize) -> bool;

/// Heads, queries, keys, width, value, scale; queries that have a row of their own, and the mask.
const CASES: [(usize, usize, usize, usize, usize, f64, bool, Option<Rows>); 10] = [
    (3, 65, 65, 64, 64, 0.125, false, None),
    (1, 1, 1, 1, 1, 1.0, false, None),
    (2, 70, 33, 24, 40, 0.3, false, None),
    // padding, as much as a head has
    (
        3,
        130,
        130,
        64,
        64,
        0.125,
        false,
        Some(|h, _, k| k < [130, 77, 3][h]),
    ),
    (
        2,
        33,
        67,
        32,
        32,
        0.2,
        false,
        Some(|h, _, k| k < [66, 1][h]),
    ),
    (2, 5, 19, 7, 11, 0.3, false, Some(|h, _, k| k < [17, 8][h])),
    (2, 3, 9, 5, 5, 0.4, false, Some(|h, _, _| h == 0)),
    (
        2,
        9,
        40,
        8,
        8,
        -0.4,
        false,
        Some(|h, _, k| k % 3 == h && k < 31),
    ),
    // what comes later
    (1, 131, 131, 32, 32, 0.2, true, Some(|_, q, k| k <= q)),
    (
        2,
        70,
        90,
        9,
        6,
        0.2,
        true,
        Some(|h, q, k| (q * 7 + k * 5) % 11 < 3 && k < 20 + q && q != 5 + h),
    ),
];

#[test]
fn attention_and_its_gradients() {
    for (heads, queries, keys, width, value, scale, by_query, seen) in CASES {
        let (q, k, v) = (
            numbers(heads * queries * width, 1),
            numbers(heads * keys * width, 2),
            numbers(heads * keys * value, 3),
        );
        let d = numbers(heads * queries * value, 4);
        let (mut out, mut dq, mut dk, mut dv) = (
            vec![0.0; d.len()],
            vec![0.0; q.len()],
            vec![0.0; k.len()],
            vec![0.0; v.len()],
        );
        let f = |x: f32| f64::from(x);
        for h in 0..heads {
            for i in 0..queries {
                let qi = (h * queries + i) * width;
                let hidden = |j: usize| seen.is_some_and(|seen| !seen(h, i, j));
                // where nothing is seen all is, alike
                let blank = (0..keys).all(hidden);
                let e: Vec<f64> = (0..keys)
                    .map(|j| {
                        let score = (0..width)
                            .map(|l| f(q[qi + l]) * f(k[(h * keys + j) * width + l]))
                            .sum::<f64>();
                        match (blank, hidden(j)) {
                            (true, _) => 1.0,
                            (false, true) => 0.0,
                            (false, false) => (score * scale).exp(),
                        }
                    })
                    .collect();
                let sum: f64 = e.iter().sum();
                let p: Vec<f64> = e.iter().map(|e| e / sum).collect();
                let oi = (h * queries + i) * value;
                let dp: Vec<f64> = (0..keys)
                    .map(|j| {
                        (0..value)
                            .map(|l| f(d[oi + l]) * f(v[(h * keys + j) * value + l]))
                            .sum()
                    })
                    .collect();
                let dot: f64 = p.iter().zip(&dp).map(|(p, d)| p * d).sum();
                for j in 0..keys {
                    for l in 0..value {
                        out[oi + l] += p[j] * f(v[(h * keys + j) * value + l]);
                        dv[(h * keys + j) * value + l] += p[j] * f(d[oi + l]);
                    }
                    let ds = p[j] * (dp[j] - dot) * scale;
                    for l in 0..width {
                        dq[qi + l] += ds * f(k[(h * keys + j) * width + l]);
                        dk[(h * keys + j) * width + l] += ds * f(q[qi + l]);
                    }
                }
            }
        }
        let of = Attention {
            queries,
            keys,
            width,
            value,
            scale: scale as f32,
        };
        let rows = if by_query { queries } else { 1 };
        let mask = seen.map(|seen| {
            let rows_of = |h: usize| (0..rows).map(move |i| (h, i));
            let all: Vec<f32> = (0..heads)
                .flat_map(rows_of)
                .flat_map(|(h, i)| (0..keys).map(move |j| f32::from(seen(h, i, j))))
                .collect();
            let starts = (0..heads).map(|h| h * rows).collect();
            Mask::new(&all, keys, starts, rows).expect("ones and zeros")
        });
        let mask = mask.as_ref();
        let starts = |size: usize| -> Vec<usize> { (0..heads).map(|h| h * size).collect() };
        let (qs, ks, vs, os) = (
            starts(queries * width),
            starts(keys * width),
            starts(keys * value),
            starts(queries * value),
        );
        for isa in Isa::all() {
            let at = |x: &[f32], starts| Heads {
                at: Shared::of(x),
                starts,
                token: 0,
            };
            let [hq, hk, hv, hd] = [
                (&q, &qs, width),
                (&k, &ks, width),
                (&v, &vs, value),
                (&d, &os, value),
            ]
            .map(|(x, starts, token)| Heads {
                token,
                ..at(x, starts)
            });
            let mut got = vec![f32::NAN; d.len()];
            let to = |x: &mut [f32], _like: Heads<'_>| Shared::new(x.as_mut_ptr());
            // SAFETY: every tensor has the sizes that `of` says.
            let logs = unsafe {
                attention::forward(
                    isa,
                    &of,
                    [hq, hk, hv],
                    mask,
                    Heads {
                        at: to(&mut got, hd),
                        ..hd
                    },
                )
            };
            assert!(error(&got, &out) < 1e-5, "{isa:?} {}", error(&got, &out));
            let (mut gq, mut gk, mut gv) = (
                vec![f32::NAN; q.len()],
                vec![f32::NAN; k.len()],
                vec![f32::NAN; v.len()],
            );
            // SAFETY: as above.
            unsafe {
                attention::gradient(
                    isa,
                    &of,
                    [hq, hk, hv],
                    mask,
                    &logs,
                    hd,
                    [
                        Heads {
                            at: to(&mut gq, hq),
                            ..hq
                        },
                        Heads {
                            at: to(&mut gk, hk),
                            ..hk
                        },
                        Heads {
                            at: to(&mut gv, hv),
                            ..hv
                        },
                    ],
                )
            };
            for (got, want) in [(&gq, &dq), (&gk, &dk), (&gv, &dv)] {
                if keys > 1 || want.iter().any(|x| x.abs() > 1e-9) {
                    assert!(error(got, want) < 1e-4, "{isa:?} {}", error(got, want));
                }
            }
        }
    }
}

#[test]
fn masks_of_other_numbers_have_no_kernel() {
    for other in [0.5, f32::NAN, 2.0, -1.0] {
        assert!(Mask::new(&[1.0, other, 0.0], 3, vec![0], 1).is_none());
    }
    assert!(Mask::new(&[1.0, 0.0, 0.0], 3, vec![0, 0], 1).is_some());
    // a head without a row
    assert!(Mask::new(&[1.0, 0.0, 0.0], 3, vec![0, 1], 1).is_none());
}
