//! `pretext run RECIPE`

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::bar::{Bar, clock};
use super::kernels::KernelArgs;
use super::out::{columns, print, print_json};
use super::recipe::RecipeArgs;
use crate::engine::{Finished, RunOptions};
use crate::language::codes::Code;
use crate::plan::Purpose;

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
    let began = std::time::Instant::now();
    let loaded = args.recipe.load(Some(Purpose::Run))?;
    loaded.show();
    let Some(plan) = &loaded.plan else {
        say!(
            "{}: {}; nothing was run",
            args.recipe.recipe.display(),
            loaded.counts()
        );
        return Ok(Outcome::Unsound);
    };
    for line in loaded.found_lines() {
        say!("{line}");
    }
    super::stop::listen();
    let stem = args.recipe.recipe.file_stem().unwrap_or_default();
    let directory = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("runs").join(stem));
    let options = RunOptions {
        directory: directory.clone(),
        recipe: args.recipe.recipe.clone(),
        clock: Default::default(),
    };
    let mut bar = Bar::new(args.quiet || args.json);
    let Finished { rows, before } = match crate::engine::run_plan(plan, &options, &mut bar) {
        Ok(finished) => finished,
        Err(diagnostic) => {
            crate::engine::Watch::end(&mut bar, "");
            let interrupted = diagnostic.code == Code::Interrupted;
            super::out::show(&diagnostic, &loaded.sources);
            return Ok(if interrupted {
                Outcome::Interrupted
            } else {
                Outcome::Failed
            });
        }
    };
    // what has worked is what is meant
    loaded.pin()?;
    let report = crate::report::write(&directory);
    let printed = match args.json {
        true => print_json(&rows),
        false => print(&crate::report::table(&rows, columns())),
    };
    // the run is done and its results are on the disk, whether or not anybody reads them here
    if let Err(error) = printed
        && !super::is_closed_pipe(&error)
    {
        say!(
            "warning: the results can't be printed: {error}; they are in {}",
            directory.join("results.json").display()
        );
    }
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
    Ok(Outcome::Done)
}
