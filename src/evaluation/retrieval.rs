//! Retrieval: how well records of a class are found by the nearest features (Philbin et al., 2007, for mean average precision).

use rayon::prelude::*;

use super::evaluator::{
    About, Evaluator, Exhibit, Findings, Judged, Metric, Neighbour, Query, Want,
};
use super::features::{Features, normalize_rows};
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use super::params::{bank, every, places, pooled};
use crate::catalog::{Args, Kind, Make, Param, Problem, Spec, Type};
use crate::language::codes::Code;

/// The mean over the records that ask of the average precision of what they find.
const AVERAGE: (&str, Measure) = ("mean_average_precision", Measure::FRACTION);
/// The part of the `k` nearest that is of the same class.
const PRECISION: (&str, Measure) = ("precision_at_k", Measure::FRACTION);

/// Records that ask at once.
const BLOCK: usize = 256;
/// Cosines that differ by less than its inverse are equal: rounding in products is not.
const FINE: f32 = 1_048_576.0;
/// Records that ask in the picture, and how many of the nearest are drawn of each.
const DRAWN: usize = 8;

struct Retrieval;

impl Evaluator for Retrieval {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![
            Want::rows("data", "be found", "{}, gallery"),
            Want::rows("test", "judge", "{}, queries").optional(),
        ]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[AVERAGE, PRECISION]
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let asked = match args.maybe_data("test") {
            Some(_) => "queries of test",
            None => "each record among the others",
        };
        let (k, About { place, view, .. }) = (args.size("k"), about);
        format!("at {place}, {asked}, k = {k}, {view}")
    }

    /// The gallery is used up: one place after the other moves to the device. The picture shows the last one.
    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let mut read = read.into_iter();
        let Some(Read::Rows(mut gallery)) = read.next() else {
            return Err(Failed);
        };
        let test = read.next().and_then(Read::rows);
        let k = judged.args.size("k");
        let mut findings = Findings::default();
        let mut shown = Vec::new();
        for (place, name) in judged.places.iter().enumerate() {
            let (queries, alone) = match &test {
                Some(test) => (test, false),
                None => (&gallery, true),
            };
            let sound = gallery.is_finite(place) && queries.is_finite(place);
            let (asked, labels) = (queries.places[place].clone(), queries.labels.clone());
            let drawn = queries.chosen(DRAWN);
            let numbers = queries.numbers.clone();
            let known = match alone {
                true => gallery.places[place].clone(),
                false => std::mem::take(&mut gallery.places[place]),
            };
            let search = Search {
                known,
                width: gallery.dims[place],
                classes: &gallery.labels,
                alone,
                k,
            };
            let found = match sound {
                true => search.ask(asked, &labels, lab)?,
                false => vec![Found::nothing(Vec::new()); labels.len()],
            };
            let average = mean(found.iter().map(|found| found.average));
            let precision = mean(found.iter().map(|found| found.precision));
            let both = [(AVERAGE, average), (PRECISION, precision)];
            let both = both.map(|(metric, value)| Metric::new(name, metric, value));
            findings.metrics.extend(both);
            shown = queries_of(&drawn, &found, &numbers, &gallery);
        }
        findings.exhibits.push(Exhibit::Nearest {
            asks: if test.is_some() { "test" } else { "data" },
            among: "data",
            queries: shown,
        });
        Ok(findings)
    }

    /// The similarities of one block, on the device and here, and the order of each.
    fn working(&self, records: &[usize]) -> usize {
        3 * BLOCK * records.first().copied().unwrap_or(0)
    }

    fn doubts(&self, args: &Args, data: &[(&str, usize)]) -> Vec<Problem> {
        let (k, Some((gallery, records))) = (args.size("k"), data.first().copied()) else {
            return Vec::new();
        };
        if k <= records {
            return Vec::new();
        }
        let message =
            format!("the {k} nearest are asked for, but `{gallery}` has {records} records");
        let doubt = Problem::argument(Code::LintBank, "k", message)
            .note("All of them are found then, whatever the features are.")
            .help(format!(
                "write `k = {}` or less",
                (records / 10).clamp(1, 10)
            ));
        vec![doubt]
    }
}

/// What a record found. Neither is a number where its class is nowhere else.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    /// Average precision.
    average: f64,
    /// Precision among the k nearest.
    precision: f64,
    /// The nearest of all, by row of the gallery, with their cosines.
    nearest: Vec<(usize, f32)>,
}

impl Found {
    /// No number.
    fn nothing(nearest: Vec<(usize, f32)>) -> Self {
        Self {
            average: f64::NAN,
            precision: f64::NAN,
            nearest,
        }
    }
}

/// The rows that are searched at one place.
struct Search<'a> {
    known: Vec<f32>,
    width: usize,
    classes: &'a [u32],
    /// Whether a row that asks is the row of that number here, and finds all but itself.
    alone: bool,
    k: usize,
}

