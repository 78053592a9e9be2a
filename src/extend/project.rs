//! The project of a recipe: its folder, its lock, and what of it goes into a bundle.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::bundle::{Bundle, Content, Index, inside};
use super::lock::{Lock, project_folder, relative};
use super::pins::Pin;
use super::{Loader, real};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;
use crate::language::{Sources, visible_line};

/// The project that a recipe belongs to.
pub struct Project {
    folder: PathBuf,
    /// The recipe as seen from there.
    recipe: String,
}

impl Project {
    /// Of the recipe in this file.
    pub fn of(recipe: &Path) -> Self {
        let folder = project_folder(recipe.parent().unwrap_or(Path::new("")));
        Self {
            recipe: relative(&folder, recipe),
            folder,
        }
    }

    /// Where its lock lies.
    pub fn lock_path(&self) -> PathBuf {
        self.folder.join(super::LOCK_NAME)
    }

    /// What a pin of data of this recipe is called before the data's text.
    fn prefix(&self) -> String {
        format!("{} ", self.recipe)
    }

    /// The data of this recipe that are pinned: blake3 of the manifest, by the text that a stage names them with.
    ///
    /// # Errors
    /// The lock can't be read.
    pub fn data(&self) -> Result<BTreeMap<String, String>> {
        let prefix = self.prefix();
        let all = Lock::read(&self.folder)?.all("data").into_iter();
        let own =
            all.filter_map(|(name, hash)| Some((name.strip_prefix(&prefix)?.to_owned(), hash)));
        Ok(own.collect())
    }

    /// Pins these data in the place of all that were pinned for this recipe.
    ///
    /// # Errors
    /// The lock can't be written.
    pub fn pin_data(&self, data: &[(String, String)]) -> Result<()> {
        let prefix = self.prefix();
        if data.is_empty() && self.data()?.is_empty() {
            return Ok(());
        }
        Lock::change(&self.folder, |lock| {
            for name in lock.all("data").into_keys() {
                if name.starts_with(&prefix) {
                    lock.remove(("data", &name));
                }
            }
            for (text, hash) in data {
                lock.set(("data", &format!("{prefix}{text}")), hash);
            }
        })
    }

    /// The files of this recipe for a bundle: every text that it was read from, and a lock that pins them, its data and the plugins
    /// that it uses. `set`: what was given with `--set`, which becomes a recipe that extends this one.
    ///
    /// # Errors
    /// A file lies outside the project.
    pub fn files(
        &self,
        sources: &Sources,
        data: &[(String, String)],
        set: &[String],
        plugins: &[(String, String)],
    ) -> Result<(Index, Vec<(String, Content)>)> {
        let mut lock = Lock::empty(self.folder.clone());
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for file in sources.files() {
            let path = file.path.as_path();
            // what was typed is no file
            let pseudo = path.to_string_lossy();
            if pseudo.starts_with("--") || pseudo.starts_with('<') {
                continue;
            }
            if let Some((outer, _)) = inside(path) {
                let bytes = std::fs::read(&outer).map_err(|error| {
                    Problem::new(Code::MissingFile, format!("{}: {error}", outer.display()))
                })?;
                let key = self.inner(&outer)?;
                let opened = Bundle::open(&outer)
                    .map_err(|error| Problem::new(Code::BadFile, error.to_string()))?;
                let hash = blake3::hash(&opened.identity());
                lock.set(("bundles", &key), hash.to_hex().as_str());
                files.insert(key, bytes);
                continue;
            }
            let key = self.inner(path)?;
            let hash = blake3::hash(file.text.as_bytes()).to_hex().to_string();
            let table = match path.extension().is_some_and(|ending| ending == "rhai") {
                true => "scripts",
                false => "recipes",
            };
            if key != self.recipe {
                lock.set((table, &key), &hash);
            }
            files.insert(key, file.text.as_bytes().to_vec());
        }
        let mut recipe = self.recipe.clone();
        if !set.is_empty() {
            let (folder, name) = match recipe.rsplit_once('/') {
                Some((folder, name)) => (format!("{folder}/"), name.to_owned()),
                None => (String::new(), recipe.clone()),
            };
            let mut text = format!("ssl 1\n\nextends \"{name}\"\n");
            for one in set {
                let (path, value) = one.split_once('=').unwrap_or((one, ""));
                text += &format!("override {} = {}\n", path.trim(), value.trim());
            }
            let hash = blake3::hash(files.get(&recipe).map_or(&[][..], Vec::as_slice));
            lock.set(("recipes", &recipe), hash.to_hex().as_str());
            let free = |name: &String| !files.contains_key(name);
            let names = (1..).map(|n| match n {
                1 => format!("{folder}as_run.ssl"),
                n => format!("{folder}as_run_{n}.ssl"),
            });
            recipe = names.into_iter().find(free).unwrap_or_default();
            files.insert(recipe.clone(), text.into_bytes());
        }
        for (text, hash) in data {
            lock.set(("data", &format!("{recipe} {text}")), hash);
        }
        let known = Lock::read(&self.folder)?.all("plugins");
        for (name, hash) in known {
            let own = name.split(' ').next().unwrap_or_default();
            if plugins.iter().any(|(plugin, _)| plugin == own) {
                lock.set(("plugins", &name), &hash);
            }
        }
        files.insert(super::LOCK_NAME.to_owned(), lock.text().into_bytes());
        let index = Index {
            recipe,
            plugins: plugins
                .iter()
                .map(|(name, version)| format!("{name} {version}").trim_end().to_owned())
                .collect(),
            ..Index::default()
        };
        let files = files.into_iter();
        Ok((
            index,
            files
                .map(|(path, bytes)| (path, Content::Bytes(bytes)))
                .collect(),
        ))
    }

