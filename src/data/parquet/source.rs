//! A file that several threads read at once: each read names its place, and none moves another's.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::{ChunkReader, Length};
use bytes::Bytes;

use crate::data::regular::read_at;

/// An open file. Copies share it, but no position.
#[derive(Clone)]
pub(super) struct Source {
    file: Arc<File>,
    len: u64,
}

impl Source {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // a pipe would wait for ever
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let file = Arc::new(file);
        Ok(Self { file, len })
    }
}

/// Reads on from a place of its own.
pub(super) struct At {
    source: Source,
    at: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.source.len.saturating_sub(self.at);
        let n = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        read_at(&self.source.file, &mut buffer[..n], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Source {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(At {
            source: self.clone(),
            at: start,
        }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        // a damaged length must not ask for more memory than the file has bytes
        if start
            .checked_add(length as u64)
            .is_none_or(|end| end > self.len)
        {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} lie behind its end"
            )));
        }
        let mut buffer = vec![0; length];
        read_at(&self.file, &mut buffer, start)?;
        Ok(buffer.into())
    }
}
