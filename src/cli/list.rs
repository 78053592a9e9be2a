//! `pretext list`

use clap::{Args, ValueEnum};

use super::{Outcome, print};
use crate::catalog::Catalog;

/// Arguments of `pretext list`.
#[derive(Args)]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value_t = Listed::Catalog)]
    what: Listed,
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
            print(&serde_json::to_string_pretty(&all)?)?;
        } else {
            print(&crate::report::operations::list())?;
        }
        return Ok(Outcome::Done);
    }
    let catalog = Catalog::builtin();
    if args.json {
        print(&serde_json::to_string_pretty(
            &crate::report::catalog::list_json(&catalog),
        )?)?;
    } else {
        print(&crate::report::catalog::list(&catalog))?;
    }
    Ok(Outcome::Done)
}
