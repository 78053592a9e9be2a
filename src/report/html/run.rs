//! What is in a run directory, as far as it can be read.

use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::series::{Metrics, Timing};
use crate::files::{Folder, Kind};
use crate::report::embedding::EmbeddingMap;
use crate::report::{
    COLLAPSE, Collapsed, Curve, ExhibitFile, LEAKS, Leaks, ResultRow, Spread, exhibit_picture,
};

/// Most bytes of a file that is read.
const LARGEST: u64 = 16 << 20;
/// The same of metrics and times, which have a line for each reading.
const LARGEST_LINES: u64 = 64 << 20;
/// Most stages, rows of the table, and values with an origin that are shown.
const MOST_STAGES: usize = 256;
const MOST_ROWS: usize = 1000;
const MOST_ORIGINS: usize = 10_000;
/// Most exhibits of a stage, and bytes of the pictures of all stages: a page must open.
const MOST_EXHIBITS: usize = 16;
/// Most lines of an exhibit of texts, and parts of one.
const MOST_LINES: usize = 64;
const MOST_PARTS: usize = 4096;
const LARGEST_PICTURES: usize = 64 << 20;
/// Bytes of the lines that a stage shows.
const LARGEST_TABLE: u64 = 1 << 20;

/// `run.json`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    pub recipe: Option<String>,
    /// By split, in the file's order; each a [`Manifest`].
    pub data: Map<String, Value>,
    /// By stage, what its pictures were normalised by; each a [`Normalized`].
    pub normalization: Map<String, Value>,
    pub provenance: Vec<Provenance>,
    /// Versions, seed, device, whatever else the runner noted, in its order.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A split's content.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Manifest {
    pub manifest: String,
    pub records: Option<u64>,
}

/// What the pictures of a stage were normalised by.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Normalized {
    pub mean: Vec<f64>,
    pub std: Vec<f64>,
    /// `measured`, `published`, `written`
    pub origin: String,
    pub data: String,
    pub records: Option<u64>,
    pub of: Option<u64>,
}

/// Where a value of the recipe was decided.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Provenance {
    pub path: String,
    pub value: String,
    pub origin: String,
    pub place: String,
}

/// One folder of `stages/`.
#[derive(Clone, Debug, Default)]
pub(super) struct StageFiles {
    pub name: String,
    /// As the recipe has it: `pretext rotations = rotation()`; empty where it does not.
    pub heading: String,
    pub metrics: Metrics,
    pub timing: Option<Timing>,
    pub map: Option<EmbeddingMap>,
    /// How numbers are spread.
    pub spread: Option<Spread>,
    /// How something grows.
    pub curve: Option<Curve>,
    /// Lines to be read.
    pub table: Option<String>,
    pub exhibits: Vec<Shown>,
    pub without: Without,
    /// Records of one split that are nearly the same as records of another.
    pub leaks: Option<Leaks>,
    /// What was seen where it collapsed.
    pub collapsed: Option<Collapsed>,
}

/// Records that a stage could not read: `left_out.json`, a reason for each.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Without {
    pub left_out: Vec<String>,
    /// Those that were taken in part.
    pub repaired: Vec<String>,
}

/// What a stage shows of itself, with its picture where it is no text.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub file: ExhibitFile,
    pub png: Vec<u8>,
}

/// A run directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// The folder's name.
    pub name: String,
    pub recipe: Option<String>,
    pub facts: Facts,
    pub preview: Option<Vec<u8>>,
    /// Clips that play, as an animated PNG.
    pub playing: Option<Vec<u8>>,
    pub results: Vec<ResultRow>,
    /// In the recipe's order.
    pub stages: Vec<StageFiles>,
    /// Files that are there but can't be read.
    pub problems: Vec<String>,
}

