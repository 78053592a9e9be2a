//! Sample transforms, one file each. They run per sample on the loader's threads.

use crate::catalog::Spec;
use crate::data::{DataError, Philox, Sample};

/// Buffers that a loader thread reuses from sample to sample, so that no transform allocates per picture.
#[derive(Default)]
pub struct Scratch {
    free: Vec<Vec<u8>>,
}

impl Scratch {
    /// A buffer of `len` bytes with unspecified content.
    pub fn take(&mut self, len: usize) -> Vec<u8> {
        let mut buffer = self.free.pop().unwrap_or_default();
        buffer.resize(len, 0);
        buffer
    }

    /// Gives a buffer back.
    pub fn give(&mut self, buffer: Vec<u8>) {
        // enough for the deepest pipeline; more would only hold memory
        if self.free.len() < 32 {
            self.free.push(buffer);
        }
    }
}

/// A transform of one sample value.
pub trait Transform: Send + Sync {
    /// Turns `input` into the outputs that the entry's type function promised, in order, pushed on `out`.
    /// `rng` is this call's own stream: keyed by seed, epoch, sample and the path of the instance.
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError>;
}

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    vec![]
}
