//! The house's own rules, read from the sources: which room may do what.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Lines of `src` that are not comments and hold `word`, outside the rooms that may.
fn offenders(word: &str, rooms: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(&root).expect("under src").to_owned();
        if rooms.iter().any(|room| name.starts_with(room)) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            if code.contains(word) {
                found.push(format!("{}:{}: {line}", name.display(), number + 1));
            }
        }
    }
    found
}

#[test]
fn burn_stays_in_the_engine() {
    for word in ["use burn", "burn::", "burn_optim::", "burn_flex::"] {
        assert_eq!(offenders(word, &["engine"]), Vec::<String>::new());
    }
}

#[test]
fn no_unsafe_outside_its_rooms() {
    let word = ["un", "safe "].concat();
    assert_eq!(
        offenders(&word, &["extend/plugin", "engine/kernels"]),
        Vec::<String>::new()
    );
}

#[test]
fn no_default_device() {
    let word = ["Device::", "default()"].concat();
    assert_eq!(offenders(&word, &[]), Vec::<String>::new());
}
