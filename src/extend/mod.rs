//! Two more doors into the catalog: scripts beside a recipe and compiled plugins. What comes in by them is called like what
//! is built in.

mod lock;
pub mod plugin;

use std::path::{Path, PathBuf};

pub use lock::{LOCK_NAME, Lock, project_folder};

use crate::catalog::{Problem, Provider, Spec};
use crate::language::checked::{Door, Use};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Doors, Sources};

/// What the command line says about scripts and plugins.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Refuse plugins.
    pub no_plugins: bool,
    /// Folders to look for plugins in, after the project's and the user's.
    pub plugin_path: Vec<PathBuf>,
    /// Pin what is used as it is, whatever `ssl.lock` says.
    pub update_lock: bool,
}

/// Loads what a recipe uses.
pub struct Loader {
    /// The recipe's folder: scripts are named from here.
    folder: PathBuf,
    /// The folder of its `ssl.lock` and of its plugins.
    project: PathBuf,
    options: Options,
}

impl Loader {
    /// For a recipe in this folder.
    pub fn new(folder: impl Into<PathBuf>, options: Options) -> Self {
        let folder = folder.into();
        Self {
            project: project_folder(&folder),
            folder,
            options,
        }
    }

    /// Compares a content with its pin, or pins it where it has none. `key`: its table and its name in `ssl.lock`.
    fn pin(&self, key: (&str, &str), what: &str, bytes: &[u8]) -> Result<String, Problem> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let mut lock = Lock::read(&self.project)?;
        match lock.get(key) {
            Some(pinned) if pinned == hash => return Ok(hash),
            Some(pinned) if !self.options.update_lock => {
                return Err(Problem::new(
                    Code::Pinned,
                    format!("{what} is not the one that {} names", lock.path().display()),
                )
                .note(format!(
                    "Pinned is blake3 {}…, this is {}….",
                    &pinned[..16],
                    &hash[..16]
                ))
                .help("if the change is wanted, say so once: `--update-lock`"));
            }
            _ => {}
        }
        lock.set(key, &hash);
        lock.write()?;
        Ok(hash)
    }

    fn script(&self, used: &Use, sources: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        let read = || -> Result<(String, Provider), Problem> {
            let path = self.folder.join(&used.name.text);
            let bytes = std::fs::read(&path).map_err(|error| {
                Problem::new(
                    Code::Script,
                    format!("can't read the script {}: {error}", path.display()),
                )
                .help("the path is relative to the recipe")
            })?;
            let name = format!("script {}", used.name.text);
            let key = lock::relative(&self.project, &path);
            let hash = self.pin(("scripts", &key), &format!("the {name}"), &bytes)?;
            let text = String::from_utf8(bytes).map_err(|error| {
                Problem::new(
                    Code::Script,
                    format!(
                        "the script {} is not UTF-8 from byte {} on",
                        path.display(),
                        error.utf8_error().valid_up_to()
                    ),
                )
            })?;
            Ok((text, Provider { name, hash }))
        };
        let (text, provider) = read().map_err(|problem| vec![said(problem, used)])?;
        let file = sources.add(self.folder.join(&used.name.text), text);
        let _ = (file, provider);
        Err(vec![Diagnostic::error(
            Code::NotYet,
            used.span,
            "scripts are not yet supported in this version",
        )])
    }
}

impl Doors for Loader {
    fn open(&mut self, used: &Use, sources: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        match used.door {
            Door::Script => self.script(used, sources),
            Door::Plugin => self
                .plugin(used)
                .map_err(|problem| vec![said(problem, used)]),
        }
    }
}

/// A problem as a diagnostic at the line that uses the script or the plugin.
fn said(problem: Problem, used: &Use) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(problem.code, used.span, problem.message);
    diagnostic.notes = problem.notes;
    for help in problem.helps {
        diagnostic = diagnostic.help(help);
    }
    diagnostic
}

/// The recipe's folder as something that can be joined and walked up from.
fn real(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}
