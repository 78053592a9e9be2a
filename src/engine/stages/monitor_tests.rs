//! Any evaluator runs as a monitor, and finds there what it finds as a stage.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use serde_json::Value;

use super::super::{Clock, RunOptions, Silent, run_plan};
use crate::catalog::{Args, Catalog, Kind, Make, Param, Spec, Type};
use crate::data::Places;
use crate::engine::checkpoint::Opened;
use crate::evaluation::{
    About, Better, Evaluator, Failed, Findings, Judged, Lab, Measure, Metric, Read, Unit, Want,
};
use crate::files::Folder;
use crate::language::{Sources, check_into};
use crate::plan::{Body, Purpose, plan, testing};
use crate::report::ResultRow;

/// Runs a recipe: the final table.
fn run(recipe: &str, catalog: &Catalog, folder: &Path) -> Vec<ResultRow> {
    let plan = testing::planned(recipe, catalog);
    let options = RunOptions {
        directory: folder.to_owned(),
        recipe: "test.ssl".into(),
        clock: Clock::default(),
        beside: Vec::new(),
        pinned: Default::default(),
    };
    let ran = run_plan(&plan, &options, &mut Silent);
    ran.unwrap_or_else(|why| panic!("{}", why.message)).rows
}

/// Steps and values of a series.
fn series(folder: &Path, name: &str) -> Vec<(u64, f64)> {
    let text = fs::read_to_string(folder.join("stages/turns/metrics.jsonl")).expect("metrics");
    let lines = text.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).expect("a line");
        Some((line.get("step")?.as_u64()?, line.get(name)?.as_f64()?))
    });
    lines.collect()
}

/// A training that `monitor` watches, and a stage that judges its end in the same way.
fn recipe(monitor: &str, more: &str, stage: &str) -> String {
    format!(
        "ssl 1

dataset figures = shapes(train = 60, valid = 40, test = 20)

pretext turns = rotation() {{
  data     = figures.train
  encoder  = small_cnn(width = 2)
  batch    = 10
  length   = 3 epochs
  monitor  = {monitor}
  {more}
}}

{stage} {{ from = turns, data = figures.train, test = figures.valid }}

run {{ seed = 3, device = flex }}
"
    )
}

#[test]
fn a_monitor_finds_what_a_stage_finds() {
    let catalog = Catalog::builtin();
    for (keyword, name, args) in [
        ("evaluate", "knn", "k = 3"),
        ("evaluate", "retrieval", "k = 3"),
        ("evaluate", "logistic_regression", "penalties = 3"),
        (
            "finetune",
            "linear_probe",
            "at = [conv2], length = 2 epochs",
        ),
        ("finetune", "mlp_probe", "hidden = 6, length = 2 epochs"),
        ("finetune", "classifier", "batch = 20"),
    ] {
        let monitor = format!("{name}(figures.valid, {args}, every = 1 epoch)");
        // what the classifier's block says its call as a monitor says
        let (monitor, stage) = match name {
            "classifier" => (
                monitor.replace("every", "length = 1 epoch, every"),
                format!("{keyword} judged = {name}({args}, length = 1 epoch)"),
            ),
            _ => (monitor, format!("{keyword} judged = {name}({args})")),
        };
        let stage = stage.replace(", length = 1 epoch)", ")");
        let text = recipe(&monitor, "", &stage);
        let text = match name {
            "classifier" => text.replace(
                "test = figures.valid }",
                "test = figures.valid, length = 1 epoch }",
            ),
            _ => text,
        };
        let folder = tempfile::tempdir().expect("a folder");
        let rows = run(&text, &catalog, folder.path());
        let read = series(folder.path(), &format!("monitor.{name}"));
        let steps: Vec<u64> = read.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [6, 12, 18], "{name}");
        assert_eq!(read[2].1, rows[0].value, "{name}");
        let (untrained, raw) = (rows[0].untrained, rows[0].raw);
        assert!(untrained.is_some() && raw.is_some(), "{name}");
        // its trainings leave nothing behind
        let files = fs::read_dir(folder.path().join("stages/turns")).expect("a folder");
        let names = files.map(|file| file.expect("a file").file_name());
        let odd: Vec<_> = names
            .filter(|name| name.to_string_lossy().contains("monitor"))
            .collect();
        assert!(odd.is_empty(), "{name}: {odd:?}");
    }
}

