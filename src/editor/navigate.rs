//! Where names are defined, and where they are used.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::analysis::{Analysis, OpenTexts, Workshop};
use super::mark::{Local, Mark, What};
use crate::extend::project_folder;

/// Recipes of a project that are looked through.
const RECIPES: usize = 300;
/// Folders inside one another.
const DEPTH: usize = 8;

/// What a name stands for, wherever it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// An item of a file.
    Item {
        /// The file.
        file: PathBuf,
        /// What it is called there.
        name: String,
    },
    /// A name of an augment.
    Local {
        /// Where the augment begins.
        augment: usize,
        /// The name.
        name: String,
        /// A field of the record.
        is_field: bool,
    },
    /// A place of networks.
    Place(String),
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: Arc<str>,
    /// Where in it.
    pub at: Range<usize>,
}

/// What the word at a place stands for.
pub fn symbol(analysis: &Analysis, mark: &Mark) -> Option<Symbol> {
    match &mark.what {
        What::Defines(_, name) => Some(Symbol::Item {
            file: analysis.path.clone(),
            name: name.clone(),
        }),
        What::Item(name) => match analysis.scope.outline.find(name) {
            Some(_) => Some(Symbol::Item {
                file: analysis.path.clone(),
                name: name.clone(),
            }),
            None => {
                let brought = analysis.scope.brought(name)?;
                Some(Symbol::Item {
                    file: brought.from.path.clone(),
                    name: brought.item.name.clone(),
                })
            }
        },
        What::Local(Local {
            augment,
            name,
            is_field,
            ..
        }) => Some(Symbol::Local {
            augment: *augment,
            name: name.clone(),
            is_field: *is_field,
        }),
        What::Place { name, .. } => Some(Symbol::Place(name.clone())),
        _ => None,
    }
}

/// What stands at a place; a stage without a name of its own stands where it says what it calls.
pub fn symbol_at(analysis: &Analysis, offset: usize) -> Option<Symbol> {
    let items = analysis.scope.outline.items.iter();
    let mut unnamed = items.filter(|item| item.unnamed);
    match unnamed.find(|item| item.at.start <= offset && offset <= item.at.end) {
        Some(item) => Some(Symbol::Item {
            file: analysis.path.clone(),
            name: item.name.clone(),
        }),
        None => symbol(analysis, analysis.reading().at(offset)?),
    }
}

/// Where the word at a place is defined.
pub fn definition(analysis: &Analysis, offset: usize) -> Vec<Location> {
    let Some(mark) = analysis.reading().at(offset) else {
        return Vec::new();
    };
    let here = |at: Range<usize>| Location {
        path: analysis.path.clone(),
        text: analysis.text.clone(),
        at,
    };
    let marks = analysis.reading().marks.iter();
    match &mark.what {
        What::File => named_file(analysis, mark).into_iter().collect(),
        What::Entry(spec) => {
            // a script's lies beside the recipe
            let provider = spec
                .provider
                .as_ref()
                .map(|provider| provider.name.as_str());
            let path = provider.and_then(|name| name.strip_prefix("script "));
            let path = path.and_then(|path| whole(&analysis.path.parent()?.join(path)));
            path.into_iter().collect()
        }
        What::Emits => {
            let name = &analysis.text[mark.at.clone()];
            let emits = marks.filter(|own| match &own.what {
                What::Emits => {
                    own.at.start < mark.at.start && analysis.text[own.at.clone()] == *name
                }
                What::Local(local) => local.emits && local.name == name,
                _ => false,
            });
            emits.map(|own| here(own.at.clone())).collect()
        }
        What::Part(of, _) => {
            let item = analysis.scope.outline.find(of);
            item.map(|item| here(item.at.clone())).into_iter().collect()
        }
        _ => {
            let Some(wanted) = symbol(analysis, mark) else {
                return Vec::new();
            };
            if let Symbol::Item { file, name } = &wanted
                && *file != analysis.path
            {
                let from = analysis
                    .scope
                    .imports
                    .iter()
                    .find(|from| from.path == *file);
                let found = from.and_then(|from| {
                    Some(Location {
                        path: file.clone(),
                        text: from.text.clone(),
                        at: from.outline.find(name)?.at.clone(),
                    })
                });
                return found.into_iter().collect();
            }
            let defines = marks.filter(|own| match &own.what {
                What::Defines(..) => true,
                What::Local(local) => local.defines,
                What::Place { defines, .. } => *defines,
                _ => false,
            });
            let own = defines.filter(|own| symbol(analysis, own).as_ref() == Some(&wanted));
            let mut found: Vec<Location> = own.map(|own| here(own.at.clone())).collect();
            // a stage without a name is called what it calls
            if let Symbol::Item { name, .. } = &wanted
                && found.is_empty()
                && let Some(item) = analysis.scope.outline.find(name)
            {
                found.push(here(item.at.clone()));
            }
            found
        }
    }
}

