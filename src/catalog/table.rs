//! The table itself: one line per entry.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Kind, SharedSpec, Spec};

/// Everything a recipe may call, by kind and name.
///
/// Names are unique within a kind; `linear` is both a layer and a schedule.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    entries: BTreeMap<(Kind, String), SharedSpec>,
}

impl Catalog {
    /// The entries that are built into the binary.
    pub fn builtin() -> Self {
        let mut catalog = Self::default();
        for room in [
            crate::data::specs(),
            crate::augment::specs(),
            crate::fit::specs(),
            crate::encoders::specs(),
            crate::tasks::specs(),
            crate::evaluation::specs(),
            crate::plan::specs(),
        ] {
            for spec in room {
                catalog.register(spec);
            }
        }
        catalog
    }

    /// Adds an entry; a later one of the same kind and name replaces it.
    pub fn register(&mut self, spec: Spec) {
        self.entries
            .insert((spec.kind, spec.name.clone()), Arc::new(spec));
    }

    /// The entry of this kind and name.
    pub fn find(&self, kind: Kind, name: &str) -> Option<&SharedSpec> {
        self.entries.get(&(kind, name.to_owned()))
    }

    /// Entries of this name, of whatever kind.
    pub fn of_name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a SharedSpec> {
        self.entries.values().filter(move |spec| spec.name == name)
    }

    /// All entries, by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = &SharedSpec> {
        self.entries.values()
    }

    /// All entries of a kind, by name.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &SharedSpec> {
        self.entries.values().filter(move |spec| spec.kind == kind)
    }
}
