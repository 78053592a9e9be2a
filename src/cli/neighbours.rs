//! `pretext neighbours RUN [DATA]`

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::Outcome;
use super::bar::Bar;
use super::encoder::{Encoder, EncoderArgs};
use super::given::{DataArgs, Part};
use super::out::print;
use super::reading::{Read, beside, ended, opened};
use crate::catalog::{Catalog, Split};
use crate::data::{chosen_of, some_of};
use crate::engine::{Embedder, Unread, Vectors, Watch};
use crate::evaluation::normalize_rows;
use crate::report::{Asked, Shown, nearest_sheet};

/// Most queries, and most neighbours of each.
const MOST: u64 = 100;

/// Arguments of `pretext neighbours`.
#[derive(Args)]
pub struct NeighbourArgs {
    #[command(flatten)]
    encoder: EncoderArgs,
    /// What asks: a folder of pictures, a parquet file or folder, or data as the run's recipe writes them. Where absent the test split (or the
    /// valid, or the train split) of what the encoder was trained on
    #[arg(value_name = "DATA")]
    of: Option<String>,
    /// What is searched; the data that ask where absent, and the train split where both are
    #[arg(long, value_name = "DATA")]
    among: Option<String>,
    /// The PNG; `NAME-neighbours.png` where absent
    #[arg(long, short, value_name = "FILE.png")]
    output: Option<PathBuf>,
    /// Records that ask, chosen evenly
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    queries: u64,
    /// A record that asks, by the end of its path or by its number; may be said again
    #[arg(long, value_name = "PATH|#ID", conflicts_with = "queries")]
    query: Vec<String>,
    /// Neighbours of each
    #[arg(short, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    k: u64,
    #[command(flatten)]
    data: DataArgs,
    /// Say nothing while it works
    #[arg(long)]
    quiet: bool,
}

/// A record that asks, its vector of length 1, and the nearest so far.
struct Query {
    part: usize,
    index: usize,
    vector: Vec<f32>,
    /// Cosine, part and record, the nearest first.
    found: Vec<(f32, usize, usize)>,
}

pub fn run(args: &NeighbourArgs) -> anyhow::Result<Outcome> {
    super::stop::listen();
    let catalog = Catalog::builtin();
    let opened = opened(&args.encoder, found(args, &catalog), |(asks, _)| asks);
    let (encoder, (asks, among), embedder) = match opened {
        Ok(opened) => opened,
        Err(outcome) => return Ok(outcome),
    };
    let searched = queries(args, &embedder, &asks)
        .and_then(|asking| search(args, &embedder, asking, &asks, &among));
    let queries = match searched {
        Ok(queries) => queries,
        Err(why) => {
            return Ok(ended(why, |why| {
                say!("error: {why}");
                Outcome::Unsound
            }));
        }
    };
    let shown = |parts: &[Read], part: usize, index: usize| Shown {
        dataset: parts[part].0.dataset.clone(),
        index,
    };
    let asked: Vec<Asked> = (queries.iter())
        .map(|query| Asked {
            record: shown(&asks, query.part, query.index),
            found: (query.found.iter())
                .map(|(cosine, part, index)| (*cosine, shown(&among, *part, *index)))
                .collect(),
        })
        .collect();
    let title = format!(
        "{}: records of {}, then the nearest of {} by cosine; + of the same class, - of another",
        args.encoder.place(&encoder),
        names(&asks),
        names(&among)
    );
    let png = nearest_sheet(&title, &asked).map_err(|error| anyhow::anyhow!("{error}"))?;
    let path = args
        .output
        .clone()
        .unwrap_or_else(|| beside(&args.encoder, "neighbours.png"));
    super::write(&path, &png)?;
    print(&path.display().to_string())?;
    agreement(&asked)
}

/// Says how many neighbours are of the query's class, where there are classes.
fn agreement(asked: &[Asked]) -> anyhow::Result<Outcome> {
    let (mut all, mut same) = (0, 0);
    for query in asked {
        let Some(class) = query.record.class() else {
            continue;
        };
        let classes = query.found.iter().filter_map(|(_, near)| near.class());
        for own in classes {
            all += 1;
            same += usize::from(own == class);
        }
    }
    if all > 0 {
        print(&format!(
            "{same} of {all} neighbours are of the query's class"
        ))?;
    }
    Ok(Outcome::Done)
}

fn names(parts: &[Read]) -> String {
    let names: Vec<&str> = parts.iter().map(|(part, _)| part.text.as_str()).collect();
    names.join(", ")
}

