//! What one thread of the loader does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::batch::{Batch, Leaf};
use super::lengths::{SPAN, sorted};
use super::{BadSample, Cursor, LoaderOptions, OnBadSample};
use crate::augment::{SampleGraph, Scratch};
use crate::data::{DataError, Dataset, Draws, Sample};

/// Records that may be tried in the place of a bad one.
const SUBSTITUTES: usize = 100;

/// Batches to make that follow each other.
pub(super) struct Job {
    /// The first.
    pub cursor: Cursor,
    /// How many.
    pub batches: u64,
    /// Record indices of the epoch.
    pub order: Arc<[u32]>,
    /// Memory to fill.
    pub spare: Vec<Batch>,
}

/// What a thread hands over: a batch and its place.
pub(super) type Made = (Cursor, Result<Batch, BadSample>);

pub(super) struct Worker {
    pub dataset: Arc<dyn Dataset>,
    pub graph: Arc<SampleGraph>,
    pub options: LoaderOptions,
    /// By the most pieces of a batch's texts; one where batches are not made by length.
    pub ladder: Arc<[(usize, Vec<Leaf>)]>,
    pub stop: Arc<AtomicBool>,
}

/// A record that waits for its batch.
struct Drawn {
    sample: Vec<Sample>,
    /// Its number, and where it stands.
    record: (u64, usize),
    /// What of it could not be read.
    damage: Option<DataError>,
    /// What it stands in for.
    skipped: Vec<BadSample>,
    length: usize,
}

impl Worker {
    /// Works until the loader is dropped.
    pub fn run(&self, jobs: &Receiver<Job>, done: &Sender<Made>) {
        let mut scratch = Scratch::default();
        while let Ok(job) = jobs.recv() {
            let Some(made) = self.made(job, &mut scratch) else {
                return;
            };
            if made.into_iter().any(|made| done.send(made).is_err()) {
                return;
            }
        }
    }

    /// What a job asks for; `None` when the loader is being dropped.
    pub fn made(&self, job: Job, scratch: &mut Scratch) -> Option<Vec<Made>> {
        match self.options.by_length {
            true => self.make_span(job, scratch),
            false => self.make(job, scratch).map(|made| vec![made]),
        }
    }

    /// The tensors of the longest batches.
    fn widest(&self) -> &[Leaf] {
        self.ladder.last().map_or(&[], |(_, leaves)| leaves)
    }

    /// Fills one batch; `None` when the loader is being dropped.
    fn make(&self, job: Job, scratch: &mut Scratch) -> Option<Made> {
        let Job {
            cursor,
            order,
            mut spare,
            ..
        } = job;
        let leaves = self.widest();
        let first = cursor.batch as usize * self.options.batch;
        let last = (first + self.options.batch).min(order.len());
        let mut batch = spare.pop().unwrap_or_default();
        batch.prepare(leaves, last - first);
        (batch.epoch, batch.index) = (cursor.epoch, cursor.batch);
        for position in first..last {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            let mut skipped = Vec::new();
            let filled = self.fill(&order, position, &mut skipped, &mut |index| {
                self.add(&mut batch, leaves, index, scratch)
            });
            batch.skipped.extend(skipped);
            if let Err(error) = filled {
                return Some((cursor, Err(error)));
            }
        }
        batch.finish(leaves);
        Some((cursor, Ok(batch)))
    }

    /// Draws the records of the span that holds the job's batches, and makes these of them; `None` when the loader is being dropped.
    fn make_span(&self, job: Job, scratch: &mut Scratch) -> Option<Vec<Made>> {
        let Job {
            cursor,
            batches,
            order,
            mut spare,
        } = job;
        let size = self.options.batch;
        let span = cursor.batch / SPAN;
        let before = span * SPAN;
        let first = before as usize * size;
        let last = ((cursor.batch + batches) as usize * size).min(order.len());
        let mut drawn: Vec<Drawn> = Vec::with_capacity(last - first);
        // with nothing in their place
        let mut lost = Vec::new();
        for position in first..last {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            let (mut skipped, mut found) = (Vec::new(), None);
            let filled = self.fill(&order, position, &mut skipped, &mut |index| {
                found = Some(self.draw(cursor.epoch, index, scratch)?);
                Ok(())
            });
            if let Err(error) = filled {
                return Some(vec![(cursor, Err(error))]);
            }
            match found {
                Some(found) => drawn.push(Drawn { skipped, ..found }),
                None => lost.extend(skipped),
            }
        }
        let lengths: Vec<usize> = drawn.iter().map(|record| record.length).collect();
        let mut turns = sorted(&lengths, size, self.options.seed, cursor.epoch, span);
        // the last ones are empty where records are lost
        turns.resize((cursor.batch + batches - before) as usize, Vec::new());
        let mut drawn: Vec<Option<Drawn>> = drawn.into_iter().map(Some).collect();
        let mut made = Vec::with_capacity(turns.len());
        for (number, records) in (before..).zip(turns) {
            if number < cursor.batch {
                continue;
            }
            let longest = records.iter().map(|record| lengths[*record]).max();
            let records = records.into_iter();
            let records = records.filter_map(|record| drawn[record].take()).collect();
            let at = Cursor {
                batch: number,
                ..cursor
            };
            let batch = spare.pop().unwrap_or_default();
            let mut laid = self.laid(at, records, longest.unwrap_or(0), batch, scratch);
            if let Ok(batch) = &mut laid {
                batch.skipped.append(&mut lost);
            }
            made.push((at, laid));
        }
        Some(made)
    }

