//! What must not end a run, and what must end it soon and well.
#![cfg(unix)]

use std::fs;
use std::process::{Child, Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{RECIPE, Ran, Test, results, same, with};

/// Long enough to be caught at it, with checkpoints that only a request writes.
fn long() -> String {
    RECIPE
        .replace("4 epochs", "4000 steps")
        .replace("every(5 steps, keep = 2)", "every(100000 steps)")
        .replace(
            "  monitor    = knn(figures.valid, k = 5, every = 1 epoch)\n",
            "",
        )
}

/// Starts a command of `sh`, with the binary as `$0`.
fn shell(test: &Test, script: &str) -> Child {
    test.shell(script).spawn().expect("a shell")
}

/// Sends a signal to the process whose number the shell wrote into `pid`.
fn signal(test: &Test, name: &str) {
    let pid = test.text("pid");
    let sent = Command::new("kill").args([name, pid.trim()]).status();
    assert!(sent.expect("kill").success(), "{name} {pid}");
}

/// Waits until a file is there.
fn wait_for(test: &Test, name: &str) {
    let began = Instant::now();
    while fs::metadata(test.path(name)).map_or(0, |about| about.len()) == 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "no {name}");
        sleep(Duration::from_millis(5));
    }
}

fn ended(child: Child, within: Duration) -> Output {
    let began = Instant::now();
    let output = child.wait_with_output().expect("an end");
    assert!(began.elapsed() < within, "took {:?}", began.elapsed());
    output
}

const SOON: Duration = Duration::from_secs(5);

#[test]
fn what_was_ignored_at_the_start_stays_ignored() {
    let test = with(&RECIPE.replace("4 epochs", "60 steps"));
    for (trap, name) in [("HUP", "-HUP"), ("INT", "-INT")] {
        let script = format!(
            "rm -f pid; trap '' {trap}; \"$0\" run recipe.ssl -q --out {trap} & echo $! > pid; wait $!"
        );
        let child = shell(&test, &script);
        wait_for(&test, &format!("{trap}/stages/rotations/metrics.jsonl"));
        signal(&test, name);
        let output = child.wait_with_output().expect("an end");
        assert_eq!(output.status.code(), Some(0), "{trap}: {output:?}");
        results(&test.path(trap));
    }
}

#[test]
fn each_request_to_stop_writes_a_checkpoint() {
    let test = with(&long());
    for name in ["-HUP", "-TERM", "-INT"] {
        let script = format!("echo $$ > pid; exec \"$0\" run recipe.ssl -q --out run{name}");
        let child = shell(&test, &script);
        wait_for(&test, &format!("run{name}/stages/rotations/metrics.jsonl"));
        signal(&test, name);
        let output = ended(child, SOON);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{name}: {said}");
        assert!(said.contains("E0804"), "{name}: {said}");
        let folder = test.path(&format!("run{name}/stages/rotations/checkpoints"));
        assert_eq!(
            fs::read_dir(folder).expect("checkpoints").count(),
            1,
            "{name}"
        );
        fs::remove_file(test.path("pid")).expect("pid");
    }
}

#[test]
fn output_that_nobody_reads_stops_nothing() {
    let test = with(RECIPE);
    super::run(&test, "plain", &[]).success();
    let mut cases = vec![
        (
            "closed_both",
            "\"$0\" run recipe.ssl --out closed_both >&- 2>&-",
        ),
        ("closed_err", "\"$0\" run recipe.ssl --out closed_err 2>&-"),
        (
            "pipe_err",
            "{ \"$0\" run recipe.ssl --out pipe_err; echo $? > code; } 2>&1 | head -n 1; exit $(cat code)",
        ),
        (
            "pipe_out",
            "{ \"$0\" run recipe.ssl --json --out pipe_out; echo $? > code; } | true; exit $(cat code)",
        ),
    ];
    if fs::metadata("/dev/full").is_ok() {
        cases.push(("full", "\"$0\" run recipe.ssl --out full >/dev/full 2>&1"));
    }
    for (name, script) in cases {
        Ran::of(&mut test.shell(script)).success();
        same(&test.path("plain"), &test.path(name));
        assert!(test.path(name).join("report.html").exists(), "{name}");
    }
    for verb in [
        "list",
        "doc simclr",
        "check recipe.ssl",
        "expand recipe.ssl",
        "plan recipe.ssl",
    ] {
        let script = format!("{{ \"$0\" {verb}; echo $? > code; }} 2>err | true; exit $(cat code)");
        Ran::of(&mut test.shell(&script)).success();
        assert_eq!(test.text("err"), "", "{verb}");
    }
}

