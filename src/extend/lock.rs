//! `ssl.lock`: what a project's recipes use, by content.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::real;
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// Its name; the folder that holds it is the project's.
pub const LOCK_NAME: &str = "ssl.lock";

/// More than this is no lock.
const MAX_BYTES: u64 = 16 << 20;

/// The folder that a recipe belongs to: the nearest with an `ssl.lock`, from the recipe's own upwards; where there is none the
/// nearest with a `pretext.toml`, else the recipe's own.
pub fn project_folder(recipe: &Path) -> PathBuf {
    let folder = real(recipe);
    let marked = [LOCK_NAME, "pretext.toml"].into_iter().find_map(|name| {
        let mut up = folder.ancestors();
        up.find(|folder| folder.join(name).is_file())
    });
    marked.map(Path::to_owned).unwrap_or(folder)
}

/// `path` as seen from the project's folder, with `/` between its parts.
pub(super) fn relative(project: &Path, path: &Path) -> String {
    let path = real(path);
    let path = path.strip_prefix(project).unwrap_or(&path);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/").replace("//", "/")
}

/// The pins of a project: blake3 in hexadecimal digits by table and name.
#[derive(Clone, Debug)]
pub struct Lock {
    folder: PathBuf,
    text: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u32,
    #[serde(default)]
    scripts: BTreeMap<String, String>,
    #[serde(default)]
    plugins: BTreeMap<String, String>,
    #[serde(default)]
    recipes: BTreeMap<String, String>,
    #[serde(default)]
    bundles: BTreeMap<String, String>,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

impl Text {
    fn tables(&self) -> [(&'static str, &BTreeMap<String, String>); 5] {
        [
            ("recipes", &self.recipes),
            ("scripts", &self.scripts),
            ("plugins", &self.plugins),
            ("bundles", &self.bundles),
            ("data", &self.data),
        ]
    }
}

impl Lock {
    /// One that pins nothing yet.
    pub fn empty(project: PathBuf) -> Self {
        Self {
            folder: project,
            text: Text {
                version: 1,
                ..Text::default()
            },
        }
    }

