//! Everything that can be wrong with a plugin: a clear message, and a host that goes on.

use std::fs;
use std::path::Path;

use pretext::augment::Scratch;
use pretext::extend::Options;

use super::support::*;

/// A project with the plugin `faulty`, compiled with these flags.
fn with(flags: &[&str]) -> tempfile::TempDir {
    let folder = project();
    let library = place(folder.path(), "faulty");
    cc(&root().join("tests/abi/faulty.c"), flags, &library);
    folder
}

/// What is said of the plugin `faulty` with this fault, in this recipe. The host must be as sound afterwards as before.
fn said_of(flags: &[&str], recipe: &str) -> Said {
    let folder = with(flags);
    let said = plan(folder.path(), recipe, Options::default());
    goes_on();
    said
}

/// The faultless library plans in this process.
fn goes_on() {
    let folder = project();
    fs::copy(sound_library(), place(folder.path(), "faulty")).expect("a copy");
    let plan = plan(folder.path(), &recipe("faulty"), Options::default()).sound();
    assert_eq!(plan.stages.len(), 1);
}

fn refused(fault: &str, words: &[&str]) {
    let said = said_of(&[&format!("-D{fault}")], &recipe("faulty"));
    assert!(said.plan.is_none(), "{fault} was not noticed");
    for word in words {
        assert!(
            said.text.contains(word),
            "{fault}: no {word:?} in\n{}",
            said.text
        );
    }
    assert!(
        said.text.contains("test.ssl:"),
        "{fault}: no place in\n{}",
        said.text
    );
}

#[test]
fn a_faultless_one_plans() {
    goes_on();
}

#[test]
fn descriptions_are_checked() {
    refused(
        "WRONG_MAGIC",
        &["E0903", "use plugin", "instead of 0x0154584554455250"],
    );
    refused(
        "SHORT_PLUGIN",
        &["pretext_plugin says that it has 32 bytes; the shortest has 88"],
    );
    refused(
        "SHORT_TASK",
        &["pretext_task says that it has 24 bytes; the shortest has 184"],
    );
    refused(
        "SHORT_PARAM",
        &["one pretext_param says that it has 40 bytes, the one before 112"],
    );
    refused(
        "NEWER_MINOR",
        &[
            "it needs ABI 1.4, this build has 1.3",
            "use a newer Pretext",
        ],
    );
    refused("OTHER_MAJOR", &["it needs ABI 2.3, this build has 1.3"]);
    refused("OTHER_SYMBOL", &["it needs ABI 2, this build has 1.3"]);
    refused("NO_SYMBOL", &["no symbol `pretext_plugin_v1`", "no plugin"]);
    refused("NO_DESCRIPTION", &["failed while it described itself"]);
    refused("NOT_UTF8", &["not UTF-8"]);
    refused("OTHER_NAME", &["holds plugin `somebody_else`"]);
    refused(
        "UNKNOWN_TYPE",
        &["`tensor` is no type", "number, integer, ratio"],
    );
    refused(
        "BAD_DEFAULT",
        &["parameter `weight`", "`2` is no number within its range"],
    );
    refused(
        "BAD_WORDS",
        &["parameter `weight`", "its default can't be", "duration"],
    );
    refused("NO_BUILD", &["no function `build`"]);
    refused("NO_APPLY", &["no function `types` or `apply`"]);
    refused("TWO_INPUTS", &["task `faulty`: it has two inputs `view`"]);
    refused("TWO_PARTS", &["task `faulty`: it has two parts `turned`"]);
    refused("MISSING_SYMBOL", &["nobody_defines_this"]);
}

