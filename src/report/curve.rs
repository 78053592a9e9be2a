//! How a metric grows with something: `curve.json` of a stage.

use serde::{Deserialize, Serialize};

/// `curve.json`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Curve {
    /// What grows: `accuracy`.
    pub of: String,
    /// With what: `labels`.
    pub with: String,
    /// One for each column.
    pub lines: Vec<CurveLine>,
}

/// One column's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CurveLine {
    /// Whose: `trained`.
    pub name: String,
    /// By rising x; what is not a number is absent.
    pub points: Vec<(f64, Option<f64>)>,
}
