//! Other people's recipes and scripts: what they may read, what they can do to a terminal, whose edits are taken.

use std::fs;

use super::Test;
use super::scripts::{OBJECTIVE, task};
use pretext::language::steers;

/// A recipe that uses this script.
fn uses(script: &str) -> String {
    format!(
        "ssl 1\n\nuse script \"{script}\"\n\ndataset figures = shapes(train = 64, valid = 16, test = 16)\n\n\
         pretext learnt = task() {{\n  data    = figures.train\n  encoder = small_cnn(width = 4)\n  batch   = 16\n  length  = 2 steps\n}}\n"
    )
}

const SECRET: &str = "root:x:0:0:the secret of this machine";

/// What no recipe may have shown, in the places where it could be looked for.
#[test]
fn a_recipe_reads_no_file_that_is_no_script_of_its_project() {
    let outside = Test::new()
        .file("passwd", SECRET)
        .file("evil.rhai", format!("fn build(g, p) {{ {SECRET} }}"))
        .file("task.rhai", task("", OBJECTIVE));
    let there = |name: &str| outside.path(name).display().to_string();
    let up = format!("{}{}", "../".repeat(40), &there("passwd")[1..]);
    let mut names = vec![
        "/etc/passwd".to_owned(),
        there("passwd"),
        there("evil.rhai"),
        up,
        "secret.txt".into(),
        "".into(),
        ".".into(),
        "..".into(),
        "folder".into(),
        "folder.rhai".into(),
        "./folder/../secret.txt".into(),
        ".rhai".into(),
        "/dev/stdin".into(),
        "/proc/self/environ".into(),
        "task.rhai/".into(),
    ];
    if cfg!(unix) {
        names.extend([
            "link.rhai".into(),
            "evil_link.rhai".into(),
            "up/evil.rhai".into(),
        ]);
    }
    for flag in [&[][..], &["--allow-outside"]] {
        for name in &names {
            let test = Test::new()
                .file("recipe.ssl", uses(name))
                .file("secret.txt", SECRET)
                .file("folder/a.txt", SECRET)
                .file("folder.rhai/a.txt", SECRET);
            #[cfg(unix)]
            for (from, to) in [
                (there("passwd"), "link.rhai"),
                (there("evil.rhai"), "evil_link.rhai"),
                (outside.path("").display().to_string(), "up"),
            ] {
                std::os::unix::fs::symlink(from, test.path(to)).expect("a link");
            }
            for verb in ["check", "run", "plan", "expand"] {
                let ran = test.run(&[&[verb, "recipe.ssl"], flag].concat());
                let said = format!("{}{}", ran.stdout(), ran.stderr());
                let ran = ran.code(1);
                // with the flag a script may lie elsewhere, and a script's lines are shown
                if flag.is_empty() || !name.contains("evil") {
                    assert!(!said.contains("secret of"), "{verb} {name}: {said}");
                    assert!(!said.contains("root:"), "{verb} {name}: {said}");
                }
                drop(ran);
            }
        }
    }
    // a script that lies elsewhere is read where it is said that it may be
    let test = Test::new().file("recipe.ssl", uses(&there("task.rhai")));
    test.run(&["check", "recipe.ssl"])
        .code(1)
        .says("lies outside the project")
        .says("--allow-outside");
    test.run(&["check", "recipe.ssl", "--allow-outside"])
        .success();
    // a project is larger than the recipe's folder where a lock, or `pretext.toml`, says so
    for marker in ["ssl.lock", "pretext.toml"] {
        let test = Test::new()
            .file("recipes/recipe.ssl", uses("../tasks/task.rhai"))
            .file("tasks/task.rhai", task("", OBJECTIVE));
        test.run(&["check", "recipes/recipe.ssl"])
            .code(1)
            .says("lies outside");
        let text = if marker == "ssl.lock" {
            "version = 1\n"
        } else {
            ""
        };
        test.write(marker, text);
        test.run(&["check", "recipes/recipe.ssl"]).success();
    }
    // a lock that leads elsewhere is not read either
    #[cfg(unix)]
    {
        let test = Test::new()
            .file("recipe.ssl", uses("task.rhai"))
            .file("task.rhai", task("", OBJECTIVE));
        std::os::unix::fs::symlink(there("passwd"), test.path("ssl.lock")).expect("a link");
        let ran = test.run(&["check", "recipe.ssl"]);
        assert!(!ran.stderr().contains("root:"), "{}", ran.stderr());
        ran.code(1);
    }
}

