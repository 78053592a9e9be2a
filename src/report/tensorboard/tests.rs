use std::fs;
use std::path::PathBuf;

use super::*;

/// What TensorBoard's own code writes: `tests/fixtures/tensorboard/events.py`.
fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tensorboard");
    fs::read(PathBuf::from(folder).join(name)).unwrap()
}

struct Run(tempfile::TempDir);

impl Run {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn events(&self, stage: &str) -> Vec<u8> {
        let folder = self.0.path().join("tensorboard").join(stage);
        let files: Vec<_> = fs::read_dir(folder).unwrap().collect();
        assert_eq!(files.len(), 1, "{files:?}");
        fs::read(files[0].as_ref().unwrap().path()).unwrap()
    }

    fn begin(&self) -> Events {
        Events::with_clock(self.0.path(), || 1700.0).unwrap()
    }
}

#[test]
fn a_run_becomes_what_tensorboard_writes() {
    let run = Run::new();
    let mut events = run.begin();
    events.update().unwrap();
    run.write(
        "stages/holes/metrics.jsonl",
        "{\"step\":1,\"epoch\":0.5,\"loss\":2.5}\n{\"step\":300,\"ep",
    );
    events.update().unwrap();
    run.write(
        "stages/holes/metrics.jsonl",
        "{\"step\":1,\"epoch\":0.5,\"loss\":2.5}\n{\"step\":300,\"epoch\":1.0,\"loss\":null}\n{\"step\":300,\"valid.loss\":0.001}\n",
    );
    run.write("results/holes.filled.png", fixture("filled.png"));
    let exhibit = r#"[{"name":"filled","panels":[],"data":"d","records":[1]}]"#;
    run.write("stages/holes/exhibits.json", exhibit);
    let row = r#"[{"stage":"holes","evaluator":"knn","protocol":"","metric":"accuracy","value":0.75,"untrained":0.25}]"#;
    run.write("results.json", row);
    events.update().unwrap();
    events.update().unwrap();
    assert_eq!(
        run.events("holes"),
        fixture("events.out.tfevents.0000001700.pretext")
    );
    // the same again where a run goes on in another process
    let mut events = run.begin();
    events.update().unwrap();
    assert_eq!(
        run.events("holes"),
        fixture("events.out.tfevents.0000001700.pretext")
    );
}

#[test]
fn steps_that_were_taken_back_are_not_told_twice() {
    let run = Run::new();
    let mut events = run.begin();
    run.write(
        "stages/a/metrics.jsonl",
        "{\"step\":1,\"loss\":1.0}\n{\"step\":2,\"loss\":2.0}\n",
    );
    run.write(
        "stages/a~01234567/metrics.jsonl",
        "{\"step\":1,\"loss\":1.0}\n",
    );
    run.write("stages/b/hash", "x");
    run.write(
        "tensorboard/a/events.out.tfevents.0000000001.pretext",
        "old",
    );
    events.update().unwrap();
    run.write("stages/a/metrics.jsonl", "{\"step\":1,\"loss\":1.0}\n");
    events.update().unwrap();
    let wanted = [version(1700.0), scalar(1700.0, 1, "loss", 1.0)];
    let wanted: Vec<u8> = wanted.iter().flat_map(|event| record(event)).collect();
    assert_eq!(run.events("a"), wanted);
    let names = fs::read_dir(run.0.path().join("tensorboard"))
        .unwrap()
        .count();
    assert_eq!(names, 1);
}

#[test]
fn somebody_elses_files_stay() {
    let run = Run::new();
    run.write("stages/a/metrics.jsonl", "{\"step\":1,\"loss\":1.0}\n");
    run.write(
        "tensorboard/a/events.out.tfevents.1234567890.host",
        "theirs",
    );
    run.write("tensorboard/a/notes", "theirs");
    run.begin().update().unwrap();
    let folder = run.0.path().join("tensorboard/a");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    assert_eq!(
        fs::read(folder.join("events.out.tfevents.1234567890.host")).unwrap(),
        b"theirs"
    );
}
