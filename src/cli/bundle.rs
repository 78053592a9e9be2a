//! `pretext bundle RECIPE|RUN -o FILE`, `pretext unbundle FILE FOLDER`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;

use super::Outcome;
use super::out::print;
use super::recipe::{Loaded, RecipeArgs};
use crate::extend::bundle::{Bundle, Content, Index, write};
use crate::files::{Folder, Kind, unfinished};
use crate::language::checked::Door;
use crate::plan::{Plan, Purpose};

/// The bundle of its recipe that a run keeps.
const SOURCE: &str = "source.bundle";
/// The folder of the run in a bundle.
const RUN: &str = "run";
/// Bytes of one file of a recipe.
const LIMIT: u64 = 64 << 20;
/// Folders inside one another.
const DEEPEST: usize = 8;
/// Files of a run directory that are not weights, by their endings, and the folders that hold them.
const PLAIN: &[&str] = &[
    "json", "jsonl", "ssl", "html", "png", "txt", "hash", "done", "bin",
];

/// Arguments of `pretext bundle`.
#[derive(Args)]
pub struct BundleArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// The file to write
    #[arg(short, long, value_name = "FILE.bundle")]
    output: PathBuf,
    /// Of a run: with what was trained and exported too
    #[arg(long)]
    weights: bool,
}

/// Arguments of `pretext unbundle`.
#[derive(Args)]
pub struct UnbundleArgs {
    /// The bundle
    #[arg(value_name = "FILE.bundle")]
    bundle: PathBuf,
    /// The folder to write it into, which is made
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub fn run(args: &BundleArgs) -> anyhow::Result<Outcome> {
    let path = &args.recipe.recipe;
    let (index, files) = if path.is_dir() {
        of_run(path, args.weights)?
    } else {
        if args.weights {
            bail!("{} is a recipe: only a run has weights", path.display());
        }
        let loaded = args.recipe.load(Some(Purpose::Check))?;
        loaded.show();
        let Some(plan) = &loaded.plan else {
            say!(
                "{}: {}; nothing was bundled",
                path.display(),
                loaded.counts()
            );
            return Ok(Outcome::Unsound);
        };
        of_recipe(&args.recipe, &loaded, plan)?
    };
    let index = write(&args.output, index, files)?;
    let bytes: u64 = index.files.iter().map(|entry| entry.bytes).sum();
    print(&format!(
        "{}: {} files, {}, plan {}",
        args.output.display(),
        index.files.len(),
        crate::plan::units::bytes(bytes),
        &index.plan[..16.min(index.plan.len())],
    ))?;
    Ok(Outcome::Done)
}

/// What a recipe is made of.
fn of_recipe(
    args: &RecipeArgs,
    loaded: &Loaded,
    plan: &Plan,
) -> anyhow::Result<(Index, Vec<(String, Content)>)> {
    let plugins: Vec<(String, String)> = (plan.recipe.uses.iter())
        .filter(|used| used.door == Door::Plugin)
        .map(|used| {
            let version = used.version.as_ref().map_or("", |version| &version.text);
            (used.name.text.clone(), version.to_owned())
        })
        .collect();
    let (data, _) = crate::engine::data_of(plan);
    let files = args
        .project()
        .files(&loaded.sources, &data, &args.set, &plugins);
    let (index, files) = super::lock::said(files)?;
    let index = Index {
        plan: plan.hash(),
        ..index
    };
    Ok((index, files))
}

/// Keeps in a run directory what the run was made of. Where that can't be done the run is none the worse.
pub fn keep(args: &RecipeArgs, loaded: &Loaded, plan: &Plan, directory: &Path) {
    let kept = of_recipe(args, loaded, plan)
        .and_then(|(index, files)| Ok(write(&directory.join(SOURCE), index, files)?));
    if let Err(error) = kept {
        say!("warning: the run does not keep its recipe: {error:#}");
    }
}

/// A run with what it was made of.
fn of_run(path: &Path, weights: bool) -> anyhow::Result<(Index, Vec<(String, Content)>)> {
    let source = source_of(path, 0).with_context(|| {
        format!(
            "{} has no {SOURCE}: it is no run directory, or was left by an earlier version of Pretext",
            path.display()
        )
    })?;
    let mut opened = Bundle::open(&source)?;
    opened.verify()?;
    let mut files = Vec::new();
    for entry in opened.index.files.clone() {
        let bytes = opened.read(&entry.path, LIMIT)?;
        files.push((entry.path, Content::Bytes(bytes)));
    }
    let folder = Folder::open(path).with_context(|| format!("can't read {}", path.display()))?;
    let mut name = RUN.to_owned();
    let taken = |name: &str| {
        let inside = format!("{name}/");
        let mut paths = opened.index.files.iter().map(|entry| &entry.path);
        paths.any(|path| path == name || path.starts_with(&inside))
    };
    while taken(&name) {
        name.push('_');
    }
    collect(&Arc::new(folder), &name, weights, 0, &mut files)
        .with_context(|| format!("can't read {}", path.display()))?;
    let index = Index {
        run: name,
        ..opened.index.clone()
    };
    Ok((index, files))
}

/// Where a run keeps its recipe; of several seeds or points, the first that does.
fn source_of(path: &Path, depth: usize) -> Option<PathBuf> {
    let own = path.join(SOURCE);
    if own.is_file() {
        return Some(own);
    }
    let mut inner: Vec<PathBuf> = std::fs::read_dir(path)
        .ok()?
        .flatten()
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("point.") || name.starts_with("seed.")
        })
        .map(|entry| entry.path())
        .collect();
    inner.sort();
    let mut inner = inner.into_iter().filter(|_| depth < 2);
    inner.find_map(|path| source_of(&path, depth + 1))
}