#[test]
fn a_limit_of_the_shell_is_told_and_the_run_goes_on_later() {
    let test = with(RECIPE);
    super::run(&test, "plain", &[]).success();
    for (name, limit, says) in [
        ("size", "ulimit -f 8", "ulimit -f"),
        ("files", "ulimit -n 6", "Too many open files"),
        ("memory", "ulimit -v 250000", "error"),
    ] {
        let script = format!("{limit}; exec \"$0\" run recipe.ssl -q --out {name}");
        let ran = Ran::of(&mut test.shell(&script));
        let said = ran.stderr();
        let code = ran.output.status.code();
        // what is enough for a small run is enough
        if code != Some(0) {
            assert_eq!(code, Some(3), "{name}: {said}");
            assert!(
                said.contains("error[E08") && said.contains(says),
                "{name}: {said}"
            );
            assert!(
                !said.contains("panicked") && !said.contains("backtrace"),
                "{name}: {said}"
            );
        } else {
            assert_ne!(name, "size", "{said}");
        }
        super::run(&test, name, &[]).success();
        same(&test.path("plain"), &test.path(name));
    }
}

#[test]
fn the_time_of_all_sittings_is_told() {
    let test = with(&long().replace("4000 steps", "120 steps"));
    let pause = "{\"stage\":\"rotations\",\"hash\":\"";
    let script = "echo $$ > pid; exec \"$0\" run recipe.ssl --out r";
    let child = shell(&test, script);
    wait_for(&test, "r/stages/rotations/metrics.jsonl");
    signal(&test, "-TERM");
    assert_eq!(ended(child, SOON).status.code(), Some(130));
    // the first sitting is said to have taken an hour
    let text = test.text("r/timing.jsonl");
    let last = text.lines().last().expect("a line");
    assert!(last.starts_with(pause), "{text}");
    let hash = &last[pause.len()..][..16];
    test.write(
        "r/timing.jsonl",
        format!("{text}{pause}{hash}\",\"seconds\":3600.0}}\n"),
    );
    let said = test
        .run(&["run", "recipe.ssl", "--out", "r"])
        .success()
        .stderr();
    assert!(
        said.contains("r in 1:00:") && said.contains(" of it now"),
        "{said}"
    );
}

#[test]
fn the_results_fit_a_narrow_terminal() {
    let test = with(RECIPE);
    super::run(&test, "r", &[]).success();
    for columns in [40, 60, 80] {
        let mut command = test.command(&["run", "recipe.ssl", "--out", "r"]);
        let ran = Ran::of(command.env("COLUMNS", columns.to_string())).success();
        let text = ran.stdout();
        assert!(text.contains("neighbours") && text.contains('%'), "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= columns, "{columns}: {text}");
        }
    }
}

/// A picture of 1 x 1 and then zeros, of which a disk holds none.
fn huge(test: &Test, name: &str, bytes: u64) {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(1, 1, image::Rgb([1, 2, 3]));
    let written = picture.write_to(&mut png, image::ImageFormat::Png);
    written.expect("a picture");
    test.write(name, png.into_inner());
    let file = fs::OpenOptions::new().write(true).open(test.path(name));
    file.and_then(|file| file.set_len(bytes)).expect("a length");
}

#[test]
fn hashing_ends_soon_when_asked() {
    // no `normalize()`, which would read the pictures while it is planned
    let recipe = r#"ssl 1

dataset figures = image_folder("pictures")

augment pair(image) { emit a = image |> resize(16px), b = image |> hflip(50%) |> resize(16px) }

pretext views = simclr() {
  data = figures.train, augment = pair, encoder = small_cnn(width = 4), batch = 2, length = 4 epochs
}

run { seed = 3, threads = 1 }
"#;
    let test = with(recipe);
    // minutes on any machine
    huge(&test, "pictures/train/a/1.png", 1 << 38);
    huge(&test, "pictures/train/b/1.png", 4096);
    for name in ["-TERM", "-INT", "-HUP"] {
        let script = format!("echo $$ > pid; exec \"$0\" run recipe.ssl -q --out run{name}");
        let child = shell(&test, &script);
        wait_for(&test, &format!("run{name}/lock"));
        sleep(Duration::from_millis(400));
        signal(&test, name);
        let output = ended(child, Duration::from_secs(2));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{name}: {said}");
        assert!(
            said.contains("interrupted while the data was read"),
            "{name}: {said}"
        );
        fs::remove_file(test.path("pid")).expect("pid");
    }
}
