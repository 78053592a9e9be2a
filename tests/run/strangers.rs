//! A run directory is somebody else's: every file of a finished and of an interrupted run is damaged in every way, and the run and
//! its report never panic, never hang, touch nothing outside, and give the results of an undisturbed run or say what to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::support::Test;

/// Each kind of stage, small: a few seconds in all would be too long for some hundred runs.
const RECIPE: &str = r#"ssl 1

dataset figures = shapes(train = 32, valid = 16, test = 16)

pretext rotations = rotation() {
  data       = figures.train
  encoder    = small_cnn(width = 2)
  batch      = 16
  length     = 10 steps
  monitor    = knn(figures.valid, k = 3, every = 2 steps)
  checkpoint = best(valid.knn, period = 2 steps)
}

evaluate neighbours = knn(k = 3) { from = rotations, data = figures.train, test = figures.test }

finetune probe = linear_probe() { from = rotations, data = figures.train, test = figures.test, length = 2 epochs, batch = 16 }

export weights = safetensors("trunk.safetensors") { from = rotations }

run { seed = 3, threads = 1, workers = 1 }
"#;

/// What an undisturbed run leaves.
const RESULTS: [&str; 3] = [
    "results.json",
    "trunk.safetensors",
    "stages/rotations/final.ckpt",
];

fn results(run: &Path) -> Vec<Option<Vec<u8>>> {
    RESULTS
        .iter()
        .map(|name| fs::read(run.join(name)).ok())
        .collect()
}

/// Every file and folder below a folder, by its path from there.
fn walk(root: &Path, below: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(root.join(below))
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let path = below.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(root, &path, into);
        }
        into.push(path);
    }
}

fn copy(from: &Path, to: &Path) {
    let mut paths = Vec::new();
    walk(from, Path::new(""), &mut paths);
    fs::create_dir_all(to).expect("a folder");
    for path in paths.iter().filter(|path| from.join(path).is_dir()).rev() {
        fs::create_dir_all(to.join(path)).expect("a folder");
    }
    for path in paths.iter().filter(|path| from.join(path).is_file()) {
        if let Some(parent) = to.join(path).parent() {
            fs::create_dir_all(parent).expect("a folder");
        }
        fs::copy(from.join(path), to.join(path)).expect("a copy");
    }
}

fn remove(path: &Path) {
    let removed = match path.symlink_metadata() {
        Ok(about) if about.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    removed.expect("a removal");
}

/// A way to damage a file: the run directory, a path in it, a number that decides where.
type Damage = fn(&Path, &Path, u64);

fn bytes(run: &Path, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(run.join(path)).unwrap_or_default();
    change(&mut bytes);
    fs::write(run.join(path), bytes).expect("a write");
}

/// Damages that any file may have.
const TO_FILES: [(&str, Damage); 8] = [
    ("a byte flipped", |run, path, n| {
        bytes(run, path, |bytes| {
            let at = n as usize % bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (n % 8);
            }
        });
    }),
    ("cut short", |run, path, n| {
        bytes(run, path, |bytes| {
            bytes.truncate(n as usize % bytes.len().max(1))
        });
    }),
    ("emptied", |run, path, _| bytes(run, path, Vec::clear)),
    ("made longer", |run, path, _| {
        bytes(run, path, |bytes| {
            bytes.extend_from_slice("ä\u{1b}[2J\n{}".as_bytes())
        });
    }),
    ("other text", |run, path, n| {
        let texts = [
            "x/../../",
            "äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüä\n",
            "0000000000000000000000000000000000000000000000000000000000000000\n",
            "{\"stage\":[[[[[[[[",
            "PRETEXT\n\u{2}\0\0\0\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}",
        ];
        let text = texts[n as usize % texts.len()];
        fs::write(run.join(path), text).expect("a write");
    }),
    ("huge", |run, path, _| {
        let file = fs::File::options()
            .write(true)
            .open(run.join(path))
            .expect("a file");
        file.set_len(1 << 42).expect("a sparse file");
    }),
    ("another stage's", |run, path, _| {
        let name = path.file_name().expect("a name");
        for stage in ["rotations", "probe", "neighbours", "weights"] {
            let other = Path::new("stages").join(stage).join(name);
            if other != *path && run.join(&other).is_file() {
                fs::copy(run.join(&other), run.join(path)).expect("a copy");
                return;
            }
        }
        fs::copy(run.join("recipe.ssl"), run.join(path)).expect("a copy");
    }),
    ("lost", |run, path, _| remove(&run.join(path))),
];

