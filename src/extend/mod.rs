//! Two more doors into the catalog: scripts beside a recipe and compiled plugins. What comes in by them is called like what
//! is built in.

mod lock;
#[allow(unsafe_code)]
pub mod plugin;
pub mod script;
pub mod words;

use std::path::{Path, PathBuf};

pub use lock::{LOCK_NAME, Lock, project_folder};

use crate::catalog::{At, Problem, Spec};
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

    /// Compares a content with its pin. `key`: its table and its name in `ssl.lock`.
    fn verify(&self, key: (&str, &str), what: &str, bytes: &[u8]) -> Result<Pin, Problem> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let mut lock = Lock::read(&self.project)?;
        match lock.get(key) {
            Some(pinned) if pinned.eq_ignore_ascii_case(&hash) => {
                return Ok(Pin { hash, absent: None });
            }
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
        let key = (key.0.to_owned(), key.1.to_owned());
        Ok(Pin {
            hash,
            absent: Some((self.project.clone(), key)),
        })
    }

    fn script(&self, used: &Use, sources: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        let path = self.folder.join(&used.name.text);
        let read = || -> Result<(String, Pin), Problem> {
            let bytes = script_bytes(&path)?;
            let name = format!("script {}", used.name.text);
            let key = lock::relative(&self.project, &path);
            let pin = self.verify(("scripts", &key), &format!("the {name}"), &bytes)?;
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
            Ok((text, pin))
        };
        let (text, pin) = read().map_err(|problem| vec![said(problem, used)])?;
        let file = sources.add(self.folder.join(&used.name.text), text.as_str());
        // what can't be used is not pinned: it will be changed
        let entry = script::entry(&used.name.text, &text, file).and_then(|spec| {
            pin.keep()?;
            Ok(spec)
        });
        match entry {
            Ok(spec) => Ok(vec![spec]),
            Err(problem) => Err(vec![said(problem, used)]),
        }
    }
}

/// The bytes of a script: of a file, and not of one that never ends.
fn script_bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let unreadable = |why: String| {
        Problem::new(
            Code::Script,
            format!("can't read the script {}: {why}", path.display()),
        )
    };
    let about = std::fs::metadata(path).map_err(|error| {
        unreadable(error.to_string()).help("the path is relative to the recipe")
    })?;
    let most = script::sandbox::MAX_BYTES as u64;
    if !about.is_file() {
        return Err(unreadable("it is no file".into()));
    }
    if about.len() > most {
        return Err(unreadable(format!(
            "it has {} bytes; at most {most} are read",
            about.len()
        )));
    }
    std::fs::read(path).map_err(|error| unreadable(error.to_string()))
}

/// A content that is the pinned one, or that has no pin yet.
struct Pin {
    hash: String,
    /// The project, and the table and the name there that have no such pin yet.
    absent: Option<(PathBuf, (String, String))>,
}

impl Pin {
    /// Pins the content: it could be used.
    fn keep(self) -> Result<String, Problem> {
        if let Some((project, (table, name))) = self.absent {
            Lock::pin(&project, (&table, &name), &self.hash)?;
        }
        Ok(self.hash)
    }
}

impl Doors for Loader {
    fn open(&mut self, used: &Use, sources: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        let mut specs = match used.door {
            Door::Script => self.script(used, sources),
            Door::Plugin => self
                .plugin(used)
                .and_then(|specs| match specs.iter().find_map(words::field_error) {
                    Some((_, why)) => Err(Problem::new(Code::Plugin, why)
                        .help("the plugin must give the parameter another name")),
                    None => Ok(specs),
                })
                .map_err(|problem| vec![said(problem, used)]),
        }?;
        specs.iter_mut().for_each(words::plain);
        Ok(specs)
    }
}

/// A problem as a diagnostic: at its own place in the script, else at the line that uses the script or the plugin.
fn said(problem: Problem, used: &Use) -> Diagnostic {
    let mut diagnostic = match problem.at {
        At::Span(own) => Diagnostic::error(problem.code, own, problem.message)
            .label(used.span, "the recipe uses it here"),
        _ => Diagnostic::error(problem.code, used.span, problem.message),
    };
    for (span, text) in problem.labels {
        diagnostic = diagnostic.label(span, text);
    }
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
