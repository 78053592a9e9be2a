//! What a run writes down about itself.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, json};

use super::failure::{Failure, disk};
use super::{Run, RunOptions, StageDirectory, write_atomic, write_json};
use crate::catalog::Origin;
use crate::language::codes::Code;
use crate::plan::{Body, Normalized, StatisticsOrigin, numbers};
use crate::report::ResultRow;

/// `recipe.ssl` and `run.json`.
pub(super) fn begin(run: &Run<'_>, options: &RunOptions, threads: usize) -> std::io::Result<()> {
    let root = &run.directory.root;
    let recipe = &run.plan.recipe;
    let mut normalization = Map::new();
    let mut notes = BTreeMap::new();
    for stage in &run.plan.stages {
        let Body::Pretext(training) = &stage.body else {
            continue;
        };
        let Some(Normalized { by, origin }) = &training.normalized else {
            continue;
        };
        let [mean, std] = [&by.mean, &by.std].map(|values| numbers(values));
        let said = origin.words(&training.data.text);
        if *origin != StatisticsOrigin::Written {
            notes.insert(
                stage.name.as_str(),
                format!(
                    "`normalize()` stands here for normalize(mean = {mean}, std = {std}), {said}"
                ),
            );
        }
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
    write_atomic(
        &root.join("recipe.ssl"),
        crate::language::expand_noting(recipe, &notes).as_bytes(),
    )?;
    let mut data = Map::new();
    for stage in &run.plan.stages {
        for (_, view) in stage.data() {
            let manifest = view
                .dataset
                .manifest()
                .unwrap_or_else(|error| error.message);
            data.insert(
                view.text.clone(),
                json!({"manifest": manifest, "records": view.dataset.len()}),
            );
        }
    }
    let provenance: Vec<_> = crate::language::provenance(recipe)
        .into_iter()
        .map(|field| {
            let origin = match field.origin {
                Origin::Written => "written",
                Origin::Default => "default",
                Origin::Set => "set",
            };
            json!({"path": field.path, "value": field.value, "origin": origin, "place": field.place})
        })
        .collect();
    write_json(
        &root.join("run.json"),
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

/// A stage's rows of the final table.
pub(super) fn write_rows(directory: &StageDirectory, rows: &[ResultRow]) -> Result<(), Failure> {
    let path = directory.file("result.json");
    write_json(&path, &rows).map_err(|error| disk(&path, &error))
}

/// The rows of a stage that is finished.
pub(super) fn read_rows(directory: &StageDirectory) -> Result<Vec<ResultRow>, Failure> {
    let path = directory.file("result.json");
    let broken = |path: &Path, why: String| {
        Failure::new(
            Code::Checkpoint,
            format!("can't read {}: {why}", path.display()),
        )
        .help(format!(
            "remove {} to run the stage again",
            directory.path.display()
        ))
    };
    let text = std::fs::read_to_string(&path).map_err(|error| broken(&path, error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| broken(&path, error.to_string()))
}
