//! `pretext plugin new`: a crate, or a C file, that compiles and trains at once.

use std::io;
use std::path::{Path, PathBuf};

use super::FOLDER;
use crate::extend::Lock;

/// What it is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A crate.
    Rust,
    /// A C file.
    C,
}

/// The C header.
pub fn header() -> &'static str {
    sdk("include/pretext_plugin.h")
}

fn sdk(path: &str) -> &'static str {
    let mut files = pretext_plugin::SOURCE.iter();
    files
        .find(|(name, _)| *name == path)
        .map_or("", |(_, text)| text)
}

/// Writes the plugin `name` under the project's plugin folder and a recipe that uses it beside that folder. What is there
/// stays: an error. Gives the files written, those of the SDK left out.
pub fn write(project: &Path, name: &str, language: Language) -> io::Result<Vec<PathBuf>> {
    let folder = project.join(FOLDER).join(name);
    let recipe = project.join(format!("{name}.ssl"));
    for path in [&folder, &recipe] {
        if path.exists() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("{} is there already", path.display()),
            ));
        }
    }
    let fill = |text: &str| text.replace("NAME", name);
    let mut files = match language {
        Language::Rust => vec![
            (
                folder.join("Cargo.toml"),
                fill(include_str!("scaffold/Cargo.toml.txt")),
            ),
            (
                folder.join("src/lib.rs"),
                fill(include_str!("scaffold/lib.rs.txt")),
            ),
            (folder.join(".gitignore"), "target/\n".to_owned()),
        ],
        Language::C => vec![
            (
                folder.join(format!("{name}.c")),
                fill(include_str!("scaffold/task.c.txt")),
            ),
            (folder.join("pretext_plugin.h"), header().to_owned()),
        ],
    };
    files.push((recipe, fill(include_str!("scaffold/recipe.ssl.txt"))));
    for (path, text) in &files {
        crate::files::write(path, text.as_bytes())?;
    }
    if language == Language::Rust {
        for (path, text) in pretext_plugin::SOURCE {
            crate::files::write(
                &folder.join("vendor/pretext-plugin").join(path),
                text.as_bytes(),
            )?;
        }
    }
    // the lock marks the project's folder: recipes below it find the plugin too
    let lock = Lock::read(project).map_err(|problem| io::Error::other(problem.message))?;
    if !lock.path().exists() {
        lock.write()
            .map_err(|problem| io::Error::other(problem.message))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}