/// What may stand in the place of a file or a folder.
#[cfg(unix)]
const INSTEAD: [(&str, Damage); 6] = [
    ("a link to a file outside", |run, path, _| {
        remove(&run.join(path));
        link(&run.join("../outside/precious"), &run.join(path));
    }),
    ("a link to a folder outside", |run, path, _| {
        remove(&run.join(path));
        link(&run.join("../outside"), &run.join(path));
    }),
    ("a link to what it was", |run, path, _| {
        let moved = run.join("../outside/moved");
        fs::rename(run.join(path), &moved).expect("a rename");
        link(&moved, &run.join(path));
    }),
    ("a link to an endless file", |run, path, _| {
        remove(&run.join(path));
        link(Path::new("/dev/zero"), &run.join(path));
    }),
    ("a pipe", |run, path, _| {
        remove(&run.join(path));
        let made = Command::new("mkfifo").arg(run.join(path)).status();
        assert!(made.expect("mkfifo").success());
    }),
    ("a folder", |run, path, _| {
        remove(&run.join(path));
        fs::create_dir(run.join(path)).expect("a folder");
        fs::write(run.join(path).join("inside"), "x").expect("a file");
    }),
];

#[cfg(unix)]
fn link(to: &Path, from: &Path) {
    std::os::unix::fs::symlink(to, from).expect("a link");
}

/// Runs a command to its end, or fails: its exit code, and what it said.
fn in_time(test: &Test, what: &str, args: &[&str]) -> (Option<i32>, String) {
    let said = fs::File::create(test.path("said")).expect("a file");
    let errors = said.try_clone().expect("a handle");
    let mut child = test
        .command(args)
        .stdout(said)
        .stderr(errors)
        .spawn()
        .expect("a start");
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a status") {
            let said = fs::read(test.path("said")).expect("a file");
            return (status.code(), String::from_utf8_lossy(&said).into_owned());
        }
        if began.elapsed() > Duration::from_secs(100) {
            child.kill().expect("a kill");
            panic!("{what}: it hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Damages `path` in a copy of `from` and holds run and report to what they promise.
fn try_one(
    test: &Test,
    from: &str,
    clean: &[Option<Vec<u8>>],
    (path, how, damage): (&Path, &str, Damage),
    n: u64,
) {
    let what = format!("{} in a {from} run, {how} ({n})", path.display());
    let run = test.path("tried/run");
    let outside = test.path("tried/outside");
    if test.path("tried").exists() {
        remove(&test.path("tried"));
    }
    copy(&test.path(from), &run);
    fs::create_dir_all(&outside).expect("a folder");
    fs::write(outside.join("precious"), "precious").expect("a file");
    damage(&run, path, n);
    let mut before = Vec::new();
    walk(&outside, Path::new(""), &mut before);
    let contents = |paths: &[PathBuf]| -> Vec<_> {
        paths
            .iter()
            .map(|path| fs::read(outside.join(path)).ok())
            .collect()
    };
    let held = contents(&before);

    let (_, said) = in_time(test, &what, &["report", "tried/run"]);
    assert!(!said.contains("panicked"), "{what}\n{said}");
    let (code, said) = in_time(test, &what, &["run", "recipe.ssl", "--out", "tried/run"]);
    assert!(!said.contains("panicked"), "{what}\n{said}");
    assert!(
        !said.contains('\u{1b}'),
        "{what}: it steers the terminal\n{said}"
    );
    match code {
        Some(0) => {
            for ((name, now), clean) in RESULTS.iter().zip(results(&run)).zip(clean) {
                assert!(now == *clean, "{what}: {name} differs\n{said}");
            }
        }
        Some(3) => assert!(
            said.contains("error[E08") && (said.contains("remove") || said.contains("--out")),
            "{what}: no way on\n{said}"
        ),
        code => panic!("{what}: it ends with {code:?}\n{said}"),
    }

    let mut after = Vec::new();
    walk(&outside, Path::new(""), &mut after);
    assert!(
        before == after && held == contents(&after),
        "{what}: something outside changed"
    );
}

/// A finished run `finished` and an interrupted one, `interrupted`.
fn prepared() -> (Test, Vec<Option<Vec<u8>>>) {
    let test = Test::new().file("recipe.ssl", RECIPE);
    test.run(&["run", "recipe.ssl", "--quiet", "--out", "finished"])
        .success();
    let clean = results(&test.path("finished"));
    assert!(clean.iter().all(Option::is_some));
    // caught between two checkpoints of its training
    for _ in 0..200 {
        let run = test.path("interrupted");
        if run.exists() {
            remove(&run);
        }
        let mut child = test
            .command(&["run", "recipe.ssl", "--quiet", "--out", "interrupted"])
            .spawn()
            .expect("a run");
        let folder = run.join("stages/rotations");
        let caught = || {
            let checkpoints = fs::read_dir(folder.join("checkpoints"))
                .into_iter()
                .flatten();
            checkpoints
                .flatten()
                .any(|e| e.file_name().to_string_lossy().ends_with(".ckpt"))
                && folder.join("best.ckpt").exists()
        };
        while child.try_wait().expect("a status").is_none() && !caught() {
            std::thread::sleep(Duration::from_micros(200));
        }
        let _ = child.kill();
        child.wait().expect("an end");
        if caught() && !folder.join("final.ckpt").exists() {
            return (test, clean);
        }
    }
    panic!("no run was caught in its training");
}

fn files(test: &Test, run: &str) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    walk(&test.path(run), Path::new(""), &mut paths);
    paths
}

#[cfg(unix)]
#[test]
fn whatever_is_in_a_run_directory() {
    let (test, clean) = prepared();
    // a fixed sequence: each file sees some of the damages, all files together see all of them many times
    let mut n = 0x9e37_79b9_7f4a_7c15_u64;
    let mut tried = 0;
    for run in ["finished", "interrupted"] {
        for (number, path) in files(&test, run).iter().enumerate() {
            let is_file = test.path(run).join(path).is_file();
            let all = TO_FILES.iter().filter(|_| is_file).chain(&INSTEAD);
            let all: Vec<_> = all.collect();
            let thorough = std::env::var_os("PRETEXT_THOROUGH").is_some();
            let some = if thorough { all.len() } else { 2 };
            for turn in 0..some {
                n ^= n << 13;
                n ^= n >> 7;
                n ^= n << 17;
                let (how, damage) = all[(number * 5 + turn * 7) % all.len()];
                try_one(&test, run, &clean, (path, how, *damage), n >> 16);
                tried += 1;
            }
        }
    }
    assert!(tried > 50, "only {tried}");
}

#[cfg(unix)]
#[test]
fn a_hash_is_no_path_and_what_lies_behind_a_link_stays() {
    let (test, _) = prepared();
    let victim = test.path("victim");
    test.write("victim/a/b/x", "x");
    test.write("victim/docs/thesis.txt", "precious");
    let run = test.path("finished");
    for text in ["x/../../", "../../victim", "äöüäöüäöü", "/", ""] {
        fs::write(run.join("stages/rotations/hash"), text).expect("a write");
        fs::remove_file(run.join("stages/rotations/done")).ok();
        let aside = run.join("stages/rotations~x");
        let _ = fs::remove_file(&aside);
        link(&victim.join("a/b"), &aside);
        test.run(&["run", "recipe.ssl", "--out", "finished"])
            .success();
        assert_eq!(test.text("victim/docs/thesis.txt"), "precious");
        assert!(victim.join("a/b/x").exists() && aside.is_symlink());
    }
}

#[test]
fn a_folder_of_somebody_s_files_is_no_run_directory() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    test.run(&["run", "recipe.ssl", "--out", "."])
        .code(3)
        .says("is no run directory, and its recipe.ssl would be replaced")
        .says("--out");
    assert_eq!(test.text("recipe.ssl"), RECIPE);
}

