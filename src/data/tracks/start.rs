//! Where something moves: what a track starts from (Wang & Gupta, 2015, section 3.1: the box that holds most of what moves).

use super::filter::Rectangle;
use crate::data::Image;

/// Shorter side of the pictures in which motion is looked for.
const LOOKED_AT: usize = 48;
/// How far a camera that is turned may move all of a picture from frame to frame, in parts of that side.
const TURNED: usize = 8;
/// Steps of grey by which a pixel changes at least where something moves.
const CHANGES: f32 = 10.0;
/// Where more than this part of a picture changes, the camera moved in a way that is not undone; where less, nothing did.
const MOVING: std::ops::RangeInclusive<f32> = 0.002..=0.6;

/// A small grey picture.
struct Grey {
    values: Vec<f32>,
    height: usize,
    width: usize,
}

impl Grey {
    fn of(frame: &Image) -> Self {
        let step = (frame.height.min(frame.width) as f32 / LOOKED_AT as f32).max(1.0);
        let size = |length: usize| ((length as f32 / step) as usize).max(1);
        let (height, width) = (size(frame.height), size(frame.width));
        let range = |at: usize, most: usize| {
            let (from, to) = (
                (at as f32 * step) as usize,
                ((at + 1) as f32 * step) as usize,
            );
            from.min(most - 1)..to.clamp(from + 1, most).max(from.min(most - 1) + 1)
        };
        let mut values = Vec::with_capacity(height * width);
        for y in 0..height {
            for x in 0..width {
                let (mut sum, mut n) = (0.0, 0.0);
                for v in range(y, frame.height) {
                    for u in range(x, frame.width) {
                        let at = (v * frame.width + u) * frame.channels;
                        let pixel = &frame.pixels[at..at + frame.channels];
                        sum += pixel.iter().map(|value| f32::from(*value)).sum::<f32>();
                        n += frame.channels as f32;
                    }
                }
                values.push(sum / n);
            }
        }
        Self {
            values,
            height,
            width,
        }
    }

    /// Mean change to what `after` is `(dx, dy)` further on, over what both show.
    fn changes(
        &self,
        after: &Self,
        (dx, dy): (isize, isize),
        each: &mut dyn FnMut(usize, f32),
    ) -> f32 {
        let (mut sum, mut n) = (0.0, 0.0);
        for y in 0..self.height {
            let Some(v) = y.checked_add_signed(dy).filter(|v| *v < self.height) else {
                continue;
            };
            for x in 0..self.width {
                let Some(u) = x.checked_add_signed(dx).filter(|u| *u < self.width) else {
                    continue;
                };
                let at = y * self.width + x;
                let change = (self.values[at] - after.values[v * self.width + u]).abs();
                each(at, change);
                sum += change;
                n += 1.0;
            }
        }
        sum / f32::max(n, 1.0)
    }

    /// How far all of the picture moves to the next: the shift that leaves the least change, none where that is as good.
    fn shift(&self, after: &Self) -> (isize, isize) {
        let most = (self.height.min(self.width) / TURNED) as isize;
        let mut best = (0, 0);
        let mut least = 0.9 * self.changes(after, best, &mut |_, _| {});
        for dy in -most..=most {
            for dx in -most..=most {
                let change = self.changes(after, (dx, dy), &mut |_, _| {});
                if change < least {
                    (best, least) = ((dx, dy), change);
                }
            }
        }
        best
    }
}

/// What moves from one frame to the next.
struct Motion {
    /// For each pixel of a small picture, and all above and to the left of it, how much moves.
    sums: Vec<f32>,
    height: usize,
    width: usize,
}

impl Motion {
    /// `None` where nothing moves, or all does.
    fn between(before: &Grey, after: &Grey) -> Option<Self> {
        let (height, width) = (before.height, before.width);
        let mut moves = vec![0.0; height * width];
        before.changes(after, before.shift(after), &mut |at, change| {
            moves[at] = if change > CHANGES { 1.0 } else { 0.0 };
        });
        let part = moves.iter().sum::<f32>() / moves.len() as f32;
        if !MOVING.contains(&part) {
            return None;
        }
        let mut sums = vec![0.0; (height + 1) * (width + 1)];
        for y in 0..height {
            for x in 0..width {
                let at = |y: usize, x: usize| y * (width + 1) + x;
                sums[at(y + 1, x + 1)] =
                    moves[y * width + x] + sums[at(y, x + 1)] + sums[at(y + 1, x)] - sums[at(y, x)];
            }
        }
        Some(Self {
            sums,
            height,
            width,
        })
    }

    fn inside(&self, [left, top, right, bottom]: [usize; 4]) -> f32 {
        let at = |y: usize, x: usize| self.sums[y * (self.width + 1) + x];
        at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left)
    }

    /// The square of this side that holds most of it, in the middle of all that hold as much; what it holds.
    fn fullest(&self, side: usize) -> ([usize; 4], f32) {
        let side = side.clamp(1, self.height.min(self.width));
        let (mut most, mut ties, mut sum) = (-1.0, 0.0, (0.0, 0.0));
        for top in 0..=self.height - side {
            for left in 0..=self.width - side {
                let holds = self.inside([left, top, left + side, top + side]);
                if holds > most {
                    (most, ties, sum) = (holds, 0.0, (0.0, 0.0));
                }
                if holds == most {
                    ties += 1.0;
                    sum = (sum.0 + left as f32, sum.1 + top as f32);
                }
            }
        }
        let place = |sum: f32| (sum / f32::max(ties, 1.0)).round() as usize;
        let (left, top) = (place(sum.0), place(sum.1));
        ([left, top, left + side, top + side], most)
    }
}

/// Where tracks may start: the frame, and the square of `part` of the shorter side that holds most of what moves from there on. Only frames
/// that leave `length` for the track; those first whose square holds most, of those that are near in time only the best.
pub(super) fn of(frames: &[Image], part: f32, length: usize) -> Vec<(usize, Rectangle)> {
    let (Some(last), Some(first)) = (frames.len().checked_sub(length), frames.first()) else {
        return Vec::new();
    };
    let small: Vec<Grey> = frames.iter().take(last + 2).map(Grey::of).collect();
    let mut all: Vec<(f32, usize, [usize; 4])> = Vec::new();
    for (at, two) in small.windows(2).enumerate().take(last + 1) {
        let Some(motion) = Motion::between(&two[0], &two[1]) else {
            continue;
        };
        let side = (part * motion.height.min(motion.width) as f32).round() as usize;
        let (place, holds) = motion.fullest(side);
        all.push((holds, at, place));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<(usize, [usize; 4])> = Vec::new();
    for (_, at, place) in all {
        if chosen
            .iter()
            .all(|(other, _)| other.abs_diff(at) > length / 4)
        {
            chosen.push((at, place));
        }
    }
    let across = first.width as f32 / small[0].width as f32;
    let down = first.height as f32 / small[0].height as f32;
    let sized = |[left, top, right, bottom]: [usize; 4]| {
        [
            left as f32 * across,
            top as f32 * down,
            right as f32 * across,
            bottom as f32 * down,
        ]
    };
    chosen
        .into_iter()
        .map(|(at, place)| (at, sized(place)))
        .collect()
}
