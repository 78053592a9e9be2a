//! Weights for others: the file, what it says about itself, and the lines that load it.

use std::path::{Path, PathBuf};

use super::failure::{Failure, disk};
use super::{Run, Watch, table, weights};
use crate::files;
use crate::plan::card::{Card, card};
use crate::plan::{Body, Export, StagePlan};

impl Run<'_> {
    pub(super) fn export(
        &self,
        stage: &StagePlan,
        export: &Export,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let (model, steps) = self.trained_at(&export.from, &export.graph)?;
        let path = weights::target(self.root(), &export.path)?;
        if let Some((reading, binary)) = &export.table {
            let table = table::rows(&model, reading, &stage.name, "words", watch)?;
            let left_out = weights::export_words(&path, &table, *binary)?;
            let words = match left_out {
                0 => String::new(),
                n => {
                    format!("; {n} with spaces in them, which the format can't hold, are left out")
                }
            };
            let file = path.display().to_string();
            watch.end(&format!("{} · {file}{words}", stage.name));
            for line in load_words(&file, *binary) {
                watch.say(&line);
            }
            return Ok(());
        }
        let from = self.stages.get(&export.from.stage);
        let hash = from.map_or("", |directory| directory.hash.as_str());
        let file = path.display().to_string();
        let Card {
            about,
            config,
            loading,
        } = card(self.plan, export, hash, &file);
        let trained = self
            .plan
            .stages
            .iter()
            .find(|s| s.name == export.from.stage);
        let batches = trained.and_then(StagePlan::training_graph);
        let batches = batches.map_or(0, |(_, s)| steps * s.accumulate as u64);
        weights::export(&path, &export.graph, &model, batches, &about)?;
        let beside = match self.config_path(&path, export) {
            Some(config_path) => {
                files::write_json(&config_path, &config)
                    .map_err(|error| disk(&config_path, &error))?;
                format!("; beside it {}", name(&config_path))
            }
            None => "; a config.json of another model lies beside it and stays".into(),
        };
        watch.end(&format!("{} · {file}{beside}", stage.name));
        let said = match loading.lines.as_slice() {
            [] => vec![
                format!("  neither torchvision nor timm has this encoder, `{}`, and PyTorch lacks some of its layers:", about["encoder"]),
                "  names and shapes in the file are those of a state_dict, for a module of your own".into(),
            ],
            lines => {
                let lines = lines.iter().map(|line| format!("    {line}"));
                ["  in Python:".to_owned()].into_iter().chain(lines).collect()
            }
        };
        said.iter().for_each(|line| watch.say(line));
        Ok(())
    }

    /// Where the config of an export lies: `config.json` in its folder, `NAME.config.json` where the recipe exports into that folder
    /// more than once. `None` where the place is taken by a file that no export wrote.
    fn config_path(&self, weights: &Path, export: &Export) -> Option<PathBuf> {
        let folder = |path: &str| self.root().join(path).parent().map(Path::to_owned);
        let own = folder(&export.path);
        let others = self.plan.stages.iter().filter(|stage| match &stage.body {
            Body::Export(other) if other.table.is_none() => folder(&other.path) == own,
            _ => false,
        });
        let path = match others.count() {
            0 | 1 => weights.with_file_name("config.json"),
            _ => weights.with_extension("config.json"),
        };
        let free = match files::read(&path, LONGEST) {
            Ok(text) => is_ours(&text),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        free.then_some(path)
    }
}

/// The lines of Python that load words with their vectors.
fn load_words(file: &str, binary: bool) -> [String; 3] {
    let file = serde_json::Value::from(file);
    let how = if binary { ", binary=True" } else { "" };
    [
        "  in Python:".to_owned(),
        "    from gensim.models import KeyedVectors".to_owned(),
        format!("    words = KeyedVectors.load_word2vec_format({file}{how})"),
    ]
}

/// No config is longer.
const LONGEST: u64 = 1 << 20;

/// Whether an export wrote a file with this text.
fn is_ours(text: &[u8]) -> bool {
    let config: Result<serde_json::Value, _> = serde_json::from_slice(text);
    config.is_ok_and(|config| config["pretext"]["recipe_hash"].is_string())
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
