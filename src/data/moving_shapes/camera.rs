//! Where a camera of `moving_shapes` stands. Whole numbers only, so that it is the same on every machine.

use super::motion::{self, UNIT};
use crate::data::Philox;
use crate::data::shapes::draw::{Colour, Frame, draw};

/// Parts of one in which zoom and light are counted.
const ONE: i64 = 256;

/// Figures are flat and stand upright one behind the other; a camera goes round them, tilts, comes nearer and has light of its own.
/// What it sees is a parallel projection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Camera {
    /// Sine and cosine, in 1/65536, of how far it went round: positive to the right.
    round: (i64, i64),
    /// Of how far it is tilted.
    tilt: (i64, i64),
    /// In 1/256.
    zoom: i64,
    /// Of each channel, in 1/256.
    light: [i64; 3],
}

impl Camera {
    /// Straight before the figures.
    pub fn front() -> Self {
        Self {
            round: (0, 1 << 16),
            tilt: (0, 1 << 16),
            zoom: ONE,
            light: [ONE; 3],
        }
    }

    /// Camera number `at` of a scene, from 1: odd ones stand to the right, even ones to the left, 25° to 50° round.
    pub fn drawn(rng: &mut Philox, at: usize) -> Self {
        let mut between = |low: i32, high: i32| i64::from(draw(rng, low, high + 1));
        // 1024 parts of a turn
        let round = between(71, 142);
        Self {
            round: motion::direction(if at % 2 == 1 { round } else { -round }),
            // up to 14 degrees
            tilt: motion::direction(between(-40, 40)),
            zoom: between(205, 307),
            light: [(); 3].map(|()| between(180, 290)),
        }
    }

    /// Where it sees a place of the scene, and how near that is. In units from the middle of the scene; `z` is larger before.
    pub fn sees(&self, (x, y, z): (i64, i64, i64)) -> (i64, i64, i64) {
        let (sine, cosine) = self.round;
        let across = (x * cosine + z * sine) >> 16;
        let near = (z * cosine - x * sine) >> 16;
        let (sine, cosine) = self.tilt;
        let zoomed = |part: i64| (part * self.zoom / ONE) >> 16;
        (
            zoomed(across * cosine + y * sine),
            zoomed(y * cosine - across * sine),
            near,
        )
    }

    /// The frame of a figure whose own one, `upright`, has no centre, around the place where this camera sees it.
    pub fn frame(&self, upright: &Frame, centre: (i64, i64)) -> Frame {
        let (sine, cosine) = self.tilt;
        let narrowed = self.round.1;
        // a row of the figure's matrix, times the inverse of the camera's
        let row = |(a, b): (i64, i64)| {
            let wide = (a << 16) / narrowed;
            let seen = |part: i64| part * ONE / self.zoom / (1 << 16);
            (
                seen(wide * cosine + b * sine),
                seen(b * cosine - wide * sine),
            )
        };
        Frame {
            centre,
            across: row(upright.across),
            down: row(upright.down),
        }
    }

    /// How far from its centre something is seen that reaches so far upright.
    pub fn reach(&self, reach: i64) -> i64 {
        reach * self.zoom / ONE
    }

    /// A colour in its light.
    pub fn lit(&self, colour: Colour) -> Colour {
        [0, 1, 2].map(|i| (i64::from(colour[i]) * self.light[i] / ONE).min(255) as i32)
    }
}

/// How far before the middle of the scene the figure stands that is painted at place `at` of so many: the last one is nearest.
pub(super) fn depth(at: usize, of: usize, side: usize) -> i64 {
    let side = side as i64 * UNIT;
    (2 * at as i64 - (of as i64 - 1)) * side / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`Camera::sees`] says of a figure's places is what [`Camera::frame`] turns back.
    #[test]
    fn a_frame_undoes_what_a_camera_does() {
        for at in 1..40 {
            let camera = Camera::drawn(&mut Philox::new(5, &[at]), at as usize);
            let size = 30 * UNIT;
            let upright = Frame {
                centre: (0, 0),
                across: ((16 << 16) / size, 0),
                down: (0, (16 << 16) / size),
            };
            let (x, y, z) = (300, -200, 500);
            let (cx, cy, _) = camera.sees((x, y, z));
            let frame = camera.frame(&upright, (cx, cy));
            for (dx, dy) in [(0, 0), (600, 0), (0, 600), (-400, 300)] {
                let (px, py, _) = camera.sees((x + dx, y + dy, z));
                let (u, v) = frame.place(px, py);
                let off = |got: i64, way: i64| (got - way * (16 << 16) / size).abs();
                // a tenth of a cell
                assert!(off(u, dx) < 6554 && off(v, dy) < 6554, "{at} {dx} {dy}");
            }
        }
    }

    #[test]
    fn the_front_camera_changes_nothing() {
        let front = Camera::front();
        assert_eq!(front.sees((-7, 1234, 99)), (-7, 1234, 99));
        let upright = Frame {
            centre: (0, 0),
            across: (-1165, 713),
            down: (20, -1),
        };
        let frame = front.frame(&upright, (5, -6));
        assert_eq!((frame.across, frame.down), (upright.across, upright.down));
        assert_eq!(front.lit([0, 100, 255]), [0, 100, 255]);
    }
}
