//! Mistakes of people, seeded into every recipe of the project: is each caught, once, where it was made, with a fix that holds?
//!
//! The score is printed: `cargo test --release --test cli -- seeded --nocapture` shows it with every case that falls short.

mod kinds;
mod sites;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Test;
use kinds::{KINDS, Kind};

/// A recipe with one mistake.
struct Case {
    recipe: String,
    kind: &'static Kind,
    text: Vec<u8>,
    /// The line with the mistake, counted from 1.
    line: u64,
}

/// What came of it.
struct Outcome {
    errors: Vec<Value>,
}

/// The recipes, by name.
fn recipes() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let paths = std::fs::read_dir(folder).expect("the recipes");
    paths
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "ssl"))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let text = std::fs::read_to_string(&path).expect("a recipe");
            (name.into_owned(), text)
        })
        // plugins are compiled elsewhere: without one nobody knows what it takes
        .filter(|(_, text)| !text.contains("use plugin"))
        .collect()
}

/// A folder with what recipes use beside them.
fn folder() -> Test {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let mut test = Test::new();
    for kind in ["tasks", "schedules"] {
        for entry in std::fs::read_dir(scripts.join(kind)).expect("scripts") {
            let path: PathBuf = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let bytes = std::fs::read(&path).expect("a script");
            test = test.file(&format!("{kind}/{name}"), bytes);
        }
    }
    test
}

/// The errors of many texts, in two processes.
fn check(texts: &[&[u8]]) -> Vec<Outcome> {
    let half = texts.len().div_ceil(2).max(1);
    let parts: Vec<Vec<Outcome>> = std::thread::scope(|scope| {
        let running: Vec<_> = texts
            .chunks(half)
            .map(|texts| scope.spawn(|| check_here(texts)))
            .collect();
        let done = running.into_iter();
        done.map(|part| part.join().expect("a check ends"))
            .collect()
    });
    parts.into_iter().flatten().collect()
}

fn check_here(texts: &[&[u8]]) -> Vec<Outcome> {
    let test = folder();
    let mut names = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let name = format!("{index:05}.ssl");
        test.write(&name, text);
        names.push(name);
    }
    let mut args = vec!["check", "--json", "--offline", "--no-plugins"];
    args.extend(names.iter().map(String::as_str));
    let said = test.run(&args).json();
    let said = match said["recipes"].as_array() {
        Some(all) => all.clone(),
        None => vec![said],
    };
    assert_eq!(said.len(), texts.len());
    said.iter()
        .map(|one| {
            assert!(one["error"].is_null(), "{one}");
            let all = one["diagnostics"].as_array().expect("diagnostics").iter();
            let errors = all.filter(|d| d["severity"] == "error" && !of_machine(d));
            Outcome {
                errors: errors.cloned().collect(),
            }
        })
        .collect()
}

/// Data and plugins that this machine lacks are no mistake of the recipe.
fn of_machine(diagnostic: &Value) -> bool {
    ["E0503", "E0903"]
        .iter()
        .any(|code| diagnostic["code"] == *code)
}

/// The text with what an error offers; nothing where it offers nothing.
fn mended(text: &[u8], error: &Value) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let helps = error["helps"].as_array()?;
    let edit = helps
        .iter()
        .map(|help| &help["edit"])
        .find(|e| !e.is_null())?;
    let at = |line: &str, column: &str| {
        let (line, column) = (
            edit[line].as_u64()? as usize,
            edit[column].as_u64()? as usize,
        );
        let start: usize = text
            .split_inclusive('\n')
            .take(line - 1)
            .map(str::len)
            .sum();
        let chars = text[start..].char_indices().map(|(index, _)| index);
        Some(start + chars.chain([text.len() - start]).nth(column - 1)?)
    };
    let (start, end) = (at("line", "column")?, at("end_line", "end_column")?);
    let by = edit["replacement"].as_str()?;
    Some(format!("{}{by}{}", &text[..start], &text[end..]).into_bytes())
}

