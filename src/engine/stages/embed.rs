//! Records read with an encoder that is there already, of a run that is over or of a file: one batch after the other, none is kept.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::FINAL;
use super::begin::fill;
use super::failure::{Failure, disk};
use super::features::take;
use super::watch::{Watch, stop_asked};
use crate::data::{BadSample, Dataset, Loader, LoaderOptions};
use crate::engine::checkpoint::{Binding, Kind, Opened};
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::evaluation::INPUT;
use crate::files::{Folder, is_hex};
use crate::graph::{Graph, within};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};
use crate::plan::{ENCODER, EncoderCard, FromFile, Reading};

/// Bytes of a content hash in its file: 64 digits and a line's end.
const HASH: u64 = 65;

/// Where the weights of an encoder lie.
pub enum Trained<'a> {
    /// In a run directory: as a stage of it has trained what the card names.
    Run {
        /// The run directory.
        directory: &'a Path,
        /// The stage.
        stage: &'a str,
        /// Which of its encoders.
        card: &'a EncoderCard,
    },
    /// In a file of their own.
    File(&'a FromFile),
}

/// An encoder with its weights on a device, ready to read.
pub struct Embedder {
    model: Model,
    workers: usize,
}

/// What was read of some records.
pub struct Vectors<'a> {
    /// Where they stand in the data set.
    pub indices: &'a [u64],
    /// Their stable numbers.
    pub ids: &'a [u64],
    /// For each a row, one after the other.
    pub rows: &'a [f32],
    /// Numbers of a row.
    pub width: usize,
}

/// How many records were read, and which were not.
#[derive(Default)]
pub struct Embedded {
    /// Records that were read.
    pub records: u64,
    /// Records that could not be read.
    pub left_out: u64,
    /// Why, of the first of them.
    pub first: Option<String>,
}

/// Why records were not read to the end.
pub enum Unread {
    /// What can't be read or used, and the way on.
    Told(Box<Diagnostic>),
    /// Where the rows went does not take them.
    Full(io::Error),
    /// Somebody asked to stop.
    Stopped,
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Unread::Told(failure.diagnostic(Span::default()))
    }
}

impl Embedder {
    /// The encoder of an evaluation graph with its weights, on the device that a word of recipes names.
    ///
    /// # Errors
    /// There is no such device, or no such weights.
    pub fn new(
        trained: &Trained<'_>,
        graph: &Graph,
        device: &str,
    ) -> Result<Self, Box<Diagnostic>> {
        let told = |failure: Failure| failure.diagnostic(Span::default());
        crate::engine::set_threads(None).map_err(|error| told(error.into()))?;
        let device = Device::open(device).map_err(|error| told(error.into()))?;
        let model = Model::init(graph, 0, &device).map_err(|error| told(error.into()))?;
        let mut own = Self {
            model,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
        };
        let filled = match trained {
            Trained::File(file) => fill(&mut own.model, file),
            Trained::Run {
                directory,
                stage,
                card,
            } => own.fill(directory, stage, card, graph),
        };
        filled.map_err(told)?;
        Ok(own)
    }

    /// The device that it runs on, to multiply what was read.
    pub fn device(&self) -> &Device {
        self.model.device()
    }

    /// The numbers of one of its tensors, row-major.
    pub fn numbers(&self, name: &str) -> Option<Vec<f32>> {
        Some(self.model.get(name).ok()?.as_f32()?.to_vec())
    }

