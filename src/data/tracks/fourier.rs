//! Fourier transforms of small squares, in order: equal input, equal bits.

use std::f32::consts::TAU;

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Complex {
    pub re: f32,
    pub im: f32,
}

impl Complex {
    pub fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    pub fn plus(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    /// The conjugate.
    pub fn turned(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }

    pub fn scaled(self, by: f32) -> Self {
        Self {
            re: self.re * by,
            im: self.im * by,
        }
    }
}

/// The transforms of squares of one side, a power of two.
pub(super) struct Fourier {
    side: usize,
    /// The first half of the unit circle, clockwise.
    circle: Vec<Complex>,
    /// Where each number of a row goes before it is transformed.
    order: Vec<usize>,
}

impl Fourier {
    pub fn new(side: usize) -> Self {
        debug_assert!(side.is_power_of_two());
        let angle = |k: usize| -(k as f32) * TAU / side as f32;
        let bits = side.trailing_zeros();
        let turned = |i: usize| match bits {
            0 => 0,
            bits => i.reverse_bits() >> (usize::BITS - bits),
        };
        Self {
            side,
            circle: (0..side / 2)
                .map(|k| Complex {
                    re: angle(k).cos(),
                    im: angle(k).sin(),
                })
                .collect(),
            order: (0..side).map(turned).collect(),
        }
    }

    /// In place, rows first.
    pub fn forward(&self, square: &mut [Complex]) {
        self.rows(square);
        self.flip(square);
        self.rows(square);
        self.flip(square);
    }

    /// The real part of what `square` is the transform of.
    pub fn inverse(&self, square: &[Complex]) -> Vec<f32> {
        let mut turned: Vec<Complex> = square.iter().map(|value| value.turned()).collect();
        self.forward(&mut turned);
        let all = (self.side * self.side) as f32;
        turned.iter().map(|value| value.re / all).collect()
    }

    fn flip(&self, square: &mut [Complex]) {
        for y in 0..self.side {
            for x in 0..y {
                square.swap(y * self.side + x, x * self.side + y);
            }
        }
    }

    /// Cooley and Tukey, 1965: pairs, then pairs of pairs.
    fn rows(&self, square: &mut [Complex]) {
        for row in square.chunks_exact_mut(self.side) {
            for (at, to) in self.order.iter().enumerate() {
                if at < *to {
                    row.swap(at, *to);
                }
            }
            let mut half = 1;
            while half < self.side {
                let stride = self.side / (2 * half);
                for block in row.chunks_exact_mut(2 * half) {
                    let (low, high) = block.split_at_mut(half);
                    for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
                        let turned = b.times(self.circle[k * stride]);
                        *b = a.plus(turned.scaled(-1.0));
                        *a = a.plus(turned);
                    }
                }
                half *= 2;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the sum that a transform is.
    #[test]
    fn a_transform_is_its_sum() {
        let side = 8;
        let fourier = Fourier::new(side);
        let value = |i: usize| ((i * 37 + 11) % 23) as f32 - 9.0;
        let mut square: Vec<Complex> = (0..64)
            .map(|i| Complex {
                re: value(i),
                im: 0.0,
            })
            .collect();
        fourier.forward(&mut square);
        for v in 0..side {
            for u in 0..side {
                let (mut re, mut im) = (0.0f64, 0.0f64);
                for (i, x) in (0..64).map(|i| (i, f64::from(value(i)))) {
                    let angle = -std::f64::consts::TAU * (u * (i % side) + v * (i / side)) as f64
                        / side as f64;
                    re += x * angle.cos();
                    im += x * angle.sin();
                }
                let found = square[v * side + u];
                assert!(
                    (f64::from(found.re) - re).abs() < 1e-3
                        && (f64::from(found.im) - im).abs() < 1e-3
                );
            }
        }
        let back = fourier.inverse(&square);
        assert!(
            back.iter()
                .enumerate()
                .all(|(i, x)| (x - value(i)).abs() < 1e-4)
        );
    }
}
