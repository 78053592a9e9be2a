//! `pretext embed RUN DATA -o FILE`

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use super::Outcome;
use super::bar::Bar;
use super::encoder::{Encoder, EncoderArgs};
use super::given::{DataArgs, Part};
use super::out::print;
use super::reading::{Read, ended, opened};
use crate::catalog::Catalog;
use crate::engine::{Embedded, Embedder, Unread, Vectors, Watch};
use crate::files::Folder;
use crate::plan::Reading;
use crate::report::vectors::{Format, Head, Named, begin};

/// Arguments of `pretext embed`.
#[derive(Args)]
pub struct EmbedArgs {
    #[command(flatten)]
    encoder: EncoderArgs,
    /// A folder of pictures, a parquet file or folder, or data as the run's recipe writes them: `cifar.test`
    #[arg(value_name = "DATA")]
    of: String,
    /// The file to write: `.parquet` and `.csv` with path, id, label and vector of each record, `.npy` with the vectors, and the rest beside it in
    /// `NAME.rows.csv`
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    data: DataArgs,
    /// Say nothing while it works
    #[arg(long, short)]
    quiet: bool,
}

/// What is embedded.
struct Work<'a> {
    args: &'a EmbedArgs,
    embedder: Embedder,
    parts: &'a [Read],
    head: Head,
}

/// Where it goes.
struct Target {
    folder: Folder,
    name: String,
    /// The file of what is known of the records, where it is another one.
    apart: Option<String>,
}

pub fn run(args: &EmbedArgs) -> anyhow::Result<Outcome> {
    super::stop::listen();
    let catalog = Catalog::builtin();
    let Some(format) = Format::of(&args.output) else {
        say!(
            "error: {} has no ending that says a format",
            args.output.display()
        );
        say!("help: end it with `.parquet`, `.npy` or `.csv`");
        return Ok(Outcome::Unsound);
    };
    let apart = apart_of(&args.output, format);
    let mut files = [Some(&args.output), apart.as_ref()].into_iter().flatten();
    if let Some(there) = files.find(|path| !args.force && path.symlink_metadata().is_ok()) {
        return Ok(super::is_there_already(there));
    }
    let opened = opened(&args.encoder, found(args, &catalog), |parts| parts);
    let (encoder, parts, embedder) = match opened {
        Ok(opened) => opened,
        Err(outcome) => return Ok(outcome),
    };
    // there is one, or nothing was opened
    let first = &parts[0].1;
    let mut about = args.encoder.about(&encoder, &first.protocol);
    about.insert("data".into(), args.of.clone());
    let work = Work {
        args,
        embedder,
        head: Head {
            width: width(first),
            splits: parts.len() > 1,
            about,
        },
        parts: &parts,
    };
    let target = Target::new(&args.output, apart.as_deref())
        .map_err(|error| anyhow::anyhow!("can't write {}: {error}", args.output.display()))?;
    let began = Instant::now();
    match work.write(format, &target) {
        Ok(done) => {
            summary(args, &encoder, first, &done, began.elapsed())?;
            Ok(Outcome::Done)
        }
        Err(why) => Ok(ended(why, |error| {
            say!("error: can't write {}: {error}", args.output.display());
            Outcome::Failed
        })),
    }
}

/// The encoder, and the records with how it reads them.
fn found(args: &EmbedArgs, catalog: &Catalog) -> Result<(Encoder, Vec<Read>), String> {
    let encoder = args.encoder.find(catalog)?;
    let parts = args.data.find(&args.of, &encoder, catalog)?;
    let mut read = Vec::new();
    for part in parts {
        let own = (&part.dataset, part.text.as_str());
        let reading = args.encoder.reading(&encoder, catalog, own)?;
        if let Some((first, other)) = read.first()
            && width(other) != width(&reading)
        {
            let first: &Part = first;
            return Err(format!(
                "vectors of {} have {} numbers, those of {} have {}\n  help: embed one split at a time, or take another `--pool`",
                first.text,
                width(other),
                part.text,
                width(&reading)
            ));
        }
        read.push((part, reading));
    }
    Ok((encoder, read))
}

