//! Where data sets are looked for, in this order: `--data NAME=PATH`, `pretext.toml`, the user's data folder,
//! well-known places. Recipes name data, not machines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Places, regular};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// What `pretext.toml` may hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    #[serde(default)]
    data: BTreeMap<String, PathBuf>,
}

impl Places {
    /// The places for a recipe in this folder: reads the nearest `pretext.toml` in it or above and finds the user's
    /// data folder. `given` is `--data`.
    pub fn new(
        recipe: impl Into<PathBuf>,
        given: BTreeMap<String, PathBuf>,
        offline: bool,
    ) -> Result<Self> {
        let recipe = recipe.into();
        Ok(Self {
            given,
            project: project(&recipe)?,
            user: users(),
            recipe,
            offline,
            ..Self::default()
        })
    }

    /// The first place that has the data set `name`. `holds` says what is missing in a file or folder that
    /// should be it; the user named the first two kinds of place, so there what is missing is an error.
    pub(super) fn find(
        &self,
        name: &str,
        well_known: &[&str],
        holds: &dyn Fn(&Path) -> Result<(), String>,
    ) -> Result<Option<PathBuf>> {
        self.asked.note(name);
        let named = [
            (&self.given, format!("--data {name}=…")),
            (&self.project, "`[data]` of pretext.toml".to_owned()),
        ];
        for (map, by) in named {
            let Some(path) = map.get(name) else { continue };
            if !path.exists() {
                return Err(Problem::new(
                    Code::MissingFile,
                    format!("{} is not there", path.display()),
                )
                .note(format!("{by} names it as the place of `{name}`")));
            }
            holds(path).map_err(|missing| {
                Problem::new(Code::BadFile, format!("{}: {missing}", path.display()))
                    .note(format!("{by} names it as the place of `{name}`"))
            })?;
            return Ok(Some(path.clone()));
        }
        let user = self.user.iter().map(|user| user.join(name));
        let known = well_known.iter().map(PathBuf::from);
        Ok(user
            .chain(known)
            .find(|path| path.exists() && holds(path).is_ok()))
    }

    /// Each way to give a data set, as advice. `what` says what the folder must hold.
    pub(super) fn ways(&self, name: &str, what: &str) -> Vec<String> {
        let mut ways = vec![
            format!("say where it is: --data {name}=PATH ({what})"),
            format!("or write it into pretext.toml beside the recipe: [data] {name} = \"PATH\""),
        ];
        if let Some(user) = &self.user {
            ways.push(format!("or put it into {}", user.join(name).display()));
        }
        ways
    }
}

/// `[data]` of the nearest `pretext.toml` in `folder` or above, its relative paths made absolute.
fn project(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    // without this, `..` and a relative folder would have no parents to look in
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    for folder in folder.ancestors() {
        let path = folder.join("pretext.toml");
        let bad = |why: String| {
            Problem::new(
                Code::BadFile,
                format!("can't read {}: {why}", path.display()),
            )
        };
        let text = match regular::text(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(bad(error.to_string())),
        };
        // a stranger's may be a link to another file, of which nothing is shown
        let link = path
            .symlink_metadata()
            .is_ok_and(|about| about.is_symlink());
        let project: Project = toml::from_str(&text).map_err(|error| {
            let before = text.get(..error.span().map_or(0, |span| span.start));
            let line = before.unwrap_or_default().matches('\n').count() + 1;
            let why = match link {
                true => "it is not as it should be",
                false => error.message(),
            };
            bad(format!("line {line}: {why}"))
                .help("it may hold one table: [data] with lines like fashion_mnist = \"PATH\"")
        })?;
        return Ok(project
            .data
            .into_iter()
            .map(|(name, path)| (name, folder.join(path)))
            .collect());
    }
    Ok(BTreeMap::new())
}

/// The user's own folder for Pretext.
pub fn users() -> Option<PathBuf> {
    user_folder(|name| std::env::var_os(name).map(PathBuf::from))
}