/// The files of a folder of a run, below `at`. Links are passed, what other settings left too.
fn collect(
    folder: &Arc<Folder>,
    at: &str,
    weights: bool,
    depth: usize,
    into: &mut Vec<(String, Content)>,
) -> std::io::Result<()> {
    for (name, kind) in folder.names()? {
        let own = format!("{at}/{name}");
        match kind {
            Kind::Folder if depth < DEEPEST && !name.contains('~') => {
                let wanted = weights || !name.starts_with("checkpoints");
                if wanted {
                    let inner = Arc::new(folder.folder(&name)?);
                    collect(&inner, &own, weights, depth + 1, into)?;
                }
            }
            Kind::File => {
                let ending = name
                    .rsplit_once('.')
                    .map_or(name.as_str(), |(_, ending)| ending);
                let plain = PLAIN.contains(&ending);
                let passed = name == "lock" || name == SOURCE || unfinished(&name).is_some();
                if !passed && (plain || weights) {
                    into.push((own, Content::File(folder.clone(), name)));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

pub fn unbundle(args: &UnbundleArgs) -> anyhow::Result<Outcome> {
    let mut opened = Bundle::open(&args.bundle)?;
    opened.unpack(&args.folder)?;
    let Index {
        recipe,
        plan,
        run,
        plugins,
        files,
    } = &opened.index;
    let folder = args.folder.display();
    print(&format!("{folder}: {} files", files.len()))?;
    print(&format!(
        "recipe: {folder}/{recipe}, plan {}",
        &plan[..16.min(plan.len())]
    ))?;
    if !run.is_empty() {
        print(&format!(
            "run: {folder}/{run}; it goes on with `pretext run {folder}/{recipe} --out {folder}/{run}`"
        ))?;
    }
    for plugin in plugins {
        print(&format!(
            "it uses the plugin {plugin}, which is native code and not in the bundle: install it; `ssl.lock` says which it must be"
        ))?;
    }
    Ok(Outcome::Done)
}
