//! Features of a frozen encoder: every record once, in order, in evaluation mode.

use std::sync::Arc;

use super::Run;
use super::failure::{Failure, stopped};
use super::watch::{Watch, stop_asked};
use crate::augment::SampleGraph;
use crate::data::{Batch as SampleBatch, BatchField, Cursor, Loader, LoaderOptions, OnBadSample};
use crate::engine::inputs::takes;
use crate::engine::{Batch, HostTensor, Model, features as evaluate};
use crate::evaluation::{Features, INPUT, LABEL};
use crate::graph::{Graph, Var};
use crate::language::codes::Code;
use crate::plan::{DataView, Reading, Traced};

/// Records per forward pass. Part of the result's definition: products of other sizes may round otherwise.
pub(super) const BATCH: usize = 256;

/// A split as something is evaluated on it.
pub(super) struct View<'a> {
    /// The split.
    pub data: &'a DataView,
    /// What makes a batch of its records.
    pub samples: &'a Arc<SampleGraph>,
    /// Records per forward pass.
    pub batch: usize,
    /// What is done about records that can't be read.
    pub on_bad: OnBadSample,
    /// Texts of like length share a batch, so that padding is not computed.
    pub by_length: bool,
    /// Decides what is drawn.
    pub epoch: u64,
}

impl<'a> View<'a> {
    /// A split as its features are read.
    pub fn of(data: &'a DataView, reading: &'a Reading) -> Self {
        Self {
            data,
            samples: &reading.samples,
            batch: reading.batch,
            on_bad: reading.on_bad,
            by_length: false,
            epoch: 0,
        }
    }
}

/// A field of a batch as the engine takes it.
pub(super) fn host(field: BatchField) -> HostTensor {
    match field {
        BatchField::F32 { data, shape } => HostTensor::F32 { data, shape },
        BatchField::Int { data, shape } => HostTensor::Int { data, shape },
    }
}

/// The inputs of a graph by name, from the fields of a batch. One field may be several inputs.
pub(super) fn bound<'b>(
    fields: Vec<(String, BatchField)>,
    bindings: &'b [(String, String)],
) -> impl Iterator<Item = (String, HostTensor)> + 'b {
    fields.into_iter().flat_map(move |(name, field)| {
        let inputs = bindings.iter().filter(move |(own, _)| *own == name);
        // `repeat_n` gives the field itself to the last of them, and copies to the others
        let copies = std::iter::repeat_n(field, inputs.clone().count());
        inputs
            .zip(copies)
            .map(|((_, input), field)| (input.clone(), host(field)))
    })
}

/// Takes a field out of a batch.
pub(super) fn take(batch: &mut SampleBatch, name: &str) -> Option<HostTensor> {
    let index = batch.fields.iter().position(|(field, _)| field == name)?;
    Some(host(batch.fields.swap_remove(index).1))
}

/// What is read of each batch.
pub(super) enum Through<'a> {
    /// Values of a graph run by a model; of shorter texts, where there are any, those of the graph that was traced for them.
    Graph(&'a Graph, &'a Model, &'a [Var], &'a [Traced]),
    /// What the encoder would take.
    Nothing,
}

impl Run<'_> {
    /// Reads every record of a data set, as `reading` says.
    pub(super) fn features(
        &self,
        data: &DataView,
        reading: &Reading,
        through: &Through<'_>,
        stage: &str,
        what: &str,
        watch: &mut dyn Watch,
    ) -> Result<Features, Failure> {
        self.rows(View::of(data, reading), through, stage, what, watch)
    }

    /// Reads every record of a view.
    pub(super) fn rows(
        &self,
        view: View<'_>,
        through: &Through<'_>,
        stage: &str,
        what: &str,
        watch: &mut dyn Watch,
    ) -> Result<Features, Failure> {
        let data = view.data;
        let total = data.dataset.len();
        let mut features = Features {
            labels: Vec::with_capacity(total),
            ..Features::default()
        };
        let by_length = matches!(through, Through::Graph(.., shorter) if !shorter.is_empty());
        let view = View { by_length, ..view };
        let mut places = Vec::with_capacity(total);
        self.read(&view, stage, what, watch, &mut |batch, watch| {
            if batch.size == 0 {
                return Ok(());
            }
            places.extend(batch.indices.iter().copied());
            if let Some(HostTensor::Int { data, .. }) = take(batch, LABEL) {
                features
                    .labels
                    .extend(data.iter().map(|class| *class as u32));
            }
            let Some(input) = take(batch, INPUT) else {
                return Ok(());
            };
            features.records += input.shape().first().copied().unwrap_or(0);
            let values = match through {
                Through::Nothing => vec![input],
                Through::Graph(graph, model, vars, shorter) => {
                    let fields = Batch::from([(INPUT.to_owned(), input)]);
                    let fits = shorter.iter().find(|own| takes(&own.graph, &fields));
                    let (graph, vars) = fits.map_or((*graph, *vars), |own| (&own.graph, &own.vars));
                    evaluate(graph, model, &fields, vars)?
                }
            };
            for (index, value) in values.into_iter().enumerate() {
                let dim = value.shape()[1..].iter().product();
                if features.places.len() == index {
                    features.places.push(Vec::with_capacity(total * dim));
                    features.dims.push(dim);
                }
                if let HostTensor::F32 { data, .. } = value {
                    features.places[index].extend_from_slice(&data);
                }
            }
            watch.advance(features.records as u64);
            Ok(())
        })?;
        if features.places.is_empty() {
            let message = format!("no record of `{}` can be read", data.text);
            return Err(Failure::new(Code::BadSample, message).at(data.span));
        }
        features.numbers = places.iter().map(|place| *place as u32).collect();
        if data.dataset.is_grouped() {
            let group = |place: &u64| data.dataset.group(*place as usize).unwrap_or(*place);
            features.groups = places.iter().map(group).collect();
        }
        if by_length {
            features.sort_by(&places);
        }
        Ok(features)
    }

    /// Gives each batch of a view to `see`, every record once, in order; by length in an order of its own.
    pub(super) fn read(
        &self,
        view: &View<'_>,
        stage: &str,
        what: &str,
        watch: &mut dyn Watch,
        see: &mut dyn FnMut(&mut SampleBatch, &mut dyn Watch) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let failed = |failure: Failure| failure.at(view.data.span);
        watch.begin(stage, what, 0, view.data.dataset.len() as u64);
        let loader = Loader::new(
            view.data.dataset.clone(),
            view.samples.clone(),
            LoaderOptions {
                on_bad_sample: view.on_bad,
                by_length: view.by_length,
                start: Cursor {
                    epoch: view.epoch,
                    batch: 0,
                },
                end: Some(view.epoch + 1),
                ..LoaderOptions::evaluation(view.batch, self.settings.seed, self.workers)
            },
        )
        .map_err(|error| failed(error.into()))?;
        for batch in loader {
            if stop_asked() {
                return Err(stopped(stage));
            }
            self.times.borrow_mut().tick();
            let mut batch = batch.map_err(|error| failed(error.into()))?;
            for bad in &batch.skipped {
                self.left_out(stage, bad, watch);
            }
            for bad in &batch.repaired {
                self.repaired(stage, bad, watch);
            }
            see(&mut batch, watch)?;
        }
        Ok(())
    }
}
