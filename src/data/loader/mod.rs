//! The loader: threads that read records, run the sample graph and fill batches ahead of the training loop.
//!
//! What is in a batch is decided by the seed, the epoch and the batch's index alone. The number of threads decides only when it is
//! there. Without threads of its own a loader makes batches when they are asked for, several at once on the threads that compute.

mod batch;
mod buffer;
pub mod lengths;
mod options;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};
use rayon::prelude::*;

pub use batch::{Batch, BatchField};
pub use options::{Cursor, LoaderOptions, OnBadSample, Order};

use super::{DataError, Dataset, Philox};
use crate::augment::{SampleGraph, Scratch};
use batch::Leaf;
use lengths::SPAN;
use worker::{Job, Made, Worker};

/// A record that can't be read or augmented.
#[derive(Clone, Debug, thiserror::Error)]
#[error("sample {id}: {error}")]
pub struct BadSample {
    /// Its stable number ([`Dataset::id`]).
    pub id: u64,
    /// Its index in the data set.
    pub index: usize,
    /// What is wrong with it.
    pub error: DataError,
}

/// An iterator over batches that are made on other threads. Dropping it ends the threads.
pub struct Loader {
    dataset: Arc<dyn Dataset>,
    options: LoaderOptions,
    batches: u64,
    /// The batch that [`Iterator::next`] returns next, and the one that is asked for next.
    cursor: Cursor,
    asked: Cursor,
    /// The order of the epoch of `asked`.
    order: Option<(u64, Arc<[u32]>)>,
    jobs: Option<Sender<Job>>,
    done: Receiver<Made>,
    /// Batches that are finished before their turn.
    early: BTreeMap<Cursor, Result<Batch, BadSample>>,
    spare: Vec<Batch>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    /// Who makes batches where there are no threads, and what is asked for.
    between: Option<(Worker, Vec<Job>)>,
    ended: bool,
}

impl Loader {
    /// Starts the threads. Nothing is read before the first [`Iterator::next`].
    pub fn new(
        dataset: Arc<dyn Dataset>,
        graph: Arc<SampleGraph>,
        options: LoaderOptions,
    ) -> Result<Self, DataError> {
        let batches = options.batches(dataset.len());
        if batches == 0 {
            return Err(DataError {
                message: format!(
                    "{} records do not fill a batch of {}",
                    dataset.len(),
                    options.batch
                ),
                help: Some("make `batch` smaller, or take more records".into()),
            });
        }
        let ladder: Arc<[(usize, Vec<Leaf>)]> = match options.by_length {
            true => lengths::ladder(graph.outputs())?.into(),
            false => [(0, batch::leaves(graph.outputs())?)].into(),
        };
        let (jobs, queue) = unbounded();
        let (results, done) = unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let mut loader = Self {
            dataset: dataset.clone(),
            options,
            batches,
            cursor: options.start,
            asked: options.start,
            order: None,
            jobs: Some(jobs),
            done,
            early: BTreeMap::new(),
            spare: Vec::new(),
            stop: stop.clone(),
            threads: Vec::new(),
            between: None,
            ended: false,
        };
        let worker = || Worker {
            dataset: dataset.clone(),
            graph: graph.clone(),
            options,
            ladder: ladder.clone(),
            stop: stop.clone(),
        };
        if options.workers == 0 {
            loader.between = Some((worker(), Vec::new()));
        }
        for index in 0..options.workers {
            let worker = worker();
            let (queue, results) = (queue.clone(), results.clone());
            let thread = std::thread::Builder::new()
                .name(format!("loader {index}"))
                .spawn(move || worker.run(&queue, &results));
            match thread {
                Ok(thread) => loader.threads.push(thread),
                // fewer threads make the same batches, only later
                Err(_) if index > 0 => break,
                Err(error) => {
                    return Err(DataError {
                        message: format!("a loader thread can't be started: {error}"),
                        help: Some(
                            "raise the limits of this shell: `ulimit -u`, `ulimit -v`".into(),
                        ),
                    });
                }
            }
        }
        Ok(loader)
    }

    /// Batches in an epoch.
    pub fn batches_per_epoch(&self) -> u64 {
        self.batches
    }

