//! Records of one split that are nearly the same as records of another: `leaks.json` of a stage.

use serde::{Deserialize, Serialize};

/// The file.
pub const LEAKS: &str = "leaks.json";

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Leaks {
    /// The split that is judged with: `cifar.train`.
    pub data: String,
    /// The split that judges.
    pub test: String,
    /// Records of the first.
    pub among: u64,
    /// Records of the second that were looked at, and how many there are.
    pub looked: u64,
    /// The same.
    pub of: u64,
    /// The least cosine of the features of a pair.
    pub cosine: f64,
    /// The least correlation of its pixels.
    pub pixels: f64,
    /// Records of the second that are nearly the same as one of the first.
    pub leaked: u64,
    /// There may be more: not all pairs were looked at closer.
    pub at_least: bool,
    /// Some of the pairs, the most alike first.
    pub pairs: Vec<Leak>,
}

/// A pair.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Leak {
    /// Cosine of the features.
    pub cosine: f64,
    /// Correlation of the pixels.
    pub pixels: f64,
    /// The record that judges, and its class.
    pub test: String,
    /// The record that it is nearly the same as, and its class.
    pub data: String,
}

impl Leaks {
    /// `3 of 40 records of `own.test` are nearly the same as one of `own.train``
    pub fn line(&self) -> String {
        let (test, data) = (&self.test, &self.data);
        let of = match self.looked == self.of {
            true => format!("{} records of `{test}`", self.of),
            false => format!("{} records (of {}) of `{test}`", self.looked, self.of),
        };
        match self.leaked {
            0 => format!("none of {of} is nearly the same as one of `{data}`"),
            n => {
                let least = if self.at_least { "at least " } else { "" };
                let are = if n == 1 { "is" } else { "are" };
                format!("{least}{n} of {of} {are} nearly the same as one of `{data}`")
            }
        }
    }
}
