//! What a figure does over time. Whole numbers only, so that it is the same on every machine.

use crate::data::Philox;
use crate::data::shapes::draw::{draw, turn};

/// Parts of a pixel in which places and sizes are counted.
pub(super) const UNIT: i64 = 64;
/// Parts of a whole turn.
const TURN: i64 = 1024;

/// Names of the actions, in the order of their labels. Each backwards is its neighbour.
pub(super) const NAMES: [&str; 8] = [
    "left",
    "right",
    "up",
    "down",
    "clockwise",
    "counter-clockwise",
    "near",
    "away",
];

/// Where a figure is in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pose {
    /// Of its centre, in units.
    pub x: i64,
    pub y: i64,
    /// Its side, in units.
    pub size: i64,
    /// Counter-clockwise, in parts of a turn.
    pub angle: i64,
}

/// What a figure does: the pose in the middle of its time, and how far that goes in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    pub middle: Pose,
    pub action: usize,
    /// In all: units, parts of a turn, or units of its size.
    pub way: i64,
}

impl Motion {
    /// A figure of about `size` units in a picture of `side` units whose middle lies around `near`.
    pub fn drawn(
        rng: &mut Philox,
        action: usize,
        side: i64,
        size: i64,
        (x, y): (i64, i64),
        spread: i64,
    ) -> Self {
        let mut around = |middle: i64, by: i64| {
            let (low, high) = ((middle - by) as i32, (middle + by) as i32);
            i64::from(draw(rng, low, high + 1))
        };
        let middle = Pose {
            x: around(x, spread),
            y: around(y, spread),
            size: around(size, size / 6),
            angle: around(0, TURN / 2),
        };
        let way = match action / 2 {
            // 3/8 to 5/8 of the picture
            0 | 1 => around(side / 2, side / 8),
            // a quarter of a turn to a half
            2 => around(TURN * 3 / 8, TURN / 8),
            // from 3/5 of its size to 7/5, or from 3/4 to 5/4
            _ => around(middle.size * 13 / 20, middle.size * 3 / 20),
        };
        Self {
            middle,
            action,
            way,
        }
    }

    /// In frame `at` of so many.
    pub fn pose(&self, at: usize, frames: usize) -> Pose {
        let last = frames as i64 - 1;
        // from minus a half of the way to a half
        let gone = self.way * (2 * at as i64 - last) / (2 * last.max(1));
        let mut pose = self.middle;
        match self.action {
            0 => pose.x -= gone,
            1 => pose.x += gone,
            2 => pose.y -= gone,
            3 => pose.y += gone,
            4 => pose.angle -= gone,
            5 => pose.angle += gone,
            6 => pose.size += gone,
            _ => pose.size -= gone,
        }
        pose
    }
}

/// Sine and cosine, in 1/65536, of an angle in parts of a turn.
pub(super) fn direction(angle: i64) -> (i64, i64) {
    const PI: i64 = 205_887;
    let shifted = (angle + TURN / 8).rem_euclid(TURN);
    let quarter = shifted / (TURN / 4);
    // within an eighth of a turn of a quarter's begin
    let rest = shifted % (TURN / 4) - TURN / 8;
    let half = rest * PI / TURN;
    let cube = (((half * half) >> 16) * half) >> 16;
    let (sine, cosine) = turn(half + cube / 3);
    match quarter {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_those_of_the_circle() {
        for angle in -TURN..2 * TURN {
            let (sine, cosine) = direction(angle);
            let (s, c) = (angle as f64 * std::f64::consts::TAU / TURN as f64).sin_cos();
            let off = |got: i64, want: f64| (got as f64 / 65_536.0 - want).abs();
            assert!(off(sine, s) < 3e-3 && off(cosine, c) < 3e-3, "{angle}");
        }
    }

    /// What a clip shows backwards is the clip of the neighbouring action.
    #[test]
    fn an_action_backwards_is_its_neighbour() {
        for action in 0..NAMES.len() {
            let motion = Motion::drawn(
                &mut Philox::new(3, &[action as u64]),
                action,
                2048,
                700,
                (1024, 1024),
                300,
            );
            let other = Motion {
                action: action ^ 1,
                ..motion
            };
            for at in 0..16 {
                assert_eq!(motion.pose(at, 16), other.pose(15 - at, 16), "{action}");
            }
            assert_ne!(motion.pose(0, 16), motion.pose(15, 16));
        }
    }
}