/// The encoder, what asks and what is searched.
fn found(
    args: &NeighbourArgs,
    catalog: &Catalog,
) -> Result<(Encoder, (Vec<Read>, Vec<Read>)), String> {
    let encoder = args.encoder.find(catalog)?;
    let read = |parts: Vec<Part>| -> Result<Vec<Read>, String> {
        let parts = parts.into_iter().map(|part| {
            let own = (&part.dataset, part.text.as_str());
            let reading = args.encoder.reading(&encoder, catalog, own)?;
            Ok((part, reading))
        });
        parts.collect()
    };
    let data = |text: &str| read(args.data.find(text, &encoder, catalog)?);
    let (asks, among) = match (&args.of, &args.among) {
        (Some(own), Some(other)) => (data(own)?, data(other)?),
        (Some(own), None) => {
            let parts = args.data.find(own, &encoder, catalog)?;
            (read(parts.clone())?, read(parts)?)
        }
        (None, other) => {
            let all = args.data.trained_on(&encoder, catalog)?;
            let of = |wanted: &[Split]| {
                let mut wanted = wanted.iter();
                let found = wanted.find_map(|split| all.iter().find(|p| p.split == Some(*split)));
                found
                    .or(all.first())
                    .cloned()
                    .into_iter()
                    .collect::<Vec<Part>>()
            };
            let asks = read(of(&[Split::Test, Split::Valid, Split::Train]))?;
            let among = match other {
                Some(other) => data(other)?,
                None => read(of(&[Split::Train]))?,
            };
            (asks, among)
        }
    };
    Ok((encoder, (asks, among)))
}

/// Reads what asks.
fn queries(args: &NeighbourArgs, embedder: &Embedder, asks: &[Read]) -> Result<Vec<Query>, Unread> {
    let total: usize = asks.iter().map(|(part, _)| part.dataset.len()).sum();
    let mut bar = Bar::new(args.quiet);
    let mut queries = Vec::new();
    let mut missing: Vec<&String> = args.query.iter().collect();
    for (at, (part, reading)) in asks.iter().enumerate() {
        let len = part.dataset.len();
        let chosen = match args.query.is_empty() {
            // by the part's share, one at least
            true => {
                let share = (args.queries as usize * len).div_ceil(total.max(1));
                chosen_of(&*part.dataset, share)
            }
            false => {
                let mut chosen = Vec::new();
                for wanted in &args.query {
                    let found = (0..len).find(|index| is(part, *index, wanted));
                    missing.retain(|own| found.is_none() || *own != wanted);
                    chosen.extend(found);
                }
                chosen
            }
        };
        let some = some_of(part.dataset.clone(), chosen.clone());
        bar.begin("neighbours", &part.text, 0, chosen.len() as u64);
        embedder.read(&some, reading, &mut bar, &mut |read: &Vectors<'_>| {
            let rows = read.rows.chunks_exact(read.width.max(1));
            for (index, row) in read.indices.iter().zip(rows) {
                let mut vector = row.to_vec();
                normalize_rows(&mut vector, read.width);
                queries.push(Query {
                    part: at,
                    index: chosen[*index as usize],
                    vector,
                    found: Vec::new(),
                });
            }
            Ok(())
        })?;
        bar.end("");
    }
    let refused = |why: String| Unread::Full(std::io::Error::other(why));
    if let Some(wanted) = missing.first() {
        return Err(refused(format!(
            "no record of {} is `{wanted}`",
            names(asks)
        )));
    }
    match queries.is_empty() {
        true => Err(refused(format!("no record of {} can be read", names(asks)))),
        false => Ok(queries),
    }
}

/// Whether a person means this record: the end of its path, or its number.
fn is(part: &Part, index: usize, wanted: &str) -> bool {
    let number = wanted
        .strip_prefix('#')
        .and_then(|digits| digits.parse().ok());
    if number == Some(part.dataset.id(index)) {
        return true;
    }
    let origin = part.dataset.origin(index);
    origin.is_some_and(|origin| {
        let before = origin.strip_suffix(wanted);
        before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    })
}

/// Reads what is searched, batch by batch, and keeps the nearest of each query.
fn search(
    args: &NeighbourArgs,
    embedder: &Embedder,
    mut queries: Vec<Query>,
    asks: &[Read],
    among: &[Read],
) -> Result<Vec<Query>, Unread> {
    let mut bar = Bar::new(args.quiet);
    for (at, (part, reading)) in among.iter().enumerate() {
        bar.begin("neighbours", &part.text, 0, part.dataset.len() as u64);
        // a record is not its own neighbour
        let own: Vec<bool> = (asks.iter())
            .map(|(other, _)| Arc::ptr_eq(&other.dataset, &part.dataset) || other.text == part.text)
            .collect();
        embedder.read(&part.dataset, reading, &mut bar, &mut |read: &Vectors<
            '_,
        >| {
            let width = read.width.max(1);
            let mut rows = read.rows.to_vec();
            normalize_rows(&mut rows, width);
            for (index, row) in read.indices.iter().zip(rows.chunks_exact(width)) {
                let index = *index as usize;
                for query in &mut queries {
                    if query.vector.len() != width || (own[query.part] && query.index == index) {
                        continue;
                    }
                    let products = query.vector.iter().zip(row).map(|(a, b)| a * b);
                    query.keep(products.sum(), at, index, args.k as usize);
                }
            }
            Ok(())
        })?;
        bar.end("");
    }
    Ok(queries)
}

impl Query {
    fn keep(&mut self, cosine: f32, part: usize, index: usize, most: usize) {
        let last = self.found.last().map_or(f32::NEG_INFINITY, |last| last.0);
        if !cosine.is_finite() || (self.found.len() >= most && cosine <= last) {
            return;
        }
        let at = self.found.partition_point(|found| found.0 >= cosine);
        self.found.insert(at, (cosine, part, index));
        self.found.truncate(most);
    }
}
