//! What is in a run directory, as far as it can be read.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::series::{Metrics, Timing};
use crate::report::ResultRow;
use crate::report::embedding::EmbeddingMap;

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
}

/// A run directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// The folder's name.
    pub name: String,
    pub recipe: Option<String>,
    pub facts: Facts,
    pub preview: Option<Vec<u8>>,
    pub results: Vec<ResultRow>,
    /// In the recipe's order.
    pub stages: Vec<StageFiles>,
    /// Files that are there but can't be read.
    pub problems: Vec<String>,
}

impl Run {
    /// Reads what is there.
    pub fn read(folder: &Path) -> Self {
        let mut reader = Reader {
            folder: folder.to_owned(),
            problems: Vec::new(),
        };
        let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = name
            .file_name()
            .map_or("run".into(), |name| name.to_string_lossy().into_owned());
        let recipe = reader.text("recipe.ssl");
        let facts = reader.json("run.json").unwrap_or_default();
        let results = reader.json("results.json").unwrap_or_default();
        let preview = reader.bytes("preview.png");
        let mut stages: Vec<StageFiles> = reader
            .folders("stages")
            .iter()
            .map(|name| reader.stage(name))
            .collect();
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
    folder: PathBuf,
    problems: Vec<String>,
}

impl Reader {
    fn bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        match fs::read(self.folder.join(name)) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                self.problems.push(format!("{name} can't be read: {error}"));
                None
            }
        }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.bytes(name)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn json<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let bytes = self.bytes(name)?;
        match serde_json::from_slice(&bytes) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems
                    .push(format!("{name} is not what it should be: {error}"));
                None
            }
        }
    }

    fn folders(&mut self, name: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder.join(name)) else {
            return Vec::new();
        };
        let folders = entries.flatten().filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> = folders
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn stage(&mut self, name: &str) -> StageFiles {
        let file = |file: &str| format!("stages/{name}/{file}");
        let metrics = self.text(&file("metrics.jsonl"));
        let timing = self.text(&file("timing.jsonl"));
        StageFiles {
            name: name.to_owned(),
            heading: String::new(),
            metrics: metrics.as_deref().map(Metrics::parse).unwrap_or_default(),
            timing: timing.as_deref().and_then(Timing::parse),
            map: self.json(&file("embedding.json")),
        }
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