/// `$PRETEXT_DATA`, or `pretext` in the user's data directory.
fn user_folder(env: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let env = |name: &str| env(name).filter(|path| !path.as_os_str().is_empty());
    if let Some(folder) = env("PRETEXT_DATA") {
        return Some(folder);
    }
    let base = if cfg!(target_os = "windows") {
        env("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        env("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        env("XDG_DATA_HOME").or_else(|| env("HOME").map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("pretext"))
}

/// `pretext` in the user's cache directory.
pub(super) fn cache_folder() -> Option<PathBuf> {
    let env = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = if cfg!(target_os = "windows") {
        env("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        env("HOME").map(|home| home.join("Library/Caches"))
    } else {
        env("XDG_CACHE_HOME").or_else(|| env("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("pretext"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn any(_: &Path) -> Result<(), String> {
        Ok(())
    }

    #[test]
    fn places_are_asked_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let known = at("known").display().to_string();
        let mut places = Places {
            given: [("d".to_owned(), at("given"))].into(),
            project: [("d".to_owned(), at("project"))].into(),
            user: Some(at("user")),
            ..Places::default()
        };
        at("user/d");
        let find = |places: &Places| places.find("d", &[&known], &any).unwrap();
        assert_eq!(find(&places), Some(at("given")));
        places.given.clear();
        assert_eq!(find(&places), Some(at("project")));
        places.project.clear();
        assert_eq!(find(&places), Some(at("user/d")));
        places.user = None;
        assert_eq!(find(&places), Some(at("known")));
        assert_eq!(places.find("d", &[], &any).unwrap(), None);
    }

    #[test]
    fn a_place_that_was_named_must_hold_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let places = |path: PathBuf| Places {
            given: [("d".to_owned(), path)].into(),
            ..Places::default()
        };
        let gone = places(folder.path().join("gone"));
        assert_eq!(
            gone.find("d", &[], &any).unwrap_err().code,
            Code::MissingFile
        );
        let wrong = places(folder.path().to_owned());
        let error = wrong
            .find("d", &[], &|_| Err("no pictures".into()))
            .unwrap_err();
        assert_eq!(error.code, Code::BadFile);
        assert!(error.message.ends_with("no pictures"), "{error}");
    }

    #[test]
    fn the_nearest_project_file_holds_and_its_paths_start_at_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let inner = root.join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(root.join("pretext.toml"), "[data]\nd = \"sets/d\"\n").unwrap();
        assert_eq!(project(&inner).unwrap()["d"], root.join("sets/d"));
        fs::write(root.join("a/pretext.toml"), "[data]\nd = \"/abs\"\n").unwrap();
        assert_eq!(project(&inner).unwrap()["d"], Path::new("/abs"));
        fs::write(root.join("a/pretext.toml"), "[dta]\n").unwrap();
        let error = project(&inner).unwrap_err();
        assert_eq!(error.code, Code::BadFile);
        assert!(error.message.contains("pretext.toml"), "{error}");
        // a stranger's project shows no line of another file
        let secret = root.join("secret");
        fs::write(&secret, "[data]\nroot:x:0:0\n").unwrap();
        fs::remove_file(root.join("a/pretext.toml")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&secret, root.join("a/pretext.toml")).unwrap();
        #[cfg(not(unix))]
        fs::copy(&secret, root.join("a/pretext.toml")).unwrap();
        let error = project(&inner).unwrap_err();
        assert!(error.message.contains("line 2"), "{error}");
        assert!(!format!("{error:?}").contains("root:"), "{error:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_project_file_that_never_ends_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("pretext.toml")).unwrap();
        let error = project(folder.path()).unwrap_err();
        assert!(error.message.contains("regular file"), "{error}");
    }

    #[test]
    fn the_users_folder() {
        let env = |wanted: &'static [(&str, &str)]| {
            move |name: &str| {
                wanted
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, value)| PathBuf::from(value))
            }
        };
        let given = env(&[("PRETEXT_DATA", "/p"), ("HOME", "/h")]);
        assert_eq!(user_folder(given), Some("/p".into()));
        if cfg!(target_os = "linux") {
            let xdg = env(&[("XDG_DATA_HOME", "/x"), ("HOME", "/h")]);
            assert_eq!(user_folder(xdg), Some("/x/pretext".into()));
            let home = env(&[("HOME", "/h"), ("XDG_DATA_HOME", "")]);
            assert_eq!(user_folder(home), Some("/h/.local/share/pretext".into()));
        }
        assert_eq!(user_folder(env(&[])), None);
    }
}