impl Search<'_> {
    /// What each row finds.
    fn ask(
        mut self,
        mut asked: Vec<f32>,
        labels: &[u32],
        lab: &mut dyn Lab,
    ) -> Result<Vec<Found>, Failed> {
        normalize_rows(&mut self.known, self.width);
        normalize_rows(&mut asked, self.width);
        let mut known = lab.rows(std::mem::take(&mut self.known), self.width)?;
        let mut found = Vec::with_capacity(labels.len());
        for (block, rows) in asked.chunks(BLOCK * self.width).enumerate() {
            let similarities = known.products(rows)?; // [rows, gallery]
            let of_block: Vec<Found> = similarities
                .par_chunks(self.classes.len())
                .enumerate()
                .map(|(row, similarities)| {
                    let at = block * BLOCK + row;
                    let own = self.alone.then_some(at);
                    one(similarities, self.classes, (labels[at], own), self.k)
                })
                .collect();
            found.extend(of_block);
        }
        Ok(found)
    }
}

/// What a record of this class finds, by its similarity to each row; `own` is its row, which does not count. Rows that are equally
/// near count as if they were in every order: no order of the records makes a result better.
fn one(
    similarities: &[f32],
    classes: &[u32],
    (class, own): (u32, Option<usize>),
    k: usize,
) -> Found {
    let near = |row: usize| (similarities[row] * FINE).round() as i32;
    let others = (0..similarities.len()).filter(|row| Some(*row) != own);
    let mut order: Vec<usize> = others.collect();
    order.sort_unstable_by(|a, b| near(*b).cmp(&near(*a)).then(a.cmp(b)));
    let nearest = order
        .iter()
        .take(DRAWN)
        .map(|row| (*row, similarities[*row]));
    let nearest: Vec<(usize, f32)> = nearest.collect();
    let all = order.iter().filter(|row| classes[**row] == class).count();
    if all == 0 {
        return Found::nothing(nearest);
    }
    let k = k.min(order.len());
    let (mut seen, mut hits) = (0usize, 0usize);
    let (mut average, mut among) = (0.0, 0.0);
    for equal in order.chunk_by(|a, b| near(*a) == near(*b)) {
        let own = equal.iter().filter(|row| classes[**row] == class).count();
        let first = k.saturating_sub(seen).min(equal.len());
        among += own as f64 * first as f64 / equal.len() as f64;
        (seen, hits) = (seen + equal.len(), hits + own);
        average += own as f64 / all as f64 * (hits as f64 / seen as f64);
    }
    Found {
        average,
        precision: among / k as f64,
        nearest,
    }
}

/// The mean of what is a number; not a number where nothing is.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values = values.filter(|value| !value.is_nan());
    let (sum, count) = values.fold((0.0, 0usize), |(sum, n), value| (sum + value, n + 1));
    sum / count as f64
}

/// What some rows found, by the numbers of their records.
fn queries_of(drawn: &[usize], found: &[Found], numbers: &[u32], gallery: &Features) -> Vec<Query> {
    let record = |numbers: &[u32], row: usize| numbers.get(row).map_or(row, |at| *at as usize);
    let query = |row: &usize| {
        let neighbours = found[*row].nearest.iter();
        let neighbours = neighbours.map(|(at, similarity)| Neighbour {
            record: record(&gallery.numbers, *at),
            cosine: *similarity,
        });
        Query {
            record: record(numbers, *row),
            found: neighbours.collect(),
        }
    };
    drawn.iter().map(query).collect()
}

pub(super) fn spec() -> Spec {
    pooled(
        Spec::new(
            "retrieval",
            Kind::Evaluator,
            "How well the nearest features find records of the same class: mean average precision, precision among the k nearest",
            Make::evaluator(Retrieval),
        )
        .paper(
            "Philbin et al., 2007",
            "Object Retrieval with Large Vocabularies and Fast Spatial Matching",
            "doi:10.1109/CVPR.2007.383172",
        )
        .doc(
            "The records of `test` ask, those of `data` are found, by cosine similarity; without `test` each record of `data` looks among all the \
             others. `mean_average_precision` is the mean of the average precision over the whole of `data`, `precision_at_k` the part of the `k` nearest that is \
             of the same class. Records that are equally near count as if they stood in every order, so that a collapsed encoder gets what chance gives. A \
             record whose class is nowhere else does not count, and no number is given where a feature is none.\n\nThe report draws the \
             nearest neighbours of a few records, the same whatever the seed, for the trained encoder and for the untrained one.",
        )
        .param(Param::optional(
            "test",
            Type::Data,
            "The split whose records ask; where absent each record of `data` looks among the others.",
        ))
        .param(Param::with_default("k", Type::Integer, "10", "So many of the nearest.").within(1.0, 1e6))
        .param(places()),
    )
    .param(every())
    .param(bank("10000", "are searched"))
    .example("retrieval(k = 10)")
}

#[cfg(test)]
#[path = "retrieval_tests.rs"]
mod tests;