/// Texts that do something to a terminal when they are printed as they are.
const STEERING: &[&str] = &[
    "\x1b[2J\x1b[H",
    "\x1b]8;;http://evil/\x07click\x1b]8;;\x07",
    "\u{9b}2J",
    "\u{9d}0;title\u{9c}",
    "\u{202e}txt.exe",
    "\u{2066}a\u{2069}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "a\rb",
    "\x08\x08",
    "\x7f",
    "\x07",
    "\u{2028}",
    "\u{e0041}",
];

/// Nothing that steers is in what was printed, but ends of lines; a tab only where the frame laid it out.
#[track_caller]
fn tame(what: &str, text: &str) {
    let wild: Vec<char> = text.chars().filter(|c| steers(*c) && *c != '\n').collect();
    assert!(wild.is_empty(), "{what}: {wild:?} in {text:?}");
}

#[test]
fn no_text_of_a_script_steers_the_terminal() {
    for wild in STEERING {
        // rhai's own strings take them as they are; a line feed inside would end the string
        let cases = [
            ("a throw", task("", &format!("throw \"{wild}\";"))),
            (
                "a comment beside an error",
                task("", &format!("let q = nobody; // {wild}")),
            ),
            (
                "a name that is not there",
                task("", &format!("p[\"{wild}\"];")),
            ),
            (
                "a function that is not there",
                task("", &format!("g.op(\"{wild}\");")),
            ),
            ("no syntax", format!("fn build(g, p) {{ {wild} }}")),
            (
                "the default augment",
                task("", OBJECTIVE).replace("emit view", &format!("/* {wild} */ emit view")),
            ),
            (
                "what it says of itself",
                format!("fn about() {{ #{{summary: \"{wild}\", doc: \"{wild}\"}} }}\n")
                    + &task("", OBJECTIVE),
            ),
            (
                "a parameter",
                task(
                    &format!(
                        "#{{name: \"a{wild}\", type: \"number\", default: 1.0, doc: \"{wild}\"}}"
                    ),
                    OBJECTIVE,
                ),
            ),
            (
                "a type",
                task(
                    &format!("#{{name: \"a\", type: \"{wild}\", doc: \"b\"}}"),
                    OBJECTIVE,
                ),
            ),
        ];
        for (what, script) in cases {
            let test = Test::new()
                .file("recipe.ssl", uses("task.rhai"))
                .file("task.rhai", script);
            for verb in [
                &["check", "recipe.ssl"][..],
                &["check", "recipe.ssl", "--json"],
                &["doc", "task", "--recipe", "recipe.ssl"],
                &["doc", "task", "--recipe", "recipe.ssl", "--json"],
                &["list", "--recipe", "recipe.ssl"],
            ] {
                let ran = test.run(verb);
                let about = format!("{what}, {verb:?}");
                tame(&about, &ran.stdout());
                tame(&about, &ran.stderr());
                assert!(!ran.stderr().contains("panicked"), "{about}");
                if verb.contains(&"--json") && !ran.stdout().is_empty() {
                    ran.json();
                }
            }
        }
        // in the recipe itself, and in the name of a file
        for text in [
            format!("ssl 1\n\n// {wild}\ndataset {wild} = shapes()\n"),
            format!("ssl 1\n\nuse script \"{wild}.rhai\"\n"),
            format!("ssl 1\n\ndataset a = folder(\"{wild}\")\n"),
            format!("ssl 1\n\nuse plugin \"{wild}\" version \"{wild}\"\n"),
        ] {
            let test = Test::new().file("recipe.ssl", text.replace('\r', "\u{9b}"));
            for more in [&[][..], &["--json"]] {
                let ran = test.run(&[&["check", "recipe.ssl"], more].concat());
                tame(&text, &ran.stdout());
                tame(&text, &ran.stderr());
                ran.code(1);
            }
        }
        #[cfg(unix)]
        {
            let name = format!("re{wild}cipe.ssl").replace('/', "_");
            let test = Test::new().file(&name, "ssl 1\n\ndataset a = nobody()\n");
            let ran = test.run(&["check", &name]);
            tame(&name, &ran.stdout());
            tame(&name, &ran.stderr());
            let ran = test.run(&["check", &format!("{name}x")]);
            tame(&name, &ran.stderr());
        }
    }
}

