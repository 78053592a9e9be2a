//! How much moves from frame to frame of a clip.

use crate::data::Image;

/// Frames are looked at with sides of about so many pixels.
const SIDE: usize = 48;
/// Side of a block that is looked for in the next frame, and how far, in those pixels.
const BLOCK: usize = 8;
const REACH: i32 = 4;
/// How much better a match must be for each pixel of the way, in grey levels: noise in flat places does not move.
const FAR: i32 = 2;

/// What stands for motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    /// Nothing: all frames are alike.
    Off,
    /// How much pixels change: the sum of their differences.
    Change,
    /// How far blocks go: the mean length of their way, in pixels. Light that flickers does not move.
    Flow,
}

impl Motion {
    /// The words of a parameter.
    pub const WORDS: &'static [&'static str] = &["on", "off", "flow"];

    /// What one of them means.
    pub fn of(word: &str) -> Self {
        match word {
            "on" => Motion::Change,
            "flow" => Motion::Flow,
            _ => Motion::Off,
        }
    }

    /// From each frame to the next: one number less than frames.
    pub fn steps(self, frames: &[Image]) -> Vec<f64> {
        let pairs = || frames.windows(2);
        match self {
            Motion::Off => vec![1.0; frames.len().saturating_sub(1)],
            Motion::Change => pairs().map(|two| change(&two[0], &two[1])).collect(),
            Motion::Flow => {
                let small: Vec<Grey> = frames.iter().map(Grey::of).collect();
                small.windows(2).map(|two| flow(&two[0], &two[1])).collect()
            }
        }
    }
}

/// The sum of the differences of two frames of one size.
fn change(a: &Image, b: &Image) -> f64 {
    let values = a.pixels.iter().zip(&b.pixels);
    let sum: u64 = values.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64
}

/// The root of the mean squared difference of two frames of one size, as a part of the whole scale.
pub(super) fn unlike(a: &Image, b: &Image) -> f64 {
    let values = a.pixels.iter().zip(&b.pixels);
    let squares = values.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2));
    let sum: u64 = squares.sum();
    (sum as f64 / a.pixels.len().max(1) as f64).sqrt() / 255.0
}

/// A small grey picture.
struct Grey {
    values: Vec<i32>,
    height: usize,
    width: usize,
    /// Pixels of the frame that one of these stands for.
    step: usize,
}

impl Grey {
    /// Means of all channels over squares.
    fn of(image: &Image) -> Self {
        let step = (image.height.max(image.width) / SIDE).max(1);
        let (height, width) = (image.height / step, image.width / step);
        let mut values = vec![0; height * width];
        let row = image.width * image.channels;
        for (at, value) in values.iter_mut().enumerate() {
            let (top, left) = (at / width * step, at % width * step);
            let mut sum = 0;
            for y in top..top + step {
                let from = y * row + left * image.channels;
                let own = &image.pixels[from..from + step * image.channels];
                sum += own.iter().map(|value| i32::from(*value)).sum::<i32>();
            }
            *value = sum / (step * step * image.channels).max(1) as i32;
        }
        Self {
            values,
            height,
            width,
            step,
        }
    }

    /// Sum of differences of a block here and one in another picture, each without its mean.
    fn differs(&self, (top, left): (usize, usize), other: &Grey, (y, x): (usize, usize)) -> i32 {
        let each = |see: &mut dyn FnMut(i32)| {
            for row in 0..BLOCK {
                let own = &self.values[(top + row) * self.width + left..][..BLOCK];
                let theirs = &other.values[(y + row) * other.width + x..][..BLOCK];
                own.iter().zip(theirs).for_each(|(a, b)| see(a - b));
            }
        };
        let mut sum = 0;
        each(&mut |d| sum += d);
        let mean = sum / (BLOCK * BLOCK) as i32;
        let mut apart = 0;
        each(&mut |d| apart += (d - mean).abs());
        apart
    }
}

