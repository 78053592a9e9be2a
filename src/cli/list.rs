//! `pretext list`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Outcome;
use super::out::{print, print_json};

/// Arguments of `pretext list`.
#[derive(Args)]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value_t = Listed::Catalog)]
    what: Listed,
    /// With what this recipe uses: its scripts and plugins
    #[arg(long, value_name = "RECIPE.ssl")]
    recipe: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What can be listed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Listed {
    /// Everything a recipe may call
    Catalog,
    /// The operations of the tensor graph that scripts and plugins may call
    Ops,
}

pub fn run(args: &ListArgs) -> anyhow::Result<Outcome> {
    if args.what == Listed::Ops {
        if args.json {
            let all = crate::report::operations::list_json();
            print_json(&all)?;
        } else {
            print(&crate::report::operations::list())?;
        }
        return Ok(Outcome::Done);
    }
    let catalog = super::recipe::catalog_of(args.recipe.as_deref())?;
    if args.json {
        print_json(&crate::report::catalog::list_json(&catalog))?;
    } else {
        print(&crate::report::catalog::list(&catalog))?;
    }
    Ok(Outcome::Done)
}