#[test]
fn what_builds_a_graph_is_checked() {
    refused(
        "UNKNOWN_OP",
        &["needs operation 4000000000", "this build has ABI 1.3"],
    );
    refused(
        "STALE_VAR",
        &[
            "a value handle is not valid",
            "belongs to another call",
            "stale handle",
        ],
    );
    refused(
        "STALE_MODULE",
        &["a module handle is not valid", "stale handle"],
    );
    refused("STALE_CTX", &["`ctx` of a call that has ended"]);
    refused("WRONG_ARITY", &["relu takes 1 operands, not 2"]);
    refused("UNKNOWN_ATTR", &["relu has no attribute `colour`"]);
    refused("NO_SIZE", &["-1 is no size"]);
    refused("SHAPES", &["[B, 3, 32, 32]", "[B, 4]"]);
    refused("NULL_RESULT", &["the place for a result is null"]);
    refused("SHORT_ATTR", &["pretext_attr says that it has 16 bytes"]);
    refused(
        "NO_NET",
        &["parameter `batch` holds no encoder and no head"],
    );
    refused(
        "NO_INPUT",
        &[
            "the batch has no field `sound`",
            "its fields are `view`, `turn`",
        ],
    );
    refused(
        "SAYS_WHY",
        &[
            "wants more than 3 pictures",
            "raise `batch`",
            "was in its `build`",
        ],
    );
    refused(
        "SAYS_NOTHING",
        &["ended with status 42 and did not say why"],
    );
    refused("NO_OBJECTIVE", &["nothing is made small"]);
    refused(
        "OTHER_PARTS",
        &["the task says that it exports upright, `build` exports turned"],
    );
}

/// What a struct does not reach is not read: a description of ABI 1.0 has no parts.
#[test]
fn an_older_description_is_read_as_far_as_it_goes() {
    said_of(&["-DOLD_TASK"], &recipe("faulty")).sound();
}

/// Libraries that were built when the ABI had fewer types load, and are given none that they do not know.
#[test]
fn older_transforms_are_given_what_they_know() {
    for minor in 0..3 {
        let folder = with(&[&format!("-DOLD_TRANSFORM={minor}")]);
        let sound = plan(folder.path(), TRANSFORMED, Options::default()).sound();
        assert_eq!(drawn(&sound), Ok(()));
        let older = super::every_type::made(folder.path(), "faulty", "untouched()", "tokens[4]");
        let problem = older.err().expect("it is refused");
        let words = format!("since ABI 1.3, and this one says that 1.{minor} will do");
        assert!(
            problem
                .message
                .contains("`tokens[4]` can't go to a transform of plugin faulty 0.1.3")
                && problem.notes[0].contains(&words),
            "{problem:?}"
        );
    }
}

/// What a plugin says of its parts is known before its graph is built, and is documented.
#[test]
fn parts_are_known_by_name() {
    let folder = project();
    fs::copy(sound_library(), place(folder.path(), "faulty")).expect("a copy");
    let later = |part: &str| {
        format!(
            "{}\nevaluate near = knn(k = 5) {{\n  from = learnt.{part}\n  data = figures.train\n  test = figures.test\n}}\n",
            recipe("faulty")
        )
    };
    let said = plan(folder.path(), &later("turned"), Options::default()).sound();
    assert_eq!(said.stages.len(), 2);
    let said = plan(folder.path(), &later("turnd"), Options::default());
    assert!(
        said.text.contains("It has `turned` and `encoder`."),
        "{}",
        said.text
    );
}

/// A second trace of one library is another call: a handle that it kept is stale.
#[test]
fn handles_of_an_earlier_call_are_stale() {
    let folder = with(&["-DSTALE_VAR"]);
    for _ in 0..2 {
        let said = plan(folder.path(), &recipe("faulty"), Options::default());
        assert!(said.text.contains("stale handle"), "{}", said.text);
    }
}

const TRANSFORMED: &str = "ssl 1\n\nuse plugin \"faulty\" version \"0.1\"\n\ndataset figures = shapes(train = 64)\n\n\
    augment turned(image) {\n  (view, turn) = image |> untouched() |> normalize() |> quarter_turn()\n  emit view, turn\n}\n\n\
    pretext learnt = rotation() {\n  data    = figures.train\n  augment = turned\n  encoder = small_cnn(width = 4)\n  batch   = 16\n}\n";

#[test]
fn transforms_are_checked_while_planning() {
    for (fault, words) in [
        ("REFUSES", "only square pictures will do"),
        ("NO_TYPE", "emits `picture`, which is no type"),
    ] {
        let said = said_of(&[&format!("-D{fault}")], TRANSFORMED);
        assert!(
            said.plan.is_none() && said.text.contains(words),
            "{fault}: {}",
            said.text
        );
    }
}

