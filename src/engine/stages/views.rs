//! Views of records as a task is trained on them: each record several times, drawn anew each time.

use std::collections::BTreeMap;

use super::failure::Failure;
use super::features::{BATCH, Through, View, take};
use super::{Run, Watch};
use crate::data::evenly;
use crate::engine::{Batch, HostTensor, features as evaluate};
use crate::evaluation::{Features, INPUT};
use crate::language::codes::Code;
use crate::plan::{DataView, Reading, Views};

/// What was read of one record: for each place the rows of its views, one after the other.
type Rows = Vec<Vec<f32>>;

impl Run<'_> {
    /// Reads at most `records` of a data set, `each` views of each of them, which follow one another; a record of which not all can be
    /// read is left out.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn views(
        &self,
        data: &DataView,
        reading: &Reading,
        through: &Through<'_>,
        views: &Views,
        (records, each): (usize, usize),
        (stage, what): (&str, &str),
        watch: &mut dyn Watch,
    ) -> Result<Features, Failure> {
        let some = DataView {
            dataset: evenly(data.dataset.clone(), records),
            ..data.clone()
        };
        let mut read: BTreeMap<u64, Rows> = BTreeMap::new();
        let mut dims: Vec<usize> = Vec::new();
        for pass in 0..each.div_ceil(views.fields.len().max(1)) {
            let view = View {
                data: &some,
                samples: &views.samples,
                batch: BATCH,
                on_bad: reading.on_bad,
                by_length: false,
                epoch: pass as u64,
            };
            let said = format!("{what}, pass {}", pass + 1);
            let left = each - pass * views.fields.len();
            let mut done = 0;
            self.read(&view, stage, &said, watch, &mut |batch, watch| {
                if batch.size == 0 {
                    return Ok(());
                }
                for field in views.fields.iter().take(left) {
                    let Some(input) = take(batch, field) else {
                        continue;
                    };
                    let values = match through {
                        Through::Nothing => vec![input],
                        Through::Graph(graph, model, vars, _) => {
                            let fields = Batch::from([(INPUT.to_owned(), input)]);
                            evaluate(graph, model, &fields, vars)?
                        }
                    };
                    dims = values.iter().map(HostTensor::width).collect();
                    for (row, number) in batch.indices.iter().enumerate() {
                        let own = read.entry(*number).or_default();
                        own.resize(values.len(), Vec::new());
                        for ((own, value), dim) in own.iter_mut().zip(&values).zip(&dims) {
                            let all = value.as_f32().unwrap_or_default();
                            own.extend_from_slice(&all[row * dim..(row + 1) * dim]);
                        }
                    }
                }
                done += batch.size as u64;
                watch.advance(done);
                Ok(())
            })?;
        }
        let whole = |rows: &Rows| {
            let mut both = rows.iter().zip(&dims);
            both.all(|(rows, dim)| rows.len() == each * dim)
        };
        read.retain(|_, rows| whole(rows));
        if read.is_empty() {
            let message = format!("no record of `{}` can be read", data.text);
            return Err(Failure::new(Code::BadSample, message).at(data.span));
        }
        let mut places = vec![Vec::with_capacity(read.len() * each); dims.len()];
        for rows in read.values() {
            for (place, rows) in places.iter_mut().zip(rows) {
                place.extend_from_slice(rows);
            }
        }
        Ok(Features {
            records: read.len() * each,
            places,
            dims,
            ..Features::default()
        })
    }
}
