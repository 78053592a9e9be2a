//! No text, however broken, ends an editor's help.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use super::analysis::{Analysis, OpenTexts, Workshop};
use super::outline::Outline;
use super::read::read;
use super::scope::Scope;
use super::token::Tokens;
use super::{
    all_fixed, colours, complete, definition, difference, fixes, folds, hints, hover, references,
    renamable, rename,
};
use crate::catalog::Catalog;

#[path = "../../tests/support/mutate.rs"]
mod mutate;

fn recipes() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let entries = std::fs::read_dir(folder).expect("the recipes");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let recipes = paths.filter(|path| path.extension().is_some_and(|ending| ending == "ssl"));
    let mut found: Vec<_> = recipes
        .map(|path| {
            (
                path.clone(),
                std::fs::read_to_string(path).expect("a recipe"),
            )
        })
        .collect();
    found.sort();
    assert!(found.len() > 40, "the recipes were not found");
    found
}

/// The same in a folder without other recipes.
fn nowhere(path: &Path) -> PathBuf {
    Path::new("/nowhere").join(path.file_name().expect("a name"))
}

/// Everything that may be asked at a place.
fn ask(workshop: &Workshop, analysis: &Analysis, offset: usize) {
    let open = OpenTexts::new();
    let (start, choices) = complete(analysis, &analysis.text, offset);
    assert!(start <= offset && analysis.text.is_char_boundary(start));
    assert!(choices.iter().all(|choice| !choice.label.is_empty()));
    if let Some((at, text)) = hover(analysis, &[], offset) {
        assert!(analysis.text.get(at).is_some() && !text.is_empty());
    }
    for found in definition(analysis, offset) {
        assert!(found.text.get(found.at).is_some());
    }
    for found in references(workshop, analysis, offset, &open) {
        assert!(found.location.text.get(found.location.at).is_some());
    }
    if renamable(analysis, offset).is_ok() {
        let _ = rename(workshop, analysis, offset, "another", &open);
    }
}

/// Everything that may be asked of a text.
fn ask_all(workshop: &Workshop, analysis: &Analysis) {
    let mut last = 0;
    for own in colours(analysis) {
        assert!(own.at.start >= last && analysis.text.get(own.at.clone()).is_some());
        last = own.at.start;
    }
    for (first, end, _) in folds(analysis) {
        assert!(first < end && end < analysis.lines.count());
    }
    assert_eq!(hints(analysis, &[], &(0..analysis.text.len())), []);
    let all = analysis.all(&[]);
    let open = OpenTexts::new();
    let _ = fixes(
        workshop,
        analysis,
        &all,
        &(0..analysis.text.len().min(200)),
        &open,
    );
}

/// The reader that never refuses, at every place of every recipe where somebody may have stopped typing.
#[test]
fn every_prefix_of_every_recipe_can_be_read_and_gone_on_with() {
    let catalog = Arc::new(Catalog::builtin());
    for (_, text) in recipes() {
        for (end, _) in text.char_indices() {
            let text = &text[..end];
            let mut tokens = Tokens::new(text);
            let scope = Scope {
                catalog: catalog.clone(),
                outline: Arc::new(Outline::new(&tokens)),
                imports: Vec::new(),
            };
            let cursor = tokens.cursor(text, end);
            let reading = read(&tokens, &scope, cursor);
            for mark in &reading.marks {
                assert!(text.get(mark.at.clone()).is_some());
            }
        }
    }
}

#[test]
fn prefixes_of_recipes_are_answered_for() {
    let workshop = Workshop::default();
    for (number, (path, text)) in recipes().iter().enumerate() {
        let ends = text.char_indices().map(|(end, _)| end);
        for end in ends.skip(number % 61).step_by(61) {
            let text: Arc<str> = Arc::from(&text[..end]);
            let analysis = workshop.analyse(&nowhere(path), &text, &OpenTexts::new());
            ask(&workshop, &analysis, end);
            ask(&workshop, &analysis, text.floor_char_boundary(end / 2));
        }
        let text = Arc::from(text.as_str());
        let analysis = workshop.analyse(&nowhere(path), &text, &OpenTexts::new());
        ask_all(&workshop, &analysis);
    }
}

/// In a recipe that is whole, every word has a meaning.
#[test]
fn no_word_of_a_recipe_is_unknown() {
    let workshop = Workshop::default();
    let mut unknown = Vec::new();
    for (path, text) in recipes() {
        // what plugins bring is not known here
        if text.contains("use plugin") {
            continue;
        }
        let analysis = workshop.analyse(&path, &Arc::from(text.as_str()), &OpenTexts::new());
        for mark in &analysis.reading().marks {
            if let super::What::Unknown = mark.what {
                let line = text[..mark.at.start].lines().count();
                let name = path.file_name().expect("a name").to_string_lossy();
                unknown.push(format!("{name}:{line} {}", &text[mark.at.clone()]));
            }
        }
    }
    // names of records, of objectives, of inputs, of fields, of words that data are parted by: none is an item
    unknown.retain(|word| {
        ![
            "class",
            "label",
            "labelled",
            "unlabelled",
            "discriminator",
            "valid",
        ]
        .iter()
        .any(|known| word.ends_with(&format!(" {known}")))
    });
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn a_difference_is_what_differs() {
    for (before, after) in [
        ("", ""),
        ("a", "a"),
        ("ab", "aab"),
        ("aab", "ab"),
        ("сн", "сс"),
        ("🦀", "🦁"),
        ("x🦀y", "x🦁y"),
        ("", "🦀"),
        ("🦀", ""),
    ] {
        let (at, by) = difference(before, after);
        let mut made = before.to_owned();
        made.replace_range(at, &by);
        assert_eq!(made, after, "{before}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn random_edits_are_answered_for(
        which in 0usize..1000,
        changes in prop::collection::vec(mutate::change(), 1..6),
        at in 0usize..100_000,
    ) {
        let recipes = recipes();
        let (path, text) = &recipes[which % recipes.len()];
        let mut parts = mutate::tokens(text);
        for change in &changes {
            mutate::apply(&mut parts, change, |word| vec![word.to_owned()]);
        }
        let text = parts.concat();
        let workshop = Workshop::default();
        let analysis = workshop.analyse(&nowhere(path), &Arc::from(text.as_str()), &OpenTexts::new());
        let mut offset = at % (text.len() + 1);
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        ask(&workshop, &analysis, offset);
        ask_all(&workshop, &analysis);
        let _ = all_fixed(&workshop, &analysis, &OpenTexts::new());
    }
}
