//! A correlation filter that follows one thing from frame to frame (Henriques et al., 2015, "High-Speed Tracking with Kernelized
//! Correlation Filters", arXiv:1404.7584), with the linear kernel, colours as its channels, and a search over sizes (Li & Zhu, 2014).

use super::fourier::{Complex, Fourier};
use crate::data::Image;

/// Side of the square that a window is sampled into.
const SIDE: usize = 32;
/// How many times as wide as the box its window is.
const WINDOW: f32 = 2.0;
/// Standard deviation of the wanted answer, in parts of the box.
const SIGMA: f32 = 0.1;
/// λ of the ridge regression.
const RIDGE: f32 = 1e-3;
/// How much of a frame goes into the filter.
const RATE: f32 = 0.08;
/// Sizes that are tried, by which width and height change together.
const STEPS: [f32; 5] = [1.0, 0.96, 1.04, 0.92, 1.08];
/// What the answer at another size is worth.
const CHANGE: f32 = 0.985;

/// A rectangle: left, top, right, bottom, in pixels.
pub type Rectangle = [f32; 4];

/// A place and a size.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

impl Place {
    fn of([left, top, right, bottom]: Rectangle) -> Self {
        Self {
            x: (left + right) / 2.0,
            y: (top + bottom) / 2.0,
            width: right - left,
            height: bottom - top,
        }
    }

    fn rectangle(&self) -> Rectangle {
        let (w, h) = (self.width / 2.0, self.height / 2.0);
        [self.x - w, self.y - h, self.x + w, self.y + h]
    }

    fn sized(&self, by: f32) -> Self {
        Self {
            width: self.width * by,
            height: self.height * by,
            ..*self
        }
    }
}

/// A filter that was learnt from the frames so far.
pub(super) struct Filter {
    fourier: Fourier,
    place: Place,
    /// The transform of the wanted answer.
    wanted: Vec<Complex>,
    /// Falls to 0 at the edges of a window.
    hann: Vec<f32>,
    /// The transforms of what it looks like, a square for each channel.
    model: Vec<Vec<Complex>>,
    /// The transform of α, the solution of the ridge regression.
    alpha: Vec<Complex>,
}

impl Filter {
    /// Of what lies in a rectangle.
    pub fn new(frame: &Image, at: Rectangle) -> Self {
        let fourier = Fourier::new(SIDE);
        let hann =
            |i: usize| 0.5 - 0.5 * (std::f32::consts::TAU * (i as f32 + 0.5) / SIDE as f32).cos();
        let sigma = SIGMA * SIDE as f32 / WINDOW;
        let centred = |i: usize| i.min(SIDE - i) as f32;
        let square = |at: &dyn Fn(usize, usize) -> f32| -> Vec<f32> {
            (0..SIDE * SIDE).map(|i| at(i % SIDE, i / SIDE)).collect()
        };
        let answer = square(&|x, y| {
            let far = centred(x).powi(2) + centred(y).powi(2);
            (-far / (2.0 * sigma * sigma)).exp()
        });
        let mut wanted = complex(&answer);
        fourier.forward(&mut wanted);
        let mut filter = Self {
            fourier,
            place: Place::of(at),
            wanted,
            hann: square(&|x, y| hann(x) * hann(y)),
            model: Vec::new(),
            alpha: Vec::new(),
        };
        filter.model = filter.seen(frame, filter.place);
        filter.alpha = filter.solved(&filter.model);
        filter
    }

    /// Follows it into the next frame: where it is now, and how sure that is, the peak of the answer, about 1 where all is as it was.
    pub fn follow(&mut self, frame: &Image) -> (Rectangle, f32) {
        let mut best: Option<(f32, Place)> = None;
        for step in STEPS {
            let place = self.place.sized(step);
            let least = place.width.min(place.height);
            if least < 4.0
                || place.width > 2.0 * frame.width as f32
                || place.height > 2.0 * frame.height as f32
            {
                continue;
            }
            let (peak, dx, dy) = self.answer(frame, place);
            let worth = if step == 1.0 { peak } else { peak * CHANGE };
            if best.is_none_or(|(most, _)| worth > most) {
                let moved = Place {
                    x: place.x + dx * place.width * WINDOW / SIDE as f32,
                    y: place.y + dy * place.height * WINDOW / SIDE as f32,
                    ..place
                };
                best = Some((worth, moved));
            }
        }
        let Some((sure, place)) = best else {
            return (self.place.rectangle(), 0.0);
        };
        self.place = place;
        let seen = self.seen(frame, place);
        let alpha = self.solved(&seen);
        let learn = |own: &mut [Complex], other: &[Complex]| {
            for (own, other) in own.iter_mut().zip(other) {
                *own = own.scaled(1.0 - RATE).plus(other.scaled(RATE));
            }
        };
        for (own, other) in self.model.iter_mut().zip(&seen) {
            learn(own, other);
        }
        learn(&mut self.alpha, &alpha);
        (place.rectangle(), sure)
    }

