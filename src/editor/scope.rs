//! What a text may name: the catalog, its own items, and those of recipes that it is made of.

use std::path::PathBuf;
use std::sync::Arc;

use super::outline::{Item, Noun, Outline};
use crate::catalog::{Catalog, Kind, Param, SharedSpec, Type, run_fields, stage_fields};

/// Another recipe that this one is made of.
#[derive(Clone, Debug)]
pub struct Import {
    /// Where it lies, whatever links lead there.
    pub path: PathBuf,
    /// Its text.
    pub text: Arc<str>,
    /// What it defines.
    pub outline: Arc<Outline>,
    /// What stands before its names here; `None`: it is extended, and they are this recipe's own.
    pub space: Option<String>,
}

/// A name that comes with another recipe.
#[derive(Clone, Copy)]
pub struct Brought<'s> {
    /// The recipe.
    pub from: &'s Import,
    /// The item there.
    pub item: &'s Item,
}

/// What a text may name.
pub struct Scope {
    /// With what the recipe uses.
    pub catalog: Arc<Catalog>,
    /// Its own items.
    pub outline: Arc<Outline>,
    /// What it is made of.
    pub imports: Vec<Import>,
}

impl Scope {
    /// The item of another recipe that is called so here: `views.pair`, or a parent's `pair`.
    pub fn brought(&self, name: &str) -> Option<Brought<'_>> {
        let (space, own) = match name.split_once('.') {
            Some((space, own)) => (Some(space), own),
            None => (None, name),
        };
        self.imports.iter().find_map(|from| {
            let item = from.outline.find(own)?;
            let here = from.space.as_deref() == space && (space.is_none() || item.noun.is_shared());
            here.then_some(Brought { from, item })
        })
    }

    /// The item that is called so: its own, else one that was brought in.
    pub fn item(&self, name: &str) -> Option<&Item> {
        let own = self.outline.find(name);
        own.or_else(|| self.brought(name).map(|brought| brought.item))
    }

    /// Whether something that is brought in stands behind this word.
    pub fn is_space(&self, name: &str) -> bool {
        let mut imports = self.imports.iter();
        imports.any(|import| import.space.as_deref() == Some(name))
    }

    /// All items of these kinds, each by the name that it has here.
    pub fn items(&self, wanted: &dyn Fn(Noun) -> bool) -> Vec<(String, &Item)> {
        let own = self.outline.items.iter();
        let mut found: Vec<(String, &Item)> = own.map(|item| (item.name.clone(), item)).collect();
        for import in &self.imports {
            let items = import.outline.items.iter();
            found.extend(items.filter_map(|item| match &import.space {
                Some(space) if item.noun.is_shared() => {
                    Some((format!("{space}.{}", item.name), item))
                }
                Some(_) => None,
                None => Some((item.name.clone(), item)),
            }));
        }
        found.retain(|(_, item)| wanted(item.noun));
        found
    }

    /// The entry that a stage calls.
    pub fn entry_of(&self, item: &Item) -> Option<&SharedSpec> {
        let Noun::Stage(kind) = item.noun else {
            return None;
        };
        self.catalog.find(kind, item.head.as_deref()?)
    }

    /// The fields of a stage that calls this entry; the entry's own first.
    pub fn fields_of(&self, kind: Kind, spec: Option<&SharedSpec>) -> Vec<Param> {
        let Some(spec) = spec else {
            return stage_fields(kind);
        };
        let mut fields = spec.params.clone();
        let common = spec.stage_fields().into_iter();
        fields.extend(common.filter(|field| spec.find(&field.name).is_none()));
        fields
    }

    /// The fields that a nameless block of this word may have: those of any stage of the file.
    pub fn fields_of_block(&self, word: &str) -> Vec<Param> {
        let Some(kind) = Kind::of_stage(word) else {
            return run_fields();
        };
        let mut fields = stage_fields(kind);
        for item in &self.outline.items {
            if item.noun == Noun::Stage(kind)
                && let Some(spec) = self.entry_of(item)
            {
                let own = spec.params.iter().cloned();
                fields.extend(own);
            }
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        fields.dedup_by(|a, b| a.name == b.name);
        fields
    }

    /// What stands behind a stage's name: `rotations.encoder`.
    pub fn parts_of(&self, item: &Item) -> Vec<(String, String)> {
        let Some(spec) = self.entry_of(item) else {
            return Vec::new();
        };
        let mut parts: Vec<(String, String)> = Vec::new();
        if spec.kind == Kind::Task && !spec.without.contains(&"encoder") {
            parts.push(("encoder".into(), "The encoder that it trains.".into()));
        }
        let encoders = spec.params.iter().filter(|param| param.ty == Type::Encoder);
        parts.extend(encoders.map(|param| (param.name.clone(), param.doc.clone())));
        parts.extend(spec.exports.iter().cloned());
        parts.dedup_by(|a, b| a.0 == b.0);
        parts
    }
}
