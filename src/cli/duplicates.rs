//! `pretext duplicates RUN [DATA]`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Outcome;
use super::bar::Bar;
use super::encoder::{Encoder, EncoderArgs};
use super::given::DataArgs;
use super::out::print;
use super::reading::{Read, beside, ended, opened};
use crate::augment::preview::Looks;
use crate::catalog::{Catalog, Split};
use crate::engine::{Embedder, EngineError, Unread, Vectors, Watch, products, stop_asked};
use crate::evaluation::{Alike, Search, normalize_rows};
use crate::plan::FEATURE_BYTES;
use crate::plan::units::bytes;
use crate::report::{Duplicate, Shown, duplicates_csv, duplicates_table};

/// Pairs that are printed.
const PRINTED: usize = 20;

/// Arguments of `pretext duplicates`.
#[derive(Args)]
pub struct DuplicateArgs {
    #[command(flatten)]
    encoder: EncoderArgs,
    /// What is searched: a folder of pictures, a parquet file or folder, or data as the run's recipe writes them. Where absent every split of what
    /// the encoder was trained on
    #[arg(value_name = "DATA")]
    of: Option<String>,
    /// Other data: pairs between the two are found, and none within one
    #[arg(long, value_name = "DATA")]
    against: Option<String>,
    /// Only pairs between two splits: what has leaked from one to the other
    #[arg(long)]
    between: bool,
    /// The least cosine of the features of a pair, from 0 to 1. At 0.99 most pairs of a well-trained encoder are copies, crops and neighbours in time;
    /// the column `pixels`, the correlation of the pictures in small, is near 1 for true copies
    #[arg(long, default_value_t = 0.99, value_parser = cosine)]
    threshold: f32,
    /// Pairs that are kept, the most alike first
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    most: u64,
    /// The table to write; `NAME-duplicates.csv` where absent
    #[arg(long, short, value_name = "FILE.csv")]
    output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    data: DataArgs,
    /// Say nothing while it works
    #[arg(long)]
    quiet: bool,
}

fn cosine(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|x| (0.0..=1.0).contains(x));
    number.ok_or_else(|| "it must be a number from 0 to 1".into())
}

/// Vectors of length 1 of all parts, one after the other.
#[derive(Default)]
struct Rows {
    rows: Vec<f32>,
    width: usize,
    /// Where each part begins.
    starts: Vec<usize>,
    /// The part and the record of each row.
    of: Vec<(u32, u32)>,
    left_out: u64,
}

pub fn run(args: &DuplicateArgs) -> anyhow::Result<Outcome> {
    super::stop::listen();
    let catalog = Catalog::builtin();
    let path = args
        .output
        .clone()
        .unwrap_or_else(|| beside(&args.encoder, "duplicates.csv"));
    if path.symlink_metadata().is_ok() && !args.force {
        return Ok(super::is_there_already(&path));
    }
    let opened = opened(&args.encoder, found(args, &catalog), |parts| parts);
    let (encoder, parts, embedder) = match opened {
        Ok(opened) => opened,
        Err(outcome) => return Ok(outcome),
    };
    let searched = read(args, &embedder, &parts)
        .and_then(|rows| Ok((compared(args, &embedder, &rows)?, rows)));
    match searched {
        Ok((alike, rows)) => {
            let pairs = pairs(&alike, &rows, &parts);
            written(args, &encoder, &path, (&alike, &rows), &parts, &pairs)
        }
        Err(why) => Ok(ended(why, |why| {
            say!("error: {why}");
            Outcome::Failed
        })),
    }
}

/// The encoder, and the parts that are searched.
fn found(args: &DuplicateArgs, catalog: &Catalog) -> Result<(Encoder, Vec<Read>), String> {
    let encoder = args.encoder.find(catalog)?;
    let own = match &args.of {
        Some(text) => args.data.find(text, &encoder, catalog)?,
        None => args.data.trained_on(&encoder, catalog)?,
    };
    let other = match &args.against {
        Some(text) => args.data.find(text, &encoder, catalog)?,
        None => Vec::new(),
    };
    let mut parts = Vec::new();
    let mut numbers = 0usize;
    for part in own.into_iter().chain(other) {
        let shown = (&part.dataset, part.text.as_str());
        let reading = args.encoder.reading(&encoder, catalog, shown)?;
        let width = reading.places.first().map_or(0, |(_, _, width)| *width);
        numbers = numbers.saturating_add(width.saturating_mul(part.dataset.len()));
        parts.push((part, reading));
    }
    let needed = numbers.saturating_mul(4);
    if needed > FEATURE_BYTES {
        return Err(format!(
            "the features would take {}, and at most {} are held\n  help: take fewer records, `NAME.train |> take(10%)`, or a place with fewer numbers",
            bytes(needed as u64),
            bytes(FEATURE_BYTES as u64)
        ));
    }
    if (args.between || args.against.is_some()) && parts.len() < 2 {
        return Err(
            "there is one split: nothing lies between two\n  help: name other data with `--against`"
                .into(),
        );
    }
    Ok((encoder, parts))
}

