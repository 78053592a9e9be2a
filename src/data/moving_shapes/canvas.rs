//! What a frame of `moving_shapes` is painted on: figures, and posts before them.

use super::camera::{self, Camera};
use super::motion::{self, Motion, Pose, UNIT};
use crate::data::Philox;
use crate::data::shapes::draw::{Colour, Fill, Frame, contrasting, draw, fill, mix};
use crate::data::shapes::figures::{FIGURES, GRID};

/// Places that are looked at in a pixel, each way.
const SUB: i64 = 4;
/// The owner of a pixel that shows no figure.
pub(super) const NOBODY: usize = usize::MAX;

/// One that moves.
pub(super) struct Figure {
    pub class: usize,
    pub fill: Fill,
    pub motion: Motion,
    /// How far it stands before the middle of the scene, in units.
    pub depth: i64,
}

/// A frame while it is drawn.
pub(super) struct Canvas {
    pub side: usize,
    pub pixels: Vec<Colour>,
    /// For each pixel the figure that covers half of it.
    pub owner: Vec<usize>,
}

impl Canvas {
    /// Paints a figure over what is there, notes the pixels of which it covers half, and gives the box around all of them.
    pub fn paint(
        &mut self,
        figure: &Figure,
        which: usize,
        pose: Pose,
        camera: &Camera,
    ) -> [f32; 4] {
        let rows = &FIGURES[figure.class];
        let (sine, cosine) = motion::direction(pose.angle);
        let cells = GRID as i64;
        let size = pose.size.max(UNIT);
        let upright = Frame {
            centre: (0, 0),
            across: (cosine * cells / size, -sine * cells / size),
            down: (sine * cells / size, cosine * cells / size),
        };
        let frame = camera.frame(&upright, (pose.x, pose.y));
        let half = cells << 15;
        // a square reaches 0.71 of its side from its centre
        let reach = camera.reach(size * 3 / 4);
        let near = |centre: i64| {
            let whole = self.side as i64;
            let (low, high) = ((centre - reach) / UNIT - 1, (centre + reach) / UNIT + 2);
            low.clamp(0, whole)..high.clamp(0, whole)
        };
        let (across, down) = (near(pose.x), near(pose.y));
        let step = UNIT / SUB;
        let mut around = Around::default();
        for y in down {
            for x in across.clone() {
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
                let i = y as usize * self.side + x as usize;
                // what it is painted with moves with it
                let (u, v) = frame.place(x * UNIT + UNIT / 2, y * UNIT + UNIT / 2);
                let paint = figure.fill.at(u >> 16, v >> 16);
                self.pixels[i] = mix(self.pixels[i], paint, covered * 16);
                if covered >= 8 {
                    self.owner[i] = which;
                    around.add(x as usize, y as usize);
                }
            }
        }
        around.sides()
    }

    /// Puts a post before all figures: from the top to the bottom of the picture, upright whatever the tilt.
    pub fn stand(&mut self, post: &Post, camera: &Camera) {
        let side = self.side as i64 * UNIT;
        let (x, _, _) = camera.sees((post.x - side / 2, 0, post.depth));
        let left = x + side / 2 - post.width / 2;
        for (i, pixel) in self.pixels.iter_mut().enumerate() {
            let x = (i % self.side) as i64 * UNIT + UNIT / 2;
            if (left..left + post.width).contains(&x) {
                *pixel = post.fill.at(x - left, (i / self.side) as i64 * UNIT);
                self.owner[i] = NOBODY;
            }
        }
    }
}

/// Something that hides what passes behind it, and never moves.
pub(super) struct Post {
    /// Its middle, in units.
    x: i64,
    width: i64,
    /// How far it stands before the middle of the scene.
    depth: i64,
    fill: Fill,
}

impl Post {
    /// So many before so many figures in a picture of `side` pixels, each in a part of its own of the picture's width.
    pub fn drawn(
        rng: &mut Philox,
        count: usize,
        (figures, pixels): (usize, usize),
        ground: [Colour; 2],
    ) -> Vec<Self> {
        let side = pixels as i64 * UNIT;
        let part = side / count.max(1) as i64;
        let mut between = |low: i64, high: i64| i64::from(draw(rng, low as i32, high as i32 + 1));
        let places: Vec<(i64, i64)> = (0..count as i64)
            .map(|at| {
                (
                    at * part + between(part / 4, part * 3 / 4),
                    between(side / 10, side / 6),
                )
            })
            .collect();
        let posts = places.into_iter().map(|(x, width)| {
            let first = contrasting(rng, ground);
            Self {
                x,
                width,
                depth: camera::depth(figures, figures, pixels),
                fill: fill(rng, first),
            }
        });
        posts.collect()
    }
}

/// The box around pixels.
#[derive(Default)]
pub(super) struct Around(Option<[usize; 4]>);

impl Around {
    pub fn add(&mut self, x: usize, y: usize) {
        let [left, top, right, bottom] = self.0.unwrap_or([x, y, x + 1, y + 1]);
        self.0 = Some([left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)]);
    }

    /// Zeros where there is no pixel.
    pub fn sides(&self) -> [f32; 4] {
        self.0
            .map_or([0.0; 4], |sides| sides.map(|side| side as f32))
    }
}
