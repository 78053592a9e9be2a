//! `pretext completions SHELL`

use clap::{Args, CommandFactory};

use super::{Cli, Outcome};

/// Arguments of `pretext completions`.
#[derive(Args)]
pub struct CompletionArgs {
    /// The shell
    shell: clap_complete::Shell,
}

pub fn run(args: &CompletionArgs) -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pretext", &mut text);
    super::out::print_text(&String::from_utf8_lossy(&text))?;
    Ok(Outcome::Done)
}
