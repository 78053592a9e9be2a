//! What pictures are told to be, by something else than folders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::few::Few;
use super::files::Item;
use super::table::classes;
use crate::catalog::{Problem, Result, Split};
use crate::data::documents::index::{Key, MOST_CLASSES};
use crate::data::folders::{Layout, Part, UNLABELLED, list, plural};
use crate::language::codes::Code;

pub(super) fn doubt(message: String) -> Problem {
    Problem::new(Code::LintTable, message)
}

pub(super) fn wrong(message: String) -> Problem {
    Problem::argument(Code::BadFile, "labels", message)
}

/// What a picture is told to be.
#[derive(Clone)]
pub(super) struct Told<L> {
    pub label: Option<L>,
    pub split: Option<Split>,
    pub group: Option<u64>,
}

/// A number for what belongs together.
pub(super) fn group_of(name: &str) -> u64 {
    let hash = blake3::hash(name.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first)
}

/// Divides the pictures anew: what each is told to be, `None` for one that is left out. `names`: of the classes.
pub(super) fn divided(
    mut layout: Layout,
    place: &Path,
    (have, told): (Vec<Item>, Vec<Option<Told<u32>>>),
    names: Vec<String>,
) -> Layout {
    layout.classes = names;
    let mut parts: BTreeMap<Split, Part> = BTreeMap::new();
    for (item, told) in have.into_iter().zip(told) {
        let Some(told) = told else { continue };
        let split = told.split.unwrap_or(item.split);
        let part = parts.entry(split).or_insert_with(|| Part {
            split,
            root: place.to_owned(),
            files: Vec::new(),
            labels: Vec::new(),
            groups: Vec::new(),
        });
        part.files.push(item.path);
        part.labels.push(told.label.unwrap_or(UNLABELLED));
        // one that nothing is said of belongs to itself
        let own = told.group.or(item.group);
        part.groups
            .push(own.unwrap_or_else(|| group_of(&item.text)));
    }
    layout.parts = parts.into_values().collect();
    for part in &mut layout.parts {
        if part.labels.iter().all(|label| *label == UNLABELLED) {
            part.labels.clear();
        }
    }
    layout
}

/// The same of classes by their names.
pub(super) fn by_names(
    layout: Layout,
    place: &Path,
    have: Vec<Item>,
    told: Vec<Option<Told<Key>>>,
) -> Result<Layout> {
    let numbers = classes(told.iter().flatten().filter_map(|told| told.label.clone()));
    if numbers.len() > MOST_CLASSES {
        return Err(wrong(format!(
            "there are {} different labels, and {MOST_CLASSES} at most are classes",
            numbers.len()
        )));
    }
    let numbered = told.into_iter().map(|told| {
        let told = told?;
        Some(Told {
            label: told.label.and_then(|key| numbers.get(&key).copied()),
            split: told.split,
            group: told.group,
        })
    });
    let told = (have, numbered.collect());
    let names = numbers.keys().map(Key::to_string).collect();
    Ok(divided(layout, place, told, names))
}

/// Without groups, where nothing says any.
pub(super) fn ungrouped(mut layout: Layout) -> Layout {
    layout.parts.iter_mut().for_each(|part| part.groups.clear());
    layout
}

/// Classes that may be none, or that the train split does not have.
pub(super) fn doubt_classes(layout: &mut Layout, by: &str) {
    let one = layout.wanted.one;
    let pictures: usize = layout.parts.iter().map(|part| part.files.len()).sum();
    if let [only] = &layout.classes[..] {
        let message =
            format!("{by}: every {one} is of one class, `{only}`: there is nothing to tell apart");
        layout.doubts.push(doubt(message));
    }
    if pictures >= 16 && layout.classes.len() * 2 > pictures {
        let message = format!(
            "{by}: {pictures} {one}s have {}: is that what they are of, or what each is called?",
            plural(layout.classes.len(), "class")
        );
        layout
            .doubts
            .push(doubt(message).help("a class has several pictures"));
    }
    let own = |part: &Part| part.labels.iter().copied().collect::<BTreeSet<u32>>();
    let train = layout.parts.iter().find(|part| part.split == Split::Train);
    let Some(train) = train.filter(|part| !part.labels.is_empty()).map(own) else {
        return;
    };
    for part in &layout.parts {
        let strange = own(part);
        let strange = strange
            .difference(&train)
            .filter(|class| **class != UNLABELLED);
        let strange: Vec<String> = strange
            .map(|class| layout.classes[*class as usize].clone())
            .collect();
        if !strange.is_empty() {
            let message = format!(
                "{by}: the train split has no {one}s of {}, and {} has",
                list(&strange),
                part.split.name()
            );
            let help = "is a class spelled in two ways, or a row in the wrong split?";
            layout.doubts.push(doubt(message).help(help));
        }
    }
}

pub(super) fn untold<L>(have: &[Item], told: &[Option<Told<L>>]) -> Few {
    let mut left = Few::default();
    let without = have.iter().zip(told).filter(|(_, told)| told.is_none());
    without.for_each(|(item, _)| left.push(|| format!("`{}`", item.text)));
    left
}