#[test]
fn a_default_augment_that_fails_says_why() {
    let recipe = recipe("faulty").replace("  augment = turned\n", "");
    let said = said_of(&["-DREFUSES_DATA"], &recipe);
    assert!(said.plan.is_none());
    for words in [
        "only clips will do",
        "take a data set of clips",
        "test.ssl:",
    ] {
        assert!(said.text.contains(words), "no {words:?} in\n{}", said.text);
    }
    assert!(!said.text.contains("no default"), "{}", said.text);
    // one that has none is said to have none
    let said = said_of(&[], &recipe);
    assert!(said.text.contains("no default `augment`"), "{}", said.text);
}

/// Draws one sample of a plan's first stage; the error where it fails.
pub fn drawn(plan: &pretext::plan::Plan) -> Result<(), String> {
    let pretext::plan::Body::Train(training) = &plan.stages[0].body else {
        panic!("no pretext stage")
    };
    let record = training
        .data
        .dataset
        .read(0, pretext::data::Draws::STILL)
        .map_err(|error| error.message)?;
    let mut scratch = Scratch::default();
    let drawn = training.samples.run(record, 0, 0, 0, &mut scratch);
    drawn.map(|_| ()).map_err(|error| error.message)
}

#[test]
fn transforms_are_checked_sample_by_sample() {
    let sound = said_of(&[], TRANSFORMED).sound();
    assert_eq!(drawn(&sound), Ok(()));
    for (fault, words) in [
        (
            "EMITS_NOTHING",
            "promised image[3, 32, 32] and emitted nothing",
        ),
        ("EMITS_TWICE", "it emits a picture twice"),
        (
            "EMITS_LABEL",
            "promised image[3, 32, 32] and emitted label 3",
        ),
        (
            "EMITS_SMALL",
            "promised image[3, 32, 32] and emitted image[3, 3, 3]",
        ),
        (
            "EMITS_TOKENS",
            "it emits tokens, and none flow in: there is no vocabulary",
        ),
        ("EMITS_NO_BOXES", "it emits boxes that are none"),
        (
            "EMITS_CLIP",
            "promised image[3, 32, 32] and emitted clip[1, 3, 32, 32]",
        ),
        ("LEAVES_CLIP_OPEN", "left a clip open"),
        (
            "LABEL_AS_FRAME",
            "emits something else than a picture as a frame",
        ),
        ("SAMPLE_STALE", "failed with status 3"),
        ("SAMPLE_FAILS", "this picture is too dark"),
    ] {
        let plan = said_of(&[&format!("-D{fault}")], TRANSFORMED).sound();
        let error = drawn(&plan).expect_err(fault);
        assert!(error.contains(words), "{fault}: {error}");
        assert!(
            error.contains("`untouched` of plugin faulty 0.1.3"),
            "{fault}: {error}"
        );
    }
}

fn file(bytes: &[u8], words: &str) {
    let folder = project();
    fs::write(place(folder.path(), "faulty"), bytes).expect("a file");
    let said = plan(folder.path(), &recipe("faulty"), Options::default());
    assert!(
        said.plan.is_none() && said.text.contains(words),
        "{}",
        said.text
    );
    goes_on();
}

#[test]
fn files_that_are_no_libraries() {
    file(b"", "it is empty");
    file(b"#!/bin/sh\necho hello\n", "no shared library");
    let whole = fs::read(sound_library()).expect("a library");
    for part in [2, 3, 4, 8, 64] {
        file(&whole[..whole.len() - whole.len() / part], "cut short");
    }
    file(&whole[..whole.len() - 1], "cut short");
    // the right length, but its middle is gone
    let mut hollow = whole.clone();
    let third = hollow.len() / 3;
    hollow[4..third].fill(0);
    file(&hollow, "platform");
}