impl Run {
    /// Reads what is there.
    pub fn read(folder: &Folder) -> Self {
        let mut reader = Reader {
            problems: Vec::new(),
        };
        let path = folder.path();
        let name = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = name
            .file_name()
            .map_or("run".into(), |name| name.to_string_lossy().into_owned());
        let recipe = reader.text(folder, "recipe.ssl", LARGEST);
        let mut facts: Facts = reader.json(folder, "run.json").unwrap_or_default();
        let mut results: Vec<ResultRow> = reader.json(folder, "results.json").unwrap_or_default();
        reader.cut("results.json", &mut results, MOST_ROWS);
        reader.cut("run.json", &mut facts.provenance, MOST_ORIGINS);
        let preview = reader.png(folder, "preview.png");
        let playing = reader.png(folder, "playing.png");
        let mut stages = reader.stages(folder);
        reader.pictures(folder, &mut stages);
        let order = recipe.as_deref().map(headings).unwrap_or_default();
        for stage in &mut stages {
            let heading = order.iter().find(|(name, _)| *name == stage.name);
            stage.heading = heading.map_or(String::new(), |(_, heading)| heading.clone());
        }
        let place = |stage: &StageFiles| order.iter().position(|(name, _)| *name == stage.name);
        stages.sort_by_key(|stage| (place(stage).unwrap_or(usize::MAX), stage.name.clone()));
        Self {
            name,
            recipe,
            facts,
            preview,
            playing,
            results,
            stages,
            problems: reader.problems,
        }
    }

    /// The recipe's name without folder and ending.
    pub fn title(&self) -> String {
        let stem = self
            .facts
            .recipe
            .as_deref()
            .and_then(|path| Path::new(path).file_stem());
        stem.map_or(self.name.clone(), |stem| {
            stem.to_string_lossy().into_owned()
        })
    }

    /// The recipe's doc comment: the `///` lines that stand before every item.
    pub fn doc(&self) -> String {
        let text = self.recipe.as_deref().unwrap_or("");
        let lines = text.lines().map(str::trim);
        let head = |line: &&str| {
            !line.starts_with("///")
                && (line.is_empty() || line.starts_with("ssl ") || line.starts_with("//"))
        };
        let doc = lines
            .skip_while(head)
            .map_while(|line| line.strip_prefix("///"));
        let doc: Vec<&str> = doc
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        doc.join("\n")
    }
}

/// Name and heading of each stage, in order.
fn headings(recipe: &str) -> Vec<(String, String)> {
    let stage = |line: &str| {
        let keyword = line.split_whitespace().next()?;
        if !["pretext", "evaluate", "finetune", "export", "fit"].contains(&keyword) {
            return None;
        }
        let (left, right) = line[keyword.len()..].split_once('=')?;
        let call = right.trim().split(['(', '{', ' ']).next()?;
        Some((left.trim().to_owned(), format!("{keyword} · {call}")))
    };
    recipe.lines().filter_map(stage).collect()
}

struct Reader {
    problems: Vec<String>,
}

