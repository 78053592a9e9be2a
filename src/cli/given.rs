//! Data on the command line: a folder or a file, a data set of a run's recipe, or any data as a recipe writes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::encoder::{Encoder, refused};
use super::new::quoted;
use super::recipe::pair;
use crate::catalog::{Catalog, Data, Split};
use crate::data::{Dataset, Places, Silent, Source, Splits, open};
use crate::language::checked::Recipe;
use crate::language::codes::Code;
use crate::language::{Closed, FileId, Severity, Sources, check_all, visible_line};

/// Bytes of the largest recipe of a run.
const LARGEST: u64 = 8 << 20;

/// Columns of pictures in parquet files, the likeliest first.
const COLUMNS: [&str; 7] = ["image", "img", "picture", "photo", "jpg", "png", "webp"];

/// Where data lie.
#[derive(Args, Clone)]
pub struct DataArgs {
    /// Where a data set of the run's recipe lies on this machine: `--data cifar10=/data/cifar10`
    #[arg(long = "data", value_name = "NAME=PATH", id = "places")]
    data: Vec<String>,
    /// Never download
    #[arg(long)]
    offline: bool,
}

/// Records of one split.
#[derive(Clone)]
pub struct Part {
    /// The split, where there are several.
    pub split: Option<Split>,
    /// The records.
    pub dataset: Arc<dyn Dataset>,
    /// As messages name them: `cifar.test`, `photos`.
    pub text: String,
}

impl Part {
    /// The class of a record by its name, or by its number where classes have none.
    pub fn class(&self, index: usize) -> Option<String> {
        // one that can't be told is none
        let class = self.dataset.class(index).ok().flatten()?;
        let name = self.dataset.class_names().get(class as usize);
        Some(name.cloned().unwrap_or_else(|| class.to_string()))
    }
}

impl DataArgs {
    /// The records that `text` names, split by split.
    ///
    /// # Errors
    /// There are none: why, and the way on.
    pub fn find(
        &self,
        text: &str,
        encoder: &Encoder,
        catalog: &Catalog,
    ) -> Result<Vec<Part>, String> {
        let recipe = self.recipe(encoder, catalog);
        let names = recipe.iter().flat_map(|(_, _, names)| names);
        let own = text.split('.').next().unwrap_or_default();
        // a data set of the recipe is meant before a folder that is called so: `./cifar` is the folder
        let named = names.clone().any(|name| name == own);
        let parts = match Path::new(text).exists() && !named {
            true => self.at_path(text, encoder, catalog)?,
            false => self.by_words(text, recipe, catalog)?,
        };
        for part in &parts {
            let fetched = part.dataset.fetch(&Silent);
            fetched.map_err(|error| error.message)?;
        }
        match parts.iter().all(|part| part.dataset.is_empty()) {
            true => Err(format!("{} has no records", visible_line(text))),
            false => Ok(parts),
        }
    }

    /// All splits of the data that the encoder was trained on.
    ///
    /// # Errors
    /// As [`Self::find`]; or the encoder is not one of a run.
    pub fn trained_on(&self, encoder: &Encoder, catalog: &Catalog) -> Result<Vec<Part>, String> {
        let unknown = || {
            format!(
                "nothing says which data {} was trained on\n  help: name some: a folder of pictures, a parquet file",
                encoder.text
            )
        };
        let (text, _, _) = self.recipe(encoder, catalog).ok_or_else(unknown)?;
        let (recipe, _) = understood(&text, catalog);
        let name = encoder.stage.as_deref().unwrap_or_default();
        let stage = recipe.stages.iter().find(|stage| stage.name == name);
        let data = stage.and_then(|stage| stage.fields.maybe_data("data"));
        let set = data.map(|data| data.named());
        let set = set.as_ref().and_then(|named| named.first());
        self.find(set.ok_or_else(unknown)?, encoder, catalog)
    }

