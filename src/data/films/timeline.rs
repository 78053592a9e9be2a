//! When the frames of a film are shown, and which of them are read.

use serde::{Deserialize, Serialize};

/// Frames of the longest film that is read: a day at 60 in a second.
const FRAMES: usize = 60 * 86_400;
/// Parts of a second in which times are counted.
pub(super) const SECOND: u64 = 1_000_000;
/// Frames in a second where nobody says.
pub(super) const RATE: (u64, u64) = (25, 1);

/// The size of a film as it is seen, and when each of its frames is shown, in millionths of a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::data) struct Timeline {
    pub height: usize,
    pub width: usize,
    /// From when on each is shown, ascending.
    pub starts: Vec<u64>,
    /// Until when the last one is.
    pub end: u64,
    /// Why there is less than the file says.
    pub damage: Option<String>,
}

impl Timeline {
    /// `frames`, of which `above` are shown in `below` seconds.
    ///
    /// # Errors
    /// There is none, or there are too many.
    pub(super) fn even(
        size: (usize, usize),
        frames: usize,
        (above, below): (u64, u64),
    ) -> Result<Self, String> {
        let most = frames.min(FRAMES + 1) as u128;
        let at = |frame: u128| {
            let time = frame * u128::from(below) * u128::from(SECOND) / u128::from(above.max(1));
            u64::try_from(time).unwrap_or(u64::MAX)
        };
        Self::new(size, (0..most).map(at).collect(), at(most))
    }

    /// # Errors
    /// There is none, or there are too many.
    pub(super) fn new(
        (height, width): (usize, usize),
        starts: Vec<u64>,
        end: u64,
    ) -> Result<Self, String> {
        match starts.len() {
            0 => Err("it has no frame".into()),
            1..=FRAMES => Ok(Self {
                height,
                width,
                end: end.max(starts.last().copied().unwrap_or(0)),
                starts,
                damage: None,
            }),
            _ => Err(format!("it has more than {FRAMES} frames")),
        }
    }
}

impl Timeline {
    /// Frames that it shows in a second, on average.
    pub fn rate(&self) -> f64 {
        let span = self.end - self.starts.first().copied().unwrap_or(0);
        self.starts.len() as f64 * SECOND as f64 / (span as f64).max(1.0)
    }
}

/// Which frames of a film are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::data) struct Pace {
    /// So many in a second, by the times at which they are shown; `None`: all.
    pub fps: Option<f64>,
    /// Of these, every so many-th.
    pub step: usize,
}

impl Pace {
    /// Numbers of the frames, ascending; where more are asked for than are shown in a second, some stand twice. `skip`: seconds at the
    /// start that are left out.
    pub fn chosen(&self, film: &Timeline, skip: f64) -> Vec<usize> {
        let first = film.starts.first().copied().unwrap_or(0);
        let start = first + (skip.max(0.0) * SECOND as f64).round() as u64;
        let step = self.step.max(1);
        let Some(fps) = self.fps else {
            // the frame that is shown when the time comes, not the one after it; some are never shown at all
            let from = if start == first {
                0
            } else {
                shown(film, start)
            };
            return (from..film.starts.len()).step_by(step).collect();
        };
        let ticks = (0u64..).map(|tick| start + (tick as f64 * SECOND as f64 / fps).round() as u64);
        ticks
            .take_while(|time| *time < film.end)
            .take(FRAMES)
            .step_by(step)
            .map(|time| shown(film, time))
            .collect()
    }

    /// How it reads, for whatever depends on it.
    pub fn words(&self) -> String {
        match self.fps {
            Some(fps) => format!("fps {fps} step {}", self.step),
            None => format!("step {}", self.step),
        }
    }
}

/// The frame that is shown at a time. Times are rounded: half a thousandth of a second does not matter.
fn shown(film: &Timeline, time: u64) -> usize {
    let after = film.starts.partition_point(|start| *start <= time + 500);
    after.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(starts: &[u64], end: u64) -> Timeline {
        let starts = starts.iter().map(|ms| ms * 1000).collect();
        Timeline::new((2, 2), starts, end * 1000).unwrap()
    }

    #[test]
    fn frames_are_chosen_by_when_they_are_shown() {
        // three quick ones, a long one, a last one
        let uneven = film(&[0, 100, 200, 300, 1300], 1400);
        let at = |fps: f64| {
            let pace = Pace {
                fps: Some(fps),
                step: 1,
            };
            pace.chosen(&uneven, 0.0)
        };
        assert_eq!(at(10.0), [0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4]);
        assert_eq!(at(2.0), [0, 3, 3]);
        assert_eq!(at(5.0), [0, 2, 3, 3, 3, 3, 3]);
        let all = Pace { fps: None, step: 2 };
        assert_eq!(all.chosen(&uneven, 0.0), [0, 2, 4]);
        assert_eq!(all.chosen(&uneven, 0.25), [2, 4]);
        let two = Pace {
            fps: Some(10.0),
            step: 3,
        };
        assert_eq!(two.chosen(&uneven, 0.0), [0, 3, 3, 3, 3]);
        assert_eq!(two.chosen(&uneven, 1.3), [4]);
        assert!(two.chosen(&uneven, 1.4).is_empty());
    }

    #[test]
    fn even_times_are_exact_at_odd_rates() {
        let film = Timeline::even((2, 2), 4, (30_000, 1001)).unwrap();
        assert_eq!(film.starts, [0, 33_366, 66_733, 100_100]);
        assert_eq!(film.end, 133_466);
        // each frame once at its own rate, whatever is rounded
        let film = Timeline::even((2, 2), 1000, (30_000, 1001)).unwrap();
        let pace = Pace {
            fps: Some(30_000.0 / 1001.0),
            step: 1,
        };
        assert_eq!(pace.chosen(&film, 0.0), (0..1000).collect::<Vec<_>>());
        assert!(Timeline::even((2, 2), 0, (25, 1)).is_err());
        assert!(Timeline::even((2, 2), usize::MAX, (25, 1)).is_err());
        assert!(Timeline::even((2, 2), 3, (1, u64::MAX)).is_ok());
    }
}
