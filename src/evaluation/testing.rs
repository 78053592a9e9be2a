//! A lab that multiplies here, and what is needed to judge a table by hand.

use std::sync::Arc;

use super::evaluator::{Findings, Judged};
use super::lab::{Failed, Heads, Lab, Read, Rows};
use super::table::Table;
use crate::catalog::{Spec, Value};
use crate::graph::testing::args;

/// Multiplies rows one by one, and trains nothing.
pub(super) struct Desk;

struct OnDesk(Vec<f32>, usize);

impl Lab for Desk {
    fn rows<'l>(&'l mut self, rows: Vec<f32>, width: usize) -> Result<Box<dyn Rows + 'l>, Failed> {
        Ok(Box::new(OnDesk(rows, width)))
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
