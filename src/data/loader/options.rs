//! How a loader goes through a data set.

use crate::data::{DataError, Dataset, Draws, Record};

/// In which order records are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they lie; for evaluation.
    Sequential,
    /// Another permutation each epoch, decided by seed and epoch.
    Shuffled,
}

/// What happens when a record can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnBadSample {
    /// The loader reports it and ends.
    Stop,
    /// The batch goes without it. Where batches must be full, a record from half an epoch away takes its place.
    Skip,
    /// What there is of it is taken ([`Dataset::mend`]); where there is nothing, the batch goes without it.
    Repair,
}

impl OnBadSample {
    /// The words a recipe uses.
    pub const WORDS: &'static [&'static str] = &["stop", "skip", "repair"];

    /// What a word of a recipe asks for.
    pub fn from_word(word: &str) -> Self {
        match word {
            "skip" => Self::Skip,
            "repair" => Self::Repair,
            _ => Self::Stop,
        }
    }

    /// Reads a record, or what there is of it where the word is `repair` and it is the record that is damaged: then with the damage.
    ///
    /// # Errors
    /// It can't be read, and not mended.
    pub(crate) fn read_or_mend(
        self,
        dataset: &dyn Dataset,
        index: usize,
        draws: Draws,
    ) -> Result<(Record, Option<DataError>), DataError> {
        match dataset.read(index, draws) {
            Ok(record) => Ok((record, None)),
            Err(error) if self == Self::Repair && !error.is_the_machines() => {
                match dataset.mend(index, draws) {
                    Ok(record) => Ok((record, Some(error))),
                    Err(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a record of a data set outside a loader; `None`: the caller goes on without it.
    ///
    /// # Errors
    /// It can't be read, and the word is `stop`.
    pub fn read(self, dataset: &dyn Dataset, index: usize) -> Result<Option<Record>, DataError> {
        match (dataset.read(index, Draws::STILL), self) {
            (Ok(record), _) => Ok(Some(record)),
            (Err(error), Self::Stop) => Err(error),
            (Err(_), Self::Skip) => Ok(None),
            (Err(_), Self::Repair) => Ok(dataset.mend(index, Draws::STILL).ok()),
        }
    }
}

/// A place in the stream of batches: the next batch to come. Checkpoints keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// From 0.
    pub epoch: u64,
    /// Index in its epoch, from 0.
    pub batch: u64,
}

/// How a loader goes through a data set.
#[derive(Clone, Copy, Debug)]
pub struct LoaderOptions {
    /// Records per batch.
    pub batch: usize,
    /// Decides order and draws.
    pub seed: u64,
    /// Threads; 0: those that compute, when a batch is asked for.
    pub workers: usize,
    /// In which order records are read.
    pub order: Order,
    /// Every batch is full: what is left at the end of an epoch is not read. Training does this, evaluation never.
    pub drop_last: bool,
    /// Texts of like length share a batch, which is no longer than it must be ([`super::lengths`]).
    pub by_length: bool,
    /// What happens when a record can't be read.
    pub on_bad_sample: OnBadSample,
    /// The first batch.
    pub start: Cursor,
    /// Ends before this epoch; `None` goes on for ever.
    pub end: Option<u64>,
}

impl LoaderOptions {
    /// For training: shuffled, full batches, without end.
    pub fn training(batch: usize, seed: u64, workers: usize) -> Self {
        Self {
            batch,
            seed,
            workers,
            order: Order::Shuffled,
            drop_last: true,
            by_length: false,
            on_bad_sample: OnBadSample::Stop,
            start: Cursor::default(),
            end: None,
        }
    }

    /// For evaluation: every record once, in order.
    pub fn evaluation(batch: usize, seed: u64, workers: usize) -> Self {
        Self {
            order: Order::Sequential,
            drop_last: false,
            end: Some(1),
            ..Self::training(batch, seed, workers)
        }
    }

    /// Batches in an epoch of `records`.
    pub fn batches(&self, records: usize) -> u64 {
        let batch = self.batch.max(1);
        let batches = if self.drop_last {
            records / batch
        } else {
            records.div_ceil(batch)
        };
        batches as u64
    }
}
