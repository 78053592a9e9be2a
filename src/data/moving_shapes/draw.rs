//! Draws one clip of `moving_shapes`. Whole numbers only, so that it is the same on every machine.

use super::motion::{self, Motion, Pose, UNIT};
use crate::data::Philox;
use crate::data::shapes::draw::{Colour, Fill, Frame, colour, contrasting, draw, fill, mix};
use crate::data::shapes::figures::{FIGURES, GRID};

/// Places that are looked at in a pixel, each way.
const SUB: i64 = 4;

/// What a clip is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub frames: usize,
    /// In pixels.
    pub side: usize,
    pub figures: usize,
}

/// A clip, and where its figures are in it.
pub(super) struct Drawn {
    /// `side * side * 3` bytes each, rows of interleaved RGB.
    pub frames: Vec<Vec<u8>>,
    /// For each figure, for each frame: 255 where it is seen, `side * side` bytes.
    pub masks: Vec<Vec<Vec<u8>>>,
    /// For each figure, for each frame: left, top, right and bottom of what is seen, in pixels.
    pub tracks: Vec<Vec<[f32; 4]>>,
}

struct Figure {
    class: usize,
    fill: Fill,
    motion: Motion,
}

/// The clip whose first figure does `action`.
pub(super) fn clip(rng: &mut Philox, scene: &Scene, action: usize) -> Drawn {
    let ground = Ground::drawn(rng, scene.side);
    let figures = figures(rng, scene, action, ground.ends);
    // who is before whom stays
    let order = rng.permutation(figures.len());
    let noise = draw(rng, 0, 12);
    let mut drawn = Drawn {
        frames: Vec::with_capacity(scene.frames),
        masks: vec![Vec::with_capacity(scene.frames); figures.len()],
        tracks: vec![Vec::with_capacity(scene.frames); figures.len()],
    };
    let mut pixels = Vec::new();
    let mut owner = Vec::new();
    for at in 0..scene.frames {
        pixels.clear();
        pixels.extend_from_slice(&ground.pixels);
        owner.clear();
        owner.resize(pixels.len(), usize::MAX);
        for which in &order {
            let which = *which as usize;
            let figure = &figures[which];
            let pose = figure.motion.pose(at, scene.frames);
            paint(figure, which, pose, scene.side, &mut pixels, &mut owner);
        }
        drawn.frames.push(noisy(rng, &pixels, noise));
        for which in 0..figures.len() {
            let mask = owner
                .iter()
                .map(|owner| if *owner == which { 255 } else { 0 });
            let mask: Vec<u8> = mask.collect();
            drawn.tracks[which].push(around(&mask, scene.side));
            drawn.masks[which].push(mask);
        }
    }
    drawn
}

fn figures(rng: &mut Philox, scene: &Scene, action: usize, ground: [Colour; 2]) -> Vec<Figure> {
    let side = scene.side as i64 * UNIT;
    let middle = (side / 2, side / 2);
    let mut figures: Vec<Figure> = Vec::with_capacity(scene.figures);
    for which in 0..scene.figures {
        let class = rng.below(FIGURES.len() as u32) as usize;
        let first = contrasting(rng, ground);
        let fill = fill(rng, first);
        let motion = match figures.first() {
            None => Motion::drawn(rng, action, side, side * 7 / 16, middle, side / 5),
            // a smaller one whose way leads by the first
            Some(largest) => {
                let action = rng.below(motion::NAMES.len() as u32) as usize;
                let near = (largest.motion.middle.x, largest.motion.middle.y);
                let size = side * 4 / 16 - which as i64 * side / 64;
                Motion::drawn(rng, action, side, size, near, side * 3 / 8)
            }
        };
        figures.push(Figure {
            class,
            fill,
            motion,
        });
    }
    figures
}

/// What lies behind the figures.
struct Ground {
    pixels: Vec<Colour>,
    ends: [Colour; 2],
}

