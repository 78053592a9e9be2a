//! `pretext run RECIPE`

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::Outcome;
use super::bar::{Bar, clock};
use super::kernels::KernelArgs;
use super::out::{columns, print, print_json};
use super::recipe::{Loaded, RecipeArgs};
use crate::engine::{Finished, RunOptions};
use crate::language::checked::Recipe;
use crate::language::codes::Code;
use crate::plan::Purpose;
use crate::report::ResultRow;

/// Arguments of `pretext run`.
#[derive(Args)]
pub struct RunArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    #[command(flatten)]
    kernels: KernelArgs,
    /// The run directory; `runs/NAME` where absent
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
    /// Draw no progress
    #[arg(long, short)]
    quiet: bool,
}

pub fn run(args: &RunArgs) -> anyhow::Result<Outcome> {
    args.kernels.set();
    let Some(loaded) = load(args, &args.recipe)? else {
        return Ok(Outcome::Unsound);
    };
    super::stop::listen();
    let stem = args.recipe.recipe.file_stem().unwrap_or_default();
    let directory = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("runs").join(stem));
    let seeds = loaded.recipe.as_ref().map(Recipe::seeds);
    if let Some(seeds) = seeds.filter(|seeds| !seeds.is_empty()) {
        drop(loaded);
        return over(args, &directory, &seeds);
    }
    let done = one(args, &loaded, &directory, None, &|rows| match args.json {
        true => print_json(&rows),
        false => print(&crate::report::table(rows, columns())),
    })?;
    Ok(done.map_or_else(|outcome| outcome, |_| Outcome::Done))
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

/// Runs the recipe once with each seed, into `seed.N` of the directory; then one table of all.
fn over(args: &RunArgs, directory: &Path, seeds: &[u64]) -> anyhow::Result<Outcome> {
    if directory.join("stages").exists() || directory.join("lock").exists() {
        bail!(
            "{} is the run directory of one seed: choose another with `--out`",
            directory.display()
        );
    }
    let mut runs = Vec::new();
    let mut beside = None;
    for seed in seeds {
        say!("seed {seed}");
        let recipe = RecipeArgs {
            seed: Some(*seed),
            ..args.recipe.clone()
        };
        let Some(loaded) = load(args, &recipe)? else {
            return Ok(Outcome::Unsound);
        };
        let own = directory.join(format!("seed.{seed}"));
        match one(args, &loaded, &own, beside, &|_| Ok(()))? {
            Ok(rows) => runs.push(rows),
            Err(outcome) => return Ok(outcome),
        }
        beside = Some(own);
    }
    let rows = crate::report::over_seeds(&runs);
    let results = directory.join("results.json");
    crate::files::write_json(&results, &rows)
        .with_context(|| format!("can't write {}", results.display()))?;
    let printed = match args.json {
        true => print_json(&rows),
        false => print(&crate::report::seeds_table(&rows)),
    };
    unread(printed, directory);
    Ok(Outcome::Done)
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
    beside: Option<PathBuf>,
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
        beside,
    };
    let mut bar = Bar::new(args.quiet || args.json);
    let Finished { rows, before } = match crate::engine::run_plan(plan, &options, &mut bar) {
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
