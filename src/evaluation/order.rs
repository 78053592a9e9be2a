//! How well a task tells which frames are in the order of time (Misra et al., 2016).

use super::evaluator::{About, Evaluator, Exhibit, Findings, Judged, Metric, SPREAD, Tell, Want};
use super::lab::{Failed, Lab, Read};
use super::metric::{ACCURACY, Measure};
use crate::catalog::{Args, Kind, Make, Spec};
use crate::tasks::{ORDER, ORDERED};

struct Order;

/// What the task tells: how likely frames are in order, and whether they are.
const TOLD: &[Tell] = &[Tell::one(ORDER), Tell::one(ORDERED)];
/// Both kinds of frames.
const KINDS: [&str; 2] = ["in order", "out of order"];

impl Evaluator for Order {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![Want::told("data", TOLD, "{}, frames")]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[(ACCURACY, Measure::FRACTION)]
    }

    fn protocol(&self, _: &Args, about: &About<'_>) -> String {
        let kind = match about.place {
            "" => "both kinds alike".to_owned(),
            kind => kind.to_owned(),
        };
        let About { records, view, .. } = about;
        format!("{kind}, {records} clips, {view}")
    }

    fn judge(&self, _: &Judged<'_>, read: Vec<Read>, _: &mut dyn Lab) -> Result<Findings, Failed> {
        let Some(Read::Rows(told)) = read.into_iter().next() else {
            return Err(Failed);
        };
        let [likely, truth] = told.places.as_slice() else {
            return Err(Failed);
        };
        let of_kind = |ordered: bool| -> Vec<f32> {
            let all = likely.iter().zip(truth);
            let own = all.filter(|(_, truth)| (**truth > 0.5) == ordered);
            own.map(|(likely, _)| *likely).collect()
        };
        let [straight, mixed] = [of_kind(true), of_kind(false)];
        let right = [
            part(straight.iter().map(|likely| *likely > 0.5)),
            part(mixed.iter().map(|likely| *likely <= 0.5)),
        ];
        // one that says the same of all frames is right at half, however many there are of each kind
        let both = Metric::new(
            "",
            (ACCURACY, Measure::FRACTION),
            (right[0] + right[1]) / 2.0,
        );
        let mut metrics = vec![both];
        let each = KINDS.into_iter().zip(right);
        metrics.extend(
            each.map(|(kind, right)| Metric::new(kind, (ACCURACY, Measure::FRACTION), right)),
        );
        let spread = Exhibit::Spread {
            of: ORDER,
            parts: KINDS.into_iter().zip([straight, mixed]).collect(),
        };
        Ok(Findings {
            metrics,
            exhibits: vec![spread],
        })
    }

    fn files(&self) -> &'static [&'static str] {
        &[SPREAD]
    }
}

/// How many of all are so; not a number where there are none.
fn part(all: impl Iterator<Item = bool>) -> f64 {
    let (so, all) = all.fold((0, 0), |(so, all), one| (so + u32::from(one), all + 1));
    f64::from(so) / f64::from(all)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "order",
        Kind::Evaluator,
        "How well frames in the order of time are told from frames that are not, by a network that was trained to",
        Make::evaluator(Order),
    )
    .without(&["test", "supervised"])
    .paper(
        "Misra et al., 2016",
        "Shuffle and Learn: Unsupervised Learning using Temporal Order Verification",
        "arXiv:1603.08561",
    )
    .doc(
        "The stage is one of `frame_order`, or of a task of one's own that names two places: `order`, how likely frames are in order (`[B]`), and `ordered`, 1 \
         where they are. Clips of `data` go through the stage's own `augment`, drawn once. `accuracy` is the mean of how many of either kind are told, \
         so that chance is 50% however many are out of order; each kind is listed, too, and the report draws how what is told is spread.",
    )
    .example(
        "ssl 1\n\ndataset clips = moving_shapes()\n\npretext order = frame_order() {\n  data    = clips.train\n  encoder = small_cnn()\n}\n\n\
         evaluate told = order() {\n  from = order\n  data = clips.test\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Features;
    use super::super::testing::Desk;
    use super::*;
    use crate::graph::testing::args;

    fn judged(likely: &[f32], truth: &[f32]) -> Vec<(String, f64)> {
        let args = args(&spec(), &[]);
        let judged = Judged {
            args: &args,
            places: &[],
            classes: 0,
            file: b"",
        };
        let told = Read::Rows(Features {
            records: likely.len(),
            places: vec![likely.to_vec(), truth.to_vec()],
            dims: vec![1, 1],
            ..Features::default()
        });
        let findings = Order
            .judge(&judged, vec![told], &mut Desk)
            .expect("findings");
        let metrics = findings.metrics.into_iter();
        metrics.map(|metric| (metric.place, metric.value)).collect()
    }

    #[test]
    fn both_kinds_count_alike() {
        // 1 of 2 in order, 3 of 4 out of order; a tie is out of order
        let found = judged(
            &[0.9, 0.2, 0.5, 0.1, 0.4, 0.8],
            &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        );
        let named = |name: &str, value| (name.to_owned(), value);
        assert_eq!(
            found,
            [
                named("", 0.625),
                named("in order", 0.5),
                named("out of order", 0.75)
            ]
        );
    }

    #[test]
    fn one_answer_to_all_is_worth_half() {
        assert_eq!(judged(&[0.1; 4], &[1.0, 0.0, 0.0, 0.0])[0].1, 0.5);
    }
}