impl Reader {
    fn bytes(&mut self, folder: &Folder, name: &str, limit: u64) -> Option<Vec<u8>> {
        match folder.read(name, limit) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                let path = folder.path_of(name);
                let text = format!("{} can't be read: {error}", path.display());
                self.problems.push(text);
                None
            }
        }
    }

    fn text(&mut self, folder: &Folder, name: &str, limit: u64) -> Option<String> {
        self.bytes(folder, name, limit)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn json<T: DeserializeOwned>(&mut self, folder: &Folder, name: &str) -> Option<T> {
        let bytes = self.bytes(folder, name, LARGEST)?;
        match serde_json::from_slice(&bytes) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems
                    .push(format!("{name} is not what it should be: {error}"));
                None
            }
        }
    }

    fn cut<T>(&mut self, name: &str, values: &mut Vec<T>, most: usize) {
        if values.len() > most {
            self.problems.push(format!(
                "{name} has {} entries; the first {most} are shown",
                values.len()
            ));
            values.truncate(most);
        }
    }

    /// The folders of `stages` that stages of a recipe may have; what other settings left has a `~` in its name.
    fn stages(&mut self, folder: &Folder) -> Vec<StageFiles> {
        let opened = match folder.folder("stages") {
            Ok(stages) => stages.names().map(|names| (stages, names)),
            Err(error) => Err(error),
        };
        let (stages, names) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    self.problems.push(format!("stages can't be read: {error}"));
                }
                return Vec::new();
            }
        };
        let mut names: Vec<String> = names
            .into_iter()
            .filter(|(name, kind)| *kind == Kind::Folder && !name.contains('~'))
            .map(|(name, _)| name)
            .collect();
        self.cut("stages", &mut names, MOST_STAGES);
        names
            .into_iter()
            .filter_map(|name| match stages.folder(&name) {
                Ok(folder) => Some(self.stage(name, &folder)),
                Err(error) => {
                    let text = format!("stages/{name} can't be read: {error}");
                    self.problems.push(text);
                    None
                }
            })
            .collect()
    }

    fn stage(&mut self, name: String, folder: &Folder) -> StageFiles {
        let metrics = self.text(folder, "metrics.jsonl", LARGEST_LINES);
        let timing = self.text(folder, "timing.jsonl", LARGEST_LINES);
        StageFiles {
            name,
            heading: String::new(),
            metrics: metrics.as_deref().map(Metrics::parse).unwrap_or_default(),
            timing: timing.as_deref().and_then(Timing::parse),
            map: self.json(folder, "embedding.json"),
            spread: self.json(folder, "spread.json"),
            curve: self.json(folder, "curve.json"),
            table: self.text(folder, "table.txt", LARGEST_TABLE),
            exhibits: self.exhibits(folder),
            without: self.json(folder, "left_out.json").unwrap_or_default(),
            leaks: self.json(folder, LEAKS),
            collapsed: self.json(folder, COLLAPSE),
        }
    }

    /// What a stage says that it shows; the pictures are elsewhere.
    fn exhibits(&mut self, folder: &Folder) -> Vec<Shown> {
        let mut files: Vec<ExhibitFile> = self.json(folder, "exhibits.json").unwrap_or_default();
        self.cut("exhibits.json", &mut files, MOST_EXHIBITS);
        for file in &mut files {
            self.cut("exhibits.json", &mut file.lines, MOST_LINES);
            for line in &mut file.lines {
                self.cut("exhibits.json", line, MOST_PARTS);
            }
        }
        let png = Vec::new();
        files
            .into_iter()
            .map(|file| Shown {
                file,
                png: png.clone(),
            })
            .collect()
    }

    /// The pictures of what stages show. What has none is not shown.
    fn pictures(&mut self, folder: &Folder, stages: &mut [StageFiles]) {
        let results = match folder.folder("results") {
            Ok(results) => Some(results),
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    self.problems
                        .push(format!("results can't be read: {error}"));
                }
                None
            }
        };
        let mut left = LARGEST_PICTURES;
        for stage in stages {
            for shown in &mut stage.exhibits {
                if !shown.file.lines.is_empty() {
                    continue;
                }
                let name = exhibit_picture(&stage.name, &shown.file.name);
                let Some(png) = results.as_ref().and_then(|folder| self.png(folder, &name)) else {
                    continue;
                };
                match left.checked_sub(png.len()) {
                    Some(rest) => (left, shown.png) = (rest, png),
                    None => self.problems.push(format!(
                        "{name} is left out: the page has {} MiB of pictures already",
                        LARGEST_PICTURES >> 20
                    )),
                }
            }
            let seen = |shown: &Shown| !shown.png.is_empty() || !shown.file.lines.is_empty();
            stage.exhibits.retain(seen);
        }
    }

    fn png(&mut self, folder: &Folder, name: &str) -> Option<Vec<u8>> {
        let bytes = self.bytes(folder, name, LARGEST)?;
        if !bytes.starts_with(b"\x89PNG") {
            self.problems.push(format!("{name} is not a PNG"));
            return None;
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc_of(recipe: &str) -> String {
        Run {
            recipe: Some(recipe.into()),
            ..Run::default()
        }
        .doc()
    }

    #[test]
    fn the_doc_comment_is_the_one_on_top() {
        assert_eq!(
            doc_of("ssl 1\n\n// note\n/// One\n/// two.\n///\n///     code\n\ndataset"),
            "One\ntwo.\n\n    code"
        );
        assert_eq!(
            doc_of("ssl 1\n\ndataset x = y()\n/// About the encoder\nencoder"),
            ""
        );
        assert_eq!(doc_of("/// First line\nssl 1\n"), "First line");
        assert_eq!(doc_of(""), "");
    }

    #[test]
    fn headings_come_in_the_recipes_order() {
        let found =
            headings("pretext b = rotation() {\n  evaluate = 3\n}\nevaluate a = knn(k = 20) {\n");
        assert_eq!(found[0], ("b".into(), "pretext · rotation".into()));
        assert_eq!(
            found.last().unwrap(),
            &("a".into(), "evaluate · knn".into())
        );
    }
}
