//! What an evaluator judges: an encoder, and the splits that it reads.

use std::borrow::Cow;

use super::failure::Failure;
use super::{Run, StageDirectory};
use crate::data::evenly;
use crate::engine::Model;
use crate::evaluation::{Column, RAW, SUPERVISED};
use crate::graph::{Graph, within};
use crate::plan::{DataView, ENCODER, Evaluation, StagePlan};

/// Whose encoder is judged.
#[derive(Clone, Copy)]
pub(super) enum Whose<'m> {
    /// A column's.
    Column(Column),
    /// The encoder that was trained on classes, under the name that evaluation calls it by.
    Taught(&'m Model),
    /// That of a training as it is now.
    Now(&'m Model),
}

impl Whose<'_> {
    /// What is said while it is judged.
    pub fn said(&self) -> &'static str {
        match self {
            Whose::Column(column) => column.said(),
            Whose::Taught(_) => SUPERVISED,
            Whose::Now(_) => "monitor",
        }
    }

    /// What its trainings are called.
    pub fn part(&self) -> &'static str {
        match self {
            Whose::Column(column) => column.part(),
            Whose::Taught(_) => SUPERVISED,
            Whose::Now(_) => "monitor",
        }
    }

    /// Whether there is no encoder.
    pub fn is_raw(&self) -> bool {
        matches!(self, Whose::Column(Column::Raw))
    }
}

/// One evaluator with what it judges by.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    /// The stage that it belongs to.
    pub stage: &'a StagePlan,
    /// What is to be done.
    pub evaluation: &'a Evaluation,
    /// With which encoder.
    pub whose: Whose<'a>,
    /// At most so many records of the first split.
    pub most: Option<usize>,
    /// Where trainings are kept; nowhere: they are over before anybody could ask to stop.
    pub directory: Option<&'a StageDirectory>,
}

impl<'a> Work<'a> {
    /// The places that are read.
    pub fn places(&self) -> Vec<String> {
        match &self.evaluation.reading {
            _ if self.whose.is_raw() => vec![RAW.to_owned()],
            Some(reading) => reading
                .places
                .iter()
                .map(|(name, ..)| name.clone())
                .collect(),
            None => Vec::new(),
        }
    }

    /// One of the splits, cut to what is read of it.
    pub fn data(&self, index: usize) -> Option<Cow<'a, DataView>> {
        let split = self.evaluation.splits.get(index)?;
        Some(match self.most {
            Some(most) if index == 0 => Cow::Owned(DataView {
                dataset: evenly(split.data.dataset.clone(), most),
                ..split.data.clone()
            }),
            _ => Cow::Borrowed(&split.data),
        })
    }
}

impl Run<'_> {
    /// The encoder that is judged, as this graph calls it. What else the graph has is fresh, or not there.
    pub(super) fn encoder<'m>(
        &self,
        work: &Work<'m>,
        graph: &Graph,
    ) -> Result<Cow<'m, Model>, Failure> {
        let from = &work.evaluation.from;
        Ok(match work.whose {
            Whose::Column(Column::Trained | Column::Beside) => {
                Cow::Owned(self.trained(from, graph)?)
            }
            Whose::Column(Column::Untrained) => Cow::Owned(self.untrained(from, graph)?),
            Whose::Column(Column::Raw) => Cow::Owned(self.fresh(graph)?),
            Whose::Taught(model) => Cow::Borrowed(model),
            Whose::Now(model) => {
                let mut part = Cow::Borrowed(model);
                if from.module != ENCODER {
                    let [own, to] = [&from.module, ENCODER].map(|module| format!("{module}/"));
                    part.to_mut().adopt(model, &own, &to)?;
                }
                part
            }
        })
    }

    /// The graph's parameters before it is trained: its encoder is the one that is judged, the rest is fresh.
    pub(super) fn start(&self, work: &Work<'_>, graph: &Graph) -> Result<Model, Failure> {
        let (now, module) = match work.whose {
            Whose::Now(model) => (model, work.evaluation.from.module.as_str()),
            Whose::Taught(model) => (model, ENCODER),
            Whose::Column(_) => return Ok(self.encoder(work, graph)?.into_owned()),
        };
        let mut model = self.fresh(graph)?;
        let names = model.parameters().chain(model.buffers());
        let names: Vec<String> = names.map(|(name, _)| name.to_owned()).collect();
        for name in names {
            if let Some(rest) = within(&name, ENCODER) {
                let own = format!("{module}{rest}");
                model.set(&name, &now.get(&own)?)?;
            }
        }
        Ok(model)
    }
}
