//! `pretext list`

use clap::Args;

use super::{Outcome, print};
use crate::catalog::Catalog;

/// Arguments of `pretext list`.
#[derive(Args)]
pub struct ListArgs {
    /// `ops`: the operations that scripts and plugins build graphs of
    #[arg(value_parser = ["ops"])]
    what: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ListArgs) -> anyhow::Result<Outcome> {
    if args.what.is_some() {
        print(&match args.json {
            true => serde_json::to_string_pretty(&crate::report::catalog::list_operations_json())?,
            false => crate::report::catalog::list_operations(),
        })?;
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
