//! Training on: what a training of another length left, where its steps are those of this one.

use std::io;

use serde_json::{Map, Value};

use super::failure::{Failure, disk};
use super::fit::{is_line, keeps_its_end};
use super::folder::{StageDirectory, file_of};
use super::left_out;
use super::lines::LARGEST;
use crate::engine::checkpoint::{self, Binding, Checkpoint, Written};
use crate::files::Folder;
use crate::plan::{Settings, StagePlan};
use crate::report::COLLAPSE;

/// The newest checkpoint of a folder that a training of `steps` steps goes through, with the settings that it belongs to.
fn passed(former: &Folder, hash: &str, stage: &str, steps: u64) -> Option<Checkpoint> {
    let checkpoints = former.folder(&file_of("", "checkpoints", "")).ok()?;
    let binding = Binding {
        stage: stage.to_owned(),
        part: String::new(),
        hash: hash.to_owned(),
    };
    let newest = checkpoint::newest_fitting(&checkpoints, &binding, &|opened| match opened.step()
        <= steps
    {
        true => Ok(()),
        false => Err(opened.bad("it is of a longer training")),
    });
    Some(newest.ok()?.found?.1)
}

/// The step that a stage trains on from, were it given what `former` holds.
pub(super) fn from(former: &Folder, hash: &str, stage: &StagePlan) -> Option<u64> {
    let settings = trains_on(stage)?;
    let found = passed(former, hash, &stage.name, settings.steps)?;
    (found.state.step > 0).then_some(found.state.step)
}

fn trains_on(stage: &StagePlan) -> Option<&Settings> {
    let (_, settings) = stage.training_graph()?;
    keeps_its_end(stage).then_some(settings)
}

/// Gives a stage what `former` holds of a training of another length. The step that it trains on from; `None` where there is nothing
/// that could be used.
///
/// # Errors
/// The disk is full.
pub(super) fn carry(
    former: &Folder,
    hash: &str,
    stage: &StagePlan,
    into: &StageDirectory,
) -> Result<Option<u64>, Failure> {
    let Some(settings) = trains_on(stage) else {
        return Ok(None);
    };
    let Some(mut found) = passed(former, hash, &stage.name, settings.steps) else {
        return Ok(None);
    };
    if found.state.step == 0 {
        return Ok(None);
    }
    let failed = |name: &str| {
        let path = into.path_of(name);
        move |error: io::Error| disk(&path, &error)
    };
    let metrics = file_of("", "metrics", ".jsonl");
    let lines = lines(former, &metrics, &found.metrics);
    into.folder
        .write(&metrics, &lines)
        .map_err(failed(&metrics))?;
    for name in [left_out::FILE, COLLAPSE, "timing.jsonl"] {
        if let Ok(bytes) = former.read(name, LARGEST) {
            into.folder.write(name, &bytes).map_err(failed(name))?;
        }
    }
    found.binding = into.binding("");
    found.metrics = Written {
        bytes: lines.len() as u64,
        hash: blake3::hash(&lines).to_hex().to_string(),
    };
    let name = file_of("", "checkpoints", "");
    let checkpoints = into.folder.make(&name).map_err(failed(&name))?;
    checkpoint::save(&checkpoints, &found, settings.keep)?;
    Ok(Some(found.state.step))
}

/// The lines that a longer training would have written so far: the one of a last step is no line where the training goes on.
fn lines(former: &Folder, name: &str, known: &Written) -> Vec<u8> {
    let mut bytes = former.read(name, LARGEST).unwrap_or_default();
    bytes.truncate(usize::try_from(known.bytes).unwrap_or(usize::MAX));
    let text = String::from_utf8_lossy(&bytes);
    let kept = text.split_inclusive('\n').filter(|line| {
        let Ok(line) = serde_json::from_str::<Map<String, Value>>(line) else {
            return true;
        };
        let step = line.get("step").and_then(Value::as_u64);
        !line.contains_key("rate") || step.is_none_or(is_line)
    });
    kept.collect::<String>().into_bytes()
}