#[test]
fn where_a_plugin_is_looked_for() {
    let folder = project();
    let said = plan(folder.path(), &recipe("faulty"), Options::default());
    assert!(
        said.text.contains("there is no plugin `faulty`"),
        "{}",
        said.text
    );
    assert!(said.text.contains("--plugin-path"), "{}", said.text);

    // --plugin-path, last
    let elsewhere = project();
    fs::copy(sound_library(), place(elsewhere.path(), "faulty")).expect("a copy");
    let options = || Options {
        plugin_path: vec![elsewhere.path().join("plugins")],
        ..Options::default()
    };
    plan(folder.path(), &recipe("faulty"), options()).sound();

    // the project's own wins over it
    let own = place(folder.path(), "faulty");
    cc(
        &root().join("tests/abi/faulty.c"),
        &["-DOTHER_VERSION"],
        &own,
    );
    let said = plan(
        folder.path(),
        &recipe("faulty"),
        Options {
            update_lock: true,
            ..options()
        },
    );
    assert!(
        said.text
            .contains("in version 0.2.0, and the recipe wants 0.1"),
        "{}",
        said.text
    );

    let said = plan(
        folder.path(),
        &recipe("faulty"),
        Options {
            no_plugins: true,
            ..options()
        },
    );
    assert!(said.text.contains("`--no-plugins` is set"), "{}", said.text);

    for name in ["../faulty", "Faulty", "a b", ""] {
        let said = plan(
            folder.path(),
            &recipe(name).replace("learnt = ", "learnt = x"),
            options(),
        );
        assert!(
            said.text.contains("can't be called"),
            "{name}: {}",
            said.text
        );
    }
    let said = plan(
        folder.path(),
        &recipe("faulty").replace("\"0.1\"", "\"latest\""),
        options(),
    );
    assert!(
        said.text.contains("\"latest\" is no version"),
        "{}",
        said.text
    );
}

#[test]
fn the_user_s_folder_comes_second() {
    let folder = project();
    let user = folder.path().join("user");
    fs::create_dir_all(user.join("plugins")).expect("a folder");
    fs::copy(sound_library(), place(&user, "faulty")).expect("a copy");
    fs::write(folder.path().join("test.ssl"), recipe("faulty")).expect("a recipe");
    let output = pretext(folder.path(), &["check", "test.ssl"]);
    assert!(output.status.success(), "{}", all(&output));
}

#[test]
fn content_is_pinned() {
    let folder = project();
    let library = place(folder.path(), "faulty");
    fs::copy(sound_library(), &library).expect("a copy");
    let check = |options| plan(folder.path(), &recipe("faulty"), options);
    check(Options::default()).sound();
    let lock = fs::read_to_string(folder.path().join("ssl.lock")).expect("a lock");
    let hash = blake3::hash(&fs::read(&library).expect("a library")).to_hex();
    assert!(
        lock.contains(hash.as_str()) && lock.contains("faulty linux-"),
        "{lock}"
    );

    // another content is refused, and not loaded: this one would crash the process while loading
    cc(&root().join("tests/abi/crashes.c"), &[], &library);
    let said = check(Options::default());
    assert!(said.text.contains("E0904"), "{}", said.text);
    assert!(said.text.contains("is not the one that"), "{}", said.text);
    assert!(said.text.contains("--update-lock"), "{}", said.text);

    cc(&root().join("tests/abi/faulty.c"), &["-DREFUSES"], &library);
    assert!(check(Options::default()).plan.is_none());
    let options = Options {
        update_lock: true,
        ..Options::default()
    };
    check(options).sound();
    check(Options::default()).sound();
}

/// What fails to load is not pinned.
#[test]
fn only_what_works_is_pinned() {
    let folder = project();
    fs::write(place(folder.path(), "faulty"), "nothing").expect("a file");
    assert!(
        plan(folder.path(), &recipe("faulty"), Options::default())
            .plan
            .is_none()
    );
    assert!(!folder.path().join("ssl.lock").exists());
}

/// `pretext plugin check` in a process of its own.
fn checked(flags: &[&str], more: &[&str]) -> (bool, String) {
    let folder = with(flags);
    let args = [&["plugin", "check", "faulty"], more].concat();
    let output = pretext(folder.path(), &args);
    (output.status.success(), all(&output))
}

#[test]
fn check_tries_everything() {
    let (sound, text) = checked(&[], &[]);
    assert!(sound, "{text}");
    assert!(text.contains("faulty 0.1.3, ABI 1.3"), "{text}");
    assert!(
        text.contains("task faulty: sound") && text.contains("made small: loss"),
        "{text}"
    );
    assert!(text.contains("transform untouched: sound"), "{text}");
    let (sound, text) = checked(&["-DEMITS_SMALL"], &[]);
    assert!(!sound && text.contains("emitted image[3, 3, 3]"), "{text}");
    let (sound, text) = checked(&["-DUNKNOWN_OP"], &["--json"]);
    assert!(!sound && text.contains("4000000000"), "{text}");
}

