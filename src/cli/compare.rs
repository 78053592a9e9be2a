//! `pretext compare RUN…`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::Outcome;
use super::out::{print, print_text};
use super::sweep::PointRow;
use crate::files::{self, Folder};
use crate::report::{
    Compared, Comparison, Difference, Recorded, ResultRow, StageDifference, comparisons,
    differences, markdown, recorded, side_by_side,
};

/// Bytes of a `results.json`, and of a page that a table is written into.
const LIMIT: u64 = 16 << 20;
/// Most differences of a recipe that are told.
const MOST_LINES: usize = 40;
/// What a table stands between.
const MARKS: [&str; 2] = ["<!-- compare -->", "<!-- /compare -->"];

/// Arguments of `pretext compare`.
#[derive(Args)]
pub struct CompareArgs {
    /// Run directories, or copies of their `results.json`. What differs by a last `.NUMBER` alone, as `simclr.1` and `simclr.2.json`, is one
    /// row: the mean of several seeds, as is a run of `seeds = 1..3`. A sweep is a row for each point
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Write the table into this page, between the lines `<!-- compare -->` and `<!-- /compare -->`
    #[arg(long, value_name = "FILE.md")]
    into: Option<PathBuf>,
    /// Write a page of its own: the tables, what differs in the recipes, links to the reports
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
}

/// A run with what its recipe means.
struct Looked {
    compared: Compared,
    means: Vec<(String, Recorded)>,
    /// Where it lies, if that is a run directory.
    directory: Option<PathBuf>,
}

