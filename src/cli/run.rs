//! `pretext run RECIPE`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::Outcome;
use super::bar::{Bar, clock};
use super::kernels::KernelArgs;
use super::logged::{Log, Logged};
use super::out::{columns, print, print_json};
use super::recipe::{Loaded, RecipeArgs};
use super::sweep::{Said, SweepArgs};
use crate::engine::{Finished, RunOptions};
use crate::language::checked::{Point, Recipe};
use crate::language::codes::Code;
use crate::plan::Purpose;
use crate::report::{ResultRow, SeedsRow};

/// Arguments of `pretext run`.
#[derive(Args)]
pub struct RunArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    #[command(flatten)]
    kernels: KernelArgs,
    #[command(flatten)]
    sweep: SweepArgs,
    /// The run directory; `runs/NAME` where absent
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
    /// Draw no progress
    #[arg(long, short)]
    quiet: bool,
    /// Write it down for another program as it goes: `tensorboard` writes event files below the run directory
    #[arg(
        long,
        value_enum,
        value_name = "tensorboard",
        hide_possible_values = true
    )]
    log: Option<Log>,
}

pub fn run(args: &RunArgs) -> anyhow::Result<Outcome> {
    args.kernels.set();
    let Some(loaded) = load(args, &args.recipe)? else {
        return Ok(Outcome::Unsound);
    };
    super::stop::listen();
    let directory = args.recipe.directory(args.out.as_deref());
    let recipe = loaded.recipe.as_ref();
    let points = recipe.map(|recipe| recipe.points.clone());
    let points = points.unwrap_or_default();
    if !points.is_empty() {
        drop(loaded);
        return sweep(args, &directory, &points);
    }
    if args.sweep.asked() {
        bail!("the recipe has no `sweep`: `--only` and `--shard` choose among its points");
    }
    let seeds = recipe.map_or_else(Vec::new, Recipe::seeds);
    let done = match seeds.is_empty() {
        true => one(args, &loaded, &directory, &[], &|rows| match args.json {
            true => print_json(&rows),
            false => print(&crate::report::table(rows, columns())),
        })?
        .map(drop),
        false => {
            drop(loaded);
            let rows = over(args, &args.recipe, &directory, &seeds, &[])?;
            rows.map(|rows| {
                let printed = match args.json {
                    true => print_json(&rows),
                    false => print(&crate::report::seeds_table(&rows)),
                };
                unread(printed, &directory);
            })
        }
    };
    Ok(done.map_or_else(|outcome| outcome, |()| Outcome::Done))
}

/// The same of another point or seed of a recipe whose warnings have been said.
fn again(args: &RunArgs, recipe: &RecipeArgs) -> anyhow::Result<Option<Loaded>> {
    let loaded = recipe.load(Some(Purpose::Run))?;
    if loaded.plan.is_none() {
        loaded.show();
        say!(
            "{}: {}; nothing was run",
            args.recipe.recipe.display(),
            loaded.counts()
        );
        return Ok(None);
    }
    Ok(Some(loaded))
}

/// The recipe with its plan, where it is sound; what is wrong with it has been said.
fn load(args: &RunArgs, recipe: &RecipeArgs) -> anyhow::Result<Option<Loaded>> {
    let loaded = recipe.load(Some(Purpose::Run))?;
    loaded.show();
    if loaded.plan.is_none() {
        say!(
            "{}: {}; nothing was run",
            args.recipe.recipe.display(),
            loaded.counts()
        );
        return Ok(None);
    }
    for line in loaded.found_lines() {
        say!("{line}");
    }
    Ok(Some(loaded))
}

/// Refuses a directory that holds one run where several are to lie in it.
fn holds_one(directory: &Path, of: &str) -> anyhow::Result<()> {
    if directory.join("stages").exists() || directory.join("lock").exists() {
        bail!(
            "{} is the run directory of one {of}: choose another with `--out`",
            directory.display()
        );
    }
    Ok(())
}

/// Runs the recipe once with each seed, into `seed.N` of the directory, and writes the results of all; why not, where it did not.
fn over(
    args: &RunArgs,
    recipe: &RecipeArgs,
    directory: &Path,
    seeds: &[u64],
    beside: &[PathBuf],
) -> anyhow::Result<Result<Vec<SeedsRow>, Outcome>> {
    holds_one(directory, "seed")?;
    let mut runs = Vec::new();
    let mut beside = beside.to_vec();
    for seed in seeds {
        say!("seed {seed}");
        let recipe = RecipeArgs {
            seed: Some(*seed),
            point: Some(recipe.point.unwrap_or(0)),
            ..recipe.clone()
        };
        let Some(loaded) = load(args, &recipe)? else {
            return Ok(Err(Outcome::Unsound));
        };
        let own = directory.join(format!("seed.{seed}"));
        match one(args, &loaded, &own, &beside, &|_| Ok(()))? {
            Ok(rows) => runs.push(rows),
            Err(outcome) => return Ok(Err(outcome)),
        }
        beside.push(own);
    }
    let rows = crate::report::over_seeds(&runs);
    let results = directory.join("results.json");
    crate::files::write_json(&results, &rows)
        .with_context(|| format!("can't write {}", results.display()))?;
    Ok(Ok(rows))
}

