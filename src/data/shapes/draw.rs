//! Draws one picture of `shapes`. Whole numbers only, so that it is the same on every machine.

use super::figures::{FIGURES, GRID};
use crate::data::Philox;

/// Side of a picture in pixels.
pub(super) const SIDE: usize = 32;

pub(in crate::data) type Colour = [i32; 3];

/// Whole number in `low..high`.
pub(in crate::data) fn draw(rng: &mut Philox, low: i32, high: i32) -> i32 {
    low + rng.below((high - low).max(1) as u32) as i32
}

pub(in crate::data) fn colour(rng: &mut Philox) -> Colour {
    let bits = rng.next_u32();
    [bits & 255, bits >> 8 & 255, bits >> 16 & 255].map(|c| c as i32)
}

fn luma(c: Colour) -> i32 {
    (c[0] * 77 + c[1] * 151 + c[2] * 28) >> 8
}

/// Moves `c` towards `other`: by 0/256 to 256/256 of the way.
pub(in crate::data) fn mix(c: Colour, other: Colour, part: i32) -> Colour {
    [0, 1, 2].map(|i| c[i] + (((other[i] - c[i]) * part) >> 8))
}

/// A colour whose brightness is at least 88 from both ends of the ground's.
pub(in crate::data) fn contrasting(rng: &mut Philox, ground: [Colour; 2]) -> Colour {
    let ends = ground.map(luma);
    let far = |c: Colour| ends.iter().all(|end| (luma(c) - end).abs() >= 88);
    for _ in 0..12 {
        let c = colour(rng);
        if far(c) {
            return c;
        }
    }
    let grey = if ends[0] + ends[1] > 255 { 16 } else { 239 };
    [grey; 3]
}

/// Sine and cosine, in 1/65536, of an angle given by the tangent of its half, in 1/65536.
pub(in crate::data) fn turn(half_tangent: i64) -> (i64, i64) {
    let t2 = (half_tangent * half_tangent) >> 16;
    let below = 65_536 + t2;
    (
        ((2 * half_tangent) << 16) / below,
        ((65_536 - t2) << 16) / below,
    )
}

/// Maps a place in the picture (parts of a pixel) into a figure's or a stripe's own coordinates.
pub(in crate::data) struct Frame {
    pub centre: (i64, i64),
    pub across: (i64, i64),
    pub down: (i64, i64),
}

impl Frame {
    /// Coordinates in cells times 65536, from the grid's centre.
    pub fn place(&self, x: i64, y: i64) -> (i64, i64) {
        let (x, y) = (x - self.centre.0, y - self.centre.1);
        (
            x * self.across.0 + y * self.across.1,
            x * self.down.0 + y * self.down.1,
        )
    }
}

/// How a figure is filled.
pub(in crate::data) struct Fill {
    colours: [Colour; 2],
    kind: u32,
    wave: (i64, i64),
}

impl Fill {
    pub fn at(&self, x: i64, y: i64) -> Colour {
        let phase = (x * self.wave.0 + y * self.wave.1) >> 8;
        let second = match self.kind {
            // plain
            0 | 1 => false,
            // stripes
            2 => phase & 15 < 8,
            // checks
            _ => (phase & 15 < 8) != ((x * self.wave.1 - y * self.wave.0) >> 8 & 15 < 8),
        };
        self.colours[usize::from(second)]
    }
}

pub(in crate::data) fn fill(rng: &mut Philox, first: Colour) -> Fill {
    let second = mix(first, colour(rng), 96);
    Fill {
        colours: [first, second],
        kind: rng.below(4),
        wave: (
            i64::from(draw(rng, -256, 257)),
            i64::from(draw(rng, -256, 257)),
        ),
    }
}

/// A ground that runs from one colour to another in any direction.
fn ground(rng: &mut Philox, pixels: &mut [Colour]) -> [Colour; 2] {
    let first = colour(rng);
    let second = mix(first, colour(rng), draw(rng, 0, 160));
    let (dx, dy) = (draw(rng, -64, 65), draw(rng, -64, 65));
    let length = (dx.abs() + dy.abs()).max(1) * SIDE as i32;
    let start = dx.min(0) * SIDE as i32 + dy.min(0) * SIDE as i32;
    for (i, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = ((i % SIDE) as i32, (i / SIDE) as i32);
        *pixel = mix(first, second, (x * dx + y * dy - start) * 256 / length);
    }
    [first, second]
}

