//! What a finished stage has left: its files with their hashes, written last.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failure::{Failure, disk};
use super::folder::{StageDirectory, file_of};
use super::record;
use super::watch::Watch;
use crate::evaluation::{Column, SUPERVISED, TAUGHT};
use crate::files::{self, Folder, is_hex, odd};
use crate::graph::Graph;
use crate::language::codes::Code;
use crate::plan::{Body, StagePlan, export_file};
use crate::report::ResultRow;

/// Raised when a finished stage is something else.
const FORMAT: u32 = 2;

/// Most bytes of `done`.
const LONGEST: u64 = 1 << 16;

/// Most bytes of a file that is not weights, and of what stands in weights besides numbers.
pub(super) const LARGEST: u64 = 256 << 20;

/// What `done` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    format: u32,
    /// What the stage was called, for people.
    pub stage: String,
    /// The content hash that it belongs to.
    pub hash: String,
    /// BLAKE3 by file, in hex digits.
    files: BTreeMap<String, String>,
}

impl Done {
    /// Whether it is about the stage that the folder belongs to.
    fn is_of(&self, directory: &StageDirectory) -> bool {
        self.hash == directory.hash
    }

    /// Its files with their BLAKE3.
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }
}

/// What is found of `done`.
pub(super) enum Found {
    /// Nothing that can be used.
    No,
    /// The stage has ended.
    Done(Done),
    /// It was left by a version that did not say which files it is about.
    Former,
}

/// A file that a stage leaves.
struct Output {
    /// What `done` calls it.
    name: String,
    /// Where it is, if not in the stage's folder.
    elsewhere: Option<PathBuf>,
    /// The bytes that it may have at most.
    limit: u64,
}

impl Done {
    /// Reads what a folder has.
    pub fn read(folder: &Folder) -> io::Result<Found> {
        let bytes = match folder.read("done", LONGEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::No),
            Err(error) if matches!(odd(&error), Some(files::Odd::Large(_))) => {
                return Ok(Found::No);
            }
            Err(error) => return Err(error),
        };
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        if is_hex(text.trim_end(), 64) {
            return Ok(Found::Former);
        }
        let done = serde_json::from_slice(&bytes).ok();
        let whole = |done: &Done| done.format == FORMAT && is_hex(&done.hash, 64);
        Ok(done.filter(whole).map_or(Found::No, Found::Done))
    }
}

/// The files that a stage of a run in `root` leaves.
fn outputs(stage: &StagePlan, root: &Path) -> Vec<Output> {
    let weights = match &stage.body {
        Body::Fit(_) => 0,
        Body::Export(export) if export.open_clip.is_some() => {
            export.open_clip.as_ref().map_or(0, |own| own.bytes())
        }
        Body::Export(export) => match &export.transformers {
            Some(own) => own.bytes(),
            None => weights_of(&export.graph),
        },
        Body::Train(training) => weights_of(&training.graph),
        Body::Evaluate(evaluation) => {
            let others = evaluation.taught.iter().chain(&evaluation.beside);
            let others = others.flat_map(|other| &other.heads);
            let heads = evaluation.heads.iter().chain(others);
            let graphs = heads.flat_map(|heads| [&heads.own.train, &heads.raw.train]);
            graphs.map(weights_of).max().unwrap_or(0)
        }
    };
    let limit = LARGEST.saturating_add(weights);
    let own = |name: String| Output {
        name,
        elsewhere: None,
        limit,
    };
    let mut outputs = vec![own("result.json".into())];
    let trained =
        |part: &str| [("final", ".ckpt"), ("metrics", ".jsonl")].map(|(s, e)| file_of(part, s, e));
    match &stage.body {
        Body::Fit(fitting) => {
            let file = fitting.fit().map(|fit| fit.file().to_owned());
            outputs.extend(file.map(own));
        }
        Body::Train(_) => outputs.extend(trained("").map(own)),
        Body::Evaluate(evaluation) => {
            let supervised = evaluation.taught.as_ref();
            if evaluation.heads.is_some() {
                let parts = Column::ALL.into_iter().map(Column::part);
                let parts = parts.chain(supervised.map(|_| SUPERVISED));
                let beside = evaluation.beside.as_ref();
                let parts = parts.chain(beside.map(|_| Column::Beside.part()));
                outputs.extend(parts.flat_map(trained).map(own));
            }
            if supervised.is_some() {
                outputs.extend(trained(TAUGHT).map(own));
            }
            let files = evaluation.evaluator().map_or(&[][..], |e| e.files());
            outputs.extend(files.iter().map(|name| own((*name).to_owned())));
        }
        Body::Export(_) => {}
    }
    if let Body::Export(export) = &stage.body {
        outputs.push(Output {
            name: "export".into(),
            elsewhere: Some(root.join(&export.path)),
            limit,
        });
    }
    outputs
}

