//! `pretext check RECIPE…`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::Outcome;
use super::out::{print, print_json};
use super::recipe::{Elsewhere, Loaded, RecipeArgs};
use crate::plan::Purpose;

/// Folders inside one another that are looked through.
const MAX_DEPTH: usize = 16;

/// Arguments of `pretext check`.
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// More recipes; a folder stands for all recipes in it
    #[arg(value_name = "MORE")]
    more: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Treat warnings as errors: `--deny warnings`
    #[arg(long, value_name = "WHAT", value_parser = ["warnings"])]
    deny: Option<String>,
}

pub fn run(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let single = args.more.is_empty() && !args.recipe.recipe.is_dir();
    let mut recipes = Vec::new();
    let mut unread = None;
    for path in std::iter::once(&args.recipe.recipe).chain(&args.more) {
        let before = recipes.len();
        collect(path, 0, &mut recipes);
        if recipes.len() == before {
            let error = anyhow::anyhow!("no recipe (`*.ssl`) is in {}", path.display());
            unread = Some(error);
        }
    }
    // all before the first word: where one of them uses a plugin, another process says it all
    let mut looked = Vec::new();
    for recipe in recipes {
        let one = RecipeArgs {
            recipe,
            ..args.recipe.clone()
        };
        match one.load(Some(Purpose::Check)) {
            Err(error) if error.is::<Elsewhere>() => return Err(error),
            loaded => looked.push((one.recipe, loaded.map(Looked::new))),
        }
    }
    let mut said: Vec<Value> = Vec::new();
    let mut outcome = Outcome::Done;
    for (recipe, looked) in looked {
        match looked {
            Ok(looked) => {
                if !self::one(args, &recipe, &looked, &mut said)? {
                    outcome = Outcome::Unsound;
                }
            }
            Err(error) => {
                said.push(failed(&recipe, &error));
                if let Some(first) = unread.replace(error) {
                    say!("error: {first:#}");
                }
            }
        }
    }
    if args.json {
        let whole = match said.pop() {
            Some(only) if single => only,
            last => json!({ "recipes": said.into_iter().chain(last).collect::<Vec<Value>>() }),
        };
        print_json(&whole)?;
    }
    unread.map_or(Ok(outcome), Err)
}

/// A recipe without its graphs.
struct Looked {
    loaded: Loaded,
    stages: usize,
}

impl Looked {
    fn new(mut loaded: Loaded) -> Self {
        let plan = loaded.plan.as_mut().map(|plan| &mut plan.stages);
        let stages = plan.map_or(0, |stages| std::mem::take(stages).len());
        Self { loaded, stages }
    }
}

/// Says what was found in one recipe. Whether it is sound.
fn one(
    args: &CheckArgs,
    path: &Path,
    Looked { loaded, stages }: &Looked,
    said: &mut Vec<Value>,
) -> anyhow::Result<bool> {
    let denied = args.deny.is_some() && !loaded.diagnostics.is_empty();
    let sound = loaded.errors() == 0 && !denied;
    let name = path.display();
    if args.json {
        said.push(summary(path, loaded, sound));
    } else {
        loaded.show();
        for line in loaded.found_lines() {
            print(&line)?;
        }
        if sound {
            print(&format!(
                "{name}: sound, {stages} stage{}, {}",
                if *stages == 1 { "" } else { "s" },
                loaded.counts()
            ))?;
        } else {
            say!("{name}: {}", loaded.counts());
        }
    }
    Ok(sound)
}

/// What was found in a recipe, for programs.
pub fn summary(path: &Path, loaded: &Loaded, sound: bool) -> Value {
    let diagnostics: Vec<Value> = loaded
        .diagnostics
        .iter()
        .map(|d| crate::language::to_json(d, &loaded.sources))
        .collect();
    json!({
        "recipe": path.display().to_string(),
        "sound": sound,
        "errors": loaded.errors(),
        "warnings": loaded.diagnostics.len() - loaded.errors(),
        "diagnostics": diagnostics,
        "data": loaded.found(),
    })
}

/// A recipe that could not be looked at, for programs.
pub fn failed(path: &Path, error: &anyhow::Error) -> Value {
    json!({
        "recipe": path.display().to_string(),
        "sound": false,
        "errors": 1,
        "warnings": 0,
        "diagnostics": [],
        "error": format!("{error:#}"),
    })
}

/// The recipes that a path stands for: itself, or all in a folder, by name. Links and hidden folders are passed.
pub fn collect(path: &Path, depth: usize, into: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        into.push(path.to_owned());
        return;
    }
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    let mut entries: Vec<std::fs::DirEntry> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let path = entry.path();
        if kind.is_dir() && !hidden && depth < MAX_DEPTH {
            collect(&path, depth + 1, into);
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "ssl") {
            into.push(path);
        }
    }
}
