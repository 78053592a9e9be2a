//! What one thread of the loader does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::batch::{Batch, Leaf};
use super::{BadSample, Cursor, LoaderOptions, OnBadSample};
use crate::augment::{SampleGraph, Scratch};
use crate::data::{DataError, Dataset, Draws};

/// Records that may be tried in the place of a bad one.
const SUBSTITUTES: usize = 100;

/// One batch to make.
pub(super) struct Job {
    pub cursor: Cursor,
    /// Record indices of the epoch.
    pub order: Arc<[u32]>,
    /// Memory to fill.
    pub batch: Batch,
}

pub(super) struct Worker {
    pub dataset: Arc<dyn Dataset>,
    pub graph: Arc<SampleGraph>,
    pub options: LoaderOptions,
    pub leaves: Arc<[Leaf]>,
    pub stop: Arc<AtomicBool>,
}

impl Worker {
    /// Works until the loader is dropped.
    pub fn run(&self, jobs: &Receiver<Job>, done: &Sender<(Cursor, Result<Batch, BadSample>)>) {
        let mut scratch = Scratch::default();
        while let Ok(job) = jobs.recv() {
            let cursor = job.cursor;
            let Some(result) = self.make(job, &mut scratch) else {
                return;
            };
            if done.send((cursor, result)).is_err() {
                return;
            }
        }
    }

    /// Fills one batch; `None` when the loader is being dropped.
    fn make(&self, job: Job, scratch: &mut Scratch) -> Option<Result<Batch, BadSample>> {
        let Job {
            cursor,
            order,
            mut batch,
        } = job;
        let first = cursor.batch as usize * self.options.batch;
        let last = (first + self.options.batch).min(order.len());
        batch.prepare(&self.leaves, last - first);
        (batch.epoch, batch.index) = (cursor.epoch, cursor.batch);
        for position in first..last {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            if let Err(error) = self.fill(&mut batch, &order, position, scratch) {
                return Some(Err(error));
            }
        }
        batch.finish(&self.leaves);
        Some(Ok(batch))
    }

    /// Adds the sample at `position` of the order, or what stands in for it.
    fn fill(
        &self,
        batch: &mut Batch,
        order: &[u32],
        position: usize,
        scratch: &mut Scratch,
    ) -> Result<(), BadSample> {
        let Err(bad) = self.add(batch, order[position] as usize, scratch) else {
            return Ok(());
        };
        if self.options.on_bad_sample == OnBadSample::Stop || bad.error.is_the_machines() {
            return Err(bad);
        }
        batch.skipped.push(bad.clone());
        if !self.options.drop_last {
            return Ok(());
        }
        // far enough away to be in another batch: the same record twice in one would be its own negative
        let far = position + order.len() / 2;
        let tries = SUBSTITUTES.min(order.len());
        let mut positions = (far..far + tries).map(|p| order[p % order.len()] as usize);
        if positions.any(|index| self.add(batch, index, scratch).is_ok()) {
            Ok(())
        } else {
            Err(bad)
        }
    }

    fn add(&self, batch: &mut Batch, index: usize, scratch: &mut Scratch) -> Result<(), BadSample> {
        let id = self.dataset.id(index);
        let draws = Draws::new(self.options.seed, batch.epoch);
        let mut run = || {
            let on_bad = self.options.on_bad_sample;
            let (record, damage) = on_bad.read_or_mend(&*self.dataset, index, draws)?;
            let sample = self
                .graph
                .run(record, self.options.seed, batch.epoch, id, scratch)?;
            let pushed = batch.push(&self.leaves, &sample, (id, index));
            scratch.give_list(sample);
            pushed?;
            let damaged = damage.map(|error| BadSample { id, index, error });
            batch.repaired.extend(damaged);
            Ok(())
        };
        // a reader's mistake must not leave the training loop waiting for ever
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
}