/// Runs the points of the recipe's sweep that are asked for, each into `point.N` of the directory; then one table of all that there are.
fn sweep(args: &RunArgs, directory: &Path, points: &[Point]) -> anyhow::Result<Outcome> {
    holds_one(directory, "point")?;
    if args.sweep.shard.is_none() && args.sweep.only.is_empty() {
        say!("{} points", points.len());
    }
    let mut failed = Vec::new();
    for at in args.sweep.chosen(points.len())? {
        if crate::engine::stop_asked() {
            say!("stopped before point {}", at + 1);
            return Ok(Outcome::Interrupted);
        }
        let said = Said::new(at, &points[at]);
        say!(
            "point {} of {}: {}",
            said.point,
            points.len(),
            points[at].text()
        );
        let recipe = RecipeArgs {
            point: Some(at),
            ..args.recipe.clone()
        };
        let Some(loaded) = again(args, &recipe)? else {
            return Ok(Outcome::Unsound);
        };
        let own = super::sweep::folder(directory, said.point);
        super::sweep::note(&own, &said)?;
        let mut beside = super::sweep::runs_of(directory);
        beside.retain(|other| *other != own);
        let seeds = loaded.recipe.as_ref().map_or_else(Vec::new, Recipe::seeds);
        let done = match seeds.is_empty() {
            true => one(args, &loaded, &own, &beside, &|_| Ok(()))?.map(drop),
            false => over(args, &recipe, &own, &seeds, &beside)?.map(drop),
        };
        match done {
            Ok(()) => {}
            // one that fails says nothing of the others
            Err(Outcome::Failed) => failed.push(said.point.to_string()),
            Err(outcome) => return Ok(outcome),
        }
    }
    let rows = super::sweep::results(directory, points);
    let results = directory.join("results.json");
    crate::files::write_json(&results, &rows)
        .with_context(|| format!("can't write {}", results.display()))?;
    let table = crate::report::side_by_side(&super::sweep::compared(&rows));
    let printed = match args.json {
        true => print_json(&rows),
        false => print(&crate::report::plain(&table)),
    };
    unread(printed, directory);
    let report = super::sweep::report(directory, points, &table)?;
    let have: BTreeSet<usize> = rows.iter().map(|row| row.said.point).collect();
    if !args.json {
        say!(
            "{} of {} points have results · {}",
            have.len(),
            points.len(),
            results.display()
        );
        say!("report: {}", report.display());
    }
    if failed.is_empty() {
        return Ok(Outcome::Done);
    }
    say!("failed: point {}", failed.join(", "));
    Ok(Outcome::Failed)
}

/// The run is done and its results are on the disk, whether or not anybody reads them here.
fn unread(printed: anyhow::Result<()>, directory: &Path) {
    if let Err(error) = printed
        && !super::is_closed_pipe(&error)
    {
        say!(
            "warning: the results can't be printed: {error}; they are in {}",
            directory.join("results.json").display()
        );
    }
}

/// Runs a plan into a directory, prints its results by `table`, and writes its report: the results, or how it ended.
fn one(
    args: &RunArgs,
    loaded: &Loaded,
    directory: &Path,
    beside: &[PathBuf],
    table: &dyn Fn(&[ResultRow]) -> anyhow::Result<()>,
) -> anyhow::Result<Result<Vec<ResultRow>, Outcome>> {
    let began = std::time::Instant::now();
    let Some(plan) = &loaded.plan else {
        return Ok(Err(Outcome::Unsound));
    };
    let options = RunOptions {
        directory: directory.to_owned(),
        recipe: args.recipe.recipe.clone(),
        clock: Default::default(),
        beside: beside.to_vec(),
        pinned: match args.recipe.update_lock {
            true => BTreeMap::new(),
            false => super::lock::said(args.recipe.project().data())?,
        },
    };
    let mut bar = Bar::new(args.quiet || args.json);
    let mut logged = Logged::new(&mut bar, args.log, directory);
    let ended = crate::engine::run_plan(plan, &options, &mut logged);
    logged.last();
    let Finished { rows, before } = match ended {
        Ok(finished) => finished,
        Err(diagnostic) => {
            crate::engine::Watch::end(&mut bar, "");
            let interrupted = diagnostic.code == Code::Interrupted;
            super::out::show(&diagnostic, &loaded.sources);
            return Ok(Err(if interrupted {
                Outcome::Interrupted
            } else {
                Outcome::Failed
            }));
        }
    };
    // what has worked is what is meant
    loaded.pin()?;
    let project = args.recipe.project();
    if args.recipe.update_lock
        && super::lock::said(project.data()).is_ok_and(|data| !data.is_empty())
    {
        super::lock::said(project.pin_data(&crate::engine::data_of(plan).0))?;
    }
    super::bundle::keep(&args.recipe, loaded, plan, directory);
    let report = crate::report::write(directory);
    unread(table(&rows), directory);
    if !args.json {
        let now = began.elapsed();
        let earlier = match before.as_secs() {
            0 => String::new(),
            _ => format!(", {} of it now", clock(now)),
        };
        let all = clock(now.saturating_add(before));
        say!("{} in {all}{earlier}", directory.display());
    }
    match report {
        Ok(path) if !args.json => say!("report: {}", path.display()),
        Ok(_) => {}
        Err(error) => say!("warning: the report could not be written: {error}"),
    }
    Ok(Ok(rows))
}