/// Bytes of a graph's parameters and buffers.
fn weights_of(graph: &Graph) -> u64 {
    let parameters = graph.parameters.iter().map(|p| &p.shape);
    let shapes = parameters.chain(graph.buffers.iter().map(|b| &b.shape));
    shapes
        .map(|shape| 4 * shape.iter().product::<usize>() as u64)
        .sum()
}

impl Output {
    fn digest(&self, directory: &StageDirectory) -> io::Result<String> {
        match &self.elsewhere {
            Some(path) => files::digest(path, self.limit),
            None => directory.folder.digest(&self.name, self.limit),
        }
    }

    fn path(&self, directory: &StageDirectory) -> PathBuf {
        match &self.elsewhere {
            Some(path) => path.clone(),
            None => directory.path_of(&self.name),
        }
    }
}

/// Marks a stage as finished.
pub(super) fn finish(
    directory: &StageDirectory,
    stage: &StagePlan,
    root: &Path,
) -> Result<(), Failure> {
    let mut files = BTreeMap::new();
    for output in outputs(stage, root) {
        let digest = output
            .digest(directory)
            .map_err(|error| disk(&output.path(directory), &error))?;
        files.insert(output.name, digest);
    }
    let done = Done {
        format: FORMAT,
        stage: directory.name.clone(),
        hash: directory.hash.clone(),
        files,
    };
    directory
        .folder
        .write_json("done", &done)
        .map_err(|error| disk(&directory.path_of("done"), &error))
}

/// Whether a stage that wrote an export has ended here before.
pub(super) fn has_exported(directory: &StageDirectory) -> bool {
    match Done::read(&directory.folder) {
        Ok(Found::Done(done)) => done.is_of(directory) && done.files.contains_key("export"),
        _ => false,
    }
}

/// The rows of a stage that is finished and whose files are as it left them. Says what is not: then the stage is entered again,
/// and what it still has is used.
pub(super) fn finished(
    directory: &StageDirectory,
    stage: &StagePlan,
    root: &Path,
    watch: &mut dyn Watch,
) -> Result<Option<Vec<ResultRow>>, Failure> {
    let found =
        Done::read(&directory.folder).map_err(|error| disk(&directory.path_of("done"), &error))?;
    let done = match found {
        Found::Done(done) if done.is_of(directory) => done,
        Found::Done(_) | Found::No => return Ok(None),
        Found::Former => {
            let path = directory.folder.path().display();
            let message = format!(
                "{path} was left by an earlier version of Pretext, which did not write down what its files belong to"
            );
            return Err(Failure::new(Code::Checkpoint, message).help(format!(
                "choose another folder with `--out`, or remove {path} to run the stage again"
            )));
        }
    };
    let mut whole = true;
    for output in outputs(stage, root) {
        let path = output.path(directory);
        let what = match output.digest(directory) {
            Ok(digest) if done.files.get(&output.name) == Some(&digest) => continue,
            Ok(_) => {
                if let (Body::Export(export), "export") = (&stage.body, output.name.as_str()) {
                    export_file::discard(root, &export.path)
                        .map_err(|error| disk(&path, &error))?;
                }
                "is not what the stage wrote"
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => "is lost",
            Err(error) => return Err(disk(&path, &error)),
        };
        let curves = output.name.starts_with("metrics");
        whole &= curves;
        let then = match curves {
            // training again for its curves alone is not worth it
            true => "the curves of the report may be wrong",
            false => "looking at the stage again",
        };
        watch.say(&format!(
            "{} · {} {what}: {then}",
            stage.name,
            path.display()
        ));
    }
    if !whole {
        return Ok(None);
    }
    let rows = record::read_rows(directory, stage);
    if rows.is_none() {
        let path = directory.path_of("result.json");
        watch.say(&format!(
            "{} · {} can't be read: made again",
            stage.name,
            path.display()
        ));
    }
    Ok(rows)
}
