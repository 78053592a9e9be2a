//! Two more doors into the catalog: scripts beside a recipe and compiled plugins. What comes in by them is called like what
//! is built in.

pub mod bundle;
mod inside;
mod lock;
mod pins;
#[allow(unsafe_code)]
pub mod plugin;
mod project;
pub mod script;
pub mod words;

use std::path::{Path, PathBuf};

pub use lock::{LOCK_NAME, Lock, project_folder};
pub use pins::Pin;
pub use project::Project;

use crate::catalog::{At, Problem, Spec};
use crate::language::checked::{Door, Use};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Doors, FileId, Sources, Span};

/// What the command line says about scripts and plugins.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Refuse plugins.
    pub no_plugins: bool,
    /// Folders to look for plugins in, after the project's and the user's.
    pub plugin_path: Vec<PathBuf>,
    /// Take what is used as it is, whatever `ssl.lock` says.
    pub update_lock: bool,
    /// Take what `ssl.lock` pins, and nothing else.
    pub locked: bool,
    /// Read scripts that lie outside the project.
    pub allow_outside: bool,
}

/// Loads what a recipe uses.
pub struct Loader {
    /// The recipe's folder: scripts are named from here.
    folder: PathBuf,
    /// The folder of its `ssl.lock` and of its plugins.
    project: PathBuf,
    options: Options,
    /// Another process loads the plugins.
    elsewhere: bool,
    tries: Option<std::time::Duration>,
    left: Vec<(String, Span)>,
    pins: Vec<Pin>,
}

impl Loader {
    /// For a recipe in this folder.
    pub fn new(folder: impl Into<PathBuf>, options: Options) -> Self {
        let folder = folder.into();
        Self {
            project: project_folder(&folder),
            folder,
            options,
            elsewhere: false,
            tries: None,
            left: Vec::new(),
            pins: Vec::new(),
        }
    }

    /// Leaves plugins to another process: none is loaded here, and what the recipe uses of them is not looked for.
    pub fn without_plugins(mut self) -> Self {
        self.elsewhere = true;
        self
    }

    /// Has a plugin without a pin tried in a process of its own, which this program's file can be, before it is loaded here.
    /// `limit`: how long a call of it may take.
    pub fn trying(mut self, limit: std::time::Duration) -> Self {
        self.tries = Some(limit);
        self
    }

    /// The plugins that were left to another process, with the lines that use them.
    pub fn left(&self) -> &[(String, Span)] {
        &self.left
    }

    /// Contents that were used and are not pinned, or not as they are.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    fn script(&mut self, used: &Use, sources: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        let read = || -> Result<(String, Pin), Problem> {
            let name = format!("script {}", used.name.text);
            let (path, bytes, pin) = match self.bundled(&used.name.text, Code::Script)? {
                Some(found) => found,
                None => {
                    let path = self.script_place(&used.name.text)?;
                    let bytes = inside::script_bytes(&path)?;
                    let key = lock::relative(&self.project, &path);
                    let what = format!("the {name}");
                    let pin = self.verify(("scripts", &key), &what, &bytes, false)?;
                    (path, bytes, pin)
                }
            };
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
        match script::entry(&used.name.text, &text, file) {
            Ok(spec) => {
                self.pins.push(pin);
                Ok(vec![spec])
            }
            Err(problem) => Err(vec![said(problem, used)]),
        }
    }
}

impl Doors for Loader {
    fn recipe(
        &mut self,
        path: &Path,
        span: Span,
        sources: &mut Sources,
    ) -> Result<(PathBuf, FileId), Box<Diagnostic>> {
        let read = || -> Result<(PathBuf, Vec<u8>, Option<Pin>), Problem> {
            let named = path.to_string_lossy().into_owned();
            if let Some((place, bytes, pin)) = self.bundled(&named, Code::MissingFile)? {
                return Ok((place, bytes, Some(pin)));
            }
            let place = self.recipe_place(&named)?;
            let bytes = inside::recipe_bytes(&place)?;
            let key = lock::relative(&self.project, &place);
            let what = format!("the recipe {named}");
            let pin = self.verify(("recipes", &key), &what, &bytes, true)?;
            // a run pins what it executes; recipes are pinned where somebody asks for it
            let pin = (self.options.update_lock || !pin.is_absent()).then_some(pin);
            Ok((place, bytes, pin))
        };
        let (place, bytes, pin) = read().map_err(|problem| {
            let mut diagnostic = Diagnostic::error(problem.code, span, problem.message);
            diagnostic.notes = problem.notes;
            for help in problem.helps {
                diagnostic = diagnostic.help(help);
            }
            Box::new(diagnostic)
        })?;
        self.pins.extend(pin);
        let shown = self.folder.join(path);
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok((place, sources.add(shown, text))),
            Err(error) => {
                let at = error.valid_up_to();
                let message = format!("{} is not UTF-8 from byte {at} on", shown.display());
                Err(Box::new(Diagnostic::error(Code::Encoding, span, message)))
            }
        }
    }

    fn open(&mut self, used: &Use, sources: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        match used.door {
            Door::Script => self.script(used, sources),
            // what it would bring is not known here: nothing is said of it
            Door::Plugin if self.elsewhere && !self.options.no_plugins => {
                self.left.push((used.name.text.clone(), used.span));
                Err(Vec::new())
            }
            Door::Plugin => self
                .plugin(used)
                .and_then(|specs| match specs.iter().find_map(words::field_error) {
                    Some((_, why)) => Err(Problem::new(Code::Plugin, why)
                        .help("the plugin must give the parameter another name")),
                    None => Ok(specs),
                })
                .map_err(|problem| vec![said(problem, used)]),
        }
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