    /// The lock in a project's folder; an empty one where there is none.
    pub fn read(project: &Path) -> Result<Self> {
        let folder = project.to_owned();
        let path = folder.join(LOCK_NAME);
        let bad = |why: String| {
            Problem::new(Code::BadFile, format!("{}: {why}", path.display()))
                .help("restore it, or delete it and pin everything anew")
        };
        // a link could lead to anything, and an error shows what is wrong
        if let Ok(about) = fs::symlink_metadata(&path)
            && (!about.is_file() || about.len() > MAX_BYTES)
        {
            return Err(bad("it is no file, or too long".into()));
        }
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::empty(folder));
            }
            Err(error) => return Err(bad(error.to_string())),
        };
        let text: Text = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(1, |before| before.matches('\n').count() + 1);
            bad(format!("line {line}: {}", error.message()))
        })?;
        if text.version != 1 {
            return Err(bad(format!(
                "it is of version {}, this Pretext reads version 1",
                text.version
            )));
        }
        let pins = text.tables().into_iter().flat_map(|(_, pins)| pins);
        for (name, hash) in pins {
            if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(bad(format!("the pin of `{name}` is no blake3")));
            }
        }
        Ok(Self { folder, text })
    }

    /// Pins one content more. Other processes that pin in this project at the same time wait for one another.
    pub fn pin(project: &Path, key: (&str, &str), hash: &str) -> Result<()> {
        Self::change(project, |lock| lock.set(key, hash))
    }

    /// Where it lies.
    pub fn path(&self) -> PathBuf {
        self.folder.join(LOCK_NAME)
    }

    fn table(&mut self, table: &str) -> &mut BTreeMap<String, String> {
        match table {
            "scripts" => &mut self.text.scripts,
            "recipes" => &mut self.text.recipes,
            "bundles" => &mut self.text.bundles,
            "data" => &mut self.text.data,
            _ => &mut self.text.plugins,
        }
    }

    /// All names of a table with their pins.
    pub fn all(&mut self, table: &str) -> BTreeMap<String, String> {
        self.table(table).clone()
    }

    /// Takes a pin out.
    pub fn remove(&mut self, (table, name): (&str, &str)) {
        self.table(table).remove(name);
    }

    /// The pin of a name in `recipes`, `scripts`, `plugins`, `bundles` or `data`.
    pub fn get(&mut self, (table, name): (&str, &str)) -> Option<String> {
        self.table(table).get(name).cloned()
    }

    /// Pins a content.
    pub fn set(&mut self, (table, name): (&str, &str), hash: &str) {
        self.table(table).insert(name.to_owned(), hash.to_owned());
    }

    /// Changes the lock of a project. Other processes that pin in it at the same time wait for one another.
    pub fn change(project: &Path, change: impl FnOnce(&mut Self)) -> Result<()> {
        // where folders can't be locked, the last one wins
        let folder = fs::File::open(project);
        let _held = folder.and_then(|folder| folder.lock().map(|()| folder));
        let mut lock = Self::read(project)?;
        change(&mut lock);
        lock.write()
    }

    /// Its text.
    pub fn text(&self) -> String {
        let mut out = String::from(
            "# What the recipes here use, by blake3. Written by `pretext`; belongs under version control.\nversion = 1\n",
        );
        for (table, pins) in self.text.tables() {
            if pins.is_empty() {
                continue;
            }
            let _ = write!(out, "\n[{table}]\n");
            for (name, hash) in pins {
                let _ = writeln!(out, "{} = \"{hash}\"", quoted(name));
            }
        }
        out
    }

    /// Writes it, whole or not at all.
    pub fn write(&self) -> Result<()> {
        crate::files::write(&self.path(), self.text().as_bytes()).map_err(|error| {
            Problem::new(
                Code::Disk,
                format!("can't write {}: {error}", self.path().display()),
            )
            .note("What a recipe uses is pinned there.")
        })
    }
}

/// A key of a table.
fn quoted(name: &str) -> String {
    let mut out = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let folder = real(folder.path());
        let mut lock = Lock::read(&folder).unwrap();
        let (a, b) = ("0".repeat(64), "f".repeat(64));
        lock.set(("scripts", "tasks/a \"b\" \\.rhai"), &a);
        lock.set(("plugins", "acme linux-x86_64"), &b);
        lock.write().unwrap();
        let mut lock = Lock::read(&folder).unwrap();
        assert_eq!(lock.get(("scripts", "tasks/a \"b\" \\.rhai")), Some(a));
        assert_eq!(lock.get(("plugins", "acme linux-x86_64")), Some(b));
        assert_eq!(lock.get(("plugins", "other")), None);

        let below = folder.join("a/b");
        fs::create_dir_all(&below).unwrap();
        assert_eq!(project_folder(&below), folder);
        assert_eq!(relative(&folder, &below), "a/b");
    }

    #[test]
    fn pins_of_many_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for i in 0..16 {
                let project = folder.path();
                scope.spawn(move || {
                    let name = format!("tasks/{i}.rhai");
                    Lock::pin(project, ("scripts", &name), &"a".repeat(64)).unwrap();
                });
            }
        });
        let lock = Lock::read(folder.path()).unwrap();
        assert_eq!(lock.text.scripts.len(), 16);
    }

    #[test]
    fn what_can_not_be_read_is_said() {
        let folder = tempfile::tempdir().unwrap();
        for (text, words) in [
            ("version = 2", "of version 2"),
            ("version = 1\n[scripts]\na = \"12\"", "no blake3"),
            ("version = 1\nkeys = 2", "unknown field"),
            ("scripts", "expected"),
        ] {
            fs::write(folder.path().join(LOCK_NAME), text).unwrap();
            let problem = Lock::read(folder.path()).unwrap_err();
            assert!(problem.message.contains(words), "{text}: {problem}");
            assert!(problem.message.contains(LOCK_NAME), "{problem}");
        }
    }
}
