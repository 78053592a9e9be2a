//! `use script` and `use plugin`, with doors that bring in what the test says.

use std::path::Path;

use pretext::catalog::{Kind, Make, Spec};
use pretext::language::checked::Use;
use pretext::language::codes::Code;
use pretext::language::{
    Diagnostic, Doors, FileId, Sources, Span, check_using, decode, expand, render,
};

/// Brings one task of the script's or plugin's name; the name `broken` brings an error.
struct Fake;

impl Doors for Fake {
    fn open(&mut self, used: &Use, sources: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        let name = used.name.text.as_str();
        let name = name.rsplit('/').next().unwrap_or(name);
        let name = name.trim_end_matches(".rhai");
        if name == "broken" {
            let file: FileId = sources.add("tasks/broken.rhai", "let x = ;\n");
            let error = Diagnostic::error(Code::Script, Span::new(file, 8, 9), "no value");
            return Err(vec![error.label(used.span, "used here")]);
        }
        Ok(vec![Spec::new(name, Kind::Task, "A task.", Make::Stage)])
    }
}

fn check(body: &str) -> (Option<String>, Vec<&'static str>, String) {
    let text = format!("ssl 1\n\n{body}");
    let (mut sources, file, mut diagnostics) = decode(Path::new("test.ssl"), text.as_bytes());
    let mut catalog = super::catalog::catalog();
    let (recipe, more) = check_using(
        &mut sources,
        file.expect("text"),
        &mut catalog,
        &mut Fake,
        &[],
    );
    diagnostics.extend(more);
    let codes = diagnostics.iter().map(|d| d.code.number()).collect();
    let said: Vec<String> = diagnostics
        .iter()
        .map(|d| render(d, &sources, false))
        .collect();
    (recipe.map(|r| expand(&r)), codes, said.join("\n\n"))
}

const STAGE: &str = "dataset d = fashion_mnist()\nencoder e = small_cnn()\naugment a(image) { emit image }\n\
                     pretext p = TASK() { data = d.train, augment = a, encoder = e }\n";

fn stage(task: &str) -> String {
    STAGE.replace("TASK", task)
}

#[test]
fn what_is_used_is_called_like_what_is_built_in() {
    let uses =
        "use script \"tasks/vicreg.rhai\"\nuse plugin \"acme_jigsaw\" version \"0.3\"  // pinned\n";
    for task in ["vicreg", "acme_jigsaw"] {
        let (expanded, codes, said) = check(&format!("{uses}{}", stage(task)));
        assert!(codes.is_empty(), "{said}");
        let expanded = expanded.expect("a recipe");
        assert!(
            expanded.contains(
                "\nuse script \"tasks/vicreg.rhai\"\nuse plugin \"acme_jigsaw\" version \"0.3\"\n"
            ),
            "{expanded}"
        );
        let again = check(expanded.trim_start_matches("ssl 1\n"));
        assert_eq!(again.0.as_deref(), Some(expanded.as_str()), "{}", again.2);
    }
    // the items may stand in any order
    let (_, codes, said) = check(&format!("{}{uses}", stage("vicreg")));
    assert!(codes.is_empty(), "{said}");
}

#[test]
fn what_is_used_hides_what_is_built_in() {
    let (expanded, codes, said) = check(&format!(
        "use script \"rotation.rhai\"\n{}",
        stage("rotation")
    ));
    assert!(codes.is_empty(), "{said}");
    // the built-in one has a head
    assert!(!expanded.expect("a recipe").contains("head"));
}

#[test]
fn lines_that_say_too_much_or_too_little() {
    for (line, code, words) in [
        ("use plugin \"acme\"", "E0205", "names no version"),
        (
            "use script \"a.rhai\" version \"1\"",
            "E0203",
            "a script has no version",
        ),
        ("use \"views.ssl\"", "E0501", "no other recipe is read here"),
        (
            "use plugin acme version \"1\"",
            "E0101",
            "expected a string",
        ),
        ("use script", "E0101", "expected a string"),
        ("use recipe \"a\"", "E0101", "`script` or `plugin`"),
        (
            "use plugin \"acme\" version 0.3",
            "E0101",
            "expected a string",
        ),
    ] {
        let (_, codes, said) = check(&format!("{line}\n{}", stage("simclr")));
        assert_eq!(codes, [code], "{line}: {said}");
        assert!(said.contains(words), "{line}: {said}");
    }
}

#[test]
fn one_entry_comes_in_once() {
    let (_, codes, said) = check(&format!(
        "use script \"a/t.rhai\"\nuse plugin \"t\" version \"1\"\nuse script \"a/t.rhai\"\n{}",
        stage("t")
    ));
    assert_eq!(codes, ["E0204", "E0204"], "{said}");
    assert!(said.contains("the task `t` is brought in twice"), "{said}");
    assert!(said.contains("is used twice"), "{said}");
}

#[test]
fn a_failure_is_said_once_with_both_places() {
    let (_, codes, said) = check(&format!("use script \"broken.rhai\"\n{}", stage("broken")));
    assert_eq!(codes, ["E0901"], "{said}");
    assert!(said.contains("tasks/broken.rhai:1:9"), "{said}");
    assert!(said.contains("test.ssl:3:1"), "{said}");
}
