//! `pretext expand RECIPE`

use clap::Args;

use super::Outcome;
use super::out::print_text;
use super::recipe::RecipeArgs;

/// Arguments of `pretext expand`.
#[derive(Args)]
pub struct ExpandArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
}

pub fn run(args: &ExpandArgs) -> anyhow::Result<Outcome> {
    let loaded = args.recipe.load(None)?;
    loaded.show();
    match &loaded.recipe {
        Some(recipe) if loaded.errors() == 0 => {
            let resolved = args.recipe.resolved();
            print_text(&crate::language::expand(
                resolved.as_ref().unwrap_or(recipe),
            ))?;
            Ok(Outcome::Done)
        }
        _ => Ok(Outcome::Unsound),
    }
}
