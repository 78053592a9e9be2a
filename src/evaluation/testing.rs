//! A lab that multiplies here, and what is needed to judge a table by hand.

use std::sync::Arc;

use super::evaluator::{Findings, Judged};
use super::features::Features;
use super::lab::{Failed, Heads, Lab, Read, Rows};
use super::table::Table;
use crate::catalog::{Spec, Value};
use crate::data::kmeans::best_of;
use crate::graph::testing::args;

/// Multiplies rows one by one, and trains nothing.
pub(super) struct Desk;

struct OnDesk(Vec<f32>, usize);

impl Lab for Desk {
    fn rows<'l>(&'l mut self, rows: Vec<f32>, width: usize) -> Result<Box<dyn Rows + 'l>, Failed> {
        Ok(Box::new(OnDesk(rows, width)))
    }

    fn k_means(
        &mut self,
        rows: &[f32],
        width: usize,
        k: usize,
        starts: usize,
    ) -> Result<Vec<u32>, Failed> {
        best_of(rows, width, k, starts, &mut |_| true).ok_or(Failed)
    }

    fn train<'l>(&'l mut self, _: &Read, _: Option<&Read>) -> Result<Box<dyn Heads + 'l>, Failed> {
        Err(Failed)
    }
}

impl Rows for OnDesk {
    fn products(&mut self, queries: &[f32]) -> Result<Vec<f32>, Failed> {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let queries = queries.chunks_exact(self.1);
        let products =
            queries.flat_map(|q| self.0.chunks_exact(self.1).map(move |row| dot(q, row)));
        Ok(products.collect())
    }

    fn weighted(&mut self, weights: &[f32]) -> Result<Vec<f32>, Failed> {
        let records = self.0.len() / self.1;
        let sums = weights.chunks_exact(records).flat_map(|weights| {
            let mut sum = vec![0f32; self.1];
            for (row, weight) in self.0.chunks_exact(self.1).zip(weights) {
                sum.iter_mut()
                    .zip(row)
                    .for_each(|(sum, x)| *sum += weight * x);
            }
            sum
        });
        Ok(sums.collect())
    }
}

/// What an evaluator of this entry finds of a table.
pub(super) fn judged(
    spec: Spec,
    given: &[(&str, Value)],
    file: &[u8],
    table: Table,
) -> Result<Findings, Failed> {
    let spec = Arc::new(spec);
    let args = args(&spec, given);
    let judged = Judged {
        args: &args,
        places: &[],
        classes: 0,
        file,
    };
    let evaluator = spec.evaluator().ok_or(Failed)?;
    evaluator.judge(&judged, vec![Read::Table(table)], &mut Desk)
}

/// What an evaluator of this entry finds of rows.
pub(super) fn judged_rows(
    spec: Spec,
    given: &[(&str, Value)],
    read: Vec<Features>,
) -> Result<Findings, Failed> {
    let spec = Arc::new(spec);
    let args = args(&spec, given);
    let places: Vec<String> = (0..read[0].places.len())
        .map(|at| format!("p{at}"))
        .collect();
    let labels = read.iter().flat_map(|features| &features.labels);
    let judged = Judged {
        args: &args,
        places: &places,
        classes: labels.max().map_or(0, |label| *label as usize + 1),
        file: b"",
    };
    let evaluator = spec.evaluator().ok_or(Failed)?;
    let read = read.into_iter().map(Read::Rows).collect();
    evaluator.judge(&judged, read, &mut Desk)
}

/// Rows of one place.
pub(super) fn rows(rows: &[f32], width: usize, labels: &[u32]) -> Features {
    let records = rows.len() / width;
    Features {
        records,
        places: vec![rows.to_vec()],
        dims: vec![width],
        labels: labels.to_vec(),
        numbers: (0..records as u32).collect(),
        groups: Vec::new(),
    }
}

/// Numbers of a fixture.
pub(super) fn numbers(value: &serde_json::Value) -> Vec<f64> {
    let list = value.as_array().expect("a list").iter();
    list.map(|x| x.as_f64().expect("a number")).collect()
}

/// Rows of a fixture, `{"rows": [...], "dim": d, "labels": [...]}`.
pub(super) fn rows_of(value: &serde_json::Value) -> Features {
    let own: Vec<f32> = numbers(&value["rows"]).iter().map(|x| *x as f32).collect();
    let labels = match &value["labels"] {
        serde_json::Value::Null => Vec::new(),
        labels => numbers(labels).iter().map(|x| *x as u32).collect(),
    };
    rows(
        &own,
        value["dim"].as_u64().expect("a size") as usize,
        &labels,
    )
}

/// `tests/fixtures/evaluation/exams.json`
pub(super) fn exams() -> serde_json::Value {
    let text = include_str!("../../tests/fixtures/evaluation/exams.json");
    serde_json::from_str(text).expect("a fixture")
}

/// The table of that file, between rows that stand for no word.
pub(super) fn table() -> Table {
    let exams = exams();
    let dim = exams["dim"].as_u64().expect("a size") as usize;
    let list = |name: &str| exams[name].as_array().expect("a list").clone();
    let mut rows = vec![9.0; 2 * dim];
    rows.extend(
        list("rows")
            .iter()
            .map(|x| x.as_f64().expect("a number") as f32),
    );
    rows.extend(vec![9.0; dim]);
    let mut words = vec![None; 2];
    words.extend(
        list("words")
            .iter()
            .map(|word| word.as_str().map(str::to_owned)),
    );
    words.push(None);
    Table { rows, dim, words }
}
