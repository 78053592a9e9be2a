//! What all probes share: heads on frozen features, one for each place, trained side by side.

use super::evaluator::{About, Findings, Judged, Metric, Want};
use super::features::{right, standardize};
use super::lab::{Failed, Lab, Read};
use super::metric::{ACCURACY, Measure};
use super::params::{places, pooled, training};
use crate::catalog::Spec;

/// Labelled rows that train, that judge, and that choose.
pub(super) const WANTS: [Want; 3] = [
    Want::rows("data", "train", "{} features"),
    Want::rows("test", "judge", "{} test features"),
    Want::rows("valid", "choose", "{} validation features").optional(),
];

/// The fraction of `test` whose class is told.
pub(super) const METRICS: &[(&str, Measure)] = &[(ACCURACY, Measure::FRACTION)];

/// The parameters of a probe.
pub(super) fn spec(spec: Spec) -> Spec {
    training(pooled(spec.param(places())))
}

/// `at conv1, 20 epochs, pool avg, view as is`
pub(super) fn protocol(about: &About<'_>) -> String {
    format!("at {}, {}, {}", about.place, about.length, about.view)
}

/// Trains the heads on standardised features and counts what they get right.
pub(super) fn judge(
    judged: &Judged<'_>,
    read: Vec<Read>,
    lab: &mut dyn Lab,
) -> Result<Findings, Failed> {
    let rows = |read| match read {
        Read::Rows(features) => Ok(features),
        Read::Records(_) | Read::Table(_) | Read::Shown(_) | Read::Frames(_) => Err(Failed),
    };
    let mut others = read.into_iter().map(rows).collect::<Result<Vec<_>, _>>()?;
    let mut train = others.remove(0);
    standardize(&mut train, &mut others);
    let mut others = others.into_iter().map(Read::Rows);
    let test = others.next().ok_or(Failed)?;
    let valid = others.next();
    let mut heads = lab.train(&Read::Rows(train), valid.as_ref())?;
    let mut found = vec![(0usize, 0usize); judged.places.len()];
    heads.answers(&test, &mut |head, logits, labels| {
        found[head].0 += right(logits, labels, judged.classes);
        found[head].1 += labels.len();
    })?;
    let metrics = judged.places.iter().zip(found);
    let metrics = metrics.map(|(place, (right, all))| {
        let value = right as f64 / all.max(1) as f64;
        Metric::new(place, (ACCURACY, Measure::FRACTION), value)
    });
    Ok(Findings {
        metrics: metrics.collect(),
        exhibits: Vec::new(),
    })
}