/// Those that read what is trained on alone, and one that takes its split by name.
#[test]
fn a_monitor_without_a_split_of_its_own_finds_what_a_stage_finds() {
    let catalog = Catalog::builtin();
    for (name, args, test) in [
        ("rank", "views = 3, groups = 20", false),
        ("retrieval", "k = 3", false),
        ("clusters", "starts = 2", false),
        ("few_labels", "20%, 50%", true),
    ] {
        let own = if test { ", test = figures.valid" } else { "" };
        let monitor = format!("{name}({args}{own}, every = 1 epoch)");
        let watched = if test { "valid" } else { "monitor" };
        let more = format!("stop = early({watched}.{name}, patience = 9 epochs)");
        let text = recipe(
            &monitor,
            &more,
            &format!("evaluate judged = {name}({args})"),
        );
        let text = match test {
            true => text,
            false => text.replace(", test = figures.valid }", " }"),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let rows = run(&text, &catalog, folder.path());
        let read = series(folder.path(), &format!("monitor.{name}"));
        assert_eq!(read.len(), 3, "{name}");
        // of several places the last: the largest share
        let first = rows.iter().rfind(|row| row.metric == rows[0].metric);
        assert_eq!(Some(read[2].1), first.map(|row| row.value), "{name}");
    }
}

/// Finds what it is told to, one number after the other.
struct Told(Mutex<Vec<f64>>);

impl Evaluator for Told {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![
            Want::rows("data", "show", "{} order").unlabelled(),
            Want::rows("test", "judge", "{} order").unlabelled(),
        ]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[("distance", Measure::ERROR), ("pairs", Measure::COUNT)]
    }

    fn protocol(&self, _: &Args, about: &About<'_>) -> String {
        format!("{} of {}", about.place, about.records)
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        _: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let Some(Read::Rows(rows)) = read.first() else {
            return Err(Failed);
        };
        let value = self.0.lock().map_err(|_| Failed)?.remove(0);
        let metric = |name, value, measure| Metric {
            place: judged.places[0].clone(),
            name,
            value,
            measure,
        };
        Ok(Findings {
            metrics: vec![
                metric("distance", value, Measure::ERROR),
                metric("pairs", rows.records as f64, Measure::COUNT),
            ],
            exhibits: Vec::new(),
        })
    }
}

/// A catalog with an evaluator that finds an error.
fn told(values: &[f64]) -> Catalog {
    let make = Make::evaluator(Told(values.to_vec().into()));
    let spec = Spec::new("order", Kind::Evaluator, "How far from in order.", make)
        .param(Param::optional("test", Type::Data, "What is put in order."))
        .param(Param::with_default(
            "every",
            Type::Duration,
            "1 epoch",
            "How often.",
        ))
        .param(Param::with_default(
            "bank",
            Type::Integer,
            "30",
            "On how much.",
        ));
    let mut catalog = Catalog::builtin();
    catalog.register(spec);
    catalog
}

#[test]
fn an_error_is_best_where_it_is_least() {
    // three readings while it trains, then trained, untrained, raw
    let catalog = told(&[0.5, 0.2, 0.7, 0.2, 0.4, 0.1]);
    let more = "checkpoint = best(valid.order)\n  stop = early(valid.order, patience = 1 epochs)";
    let text = recipe("order(figures.valid)", more, "evaluate judged = order()");
    let text = text.replace("length   = 3 epochs", "length   = 9 epochs");
    let folder = tempfile::tempdir().expect("a folder");
    let rows = run(&text, &catalog, folder.path());
    let read = series(folder.path(), "monitor.order");
    // it ends an epoch after the least, long before its last step
    assert_eq!(read, [(6, 0.5), (12, 0.2), (18, 0.7)]);
    let of_bank = series(folder.path(), "monitor.order.pairs");
    assert_eq!(of_bank, [(6, 30.0), (12, 30.0), (18, 30.0)]);
    let stage = Folder::open(&folder.path().join("stages/turns")).expect("a folder");
    assert_eq!(
        Opened::new(&stage, "final.ckpt").expect("weights").step(),
        12
    );
    let [distance, pairs] = &rows[..] else {
        panic!("{rows:?}")
    };
    assert_eq!(
        (distance.unit, distance.better),
        (Unit::Error, Better::Less)
    );
    assert_eq!((distance.value, distance.untrained), (0.2, Some(0.4)));
    assert_eq!(distance.raw, Some(0.1));
    assert_eq!(distance.protocol, "output of 60");
    assert_eq!((pairs.unit, pairs.value), (Unit::Count, 60.0));
    let text = crate::report::table(&rows, None);
    assert!(
        text.contains("+0.2000") && text.contains("−0.1000"),
        "{text}"
    );
}

#[test]
fn what_else_an_evaluator_measures_is_watched_by_its_name() {
    let text = recipe("order(figures.valid)", "", "evaluate judged = order()");
    let plan = testing::planned(&text, &told(&[]));
    let Body::Train(training) = &plan.stages[0].body else {
        panic!("no training")
    };
    let monitor = training.monitor.as_ref().expect("a monitor");
    let reads: Vec<_> = monitor
        .reads
        .iter()
        .map(|(metric, watched)| (metric.as_str(), watched.name.as_str(), watched.better))
        .collect();
    assert_eq!(
        reads,
        [
            ("distance", "valid.order", Better::Less),
            ("pairs", "valid.order.pairs", Better::More)
        ]
    );
}

#[test]
fn what_is_wrong_with_a_monitor_is_told() {
    let catalog = Catalog::builtin();
    for (monitor, message) in [
        ("linear_probe", "finetuning `linear_probe` must be called"),
        ("linear_probe()", "the monitor names no split to predict"),
        (
            "linear_probe(figures.valid, length = 0 epochs)",
            "the stage is over before its first step",
        ),
        (
            "mlp_probe(figures.valid, at = [nowhere])",
            "the encoder has no place `nowhere`",
        ),
    ] {
        let mut sources = Sources::default();
        let text = recipe(monitor, "", "evaluate judged = knn(k = 3)");
        let file = sources.add("test.ssl", text);
        let (recipe, mut said) = check_into(&mut sources, file, &catalog, &[]);
        if let Some(recipe) = recipe {
            let places = Places::new("", Default::default(), true).expect("places");
            said = plan(&recipe, &catalog, &places, Purpose::Check).1;
        }
        assert!(
            said.iter().any(|said| said.message == message),
            "{monitor}: {said:?}"
        );
    }
}