impl Ground {
    /// It runs from one colour to another in any direction, and stays.
    fn drawn(rng: &mut Philox, side: usize) -> Self {
        let first = colour(rng);
        let second = mix(first, colour(rng), draw(rng, 0, 160));
        let (dx, dy) = (draw(rng, -64, 65), draw(rng, -64, 65));
        let length = (dx.abs() + dy.abs()).max(1) * side as i32;
        let start = (dx.min(0) + dy.min(0)) * side as i32;
        let place = |i: usize| ((i % side) as i32, (i / side) as i32);
        let pixel =
            |(x, y): (i32, i32)| mix(first, second, (x * dx + y * dy - start) * 256 / length);
        Self {
            pixels: (0..side * side).map(place).map(pixel).collect(),
            ends: [first, second],
        }
    }
}

/// Paints a figure over what is there, and notes the pixels of which it covers half.
fn paint(
    figure: &Figure,
    which: usize,
    pose: Pose,
    side: usize,
    pixels: &mut [Colour],
    owner: &mut [usize],
) {
    let rows = &FIGURES[figure.class];
    let (sine, cosine) = motion::direction(pose.angle);
    let cells = GRID as i64;
    let size = pose.size.max(UNIT);
    let frame = Frame {
        centre: (pose.x, pose.y),
        across: (cosine * cells / size, -sine * cells / size),
        down: (sine * cells / size, cosine * cells / size),
    };
    let half = cells << 15;
    // a square reaches 0.71 of its side from its centre
    let reach = size * 3 / 4;
    let near = |centre: i64| {
        let whole = side as i64;
        let (low, high) = ((centre - reach) / UNIT - 1, (centre + reach) / UNIT + 2);
        low.clamp(0, whole)..high.clamp(0, whole)
    };
    let step = UNIT / SUB;
    for y in near(pose.y) {
        for x in near(pose.x) {
            let mut covered = 0;
            for sub in 0..SUB * SUB {
                let at = |pixel: i64, sub: i64| pixel * UNIT + sub * step + step / 2;
                let (u, v) = frame.place(at(x, sub % SUB), at(y, sub / SUB));
                let (u, v) = ((u + half) >> 16, (v + half) >> 16);
                if (0..cells).contains(&u) && (0..cells).contains(&v) {
                    covered += i32::from(rows[v as usize] >> u & 1);
                }
            }
            if covered == 0 {
                continue;
            }
            let i = y as usize * side + x as usize;
            // what it is painted with moves with it
            let (u, v) = frame.place(x * UNIT + UNIT / 2, y * UNIT + UNIT / 2);
            let paint = figure.fill.at(u >> 16, v >> 16);
            pixels[i] = mix(pixels[i], paint, covered * 16);
            if covered >= 8 {
                owner[i] = which;
            }
        }
    }
}

fn noisy(rng: &mut Philox, pixels: &[Colour], noise: i32) -> Vec<u8> {
    let mut out = Vec::with_capacity(pixels.len() * 3);
    for pixel in pixels {
        let bits = rng.next_u32();
        for (channel, value) in pixel.iter().enumerate() {
            let byte = (bits >> (8 * channel) & 255) as i32;
            out.push((value + (((byte - 128) * noise) >> 7)).clamp(0, 255) as u8);
        }
    }
    out
}

/// Left, top, right and bottom of what a mask holds; zeros where it holds nothing.
fn around(mask: &[u8], side: usize) -> [f32; 4] {
    let mut around: Option<[usize; 4]> = None;
    for (i, _) in mask.iter().enumerate().filter(|(_, m)| **m > 0) {
        let (x, y) = (i % side, i / side);
        let [left, top, right, bottom] = around.unwrap_or([x, y, x + 1, y + 1]);
        around = Some([left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)]);
    }
    around.map_or([0.0; 4], |sides| sides.map(|side| side as f32))
}