#[test]
fn check_survives_crashes_and_waits_for_nobody() {
    let (sound, text) = checked(&["-DCRASH"], &[]);
    assert!(!sound, "{text}");
    assert!(
        text.contains("it crashed (signal 11") && text.contains("task `faulty`"),
        "{text}"
    );
    let began = std::time::Instant::now();
    let (sound, text) = checked(&["-DFOREVER"], &["--limit", "0.7"]);
    assert!(
        !sound && text.contains("did not return within 0.7 s"),
        "{text}"
    );
    assert!(began.elapsed().as_secs() < 5);

    let folder = project();
    let library = place(folder.path(), "crashes");
    cc(&root().join("tests/abi/crashes.c"), &[], &library);
    let output = pretext(folder.path(), &["plugin", "check", "crashes"]);
    let text = all(&output);
    assert!(
        text.contains("it crashed (signal 11") && text.contains("while it was loaded"),
        "{text}"
    );
    let output = pretext(folder.path(), &["plugin", "list"]);
    assert!(
        output.status.success() && all(&output).contains("crashed"),
        "{}",
        all(&output)
    );
}

#[test]
fn check_is_not_deceived_by_what_a_plugin_prints() {
    let (sound, text) = checked(&["-DPRINTS"], &[]);
    assert!(
        !sound && text.contains("task faulty: UNSOUND") && text.contains("it is broken"),
        "{text}"
    );
    // what comes after it was tried all the same
    assert!(text.contains("transform untouched: sound"), "{text}");
    let (sound, text) = checked(&["-DFLOODS"], &["--limit", "1.5"]);
    assert!(
        !sound && text.contains("did not return within 1.5 s"),
        "{text}"
    );
}

#[test]
fn check_hears_of_an_end_after_the_last_call() {
    let (sound, text) = checked(&["-DEXITS_LATE"], &[]);
    assert!(
        !sound && text.contains("it crashed (signal 6") && text.contains("the process ended"),
        "{text}"
    );
    let (sound, text) = checked(&["-DLEAVES_LATE"], &[]);
    assert!(
        !sound && text.contains("exit code 9") && text.contains("after all was tried"),
        "{text}"
    );
    // an end that no handler sees
    let (sound, text) = checked(&["-DLEAVES"], &[]);
    assert!(
        !sound && text.contains("it ended its process (exit code 0) while task `faulty` was tried"),
        "{text}"
    );
}

#[test]
fn check_tells_the_reason_and_not_the_way_there() {
    let (sound, text) = checked(&["-DCOMPLAINS"], &[]);
    assert!(
        !sound && text.contains("while task `faulty` was tried: out of cheese"),
        "{text}"
    );
}

#[test]
fn check_waits_for_no_process_of_a_plugin() {
    let folder = with(&["-DFORKS"]);
    let began = std::time::Instant::now();
    let output = pretext(folder.path(), &["plugin", "check", "faulty"]);
    let text = all(&output);
    assert!(text.contains("it crashed (signal 6"), "{text}");
    assert!(began.elapsed().as_secs() < 8, "{text}");
}

/// The limit is one of a call, and a slow transform is not called for minutes.
#[test]
fn slow_transforms_are_no_hanging_ones() {
    let began = std::time::Instant::now();
    let (sound, text) = checked(&["-DSLOW"], &["--limit", "1"]);
    assert!(
        sound && text.contains("transform untouched: sound"),
        "{text}"
    );
    assert!(began.elapsed().as_secs() < 20, "{text}");
}

#[test]
fn limits_are_numbers_of_seconds() {
    for limit in ["nan", "0", "-1", "inf", "3601", "1e300", "soon"] {
        let (sound, text) = checked(&[], &["--limit", limit]);
        assert!(
            !sound && text.contains("a number of seconds"),
            "{limit}: {text}"
        );
    }
}

