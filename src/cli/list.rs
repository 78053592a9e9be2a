//! `pretext list`

use clap::Args;

use super::{Outcome, print};
use crate::catalog::Catalog;

/// Arguments of `pretext list`.
#[derive(Args)]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ListArgs) -> anyhow::Result<Outcome> {
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
