//! What features tell of classes when few labels are known: logistic regression on 1%, 5%, 10% of them (the protocol of Chen et al., 2020,
//! section 5, on frozen features).

use super::evaluator::{About, CURVE, Evaluator, Exhibit, Findings, Judged, Metric, Want};
use super::examples::{Examples, costs};
use super::lab::{Failed, Lab, Read};
use super::metric::{ACCURACY, Measure};
use super::params::{bank, every, penalties, pooled};
use super::softmax::Softmax;
use crate::catalog::{Args, Kind, Make, Param, Problem, Spec, Type, Value};
use crate::data::parts_of_classes;
use crate::language::codes::Code;

struct FewLabels;

/// The shares of the labels, from the smallest.
fn shares(args: &Args) -> Vec<f64> {
    let given = args.values.get("shares").map(|argument| &argument.value);
    let mut shares: Vec<f64> = match given {
        Some(Value::List(values)) => {
            let values = values.iter().map(|value| match value {
                Value::Ratio(share) => *share,
                _ => 0.0,
            });
            values.filter(|share| *share > 0.0).collect()
        }
        _ => Vec::new(),
    };
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    shares
}

/// `1%`, `0.5%`
fn percent(share: f64) -> String {
    let percent = (share * 100.0 * 1e6).round() / 1e6;
    format!("{percent}%")
}

impl Evaluator for FewLabels {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![
            Want::rows("data", "train", "{} features"),
            Want::rows("test", "judge", "{} test features"),
        ]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[(ACCURACY, Measure::FRACTION)]
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let About {
            place,
            records,
            view,
            ..
        } = about;
        let own = shares(args);
        let share = own.iter().find(|share| percent(**share) == *place);
        let labels = (share.unwrap_or(&0.0) * *records as f64).round();
        let count = args.size("penalties");
        format!("{place} of the labels, {labels}, logistic regression, C one of {count}, {view}")
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let mut read = read.into_iter();
        let (Some(Read::Rows(data)), Some(Read::Rows(test))) = (read.next(), read.next()) else {
            return Err(Failed);
        };
        let shares = shares(judged.args);
        let costs = costs(judged.args.size("penalties"));
        let sound = data.is_finite(0) && test.is_finite(0);
        let seed = judged.args.integer("seed") as u64;
        let subsets = parts_of_classes(&data.labels, &shares, seed);
        let mut findings = Findings::default();
        let mut points = Vec::new();
        for (share, rows) in shares.iter().zip(&subsets) {
            let value = match sound {
                true => {
                    let examples = Examples::of(&data, 0, rows);
                    Softmax::fit(examples, &costs, lab)?.accuracy(&test, 0, lab)?
                }
                false => f64::NAN,
            };
            points.push((rows.len() as f64, value));
            findings.metrics.push(Metric::new(
                &percent(*share),
                (ACCURACY, Measure::FRACTION),
                value,
            ));
        }
        findings.exhibits.push(Exhibit::Curve {
            of: ACCURACY,
            with: "labels",
            points,
        });
        Ok(findings)
    }

    /// The largest part once more, and for each class what each of its rows weighs, twice.
    fn working(&self, records: &[usize]) -> usize {
        20 * records.iter().sum::<usize>()
    }

    fn doubts(&self, args: &Args, data: &[(&str, usize)]) -> Vec<Problem> {
        let (Some(least), Some((data, records))) = (shares(args).first().copied(), data.first())
        else {
            return Vec::new();
        };
        let labels = (least * *records as f64).round();
        if labels >= 10.0 {
            return Vec::new();
        }
        let message = format!(
            "{} of the {records} labels of `{data}` are {labels}",
            percent(least)
        );
        let doubt = Problem::argument(Code::LintBank, "shares", message)
            .note("Each class keeps one label at least; what so few tell is chance for the most part.")
            .help("take larger shares, or a larger split");
        vec![doubt]
    }

    fn files(&self) -> &'static [&'static str] {
        &[CURVE]
    }
}

pub(super) fn spec() -> Spec {
    pooled(
        Spec::new(
            "few_labels",
            Kind::Evaluator,
            "A curve of how many labels a linear classifier on frozen features needs",
            Make::evaluator(FewLabels),
        )
        .paper(
            "Chen et al., 2020",
            "A Simple Framework for Contrastive Learning of Visual Representations",
            "arXiv:2002.05709",
        )
        .doc(
            "For each share of the labels of `data` a logistic regression on the encoder's output, as `logistic_regression` has it, with its penalty \
             chosen on a tenth of these labels; a row of results and a point of the curve each. Every class gives its share, one label at \
             least; a smaller part lies within a larger one, and all columns see the same labels: those of `|> take(1%, per = class)`. To \
             fine-tune the whole encoder on so many labels, write `finetune NAME = classifier()` with `data = NAME.train |> take(1%, per = class)`.",
        )
        .param(
            Param::with_default(
                "shares",
                Type::List(Box::new(Type::Ratio)),
                "[1%, 5%, 10%]",
                "Parts of the labels that are known.",
            )
            .within(1e-4, 1.0),
        )
        .param(Param::optional("test", Type::Data, "The split that judges."))
        .param(
            Param::with_default("seed", Type::Integer, "0", "Decides which; not the run's seed.")
                .within(0.0, 9e15),
        )
        .param(penalties()),
    )
    .param(every())
    .param(bank("10000", "are drawn from"))
    .gathers()
    .example("few_labels(1%, 5%, 10%)")
}

#[cfg(test)]
#[path = "few_labels_tests.rs"]
mod tests;
