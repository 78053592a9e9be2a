//! The way of somebody who has the binary and a compiler, and nothing else.

use std::fs;

use super::support::*;

fn walk(lang: &str) {
    let folder = project();
    let run = |args: &[&str]| {
        let output = pretext(folder.path(), args);
        assert!(
            output.status.success(),
            "pretext {}:\n{}",
            args.join(" "),
            all(&output)
        );
        all(&output)
    };
    let text = run(&["plugin", "new", "first_try", "--lang", lang]);
    assert!(
        text.contains("next: pretext plugin build first_try"),
        "{text}"
    );
    let text = run(&["plugin", "list"]);
    assert!(text.contains("not built"), "{text}");
    let text = run(&["plugin", "build"]);
    assert!(text.contains("task first_try: sound"), "{text}");
    let text = run(&["plugin", "list"]);
    assert!(
        text.contains("first_try 0.1.0") && text.contains("\n  pinned"),
        "{text}"
    );
    run(&["check", "first_try.ssl", "--deny", "warnings"]);
    // a recipe below the project's folder finds the plugin too
    fs::create_dir(folder.path().join("below")).expect("a folder");
    fs::copy(
        folder.path().join("first_try.ssl"),
        folder.path().join("below/r.ssl"),
    )
    .expect("a copy");
    run(&["check", "below/r.ssl"]);
    let sets = [
        "learnt.length=3 steps",
        "learnt.batch=8",
        "figures.train=64",
        "figures.test=32",
    ];
    let mut args = vec!["run", "first_try.ssl", "--quiet"];
    for set in &sets {
        args.extend(["--set", set]);
    }
    run(&args);
    assert!(folder.path().join("runs/first_try/results.json").is_file());

    // another who takes it in a bundle says that native code may come with it
    run(&["bundle", "first_try.ssl", "-o", "bare.bundle"]);
    let text = run(&["unbundle", "bare.bundle", "bare"]);
    assert!(text.contains("not in the bundle"), "{text}");
    run(&["bundle", "first_try.ssl", "-o", "whole.bundle", "--plugins"]);
    let text = run(&["unbundle", "whole.bundle", "without"]);
    assert!(text.contains("`--plugins` writes it too"), "{text}");
    assert!(!folder.path().join("without/plugins").exists());
    let text = run(&["unbundle", "whole.bundle", "whole", "--plugins"]);
    assert!(
        text.contains("native code, which the recipe runs"),
        "{text}"
    );
    run(&[
        "check",
        "whole/first_try.ssl",
        "--locked",
        "--deny",
        "warnings",
    ]);

    let again = pretext(folder.path(), &["plugin", "new", "first_try"]);
    assert!(
        !again.status.success() && all(&again).contains("is there already"),
        "{}",
        all(&again)
    );
    let bad = pretext(folder.path(), &["plugin", "new", "First-Try"]);
    assert!(
        !bad.status.success() && all(&bad).contains("can't be called"),
        "{}",
        all(&bad)
    );
}

#[test]
fn in_rust() {
    walk("rust");
}

#[test]
fn in_c() {
    walk("c");
}
