//! A part of a data set, taken evenly: what a monitor reads.

use std::sync::Arc;

use super::{DataError, Dataset, Fields, Normalization, Record};

struct Evenly {
    whole: Arc<dyn Dataset>,
    len: usize,
}

/// At most `limit` records of `whole`, at equal distances.
pub fn evenly(whole: Arc<dyn Dataset>, limit: usize) -> Arc<dyn Dataset> {
    if whole.len() <= limit {
        return whole;
    }
    Arc::new(Evenly { whole, len: limit })
}

impl Evenly {
    fn index(&self, index: usize) -> usize {
        index * self.whole.len() / self.len
    }
}

impl Dataset for Evenly {
    fn fields(&self) -> &Fields {
        self.whole.fields()
    }

    fn len(&self) -> usize {
        self.len
    }

    fn read(&self, index: usize) -> Result<Record, DataError> {
        self.whole.read(self.index(index))
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        self.whole.class(self.index(index))
    }

    fn class_names(&self) -> &[String] {
        self.whole.class_names()
    }

    fn manifest(&self) -> Result<String, DataError> {
        Ok(format!("{} evenly {}", self.whole.manifest()?, self.len))
    }

    fn normalization(&self) -> Option<Normalization> {
        self.whole.normalization()
    }

    fn id(&self, index: usize) -> u64 {
        self.whole.id(self.index(index))
    }
}
