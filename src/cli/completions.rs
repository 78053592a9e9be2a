//! `pretext completions SHELL`, `pretext man FOLDER`

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command, CommandFactory};

use super::{Cli, Outcome};
use crate::files::Folder;

/// Arguments of `pretext completions`.
#[derive(Args)]
pub struct CompletionArgs {
    /// The shell
    shell: clap_complete::Shell,
}

/// Arguments of `pretext man`.
#[derive(Args)]
pub struct ManArgs {
    /// The folder to write them into: `~/.local/share/man/man1`
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub fn run(args: &CompletionArgs) -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pretext", &mut text);
    super::out::print_text(&String::from_utf8_lossy(&text))?;
    Ok(Outcome::Done)
}

/// Writes `pretext.1` and a page for each command.
pub fn man(args: &ManArgs) -> anyhow::Result<Outcome> {
    let mut whole = Cli::command();
    whole.build();
    let mut pages = Vec::new();
    collect(&whole, &mut pages)?;
    let failed = || format!("can't write into {}", args.folder.display());
    let folder = Folder::create(&args.folder).with_context(failed)?;
    for (name, text) in &pages {
        let fill = |file: &mut std::fs::File| file.write_all(text);
        folder.replace(name, fill).with_context(failed)?;
    }
    let at = args.folder.display();
    super::out::print(&format!(
        "{at}: {} pages, the first is pretext.1",
        pages.len()
    ))?;
    Ok(Outcome::Done)
}

/// The pages of a command and of those below it.
fn collect(command: &Command, into: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let man = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    man.render(&mut text)?;
    into.push((man.get_filename(), text));
    let inner = command.get_subcommands();
    let mut inner = inner.filter(|inner| !inner.is_hide_set() && inner.get_name() != "help");
    inner.try_for_each(|inner| collect(inner, into))
}
