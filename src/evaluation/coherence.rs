//! The coherence score of continuations of dialogues (Wu et al., 2019).

use super::evaluator::{About, Evaluator, Exhibit, Findings, Judged, Metric, SPREAD, Tell, Want};
use super::lab::{Failed, Lab, Read};
use super::metric::{ACCURACY, Measure};
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};
use crate::tasks::COHERENCE;

struct Coherence;

/// What the task tells.
const TOLD: &[Tell] = &[Tell::one(COHERENCE)];
/// The mean score of a kind of continuation.
const SCORE: &str = "coherence";
/// How often the true continuation of the same pairs scores higher.
const PREFERRED: &str = "preferred";
/// Kinds of continuations, by the field that names their split.
const KINDS: [(&str, &str); 3] = [
    ("data", "true"),
    ("shuffled", "shuffled"),
    ("random", "random"),
];

impl Evaluator for Coherence {
    fn wants(&self, _: &Args) -> Vec<Want> {
        let said = ["{}, true", "{}, shuffled", "{}, random"];
        let wants = KINDS.iter().zip(said);
        let want = |((field, _), said): (&(&'static str, &str), &'static str)| {
            Want::told(field, TOLD, said)
        };
        wants.map(want).collect()
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[
            (ACCURACY, Measure::FRACTION),
            (SCORE, Measure::FRACTION),
            (PREFERRED, Measure::FRACTION),
        ]
    }

    fn protocol(&self, _: &Args, about: &About<'_>) -> String {
        let kind = match about.place {
            "" => "true and shuffled".to_owned(),
            kind => kind.to_owned(),
        };
        let About { records, view, .. } = about;
        format!("{kind}, {records} dialogues of each kind, {view}")
    }

    fn judge(&self, _: &Judged<'_>, read: Vec<Read>, _: &mut dyn Lab) -> Result<Findings, Failed> {
        let scores = |read| match read {
            Read::Rows(mut told) if !told.places.is_empty() => Ok(told.places.swap_remove(0)),
            _ => Err(Failed),
        };
        let all: Vec<Vec<f32>> = read.into_iter().map(scores).collect::<Result<_, _>>()?;
        let [straight, shuffled, random] = all.as_slice() else {
            return Err(Failed);
        };
        // one that says of all that they are in order, or of none, is right at half
        let in_order = part(straight.iter().map(|score| *score > 0.5));
        let out_of_order = part(shuffled.iter().map(|score| *score <= 0.5));
        let mut metrics = vec![Metric::new(
            "",
            (ACCURACY, Measure::FRACTION),
            (in_order + out_of_order) / 2.0,
        )];
        for ((_, kind), scores) in KINDS.iter().zip(&all) {
            let measure = match *kind {
                "true" => Measure::FRACTION,
                _ => Measure::FRACTION.less_is_better(),
            };
            metrics.push(Metric::new(kind, (SCORE, measure), mean(scores)));
        }
        for (kind, others) in [("shuffled", shuffled), ("random", random)] {
            // one that was left out would set the others off against one another
            if others.len() == straight.len() {
                let pairs = straight.iter().zip(others);
                let preferred = part(pairs.map(|(own, other)| own > other));
                metrics.push(Metric::new(kind, (PREFERRED, Measure::FRACTION), preferred));
            }
        }
        let parts = KINDS.iter().map(|(_, kind)| *kind).zip(all);
        let spread = Exhibit::Spread {
            of: SCORE,
            parts: parts.collect(),
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

/// Not a number where there are none.
fn mean(scores: &[f32]) -> f64 {
    scores.iter().map(|score| f64::from(*score)).sum::<f64>() / scores.len() as f64
}

/// How many of all are so.
fn part(all: impl Iterator<Item = bool>) -> f64 {
    let (so, all) = all.fold((0, 0), |(so, all), one| (so + u32::from(one), all + 1));
    f64::from(so) / f64::from(all)
}

pub(super) fn spec() -> Spec {
    let split = |name: &str, doc: &str| Param::required(name, Type::Data, doc);
    Spec::new(
        "coherence",
        Kind::Evaluator,
        "How coherent true, shuffled and random continuations of dialogues are, by a network that tells their order",
        Make::evaluator(Coherence),
    )
    .without(&["test", "supervised"])
    .param(split("shuffled", "The same in another order: `triples(ordered = 0%)`."))
    .param(split("random", "Continued by another dialogue: `triples(ordered = 100%, last = another)`."))
    .paper(
        "Wu et al., 2019",
        "Self-Supervised Dialogue Learning",
        "arXiv:1907.00448",
    )
    .doc(
        "The stage is one of `dialogue_order`, or of a task of one's own that names `coherence`, how likely a target is in order (`[B]`), as a place. \
         `data` are true continuations, `triples(ordered = 100%)`. All three are read as the stage's own batches were, of the same pairs, since what \
         `triples` draws does not depend on these arguments.\n\n`accuracy` is how many of the true and the shuffled ones are told (more, or no more \
         than 50% coherent), both alike; `coherence` the mean score of each kind; `preferred` how often the true continuation scores higher than the other one of the \
         same pairs. The network is trained on order, and never on turns of other dialogues: what it says of these nobody has taught it. How \
         scores are spread is drawn in the report.",
    )
    .example(
        "ssl 1\n\ndataset talks    = dialogues(\"talks.jsonl\") |> hold_out(10%, seed = 0)\ndataset triples  = dialogues(\"talks.jsonl\") |> hold_out(10%, seed = 0) |> triples(ordered = 50%)\n\
         dataset straight = dialogues(\"talks.jsonl\") |> hold_out(10%, seed = 0) |> triples(ordered = 100%)\n\
         dataset shuffled = dialogues(\"talks.jsonl\") |> hold_out(10%, seed = 0) |> triples(ordered = 0%)\n\
         dataset random   = dialogues(\"talks.jsonl\") |> hold_out(10%, seed = 0) |> triples(ordered = 100%, last = another)\n\n\
         fit pieces = wordpiece(size = 4000) { data = talks.train }\n\n\
         pretext order = dialogue_order(vocabulary = pieces) {\n  data    = triples.train\n  encoder = gru()\n}\n\n\
         evaluate score = coherence(shuffled = shuffled.valid, random = random.valid) {\n  from = order\n  data = straight.valid\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Features;
    use super::super::testing::Desk;
    use super::*;
    use crate::graph::testing::args;

    fn judged(kinds: [&[f32]; 3]) -> Findings {
        let told = kinds.map(|scores| {
            Read::Rows(Features {
                records: scores.len(),
                places: vec![scores.to_vec()],
                dims: vec![1],
                labels: Vec::new(),
                numbers: Vec::new(),
                groups: Vec::new(),
            })
        });
        let args = args(&spec(), &[]);
        let judged = Judged {
            args: &args,
            places: &[],
            classes: 0,
            file: b"",
        };
        Coherence
            .judge(&judged, told.to_vec(), &mut Desk)
            .expect("findings")
    }

    #[test]
    fn each_kind_has_its_mean_and_both_orders_count_alike() {
        let findings = judged([
            &[0.875, 0.5, 0.75, 0.625],
            &[0.25, 0.75, 0.5, 0.125],
            &[0.875, 0.25, 0.5, 0.25],
        ]);
        let found: Vec<(&str, &str, f64)> = findings
            .metrics
            .iter()
            .map(|metric| (metric.place.as_str(), metric.name, metric.value))
            .collect();
        // 3 of 4 true ones and 3 of 4 shuffled ones are told; a tie with a random one is no preference
        assert_eq!(
            found,
            [
                ("", "accuracy", 0.75),
                ("true", "coherence", 0.6875),
                ("shuffled", "coherence", 0.40625),
                ("random", "coherence", 0.46875),
                ("shuffled", "preferred", 0.75),
                ("random", "preferred", 0.75),
            ]
        );
        let better = |at: usize| findings.metrics[at].measure.gain(0.5, 0.25);
        assert_eq!(
            (better(1).as_deref(), better(2).as_deref()),
            (Some("+25.0"), Some("\u{2212}25.0"))
        );
    }

    #[test]
    fn pairs_that_are_none_are_not_compared() {
        let findings = judged([&[0.75, 0.25], &[0.25], &[0.5, 0.5]]);
        let preferred = findings
            .metrics
            .iter()
            .filter(|metric| metric.name == PREFERRED);
        let places: Vec<&str> = preferred.map(|metric| metric.place.as_str()).collect();
        assert_eq!(places, ["random"]);
    }
}