/// Numbers of a vector.
fn width(reading: &Reading) -> usize {
    reading.places.first().map_or(0, |(_, _, width)| *width)
}

/// `features.rows.csv` beside `features.npy`.
fn apart_of(path: &Path, format: Format) -> Option<PathBuf> {
    format
        .has_rows_apart()
        .then(|| path.with_extension("rows.csv"))
}

impl Target {
    fn new(path: &Path, apart: Option<&Path>) -> io::Result<Self> {
        let name = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.map(str::to_owned)
                .ok_or_else(|| io::Error::other("it is no name of a file"))
        };
        Ok(Self {
            folder: Folder::create(path.parent().unwrap_or(Path::new("")))?,
            name: name(path)?,
            apart: apart.map(name).transpose()?,
        })
    }
}

impl Work<'_> {
    /// Writes all of it, or nothing.
    fn write(&self, format: Format, target: &Target) -> Result<Embedded, Unread> {
        let mut ended = None;
        let written = target.folder.replace(&target.name, |file| {
            let Some(apart) = &target.apart else {
                ended = Some(self.fill(format, file, None));
                return went(&ended);
            };
            let beside = target.folder.replace(apart, |beside| {
                ended = Some(self.fill(format, file, Some(beside)));
                went(&ended)
            });
            beside.map(drop)
        });
        match (written, ended) {
            (Ok(_), Some(ended)) => ended,
            // what failed in it says more
            (Err(_), Some(Err(why))) => Err(why),
            (Err(error), _) => Err(Unread::Full(error)),
            (Ok(_), None) => Ok(Embedded::default()),
        }
    }

    fn fill(
        &self,
        format: Format,
        file: &mut File,
        apart: Option<&mut File>,
    ) -> Result<Embedded, Unread> {
        let mut rows = begin(format, file, apart, &self.head).map_err(Unread::Full)?;
        let mut bar = Bar::new(self.args.quiet);
        let mut all = Embedded::default();
        for (part, reading) in self.parts {
            bar.begin("embed", &part.text, 0, part.dataset.len() as u64);
            let split = part.split.map(|split| split.name());
            let mut see = |read: &Vectors<'_>| {
                let each = read.indices.iter().zip(read.ids);
                for ((index, id), vector) in each.zip(read.rows.chunks_exact(read.width.max(1))) {
                    let index = *index as usize;
                    let (path, label) = (part.dataset.origin(index), part.class(index));
                    let named = Named {
                        path: path.as_deref(),
                        id: *id,
                        label: label.as_deref(),
                        split,
                    };
                    rows.row(&named, vector)?;
                }
                Ok(())
            };
            let own = self
                .embedder
                .read(&part.dataset, reading, &mut bar, &mut see)?;
            all.records += own.records;
            all.left_out += own.left_out;
            all.first = all.first.or(own.first);
            bar.end("");
        }
        if all.records == 0 {
            let why = all.first.unwrap_or_default();
            return Err(Unread::Full(io::Error::other(format!(
                "no record can be read: {why}"
            ))));
        }
        rows.end().map_err(Unread::Full)?;
        Ok(all)
    }
}

/// What a file is told of how its content was made.
fn went(ended: &Option<Result<Embedded, Unread>>) -> io::Result<()> {
    match ended {
        Some(Ok(_)) => Ok(()),
        _ => Err(io::Error::other("what goes into it could not be made")),
    }
}

fn summary(
    args: &EmbedArgs,
    encoder: &Encoder,
    reading: &Reading,
    done: &Embedded,
    time: Duration,
) -> anyhow::Result<()> {
    let rate = done.records as f64 / time.as_secs_f64().max(1e-9);
    let noun = encoder.noun();
    print(&format!(
        "{}: {} {noun}s of {}, {} numbers each, {}, {}; {rate:.0} {noun}s/s",
        args.output.display(),
        done.records,
        args.of,
        width(reading),
        args.encoder.place(encoder),
        reading.protocol,
    ))?;
    if done.left_out > 0 {
        let first = done.first.as_deref().unwrap_or_default();
        say!(
            "{} {noun}s can't be read and are left out; the first: {first}",
            done.left_out
        );
    }
    Ok(())
}
