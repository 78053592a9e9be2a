//! `pretext report DIRECTORY`

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::out::print;

/// Arguments of `pretext report`.
#[derive(Args)]
pub struct ReportArgs {
    /// A run directory
    directory: PathBuf,
}

pub fn run(args: &ReportArgs) -> anyhow::Result<Outcome> {
    let path = crate::report::write(&args.directory)?;
    print(&path.display().to_string())?;
    Ok(Outcome::Done)
}
