//! How numbers of 0 to 1 are spread: `spread.json` of a stage.

use serde::{Deserialize, Serialize};

/// Equal parts of 0 to 1.
const BINS: usize = 20;

/// `spread.json`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spread {
    /// What the numbers are.
    pub of: String,
    /// By the trained encoder.
    pub trained: Vec<Share>,
    /// By the untrained one.
    pub untrained: Vec<Share>,
}

/// The numbers of one part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Share {
    /// What it is: `shuffled`.
    pub name: String,
    /// How many there are.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Which share of them lies in each of equal parts of 0 to 1.
    pub shares: Vec<f64>,
}

/// How the numbers of each part are spread. One beyond 0 to 1 counts at the end; what is not a number does not.
pub fn spread(parts: &[(&'static str, Vec<f32>)]) -> Vec<Share> {
    let share = |(name, numbers): &(&'static str, Vec<f32>)| {
        let numbers = || {
            numbers
                .iter()
                .filter(|x| !x.is_nan())
                .map(|x| f64::from(*x))
        };
        let count = numbers().count();
        let one = 1.0 / count.max(1) as f64;
        let mut shares = vec![0.0; BINS];
        for x in numbers() {
            shares[((x * BINS as f64) as usize).min(BINS - 1)] += one;
        }
        Share {
            name: (*name).to_owned(),
            count,
            mean: numbers().sum::<f64>() * one,
            shares,
        }
    };
    parts.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_what_is_a_number() {
        let found = spread(&[
            ("true", vec![0.0, 0.01, 0.05, 1.0, f32::NAN]),
            ("none", vec![]),
        ]);
        let [own, none] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((own.name.as_str(), own.count), ("true", 4));
        assert!((own.mean - 0.265).abs() < 1e-6);
        assert_eq!(
            (own.shares[0], own.shares[1], own.shares[19]),
            (0.5, 0.25, 0.25)
        );
        assert_eq!(own.shares.iter().sum::<f64>(), 1.0);
        assert_eq!((none.count, none.mean), (0, 0.0));
        assert!(none.shares.iter().all(|share| *share == 0.0));
    }
}