    /// The text of the run's recipe, the folder of the recipe that was run, and the names of its data sets.
    fn recipe(
        &self,
        encoder: &Encoder,
        catalog: &Catalog,
    ) -> Option<(String, PathBuf, Vec<String>)> {
        let (path, folder) = encoder.recipe.as_ref()?;
        let text = crate::files::read(path, LARGEST).ok()?;
        let text = String::from_utf8(text).ok()?;
        let (recipe, _) = understood(&text, catalog);
        let names = recipe.datasets.into_iter().map(|item| item.name);
        Some((text, folder.clone(), names.collect()))
    }

    fn places(&self, folder: &Path) -> Result<Places, String> {
        let mut given = BTreeMap::new();
        for text in &self.data {
            let (name, path) = pair(text, "--data").map_err(|why| why.to_string())?;
            given.insert(name, PathBuf::from(path));
        }
        let places = Places::new(folder, given, self.offline);
        let places = places.map_err(|problem| problem.message)?;
        Ok(Places {
            // whoever asks names the data
            allow_outside: true,
            ..places
        })
    }

    /// What lies at a path, as the data set of the catalog that can open it.
    fn at_path(
        &self,
        text: &str,
        encoder: &Encoder,
        catalog: &Catalog,
    ) -> Result<Vec<Part>, String> {
        let whole = Path::new(text).canonicalize();
        let whole = whole.map_err(|error| format!("can't read {text}: {error}"))?;
        let name = quoted(&whole.to_string_lossy());
        let grey = match encoder.is_grey() {
            true => ", channels = grey",
            false => "",
        };
        let mut calls = Vec::new();
        if encoder.noun() == "clip" {
            calls.push(format!("video_folder({name})"));
        }
        // pictures of any size are read
        calls.push(format!("image_folder({name}, size = any{grey})"));
        calls.extend(COLUMNS.map(|column| {
            format!(
                "parquet({name}, image = {}, size = any{grey})",
                quoted(column)
            )
        }));
        let mut refusals = Vec::new();
        for call in calls {
            match self.opened(&call, None, catalog) {
                Ok(parts) => return Ok(named(parts, text)),
                Err((code, why)) => {
                    let kind = call.split('(').next().unwrap_or_default().to_owned();
                    let again = code == Some(Code::UnknownPart) && kind == "parquet";
                    refusals.push((kind, why));
                    // another column may hold the pictures; any other reason stays what it is
                    if !again && refusals.last().is_some_and(|(kind, _)| kind == "parquet") {
                        break;
                    }
                }
            }
        }
        refusals.dedup_by(|a, b| a.0 == b.0);
        let refusals = refusals.iter();
        let refusals = refusals.map(|(kind, why)| format!("\n  note: {kind}: {why}"));
        Err(format!(
            "{} holds no {}s that can be read{}\n  help: say it as a recipe does: 'parquet(\"FILE\", image = \"COLUMN\")'",
            visible_line(text),
            encoder.noun(),
            refusals.collect::<String>()
        ))
    }

    /// What a recipe would write where it says data: a data set by name, a call, with pipes.
    fn by_words(
        &self,
        text: &str,
        recipe: Option<(String, PathBuf, Vec<String>)>,
        catalog: &Catalog,
    ) -> Result<Vec<Part>, String> {
        let names = recipe.as_ref().map(|(_, _, names)| names.join("`, `"));
        let recipe = recipe.map(|(text, folder, _)| (text, folder));
        let recipe = recipe.as_ref();
        let parts = self.opened(
            text,
            recipe.map(|(text, folder)| (text.as_str(), folder.as_path())),
            catalog,
        );
        parts.map(|parts| named(parts, text)).map_err(|(_, why)| {
            let shown = visible_line(text);
            let known = match names.filter(|names| !names.is_empty()) {
                Some(names) => format!("\n  note: The run's recipe has the data sets `{names}`."),
                None => String::new(),
            };
            format!("`{shown}` is no path here, and no data: {why}{known}")
        })
    }

