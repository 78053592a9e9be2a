//! `.npy`: format 1.0 of NumPy, little-endian 32-bit floats, `[records, width]`.
//!
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write as _};

use super::{Named, Write, text};

const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
/// Bytes before the numbers: room for any number of records, and a multiple of 64 as the format asks.
const HEADER: usize = 128;

/// A file that is being written.
pub(super) struct Rows<'f> {
    out: BufWriter<&'f mut File>,
    width: usize,
    records: u64,
    apart: Option<text::Rows<'f>>,
}

impl<'f> Rows<'f> {
    pub fn new(
        file: &'f mut File,
        width: usize,
        apart: Option<text::Rows<'f>>,
    ) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 18, file);
        out.write_all(&header(0, width))?;
        Ok(Self {
            out,
            width,
            records: 0,
            apart,
        })
    }
}

/// Magic, version, length, and a Python dictionary that ends with a line's end.
fn header(records: u64, width: usize) -> [u8; HEADER] {
    let text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({records}, {width}), }}");
    let mut header = [b' '; HEADER];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    let from = MAGIC.len() + 2;
    header[MAGIC.len()..from].copy_from_slice(&((HEADER - from) as u16).to_le_bytes());
    header[from..from + text.len()].copy_from_slice(text.as_bytes());
    header[HEADER - 1] = b'\n';
    header
}

impl Write for Rows<'_> {
    fn row(&mut self, named: &Named<'_>, vector: &[f32]) -> io::Result<()> {
        for x in vector {
            self.out.write_all(&x.to_le_bytes())?;
        }
        self.records += 1;
        match &mut self.apart {
            Some(apart) => apart.row(named, &[]),
            None => Ok(()),
        }
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        // how many there are is known only now
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header(self.records, self.width))?;
        self.out.flush()?;
        match self.apart {
            Some(apart) => Box::new(apart).end(),
            None => Ok(()),
        }
    }
}