    /// Takes the tensors of a module that a stage has trained.
    fn fill(
        &mut self,
        directory: &Path,
        stage: &str,
        card: &EncoderCard,
        graph: &Graph,
    ) -> Result<(), Failure> {
        let at: PathBuf = directory.join("stages").join(stage);
        let untrained = || {
            Failure::new(
                Code::Checkpoint,
                format!("{} has no trained weights", at.display()),
            )
            .note("The stage has not come to its end.")
            .help("run the recipe again: it goes on from its last checkpoint")
        };
        let missing = |error: io::Error, path: &Path| match error.kind() {
            io::ErrorKind::NotFound => untrained(),
            _ => disk(path, &error),
        };
        let folder = Folder::open(directory).and_then(|run| run.folder("stages"));
        let folder = folder.and_then(|stages| stages.folder(stage));
        let folder = folder.map_err(|error| missing(error, &at))?;
        let hash = folder
            .read("hash", HASH)
            .map_err(|error| missing(error, &folder.path_of("hash")))?;
        let hash = String::from_utf8(hash).unwrap_or_default();
        let hash = hash.trim_end();
        if !is_hex(hash, 64) {
            let path = folder.path_of("hash");
            return Err(Failure::new(
                Code::Checkpoint,
                format!("{} is no content hash", path.display()),
            )
            .help("run the recipe again"));
        }
        if folder.kind(FINAL).is_ok_and(|kind| kind.is_none()) {
            return Err(untrained());
        }
        let binding = Binding {
            stage: stage.to_owned(),
            part: String::new(),
            hash: hash.to_owned(),
        };
        let opened = Opened::new(&folder, FINAL)?.expect(&binding)?;
        let sizes: BTreeMap<&str, &[usize]> = (opened.tensors().iter())
            .filter(|entry| matches!(entry.kind, Kind::Parameter | Kind::Buffer))
            .map(|entry| (entry.name.as_str(), entry.shape.as_slice()))
            .collect();
        let parameters = graph.parameters.iter().map(|own| (&own.name, &own.shape));
        let buffers = graph.buffers.iter().map(|own| (&own.name, &own.shape));
        let mut wanted = Vec::new();
        for (name, shape) in parameters.chain(buffers) {
            let Some(rest) = within(name, ENCODER) else {
                continue;
            };
            let there = format!("{}{rest}", card.module);
            match sizes.get(there.as_str()) {
                Some(sizes) if *sizes == shape.as_slice() => wanted.push((name.clone(), there)),
                Some(sizes) => {
                    let reason =
                        format!("tensor `{there}` has sizes {sizes:?}, the encoder has {shape:?}");
                    return Err(opened.bad(reason).into());
                }
                None => return Err(opened.bad(format!("tensor `{there}` is missing")).into()),
            }
        }
        let state = opened.read()?.state;
        for (name, there) in wanted {
            let tensor = state.parameters.get(&there);
            if let Some(tensor) = tensor.or_else(|| state.buffers.get(&there)) {
                self.model.set(&name, tensor)?;
            }
        }
        Ok(())
    }

    /// Reads every record of a data set in order, a batch at a time, and gives `see` the rows of the only place of `reading`. Records that can't
    /// be read are left out and counted.
    ///
    /// # Errors
    /// The device fails, nothing can be read for want of memory or files, `see` fails, or somebody asked to stop.
    pub fn read(
        &self,
        dataset: &Arc<dyn Dataset>,
        reading: &Reading,
        watch: &mut dyn Watch,
        see: &mut dyn FnMut(&Vectors<'_>) -> io::Result<()>,
    ) -> Result<Embedded, Unread> {
        // a loader wants at least one
        if dataset.is_empty() {
            return Ok(Embedded::default());
        }
        let loader = Loader::new(
            dataset.clone(),
            reading.samples.clone(),
            LoaderOptions {
                on_bad_sample: reading.on_bad,
                ..LoaderOptions::evaluation(reading.batch, 0, self.workers)
            },
        )
        .map_err(|error| Unread::from(Failure::from(error)))?;
        let vars: Vec<_> = reading.places.iter().map(|(_, var, _)| *var).collect();
        let mut done = Embedded::default();
        for batch in loader {
            if stop_asked() {
                return Err(Unread::Stopped);
            }
            let mut batch = batch.map_err(|error| Unread::from(Failure::from(error)))?;
            done.left_out += batch.skipped.len() as u64;
            if done.first.is_none() {
                done.first = batch.skipped.first().map(why);
            }
            let Some(input) = take(&mut batch, INPUT).filter(|_| batch.size > 0) else {
                continue;
            };
            let fields = Batch::from([(INPUT.to_owned(), input)]);
            let values = features(&reading.graph, &self.model, &fields, &vars)
                .map_err(|error| Unread::from(Failure::from(error)))?;
            let Some(HostTensor::F32 { data, shape }) = values.into_iter().next() else {
                continue;
            };
            let vectors = Vectors {
                indices: &batch.indices,
                ids: &batch.ids,
                rows: &data,
                width: shape.iter().skip(1).product(),
            };
            see(&vectors).map_err(Unread::Full)?;
            done.records += batch.size as u64;
            watch.advance(done.records + done.left_out);
        }
        Ok(done)
    }
}

fn why(bad: &BadSample) -> String {
    bad.error.message.clone()
}
