//! Pictures found by their captions, and captions by their pictures (recall at k; Karpathy & Fei-Fei, 2015).

use rayon::prelude::*;

use super::asked::aligned;
use super::evaluator::{
    About, Evaluator, Exhibit, Findings, Judged, Metric, Neighbour, Query, TABLE, Tell, Want,
};
use super::lab::{Failed, Lab, Read, Shown};
use super::metric::Measure;
use crate::catalog::{Args, Kind, Make, Spec};
use crate::tasks::{OF_IMAGE, OF_TEXT};

struct CaptionRetrieval;

/// How often one of the nearest so many is right.
const RECALL: [(&str, usize); 3] = [("recall_at_1", 1), ("recall_at_5", 5), ("recall_at_10", 10)];
/// The median of the places at which the first right one stands.
const MEDIAN: (&str, Measure) = ("median_rank", Measure::SCORE.less_is_better());
/// Both ways: what asks, and what is found.
const WAYS: [&str; 2] = ["text to image", "image to text"];
/// Queries of each kind in the picture, and how many of the nearest are drawn of each.
const DRAWN: usize = 3;
const NEAREST: usize = 6;
/// Rows that ask at once.
const BLOCK: usize = 256;
/// Cosines of one picture that is read twice differ by no more.
const ONE: f32 = 1e-5;

impl Evaluator for CaptionRetrieval {
    fn wants(&self, _: &Args) -> Vec<Want> {
        let both = const { &[Tell::several(OF_IMAGE), Tell::several(OF_TEXT)] };
        vec![Want::shown("data", both, "{}, pairs")]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        const {
            &[
                (RECALL[0].0, Measure::FRACTION),
                (RECALL[1].0, Measure::FRACTION),
                (RECALL[2].0, Measure::FRACTION),
                MEDIAN,
            ]
        }
    }

    fn protocol(&self, _: &Args, about: &About<'_>) -> String {
        let About {
            place,
            records,
            view,
            ..
        } = about;
        format!("{place}, {records} pairs, {view}")
    }

