//! What the task that was trained tells of records: every record once, in order, in evaluation mode.

use std::borrow::Cow;

use super::failure::Failure;
use super::features::{BATCH, View, bound};
use super::work::{Whose, Work};
use super::{Run, Watch};
use crate::engine::{Batch, HostTensor, Model, features};
use crate::evaluation::{Column, Features};
use crate::graph::Graph;
use crate::language::codes::Code;
use crate::plan::{DataView, Told};

impl Run<'_> {
    /// Reads a split as the task was trained: one number for each record.
    pub(super) fn told(
        &self,
        work: &Work<'_>,
        told: &Told,
        place: &str,
        data: &DataView,
        what: &str,
        watch: &mut dyn Watch,
    ) -> Result<Features, Failure> {
        let model = self.asked(work, &told.graph)?;
        let vars = told.vars.iter().filter(|(name, _)| *name == place);
        let vars: Vec<_> = vars.map(|(_, var)| *var).collect();
        let view = View {
            data,
            samples: &told.samples,
            batch: BATCH,
            on_bad: told.on_bad,
            by_length: false,
            epoch: 0,
        };
        let mut numbers = Vec::with_capacity(data.dataset.len());
        self.read(&view, &work.stage.name, what, watch, &mut |batch, watch| {
            let fields: Batch = bound(std::mem::take(&mut batch.fields), &told.bindings).collect();
            if batch.size == 0 {
                return Ok(());
            }
            let read = features(&told.graph, &model, &fields, &vars)?;
            if let Some(read) = read.first().and_then(HostTensor::as_f32) {
                numbers.extend_from_slice(read);
            }
            watch.advance(numbers.len() as u64);
            Ok(())
        })?;
        if numbers.is_empty() {
            let message = format!("no record of `{}` can be read", data.text);
            return Err(Failure::new(Code::BadSample, message).at(data.span));
        }
        Ok(Features {
            records: numbers.len(),
            places: vec![numbers],
            dims: vec![1],
            labels: Vec::new(),
            numbers: Vec::new(),
        })
    }

    /// All of a task, as training has left it or as it began.
    fn asked<'m>(&self, work: &Work<'m>, graph: &Graph) -> Result<Cow<'m, Model>, Failure> {
        Ok(match work.whose {
            Whose::Column(Column::Trained) => {
                Cow::Owned(self.whole(&work.evaluation.from.stage, graph)?)
            }
            Whose::Column(_) => Cow::Owned(self.fresh(graph)?),
            Whose::Taught(model) | Whose::Now(model) => Cow::Borrowed(model),
        })
    }
}
