//! What the task that was trained tells of records: every record once, in order, in evaluation mode.

use std::borrow::Cow;

use super::failure::Failure;
use super::features::{BATCH, View, bound, take};
use super::work::{Whose, Work};
use super::{Run, Watch};
use crate::engine::{Batch, HostTensor, Model, drawn};
use crate::evaluation::{Column, Features, LABEL, Read, Shown, Tell};
use crate::graph::Graph;
use crate::language::codes::Code;
use crate::plan::{DataView, Told, Way};

impl Run<'_> {
    /// Reads a split the way that is planned for it: for each record what is told at these places. What is drawn is drawn by the run's seed.
    pub(super) fn told(
        &self,
        work: &Work<'_>,
        (told, way, tells): (&Told, &Way, &[Tell]),
        data: &DataView,
        what: &str,
        watch: &mut dyn Watch,
    ) -> Result<Features, Failure> {
        let model = self.asked(work, &told.graph)?;
        let there = |tell: &Tell| told.vars.iter().find(|(name, _)| *name == tell.at);
        let vars = tells.iter().filter_map(there);
        let vars: Vec<_> = vars.map(|(_, var)| *var).collect();
        let view = View {
            data,
            samples: &way.samples,
            batch: BATCH,
            on_bad: told.on_bad,
            by_length: false,
            epoch: 0,
        };
        let mut found = Features {
            places: vec![Vec::new(); tells.len()],
            dims: vec![0; tells.len()],
            ..Features::default()
        };
        let seed = self.settings.seed;
        self.read(&view, &work.stage.name, what, watch, &mut |batch, watch| {
            let number = batch.index;
            if batch.size == 0 {
                return Ok(());
            }
            let places = batch.indices.iter();
            found.numbers.extend(places.map(|place| *place as u32));
            // a class that the task itself reads is none to judge by
            if !way.bindings.iter().any(|(field, _)| field == LABEL)
                && let Some(HostTensor::Int { data, .. }) = take(batch, LABEL)
            {
                let classes = data.iter().map(|class| *class as u32);
                found.labels.extend(classes);
            }
            let fields: Batch = bound(std::mem::take(&mut batch.fields), &way.bindings).collect();
            let mut read = drawn(&told.graph, &model, &fields, &vars, seed, number)?.into_iter();
            for (at, _) in tells
                .iter()
                .enumerate()
                .filter(|(_, tell)| there(tell).is_some())
            {
                let Some(value) = read.next() else { break };
                found.dims[at] = value.width();
                found.places[at].extend_from_slice(value.as_f32().unwrap_or_default());
            }
            found.records += batch.size;
            watch.advance(found.records as u64);
            Ok(())
        })?;
        if found.records == 0 {
            let message = format!("no record of `{}` can be read", data.text);
            return Err(Failure::new(Code::BadSample, message).at(data.span));
        }
        Ok(found)
    }

    /// What is known of records of which these rows were told.
    pub(super) fn shown(rows: Features, data: &DataView) -> Read {
        let groups = rows.numbers.iter().map(|place| {
            let group = data.dataset.group(*place as usize);
            group.unwrap_or(u64::from(*place))
        });
        Read::Shown(Shown {
            groups: groups.collect(),
            classes: data.dataset.class_names().to_vec(),
            rows,
        })
    }

    /// All of a task, as training has left it or as it began.
    fn asked<'m>(&self, work: &Work<'m>, graph: &Graph) -> Result<Cow<'m, Model>, Failure> {
        Ok(match work.whose {
            Whose::Column(Column::Trained) => {
                Cow::Owned(self.whole(&work.evaluation.from.stage, graph)?)
            }
            Whose::Column(_) => Cow::Owned(self.at_rest(graph)?),
            Whose::Taught(model) | Whose::Now(model) => Cow::Borrowed(model),
        })
    }
}