/// The file that a `use` or `extends` names.
fn named_file(analysis: &Analysis, mark: &Mark) -> Option<Location> {
    let quoted = &analysis.text[mark.at.clone()];
    let path = analysis.path.parent()?.join(quoted.trim_matches('"'));
    let path = path.canonicalize().ok()?;
    let known = analysis.scope.imports.iter().find(|from| from.path == path);
    match known {
        Some(from) => Some(Location {
            path,
            text: from.text.clone(),
            at: 0..0,
        }),
        None => whole(&path),
    }
}

/// The beginning of a file that is no recipe.
fn whole(path: &Path) -> Option<Location> {
    let path = path.canonicalize().ok()?;
    path.is_file().then(|| Location {
        path,
        text: "".into(),
        at: 0..0,
    })
}

/// Texts in which the name of an item may stand: the open ones and the recipes of the project.
pub fn texts_with(analysis: &Analysis, name: &str, open: &OpenTexts) -> OpenTexts {
    let mut texts = open.clone();
    texts.insert(analysis.path.clone(), analysis.text.clone());
    let folder = analysis.path.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    recipes(&project_folder(folder), 0, &mut found);
    found.extend(analysis.made_of.iter().cloned());
    for path in found {
        if !texts.contains_key(&path)
            && let Some(text) = text_of(&path)
        {
            texts.insert(path, text);
        }
    }
    texts.retain(|_, text| text.contains(name));
    texts
}

/// The text of a recipe, unless it is larger than one may be.
fn text_of(path: &Path) -> Option<Arc<str>> {
    let about = std::fs::metadata(path).ok()?;
    let small = about.is_file() && about.len() <= crate::language::MAX_BYTES as u64;
    let text = small.then(|| std::fs::read_to_string(path).ok())??;
    Some(text.into())
}

fn recipes(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let path = entry.path();
        if found.len() >= RECIPES || hidden {
            continue;
        }
        if kind.is_dir() && depth < DEPTH {
            recipes(&path, depth + 1, found);
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "ssl") {
            found.extend(path.canonicalize());
        }
    }
}

/// One use of a name.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// Where.
    pub location: Location,
    /// What it is there.
    pub what: What,
    /// Whether it is where the name is given.
    pub defines: bool,
}

/// Every place where what stands at `offset` is named, in all files that may name it.
pub fn references(
    workshop: &Workshop,
    analysis: &Analysis,
    offset: usize,
    open: &OpenTexts,
) -> Vec<Occurrence> {
    let Some(wanted) = symbol_at(analysis, offset) else {
        return Vec::new();
    };
    let mut found = in_text(analysis, &wanted);
    // other files name items only
    if let Symbol::Item { name, .. } = &wanted {
        for (path, text) in texts_with(analysis, name, open) {
            if path != analysis.path {
                let other = workshop.analyse(&path, &text, open);
                found.extend(in_text(&other, &wanted));
            }
        }
    }
    found
}

/// The same in one text.
pub fn in_text(analysis: &Analysis, wanted: &Symbol) -> Vec<Occurrence> {
    let mut found = Vec::new();
    for mark in &analysis.reading().marks {
        let defines = match &mark.what {
            What::Defines(..) => true,
            What::Local(local) => local.defines,
            What::Place { defines, .. } => *defines,
            _ => false,
        };
        if symbol(analysis, mark).as_ref() != Some(wanted) {
            continue;
        }
        // of `views.pair` only the second word is the name
        let mut at = mark.at.clone();
        let text = &analysis.text[at.clone()];
        if let Some(point) = text.rfind('.') {
            let behind = &text[point + 1..];
            at.start += point + 1 + (behind.len() - behind.trim_start().len());
        }
        found.push(Occurrence {
            location: Location {
                path: analysis.path.clone(),
                text: analysis.text.clone(),
                at,
            },
            what: mark.what.clone(),
            defines,
        });
    }
    if let Symbol::Item { file, name } = wanted
        && *file == analysis.path
        && let Some(item) = analysis.scope.outline.find(name)
        && item.unnamed
    {
        found.push(Occurrence {
            location: Location {
                path: analysis.path.clone(),
                text: analysis.text.clone(),
                at: item.at.clone(),
            },
            what: What::Defines(item.noun, name.clone()),
            defines: true,
        });
    }
    found.sort_by_key(|own| own.location.at.start);
    found
}