/// Reads everything.
fn read(args: &DuplicateArgs, embedder: &Embedder, parts: &[Read]) -> Result<Rows, Unread> {
    let mut bar = Bar::new(args.quiet);
    let mut all = Rows::default();
    for (at, (part, reading)) in parts.iter().enumerate() {
        bar.begin("duplicates", &part.text, 0, part.dataset.len() as u64);
        all.starts.push(all.of.len());
        let done = embedder.read(&part.dataset, reading, &mut bar, &mut |read: &Vectors<
            '_,
        >| {
            if all.width != 0 && all.width != read.width {
                return Err(std::io::Error::other(
                    "vectors of two splits differ in length",
                ));
            }
            all.width = read.width;
            let from = all.rows.len();
            all.rows.extend_from_slice(read.rows);
            normalize_rows(&mut all.rows[from..], read.width);
            let own = read.indices.iter().map(|index| (at as u32, *index as u32));
            all.of.extend(own);
            Ok(())
        })?;
        all.left_out += done.left_out;
        bar.end("");
    }
    Ok(all)
}

/// Compares all with all.
fn compared(args: &DuplicateArgs, embedder: &Embedder, rows: &Rows) -> Result<Alike, Unread> {
    let search = Search {
        rows: &rows.rows,
        width: rows.width,
        parts: &rows.starts,
        between: args.between || args.against.is_some(),
        least: args.threshold,
        most: args.most as usize,
    };
    let mut bar = Bar::new(args.quiet);
    bar.begin("duplicates", "comparing", 0, rows.of.len() as u64);
    let failed = |error: EngineError| Unread::Full(std::io::Error::other(error.to_string()));
    let found = search.run(
        &mut |a, b| products(embedder.device(), a, b, rows.width).map_err(failed),
        &mut |done| {
            bar.advance(done as u64);
            match stop_asked() {
                true => Err(Unread::Stopped),
                false => Ok(()),
            }
        },
    );
    bar.end("");
    found
}

/// The pairs with what is known of their records.
fn pairs(alike: &Alike, rows: &Rows, parts: &[Read]) -> Vec<Duplicate> {
    let mut looks: BTreeMap<usize, Option<Looks>> = BTreeMap::new();
    let shown = |row: usize| {
        let (part, index) = rows.of[row];
        let (part, _) = &parts[part as usize];
        Shown {
            dataset: part.dataset.clone(),
            index: index as usize,
        }
    };
    let text = |row: usize| parts[rows.of[row].0 as usize].0.text.clone();
    let mut found = Vec::with_capacity(alike.pairs.len());
    for pair in &alike.pairs {
        for row in [pair.a, pair.b] {
            looks.entry(row).or_insert_with(|| {
                let own = shown(row);
                Looks::of(&*own.dataset, own.index)
            });
        }
        let of = |row: usize| looks.get(&row).and_then(Option::as_ref);
        let both = of(pair.a).zip(of(pair.b));
        found.push(Duplicate {
            similarity: pair.cosine,
            pixels: both.and_then(|(a, b)| a.correlation(b)),
            a: shown(pair.a),
            b: shown(pair.b),
            of_a: text(pair.a),
            of_b: text(pair.b),
        });
    }
    found
}

fn written(
    args: &DuplicateArgs,
    encoder: &Encoder,
    path: &Path,
    (alike, rows): (&Alike, &Rows),
    parts: &[Read],
    pairs: &[Duplicate],
) -> anyhow::Result<Outcome> {
    super::write(path, &duplicates_csv(pairs))?;
    if !pairs.is_empty() {
        print(&duplicates_table(&pairs[..pairs.len().min(PRINTED)]))?;
    }
    let noun = encoder.noun();
    print(&format!(
        "{} pairs of {} {noun}s have a similarity of {} or more, {}",
        alike.count,
        rows.of.len(),
        args.threshold,
        args.encoder.place(encoder),
    ))?;
    for ((a, b), n) in between(pairs) {
        print(&format!("  {n} between {a} and {b}"))?;
    }
    if alike.count > pairs.len() as u64 {
        print(&format!("the {} most alike are written", pairs.len()))?;
    }
    print(&path.display().to_string())?;
    let leaks = parts
        .iter()
        .any(|(part, _)| part.split.is_some_and(|split| split != Split::Train));
    let crossing = pairs.iter().filter(|pair| pair.of_a != pair.of_b).count();
    if leaks && crossing > 0 {
        say!("warning: what stands in two splits has been seen before it is judged by");
    }
    let n = rows.of.len() as u64;
    if alike.count > n.saturating_mul(n) / 100 && n > 100 {
        say!(
            "warning: more than one pair of fifty is above {}: this encoder tells too little apart at this place; take a larger `--threshold`, or another `--at`",
            args.threshold
        );
    }
    if rows.left_out > 0 {
        say!("{} {noun}s can't be read and are left out", rows.left_out);
    }
    Ok(Outcome::Done)
}

/// How many pairs lie between which data.
fn between(pairs: &[Duplicate]) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for pair in pairs.iter().filter(|pair| pair.of_a != pair.of_b) {
        *counts
            .entry((pair.of_a.clone(), pair.of_b.clone()))
            .or_insert(0) += 1;
    }
    counts
}
