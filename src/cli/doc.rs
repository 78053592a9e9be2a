//! `pretext doc NAME`, `pretext doc --book FOLDER`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::Outcome;
use super::out::{print, print_json};
use crate::catalog::Catalog;
use crate::files::Folder;

/// Arguments of `pretext doc`.
#[derive(Args)]
pub struct DocArgs {
    /// The name of anything in `pretext list` or `pretext list ops`
    #[arg(required_unless_present = "book")]
    name: Option<String>,
    /// Write all of it into a folder: a page of Markdown for each entry and for each code of an error
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["name", "json"])]
    book: Option<PathBuf>,
    /// With what this recipe uses: its scripts and plugins
    #[arg(long, value_name = "RECIPE.ssl")]
    recipe: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &DocArgs) -> anyhow::Result<Outcome> {
    let catalog = super::recipe::catalog_of(args.recipe.as_deref())?;
    if let Some(folder) = &args.book {
        return book(&catalog, folder);
    }
    let name = args.name.as_deref().unwrap_or_default();
    let found: Vec<_> = catalog.of_name(name).collect();
    let op = crate::graph::operation(name);
    if found.is_empty() && op.is_none() {
        let names: Vec<&str> = catalog.iter().map(|spec| spec.name.as_str()).collect();
        say!("error: nothing in the catalog is called `{name}`");
        if let Some(near) = crate::language::nearest(name, names.iter().copied()) {
            say!("help: did you mean `{near}`?");
        }
        say!(
            "help: `pretext list` prints every name, `pretext list ops` every operation for scripts and plugins"
        );
        return Ok(Outcome::Unsound);
    }
    if args.json {
        let docs: Vec<serde_json::Value> = found
            .iter()
            .map(|spec| crate::report::catalog::doc_json(spec, &spec.stage_fields()))
            .chain(op.map(crate::report::operations::doc_json))
            .collect();
        print_json(&docs)?;
    } else {
        let docs: Vec<String> = found
            .iter()
            .map(|spec| crate::report::catalog::doc(spec, &spec.stage_fields()))
            .chain(op.map(crate::report::operations::doc))
            .collect();
        print(&docs.join("\n"))?;
    }
    Ok(Outcome::Done)
}

/// Writes the reference below a folder. Pages that are there are replaced, everything else is left.
fn book(catalog: &Catalog, folder: &Path) -> anyhow::Result<Outcome> {
    let wrap = || format!("can't write into {}", folder.display());
    let mut open: BTreeMap<String, Folder> = BTreeMap::new();
    let root = Folder::create(folder).with_context(wrap)?;
    let pages = crate::report::book::pages(catalog);
    for page in &pages {
        let (inner, name) = page.path.split_once('/').unwrap_or(("", &page.path));
        if !open.contains_key(inner) {
            open.insert(inner.into(), root.make(inner).with_context(wrap)?);
        }
        if let Some(inner) = open.get(inner) {
            let fill = |file: &mut std::fs::File| file.write_all(page.text.as_bytes());
            inner.replace(name, fill).with_context(wrap)?;
        }
    }
    print(&format!("{}: {} pages", folder.display(), pages.len()))?;
    Ok(Outcome::Done)
}
