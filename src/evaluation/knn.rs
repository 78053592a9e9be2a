//! Weighted k-nearest-neighbour classification (Wu et al., 2018, section 3.4).

use super::evaluator::{About, Evaluator, Exhibit, Findings, Judged, MAP, Metric, Want};
use super::features::{Features, normalize_rows};
use super::folds;
use super::lab::{Failed, Lab, Read};
use super::metric::{ACCURACY, Measure};
use super::params::{bank, every, places, pooled};
use crate::catalog::{Args, Kind, Make, Param, Problem, Spec, Type};
use crate::language::codes::Code;

/// Test records whose similarities are held at once.
const BLOCK: usize = 256;
/// Test records on the 2-D map.
const MAPPED: usize = 800;

struct Knn;

impl Evaluator for Knn {
    fn wants(&self, args: &Args) -> Vec<Want> {
        let all = vec![
            Want::rows("data", "vote", "{}, bank"),
            Want::rows("test", "judge", "{}, test"),
        ];
        folds::wants(args, all)
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[(ACCURACY, Measure::FRACTION)]
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let (k, temperature) = (args.size("k"), args.number("temperature"));
        let About { place, view, .. } = about;
        let folds = folds::said(args);
        format!("at {place}, {folds}k = {k}, temperature = {temperature}, {view}")
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let mut read = read.into_iter();
        match (folds::count(judged.args), read.next(), read.next()) {
            (1, Some(Read::Rows(bank)), Some(Read::Rows(test))) => voted(judged, bank, &test, lab),
            (2.., Some(Read::Rows(all)), None) => {
                let folds = folds::count(judged.args);
                folds::crossed(&all, folds, &mut |bank, test| {
                    voted(judged, bank, &test, lab)
                })
            }
            _ => Err(Failed),
        }
    }

    /// The similarities of one block, on the device and here.
    fn working(&self, records: &[usize]) -> usize {
        2 * BLOCK * records.first().copied().unwrap_or(0)
    }

    fn doubts(&self, args: &Args, data: &[(&str, usize)]) -> Vec<Problem> {
        let (k, Some((bank, records))) = (args.size("k"), data.first().copied()) else {
            return Vec::new();
        };
        let unread = folds::doubt(args);
        if k <= records {
            return unread.into_iter().collect();
        }
        let message = format!("{k} neighbours are asked for, but `{bank}` has {records} records");
        let doubt = Problem::argument(Code::LintBank, "k", message)
            .note("All of them vote on each record: the largest class has a head start.")
            .help(format!(
                "write `k = {}` or less",
                (records / 2).clamp(1, 20)
            ));
        unread.into_iter().chain([doubt]).collect()
    }

    fn files(&self) -> &'static [&'static str] {
        &[MAP]
    }
}

pub(super) fn spec() -> Spec {
    pooled(
        Spec::new(
            "knn",
            Kind::Evaluator,
            "Weighted vote of the k nearest training samples by cosine similarity",
            Make::evaluator(Knn),
        )
        .paper(
            "Wu et al., 2018",
            "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
            "arXiv:1805.01978",
        )
        .doc(
            "The encoder is frozen and in evaluation mode. Each neighbour votes for its class with weight \
             `exp(similarity / temperature)`.",
        )
        .param(Param::optional("test", Type::Data, "The split whose classes are predicted."))
        .param(Param::with_default("k", Type::Integer, "200", "Neighbours that vote.").within(1.0, 1e6))
        .param(
            Param::with_default("temperature", Type::Number, "0.1", "Sharpness of the votes' weights.")
                .within(1e-4, 1e4),
        )
        .param(places())
        .param(folds::param()),
    )
    .param(every())
    .param(bank("10000", "vote"))
    .semantics(2)
    .example("knn(k = 200, temperature = 0.1)")
}