    fn judge(
        &self,
        _: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let Some(Read::Shown(shown)) = read.into_iter().next() else {
            return Err(Failed);
        };
        let [images, texts] = [0, 1].map(|place| distinct(&shown, place));
        let mut metrics = Vec::new();
        let mut queries = Vec::new();
        let mut lines = vec![
            [
                "", "queries", "among", "recall@1", "@5", "@10", "chance@1", "@5", "@10",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        for (way, (place, [asks, among])) in WAYS
            .into_iter()
            .zip([(1, [&texts, &images]), (0, [&images, &texts])])
        {
            let found = search(&shown, [place, 1 - place], [asks, among], lab)?;
            let mut line = vec![
                way.to_owned(),
                asks.len().to_string(),
                among.len().to_string(),
            ];
            for (name, k) in RECALL {
                let recall = part(found.iter().map(|found| found.rank <= k));
                metrics.push(Metric::new(way, (name, Measure::FRACTION), recall));
                line.push(format!("{:.1}%", 100.0 * recall));
            }
            for (_, k) in RECALL {
                let by_chance = found
                    .iter()
                    .map(|found| chance(found.right, among.len(), k));
                let by_chance = by_chance.sum::<f64>() / found.len() as f64;
                line.push(format!("{:.2}%", 100.0 * by_chance));
            }
            lines.push(line);
            metrics.push(Metric::new(way, MEDIAN, median(&found)));
            queries.extend(shown_of(&shown, &found));
        }
        Ok(Findings {
            metrics,
            exhibits: vec![
                Exhibit::Text(aligned(&lines)),
                Exhibit::Nearest {
                    asks: "data",
                    among: "data",
                    queries,
                },
            ],
        })
    }

    /// The similarities of one block, on the device and here, and the order of each.
    fn working(&self, records: &[usize]) -> usize {
        3 * BLOCK * records.first().copied().unwrap_or(0)
    }

    fn files(&self) -> &'static [&'static str] {
        &[TABLE]
    }
}

/// The rows that count: of one group, of those that are one at a place the first. A picture with five captions is read five times.
fn distinct(shown: &Shown, place: usize) -> Vec<usize> {
    let mut of_group: std::collections::HashMap<u64, Vec<usize>> = Default::default();
    let same = |a: usize, b: usize| {
        let rows = [a, b].map(|row| shown.rows.row(place, row));
        let cosine: f32 = rows[0].iter().zip(rows[1]).map(|(a, b)| a * b).sum();
        cosine >= 1.0 - ONE
    };
    let first = |row: &usize| {
        let known = of_group.entry(shown.groups[*row]).or_default();
        let fresh = !known.iter().any(|other| same(*other, *row));
        if fresh {
            known.push(*row);
        }
        fresh
    };
    (0..shown.rows.records).filter(first).collect()
}

/// What a row found.
struct Found {
    /// The row.
    asked: usize,
    /// The place of the first right one, from 1.
    rank: usize,
    /// How much nearer the right one is than the nearest wrong one.
    margin: f32,
    /// How many are right.
    right: usize,
    /// The nearest, by row, with their cosines.
    nearest: Vec<(usize, f32)>,
}

/// What each row that asks finds: `places` are its own and that of those that are found.
fn search(
    shown: &Shown,
    places: [usize; 2],
    [asks, among]: [&[usize]; 2],
    lab: &mut dyn Lab,
) -> Result<Vec<Found>, Failed> {
    let rows = |place: usize, of: &[usize]| -> Vec<f32> {
        let rows = of.iter().flat_map(|row| shown.rows.row(place, *row));
        rows.copied().collect()
    };
    let width = shown.rows.dims[places[1]];
    let mut known = lab.rows(rows(places[1], among), width)?;
    let mut all = Vec::with_capacity(asks.len());
    for block in asks.chunks(BLOCK) {
        let scores = known.products(&rows(places[0], block))?; // [block, among]
        let found: Vec<Found> = scores
            .par_chunks(among.len())
            .zip(block)
            .map(|(scores, asked)| one(shown, *asked, among, scores))
            .collect();
        all.extend(found);
    }
    Ok(all)
}

/// What a row finds by its cosines. A wrong one that is as near as the right one comes before it; what is not a number is nowhere near.
fn one(shown: &Shown, asked: usize, among: &[usize], scores: &[f32]) -> Found {
    let group = shown.groups[asked];
    let sound = |at: &usize| scores[*at].is_finite();
    let is_right = |at: &usize| shown.groups[among[*at]] == group;
    let most = |all: &mut dyn Iterator<Item = usize>| {
        let scores = all.map(|at| scores[at]);
        scores.max_by(f32::total_cmp).unwrap_or(f32::NEG_INFINITY)
    };
    let right = (0..among.len()).filter(is_right);
    let best = most(&mut right.clone().filter(sound));
    let wrong = (0..among.len()).filter(|at| !is_right(at));
    let less = |at: &usize| scores[*at].partial_cmp(&best) == Some(std::cmp::Ordering::Less);
    let before = wrong.clone().filter(|at| !less(at)).count();
    let mut order: Vec<usize> = (0..among.len()).filter(sound).collect();
    let nearer = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
    if order.len() > NEAREST {
        order.select_nth_unstable_by(NEAREST, nearer);
        order.truncate(NEAREST);
    }
    order.sort_by(nearer);
    Found {
        asked,
        rank: before + 1,
        margin: best - most(&mut wrong.filter(sound)),
        right: right.count(),
        nearest: order.iter().map(|at| (among[*at], scores[*at])).collect(),
    }
}

/// How likely one of `k` that are drawn of `all` is among `right` of them.
fn chance(right: usize, all: usize, k: usize) -> f64 {
    let wrong = all - right;
    if k > wrong {
        return 1.0;
    }
    let none: f64 = (0..k)
        .map(|i| (wrong - i) as f64 / (all - i) as f64)
        .product();
    1.0 - none
}

fn median(found: &[Found]) -> f64 {
    let mut ranks: Vec<usize> = found.iter().map(|found| found.rank).collect();
    ranks.sort_unstable();
    match ranks.len() {
        0 => f64::NAN,
        n => (ranks[(n - 1) / 2] + ranks[n / 2]) as f64 / 2.0,
    }
}

/// How many of all are so; not a number where there are none.
fn part(all: impl Iterator<Item = bool>) -> f64 {
    let (so, all) = all.fold((0, 0), |(so, all), one| (so + u32::from(one), all + 1));
    f64::from(so) / f64::from(all)
}

/// The rows that are found best, and those that are found worst, with what they found.
fn shown_of(shown: &Shown, found: &[Found]) -> Vec<Query> {
    let mut order: Vec<&Found> = found.iter().collect();
    order.sort_by(|a, b| a.rank.cmp(&b.rank).then(b.margin.total_cmp(&a.margin)));
    let some = DRAWN.min(order.len().div_ceil(2));
    let worst = order.iter().rev().take(some.min(order.len() - some));
    let number = |row: usize| shown.rows.numbers[row] as usize;
    let chosen = order.iter().take(some).chain(worst);
    chosen
        .map(|found| Query {
            record: number(found.asked),
            found: found
                .nearest
                .iter()
                .map(|(row, cosine)| Neighbour {
                    record: number(*row),
                    cosine: *cosine,
                })
                .collect(),
        })
        .collect()
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "caption_retrieval",
        Kind::Evaluator,
        "How often a picture is found by its caption, and a caption by its picture",
        Make::evaluator(CaptionRetrieval),
    )
    .without(&["test", "supervised", "beside"])
    .paper(
        "Karpathy & Fei-Fei, 2015",
        "Deep Visual-Semantic Alignments for Generating Image Descriptions",
        "arXiv:1412.2306",
    )
    .doc(
        "The stage is one of `clip` or `siglip`, or of a task of one's own that names `image_features` and `text_features`, `[B, d]` of length 1, as \
         places. Each caption of `data` asks for its picture among all pictures, and each picture for one of its captions among all captions. \
         `recall_at_1`, `recall_at_5`, `recall_at_10` are how often one of the nearest so many is right, `median_rank` where the first right one \
         stands. Any of the same group is right: without `group` in `image_text` that is the picture's own captions. A picture, or a text, that a \
         group has several times counts once; a wrong one that is as near as the right one counts as nearer. With `captions = each` all captions are \
         asked, else one of each picture.\n\n`results/STAGE.txt` has both ways beside chance; `results/STAGE.nearest.png` draws those that are found \
         best and worst, first captions, then pictures, each with the six nearest.",
    )
    .example(
        "ssl 1\n\ndataset drawn = image_text(\"captions.csv\") |> hold_out(10%, seed = 0)\n\n\
         fit pieces = bpe(size = 1000) { data = drawn.train }\n\n\
         pretext pairs = clip(vocabulary = pieces) {\n  data          = drawn.train\n  image_encoder = small_cnn()\n}\n\n\
         evaluate found = caption_retrieval() {\n  from = pairs\n  data = drawn.valid\n}\n",
    )
}

#[cfg(test)]
#[path = "caption_retrieval_tests.rs"]
mod tests;
