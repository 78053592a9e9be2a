//! What a network writes that has learnt to answer: how likely the true replies are to it, and how varied and coherent its own ones are.

use std::collections::HashSet;

use super::evaluator::{About, Evaluator, Findings, Judged, Metric, Tell, Want};
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use crate::catalog::{Args, Kind, Make, Spec};
use crate::tasks::{ANSWERED, ANSWERED_COHERENCE, PIECES, SURPRISE, WRITTEN, WRITTEN_COHERENCE};

struct Generation;

const PERPLEXITY: (&str, Measure) = ("perplexity", Measure::SCORE.less_is_better());
const DISTINCT: [(&str, usize); 2] = [("distinct_1", 1), ("distinct_2", 2)];
const COHERENCE: &str = "coherence";
/// Whose replies they are, and the place of their scores.
const KINDS: [&str; 2] = ["written", "true"];

/// What the task tells, in this order.
const TOLD: &[Tell] = &[
    Tell::one(SURPRISE),
    Tell::one(PIECES),
    Tell::several(WRITTEN),
    Tell::several(ANSWERED),
    Tell::one(WRITTEN_COHERENCE).maybe(),
    Tell::one(ANSWERED_COHERENCE).maybe(),
];

impl Evaluator for Generation {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![Want::told("data", TOLD, "{}, replies")]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[
            PERPLEXITY,
            (DISTINCT[0].0, Measure::FRACTION),
            (DISTINCT[1].0, Measure::FRACTION),
            (COHERENCE, Measure::FRACTION),
        ]
    }

    fn protocol(&self, _: &Args, about: &About<'_>) -> String {
        let kind = match about.place {
            "" => String::new(),
            kind => format!("{kind}, "),
        };
        let About { records, view, .. } = about;
        format!("{kind}{records} replies, {view}")
    }

    fn judge(&self, _: &Judged<'_>, read: Vec<Read>, _: &mut dyn Lab) -> Result<Findings, Failed> {
        let Some(Read::Rows(told)) = read.into_iter().next() else {
            return Err(Failed);
        };
        let [surprise, pieces, written, answered, of_written, of_answered] = told.places.as_slice()
        else {
            return Err(Failed);
        };
        let perplexity = (sum(surprise) / sum(pieces)).exp();
        let mut metrics = vec![Metric::new("", PERPLEXITY, perplexity)];
        let replies = [(written, told.dims[2]), (answered, told.dims[3])];
        for (kind, (ids, n)) in KINDS.into_iter().zip(replies) {
            for (name, length) in DISTINCT {
                let value = distinct(ids, n, length);
                metrics.push(Metric::new(kind, (name, Measure::FRACTION), value));
            }
        }
        for (kind, scores) in KINDS.into_iter().zip([of_written, of_answered]) {
            if !scores.is_empty() {
                let value = sum(scores) / scores.len() as f64;
                metrics.push(Metric::new(kind, (COHERENCE, Measure::FRACTION), value));
            }
        }
        Ok(Findings {
            metrics,
            exhibits: Vec::new(),
        })
    }
}

fn sum(numbers: &[f32]) -> f64 {
    numbers.iter().map(|x| f64::from(*x)).sum()
}

