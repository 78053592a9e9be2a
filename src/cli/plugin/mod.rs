//! `pretext plugin new | build | check | list`

mod build;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use build::{build, is_source, sources};

use super::Outcome;
use super::out::{print, print_json};
use crate::catalog::Problem;
use crate::extend::plugin::check::{self, Line, Report, inspect};
use crate::extend::plugin::scaffold::{self, Language};
use crate::extend::plugin::{self, FOLDER, child};
use crate::extend::{Lock, project_folder};
use crate::language::codes::Code;

/// Arguments of `pretext plugin`.
#[derive(Args)]
pub struct PluginArgs {
    /// The project's folder; where absent, the nearest with an `ssl.lock` from here upwards, else this one
    #[arg(long, value_name = "DIRECTORY", global = true)]
    project: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Write a plugin and a recipe to begin with: both work at once
    New {
        /// Lower case letters, digits, `_`
        name: String,
        /// What to write it in
        #[arg(long, default_value = "rust")]
        lang: Lang,
    },
    /// Compile plugins of the project, put them into its plugin folder, check and pin them
    Build {
        /// Folders under `plugins/`; all of them where absent
        names: Vec<String>,
    },
    /// Load a plugin in a process of its own and try all it exports
    Check {
        /// The name of a plugin, or a library's file
        what: String,
        /// Seconds after which a call that does not return is ended
        #[arg(long, default_value = "10", value_parser = super::seconds, allow_negative_numbers = true)]
        limit: f64,
        /// Look for plugins here too
        #[arg(long, value_name = "DIRECTORY")]
        plugin_path: Vec<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the plugins that recipes of this project can use
    List {
        /// Look for plugins here too
        #[arg(long, value_name = "DIRECTORY")]
        plugin_path: Vec<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What `check` and `list` run in a process of its own
    #[command(hide = true)]
    Inspect {
        file: PathBuf,
        #[arg(long)]
        build: bool,
        /// Load no other content
        #[arg(long)]
        blake3: Option<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Lang {
    Rust,
    C,
}

pub fn run(args: &PluginArgs) -> anyhow::Result<Outcome> {
    let project = match &args.project {
        Some(folder) => folder.canonicalize().unwrap_or_else(|_| folder.clone()),
        None => project_folder(Path::new(".")),
    };
    match &args.verb {
        Verb::New { name, lang } => new(&project, name, *lang),
        Verb::Build { names } => build(&project, names),
        Verb::Check {
            what,
            limit,
            plugin_path,
            json,
        } => check(&project, what, *limit, plugin_path, *json),
        Verb::List { plugin_path, json } => list(&project, plugin_path, *json),
        Verb::Inspect {
            file,
            build,
            blake3,
        } => {
            let mut out = child::private()?;
            inspect(file, *build, blake3.as_deref(), &mut |line: Line| {
                if let Ok(text) = serde_json::to_string(&line) {
                    // on a line of its own, whatever the plugin has written before; whoever asked may be gone, and then
                    // nobody minds
                    let _ = out
                        .write_all(format!("\n{text}\n").as_bytes())
                        .and_then(|()| out.flush());
                }
            });
            Ok(Outcome::Done)
        }
    }
}

/// A path as seen from where the user is.
fn near(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    path.display().to_string()
}

fn new(project: &Path, name: &str, lang: Lang) -> anyhow::Result<Outcome> {
    if !plugin::is_name(name) {
        anyhow::bail!(
            "a plugin can't be called {name:?}: names have lower case letters, digits and `_`"
        );
    }
    let language = match lang {
        Lang::Rust => Language::Rust,
        Lang::C => Language::C,
    };
    let files = scaffold::write(project, name, language)?;
    let mut out = String::new();
    for file in &files {
        out += &format!("wrote {}\n", near(file));
    }
    out += &format!("\nnext: pretext plugin build {name}\n      pretext run {name}.ssl\n");
    print(&out)?;
    Ok(Outcome::Done)
}

/// Tries a library in a process of its own: see [`check::apart`].
fn checked(file: &Path, build: bool, blake3: Option<&str>, limit: f64) -> anyhow::Result<Report> {
    let limit = Duration::from_secs_f64(limit);
    Ok(check::apart(file, build, blake3, limit)?)
}

/// A problem on the way to a plugin's file, with what is to be done.
fn said(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!(check::told(&problem))
}

fn told(report: &Report) -> String {
    let file = near(Path::new(&report.path));
    let mut out = match &report.plugin {
        Some((name, version, abi, hash)) => {
            format!(
                "{name} {version}, ABI {abi}, blake3 {}…, {file}\n",
                hash.get(..16).unwrap_or(hash)
            )
        }
        None => format!("{file}\n"),
    };
    for entry in &report.entries {
        let mark = if entry.sound { "sound" } else { "UNSOUND" };
        out += &format!("  {} {}: {mark}", entry.kind, entry.name);
        match (entry.sound, entry.found.as_str()) {
            (_, "") => out += "\n",
            (true, found) => out += &format!(", {found}\n"),
            (false, found) => out += &format!("\n    {}\n", found.replace('\n', "\n    ")),
        }
    }
    if let Some(failure) = &report.failure {
        out += &format!("  UNSOUND: {}\n", failure.replace('\n', "\n    "));
    } else if !report.sound() && report.entries.iter().all(|entry| entry.sound) {
        out += "  UNSOUND: it did not get to the end\n";
    }
    out
}

fn check(
    project: &Path,
    what: &str,
    limit: f64,
    plugin_path: &[PathBuf],
    json: bool,
) -> anyhow::Result<Outcome> {
    let file = match plugin::is_name(what) && !Path::new(what).is_file() {
        false => PathBuf::from(what),
        true => {
            let found = plugin::installed(&plugin::folders(project, plugin_path));
            match found.into_iter().find(|(name, _)| name == what) {
                Some((_, file)) => file,
                None => {
                    let source = is_source(&project.join(FOLDER).join(what));
                    let help = if source {
                        format!("build it: `pretext plugin build {what}`")
                    } else {
                        "`pretext plugin list` shows what there is".into()
                    };
                    anyhow::bail!("there is no plugin `{what}`; {help}")
                }
            }
        }
    };
    let report = match pinned(project, plugin_path, &file)? {
        Ok(blake3) => checked(&file, true, Some(&blake3), limit)?,
        Err(problem) if json => refused(&file, &problem),
        Err(problem) => {
            say!(
                "error[{}]: {}",
                problem.code.number(),
                check::told(&problem)
            );
            return Ok(Outcome::Unsound);
        }
    };
    if json {
        print_json(&report)?;
    } else {
        print(&told(&report))?;
    }
    Ok(if report.sound() {
        Outcome::Done
    } else {
        Outcome::Unsound
    })
}

/// blake3 of a library that may be loaded, or why it may not: it lies where recipes find it and is not the pinned one.
/// A file elsewhere is nobody's pin.
fn pinned(
    project: &Path,
    plugin_path: &[PathBuf],
    file: &Path,
) -> anyhow::Result<Result<String, Problem>> {
    let bytes = std::fs::read(file)
        .map_err(|error| anyhow::anyhow!("can't read the plugin {}: {error}", near(file)))?;
    let real = |path: &Path| path.canonicalize().ok();
    // of a link, its place counts and not what it leads to
    let folder = file.parent().map(|folder| match folder.as_os_str() {
        name if name.is_empty() => Path::new("."),
        _ => folder,
    });
    let folder = folder.and_then(real);
    let folders = plugin::folders(project, plugin_path);
    let found = folder.is_some() && folders.iter().any(|place| real(place) == folder);
    let Some(name) = plugin::name_of(file).filter(|_| found) else {
        return Ok(Ok(blake3::hash(&bytes).to_hex().to_string()));
    };
    match plugin::pinned(project, &name, &bytes) {
        Ok(blake3) => Ok(Ok(blake3)),
        Err(problem) if problem.code == Code::Pinned => Ok(Err(problem
            .note("It was not loaded.")
            .help(format!(
                "`--update-lock` goes with `pretext check RECIPE`; `pretext plugin build {name}` pins what it has built"
            )))),
        Err(problem) => Err(said(problem)),
    }
}

/// The report of a library that was not loaded.
fn refused(file: &Path, problem: &Problem) -> Report {
    Report {
        path: file.display().to_string(),
        failure: Some(format!(
            "error[{}]: {}",
            problem.code.number(),
            check::told(problem)
        )),
        ..Report::default()
    }
}

fn list(project: &Path, plugin_path: &[PathBuf], json: bool) -> anyhow::Result<Outcome> {
    let mut lock = Lock::read(project).map_err(said)?;
    let installed = plugin::installed(&plugin::folders(project, plugin_path));
    let mut rows = Vec::new();
    let mut text = String::new();
    for (name, file) in &installed {
        let pin = lock.get(("plugins", &plugin::pin_key(name)));
        let (report, pinned) = match pinned(project, plugin_path, file) {
            Ok(Ok(blake3)) => {
                let report = checked(file, false, Some(&blake3), 10.0)?;
                (
                    report,
                    if pin.is_some() {
                        "pinned"
                    } else {
                        "not pinned"
                    },
                )
            }
            Ok(Err(problem)) => (refused(file, &problem), "not the one that is pinned"),
            // one that can't be read must not hide the others
            Err(error) => {
                let report = Report {
                    path: file.display().to_string(),
                    failure: Some(error.to_string()),
                    ..Report::default()
                };
                (report, "not looked at")
            }
        };
        text += told(&report).trim_end();
        text += &format!("\n  {pinned}\n");
        let mut row = serde_json::to_value(&report)?;
        row["pin"] = pinned.into();
        rows.push(row);
    }
    for name in sources(project) {
        if installed.iter().all(|(other, _)| *other != name) {
            let folder = near(&project.join(FOLDER).join(&name));
            text += &format!("{name}, {folder}\n  not built: `pretext plugin build {name}`\n");
        }
    }
    if json {
        print_json(&rows)?;
    } else if text.is_empty() {
        print("no plugins; `pretext plugin new NAME` writes one")?;
    } else {
        print(&text)?;
    }
    Ok(Outcome::Done)
}
