//! Compiled plugins: tasks and transforms behind a C ABI. `plugins/README.md` describes it.
//!
//! A plugin is handed a table of functions and builds the same graph as a built-in task through opaque handles, once, while a
//! recipe is planned. The library is hashed and compared with its pin before it is loaded, its symbols stay its own, and it is
//! never unloaded.

mod applied;
mod call;
pub mod check;
pub mod child;
mod elf;
mod end;
mod guard;
mod heard;
mod host;
mod library;
mod read;
mod sampler;
pub mod scaffold;
mod session;
mod spec;
mod version;
pub mod worker;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use library::{Candidate, Library, is_name};
pub use version::Version;

use super::{Loader, Lock};
use crate::catalog::{Problem, Result, Spec};
use crate::language::checked::Use;
use crate::language::codes::Code;
use crate::language::nearest;

/// The platform that libraries are built for and pinned by: `linux-x86_64`.
pub const PLATFORM: &str = match (
    std::env::consts::OS.as_bytes(),
    std::env::consts::ARCH.as_bytes(),
) {
    (b"linux", b"x86_64") => "linux-x86_64",
    (b"linux", b"aarch64") => "linux-aarch64",
    (b"macos", b"x86_64") => "macos-x86_64",
    (b"macos", b"aarch64") => "macos-aarch64",
    (b"windows", b"x86_64") => "windows-x86_64",
    _ => std::env::consts::OS,
};

/// The folder for plugins in a project.
pub const FOLDER: &str = "plugins";

/// `libacme_jigsaw.so`, as this platform calls it.
pub fn file_name(name: &str) -> String {
    format!(
        "{}{name}{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    )
}

/// The plugin's name in a file's name, if it can be one.
pub fn name_of(file: &Path) -> Option<String> {
    let file = file.file_name()?.to_str()?;
    let name = file
        .strip_prefix(std::env::consts::DLL_PREFIX)?
        .strip_suffix(std::env::consts::DLL_SUFFIX)?;
    is_name(name).then(|| name.to_owned())
}

/// The key of a plugin's pin: what it is called and what it is built for.
pub fn pin_key(name: &str) -> String {
    format!("{name} {PLATFORM}")
}

/// Folders in which plugins are looked for, in order: the project's, the user's, those of `--plugin-path`.
pub fn folders(project: &Path, plugin_path: &[PathBuf]) -> Vec<PathBuf> {
    let user = crate::data::user_folder().map(|folder| folder.join(FOLDER));
    std::iter::once(project.join(FOLDER))
        .chain(user)
        .chain(plugin_path.iter().cloned())
        .collect()
}

/// Plugins that lie in these folders, by name: the first of a name counts.
pub fn installed(folders: &[PathBuf]) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in files {
            if let Some(name) = name_of(&file)
                && found.iter().all(|(other, _)| *other != name)
            {
                found.push((name, file));
            }
        }
    }
    found
}

/// Pins a plugin's file as it is.
pub fn pin(project: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let mut lock = Lock::read(project)?;
    lock.set(
        ("plugins", &pin_key(name)),
        blake3::hash(bytes).to_hex().as_str(),
    );
    lock.write()
}

/// Refuses a content that differs from the plugin's pin; one without a pin passes. Nothing of it runs. Gives its blake3.
pub fn pinned(project: &Path, name: &str, bytes: &[u8]) -> Result<String> {
    let mut loader = Loader::new(project, super::Options::default());
    loader.project = project.to_owned();
    let pin = loader.verify(
        ("plugins", &pin_key(name)),
        &format!("plugin `{name}`"),
        bytes,
        true,
    )?;
    Ok(pin.hash)
}

/// Has a plugin tried in a process of its own: what crashes, hangs or ends the process there is not loaded here. What an entry says
/// is wrong with it does no harm, and the recipe may not use it.
fn try_apart(name: &str, file: &Path, blake3: &str, limit: Duration) -> Result<()> {
    let bad = |why: String| {
        Problem::new(
            Code::Plugin,
            format!("plugin `{name}` was tried in a process of its own, and {why}"),
        )
        .note("It has no pin yet, so it was tried before it is used; it was not loaded.")
        .help(format!(
            "`pretext plugin check {name}` says more; tell its author"
        ))
    };
    let report = check::apart(file, true, Some(blake3), limit)
        .map_err(|error| bad(format!("that process can't be started: {error}")))?;
    match report.failure {
        Some(failure) => Err(bad(failure)),
        None if !report.finished => Err(bad("it did not get to the end".into())),
        None => Ok(()),
    }
}

impl Loader {
    /// Finds, verifies and loads a plugin.
    pub(super) fn plugin(&self, used: &Use) -> Result<Vec<Spec>> {
        let name = &used.name.text;
        if self.options.no_plugins {
            return Err(Problem::new(
                Code::Plugin,
                format!("plugin `{name}` is refused: `--no-plugins` is set"),
            ));
        }
        if !is_name(name) {
            return Err(
                Problem::new(Code::Plugin, format!("a plugin can't be called {name:?}"))
                    .note("Names have lower case letters, digits and `_`."),
            );
        }
        let said = used.version.as_ref().map_or("0", |version| &version.text);
        let wanted = Version::parse(said).ok_or_else(|| {
            Problem::new(Code::Plugin, format!("{said:?} is no version"))
                .help("write `version \"0.3\"`")
        })?;
        let candidate = Candidate::read(&self.find(name)?)?;
        let pin = self.verify(
            ("plugins", &pin_key(name)),
            &format!("plugin `{name}`"),
            candidate.bytes(),
            true,
        )?;
        let tried = self.tries.filter(|_| pin.is_absent());
        if let Some(limit) = tried {
            try_apart(name, candidate.path(), &pin.hash, limit)?;
            // from here on it is known, and may be loaded
            pin.keep()?;
        }
        let library = candidate.load()?;
        if library.name != *name {
            return Err(Problem::new(
                Code::Plugin,
                format!(
                    "the file of plugin `{name}` holds plugin `{}`",
                    library.name
                ),
            ));
        }
        if !library.version.satisfies(wanted) {
            return Err(Problem::new(
                Code::Plugin,
                format!(
                    "plugin `{name}` is there in version {}, and the recipe wants {said}",
                    library.version
                ),
            )
            .note(format!(
                "{said} takes what is not older and has the same first number that is not 0."
            )));
        }
        if tried.is_none() {
            pin.keep()?;
        }
        Ok(library.specs.clone())
    }

    fn find(&self, name: &str) -> Result<PathBuf> {
        let folders = folders(&self.project, &self.options.plugin_path);
        let file = file_name(name);
        if let Some(found) = folders
            .iter()
            .map(|folder| folder.join(&file))
            .find(|path| path.is_file())
        {
            return Ok(found);
        }
        let places: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
        let mut problem = Problem::new(Code::Plugin, format!("there is no plugin `{name}`"))
            .note(format!("{file} is in none of {}", places.join(", ")));
        let source = self.project.join(FOLDER).join(name);
        if source.is_dir() {
            problem = problem.help(format!("build it: `pretext plugin build {name}`"));
        } else {
            let others = installed(&folders);
            let near = nearest(name, others.iter().map(|(name, _)| name.as_str()));
            problem = match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("put it there, or say where it is: `--plugin-path DIRECTORY`"),
            };
        }
        Err(problem)
    }
}
