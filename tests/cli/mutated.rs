//! The project's recipes changed at random and planned as they are, errors and all: a plan or an error comes out, never a panic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pretext::catalog::Catalog;
use pretext::data::Places;
use pretext::extend::{Loader, Options};
use pretext::language::{Severity, check_all, decode, render};
use pretext::plan::{Purpose, plan};
use proptest::prelude::*;

use crate::RECIPE;
use crate::mutate::{apply, change, tokens};

/// The recipes whose text is all that they need.
fn recipes() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let mut paths: Vec<PathBuf> = (std::fs::read_dir(folder).expect("the recipes"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "ssl"))
        .collect();
    paths.sort();
    let mut texts: Vec<String> = (paths.iter())
        .map(|path| std::fs::read_to_string(path).expect("a recipe"))
        .filter(|text| !text.contains("use ") && !text.contains("resnet"))
        .collect();
    texts.push(RECIPE.into());
    texts
}

/// What `pretext run` does before the first step, but that it reads no data.
fn planned(text: &str) -> Result<(), TestCaseError> {
    let mut catalog = Catalog::builtin();
    let (mut sources, file, mut diagnostics) = decode(Path::new("test.ssl"), text.as_bytes());
    let Some(file) = file else {
        prop_assert!(!diagnostics.is_empty());
        return Ok(());
    };
    let mut doors = Loader::new(Path::new(""), Options::default());
    let checked = check_all(&mut sources, file, &mut catalog, &mut doors, &[]);
    diagnostics.extend(checked.diagnostics.iter().cloned());
    let places = Places::new(PathBuf::new(), BTreeMap::new(), true).expect("places");
    let (planned, found) = plan(&checked.recipe, &catalog, &places, Purpose::Check);
    diagnostics.extend(found);
    let said: Vec<String> = (diagnostics.iter())
        .map(|diagnostic| render(diagnostic, &sources, false))
        .collect();
    let wrong = diagnostics.iter().any(|d| d.severity == Severity::Error);
    prop_assert!(wrong || planned.is_some(), "{}", said.join("\n"));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn recipes_with_errors_are_planned_as_far_as_they_go(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let recipes = recipes();
        let text: &String = which.get(&recipes);
        let mut parts = tokens(text);
        for change in &changes {
            apply(&mut parts, change, |word| vec![word.to_owned()]);
        }
        planned(&parts.concat())?;
    }
}
