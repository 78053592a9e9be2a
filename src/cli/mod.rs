//! The command line, one file per verb. Arguments in, text out; the work is done elsewhere.

#[macro_use]
mod out;

mod bar;
mod bundle;
mod check;
mod compare;
mod completions;
mod diff;
mod doc;
mod duplicates;
mod embed;
mod encoder;
mod expand;
mod explain;
mod fmt;
mod given;
mod kept;
mod kernels;
mod list;
mod lock;
mod logged;
mod lsp;
mod machine;
mod neighbours;
mod new;
mod onnx;
mod plan;
mod plugin;
mod preview;
mod reading;
mod recipe;
mod report;
mod run;

mod stop;
mod sweep;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::extend::plugin::worker;

/// Self-supervised learning from one recipe.
#[derive(Parser)]
#[command(name = "pretext", version, about, long_about = None, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Prove that a recipe is sound, without running it
    Check(check::CheckArgs),
    /// Show what a recipe will do: stages, graph, parameters, FLOPs, memory
    Plan(plan::PlanArgs),
    /// Run a recipe, or continue where a run was interrupted
    Run(run::RunArgs),
    /// Draw what each augment emits, as a PNG contact sheet
    Preview(preview::PreviewArgs),
    /// List everything a recipe may call
    List(list::ListArgs),
    /// Describe one thing a recipe may call
    Doc(doc::DocArgs),
    /// Print the resolved recipe: one file, every default written
    Expand(expand::ExpandArgs),
    /// Write recipes in their one form
    Fmt(fmt::FmtArgs),
    /// Say where the value of a field comes from
    Explain(explain::ExplainArgs),
    /// Write the report of a run directory again
    Report(report::ReportArgs),
    /// Write the features of pictures into a file: of a trained encoder, for a notebook
    Embed(embed::EmbedArgs),
    /// Write an encoder as ONNX, for any number of pictures
    Onnx(onnx::OnnxArgs),
    /// Draw pictures with those that lie nearest to them, as a PNG sheet
    Neighbours(neighbours::NeighbourArgs),
    /// Find pictures that are nearly the same, also between train and test
    Duplicates(duplicates::DuplicateArgs),
    /// Show a run as it goes: its report on this machine alone, or as text
    Watch(watch::WatchArgs),
    /// List run directories, remove some, clear what nobody needs
    Runs(kept::RunsArgs),
    /// Write a recipe for your own data
    New(new::NewArgs),
    /// Put the results of several runs into one table
    Compare(compare::CompareArgs),
    /// Say how two recipes, or a recipe and a run, differ in meaning
    Diff(diff::DiffArgs),
    /// Pin what recipes are made of in `ssl.lock`: recipes, scripts, plugins, data
    Lock(lock::LockArgs),
    /// Put a recipe, or a run, with all that it is made of into one file
    Bundle(bundle::BundleArgs),
    /// Write what a bundle holds into a folder of its own
    Unbundle(bundle::UnbundleArgs),
    /// Write, compile, check and list compiled tasks and transforms
    Plugin(plugin::PluginArgs),
    /// Answer an editor: diagnostics, completion, hover, rename, over standard input and output
    Lsp(lsp::LspArgs),
    /// Print shell completions
    Completions(completions::CompletionArgs),
    /// Write manual pages
    Man(completions::ManArgs),
}

/// How a verb ended.
pub enum Outcome {
    /// As wished.
    Done,
    /// The recipe has errors, or warnings that were denied; two recipes differ.
    Unsound,
    /// The work failed half-way; what is finished is kept.
    Failed,
    /// Two things can't be compared.
    Trouble,
    /// Somebody asked to stop.
    Interrupted,
}

impl From<Outcome> for u8 {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => 0,
            Outcome::Unsound => 1,
            Outcome::Trouble => 2,
            Outcome::Failed => 3,
            Outcome::Interrupted => 130,
        }
    }
}

/// Runs the command line. Exit codes: 0 done, 1 the recipe is unsound, 2 wrong usage, 3 failed while running, 130
/// interrupted; of `diff` 0 alike, 1 not alike, 2 can't be compared.
pub fn main() -> ExitCode {
    if let Err(error) = worker::begin() {
        say!("error: a process for plugins can't be set up: {error}");
        return ExitCode::from(3);
    }
    let code = done();
    worker::end(code);
    ExitCode::from(code)
}

/// Does what the command line says; the exit code.
fn done() -> u8 {
    stop::keep_size_limit_quiet();
    let result = match Cli::parse().verb {
        Verb::Check(args) => check::run(&args),
        Verb::Plan(args) => plan::run(&args),
        Verb::Run(args) => run::run(&args),
        Verb::Preview(args) => preview::run(&args),
        Verb::List(args) => list::run(&args),
        Verb::Doc(args) => doc::run(&args),
        Verb::Expand(args) => expand::run(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Fmt(args) => fmt::run(&args),
        Verb::Report(args) => report::run(&args),
        Verb::Embed(args) => embed::run(&args),
        Verb::Onnx(args) => onnx::run(&args),
        Verb::Neighbours(args) => neighbours::run(&args),
        Verb::Duplicates(args) => duplicates::run(&args),
        Verb::Watch(args) => watch::run(&args),
        Verb::Runs(args) => kept::run(&args),
        Verb::New(args) => new::run(&args),
        Verb::Compare(args) => compare::run(&args),
        Verb::Diff(args) => diff::run(&args),
        Verb::Lock(args) => lock::run(&args),
        Verb::Bundle(args) => bundle::run(&args),
        Verb::Unbundle(args) => bundle::unbundle(&args),
        Verb::Plugin(args) => plugin::run(&args),
        Verb::Lsp(args) => lsp::run(&args),
        Verb::Completions(args) => completions::run(&args),
        Verb::Man(args) => completions::man(&args),
    };
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) if is_closed_pipe(&error) => 0,
        Err(error) => {
            if let Some(recipe::Elsewhere(code)) = error.downcast_ref() {
                return *code;
            }
            say!("error: {error:#}");
            3
        }
    }
}

/// `pretext list | head` is not a failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Seconds that somebody may wait.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= 3600.0);
    seconds.ok_or_else(|| "it must be a number of seconds above 0, at most 3600".into())
}

/// Says that a file is there, and how it may be written over.
fn is_there_already(path: &std::path::Path) -> Outcome {
    say!("error: {} is there already", path.display());
    say!("help: name another file with `-o FILE`, or write over it with `--force`");
    Outcome::Unsound
}

/// Writes a file whole or not at all; the error names it.
fn write(path: &std::path::Path, bytes: &[u8]) -> anyhow::Result<()> {
    crate::files::write(path, bytes)
        .map_err(|error| anyhow::anyhow!("can't write {}: {error}", path.display()))
}
