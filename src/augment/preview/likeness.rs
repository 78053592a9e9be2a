//! How much two pictures look alike, whatever an encoder makes of them.

use super::one_record;
use crate::augment::{Scratch, Window, resample};
use crate::data::Dataset;

/// The side at which pictures are compared: what compression and scaling change is below that.
const SIDE: usize = 32;

/// A picture in small.
pub struct Looks(Vec<f32>);

impl Looks {
    /// Of the picture of a record; `None` where it has none or can't be read.
    pub fn of(dataset: &dyn Dataset, index: usize) -> Option<Self> {
        let picture = one_record(dataset, index).ok()?.picture?;
        let mut scratch = Scratch::default();
        let whole = Window::whole(&picture);
        let small = resample(&picture, whole, SIDE, SIDE, &mut scratch).ok()?;
        Some(Self(small.pixels.iter().map(|x| f32::from(*x)).collect()))
    }

    /// Pearson's correlation of the pixels, from -1 to 1; `None` where one of the two is of one colour, or they have other channels.
    pub fn correlation(&self, other: &Self) -> Option<f32> {
        let (a, b) = (&self.0, &other.0);
        if a.len() != b.len() || a.is_empty() {
            return None;
        }
        let mean = |x: &[f32]| x.iter().map(|x| f64::from(*x)).sum::<f64>() / x.len() as f64;
        let (of_a, of_b) = (mean(a), mean(b));
        let (mut both, mut own, mut others) = (0.0, 0.0, 0.0);
        for (x, y) in a.iter().zip(b) {
            let (x, y) = (f64::from(*x) - of_a, f64::from(*y) - of_b);
            both += x * y;
            own += x * x;
            others += y * y;
        }
        let norm = (own * others).sqrt();
        (norm > 0.0).then(|| (both / norm) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brightness_and_contrast_do_not_count() {
        let looks = |pixels: &[f32]| Looks(pixels.to_vec());
        let own = looks(&[1.0, 2.0, 4.0]);
        let of = |other: &[f32]| own.correlation(&looks(other));
        assert!((of(&[12.0, 14.0, 18.0]).unwrap() - 1.0).abs() < 1e-6);
        assert!((of(&[-1.0, -2.0, -4.0]).unwrap() + 1.0).abs() < 1e-6);
        // numpy.corrcoef([1, 2, 4], [1, 3, 2])
        assert!((of(&[1.0, 3.0, 2.0]).unwrap() - 0.327_326_84).abs() < 1e-6);
        assert_eq!(of(&[5.0, 5.0, 5.0]), None);
        assert_eq!(of(&[5.0, 5.0]), None);
    }
}
