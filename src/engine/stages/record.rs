//! What a run writes down about itself.

use serde_json::{Map, json};

use super::failure::{Failure, disk};
use super::manifests::data_key;
use super::{Run, RunOptions, StageDirectory};
use crate::catalog::Origin;
use crate::plan::summary::summarize;
use crate::plan::{Body, EncoderCard, Normalized, StagePlan, StatisticsOrigin, numbers};
use crate::report::ResultRow;

/// `recipe.ssl` and `run.json`.
pub(super) fn begin(run: &Run<'_>, options: &RunOptions, threads: usize) -> Result<(), Failure> {
    let Some(directory) = &run.directory else {
        return Ok(());
    };
    let recipe = &run.plan.recipe;
    let mut normalization = Map::new();
    for stage in &run.plan.stages {
        let Body::Train(training) = &stage.body else {
            continue;
        };
        let Some(Normalized { by, origin }) = &training.normalized else {
            continue;
        };
        let [mean, std] = [&by.mean, &by.std].map(|values| numbers(values));
        let list = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
        let mut entry = json!({
            "mean": list(&mean), "std": list(&std), "origin": origin.word(), "data": training.data.text,
        });
        if let StatisticsOrigin::Measured { records, of } = origin {
            entry["records"] = json!(records);
            entry["of"] = json!(of);
        }
        normalization.insert(stage.name.clone(), entry);
    }
    let text = crate::language::expand_noting(recipe, &run.plan.normalization_notes());
    directory.write("recipe.ssl", text.as_bytes())?;
    directory.write_json("plan.json", &summarize(run.plan))?;
    let mut data = Map::new();
    for stage in &run.plan.stages {
        for (_, view) in stage.data() {
            let manifest = match run.manifests.get(&data_key(view)) {
                Some(Ok(manifest)) => manifest.clone(),
                Some(Err(error)) => error.message.clone(),
                None => String::new(),
            };
            data.insert(
                view.text.clone(),
                json!({"manifest": manifest, "records": view.dataset.len()}),
            );
        }
    }
    let mut encoders = Map::new();
    for (index, stage) in run.plan.stages.iter().enumerate() {
        let cards = EncoderCard::all(stage, &run.plan.stages[..index]);
        if !cards.is_empty() {
            encoders.insert(stage.name.clone(), json!(cards));
        }
    }
    let provenance: Vec<_> = crate::language::provenance(recipe)
        .into_iter()
        .map(|field| {
            let origin = match field.origin {
                Origin::Written => "written",
                Origin::File => "file",
                Origin::Default => "default",
                Origin::Set => "set",
                Origin::Sweep => "sweep",
            };
            json!({"path": field.path, "value": field.value, "origin": origin, "place": field.place})
        })
        .collect();
    directory.write_json(
        "run.json",
        &json!({
            "pretext": env!("CARGO_PKG_VERSION"),
            "recipe": options.recipe.display().to_string(),
            "seed": run.settings.seed,
            "device": run.device.name(),
            "threads": threads,
            "kernels": run.device.kernel_word(),
            "workers": run.workers,
            "cpu": cpu(),
            "data": data,
            "normalization": normalization,
            "provenance": provenance,
            "encoders": encoders,
            "stages": run.plan.stages.iter().map(|stage| &stage.name).collect::<Vec<_>>(),
        }),
    )
}

fn cpu() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Most bytes of a stage's rows.
const LARGEST: u64 = 16 << 20;

/// A stage's rows of the final table, without what other stages have met.
pub(super) fn write_rows(directory: &StageDirectory, rows: &[ResultRow]) -> Result<(), Failure> {
    let written = directory.folder.write_json("result.json", &rows);
    written.map_err(|error| disk(&directory.path_of("result.json"), &error))
}

/// The rows of a stage that is finished, where they are what a stage writes: they go to a terminal. They are under the names of today.
pub(super) fn read_rows(directory: &StageDirectory, stage: &StagePlan) -> Option<Vec<ResultRow>> {
    let bytes = directory.folder.read("result.json", LARGEST).ok()?;
    let mut rows: Vec<ResultRow> = serde_json::from_slice(&bytes).ok()?;
    let plain = |row: &ResultRow| {
        let texts = [&row.evaluator, &row.protocol, &row.metric];
        let steers = |text: &&String| text.chars().any(char::is_control);
        let notes = [&row.left_out, &row.repaired, &row.collapsed];
        !texts.iter().any(steers) && notes.iter().all(|notes| notes.is_empty())
    };
    if !rows.iter().all(plain) {
        return None;
    }
    for row in &mut rows {
        row.stage.clone_from(&directory.name);
        if let Body::Evaluate(evaluation) = &stage.body {
            row.from = evaluation.from.text();
            if let (Some(_), Some(beside)) = (&row.beside_is, &evaluation.beside) {
                row.beside_is = Some(beside.from.text());
            }
        }
    }
    Some(rows)
}
