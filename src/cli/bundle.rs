//! `pretext bundle RECIPE|RUN -o FILE`, `pretext unbundle FILE FOLDER`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;

use super::Outcome;
use super::out::print;
use super::recipe::{Loaded, RecipeArgs};
use crate::extend::bundle::{Bundle, Content, Index, Native, write};
use crate::extend::{plugin, project_folder};
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
    /// With the plugins that the recipe uses, which are native code, as they are built for this machine
    #[arg(long)]
    plugins: bool,
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
    /// Write plugins for this machine too: native code, which a recipe that uses it runs with your rights
    #[arg(long)]
    plugins: bool,
}

pub fn run(args: &BundleArgs) -> anyhow::Result<Outcome> {
    let path = &args.recipe.recipe;
    let (mut index, mut files) = if path.is_dir() {
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
    if args.plugins {
        let project = project_folder(match path.is_dir() {
            true => path,
            false => path.parent().unwrap_or(Path::new("")),
        });
        hold(&project, &args.recipe.plugin_path, &mut index, &mut files)?;
    }
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

/// Puts the plugins that a bundle names into it, as they lie here and as the bundle's lock pins them.
fn hold(
    project: &Path,
    plugin_path: &[PathBuf],
    index: &mut Index,
    files: &mut Vec<(String, Content)>,
) -> anyhow::Result<()> {
    let here = plugin::installed(&plugin::folders(project, plugin_path));
    for named in &index.plugins {
        let name = named.split(' ').next().unwrap_or_default();
        let Some((_, path)) = here.iter().find(|(own, _)| own == name) else {
            bail!(
                "the plugin `{name}` is not installed here: say where it is, `--plugin-path DIRECTORY`"
            );
        };
        let candidate = plugin::Candidate::read(path)
            .map_err(|problem| anyhow::anyhow!("{}", problem.message))?;
        let bytes = candidate.bytes().to_vec();
        plugin::pinned(project, name, &bytes)
            .map_err(|problem| anyhow::anyhow!("{}", problem.message))?;
        let native = Native {
            name: name.to_owned(),
            platform: plugin::PLATFORM.to_owned(),
            file: plugin::file_name(name),
        };
        files.push((native.path(), Content::Bytes(bytes)));
        index.native.push(native);
    }
    Ok(())
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
    opened.unpack(&args.folder, args.plugins)?;
    let held: Vec<Native> = opened.native().cloned().collect();
    let Index {
        recipe,
        plan,
        run,
        plugins,
        native,
        files,
    } = &opened.index;
    let folder = args.folder.display();
    let passed = native.len() - if args.plugins { held.len() } else { 0 };
    print(&format!("{folder}: {} files", files.len() - passed))?;
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
        let name = plugin.split(' ').next().unwrap_or_default();
        let here = held.iter().find(|native| native.name == name);
        let of = |native: &&Native| native.name == name;
        let others = native.iter().filter(of).map(|native| &*native.platform);
        let others: Vec<&str> = others.collect();
        print(&match (here, others.as_slice()) {
            (Some(own), _) if args.plugins => format!(
                "plugin {plugin}: {folder}/{}, native code, which the recipe runs with your rights",
                own.place()
            ),
            (Some(_), _) => format!(
                "it uses the plugin {plugin}, which is native code and was left in the bundle: `--plugins` writes it too, if you trust who made it"
            ),
            (None, []) => format!(
                "it uses the plugin {plugin}, which is native code and not in the bundle: install it; `ssl.lock` says which it must be"
            ),
            (None, others) => format!(
                "it uses the plugin {plugin}, which the bundle holds for {} alone, and this is {}: build it here",
                others.join(", "),
                plugin::PLATFORM
            ),
        })?;
    }
    Ok(Outcome::Done)
}
