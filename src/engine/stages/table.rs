//! The rows of an encoder's table, each with its word.

use super::failure::{Failure, stopped};
use super::watch::stop_asked;
use super::work::Work;
use super::{Run, Watch};
use crate::data::words_of;
use crate::engine::{Batch, HostTensor, Model, features};
use crate::evaluation::{INPUT, Table};
use crate::plan::TableReading;

/// Rows that are read at once.
const ROWS: usize = 8192;

impl Run<'_> {
    /// Reads every row of a table.
    pub(super) fn table(
        &self,
        work: &Work<'_>,
        reading: &TableReading,
        said: &str,
        watch: &mut dyn Watch,
    ) -> Result<Table, Failure> {
        let model = self.encoder(work, &reading.graph)?;
        rows(&model, reading, &work.stage.name, said, watch)
    }
}

/// Every row of a model's table.
pub(super) fn rows(
    model: &Model,
    reading: &TableReading,
    stage: &str,
    said: &str,
    watch: &mut dyn Watch,
) -> Result<Table, Failure> {
    let TableReading {
        graph,
        var,
        rows: count,
        dim,
        words,
    } = reading;
    watch.begin(stage, said, 0, *count as u64);
    let words = words_of(words, *count)?;
    let ids: Vec<i64> = (0..*count as i64).collect();
    let mut rows = Vec::with_capacity(count * dim);
    for ids in ids.chunks(ROWS) {
        if stop_asked() {
            return Err(stopped(stage));
        }
        let batch = HostTensor::int(ids.to_vec(), &[ids.len()]);
        let batch = Batch::from([(INPUT.to_owned(), batch)]);
        let read = features(graph, model, &batch, &[*var])?;
        if let Some(read) = read.first().and_then(HostTensor::as_f32) {
            rows.extend_from_slice(read);
        }
        watch.advance((rows.len() / dim) as u64);
    }
    Ok(Table {
        rows,
        dim: *dim,
        words,
    })
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
