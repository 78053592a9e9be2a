//! Turning the hue, through 8-bit HSV as PIL keeps it: hue and saturation lose bits on the way, and so do ours.

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
    if max == min {
        return [0, 0, max];
    }
    let range = f32::from(max - min);
    let below = |value: u8| f32::from(max - value) / range;
    let sextant = if r == max {
        below(b) - below(g)
    } else if g == max {
        (2.0 + f64::from(below(r)) - f64::from(below(b))) as f32
    } else {
        (4.0 + f64::from(below(g)) - f64::from(below(r))) as f32
    };
    let circle = f64::from(sextant) / 6.0 + 1.0;
    // 5/6..11/6 before: one subtraction is the remainder
    let hue = (if circle >= 1.0 { circle - 1.0 } else { circle }) as f32;
    let saturation = range / f32::from(max);
    [
        (f64::from(hue) * 255.0) as u8,
        (f64::from(saturation) * 255.0) as u8,
        max,
    ]
}

/// The way back.
#[inline(always)]
fn to_rgb([h, s, v]: [u8; 3]) -> [u8; 3] {
    if s == 0 {
        return [v; 3];
    }
    let sextants = f64::from(h) * 6.0 / 255.0;
    let sextant = sextants as u8;
    let rest = (sextants - f64::from(sextant)) as f32;
    let saturation = (f64::from(s) / 255.0) as f32;
    let scaled = |keep: f64| (f64::from(v) * keep).round() as u8;
    let low = scaled(1.0 - f64::from(saturation));
    let falling = scaled(1.0 - f64::from(saturation * rest));
    let rising = scaled(1.0 - f64::from(saturation) * (1.0 - f64::from(rest)));
    match sextant % 6 {
        0 => [v, rising, low],
        1 => [falling, v, low],
        2 => [low, v, rising],
        3 => [low, falling, v],
        4 => [rising, low, v],
        _ => [v, low, falling],
    }
}
