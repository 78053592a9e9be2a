//! Plugins that crash, hang or end the process, in the verbs that use them: an error that names the plugin and the call, soon, and
//! nothing of it in the process that was asked.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use super::support::*;

/// A project with the plugin `faulty`, compiled with these flags, and a recipe that trains with it.
fn with(flags: &[&str], text: &str) -> tempfile::TempDir {
    let folder = project();
    let library = place(folder.path(), "faulty");
    cc(&root().join("tests/abi/faulty.c"), flags, &library);
    fs::write(folder.path().join("recipe.ssl"), text).expect("a recipe");
    folder
}

fn short() -> String {
    recipe("faulty").replace("batch   = 16", "batch   = 16\n  length  = 4 steps")
}

/// What a verb says that must fail, with its exit code.
fn fails(folder: &tempfile::TempDir, args: &[&str]) -> (Option<i32>, String) {
    let began = Instant::now();
    let output = pretext(folder.path(), args);
    let text = all(&output);
    assert!(!output.status.success(), "{args:?}: {text}");
    assert!(!text.contains("panicked"), "{args:?}: {text}");
    assert!(began.elapsed() < Duration::from_secs(60), "{args:?}");
    (output.status.code(), text)
}

/// Before the first pin a plugin is tried apart: what fails there is neither pinned nor loaded.
#[test]
fn what_fails_is_not_pinned() {
    for (flag, words) in [
        (
            "-DBORN=_exit(0)",
            "ended its process (exit code 0) while it was loaded",
        ),
        (
            "-DBORN=abort()",
            "crashed (signal 6, aborted) while it was loaded",
        ),
        ("-DBORN=for (;;) sleep(1)", "did not return within 1 s"),
        (
            "-DLEAVES",
            "ended its process (exit code 0) while task `faulty`",
        ),
        ("-DCRASH", "crashed (signal 11, memory that is not its own)"),
        ("-DFOREVER", "did not return within 1 s"),
        ("-DFLOODS", "did not return within 1 s"),
        ("-DSAMPLE_EXITS", "ended the process"),
    ] {
        let folder = with(&[flag], &short());
        for args in [
            &["check", "recipe.ssl", "--plugin-limit", "1"][..],
            &["run", "recipe.ssl", "--quiet", "--plugin-limit", "1"],
        ] {
            let (code, text) = fails(&folder, args);
            assert_eq!(code, Some(1), "{flag}: {text}");
            for words in [
                words,
                "E0903",
                "`faulty`",
                "recipe.ssl:3:",
                "plugin check faulty",
            ] {
                assert!(
                    text.contains(words),
                    "{flag}, {args:?}: no {words:?} in {text}"
                );
            }
        }
        assert!(!folder.path().join("ssl.lock").exists(), "{flag}");
        assert!(!folder.path().join("runs").exists(), "{flag}");
    }
}

/// What passed once and is pinned may still fail: the process that was asked is another one.
#[test]
fn what_fails_later_is_told_with_its_call() {
    for (flag, words) in [
        (
            "-DLATER=_exit(0)",
            "`faulty` ended the process (exit code 0) in its `build`",
        ),
        (
            "-DLATER=abort()",
            "`faulty` crashed (signal 6, aborted) in its `build`",
        ),
        (
            "-DLATER=for (;;) sleep(1)",
            "`faulty` did not return within 1 s and was ended in its `build`",
        ),
        // whoever closes every descriptor races with the thread that sees its asker gone: either may end the process
        (
            "-DLATER=for (int i = 0; i < 1024; i++) close(i); _exit(0)",
            "`faulty` ended the process (exit code ",
        ),
    ] {
        let folder = with(&[flag], &short());
        let good = pretext(folder.path(), &["check", "recipe.ssl"]);
        assert!(good.status.success(), "{flag}: {}", all(&good));
        fs::write(folder.path().join("now"), "").expect("a file");
        for verb in ["check", "plan", "run", "preview"] {
            let (code, text) = fails(&folder, &[verb, "recipe.ssl", "--plugin-limit", "1"]);
            assert_eq!(code, Some(1), "{flag}: {text}");
            for words in [words, "E0903", "recipe.ssl:3:"] {
                assert!(
                    text.contains(words),
                    "{flag}, {verb}: no {words:?} in {text}"
                );
            }
        }
        let output = pretext(
            folder.path(),
            &["check", "recipe.ssl", "--json", "--plugin-limit", "1"],
        );
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(said["sound"], false, "{flag}");
        assert_eq!(said["diagnostics"][0]["code"], "E0903", "{flag}");
    }
}