    /// The batch that comes next.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Gives a batch back, so that its memory is filled again.
    pub fn recycle(&mut self, batch: Batch) {
        if self.spare.len() < self.depth() {
            self.spare.push(batch);
        }
    }

    /// Batches that are on their way at once; this bounds the memory.
    fn depth(&self) -> usize {
        let workers = match self.options.workers {
            0 => rayon::current_num_threads(),
            threads => threads,
        };
        match self.options.by_length {
            // each thread makes a span, and one is taken meanwhile
            true => (workers + 1) * SPAN as usize,
            false => workers + 2,
        }
    }

    /// How many batches are made together, from this one on.
    fn together(&self, from: Cursor) -> u64 {
        match self.options.by_length {
            true => (SPAN - from.batch % SPAN).min(self.batches - from.batch),
            false => 1,
        }
    }

    fn following(&self, cursor: Cursor) -> Cursor {
        if cursor.batch + 1 < self.batches {
            Cursor {
                batch: cursor.batch + 1,
                ..cursor
            }
        } else {
            Cursor {
                epoch: cursor.epoch + 1,
                batch: 0,
            }
        }
    }

    fn past_end(&self, cursor: Cursor) -> bool {
        self.options.end.is_some_and(|end| cursor.epoch >= end)
    }

    fn order(&mut self, epoch: u64) -> Arc<[u32]> {
        if let Some((of, order)) = &self.order
            && *of == epoch
        {
            return order.clone();
        }
        let records = self.dataset.len();
        let order: Arc<[u32]> = match self.options.order {
            Order::Sequential => (0..records as u32).collect(),
            Order::Shuffled => {
                let parts = [epoch, Philox::part("order")];
                let mut rng = Philox::new(self.options.seed, &parts);
                match self.dataset.buffer().filter(|buffer| *buffer < records) {
                    Some(buffer) => buffer::order(&mut rng, records, buffer).into(),
                    None => rng.permutation(records).into(),
                }
            }
        };
        self.order = Some((epoch, order.clone()));
        order
    }

    fn ask(&mut self) {
        // a cursor beyond the epoch: a checkpoint at its end
        if self.asked.batch >= self.batches {
            let next = Cursor {
                epoch: self.asked.epoch + 1,
                batch: 0,
            };
            (self.asked, self.cursor) = (next, next);
        }
        if self.between.is_some() && self.early.contains_key(&self.cursor) {
            return;
        }
        let ahead = |loader: &Self| {
            (loader.asked.epoch - loader.cursor.epoch) * loader.batches + loader.asked.batch
                - loader.cursor.batch
        };
        while ahead(self) < self.depth() as u64 && !self.past_end(self.asked) {
            let batches = self.together(self.asked);
            let kept = self.spare.len().saturating_sub(batches as usize);
            let job = Job {
                cursor: self.asked,
                batches,
                order: self.order(self.asked.epoch),
                spare: self.spare.split_off(kept),
            };
            match (&mut self.between, &self.jobs) {
                (Some((_, waiting)), _) => waiting.push(job),
                (None, Some(jobs)) if jobs.send(job).is_ok() => {}
                _ => return,
            }
            for _ in 0..batches {
                self.asked = self.following(self.asked);
            }
        }
    }
}

impl Loader {
    /// Makes what is asked for, on the threads that compute.
    fn make(&mut self) {
        let Some((worker, waiting)) = &mut self.between else {
            return;
        };
        let jobs = std::mem::take(waiting);
        let made = jobs
            .into_par_iter()
            .map_init(Scratch::default, |scratch, job| worker.made(job, scratch));
        let made: Vec<Vec<Made>> = made.flatten().collect();
        self.early.extend(made.into_iter().flatten());
    }
}

impl Iterator for Loader {
    type Item = Result<Batch, BadSample>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.ask();
        if self.past_end(self.cursor) {
            self.ended = true;
            return None;
        }
        self.make();
        let result = loop {
            if let Some(result) = self.early.remove(&self.cursor) {
                break result;
            }
            // the threads end only with this loader
            let (cursor, result) = self.done.recv().ok()?;
            self.early.insert(cursor, result);
        };
        self.ended = result.is_err();
        self.cursor = self.following(self.cursor);
        Some(result)
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // a thread that panicked has nothing left to tidy up
            let _ = thread.join();
        }
    }
}
