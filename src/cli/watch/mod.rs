//! `pretext watch RUN`: a run as it goes, in a browser on this machine or as text.

mod page;
mod server;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;

use super::Outcome;
use super::bar::Bar;
use super::out::{columns, on_terminal, print, print_json};
use crate::engine::Watch;
use crate::files::{Folder, Kind};
use crate::report::{Progress, ResultRow, StageProgress, State, clock};

/// Between two looks at the files.
const LOOK: Duration = Duration::from_millis(500);
/// Between two lines where there is no terminal.
const BETWEEN: Duration = Duration::from_secs(10);
/// Most bytes of `results.json`.
const LARGEST: u64 = 16 << 20;

/// Arguments of `pretext watch`.
#[derive(Args)]
pub struct WatchArgs {
    /// A run directory
    run: PathBuf,
    /// Say how far it is here, until it ends, instead of serving a page
    #[arg(long, conflicts_with = "port")]
    text: bool,
    /// Say it once
    #[arg(long, requires = "text")]
    once: bool,
    /// With `--text --once`: as JSON
    #[arg(long, requires = "once")]
    json: bool,
    /// The page's port on 127.0.0.1; a free one where absent
    #[arg(long, value_name = "NUMBER")]
    port: Option<u16>,
}

pub fn run(args: &WatchArgs) -> anyhow::Result<Outcome> {
    let progress = read(&args.run)?;
    if args.json {
        print_json(&progress)?;
        return Ok(Outcome::Done);
    }
    if args.once {
        print(&lines(&progress))?;
        results(&args.run)?;
        return Ok(Outcome::Done);
    }
    match args.text {
        true => text(&args.run, progress),
        false => server::serve(&args.run, args.port.unwrap_or(0)),
    }
}

/// How far a run is; of several in one folder, which to name.
fn read(run: &Path) -> anyhow::Result<Progress> {
    let inner = |folder: &Folder| {
        let names = folder.names().unwrap_or_default();
        let is_run = |name: &str| {
            let number = name.strip_prefix("seed.").or(name.strip_prefix("point."));
            number.is_some_and(|number| number.parse::<u64>().is_ok())
        };
        let names = names.into_iter();
        let mut names: Vec<String> = names
            .filter(|(name, kind)| *kind == Kind::Folder && is_run(name))
            .map(|(name, _)| name)
            .collect();
        names.sort();
        names
    };
    match Progress::read(run) {
        Ok(progress) => Ok(progress),
        Err(error) => {
            let several = Folder::open(run).map(|folder| inner(&folder));
            match several {
                Ok(several) if !several.is_empty() => bail!(
                    "{} holds several runs: name one of {}",
                    run.display(),
                    several
                        .iter()
                        .take(8)
                        .map(|name| run.join(name).display().to_string())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
                _ => Err(error.into()),
            }
        }
    }
}

/// What is known of a stage, after its name.
fn details(stage: &StageProgress) -> String {
    let mut parts = Vec::new();
    match (stage.state, stage.step) {
        (State::Waiting, _) => parts.push("waits".to_owned()),
        (State::Done, _) => parts.push("done".to_owned()),
        (State::Begun, Some(step)) if stage.steps > 0 => {
            parts.push(format!("step {step} of {}", stage.steps));
        }
        (State::Begun, _) => parts.push("under way".to_owned()),
    }
    parts.extend(stage.loss.map(|loss| format!("loss {loss:.4}")));
    if stage.state == State::Begun {
        parts.extend(stage.rate.map(|rate| format!("{rate:.0} records/s")));
        parts.extend(stage.left.map(|left| format!("{} left", clock(left))));
    }
    parts.join(" · ")
}

/// The whole of it.
fn lines(progress: &Progress) -> String {
    let mut out = format!("{}: {}\n", progress.run, progress.line());
    let wide = progress
        .stages
        .iter()
        .map(|stage| stage.stage.chars().count());
    let wide = wide.max().unwrap_or(0);
    for stage in &progress.stages {
        let what = match stage.what.is_empty() {
            true => String::new(),
            false => format!("{} · ", stage.what),
        };
        out += &format!("  {:wide$}  {what}{}\n", stage.stage, details(stage));
    }
    out
}

/// The table of results, where there are some.
fn results(run: &Path) -> anyhow::Result<()> {
    let bytes = Folder::open(run).and_then(|folder| folder.read("results.json", LARGEST));
    let rows = bytes
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Vec<ResultRow>>(&bytes).ok());
    match rows {
        Some(rows) if !rows.is_empty() => print(&crate::report::table(&rows, columns())),
        _ => Ok(()),
    }
}

/// Says how far it is until it ends: a bar on a terminal, lines elsewhere.
fn text(run: &Path, mut progress: Progress) -> anyhow::Result<Outcome> {
    let mut bar = Bar::new(!on_terminal());
    let mut drawn: Option<usize> = None;
    let mut said = (String::new(), Instant::now());
    print(&lines(&progress))?;
    while progress.running {
        std::thread::sleep(LOOK);
        progress = read(run)?;
        let Some((at, stage)) = progress.now() else {
            continue;
        };
        if on_terminal() {
            if drawn != Some(at) {
                bar.end("");
                print(&progress.line())?;
                bar.begin(
                    &stage.stage,
                    &stage.what,
                    stage.step.unwrap_or(0),
                    stage.steps.max(1),
                );
                drawn = Some(at);
            }
            if let (Some(step), Some(loss)) = (stage.step, stage.loss) {
                bar.step(step, loss, stage.rate.unwrap_or(0.0));
            }
            continue;
        }
        let line = format!("{} · {} · {}", progress.line(), stage.stage, details(stage));
        if line != said.0 && (drawn != Some(at) || said.1.elapsed() >= BETWEEN) {
            print(&line)?;
            said = (line, Instant::now());
            drawn = Some(at);
        }
    }
    bar.end("");
    print(&lines(&progress))?;
    results(run)?;
    Ok(Outcome::Done)
}