/// Nothing of a plugin goes on when nobody waits for it any more.
#[cfg(target_os = "linux")]
#[test]
fn a_check_that_is_killed_leaves_nothing_behind() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let wait = |what: &str, done: &mut dyn FnMut() -> bool| {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < Duration::from_secs(20), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let folder = with(&["-DFOREVER"]);
    let mut check = Command::new(env!("CARGO_BIN_EXE_pretext"))
        .args(["plugin", "check", "faulty", "--limit", "120"])
        .current_dir(folder.path())
        .env("PRETEXT_DATA", folder.path().join("user"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut child = String::new();
    wait("the plugin did not start", &mut || {
        child = fs::read_to_string(folder.path().join("pid")).unwrap_or_default();
        child.ends_with('\n')
    });
    check.kill().expect("it is killed");
    check.wait().expect("it ends");
    let stat = format!("/proc/{}/stat", child.trim());
    wait("the plugin goes on", &mut || {
        // one that has ended may wait for somebody to ask how
        fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z "))
    });
}

/// A process that a plugin ends has not succeeded.
#[cfg(unix)]
#[test]
fn a_plugin_that_exits_is_an_error() {
    let words = "plugin faulty 0.1.3 ended the process (it called `exit`)";
    for fault in ["-DEXITS", "-DSAMPLE_EXITS"] {
        let (sound, text) = checked(&[fault], &[]);
        assert!(!sound && text.contains(words), "{text}");
    }
    let folder = with(&["-DEXITS"]);
    fs::write(folder.path().join("recipe.ssl"), recipe("faulty")).expect("a recipe");
    let output = pretext(folder.path(), &["check", "recipe.ssl"]);
    let text = all(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains(words) && text.contains("error[E0903]"),
        "{text}"
    );

    // a thread that draws samples
    let folder = with(&["-DSAMPLE_EXITS"]);
    fs::write(folder.path().join("recipe.ssl"), TRANSFORMED).expect("a recipe");
    let output = pretext(folder.path(), &["run", "recipe.ssl"]);
    let text = all(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(words), "{text}");
}

/// What differs from its pin is not loaded, by no command.
#[test]
fn what_is_not_the_pinned_one_is_not_loaded() {
    let folder = project();
    let library = place(folder.path(), "faulty");
    fs::copy(sound_library(), &library).expect("a copy");
    plan(folder.path(), &recipe("faulty"), Options::default()).sound();
    // what is pinned, and what has no pin, may be loaded
    let crashes = place(folder.path(), "crashes");
    cc(&root().join("tests/abi/crashes.c"), &[], &crashes);
    let text = all(&pretext(folder.path(), &["plugin", "list"]));
    assert!(
        text.contains("faulty 0.1.3") && text.contains("crashed"),
        "{text}"
    );
    fs::remove_file(&crashes).expect("it is there");

    // it would be told of as a crash if it were loaded
    cc(&root().join("tests/abi/crashes.c"), &[], &library);
    let output = pretext(folder.path(), &["plugin", "list"]);
    let text = all(&output);
    assert!(
        output.status.success()
            && text.contains("not the one that is pinned")
            && !text.contains("crashed"),
        "{text}"
    );
    let path = library.to_str().expect("a path of letters");
    for what in ["faulty", path] {
        for more in [&[][..], &["--json"]] {
            let output = pretext(folder.path(), &[&["plugin", "check", what], more].concat());
            let text = all(&output);
            assert_eq!(output.status.code(), Some(1), "{text}");
            for words in ["E0904", "is not the one that", "--update-lock"] {
                assert!(text.contains(words), "no {words:?} in {text}");
            }
            assert!(!text.contains("crashed"), "{text}");
        }
    }
}

/// Rust plugins of a second toolchain are loaded where there is one.
#[test]
fn a_second_toolchain() {
    let list = std::process::Command::new("rustup")
        .args(["toolchain", "list"])
        .output();
    let list = list.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let other = list.unwrap_or_default();
    let other = other
        .lines()
        .filter(|line| !line.contains("active") && !line.contains("default"))
        .find_map(|line| line.split_whitespace().next().map(str::to_owned));
    let Some(other) = other else {
        eprintln!("skipped: there is no second Rust toolchain on this machine");
        return;
    };
    let folder = project();
    let target = folder.path().join("target");
    let output = std::process::Command::new("cargo")
        .arg(format!("+{other}"))
        .args(["build", "--release", "--offline", "--manifest-path"])
        .arg(root().join("plugins/grid_shuffle/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", all(&output));
    let library = Path::new("release").join(pretext::extend::plugin::file_name("grid_shuffle"));
    fs::copy(target.join(library), place(folder.path(), "grid_shuffle")).expect("a copy");
    let output = pretext(folder.path(), &["plugin", "check", "grid_shuffle"]);
    assert!(output.status.success(), "{}", all(&output));
}