    /// The highest answer in a window around a place, and where it lies, in samples from the middle.
    fn answer(&self, frame: &Image, place: Place) -> (f32, f32, f32) {
        let seen = self.seen(frame, place);
        let kernel = correlated(&self.model, &seen);
        let product: Vec<Complex> = kernel
            .iter()
            .zip(&self.alpha)
            .map(|(a, b)| a.times(*b))
            .collect();
        let answer = self.fourier.inverse(&product);
        let top = (0..answer.len()).fold(0, |top, i| if answer[i] > answer[top] { i } else { top });
        let (x, y) = (top % SIDE, top / SIDE);
        let at = |dx: usize, dy: usize| answer[(y + dy) % SIDE * SIDE + (x + dx) % SIDE];
        // between samples, by a parabola through three
        let between = |before: f32, here: f32, after: f32| {
            let bend = before - 2.0 * here + after;
            if bend < 0.0 {
                (0.5 * (before - after) / bend).clamp(-0.5, 0.5)
            } else {
                0.0
            }
        };
        let signed = |i: usize| {
            if i > SIDE / 2 {
                i as f32 - SIDE as f32
            } else {
                i as f32
            }
        };
        let dx = signed(x) + between(at(SIDE - 1, 0), answer[top], at(1, 0));
        let dy = signed(y) + between(at(0, SIDE - 1), answer[top], at(0, 1));
        (answer[top], dx, dy)
    }

    /// α = y / (k + λ)
    fn solved(&self, seen: &[Vec<Complex>]) -> Vec<Complex> {
        let kernel = correlated(seen, seen);
        let both = kernel.iter().zip(&self.wanted);
        both.map(|(kernel, wanted)| wanted.scaled(1.0 / (kernel.re + RIDGE)))
            .collect()
    }

    /// The transforms of the channels of a window, each without its mean. What lies outside of the frame is its edge.
    fn seen(&self, frame: &Image, place: Place) -> Vec<Vec<Complex>> {
        let (across, down) = (
            place.width * WINDOW / SIDE as f32,
            place.height * WINDOW / SIDE as f32,
        );
        let middle = (SIDE as f32 - 1.0) / 2.0;
        // each sample is the mean of as many places as it is pixels wide
        let (n, m) = (samples(across), samples(down));
        (0..frame.channels)
            .map(|channel| {
                let mut values = Vec::with_capacity(SIDE * SIDE);
                for i in 0..SIDE * SIDE {
                    let (x, y) = ((i % SIDE) as f32 - middle, (i / SIDE) as f32 - middle);
                    let mut sum = 0.0;
                    for s in 0..n * m {
                        let part = |at: usize, of: usize| (at as f32 + 0.5) / of as f32 - 0.5;
                        let (u, v) = (part(s % n, n), part(s / n, m));
                        sum += bilinear(
                            frame,
                            channel,
                            place.x + (x + u) * across,
                            place.y + (y + v) * down,
                        );
                    }
                    values.push(sum / (n * m) as f32 / 255.0);
                }
                let mean = values.iter().sum::<f32>() / values.len() as f32;
                let windowed = values
                    .iter()
                    .zip(&self.hann)
                    .map(|(value, hann)| (value - mean) * hann);
                let mut square = complex(&windowed.collect::<Vec<_>>());
                self.fourier.forward(&mut square);
                square
            })
            .collect()
    }
}

fn samples(width: f32) -> usize {
    (width.ceil() as usize).clamp(1, 8)
}

fn complex(values: &[f32]) -> Vec<Complex> {
    values
        .iter()
        .map(|re| Complex { re: *re, im: 0.0 })
        .collect()
}

/// The transform of the linear kernel of two, over all shifts: the sum over channels, by the mean.
fn correlated(a: &[Vec<Complex>], b: &[Vec<Complex>]) -> Vec<Complex> {
    let all = (SIDE * SIDE * a.len().max(1)) as f32;
    let mut sum = vec![Complex::default(); SIDE * SIDE];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sum.iter_mut().zip(a.iter().zip(b)) {
            *sum = sum.plus(a.turned().times(*b));
        }
    }
    sum.iter().map(|value| value.scaled(1.0 / all)).collect()
}

/// The value at a place, whose pixel 0 has its centre at 0.5.
fn bilinear(frame: &Image, channel: usize, x: f32, y: f32) -> f32 {
    let (x, y) = (x - 0.5, y - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (u, v) = (x - left, y - top);
    let at = |dx: f32, dy: f32| {
        let x = ((left + dx).max(0.0) as usize).min(frame.width - 1);
        let y = ((top + dy).max(0.0) as usize).min(frame.height - 1);
        f32::from(frame.pixels[(y * frame.width + x) * frame.channels + channel])
    };
    let above = at(0.0, 0.0) * (1.0 - u) + at(1.0, 0.0) * u;
    let below = at(0.0, 1.0) * (1.0 - u) + at(1.0, 1.0) * u;
    above * (1.0 - v) + below * v
}
