//! What was learned: neighbours, probes, fine-tuning. One file each, which says what it wants read ([`Evaluator::wants`]) and makes
//! numbers and exhibits of it ([`Evaluator::judge`]).
//!
//! ```text
//! wants ──plan──▶ splits, views, graphs of heads ──engine──▶ what was read ──judge──▶ metrics, exhibits
//!                                                              Lab: rows multiplied, heads trained
//! ```
//!
//! Whoever carries an evaluator out makes the [`Column`]s, the same for each. **To add an evaluator**: its file, with its [`Spec`],
//! and a line in [`specs`]. The plan and the engine know none by name; any can be a monitor, in `best(…)` and in `stop`. What a
//! metric counts and in which direction it is better it says itself ([`Measure`]).

mod agreement;
mod alignment;
mod alike;
mod analogies;
mod asked;
mod caption_retrieval;
mod carry;
mod classifier;
mod clusters;
mod coherence;
mod column;
mod davis;
mod evaluator;
mod examples;
mod exhibit;
mod export;
mod features;
mod few_labels;
mod folds;
mod frames;
mod generation;
mod heads;
mod knn;
mod lab;
mod lbfgs;
mod linear_probe;
mod logistic_regression;
mod metric;
mod mlp_probe;
mod nearest_words;
mod order;
mod params;
mod probe;
mod propagation;
mod rank;
mod retrieval;
mod similarity;
mod softmax;
mod spectrum;
mod table;
#[cfg(test)]
mod testing;
mod zero_shot;

pub use alike::{Alike, Pair, Search};
pub use column::{BESIDE, Column, RAW, SUPERVISED, TAUGHT};
pub use evaluator::{
    About, CURVE, Evaluator, Exhibit, Findings, Form, Judged, MAP, Metric, Neighbour, On, Query,
    SPREAD, TABLE, Tell, Trains, Want, places,
};
pub use features::{Features, Shuffled, normalize_rows, right, standardize};
pub use frames::{Frames, Scene};
pub use heads::{ENCODER, INPUT, LABEL, answers, behind, on_rows};
pub use lab::{Failed, Heads, Lab, Read, Rows, Shown};
pub use metric::{ACCURACY, Better, Measure, Measured, Unit};
pub use table::Table;

use crate::catalog::Spec;

/// `knn`, `linear_probe`, `mlp_probe`, `classifier`, `analogies`, `similarity`, `nearest_words`, `coherence`, `order`, `propagation`, `alignment`,
/// `generation`, `rank`, `retrieval`, `clusters`, `logistic_regression`, `few_labels`, `zero_shot`, `caption_retrieval`, `safetensors`, `word2vec`, `open_clip`, `onnx`
pub fn specs() -> Vec<Spec> {
    let mut specs = vec![
        knn::spec(),
        linear_probe::spec(),
        mlp_probe::spec(),
        classifier::spec(),
        analogies::spec(),
        similarity::spec(),
        nearest_words::spec(),
        coherence::spec(),
        order::spec(),
        propagation::spec(),
        alignment::spec(),
        rank::spec(),
        retrieval::spec(),
        clusters::spec(),
        logistic_regression::spec(),
        few_labels::spec(),
        generation::spec(),
        zero_shot::spec(),
        caption_retrieval::spec(),
    ];
    specs.extend(export::specs());
    specs
}
