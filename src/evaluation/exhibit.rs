//! What an evaluator gives people to look at.

use crate::data::Image;

/// Something to look at.
#[derive(Clone, Debug, PartialEq)]
pub enum Exhibit {
    /// Rows that are laid out in the plane, what is close staying close; kept in [`MAP`], the untrained encoder's beside it.
    Map {
        /// One after the other.
        rows: Vec<f32>,
        /// Numbers of each.
        width: usize,
        /// The class of each.
        labels: Vec<u32>,
        /// Names of the classes; empty: those of the split that judges.
        classes: Vec<String>,
        /// What each row is called; empty where they have no names. Rows that the untrained encoder gives other names lie in no map
        /// beside these.
        names: Vec<String>,
    },
    /// How numbers of 0 to 1 are spread, those of several parts beside one another: kept in [`SPREAD`], the untrained encoder's beside them.
    Spread {
        /// What the numbers are: `coherence`.
        of: &'static str,
        /// The name of each part, and its numbers.
        parts: Vec<(&'static str, Vec<f32>)>,
    },
    /// Records with those that lie nearest to them, drawn side by side for the trained encoder and for the untrained one.
    Nearest {
        /// The field that names the split of the records that ask.
        asks: &'static str,
        /// The field that names the split that is searched.
        among: &'static str,
        /// One after the other.
        queries: Vec<Query>,
    },
    /// How a metric grows with something, a line for every column: kept in [`CURVE`].
    Curve {
        /// What grows: `accuracy`.
        of: &'static str,
        /// With what: `labels`.
        with: &'static str,
        /// By rising `with`.
        points: Vec<(f64, f64)>,
    },
    /// Which classes are taken for which, drawn of the trained encoder and of the untrained one.
    Confusion {
        /// Names of the classes.
        classes: Vec<String>,
        /// Records of each class, one after the other, by the class that is told: `[true, told]`.
        counts: Vec<u32>,
    },
    /// Pictures that the evaluator has drawn, a row for each record; for the trained encoder and for the untrained one.
    Drawn {
        /// `propagated`
        name: &'static str,
        /// The field that names the split of the records.
        of: &'static str,
        /// Where each record stands in its split, and its pictures.
        rows: Vec<(usize, Vec<Image>)>,
    },
    /// Lines to be read, which nothing steers a screen in; of the trained encoder, kept in [`TABLE`].
    Text(String),
}

/// A record, and those that lie nearest to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Where it stands in its split.
    pub record: usize,
    /// The nearest first.
    pub found: Vec<Neighbour>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Where it stands in its split.
    pub record: usize,
    /// How near it is.
    pub cosine: f32,
}

/// The file of [`Exhibit::Curve`].
pub const CURVE: &str = "curve.json";

/// The file of [`Exhibit::Text`].
pub const TABLE: &str = "table.txt";

/// The file of [`Exhibit::Map`].
pub const MAP: &str = "embedding.json";

/// The file of [`Exhibit::Spread`].
pub const SPREAD: &str = "spread.json";