/// A bar or a disc that means nothing.
fn distractor(rng: &mut Philox, pixels: &mut [Colour]) {
    let paint = colour(rng);
    let part = draw(rng, 96, 224);
    let (cx, cy) = (draw(rng, 0, SIDE as i32), draw(rng, 0, SIDE as i32));
    let (dx, dy) = (draw(rng, -64, 65), draw(rng, -64, 65));
    let norm = dx.abs().max(dy.abs()).max(1);
    let (long, thick, disc) = (draw(rng, 2, 9), draw(rng, 1, 3), rng.below(2) == 0);
    for (i, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = ((i % SIDE) as i32 - cx, (i / SIDE) as i32 - cy);
        let inside = if disc {
            x * x + y * y <= thick * thick * 3
        } else {
            (x * dx + y * dy).abs() <= long * norm && (x * dy - y * dx).abs() <= thick * norm
        };
        if inside {
            *pixel = mix(*pixel, paint, part);
        }
    }
}

fn figure(rng: &mut Philox, class: usize, ground: [Colour; 2], pixels: &mut [Colour]) {
    let rows = &FIGURES[class];
    let first = contrasting(rng, ground);
    let fill = fill(rng, first);
    // size in quarters of a pixel: 14 to 24 pixels, each direction up to an eighth more or less
    let size = draw(rng, 58, 96);
    let width = i64::from(size * draw(rng, 224, 289) / 256);
    let height = i64::from(size * draw(rng, 224, 289) / 256);
    // up to 14 degrees to either side
    let (sine, cosine) = turn(i64::from(draw(rng, -8000, 8001)));
    let free = (4 * SIDE as i32 - size) / 2 + 6;
    let middle = 2 * SIDE as i32;
    let cells = GRID as i64;
    let frame = Frame {
        centre: (
            i64::from(middle + draw(rng, -free, free + 1)),
            i64::from(middle + draw(rng, -free, free + 1)),
        ),
        across: (cosine * cells / width, sine * cells / width),
        down: (-sine * cells / height, cosine * cells / height),
    };
    let half = cells << 15;
    // tilted by 14 degrees at most, a figure stays within 0.61 of its longer side around its centre
    let reach = width.max(height) * 5 / 8;
    let pixels_near = |centre: i64| {
        let side = SIDE as i64;
        ((centre - reach) / 4 - 1).clamp(0, side)..((centre + reach) / 4 + 2).clamp(0, side)
    };
    for y in pixels_near(frame.centre.1) {
        for x in pixels_near(frame.centre.0) {
            // four by four places per pixel
            let mut covered = 0;
            for sub in 0..16 {
                let (u, v) = frame.place(4 * x + (sub & 3), 4 * y + (sub >> 2));
                let (u, v) = ((u + half) >> 16, (v + half) >> 16);
                if (0..cells).contains(&u) && (0..cells).contains(&v) {
                    covered += i32::from(rows[v as usize] >> u & 1);
                }
            }
            if covered > 0 {
                let pixel = &mut pixels[y as usize * SIDE + x as usize];
                *pixel = mix(*pixel, fill.at(x, y), covered * 16);
            }
        }
    }
}

/// The picture of a class: `SIDE * SIDE * 3` bytes, rows of interleaved RGB.
pub(super) fn picture(rng: &mut Philox, class: usize) -> Vec<u8> {
    let mut pixels = [[0i32; 3]; SIDE * SIDE];
    let ends = ground(rng, &mut pixels);
    for _ in 0..rng.below(3) {
        distractor(rng, &mut pixels);
    }
    figure(rng, class, ends, &mut pixels);
    let noise = draw(rng, 0, 16);
    let mut out = Vec::with_capacity(SIDE * SIDE * 3);
    for pixel in pixels {
        let bits = rng.next_u32();
        for (channel, value) in pixel.into_iter().enumerate() {
            let byte = (bits >> (8 * channel) & 255) as i32;
            out.push((value + (((byte - 128) * noise) >> 7)).clamp(0, 255) as u8);
        }
    }
    out
}
