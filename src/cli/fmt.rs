//! `pretext fmt RECIPE…`

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::Outcome;
use super::out::{print, print_text};
use crate::language::Sources;

/// Arguments of `pretext fmt`.
#[derive(Args)]
pub struct FmtArgs {
    /// The recipes; `-` reads one from standard input and prints it
    #[arg(value_name = "RECIPE.ssl", required = true)]
    recipes: Vec<PathBuf>,
    /// Change nothing; name the recipes that are not in the one form
    #[arg(long)]
    check: bool,
}

pub fn run(args: &FmtArgs) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Done;
    for path in &args.recipes {
        let stdin = path == Path::new("-");
        let bytes = if stdin {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes)?;
            bytes
        } else {
            std::fs::read(path)
                .with_context(|| format!("can't read the recipe {}", path.display()))?
        };
        let (sources, file, mut errors) = crate::language::decode(path, &bytes);
        let formatted = file.and_then(|file| match crate::language::format(&sources, file) {
            Ok(text) => Some(text),
            Err(found) => {
                errors.extend(found);
                None
            }
        });
        let Some(text) = formatted else {
            show(&errors, &sources);
            outcome = Outcome::Unsound;
            continue;
        };
        if args.check {
            if text.as_bytes() != bytes {
                print(&format!("{}: not formatted", path.display()))?;
                outcome = Outcome::Unsound;
            }
        } else if stdin {
            print_text(&text)?;
        } else if text.as_bytes() != bytes {
            replace(path, &text).with_context(|| format!("can't write {}", path.display()))?;
        }
    }
    Ok(outcome)
}

fn show(errors: &[crate::language::Diagnostic], sources: &Sources) {
    for error in errors {
        super::out::show(error, sources);
    }
}

/// Writes a file whole or not at all.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // a link stays one: what it points to is written
    let path = path.canonicalize()?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut file = std::fs::File::create(&part)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.sync_all()?;
    std::fs::rename(&part, &path)
}
