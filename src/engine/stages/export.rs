//! Weights for others: the file, what it says about itself, and the lines that load it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::failure::{Failure, disk};
use super::weights::Holding;
use super::{FINAL, Run, Watch, table, weights};
use crate::files;
use crate::language::codes::Code;
use crate::plan::card::{Card, card};
use crate::plan::transformers::{
    Beside, CONFIG, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS, tokenizer_of,
};
use crate::plan::{Body, ENCODER, Export, StagePlan};
use crate::plan::{export_file, onnx, open_clip};

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
        if export.runs {
            // that of PyTorch's files
            let about = about.into_iter().filter(|(key, _)| key != "format");
            let about = about.collect();
            let numbers = |name: &str| Some(model.get(name).ok()?.as_f32()?.to_vec());
            let bytes = onnx::model(&export.graph, export.output, &numbers, &about)
                .map_err(|why| Failure::new(Code::Unavailable, why))?;
            export_file::put(&path, &bytes).map_err(|error| disk(&path, &error))?;
            watch.end(&format!("{} · {file}", stage.name));
            for line in run_onnx(&file) {
                watch.say(&line);
            }
            return Ok(());
        }
        let trained = self
            .plan
            .stages
            .iter()
            .find(|s| s.name == export.from.stage);
        let trained = trained.and_then(StagePlan::training_graph);
        let (tensors, wanted) = match (&export.open_clip, &export.transformers) {
            (Some(own), _) => (own.tensors.clone(), own.of_training.as_slice()),
            (None, Some(own)) => (own.tensors.clone(), own.of_training.as_slice()),
            (None, None) => (export.graph.torch_tensors(ENCODER), &[][..]),
        };
        let mut beside = match (from, trained) {
            (Some(directory), Some((trained, _))) => {
                let binding = directory.binding("");
                weights::load_named(&directory.folder, FINAL, &binding, trained, wanted)
                    .map_err(|why| directory.refused(FINAL, why))?
            }
            _ => BTreeMap::new(),
        };
        if let Some(own) = &export.open_clip {
            own.fold(&mut beside);
        }
        let holding = Holding {
            tensors,
            model: &model,
            beside: &beside,
            batches: trained.map_or(0, |(_, s)| steps * s.accumulate as u64),
        };
        weights::export(&path, holding, &about)?;
        let mut files = match &export.open_clip {
            Some(own) => vec![(open_clip::CONFIG, Text::Json(own.config(&about)))],
            None => vec![(CONFIG, Text::Json(config))],
        };
        let mark = json!({ "recipe_hash": hash });
        let cuts = match (&export.open_clip, &export.transformers) {
            (Some(own), _) => tokenizer_of(own.words.as_ref(), own.positions, &mark),
            (None, Some(own)) => own.tokenizer(&mark),
            (None, None) => None,
        };
        if let Some((cuts, config)) = cuts {
            files.push((TOKENIZER, Text::Bytes(cuts)));
            files.push((TOKENIZER_CONFIG, Text::Json(config)));
        }
        let mut written = Vec::new();
        let mut said = String::new();
        for (name, text) in files {
            let Some(place) = self.beside(&path, export, name) else {
                said += &format!("; a {name} of another model lies beside it and stays");
                continue;
            };
            let done = match text {
                Text::Json(json) => files::write_json(&place, &json),
                Text::Bytes(bytes) => files::write(&place, &bytes),
            };
            done.map_err(|error| disk(&place, &error))?;
            written.push((name, place));
        }
        let names: Vec<String> = written.iter().map(|(_, place)| file_name(place)).collect();
        if !names.is_empty() {
            said.insert_str(0, &format!("; beside it {}", listed(&names)));
        }
        watch.end(&format!("{} · {file}{said}", stage.name));
        let lines = match (&export.open_clip, &export.transformers) {
            (Some(own), _) => {
                let found = found_beside(&path, &written, (open_clip::WEIGHTS, open_clip::CONFIG));
                own.lines(found.folder.as_deref(), &file)
            }
            (None, Some(own)) => {
                own.lines(&file, &found_beside(&path, &written, (WEIGHTS, CONFIG)))
            }
            (None, None) => loading.lines,
        };
        let said = match lines.as_slice() {
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

    /// Where a file beside the weights lies: `config.json` in their folder, `NAME.config.json` where the recipe exports into that folder
    /// more than once. `None` where the place is taken by a file that no export wrote.
    fn beside(&self, weights: &Path, export: &Export, name: &str) -> Option<PathBuf> {
        let folder = |path: &str| self.root().join(path).parent().map(Path::to_owned);
        let own = folder(&export.path);
        let others = self.plan.stages.iter().filter(|stage| match &stage.body {
            Body::Export(other) if other.table.is_none() => folder(&other.path) == own,
            _ => false,
        });
        let path = match others.count() {
            0 | 1 => weights.with_file_name(name),
            _ => weights.with_extension(name),
        };
        let free = match files::read(&path, LONGEST) {
            Ok(text) => is_ours(&text),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        free.then_some(path)
    }
}

/// The content of a file.
enum Text {
    /// Written as indented JSON.
    Json(Json),
    /// As it is.
    Bytes(Vec<u8>),
}

/// What a library finds beside the weights, of the files that were written there, if these are called so.
fn found_beside(
    weights: &Path,
    written: &[(&str, PathBuf)],
    (model, config): (&str, &str),
) -> Beside {
    let place = |name: &str| written.iter().find(|(own, _)| *own == name);
    let named = |name: &str| place(name).is_some_and(|(_, place)| file_name(place) == name);
    // a tokenizer whose config is another's is another tokenizer
    let tokenizer = place(TOKENIZER).filter(|_| place(TOKENIZER_CONFIG).is_some());
    let whole = file_name(weights) == model && named(config);
    let whole = whole && (tokenizer.is_none() || named(TOKENIZER));
    let folder = weights.parent().map(|folder| folder.display().to_string());
    let folder = folder
        .filter(|_| whole)
        .map(|folder| match folder.as_str() {
            "" => ".".to_owned(),
            _ => folder,
        });
    Beside {
        folder,
        tokenizer: tokenizer.map(|(_, path)| path.display().to_string()),
    }
}

/// `a`, `a and b`, `a, b and c`
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// The lines of Python that load words with their vectors.
fn load_words(file: &str, binary: bool) -> [String; 3] {
    let file = Json::from(file);
    let how = if binary { ", binary=True" } else { "" };
    [
        "  in Python:".to_owned(),
        "    from gensim.models import KeyedVectors".to_owned(),
        format!("    words = KeyedVectors.load_word2vec_format({file}{how})"),
    ]
}

/// The lines of Python that run a model.
fn run_onnx(file: &str) -> [String; 4] {
    let file = Json::from(file);
    [
        "  in Python:".to_owned(),
        "    import onnxruntime".to_owned(),
        format!("    session = onnxruntime.InferenceSession({file})"),
        format!(
            "    features, = session.run(None, {{\"{}\": batch}})",
            onnx::INPUT
        ),
    ]
}

/// No file that an export writes beside its weights is longer.
const LONGEST: u64 = 128 << 20;

/// Whether an export wrote a file with this text: a config, or a tokenizer.
fn is_ours(text: &[u8]) -> bool {
    let file: Result<Json, _> = serde_json::from_slice(text);
    let marked = |of: &Json| of["pretext"]["recipe_hash"].is_string();
    file.is_ok_and(|file| marked(&file) || marked(&file["model"]))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "open_clip_tests.rs"]
mod open_clip_tests;
