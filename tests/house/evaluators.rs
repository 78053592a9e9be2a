//! The engine and the plan carry evaluators out and know none of them: an evaluator is its file in `src/evaluation`, and what a
//! view calls the picture and its class is said there as well.

use std::fs;
use std::path::{Path, PathBuf};

use super::{sources, tokens};
use pretext::catalog::Catalog;

/// Evaluators whose name is a word that engine and plan need for what it has always meant: the rank of a tensor, the clusters of k-means, the order of dimensions. As a
/// whole text they are refused like any other.
const WORDS: &[&str] = &["rank", "clusters", "order"];

/// Names that engine and plan must not have: those of the evaluators and of what they measure, whole or as a word of a longer one.
fn forbidden() -> Vec<String> {
    let catalog = Catalog::builtin();
    let evaluators = catalog.iter().filter_map(|spec| {
        let evaluator = spec.evaluator()?;
        let metrics = evaluator.metrics().iter();
        let metrics = metrics.map(|(name, _)| (*name).to_owned());
        Some(metrics.chain([spec.name.clone()]).collect::<Vec<_>>())
    });
    let mut names: Vec<String> = evaluators.flatten().collect();
    assert!(names.len() >= 8, "{names:?}");
    names.push("probe".into());
    names.sort();
    names.dedup();
    names
}

/// `KnnStage`, `knn_stage` → `knn`, `stage`
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, c) in name.char_indices() {
        let begins = c == '_' || (c.is_uppercase() && index > 0);
        if begins && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words
}

/// Names that say one of the words.
fn named(text: &str, forbidden: &[String]) -> Vec<(String, usize)> {
    let says = |name: &str| {
        let words = words(name);
        forbidden.iter().any(|word| {
            let word = self::words(word);
            words.windows(word.len()).any(|window| *window == word[..])
        })
    };
    tokens(text)
        .into_iter()
        .filter(|(name, _)| says(name))
        .collect()
}

/// Whole string literals of a text that are one of these words.
fn quoted(text: &str, words: &[String]) -> Vec<(String, usize)> {
    let lines = text.lines().zip(1..);
    lines
        .filter(|(line, _)| !line.trim_start().starts_with("//"))
        .flat_map(|(line, number)| {
            let said = words.iter().filter(move |word| {
                let literal = format!("\"{word}\"");
                line.contains(&literal)
            });
            said.map(move |word| (word.clone(), number))
        })
        .collect()
}

/// Text in literals that names an evaluator, or spells out what a view emits: `"emit image = {field}"`.
fn spelt(text: &str, evaluators: &[String]) -> Vec<(String, usize)> {
    let lines = text.lines().zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim_start().starts_with("//"));
    let literals = lines.flat_map(|(line, number)| {
        let parts = line.split('"').skip(1).step_by(2);
        parts.map(move |literal| (literal, number))
    });
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    literals
        .flat_map(|(literal, number)| {
            let names = evaluators.iter().filter(move |name| {
                let mut words = literal.split(|c| !is_name(c));
                words.any(|word| word == name.as_str())
            });
            let emits = ["image =", "image: ", "image,", "label ="];
            let emits = emits.into_iter().filter(|emit| literal.contains(emit));
            let found = names.cloned().chain(emits.map(str::to_owned));
            found.map(move |word| (word, number)).collect::<Vec<_>>()
        })
        .collect()
}

/// What of a file is no test.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {")
        .map_or(text, |at| &text[..at])
}

/// timm calls the last layer of a network its `classifier`, and the plan writes what timm reads.
const TIMM: (&str, &str) = ("plan/torch.rs", "classifier");

/// Calls that advice and documentation show as examples: any evaluator would do.
const EXAMPLES: &[(&str, &str)] = &[
    ("plan/monitor.rs", "knn"),
    ("plan/fields.rs", "knn"),
    ("plan/settings.rs", "knn"),
    ("plan/taught.rs", "classifier"),
];

/// The names of all evaluators.
fn evaluators() -> Vec<String> {
    let catalog = Catalog::builtin();
    let found = catalog.iter().filter(|spec| spec.evaluator().is_some());
    found.map(|spec| spec.name.clone()).collect()
}

#[test]
fn engine_and_plan_know_no_evaluator() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<PathBuf> = Vec::new();
    sources(&src.join("engine"), &mut files);
    sources(&src.join("plan"), &mut files);
    let (forbidden, mut evaluators) = (forbidden(), evaluators());
    evaluators.retain(|name| !WORDS.contains(&name.as_str()));
    let mut literals = forbidden.clone();
    let mut identifiers = forbidden;
    identifiers.retain(|name| !WORDS.contains(&name.as_str()));
    // what a view emits, and the column without an encoder
    literals.extend(["image", "label", "pixels"].map(str::to_owned));
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(&src).expect("a source");
        let name = name.to_string_lossy().replace('\\', "/");
        if name.contains("/tests/") || name.ends_with("tests.rs") || name.ends_with("testing.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        let text = without_tests(&text);
        let names = named(text, &identifiers);
        let quoted = quoted(text, &literals);
        let quoted = quoted
            .into_iter()
            .filter(|(word, _)| (name.as_str(), word.as_str()) != TIMM);
        let spelt = spelt(text, &evaluators);
        let spelt = spelt.into_iter().filter(|(word, _)| {
            let own = (name.as_str(), word.as_str());
            let example = EXAMPLES.contains(&own);
            !example && (name.as_str(), word.as_str()) != TIMM
        });
        found.extend(
            names
                .into_iter()
                .chain(quoted)
                .chain(spelt)
                .map(|(word, line)| format!("{name}:{line}: {word}")),
        );
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn names_of_evaluators_are_seen_in_any_spelling() {
    let forbidden = forbidden();
    let see = |text: &str| named(text, &forbidden).len();
    for text in [
        "Body::Knn(knn) => {}",
        "fn knn_stage() {}",
        "struct LinearProbe;",
        "let probe = 1;",
        "before_classifier(x)",
        "g.accuracy(x)",
    ] {
        assert!(see(text) > 0, "{text}");
    }
    for text in [
        "// knn",
        "let probed = \"knn\";",
        "fn linear() {}",
        "classes",
        "fn evaluate(evaluation: &Evaluation) {}",
    ] {
        assert_eq!(see(text), 0, "{text}");
    }
    let knn = ["knn".to_owned()];
    for text in [
        r#"format!("emit image = {field}")"#,
        r#"help("a `knn` trains on it")"#,
        r#"say("x", "label = 1")"#,
    ] {
        assert_eq!(spelt(text, &knn).len(), 1, "{text}");
    }
    for text in [r#""an image of knns""#, r#"// "emit image = knn""#] {
        assert_eq!(spelt(text, &knn).len(), 0, "{text}");
    }
    let words = ["image".to_owned()];
    assert_eq!(quoted("take(batch, \"image\")", &words).len(), 1);
    assert_eq!(quoted("// \"image\"\n\"an image\"", &words).len(), 0);
}