/// A share in percent, and whether it is below a bar.
struct Score {
    name: &'static str,
    good: usize,
    all: usize,
    bar: f64,
}

impl Score {
    fn percent(&self) -> f64 {
        100.0 * self.good as f64 / self.all.max(1) as f64
    }
}

#[test]
fn seeded_mistakes_are_told_well() {
    let recipes = recipes();
    let mut cases: Vec<Case> = Vec::new();
    for (name, text) in &recipes {
        for kind in KINDS {
            for (text, line) in kind.cases(name, text) {
                let recipe = name.clone();
                cases.push(Case {
                    recipe,
                    kind,
                    text,
                    line,
                });
            }
        }
    }
    assert!(cases.len() >= 300, "{}", cases.len());
    let whole: Vec<&[u8]> = recipes.values().map(String::as_bytes).collect();
    for (name, outcome) in recipes.keys().zip(check(&whole)) {
        assert!(outcome.errors.is_empty(), "{name}: {:?}", outcome.errors);
    }
    let texts: Vec<&[u8]> = cases.iter().map(|case| case.text.as_slice()).collect();
    let outcomes = check(&texts);
    let mut scores = [
        ("caught", 100.0),
        ("first error on the mistaken line", 98.0),
        ("one error", 95.0),
        ("a fix where one exists", 80.0),
        ("the fix holds", 100.0),
    ]
    .map(|(name, bar)| Score {
        name,
        good: 0,
        all: 0,
        bar,
    });
    let mut short: Vec<String> = Vec::new();
    let mut count = |which: usize, good: bool, case: &Case, said: &Outcome| {
        scores[which].all += 1;
        scores[which].good += usize::from(good);
        if !good {
            let line = case.line as usize;
            let text = String::from_utf8_lossy(&case.text);
            let shown = text.lines().nth(line - 1).unwrap_or_default().to_owned();
            let mut lines = format!(
                "{}: {} {}:{line}: {}",
                ["caught", "line", "one", "fix", "holds"][which],
                case.kind.name,
                case.recipe,
                shown.trim()
            );
            for error in &said.errors {
                lines += &format!(
                    "\n    {}@{}:{} {} {}",
                    error["code"], error["line"], error["column"], error["message"], error["helps"]
                );
            }
            short.push(lines);
        }
    };
    let mut fixed: Vec<(usize, Vec<u8>)> = Vec::new();
    for (index, (case, outcome)) in cases.iter().zip(&outcomes).enumerate() {
        let first = outcome.errors.first();
        count(0, first.is_some(), case, outcome);
        let Some(first) = first else {
            continue;
        };
        count(1, first["line"] == case.line, case, outcome);
        count(2, outcome.errors.len() == 1, case, outcome);
        let mended = outcome.errors.iter().find_map(|e| mended(&case.text, e));
        if case.kind.fixed {
            count(3, mended.is_some(), case, outcome);
        }
        fixed.extend(mended.map(|text| (index, text)));
    }
    let texts: Vec<&[u8]> = fixed.iter().map(|(_, text)| text.as_slice()).collect();
    for ((index, text), after) in fixed.iter().zip(check(&texts)) {
        // with several errors one fix mends one of them
        if outcomes[*index].errors.len() == 1 {
            let case = &cases[*index];
            let _ = text;
            count(4, after.errors.is_empty(), case, &after);
        }
    }
    println!("{}\n", short.join("\n"));
    println!(
        "{} mistakes of {} kinds in {} recipes",
        cases.len(),
        KINDS.len(),
        recipes.len()
    );
    for score in &scores {
        println!(
            "{:>6.1} % of {:>4}  {} (at least {} %)",
            score.percent(),
            score.all,
            score.name,
            score.bar
        );
    }
    for score in &scores {
        assert!(
            score.percent() >= score.bar,
            "{}: {:.1} %",
            score.name,
            score.percent()
        );
    }
}
