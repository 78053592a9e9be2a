//! Turning the hue, through 8-bit HSV as PIL keeps it: hue and saturation lose bits on the way, and so do ours.
//!
//! Colours are hard to predict, so there is no branch on them: a mispredicted one costs more than the arithmetic.

use crate::data::Image;

/// Turns every hue by `turn` of the whole circle (-0.5 to 0.5); grey pictures have none.
pub fn shift_hue(image: &mut Image, turn: f64) {
    if image.channels != 3 {
        return;
    }
    // a whole turn is 255 steps, cut towards zero; the sum wraps at 256
    let steps = (turn * 255.0) as i32 as u8;
    for pixel in image.pixels.as_chunks_mut::<3>().0 {
        let [h, s, v] = to_hsv(*pixel);
        *pixel = to_rgb([h.wrapping_add(steps), s, v]);
    }
}

/// Hue, saturation, value in 0..=255.
///
/// Single and double precision alternate where they do in PIL: the hue is cut to a whole number, and near one the
/// last bit decides.
#[inline(always)]
fn to_hsv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let max = r.max(g).max(b);
    let min = r.min(g).min(b);
    let middle =
        (i32::from(r) + i32::from(g) + i32::from(b) - i32::from(max) - i32::from(min)) as f32;
    // of grey pixels hue and saturation come out as 0 with any range
    let range = f32::from((max - min).max(1));
    // how far the middle channel is below the largest one: 0 to 1
    let below = f64::from((f32::from(max) - middle) / range);
    // the sextants of the circle: from its start with rising `below`, or from its end with falling
    let (start, end, rising) = if r == max {
        (-1.0, 1.0, g < b)
    } else if g == max {
        (1.0, 3.0, b < r)
    } else {
        (3.0, 5.0, r < g)
    };
    let sextant = if rising { start + below } else { end - below } as f32;
    let circle = f64::from(sextant) / 6.0 + 1.0;
    // 5/6..11/6 before: one subtraction is the remainder
    let hue = (circle - if circle >= 1.0 { 1.0 } else { 0.0 }) as f32;
    let saturation = f32::from(max - min) / f32::from(max.max(1));
    let hue = (f64::from(hue) * 255.0) as i32 as u8;
    [
        if max == min { 0 } else { hue },
        (f64::from(saturation) * 255.0) as i32 as u8,
        max,
    ]
}

/// What depends on the hue alone on the way back.
#[derive(Clone, Copy)]
struct Turn {
    /// Which of v, rising, falling, low each channel takes.
    order: [u8; 3],
    /// How far into the sextant, 0 to 1.
    rest: f32,
}

const TURNS: [Turn; 256] = {
    const ORDERS: [[u8; 3]; 6] = [
        [0, 1, 3],
        [2, 0, 3],
        [3, 0, 1],
        [3, 2, 0],
        [1, 3, 0],
        [0, 3, 2],
    ];
    let mut turns = [Turn {
        order: [0; 3],
        rest: 0.0,
    }; 256];
    let mut hue = 0;
    while hue < 256 {
        let sextants = hue as f64 * 6.0 / 255.0;
        let sextant = sextants as usize;
        turns[hue] = Turn {
            order: ORDERS[sextant % 6],
            rest: (sextants - sextant as f64) as f32,
        };
        hue += 1;
    }
    turns
};

const SATURATIONS: [f32; 256] = {
    let mut saturations = [0.0; 256];
    let mut s = 0;
    while s < 256 {
        saturations[s] = (s as f64 / 255.0) as f32;
        s += 1;
    }
    saturations
};

/// The way back.
#[inline(always)]
fn to_rgb([h, s, v]: [u8; 3]) -> [u8; 3] {
    let Turn { order, rest } = TURNS[usize::from(h)];
    let saturation = SATURATIONS[usize::from(s)];
    // rounded to the nearest, halves up
    let scaled = |keep: f64| (f64::from(v) * keep + 0.5) as i32 as u8;
    let choice = [
        v,
        scaled(1.0 - f64::from(saturation) * (1.0 - f64::from(rest))),
        scaled(1.0 - f64::from(saturation * rest)),
        scaled(1.0 - f64::from(saturation)),
    ];
    order.map(|i| choice[usize::from(i & 3)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Through 8-bit HSV and back, each channel moves by at most the width of
    /// one step of hue and one of saturation.
    #[test]
    fn there_and_back_moves_by_a_step_only() {
        for r in (0..=255).step_by(5) {
            for g in (0..=255).step_by(3) {
                for b in (0..=255).step_by(5) {
                    let back = to_rgb(to_hsv([r, g, b]));
                    for (a, b) in back.into_iter().zip([r, g, b]) {
                        assert!(a.abs_diff(b) <= 7, "{r} {g} {b}: {back:?}");
                    }
                }
            }
        }
        assert_eq!(to_hsv([0; 3]), [0; 3]);
        assert_eq!(to_hsv([9; 3]), [0, 0, 9]);
        assert_eq!(to_hsv([255, 0, 0]), [0, 255, 255]);
        assert_eq!(to_hsv([0, 255, 0]), [85, 255, 255]);
        assert_eq!(to_hsv([0, 0, 255]), [170, 255, 255]);
    }
}
