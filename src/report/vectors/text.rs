//! `.csv`: RFC 4180, one record a line.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter};

use super::{Head, Named, Write};

/// A file that is being written.
pub(super) struct Rows<'f> {
    out: csv::Writer<BufWriter<&'f mut File>>,
    splits: bool,
    /// Whether the vectors stand in it too.
    vectors: bool,
    /// The digits of a number.
    digits: String,
}

impl<'f> Rows<'f> {
    pub fn new(file: &'f mut File, head: &Head, vectors: bool) -> io::Result<Self> {
        let mut out = csv::Writer::from_writer(BufWriter::new(file));
        let mut names = vec!["path".to_owned(), "id".into(), "label".into()];
        if head.splits {
            names.push("split".into());
        }
        if vectors {
            names.extend((0..head.width).map(|n| format!("vector_{n}")));
        }
        out.write_record(&names)?;
        Ok(Self {
            out,
            splits: head.splits,
            vectors,
            digits: String::new(),
        })
    }
}

impl Write for Rows<'_> {
    fn row(&mut self, named: &Named<'_>, vector: &[f32]) -> io::Result<()> {
        self.out.write_field(named.path.unwrap_or_default())?;
        self.out.write_field(named.id.to_string())?;
        self.out.write_field(named.label.unwrap_or_default())?;
        if self.splits {
            self.out.write_field(named.split.unwrap_or_default())?;
        }
        if self.vectors {
            for x in vector {
                self.digits.clear();
                // the shortest decimals that read back as the same f32; a text takes any
                let _ = write!(self.digits, "{x:?}");
                self.out.write_field(&self.digits)?;
            }
        }
        self.out.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}
