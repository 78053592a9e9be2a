//! How far a run is, by its files.

use std::fs;

use super::*;

fn run() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let plan = r#"[{"stage":"a","what":"pretext mae","steps":132,"batch":10},{"stage":"b","what":"evaluate knn","steps":0,"batch":256}]"#;
    write("plan.json", plan);
    write("lock", "17\n");
    write(
        "stages/a/metrics.jsonl",
        "{\"step\":95,\"loss\":2.5}\n{\"step\":96,\"loss\":2.25}\n{\"step\":96,\"valid.loss\":9.0}\n{\"ste",
    );
    write(
        "stages/a/timing.jsonl",
        "{\"step\":96,\"seconds\":5.0,\"rate\":20.0}\n",
    );
    folder
}

#[test]
fn a_run_is_where_its_files_say() {
    let folder = run();
    let read = || Progress::read(folder.path()).unwrap();
    assert_eq!(read().line(), "stopped, 96 of 132, stage 1 of 2");
    let lock = fs::File::options()
        .write(true)
        .open(folder.path().join("lock"))
        .unwrap();
    lock.lock().unwrap();
    let found = read();
    assert_eq!(found.line(), "running, 96 of 132, stage 1 of 2");
    assert_eq!(
        (found.stages[0].loss, found.stages[0].left),
        (Some(2.25), Some(18.0))
    );
    fs::write(folder.path().join("stages/a/done"), "{}").unwrap();
    assert_eq!(read().line(), "running, stage 2 of 2");
    drop(lock);
    fs::create_dir_all(folder.path().join("stages/b")).unwrap();
    fs::write(folder.path().join("stages/b/done"), "{}").unwrap();
    assert!(read().ended() && !read().running);
    assert_eq!(read().line(), "finished, 2 stages");
}

#[test]
fn what_is_no_run_is_none_and_strange_files_say_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Progress::read(folder.path()),
        Err(ReportError::NoRun(_))
    ));
    fs::write(
        folder.path().join("run.json"),
        "{\"stages\": [\"../../x\", \"b\", 7]}",
    )
    .unwrap();
    let found = Progress::read(folder.path()).unwrap();
    assert_eq!(found.line(), "stopped, stage 1 of 2");
    fs::write(folder.path().join("run.json"), "nonsense").unwrap();
    assert_eq!(
        Progress::read(folder.path()).unwrap().line(),
        "nothing has begun"
    );
}

#[test]
fn a_change_is_seen() {
    let folder = run();
    let before = changed(folder.path()).unwrap();
    assert_eq!(changed(folder.path()).unwrap(), before);
    fs::write(
        folder.path().join("stages/a/metrics.jsonl"),
        "{\"step\":1,\"loss\":1}\n",
    )
    .unwrap();
    assert_ne!(changed(folder.path()).unwrap(), before);
    assert_eq!(
        (clock(65.4), clock(7390.0)),
        ("1:05".into(), "2:03:10".into())
    );
}