/// How many of all runs of so many neighbouring pieces of texts, each a row of `n` ids, are different ones (distinct-n; Li et al., 2016). Padding, 0,
/// belongs to none. Not a number where there are none.
fn distinct(ids: &[f32], n: usize, length: usize) -> f64 {
    let mut seen = HashSet::new();
    let mut all = 0_u64;
    for text in ids.chunks_exact(n.max(1)) {
        for run in text.windows(length).filter(|run| !run.contains(&0.0)) {
            all += 1;
            // ids are whole
            seen.insert(run.iter().map(|id| *id as u32).collect::<Vec<u32>>());
        }
    }
    seen.len() as f64 / all as f64
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "generation",
        Kind::Evaluator,
        "How likely true replies are to a network that answers, and how varied and coherent its own are",
        Make::evaluator(Generation),
    )
    .without(&["test", "supervised", "beside"])
    .paper(
        "Li et al., 2016",
        "A Diversity-Promoting Objective Function for Neural Conversation Models",
        "arXiv:1510.03055",
    )
    .doc(
        "The stage is one of `reply`. It reads each record as its own batches were and writes one reply to it, each piece drawn by its probability, with \
         the run's seed.\n\n`perplexity` is e to the mean of −ln p over all pieces of the true replies. `distinct_1` and `distinct_2` are how many of all \
         pieces, and of all pairs of neighbouring pieces, of the replies of the whole split are different ones: of those that are written and of the true \
         ones, which say how varied people are on as many replies. More replies have fewer that are different, and an untrained network, which \
         draws any piece, has nearly all: read them beside the perplexity. Where the stage has a `reward`, `coherence` is the mean score \
         of that network for what is written and for the true replies; the network is that of the reward in the column of the untrained generator, too. A \
         generator that is rewarded by a network is judged by it with favour.",
    )
    .example(
        "ssl 1\n\ndataset answers = dialogues(\"talks\") |> hold_out(10%, seed = 0) |> replies()\n\n\
         fit pieces = wordpiece(size = 4000) { data = answers.train }\n\n\
         pretext talk = reply(vocabulary = pieces) {\n  data    = answers.train\n  encoder = gpt()\n}\n\n\
         evaluate judged = generation() {\n  from = talk\n  data = answers.valid\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Features;
    use super::super::testing::Desk;
    use super::*;
    use crate::graph::testing::args;

    fn judged(coherence: [&[f32]; 2]) -> Vec<(String, &'static str, f64)> {
        let rows: [&[f32]; 4] = [
            &[6.0, 3.0],
            &[2.0, 1.0],
            // "5 6 5" and "5 6": 2 of 5 pieces, 5 6 and 6 5 of 3 pairs
            &[5.0, 6.0, 5.0, 5.0, 6.0, 0.0],
            // a padded place in the middle parts two pieces
            &[5.0, 0.0, 6.0, 7.0, 8.0, 9.0],
        ];
        let places = rows.iter().chain(&coherence).map(|rows| rows.to_vec());
        let told = Features {
            records: 2,
            places: places.collect(),
            dims: vec![1, 1, 3, 3, coherence[0].len() / 2, coherence[1].len() / 2],
            labels: Vec::new(),
            ..Features::default()
        };
        let args = args(&spec(), &[]);
        let judged = Judged {
            args: &args,
            places: &[],
            classes: 0,
            file: b"",
        };
        let found = Generation.judge(&judged, vec![Read::Rows(told)], &mut Desk);
        let metrics = found.expect("findings").metrics.into_iter();
        metrics.map(|m| (m.place, m.name, m.value)).collect()
    }

    #[test]
    fn every_piece_counts_alike_and_runs_stay_within_a_text() {
        let found = judged([&[], &[]]);
        let wanted = [
            ("", "perplexity", 3f64.exp()),
            ("written", "distinct_1", 2.0 / 5.0),
            ("written", "distinct_2", 2.0 / 3.0),
            ("true", "distinct_1", 1.0),
            ("true", "distinct_2", 1.0),
        ];
        assert_eq!(found.len(), wanted.len());
        for ((place, name, value), (wanted_place, wanted_name, wanted)) in found.iter().zip(wanted)
        {
            assert_eq!((place.as_str(), *name), (wanted_place, wanted_name));
            assert!((value - wanted).abs() < 1e-12, "{name}: {value} {wanted}");
        }
    }

    #[test]
    fn scores_are_told_of_where_there_are_some() {
        let found = judged([&[0.25, 0.75], &[0.5, 1.0]]);
        let scores = found.iter().filter(|(_, name, _)| *name == "coherence");
        let scores: Vec<(&str, f64)> = scores.map(|(place, _, x)| (place.as_str(), *x)).collect();
        assert_eq!(scores, [("written", 0.5), ("true", 0.75)]);
    }
}
