//! `pretext lock RECIPE…`

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::out::print;
use super::recipe::{Elsewhere, RecipeArgs};
use crate::plan::Purpose;

/// Arguments of `pretext lock`.
#[derive(Args)]
pub struct LockArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// More recipes; a folder stands for all recipes in it
    #[arg(value_name = "MORE")]
    more: Vec<PathBuf>,
    /// Write nothing: say what is not as `ssl.lock` names it
    #[arg(long)]
    check: bool,
}

/// A problem of a file beside the recipe, as an error.
pub fn said<T>(result: crate::catalog::Result<T>) -> anyhow::Result<T> {
    result.map_err(|problem| anyhow::anyhow!("{}", problem.message))
}

pub fn run(args: &LockArgs) -> anyhow::Result<Outcome> {
    let mut recipes = Vec::new();
    for path in std::iter::once(&args.recipe.recipe).chain(&args.more) {
        super::check::collect(path, 0, &mut recipes);
    }
    let mut outcome = Outcome::Done;
    for recipe in recipes {
        let one = RecipeArgs {
            recipe,
            update_lock: !args.check,
            locked: args.check,
            point: Some(0),
            ..args.recipe.clone()
        };
        let name = one.recipe.display();
        let loaded = match one.load(Some(Purpose::Check)) {
            Ok(loaded) => loaded,
            Err(error) if error.is::<Elsewhere>() => return Err(error),
            Err(error) => {
                say!("error: {error:#}");
                outcome = Outcome::Unsound;
                continue;
            }
        };
        loaded.show();
        let Some(plan) = &loaded.plan else {
            say!("{name}: {}; nothing was pinned", loaded.counts());
            outcome = Outcome::Unsound;
            continue;
        };
        let project = one.project();
        let lock = project.lock_path();
        let (data, missing) = crate::engine::data_of(plan);
        for (text, why) in &missing {
            say!("warning: {name}: `{text}` is not pinned: {why}");
        }
        if args.check {
            let pinned = said(project.data())?;
            let differs = data
                .iter()
                .find(|(text, hash)| pinned.get(text) != Some(hash));
            match differs {
                Some((text, _)) => {
                    let what = match pinned.contains_key(text) {
                        true => "the records are not those that",
                        false => "the records are not pinned in",
                    };
                    say!("error: {name}: `{text}`: {what} {}", lock.display());
                    say!("help: if the change is wanted, say so: `pretext lock {name}`");
                    outcome = Outcome::Unsound;
                }
                None => print(&format!("{name}: as {} names it", lock.display()))?,
            }
            continue;
        }
        loaded.pin_strictly()?;
        said(project.pin_data(&data))?;
        let pins = loaded.used() + data.len();
        print(&format!(
            "{name}: {pins} pin{} in {}",
            if pins == 1 { "" } else { "s" },
            lock.display()
        ))?;
    }
    Ok(outcome)
}