    /// A batch of records that are drawn.
    fn laid(
        &self,
        cursor: Cursor,
        records: Vec<Drawn>,
        longest: usize,
        mut batch: Batch,
        scratch: &mut Scratch,
    ) -> Result<Batch, BadSample> {
        let fits = self.ladder.iter().find(|(length, _)| longest <= *length);
        let leaves = fits.map_or(self.widest(), |(_, leaves)| leaves);
        batch.prepare(leaves, records.len());
        (batch.epoch, batch.index) = (cursor.epoch, cursor.batch);
        for drawn in records {
            let (id, index) = drawn.record;
            let pushed = batch.push(leaves, &drawn.sample, drawn.record);
            scratch.give_list(drawn.sample);
            pushed.map_err(|error| BadSample { id, index, error })?;
            batch.skipped.extend(drawn.skipped);
            let damaged = drawn.damage.map(|error| BadSample { id, index, error });
            batch.repaired.extend(damaged);
        }
        batch.finish(leaves);
        Ok(batch)
    }

    /// Takes the record at `position` of the order, or what stands in for it.
    fn fill(
        &self,
        order: &[u32],
        position: usize,
        skipped: &mut Vec<BadSample>,
        take: &mut dyn FnMut(usize) -> Result<(), BadSample>,
    ) -> Result<(), BadSample> {
        let Err(bad) = take(order[position] as usize) else {
            return Ok(());
        };
        if self.options.on_bad_sample == OnBadSample::Stop || bad.error.is_the_machines() {
            return Err(bad);
        }
        skipped.push(bad.clone());
        if !self.options.drop_last {
            return Ok(());
        }
        // far enough away to be in another batch: the same record twice in one would be its own negative
        let far = position + order.len() / 2;
        let tries = SUBSTITUTES.min(order.len());
        let mut positions = (far..far + tries).map(|p| order[p % order.len()] as usize);
        if positions.any(|index| take(index).is_ok()) {
            Ok(())
        } else {
            Err(bad)
        }
    }

    /// A record as the sample graph makes it, and what of it could not be read.
    fn sample(
        &self,
        epoch: u64,
        index: usize,
        scratch: &mut Scratch,
    ) -> Result<(Vec<Sample>, Option<DataError>), DataError> {
        let seed = self.options.seed;
        let on_bad = self.options.on_bad_sample;
        let draws = Draws::new(seed, epoch);
        let (record, damage) = on_bad.read_or_mend(&*self.dataset, index, draws)?;
        let id = self.dataset.id(index);
        let sample = self.graph.run(record, seed, epoch, id, scratch)?;
        Ok((sample, damage))
    }

    /// Adds a record to a batch.
    fn add(
        &self,
        batch: &mut Batch,
        leaves: &[Leaf],
        index: usize,
        scratch: &mut Scratch,
    ) -> Result<(), BadSample> {
        let id = self.dataset.id(index);
        guarded(id, index, || {
            let (sample, damage) = self.sample(batch.epoch, index, scratch)?;
            let pushed = batch.push(leaves, &sample, (id, index));
            scratch.give_list(sample);
            pushed?;
            let damaged = damage.map(|error| BadSample { id, index, error });
            batch.repaired.extend(damaged);
            Ok(())
        })
    }

    /// A record that will be in a batch: what can't be is found now.
    fn draw(&self, epoch: u64, index: usize, scratch: &mut Scratch) -> Result<Drawn, BadSample> {
        let id = self.dataset.id(index);
        guarded(id, index, || {
            let (sample, damage) = self.sample(epoch, index, scratch)?;
            let mut alone = Batch::default();
            alone.prepare(self.widest(), 1);
            alone.push(self.widest(), &sample, (id, index))?;
            Ok(Drawn {
                length: sample.iter().filter_map(Sample::length).max().unwrap_or(0),
                sample,
                record: (id, index),
                damage,
                skipped: Vec::new(),
            })
        })
    }
}

/// A reader's mistake must not leave the training loop waiting for ever.
fn guarded<T>(
    id: u64,
    index: usize,
    mut run: impl FnMut() -> Result<T, DataError>,
) -> Result<T, BadSample> {
    catch_unwind(AssertUnwindSafe(&mut run))
        .unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(DataError {
                message: format!("reading it panicked: {}", text.unwrap_or("no message")),
                help: Some(
                    "this is a mistake in the reader or the transform; please report it".into(),
                ),
            })
        })
        .map_err(|error| BadSample { id, index, error })
}