/// While samples are drawn nobody counts calls; an end that nobody asked for is no success.
#[test]
fn an_end_in_the_middle_of_training_is_no_success() {
    let text = "ssl 1\n\nuse plugin \"faulty\" version \"0.1\"\n\ndataset figures = shapes(train = 64)\n\n\
        augment turned(image) {\n  (view, turn) = image |> untouched() |> normalize() |> quarter_turn()\n  emit view, turn\n}\n\n\
        pretext learnt = rotation() {\n  data    = figures.train\n  augment = turned\n  encoder = small_cnn(width = 4)\n  batch   = 16\n  length = 4 steps\n}\n";
    for (flag, words) in [
        ("-DSAMPLE_LATER=_exit(0)", "ended the process (exit code 0)"),
        ("-DSAMPLE_LATER=abort()", "crashed (signal 6, aborted)"),
    ] {
        let folder = with(&[flag], text);
        let good = pretext(folder.path(), &["check", "recipe.ssl"]);
        assert!(good.status.success(), "{flag}: {}", all(&good));
        fs::write(folder.path().join("now"), "").expect("a file");
        let (code, text) = fails(&folder, &["run", "recipe.ssl", "--quiet"]);
        assert_eq!(code, Some(3), "{flag}: {text}");
        assert!(
            text.contains(words) && text.contains("`faulty`"),
            "{flag}: {text}"
        );
        // without it the same command goes on
        fs::remove_file(folder.path().join("now")).expect("it is there");
        let good = pretext(folder.path(), &["run", "recipe.ssl", "--quiet"]);
        assert!(good.status.success(), "{flag}: {}", all(&good));
    }
}

/// Nothing of a library that is not the pinned one runs, in any process; nor with `--no-plugins`.
#[test]
fn nothing_runs_that_is_not_pinned() {
    let folder = with(&["-DBORN="], &short());
    let born = folder.path().join("born");
    let good = pretext(folder.path(), &["check", "recipe.ssl"]);
    assert!(good.status.success(), "{}", all(&good));
    fs::remove_file(&born).expect("it was loaded");
    cc(
        &root().join("tests/abi/faulty.c"),
        &["-DBORN=", "-DSLOW"],
        &place(folder.path(), "faulty"),
    );
    for verb in ["check", "plan", "run", "expand", "preview", "explain"] {
        let (code, text) = fails(&folder, &[verb, "recipe.ssl"]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("E0904"), "{text}");
    }
    let listed = pretext(folder.path(), &["list", "--recipe", "recipe.ssl"]);
    assert!(all(&listed).contains("E0904"), "{}", all(&listed));
    fails(&folder, &["check", "recipe.ssl", "--no-plugins"]);
    fails(&folder, &["check", "recipe.ssl", "--locked"]);
    assert!(!born.exists());
    // the word of the user
    let good = pretext(folder.path(), &["check", "recipe.ssl", "--update-lock"]);
    assert!(good.status.success(), "{}", all(&good));
    assert!(born.exists());
}

/// What a verb prints stays what it prints, whatever a plugin prints too.
#[test]
fn what_a_plugin_prints_is_not_what_the_verb_prints() {
    let print = "-DLATER=printf(\"\\x1b[2Jhello\\n\"); fflush(stdout)";
    let folder = with(&[print], &short());
    fs::write(folder.path().join("now"), "").expect("a file");
    let output = pretext(folder.path(), &["plan", "recipe.ssl", "--json"]);
    let text = all(&output);
    assert!(output.status.success(), "{text}");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
    assert_eq!(said["stages"][0]["stage"], "learnt");
    let output = pretext(folder.path(), &["run", "recipe.ssl", "--json"]);
    serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON alone");
    for verb in ["list", "doc"] {
        let args: &[&str] = match verb {
            "doc" => &["doc", "faulty", "--recipe", "recipe.ssl"],
            _ => &["list", "--recipe", "recipe.ssl"],
        };
        let text = all(&pretext(folder.path(), args));
        assert!(text.contains("faulty"), "{text}");
    }
}