#[test]
fn a_stage_without_its_hash_is_never_another_recipe_s() {
    let (test, clean) = prepared();
    let run = test.path("finished");
    for stage in ["rotations", "neighbours", "probe", "weights"] {
        fs::remove_file(run.join("stages").join(stage).join("hash")).expect("a hash");
    }
    // the files say themselves what they belong to: nothing of them is taken for another seed
    let changed = [
        "run",
        "recipe.ssl",
        "--out",
        "finished",
        "--set",
        "run.seed=99",
    ];
    test.run(&changed)
        .success()
        .says("settings changed: ")
        .says("made anew; what was there stays in stages/rotations~")
        .says_not("finished before");
    assert_ne!(results(&run), clean);
    // and they are taken back by the recipe that they are of
    fs::remove_file(run.join("stages/rotations/hash")).expect("a hash");
    test.run(&["run", "recipe.ssl", "--out", "finished"])
        .success()
        .says("taken back from an earlier run with these settings")
        .says("rotations · finished before, skipped");
    assert_eq!(results(&run), clean);
}

#[test]
fn one_line_says_what_a_change_of_settings_means() {
    let (test, clean) = prepared();
    let changed = [
        "run",
        "recipe.ssl",
        "--out",
        "finished",
        "--set",
        "neighbours.k=2",
    ];
    test.run(&changed)
        .success()
        .says("settings changed: `rotations`, `probe` and `weights` kept; `neighbours` made anew; what was there stays in stages/neighbours~");
    test.run(&["run", "recipe.ssl", "--out", "finished"])
        .success()
        .says("`neighbours` taken back from an earlier run with these settings; what was there stays in")
        .says("neighbours · finished before, skipped");
    assert_eq!(results(&test.path("finished")), clean);
}