/// The mean length of the way of all blocks from one picture to the next, in the frame's pixels: 0 of pictures smaller than a block.
fn flow(from: &Grey, to: &Grey) -> f64 {
    let tops = (0..from.height.saturating_sub(BLOCK - 1)).step_by(BLOCK);
    let blocks: Vec<(usize, usize)> = tops
        .flat_map(|top| {
            let lefts = (0..from.width.saturating_sub(BLOCK - 1)).step_by(BLOCK);
            lefts.map(move |left| (top, left))
        })
        .collect();
    let ways = blocks.iter().map(|block| {
        let (dy, dx) = way(from, to, *block);
        f64::from(dy * dy + dx * dx).sqrt()
    });
    ways.sum::<f64>() * from.step as f64 / blocks.len().max(1) as f64
}

/// Where a block has gone, down and right: the place that differs least, the nearest of equals.
fn way(from: &Grey, to: &Grey, (top, left): (usize, usize)) -> (i32, i32) {
    let mut best = (i32::MAX, (0, 0));
    for dy in -REACH..=REACH {
        for dx in -REACH..=REACH {
            let at = |start: usize, by: i32, side: usize| {
                let at = start.checked_add_signed(by as isize);
                at.filter(|at| at + BLOCK <= side)
            };
            let (Some(y), Some(x)) = (at(top, dy, to.height), at(left, dx, to.width)) else {
                continue;
            };
            let far = FAR * (BLOCK * BLOCK) as i32 / 8 * (dy.abs() + dx.abs());
            let differs = from.differs((top, left), to, (y, x)) + far;
            let nearer = |(a, b): (i32, i32)| a * a + b * b;
            if differs < best.0 || differs == best.0 && nearer((dy, dx)) < nearer(best.1) {
                best = (differs, (dy, dx));
            }
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Philox;

    /// A grainy square of 16 pixels on flat grey, its corner there.
    fn frame(top: usize, left: usize, light: u8) -> Image {
        let mut rng = Philox::new(1, &[]);
        let mut pixels = vec![light; 48 * 48];
        for y in top..top + 16 {
            for x in left..left + 16 {
                pixels[y * 48 + x] = 90 + rng.below(80) as u8;
            }
        }
        Image::new(pixels, 48, 48, 1)
    }

    #[test]
    fn blocks_go_as_far_as_what_they_show() {
        // four of 36 blocks go 3 down and 4 right; those around see an edge move, too
        let steps = Motion::Flow.steps(&[frame(16, 16, 100), frame(19, 20, 100)]);
        assert_eq!(steps.len(), 1);
        assert!((4.0 * 5.0 / 36.0..3.0).contains(&steps[0]), "{steps:?}");
        let small = [frame(16, 16, 100), frame(19, 20, 100)].map(|frame| Grey::of(&frame));
        assert_eq!(way(&small[0], &small[1], (16, 16)), (3, 4));
        assert_eq!(way(&small[0], &small[1], (0, 0)), (0, 0));
    }

    #[test]
    fn light_that_flickers_changes_and_does_not_move() {
        let brighter = |image: Image| Image {
            pixels: image.pixels.iter().map(|value| value + 60).collect(),
            ..image
        };
        let two = [frame(8, 8, 100), brighter(frame(8, 8, 100))];
        assert_eq!(Motion::Flow.steps(&two), [0.0]);
        assert_eq!(Motion::Change.steps(&two), [60.0 * 48.0 * 48.0]);
        assert_eq!(Motion::Off.steps(&two), [1.0]);
    }

    #[test]
    fn large_frames_are_looked_at_small_and_measured_in_their_own_pixels() {
        let twice = |image: &Image| {
            let pixels = (0..96 * 96).map(|at| image.pixels[at / 96 / 2 * 48 + at % 96 / 2]);
            Image::new(pixels.collect(), 96, 96, 1)
        };
        let small = [frame(16, 16, 100), frame(18, 16, 100)];
        let large = [twice(&small[0]), twice(&small[1])];
        let (of_small, of_large) = (Motion::Flow.steps(&small), Motion::Flow.steps(&large));
        assert_eq!(2.0 * of_small[0], of_large[0]);
    }

    #[test]
    fn tiny_frames_have_no_blocks() {
        let tiny = [
            Image::new(vec![1; 4], 2, 2, 1),
            Image::new(vec![9; 4], 2, 2, 1),
        ];
        assert_eq!(Motion::Flow.steps(&tiny), [0.0]);
        assert_eq!(unlike(&tiny[0], &tiny[1]), 8.0 / 255.0);
    }
}