    /// Opens data as a recipe writes them. `recipe`: the text whose data sets they may name, and the folder that its paths start at.
    fn opened(
        &self,
        data: &str,
        recipe: Option<(&str, &Path)>,
        catalog: &Catalog,
    ) -> Result<Vec<(Option<Split>, Arc<dyn Dataset>)>, (Option<Code>, String)> {
        let (text, folder) = recipe.unwrap_or(("ssl 1\n", Path::new("")));
        let plain = |why: String| (None, why);
        if data.contains(['\n', '\r']) {
            return Err(plain("it goes over several lines".into()));
        }
        let mut name = "given".to_owned();
        while text.contains(&name) {
            name.push('_');
        }
        let before = text.len();
        let whole = format!("{text}\n\ndataset {name} = {data}\n");
        let (found, wrong) = understood(&whole, catalog);
        if let Some(why) = wrong.iter().find(|(at, _)| *at > before) {
            return Err(plain(why.1.clone()));
        }
        let item = found.datasets.iter().find(|item| item.name == name);
        let item = item.ok_or_else(|| plain("it is none".into()))?;
        let here = self.places(Path::new(".")).map_err(plain)?;
        let there = self.places(folder).map_err(plain)?;
        let mut opened = BTreeMap::new();
        open_named(&item.data, &found, &there, &mut opened, 0).map_err(|why| (None, why))?;
        let source = open(&item.data, &opened, &here);
        let source = source.map_err(|problem| (Some(problem.code), refused(&problem)))?;
        Ok(match source {
            Source::One(dataset) => vec![(None, dataset)],
            Source::All(splits) => {
                let parts = splits.parts.into_iter();
                parts.map(|(split, part)| (Some(split), part)).collect()
            }
        })
    }
}

/// Parts under the names by which they were asked for.
fn named(parts: Vec<(Option<Split>, Arc<dyn Dataset>)>, text: &str) -> Vec<Part> {
    let several = parts.len() > 1;
    let parts = parts.into_iter().map(|(split, dataset)| {
        let split = split.filter(|_| several);
        let text = match split {
            Some(split) => format!("{text}.{}", split.name()),
            None => text.to_owned(),
        };
        Part {
            split,
            dataset,
            text,
        }
    });
    parts.collect()
}

/// What can be understood of a recipe without its scripts and plugins, and what is wrong with it, each with its place.
fn understood(text: &str, catalog: &Catalog) -> (Recipe, Vec<(usize, String)>) {
    let mut sources = Sources::default();
    let file: FileId = sources.add("recipe.ssl", text);
    let checked = check_all(&mut sources, file, &mut catalog.clone(), &mut Closed, &[]);
    let errors = checked.diagnostics.iter();
    let errors = errors.filter(|d| d.severity == Severity::Error);
    let wrong = errors.map(|d| (d.primary.span.start, d.message.clone()));
    let wrong = wrong.collect();
    (checked.recipe, wrong)
}

/// Opens the data sets that data name, and those that these name.
fn open_named(
    data: &Data,
    recipe: &Recipe,
    places: &Places,
    opened: &mut BTreeMap<String, Splits>,
    depth: usize,
) -> Result<(), String> {
    for name in data.named() {
        let item = recipe.datasets.iter().find(|item| item.name == *name);
        let Some(item) = item.filter(|_| !opened.contains_key(&*name)) else {
            continue;
        };
        if depth > recipe.datasets.len() {
            return Err(format!("`{name}` is made of itself"));
        }
        open_named(&item.data, recipe, places, opened, depth + 1)?;
        let source = open(&item.data, opened, places);
        let splits = match source.map_err(|problem| refused(&problem))? {
            Source::All(splits) => splits,
            Source::One(dataset) => Splits {
                parts: [(Split::Train, dataset)].into(),
                ..Splits::default()
            },
        };
        opened.insert(item.name.clone(), splits);
    }
    Ok(())
}
