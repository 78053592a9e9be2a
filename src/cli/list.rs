//! `pretext list`

use std::path::PathBuf;

use clap::Args;

use super::{Outcome, print};

/// Arguments of `pretext list`.
#[derive(Args)]
pub struct ListArgs {
    /// With what this recipe uses: its scripts and plugins
    #[arg(long, value_name = "RECIPE.ssl")]
    recipe: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ListArgs) -> anyhow::Result<Outcome> {
    let catalog = super::recipe::catalog_of(args.recipe.as_deref())?;
    if args.json {
        print(&serde_json::to_string_pretty(
            &crate::report::catalog::list_json(&catalog),
        )?)?;
    } else {
        print(&crate::report::catalog::list(&catalog))?;
    }
    Ok(Outcome::Done)
}