    /// A path as seen from the project's folder, where it lies below it.
    fn inner(&self, path: &Path) -> Result<String> {
        let own = real(path);
        match own.starts_with(&self.folder) {
            true => Ok(relative(&self.folder, path)),
            false => Err(Problem::new(
                Code::MissingFile,
                format!("{} lies outside the project", path.display()),
            )
            .note(format!("The project is {}.", self.folder.display()))
            .help("copy it into the project: a bundle holds the project's own files")),
        }
    }
}

impl Loader {
    /// A file that a path leads to through a bundle, `shared.bundle/views.ssl`, with the pin of the bundle; `None` where the path leads
    /// through none.
    pub(super) fn bundled(
        &self,
        named: &str,
        code: Code,
    ) -> Result<Option<(PathBuf, Vec<u8>, Pin)>> {
        let Some((outer, inner)) = inside(&self.folder.join(named)) else {
            return Ok(None);
        };
        let said = visible_line(named).into_owned();
        let bad = |why: String| Problem::new(code, format!("can't read {said}: {why}"));
        let own = outer
            .canonicalize()
            .map_err(|error| bad(error.to_string()))?;
        if !own.starts_with(real(&self.project)) && !self.options.allow_outside {
            return Err(bad("the bundle lies outside the project".into()).help(
                "copy it into the project, or say `--allow-outside` if the recipe may read it",
            ));
        }
        let ending = Path::new(&inner).extension();
        let wanted = if code == Code::Script { "rhai" } else { "ssl" };
        if ending.is_none_or(|ending| ending != wanted) {
            return Err(bad(format!(
                "what is read of a bundle here is called `NAME.{wanted}`"
            )));
        }
        let mut opened = Bundle::open(&own).map_err(|error| bad(error.to_string()))?;
        opened.verify().map_err(|error| bad(error.to_string()))?;
        let limit = crate::language::MAX_BYTES as u64;
        let bytes = opened.read(&inner, limit);
        let bytes = bytes.map_err(|error| bad(error.to_string()))?;
        // the whole bundle is pinned, by what its index says of every file
        let index = opened.identity();
        let key = relative(&self.project, &own);
        let pin = self.verify(
            ("bundles", &key),
            &format!("the bundle {}", outer.display()),
            &index,
            true,
        )?;
        Ok(Some((own.join(&inner), bytes, pin)))
    }
}
