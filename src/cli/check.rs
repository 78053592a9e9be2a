//! `pretext check RECIPE`

use clap::Args;

use super::Outcome;
use super::out::{print, print_json};
use super::recipe::RecipeArgs;
use crate::plan::Purpose;

/// Arguments of `pretext check`.
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Treat warnings as errors: `--deny warnings`
    #[arg(long, value_name = "WHAT", value_parser = ["warnings"])]
    deny: Option<String>,
}

pub fn run(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let loaded = args.recipe.load(Some(Purpose::Check))?;
    let denied = args.deny.is_some() && !loaded.diagnostics.is_empty();
    let sound = loaded.errors() == 0 && !denied;
    if args.json {
        let diagnostics: Vec<serde_json::Value> = loaded
            .diagnostics
            .iter()
            .map(|d| crate::language::to_json(d, &loaded.sources))
            .collect();
        print_json(&serde_json::json!({
            "recipe": args.recipe.recipe.display().to_string(),
            "sound": sound,
            "errors": loaded.errors(),
            "warnings": loaded.diagnostics.len() - loaded.errors(),
            "diagnostics": diagnostics,
        }))?;
    } else {
        loaded.show();
        let stages = loaded.plan.as_ref().map_or(0, |plan| plan.stages.len());
        let name = args.recipe.recipe.display();
        if sound {
            print(&format!(
                "{name}: sound, {stages} stage{}, {}",
                if stages == 1 { "" } else { "s" },
                loaded.counts()
            ))?;
        } else {
            say!("{name}: {}", loaded.counts());
        }
    }
    Ok(if sound {
        Outcome::Done
    } else {
        Outcome::Unsound
    })
}