#[test]
fn weights_of_another_stage_are_refused() {
    let (test, _) = prepared();
    let folder = test.path("finished/stages");
    for other in ["probe/final.ckpt", "probe/final-pixels.ckpt"] {
        fs::copy(folder.join(other), folder.join("rotations/final.ckpt")).expect("a copy");
        for stage in ["rotations", "neighbours", "weights"] {
            let _ = fs::remove_file(folder.join(stage).join("done"));
        }
        test.run(&["run", "recipe.ssl", "--out", "finished"])
            .code(3)
            .says("error[E0805]")
            .says("it belongs to another stage than `rotations`")
            .says("remove finished/stages/rotations/final.ckpt to train it again");
    }
}

#[test]
fn a_changed_result_and_a_lost_export_are_made_again() {
    let (test, clean) = prepared();
    let run = test.path("finished");
    for stage in ["neighbours", "probe"] {
        let path = run.join("stages").join(stage).join("result.json");
        let text = fs::read_to_string(&path).expect("rows");
        let digit = text.rfind(|c: char| c.is_ascii_digit()).expect("a digit");
        let other = if &text[digit..=digit] == "7" {
            "3"
        } else {
            "7"
        };
        fs::write(
            &path,
            format!("{}{other}{}", &text[..digit], &text[digit + 1..]),
        )
        .expect("rows");
    }
    fs::remove_file(run.join("trunk.safetensors")).expect("an export");
    test.run(&["run", "recipe.ssl", "--out", "finished"])
        .success()
        .says("rotations · finished before, skipped")
        .says("neighbours · finished/stages/neighbours/result.json is not what the stage wrote")
        .says("weights · finished/trunk.safetensors is lost");
    assert_eq!(results(&run), clean);
    fs::write(run.join("trunk.safetensors"), "half").expect("an export");
    test.run(&["run", "recipe.ssl", "--out", "finished"])
        .success();
    assert_eq!(results(&run), clean);
}

#[test]
fn damaged_best_weights_are_found_before_training_goes_on() {
    let (test, clean) = prepared();
    let best = test.path("interrupted/stages/rotations/best.ckpt");
    let whole = fs::read(&best).expect("weights");
    let mut flipped = whole.clone();
    let at = whole.len() / 2;
    flipped[at] ^= 1;
    for damaged in [Some(&flipped[..]), Some(&whole[..at]), None] {
        match damaged {
            Some(bytes) => fs::write(&best, bytes).expect("weights"),
            None => fs::remove_file(&best).expect("weights"),
        }
        test.run(&["run", "recipe.ssl", "--out", "interrupted"])
            .code(3)
            .says("best.ckpt")
            .says("remove interrupted/stages/rotations/checkpoints to train from the start")
            .says_not("resumed at step");
    }
    fs::remove_dir_all(test.path("interrupted/stages/rotations/checkpoints")).expect("checkpoints");
    test.run(&["run", "recipe.ssl", "--out", "interrupted"])
        .success();
    assert_eq!(results(&test.path("interrupted")), clean);
}

#[test]
fn lost_metrics_are_said_and_never_filled() {
    let (test, clean) = prepared();
    let metrics = test.path("interrupted/stages/rotations/metrics.jsonl");
    fs::remove_file(&metrics).expect("metrics");
    test.run(&["run", "recipe.ssl", "--out", "interrupted"])
        .success()
        .says("metrics.jsonl has lost lines: 0 bytes of the ");
    let bytes = fs::read(&metrics).expect("metrics");
    assert!(!bytes.contains(&0) && bytes.ends_with(b"}\n"));
    assert_eq!(results(&test.path("interrupted")), clean);
}

/// What an earlier version left: a bare hash in `done`, checkpoints of format 1.
#[test]
fn an_earlier_version_s_run_is_refused_kindly() {
    let (test, _) = prepared();
    for (run, damage) in [
        (
            "finished",
            (|run: &Path| {
                let stage = run.join("stages/rotations");
                fs::copy(stage.join("hash"), stage.join("done")).expect("a copy");
            }) as fn(&Path),
        ),
        ("interrupted", |run| {
            let folder = run.join("stages/rotations/checkpoints");
            for entry in fs::read_dir(folder).expect("checkpoints").flatten() {
                bytes(Path::new(""), &entry.path(), |bytes| bytes[8] = 1);
            }
        }),
    ] {
        damage(&test.path(run));
        test.run(&["run", "recipe.ssl", "--out", run])
            .code(3)
            .says("error[E0805]")
            .says("an earlier version of Pretext")
            .says("--out");
    }
}
