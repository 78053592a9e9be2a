//! Draws one clip of `moving_shapes`. Whole numbers only, so that it is the same on every machine.

use super::camera::{self, Camera};
use super::canvas::{Around, Canvas, Figure, NOBODY, Post};
use super::motion::{self, Motion, Pose, UNIT};
use crate::data::Philox;
use crate::data::shapes::draw::{Colour, colour, contrasting, draw, fill, mix};
use crate::data::shapes::figures::FIGURES;

/// What a clip is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub frames: usize,
    /// In pixels.
    pub side: usize,
    pub figures: usize,
    /// Cameras that see it.
    pub cameras: usize,
    /// Posts that stand before the figures.
    pub posts: usize,
}

/// What one camera sees, and where the figures are in it.
pub(super) struct Drawn {
    /// `side * side * 3` bytes each, rows of interleaved RGB.
    pub frames: Vec<Vec<u8>>,
    /// For each figure, for each frame: 255 where it is seen, `side * side` bytes.
    pub masks: Vec<Vec<Vec<u8>>>,
    /// For each figure, for each frame: left, top, right and bottom of what is seen, in pixels.
    pub tracks: Vec<Vec<[f32; 4]>>,
    /// The same of the whole figure as far as it lies in the picture, whatever stands before it.
    pub extents: Vec<Vec<[f32; 4]>>,
}

/// The clip whose first figure does `action`, once for each camera. The first camera sees the same however many there are.
pub(super) fn clip(rng: &mut Philox, scene: &Scene, action: usize) -> Vec<Drawn> {
    let side = scene.side;
    let ground = Ground::drawn(rng, side);
    let mut figures = figures(rng, scene, action, ground.ends);
    // who is before whom stays
    let order = rng.permutation(figures.len());
    for (at, which) in order.iter().enumerate() {
        figures[*which as usize].depth = camera::depth(at, order.len(), side);
    }
    let noise = draw(rng, 0, 12);
    let posts = Post::drawn(rng, scene.posts, (scene.figures, side), ground.ends);
    (0..scene.cameras)
        .map(|at| match at {
            0 => filmed(
                rng,
                scene,
                &figures,
                &posts,
                &ground,
                &Camera::front(),
                noise,
            ),
            _ => {
                let camera = Camera::drawn(rng, at);
                let wall = Ground::between(rng, side, ground.ends);
                filmed(rng, scene, &figures, &posts, &wall, &camera, noise)
            }
        })
        .collect()
}

/// What a camera sees of it all.
fn filmed(
    rng: &mut Philox,
    scene: &Scene,
    figures: &[Figure],
    posts: &[Post],
    ground: &Ground,
    camera: &Camera,
    noise: i32,
) -> Drawn {
    let n = figures.len();
    let mut drawn = Drawn {
        frames: Vec::with_capacity(scene.frames),
        masks: vec![Vec::new(); n],
        tracks: vec![Vec::new(); n],
        extents: vec![Vec::new(); n],
    };
    let side = scene.side;
    let middle = side as i64 * UNIT / 2;
    let mut canvas = Canvas {
        side,
        pixels: Vec::new(),
        owner: Vec::new(),
    };
    for at in 0..scene.frames {
        canvas.pixels.clear();
        canvas.pixels.extend_from_slice(&ground.pixels);
        canvas.owner.clear();
        canvas.owner.resize(side * side, NOBODY);
        // what is seen of each, the nearest last
        let mut seen: Vec<(i64, usize, Pose)> = Vec::with_capacity(figures.len());
        for (which, figure) in figures.iter().enumerate() {
            let mut pose = figure.motion.pose(at, scene.frames);
            let (x, y, near) = camera.sees((pose.x - middle, pose.y - middle, figure.depth));
            (pose.x, pose.y) = (x + middle, y + middle);
            seen.push((near, which, pose));
        }
        seen.sort_by_key(|(near, ..)| *near);
        for (_, which, pose) in seen {
            let extent = canvas.paint(&figures[which], which, pose, camera);
            drawn.extents[which].push(extent);
        }
        for post in posts {
            canvas.stand(post, camera);
        }
        if !posts.is_empty() || scene.cameras > 1 {
            canvas
                .pixels
                .iter_mut()
                .for_each(|pixel| *pixel = camera.lit(*pixel));
        }
        drawn.frames.push(noisy(rng, &canvas.pixels, noise));
        for which in 0..figures.len() {
            let owned = |owner: &usize| if *owner == which { 255 } else { 0 };
            let mask: Vec<u8> = canvas.owner.iter().map(owned).collect();
            drawn.tracks[which].push(around(&mask, side));
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
            depth: 0,
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
        Self::between(rng, side, [first, second])
    }

    /// The same between two colours.
    fn between(rng: &mut Philox, side: usize, [first, second]: [Colour; 2]) -> Self {
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
    let mut around = Around::default();
    for (i, _) in mask.iter().enumerate().filter(|(_, m)| **m > 0) {
        around.add(i % side, i / side);
    }
    around.sides()
}
