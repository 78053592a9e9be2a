//! Which files a recipe may have read as scripts, or as recipes: those of its project, called like them.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Loader, real};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;
use crate::language::visible_line;

/// A kind of file that a recipe may have read.
struct Sort {
    /// `script`
    noun: &'static str,
    /// What it ends in.
    ending: &'static str,
    code: Code,
    most: u64,
}

const SCRIPT: Sort = Sort {
    noun: "script",
    ending: "rhai",
    code: Code::Script,
    most: super::script::limits::MAX_BYTES as u64,
};
const RECIPE: Sort = Sort {
    noun: "recipe",
    ending: "ssl",
    code: Code::MissingFile,
    most: crate::language::MAX_BYTES as u64,
};

impl Sort {
    fn is(&self, path: &Path) -> bool {
        path.extension().is_some_and(|ending| ending == self.ending)
    }
}

#[cfg(test)]
fn is_script(path: &Path) -> bool {
    SCRIPT.is(path)
}

impl Loader {
    /// Where the script lies that a recipe names, whatever links lead there. Nothing of it has been read.
    pub(super) fn script_place(&self, named: &str) -> Result<PathBuf> {
        self.place(named, &SCRIPT)
    }

    /// The same of a recipe that another one is made of.
    pub(super) fn recipe_place(&self, named: &str) -> Result<PathBuf> {
        self.place(named, &RECIPE)
    }

    fn place(&self, named: &str, sort: &Sort) -> Result<PathBuf> {
        let said = visible_line(named);
        let (noun, ending) = (sort.noun, sort.ending);
        let bad = |why: String| Problem::new(sort.code, why);
        if !sort.is(Path::new(named)) {
            return Err(bad(format!(
                "`{said}` is not read: a {noun} is called `NAME.{ending}`"
            ))
            .note("So no recipe has another file shown."));
        }
        let path = self.folder.join(named);
        let own = path.canonicalize().map_err(|error| {
            bad(format!("can't read the {noun} {}: {error}", path.display()))
                .help("the path is relative to the recipe")
        })?;
        let project = real(&self.project);
        if !own.starts_with(&project) && !self.options.allow_outside {
            let problem = bad(format!("the {noun} `{said}` lies outside the project"))
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
        if !sort.is(&own) {
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
    bytes(path, &SCRIPT)
}

/// The same of a recipe.
pub(super) fn recipe_bytes(path: &Path) -> Result<Vec<u8>> {
    bytes(path, &RECIPE)
}

fn bytes(path: &Path, sort: &Sort) -> Result<Vec<u8>> {
    let unreadable = |why: String| {
        let message = format!("can't read the {} {}: {why}", sort.noun, path.display());
        Problem::new(sort.code, message)
    };
    let no_file = || unreadable("it is no file".into());
    let most = sort.most;
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;

    use super::*;
    use crate::extend::Options;

    /// A project with links of every kind, in a folder with files that are not its own.
    fn project() -> (tempfile::TempDir, PathBuf) {
        let around = tempfile::tempdir().unwrap();
        let root = around.path().canonicalize().unwrap();
        let own = root.join("own");
        for folder in ["own/recipes/deep", "own/tasks", "other"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in [
            "secret",
            "secret.rhai",
            "other/t.rhai",
            "own/ssl.lock",
            "own/t.rhai",
            "own/tasks/t.rhai",
            "own/recipes/t.rhai",
            "own/recipes/deep/plain",
        ] {
            fs::write(root.join(file), "").unwrap();
        }
        for (to, link) in [
            ("../../secret.rhai", "own/recipes/l.rhai"),
            ("../../secret", "own/recipes/p.rhai"),
            ("../tasks/t.rhai", "own/recipes/i.rhai"),
            ("deep/plain", "own/recipes/n.rhai"),
            ("../../other", "own/recipes/out"),
            ("../..", "own/recipes/up"),
            ("loop.rhai", "own/recipes/loop.rhai"),
            ("nowhere.rhai", "own/recipes/gone.rhai"),
        ] {
            symlink(to, root.join(link)).unwrap();
        }
        (around, own)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn what_is_read_is_a_script_of_the_project(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "..", ".", "", "own", "recipes", "deep", "tasks", "out", "up", "other", "t.rhai", "l.rhai", "p.rhai",
                    "i.rhai", "n.rhai", "loop.rhai", "gone.rhai", "secret", "secret.rhai", "plain", "\0", "~", "é.rhai",
                ]),
                0..6,
            ),
            last in prop::sample::select(vec!["t.rhai", "l.rhai", "p.rhai", "i.rhai", "n.rhai", "secret.rhai", "plain"]),
            absolute in any::<bool>(),
            outside in any::<bool>(),
        ) {
            let (_around, own) = project();
            let mut named = parts.join("/") + "/" + last;
            if absolute {
                named = format!("{}/{named}", own.join("recipes").display());
            } else {
                named = named.trim_start_matches('/').to_owned();
            }
            let options = Options { allow_outside: outside, ..Options::default() };
            let loader = Loader::new(own.join("recipes"), options);
            if let Ok(found) = loader.script_place(&named) {
                prop_assert!(is_script(&found), "{named}: {}", found.display());
                prop_assert!(outside || found.starts_with(&own), "{named}: {}", found.display());
                prop_assert_eq!(found.canonicalize().ok(), Some(found));
            }
        }
    }

    #[test]
    fn links_inside_are_followed_and_links_out_are_not() {
        let (_around, own) = project();
        let place = |named: &str, outside: bool| {
            let options = Options {
                allow_outside: outside,
                ..Options::default()
            };
            Loader::new(own.join("recipes"), options).script_place(named)
        };
        assert_eq!(place("i.rhai", false), Ok(own.join("tasks/t.rhai")));
        assert_eq!(place("../t.rhai", false), Ok(own.join("t.rhai")));
        for named in [
            "l.rhai",
            "out/t.rhai",
            "up/secret.rhai",
            "../../secret.rhai",
        ] {
            assert!(place(named, false).is_err(), "{named}");
            assert!(place(named, true).is_ok(), "{named}");
        }
        for named in [
            "p.rhai",
            "n.rhai",
            "deep/plain",
            "../../secret",
            "loop.rhai",
            "gone.rhai",
            "",
        ] {
            assert!(place(named, true).is_err(), "{named}");
        }
    }
}