pub fn run(args: &CompareArgs) -> anyhow::Result<Outcome> {
    let mut looked: Vec<Looked> = Vec::new();
    for path in &args.runs {
        if is_of_points(path) {
            looked.extend(points(path)?);
            continue;
        }
        for path in seeds(path)? {
            looked.push(look(&path)?);
        }
    }
    let runs: Vec<Compared> = looked.iter().map(|run| run.compared.clone()).collect();
    let differences = differences_of(&looked);
    // points of a sweep are rows of one table, whatever encoders they judge
    let points = args.runs.iter().all(|path| is_of_points(path));
    let tables = match points {
        true => vec![side_by_side(&runs)],
        false => comparisons(&runs),
    };
    let several = tables.len() > 1;
    let texts = tables.iter().map(|table| markdown(table, several));
    let mut table = texts.collect::<Vec<_>>().join("\n");
    if !differences.is_empty() {
        table += "\n";
        for one in &differences {
            table += &format!("- {}, beside {}:\n", one.name, one.beside);
            for line in &one.lines {
                table += &format!("  - {}\n", plain(line));
            }
        }
    }
    if let Some(page) = &args.html {
        let text = page_of(page, &looked, &tables, &differences)?;
        super::write(page, text.as_bytes())?;
    }
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

/// A line of a list in Markdown: what comes from a run is text.
fn plain(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars().filter(|c| !c.is_control()) {
        if matches!(c, '\\' | '*' | '_' | '<' | '>' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The page of all runs, with a link to the report of each that has one.
fn page_of(
    page: &Path,
    looked: &[Looked],
    tables: &[Comparison],
    differences: &[Difference],
) -> anyhow::Result<String> {
    let mut links = Vec::new();
    let here = page
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let here = here.unwrap_or(Path::new(".")).canonicalize().ok();
    for run in looked {
        let report = run
            .directory
            .as_ref()
            .map(|folder| folder.join("report.html"));
        let report = report.and_then(|report| report.canonicalize().ok());
        let Some(report) = report else { continue };
        // below the page the link goes on where both lie when they move
        let below = here
            .as_ref()
            .and_then(|here| report.strip_prefix(here).ok());
        let path = match below {
            Some(below) => below.to_string_lossy().into_owned(),
            None => format!("file://{}", report.display()),
        };
        links.push((run.compared.name.clone(), path));
    }
    let runs = looked.iter().map(|run| run.compared.name.clone());
    let mut names: Vec<String> = runs.collect();
    names.dedup();
    let title = names.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
    Ok(crate::report::page(
        &title,
        tables,
        differences,
        &links,
        &names,
    )?)
}

/// How the recipe of each run differs from that of the first one, of those that say what they mean; runs of one name are one.
fn differences_of(looked: &[Looked]) -> Vec<Difference> {
    let mut known: Vec<&Looked> = Vec::new();
    for run in looked.iter().filter(|run| !run.means.is_empty()) {
        if known
            .iter()
            .all(|other| other.compared.name != run.compared.name)
        {
            known.push(run);
        }
    }
    let Some((first, others)) = known.split_first() else {
        return Vec::new();
    };
    let found = others.iter().map(|run| {
        let found = differences(&first.means, &run.means);
        let mut lines: Vec<String> = found
            .iter()
            .flat_map(StageDifference::lines)
            .filter(|line| !line.contains("`run.seed`"))
            .collect();
        if let Some(more) = lines.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
            lines.truncate(MOST_LINES);
            lines.push(format!("and {more} more"));
        }
        Difference {
            name: run.compared.name.clone(),
            beside: first.compared.name.clone(),
            lines,
        }
    });
    found.filter(|one| !one.lines.is_empty()).collect()
}

/// Whether a path is the directory of a sweep, or its `results.json`.
fn is_of_points(path: &Path) -> bool {
    let file = match path.is_dir() {
        true => path.join("results.json"),
        false => path.to_owned(),
    };
    let bytes = files::read(&file, LIMIT).unwrap_or_default();
    let rows = serde_json::from_slice::<Vec<PointRow>>(&bytes);
    rows.is_ok_and(|rows| !rows.is_empty())
}

/// The points of a sweep, each as a run; those that differ by their seed alone have one name.
fn points(path: &Path) -> anyhow::Result<Vec<Looked>> {
    let file = match path.is_dir() {
        true => path.join("results.json"),
        false => path.to_owned(),
    };
    let bytes =
        files::read(&file, LIMIT).with_context(|| format!("can't read {}", file.display()))?;
    let rows: Vec<PointRow> = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} holds no results of a sweep", file.display()))?;
    if rows.is_empty() {
        bail!("{} holds no results: nothing was judged", file.display());
    }
    let mut numbers: Vec<usize> = rows.iter().map(|row| row.said.point).collect();
    numbers.dedup();
    let compared = super::sweep::compared(&rows);
    let found = numbers.into_iter().zip(compared).map(|(number, run)| {
        let folder = path.is_dir().then(|| super::sweep::folder(path, number));
        let (means, data) = folder.as_deref().map(meaning).unwrap_or_default();
        Looked {
            compared: Compared { data, ..run },
            means,
            directory: folder,
        }
    });
    Ok(found.collect())
}

/// What the stages of a run directory mean, and what each was judged on.
fn meaning(directory: &Path) -> (Vec<(String, Recorded)>, BTreeMap<String, String>) {
    let Ok(folder) = Folder::open(directory) else {
        return Default::default();
    };
    let run = folder.read("run.json", LIMIT).unwrap_or_default();
    let run: serde_json::Value = serde_json::from_slice(&run).unwrap_or_default();
    let named = run["stages"].as_array().into_iter().flatten();
    let named: Vec<String> = named
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect();
    let means = recorded(&folder, &named);
    let data = means.iter().map(|(stage, means)| {
        let data = means.data.iter();
        let data = data.map(|(field, _, manifest)| format!("{field} {manifest}"));
        (stage.clone(), data.collect::<Vec<_>>().join(" "))
    });
    let data = data.collect();
    (means, data)
}

/// A run directory, or a copy of its results.
fn look(path: &Path) -> anyhow::Result<Looked> {
    let (means, data) = match path.is_dir() {
        true => meaning(path),
        false => Default::default(),
    };
    Ok(Looked {
        compared: Compared {
            data,
            ..read(path)?
        },
        means,
        directory: path.is_dir().then(|| path.to_owned()),
    })
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
    Ok(Compared {
        name,
        rows,
        data: Default::default(),
    })
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