/// The same for standard error, where the verb speaks itself; and the last words of what crashes come first.
#[test]
fn what_a_plugin_complains_of_does_not_steer_the_terminal() {
    const WILD: &str = "fprintf(stderr, \"\\x1b]0;owned\\x07\\x1b[2Jcomplaint\\n\")";
    const TAME: &str = "\\u{1b}]0;owned\\u{7}\\u{1b}[2Jcomplaint";
    for (then, code) in [
        ("", Some(0)),
        ("; abort()", Some(1)),
        ("; exit(0)", Some(1)),
    ] {
        let folder = with(&[&format!("-DLATER={WILD}{then}")], &short());
        let good = pretext(folder.path(), &["check", "recipe.ssl"]);
        assert!(good.status.success(), "{then}: {}", all(&good));
        fs::write(folder.path().join("now"), "").expect("a file");
        for verb in ["check", "plan", "run"] {
            let output = pretext(folder.path(), &[verb, "recipe.ssl"]);
            let text = all(&output);
            assert_eq!(output.status.code(), code, "{verb}{then}: {text}");
            assert!(text.contains(TAME), "{verb}{then}: {text}");
            assert!(!text.contains(['\u{1b}', '\u{7}']), "{verb}{then}: {text}");
            let errors = String::from_utf8_lossy(&output.stderr);
            if then == "; abort()" {
                assert!(errors.find(TAME) < errors.find("E0903"), "{verb}: {text}");
            }
        }
    }
    // more than anybody reads: what the verb says itself is there
    let flood =
        "-DLATER=for (int i = 0; i < 100000; i++) fprintf(stderr, \"complaint %d\\n\", i); exit(0)";
    let folder = with(&[flood], &short());
    let good = pretext(folder.path(), &["check", "recipe.ssl"]);
    assert!(good.status.success(), "{}", all(&good));
    fs::write(folder.path().join("now"), "").expect("a file");
    let (code, text) = fails(&folder, &["check", "recipe.ssl"]);
    assert_eq!(code, Some(1));
    assert!(text.len() < 20_000, "{}", text.len());
    for words in [
        "complaint 0\n",
        "prints more than is shown",
        "ended the process",
    ] {
        assert!(text.contains(words), "no {words:?}");
    }
}

/// Signals reach the process that works, and it ends with the one that was asked.
#[test]
fn who_is_asked_to_stop_stops() {
    let text = short().replace("length  = 4 steps", "length  = 100000 epochs");
    let folder = with(&["-DBORN="], &text);
    let born = folder.path().join("born");
    let good = pretext(folder.path(), &["check", "recipe.ssl"]);
    assert!(good.status.success(), "{}", all(&good));
    let alive = |process: &str| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    for (signal, code) in [("-INT", Some(130)), ("-TERM", Some(130)), ("-KILL", None)] {
        let _ = fs::remove_file(&born);
        let _ = fs::remove_dir_all(folder.path().join("runs"));
        let mut run = Command::new(env!("CARGO_BIN_EXE_pretext"))
            .args(["run", "recipe.ssl", "--quiet"])
            .current_dir(folder.path())
            .env("PRETEXT_DATA", folder.path().join("user"))
            .spawn()
            .expect("it starts");
        let began = Instant::now();
        let until = |what: &str, done: &mut dyn FnMut() -> bool| {
            while !done() {
                assert!(
                    began.elapsed() < Duration::from_secs(90),
                    "{signal}: {what}"
                );
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        until("it does not train", &mut || {
            let made = fs::read_dir(folder.path().join("runs/recipe/stages/learnt"));
            made.is_ok_and(|mut files| files.next().is_some())
        });
        let worker = fs::read_to_string(&born).expect("it is loaded");
        let worker = worker.trim().to_owned();
        assert_ne!(
            worker,
            run.id().to_string(),
            "a plugin in the process that was asked"
        );
        std::thread::sleep(Duration::from_millis(300));
        let sent = Command::new("kill")
            .args([signal, &run.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
        assert_eq!(run.wait().expect("it ends").code(), code, "{signal}");
        until("the worker goes on", &mut || !alive(&worker));
    }
}
