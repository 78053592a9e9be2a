//! `pretext expand RECIPE`

use clap::Args;

use super::Outcome;
use super::out::print_text;
use super::recipe::{PointArgs, RecipeArgs};

/// Arguments of `pretext expand`.
#[derive(Args)]
pub struct ExpandArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    #[command(flatten)]
    point: PointArgs,
}

pub fn run(args: &ExpandArgs) -> anyhow::Result<Outcome> {
    let own = args.point.of(&args.recipe)?;
    let loaded = own.load(None)?;
    loaded.show();
    match &loaded.recipe {
        Some(recipe) if loaded.errors() == 0 => {
            let plan = own.measured();
            let resolved = match &plan {
                Some(_) => None,
                None => own.resolved(),
            };
            let notes = plan.as_ref().map(|plan| plan.normalization_notes());
            let decided = plan.as_ref().map(|plan| &plan.recipe);
            let text = crate::language::expand_noting(
                decided.or(resolved.as_ref()).unwrap_or(recipe),
                &notes.unwrap_or_default(),
            );
            print_text(&text)?;
            Ok(Outcome::Done)
        }
        _ => Ok(Outcome::Unsound),
    }
}