/// The bank is used up: one place after the other moves to the device. The map shows the last one.
fn voted(
    judged: &Judged<'_>,
    mut bank: Features,
    test: &Features,
    lab: &mut dyn Lab,
) -> Result<Findings, Failed> {
    let (k, temperature) = (judged.args.size("k"), judged.args.number("temperature"));
    let mut findings = Findings::default();
    for (place, name) in judged.places.iter().enumerate() {
        let dim = bank.dims[place];
        let mut known = std::mem::take(&mut bank.places[place]);
        normalize_rows(&mut known, dim);
        let mut known = lab.rows(known, dim)?;
        let mut right = 0usize;
        for (block, rows) in test.places[place].chunks(BLOCK * dim).enumerate() {
            let mut asked = rows.to_vec();
            normalize_rows(&mut asked, dim);
            let similarities = known.products(&asked)?; // [rows, bank]
            let of_block = similarities.chunks(bank.labels.len()).enumerate();
            for (row, similarities) in of_block {
                let class = vote(similarities, &bank.labels, k, temperature, judged.classes);
                right += usize::from(class == test.labels[block * BLOCK + row]);
            }
        }
        let value = right as f64 / test.labels.len().max(1) as f64;
        let metric = Metric::new(name, (ACCURACY, Measure::FRACTION), value);
        findings.metrics.push(metric);
    }
    if let Some(last) = test.dims.len().checked_sub(1) {
        let (rows, labels) = test.thinned(last, MAPPED);
        let width = test.dims[last];
        findings.exhibits.push(Exhibit::Map {
            rows,
            width,
            labels,
            classes: Vec::new(),
            names: Vec::new(),
        });
    }
    Ok(findings)
}

/// Predicts one class from similarities to every bank entry: the `k` most similar vote with weight
/// `exp(similarity / temperature)`. Equal similarities are ordered by index, equal votes by class, so that the
/// answer never depends on the order of evaluation.
///
/// `similarities` and `labels` have one entry per bank sample; labels are in `0..classes`.
fn vote(similarities: &[f32], labels: &[u32], k: usize, temperature: f64, classes: usize) -> u32 {
    let k = k.min(similarities.len());
    if k == 0 {
        return 0;
    }
    let mut order: Vec<u32> = (0..similarities.len() as u32).collect();
    let nearer = |a: &u32, b: &u32| {
        similarities[*b as usize]
            .total_cmp(&similarities[*a as usize])
            .then(a.cmp(b))
    };
    if k < order.len() {
        order.select_nth_unstable_by(k - 1, nearer);
        order.truncate(k);
    }
    order.sort_unstable_by(nearer);
    // the largest exponent is taken out: at small temperatures `exp(1 / t)` is beyond f64
    let top = f64::from(similarities[order[0] as usize]);
    let mut votes = vec![0f64; classes];
    for index in order {
        let similarity = f64::from(similarities[index as usize]);
        votes[labels[index as usize] as usize] += ((similarity - top) / temperature).exp();
    }
    let mut best = 0;
    for class in 1..classes {
        if votes[class] > votes[best] {
            best = class;
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_few_beat_far_many() {
        // class 1: one neighbour at 1.0; class 0: two at 0.5. e^{10} > 2 e^{5}
        assert_eq!(vote(&[0.5, 0.5, 1.0], &[0, 0, 1], 3, 0.1, 2), 1);
        // at a high temperature the votes count alike
        assert_eq!(vote(&[0.5, 0.5, 1.0], &[0, 0, 1], 3, 100.0, 2), 0);
    }

    #[test]
    fn k_limits_the_voters() {
        let similarities = [0.9, 0.8, 0.7, 0.7, 0.7];
        let labels = [1, 0, 0, 0, 0];
        assert_eq!(vote(&similarities, &labels, 1, 1.0, 2), 1);
        assert_eq!(vote(&similarities, &labels, 5, 1.0, 2), 0);
    }

    #[test]
    fn ties_go_to_the_lower_index() {
        assert_eq!(vote(&[0.5, 0.5], &[1, 0], 1, 0.1, 2), 1);
    }
}
