//! Logistic regression on frozen features, its penalty chosen on records that are held out (Oquab et al., 2024, section 7.1).

use super::evaluator::{About, Evaluator, Exhibit, Findings, Judged, Metric, TABLE, Want};
use super::examples::{Examples, costs};
use super::features::Features;
use super::folds;
use super::lab::{Failed, Lab, Read};
use super::metric::{ACCURACY, Measure};
use super::params::{bank, every, penalties, places, pooled};
use super::softmax::Softmax;
use crate::catalog::{Args, Kind, Make, Param, Problem, Spec, Type};

struct LogisticRegression;

impl Evaluator for LogisticRegression {
    fn wants(&self, args: &Args) -> Vec<Want> {
        let all = vec![
            Want::rows("data", "train", "{} features"),
            Want::rows("test", "judge", "{} test features"),
            Want::rows("valid", "choose", "{} validation features").optional(),
        ];
        folds::wants(args, all)
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[(ACCURACY, Measure::FRACTION)]
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let by = match args.maybe_data("valid") {
            Some(_) => "on valid",
            None => "on a tenth of the labels",
        };
        let (count, About { place, view, .. }) = (args.size("penalties"), about);
        let folds = folds::said(args);
        format!("at {place}, {folds}C one of {count}, chosen {by}, {view}")
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let mut read = read.into_iter();
        match (folds::count(judged.args), read.next(), read.next()) {
            (1, Some(Read::Rows(data)), Some(Read::Rows(test))) => {
                let valid = read.next().and_then(Read::rows);
                fitted(judged, &data, &test, valid.as_ref(), lab)
            }
            (2.., Some(Read::Rows(all)), None) => {
                let folds = folds::count(judged.args);
                folds::crossed(&all, folds, &mut |data, test| {
                    fitted(judged, &data, &test, None, lab)
                })
            }
            _ => Err(Failed),
        }
    }

    /// Rows once more with those that choose, and for each class what each of them weighs, twice.
    fn working(&self, records: &[usize]) -> usize {
        20 * records.iter().sum::<usize>()
    }

    fn doubts(&self, args: &Args, _: &[(&str, usize)]) -> Vec<Problem> {
        folds::doubt(args).into_iter().collect()
    }

    fn files(&self) -> &'static [&'static str] {
        &[TABLE]
    }
}

/// Learns from one split and judges by the other, at each place.
fn fitted(
    judged: &Judged<'_>,
    data: &Features,
    test: &Features,
    valid: Option<&Features>,
    lab: &mut dyn Lab,
) -> Result<Findings, Failed> {
    let costs = costs(judged.args.size("penalties"));
    let mut findings = Findings::default();
    let mut lines = String::new();
    for (place, name) in judged.places.iter().enumerate() {
        let all = [Some(data), Some(test), valid];
        let value = match all.into_iter().flatten().all(|own| own.is_finite(place)) {
            true => {
                let rows: Vec<usize> = (0..data.records).collect();
                let mut examples = Examples::of(data, place, &rows);
                if let Some(valid) = valid {
                    examples = examples.chosen_by(valid, place);
                }
                let fitted = Softmax::fit(examples, &costs, lab)?;
                lines += &said(name, &fitted);
                fitted.accuracy(test, place, lab)?
            }
            false => f64::NAN,
        };
        findings
            .metrics
            .push(Metric::new(name, (ACCURACY, Measure::FRACTION), value));
    }
    findings.exhibits.push(Exhibit::Text(lines));
    Ok(findings)
}

/// What each penalty told.
fn said(place: &str, fitted: &Softmax) -> String {
    let mut lines = format!("at {place}: C = {:.3e}\n", fitted.cost);
    for (cost, told) in &fitted.tried {
        lines += &format!("  C {cost:.3e}  {:.2}% of what is held out\n", 100.0 * told);
    }
    lines
}

pub(super) fn spec() -> Spec {
    pooled(
        Spec::new(
            "logistic_regression",
            Kind::Evaluator,
            "Logistic regression on frozen features, its penalty chosen on held out records: no rate, no epochs",
            Make::evaluator(LogisticRegression),
        )
        .paper(
            "Oquab et al., 2024",
            "DINOv2: Learning Robust Visual Features without Supervision",
            "arXiv:2304.07193",
        )
        .doc(
            "Features are scaled to length 1. The softmax loss and an L2 penalty on the weights are brought to their least by L-BFGS (Liu & Nocedal, \
             1989; 10 steps remembered, at most 1000 steps), so there is no rate, no batch and no seed to choose. `penalties` values of C, the inverse of the \
             penalty's strength, from 1e-6 to 1e5 by equal factors, are tried: the one that tells most of the held out records counts, of equal ones the one with \
             the smaller loss. Those are the records of `valid`, or without it a tenth of each class of `data` (always the same draw; a class of one \
             record is learnt from), which are learnt from too once C is chosen. What each C told is in `results/`. DINOv2 tries 45. No number is \
             given where a feature is none.",
        )
        .param(Param::optional("test", Type::Data, "The split that judges."))
        .param(penalties())
        .param(Param::optional(
            "valid",
            Type::Data,
            "The split that chooses the penalty; a tenth of `data` where absent.",
        ))
        .param(places())
        .param(folds::param()),
    )
    .param(every())
    .param(bank("10000", "are learnt from"))
    .example("logistic_regression()")
}

#[cfg(test)]
#[path = "logistic_regression_tests.rs"]
mod tests;
