//! Panics of a Rust plugin end in the plugin.

use std::fs;

use pretext::extend::Options;

use super::faults::drawn;
use super::support::*;

#[test]
fn panics_are_messages() {
    let folder = project();
    let library = cargo("tests/abi/panics", "panics");
    fs::copy(library, place(folder.path(), "panics")).expect("a copy");
    let check = |text: &str| plan(folder.path(), text, Options::default());

    let text = check(&recipe("panics")).text;
    assert!(
        text.contains("plugin panics 0.1.0 panicked: there is nothing at 0 at src/lib.rs:7"),
        "{text}"
    );
    assert!(text.contains("test.ssl:"), "{text}");

    let text = check(&recipe("panics").replace("learnt = panics", "learnt = undeclared")).text;
    assert!(
        text.contains("there is no parameter `temperatur` with a value"),
        "{text}"
    );

    let rotation = recipe("panics").replace("learnt = panics", "learnt = rotation");
    let text = check(&rotation.replace("image |>", "image |> throws() |>")).text;
    assert!(
        text.contains("panicked: without a message at src/lib.rs"),
        "{text}"
    );

    let plan = check(&rotation.replace("image |>", "image |> breaks() |>")).sound();
    for _ in 0..3 {
        let error = drawn(&plan).unwrap_err();
        assert!(
            error.contains("`breaks` of plugin panics 0.1.0 panicked: index out of bounds"),
            "{error}"
        );
    }
    // the process is as sound as before
    check(&rotation).sound();
}

/// `panic = "abort"` would let a panic end the host: such a plugin does not compile.
#[test]
fn panic_abort_is_refused() {
    let folder = project();
    let root = root().display();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write(
        "src/lib.rs",
        "use pretext_plugin::*;\nexport_plugin!(tasks = []);\n",
    );
    write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"aborts\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
             [dependencies]\npretext-plugin = {{ path = \"{root}/plugins/sdk\" }}\n[profile.release]\npanic = \"abort\"\n[workspace]\n"
        ),
    );
    let output = std::process::Command::new(env!("CARGO"))
        .args(["check", "--release", "--offline"])
        .current_dir(folder.path())
        .output()
        .expect("cargo");
    let text = all(&output);
    assert!(!output.status.success(), "{text}");
    assert!(
        text.contains("a plugin can't be built with `panic = \"abort\"`"),
        "{text}"
    );
}
