//! `pretext runs`: what run directories there are, and what of them nobody needs.

mod clear;
mod look;

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};

use self::clear::{Cleared, garbage, left_alone, remove};
use self::look::{Run, is_run, runs};
use super::Outcome;
use super::out::{print, print_json};
use crate::plan::units::bytes;

/// Where runs lie if nobody says.
const FOLDER: &str = "runs";

/// Arguments of `pretext runs`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct RunsArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Subcommand)]
enum Verb {
    /// List the runs in a folder: how far they are, what they found, how large they are
    List(ListArgs),
    /// Remove run directories; without `--yes` only say what would go
    Remove(RemoveArgs),
    /// Remove what no run needs any more: half-written files, stages of other settings, runs that never began; without `--yes` only say it
    Garbage(GarbageArgs),
}

#[derive(Args)]
struct ListArgs {
    /// The folder; `runs` where absent
    folder: Option<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct RemoveArgs {
    /// Run directories
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Do it
    #[arg(long)]
    yes: bool,
    /// Remove files in them, too, that this program has not written, such as notes and exports
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
struct GarbageArgs {
    /// The folder; `runs` where absent
    folder: Option<PathBuf>,
    /// Do it
    #[arg(long)]
    yes: bool,
}

pub fn run(args: &RunsArgs) -> anyhow::Result<Outcome> {
    match &args.verb {
        None => list(&args.list),
        Some(Verb::List(args)) => list(args),
        Some(Verb::Remove(args)) => removed(args),
        Some(Verb::Garbage(args)) => cleared(args),
    }
}

fn folder(given: Option<&PathBuf>) -> anyhow::Result<&Path> {
    let folder = given.map_or(Path::new(FOLDER), PathBuf::as_path);
    match folder.is_dir() {
        true => Ok(folder),
        false => bail!("there is no folder {}", folder.display()),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<Outcome> {
    let found = runs(folder(args.folder.as_ref())?)?;
    if args.json {
        print_json(&found)?;
        return Ok(Outcome::Done);
    }
    if found.is_empty() {
        print("no runs")?;
        return Ok(Outcome::Done);
    }
    let rows = found.iter().map(Run::row);
    let head = ["run", "state", "result", "size", "changed"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    print(&table(&rows))?;
    let all: u64 = found.iter().map(|run| run.bytes).sum();
    say!("{} in {}", bytes(all), count(found.len(), "run"));
    Ok(Outcome::Done)
}

/// Columns one beside the other.
fn table(rows: &[[String; 5]]) -> String {
    let wide = |at: usize| rows.iter().map(|row| row[at].chars().count()).max();
    let wide: Vec<usize> = (0..5).map(|at| wide(at).unwrap_or(0)).collect();
    let line = |row: &[String; 5]| {
        let cells = row
            .iter()
            .zip(&wide)
            .map(|(cell, wide)| format!("{cell:wide$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// What was removed, or would be.
fn said(path: &Path, cleared: &Cleared, yes: bool) -> anyhow::Result<()> {
    let verb = if yes { "removed" } else { "would remove" };
    print(&format!(
        "{}: {verb} {}, {}",
        path.display(),
        count(cleared.files, "file"),
        bytes(cleared.bytes)
    ))?;
    if !cleared.left.is_empty() {
        let shown: Vec<&str> = cleared.left.iter().take(4).map(String::as_str).collect();
        let more = match cleared.left.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        say!(
            "{}: stays, since this program has not written it: {}{more}",
            path.display(),
            shown.join(", ")
        );
    }
    Ok(())
}

fn removed(args: &RemoveArgs) -> anyhow::Result<Outcome> {
    // all of them are looked at before one goes
    for run in &args.runs {
        if !is_run(run) {
            bail!("{} is no run directory: nothing was removed", run.display());
        }
        left_alone(run)?;
    }
    let mut left = false;
    for run in &args.runs {
        let cleared = remove(run, args.all, args.yes)?;
        left |= !cleared.left.is_empty();
        said(run, &cleared, args.yes)?;
    }
    if !args.yes {
        say!("nothing was removed: `--yes` does it");
    } else if left {
        say!("`--all` removes that, too");
    }
    Ok(Outcome::Done)
}

fn cleared(args: &GarbageArgs) -> anyhow::Result<Outcome> {
    let mut all = Cleared::default();
    for run in runs(folder(args.folder.as_ref())?)? {
        if run.running {
            say!("{}: running, and left alone", run.run.display());
            continue;
        }
        let cleared = garbage(&run, args.yes)?;
        if cleared.files + cleared.folders > 0 {
            said(&run.run, &cleared, args.yes)?;
        }
        all.files += cleared.files;
        all.folders += cleared.folders;
        all.bytes += cleared.bytes;
    }
    match (all.files + all.folders, args.yes) {
        (0, _) => print("nothing to remove")?,
        (_, true) => say!("{} freed", bytes(all.bytes)),
        (_, false) => say!("{} would be freed: `--yes` does it", bytes(all.bytes)),
    }
    Ok(Outcome::Done)
}
