//! Recipes in `tests/ui` and what `pretext check` says of their text, exactly.
//!
//! Beside each `NAME.ssl` stands `NAME.txt`. `PRETEXT_BLESS=1 cargo test --release --test ui` writes them anew; read the
//! difference before it is committed.

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use pretext::catalog::Catalog;
use pretext::language::{check_into, decode, render};
use pretext::plan::Purpose;

fn main() {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut recipes = Vec::new();
    collect(&folder, &mut recipes);
    recipes.sort();
    let trials = recipes
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&folder)
                .unwrap_or(&path)
                .with_extension("");
            Trial::test(name.to_string_lossy().replace('\\', "/"), move || {
                run(&path)
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "ssl") {
            into.push(path);
        }
    }
}

fn run(path: &Path) -> Result<(), Failed> {
    let bytes = std::fs::read(path)?;
    let name = path.file_name().unwrap_or_default();
    let (mut sources, file, mut diagnostics) = decode(Path::new(name), &bytes);
    if let Some(file) = file {
        let catalog = Catalog::builtin();
        let (recipe, found) = check_into(&mut sources, file, &catalog, &[]);
        diagnostics.extend(found);
        // what only the plan can know; from headers, nothing is downloaded
        if let Some(recipe) = recipe.filter(|_| path.parent().is_some_and(|p| p.ends_with("plan")))
        {
            let places = pretext::data::Places::default();
            diagnostics.extend(pretext::plan::plan(&recipe, &catalog, &places, Purpose::Check).1);
        }
    }
    let mut said = String::new();
    for diagnostic in &diagnostics {
        said += &render(diagnostic, &sources, false);
        said += "\n\n";
    }
    if diagnostics.is_empty() {
        said += "sound\n";
    }
    let expected = path.with_extension("txt");
    if std::env::var_os("PRETEXT_BLESS").is_some() {
        std::fs::write(&expected, &said)?;
        return Ok(());
    }
    let wanted = std::fs::read_to_string(&expected).map_err(|error| {
        format!(
            "{}: {error}; run with PRETEXT_BLESS=1 and read it",
            expected.display()
        )
    })?;
    if wanted.replace('\r', "") == said {
        return Ok(());
    }
    Err(format!("--- expected\n{wanted}\n--- said\n{said}").into())
}
