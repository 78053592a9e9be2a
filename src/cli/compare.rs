//! `pretext compare RUN…`

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::Outcome;
use super::out::{print, print_text};
use crate::files;
use crate::report::{Compared, ResultRow, comparison};

/// Bytes of a `results.json`, and of a page that a table is written into.
const LIMIT: u64 = 16 << 20;
/// What a table stands between.
const MARKS: [&str; 2] = ["<!-- compare -->", "<!-- /compare -->"];

/// Arguments of `pretext compare`.
#[derive(Args)]
pub struct CompareArgs {
    /// Run directories, or copies of their `results.json`. What differs by a last `.NUMBER` alone, as `simclr.1` and `simclr.2.json`, is one
    /// row: the mean of several seeds, as is a run of `seeds = 1..3`
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Write the table into this page, between the lines `<!-- compare -->` and `<!-- /compare -->`
    #[arg(long, value_name = "FILE.md")]
    into: Option<PathBuf>,
}

pub fn run(args: &CompareArgs) -> anyhow::Result<Outcome> {
    let mut runs = Vec::new();
    for path in &args.runs {
        for path in seeds(path)? {
            runs.push(read(&path)?);
        }
    }
    let table = comparison(&runs);
    let Some(page) = &args.into else {
        print_text(&table)?;
        return Ok(Outcome::Done);
    };
    let old = files::read(page, LIMIT).with_context(|| format!("can't read {}", page.display()))?;
    let old = String::from_utf8(old).with_context(|| format!("{} is no text", page.display()))?;
    let Some(new) = placed(&old, &table) else {
        let [first, last] = MARKS;
        bail!(
            "{} has no line `{first}` with a line `{last}` below it: the table goes between them",
            page.display()
        );
    };
    files::write(page, new.as_bytes())
        .with_context(|| format!("can't write {}", page.display()))?;
    print(&page.display().to_string())?;
    Ok(Outcome::Done)
}

/// The run directories of each seed where a run has several; the path itself otherwise.
fn seeds(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    let entries = std::fs::read_dir(path);
    for entry in entries.with_context(|| format!("can't read {}", path.display()))? {
        let entry = entry.with_context(|| format!("can't read {}", path.display()))?;
        let name = entry.file_name();
        let seed = name.to_str().and_then(|name| name.strip_prefix("seed."));
        if let Some(seed) = seed.and_then(|seed| seed.parse().ok())
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
        {
            found.push((seed, entry.path()));
        }
    }
    found.sort();
    match found.is_empty() {
        true => Ok(vec![path.to_owned()]),
        false => Ok(found.into_iter().map(|(_, path)| path).collect()),
    }
}

/// The results of a run directory or of a file.
fn read(path: &Path) -> anyhow::Result<Compared> {
    let file = match path.is_dir() {
        true => path.join("results.json"),
        false => path.to_owned(),
    };
    let bytes =
        files::read(&file, LIMIT).with_context(|| format!("can't read {}", file.display()))?;
    let rows: Vec<ResultRow> = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} holds no results", file.display()))?;
    if rows.is_empty() {
        bail!("{} holds no results: nothing was judged", file.display());
    }
    let whole = path.canonicalize().ok();
    let whole = whole.as_deref().unwrap_or(path);
    let text = |name: Option<&std::ffi::OsStr>| {
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    let name = text(whole.file_name());
    let name = match named(&name) {
        // one of several seeds: the run's name stands above
        "seed" => text(whole.parent().and_then(Path::file_name)),
        name => name.to_owned(),
    };
    Ok(Compared { name, rows })
}

/// A run's name without `.json` and without its seed: `simclr` of `simclr.2.json`.
fn named(file: &str) -> &str {
    let name = file.strip_suffix(".json").unwrap_or(file);
    match name.rsplit_once('.') {
        Some((name, seed)) if !name.is_empty() && seed.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => name,
    }
}

/// A page with another table; `None` where it has no place for one.
fn placed(page: &str, table: &str) -> Option<String> {
    let [first, last] = MARKS;
    let (before, rest) = page.split_once(first)?;
    let (_, after) = rest.split_once(last)?;
    Some(format!("{before}{first}\n\n{table}\n{last}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_no_part_of_a_name() {
        let names = [
            "simclr.1.json",
            "simclr.20",
            "moco",
            "v1.2.json",
            ".3",
            "a.b",
        ];
        assert_eq!(
            names.map(named),
            ["simclr", "simclr", "moco", "v1", ".3", "a.b"]
        );
    }

    #[test]
    fn a_table_takes_the_place_of_the_last_one() {
        let page = "above\n<!-- compare -->\nold\n<!-- /compare -->\nbelow\n";
        let new = placed(page, "| a |\n").expect("a place");
        assert_eq!(
            new,
            "above\n<!-- compare -->\n\n| a |\n\n<!-- /compare -->\nbelow\n"
        );
        assert_eq!(placed(&new, "| a |\n").as_ref(), Some(&new));
        assert_eq!(placed("<!-- /compare --> <!-- compare -->", ""), None);
    }
}
