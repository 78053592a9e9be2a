//! Which files a recipe may have read as scripts: those of its project, called like scripts.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Loader, real};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;
use crate::language::visible_line;

/// What a script's file ends in.
const ENDING: &str = "rhai";

fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == ENDING)
}

impl Loader {
    /// Where the script lies that a recipe names, whatever links lead there. Nothing of it has been read.
    pub(super) fn script_place(&self, named: &str) -> Result<PathBuf> {
        let said = visible_line(named);
        let bad = |why: String| Problem::new(Code::Script, why);
        if !is_script(Path::new(named)) {
            return Err(bad(format!(
                "`{said}` is not read: a script is called `NAME.{ENDING}`"
            ))
            .note("So no recipe has another file shown."));
        }
        let path = self.folder.join(named);
        let own = path.canonicalize().map_err(|error| {
            bad(format!("can't read the script {}: {error}", path.display()))
                .help("the path is relative to the recipe")
        })?;
        let project = real(&self.project);
        if !own.starts_with(&project) && !self.options.allow_outside {
            let problem = bad(format!("the script `{said}` lies outside the project"))
                .note(format!(
                    "It leads to {}; the project is {}.",
                    own.display(),
                    project.display()
                ))
                .note("A project is the nearest folder with an `ssl.lock`, from the recipe's upwards, else the nearest with a `pretext.toml`, else the recipe's own.");
            return Err(problem.help(
                "copy it into the project, or say `--allow-outside` if the recipe may read it",
            ));
        }
        if !is_script(&own) {
            return Err(bad(format!(
                "`{said}` is not read: it is a link to what is called otherwise"
            ))
            .note(format!("It leads to {}.", own.display())));
        }
        Ok(own)
    }
}

/// The bytes of a script: of a file, and not of one that never ends.
pub(super) fn script_bytes(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |why: String| {
        Problem::new(
            Code::Script,
            format!("can't read the script {}: {why}", path.display()),
        )
    };
    let no_file = || unreadable("it is no file".into());
    let most = super::script::sandbox::MAX_BYTES as u64;
    // before it is opened: a pipe would keep us waiting
    if !fs::metadata(path).is_ok_and(|about| about.is_file()) {
        return Err(no_file());
    }
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let about = file
        .metadata()
        .map_err(|error| unreadable(error.to_string()))?;
    if !about.is_file() {
        return Err(no_file());
    }
    if about.len() > most {
        return Err(unreadable(format!(
            "it has {} bytes; at most {most} are read",
            about.len()
        )));
    }
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(error.to_string()))?;
    Ok(bytes)
}