/// JSON says the very text, written so that a terminal shows it and nothing more.
#[test]
fn json_keeps_what_it_writes_out() {
    let test = Test::new()
        .file("recipe.ssl", uses("task.rhai"))
        .file("task.rhai", task("", "throw \"a\u{9b}b\u{202e}c\";"));
    let said = test.run(&["check", "recipe.ssl", "--json"]).code(1).json();
    assert_eq!(said["diagnostics"][0]["message"], "a\u{9b}b\u{202e}c");
}

/// Whose edits are taken.
#[test]
fn one_s_own_edits_need_no_word_and_a_stranger_s_do() {
    let own = Test::new()
        .file("recipe.ssl", uses("task.rhai"))
        .file("task.rhai", task("", OBJECTIVE));
    let pinned = |test: &Test| fs::read_to_string(test.path("ssl.lock")).ok();
    let edit = |test: &Test, n: usize| {
        test.write("task.rhai", format!("// {n}\n{}", task("", OBJECTIVE)));
    };
    let run = ["run", "recipe.ssl", "--quiet"];
    let locked = ["check", "recipe.ssl", "--locked"];
    // neither a check nor a run that fails pins
    own.run(&["check", "recipe.ssl"]).success();
    own.run(&["plan", "recipe.ssl"]).success();
    assert_eq!(pinned(&own), None);
    own.run(&locked).code(1).says("E0904").says("has no pin");
    own.write("task.rhai", task("", "throw \"no\";"));
    own.run(&run).code(1);
    assert_eq!(pinned(&own), None);
    edit(&own, 0);
    own.run(&run).success();
    let first = pinned(&own).expect("a lock");
    // an edit, and one that fails: the pin stays until a run succeeds
    edit(&own, 1);
    own.run(&locked).code(1).says("E0904").says("--locked");
    own.run(&["check", "recipe.ssl"]).success();
    own.write("task.rhai", task("", "throw \"no\";"));
    own.run(&["check", "recipe.ssl"]).code(1);
    own.run(&run).code(1);
    assert_eq!(pinned(&own).as_ref(), Some(&first));
    edit(&own, 2);
    own.run(&run).success();
    assert_ne!(pinned(&own).as_ref(), Some(&first));
    own.run(&locked).success();

    // the same project on another machine: its pins are somebody's word
    let theirs = Test::new()
        .file("recipe.ssl", uses("task.rhai"))
        .file(
            "task.rhai",
            fs::read(own.path("task.rhai")).expect("it is there"),
        )
        .file("ssl.lock", pinned(&own).expect("a lock"));
    theirs.run(&locked).success();
    theirs.run(&["check", "recipe.ssl"]).success();
    edit(&theirs, 3);
    for verb in ["check", "run", "plan", "expand", "preview"] {
        theirs
            .run(&[verb, "recipe.ssl"])
            .code(1)
            .says("E0904")
            .says("came with the recipe")
            .says("--update-lock");
    }
    theirs
        .run(&["check", "recipe.ssl", "--update-lock"])
        .success();
    edit(&theirs, 4);
    theirs.run(&run).success();
    theirs
        .run(&["check", "recipe.ssl", "--locked", "--update-lock"])
        .code(2);
    // a list of own pins that says anything else is nobody's word
    for text in ["*", "\u{0}", &"f".repeat(64), &"a\n".repeat(70_000)] {
        theirs.write("data/pins", text);
        edit(&theirs, 5);
        theirs.run(&["check", "recipe.ssl"]).code(1).says("E0904");
    }
}
