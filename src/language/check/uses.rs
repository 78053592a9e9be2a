//! `use script` and `use plugin`: what comes into the catalog before anything is checked against it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::catalog::{Catalog, Kind, Spec};
use crate::language::ast::{Door, File, Item, Use};
use crate::language::codes::Code;
use crate::language::{Diagnostic, FileId, Sources, Span};

/// Brings in what a recipe uses.
pub trait Doors {
    /// The entries of a script or a plugin. A script's text goes into `sources`, so that errors can show its lines. The
    /// errors say where in the recipe, or in the script, they stand.
    fn open(&mut self, used: &Use, sources: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>>;

    /// Reads another recipe, `path` from the first one's folder, into `sources`. With where it lies, whatever links lead there.
    fn recipe(
        &mut self,
        _path: &Path,
        span: Span,
        _sources: &mut Sources,
    ) -> Result<(PathBuf, FileId), Box<Diagnostic>> {
        let message = "no other recipe is read here";
        Err(Box::new(Diagnostic::error(
            Code::MissingFile,
            span,
            message,
        )))
    }
}

/// Doors that nobody comes in by.
pub struct Closed;

impl Doors for Closed {
    fn open(&mut self, used: &Use, _: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        let word = used.door.word();
        let code = match used.door {
            Door::Script => Code::Script,
            Door::Plugin => Code::Plugin,
        };
        Err(vec![Diagnostic::error(
            code,
            used.span,
            format!("no {word} is loaded here"),
        )])
    }
}

/// What may come in by a door.
fn brings(door: Door) -> &'static [Kind] {
    match door {
        Door::Script => &[Kind::Task, Kind::Schedule],
        Door::Plugin => &[Kind::Task, Kind::Transform],
    }
}

/// Registers what the recipe uses. The kinds of entries that could not be loaded.
pub(super) fn open(
    tree: &File,
    sources: &mut Sources,
    catalog: &mut Catalog,
    doors: &mut dyn Doors,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Kind> {
    let mut missing = Vec::new();
    let mut opened: Vec<&Use> = Vec::new();
    let mut brought: BTreeMap<(Kind, String), Span> = BTreeMap::new();
    for item in &tree.items {
        let Item::Use(used) = item else { continue };
        if let Some(error) = misused(used, &opened) {
            missing.extend(brings(used.door));
            diagnostics.push(error);
            continue;
        }
        opened.push(used);
        match doors.open(used, sources) {
            Err(errors) => {
                missing.extend(brings(used.door));
                diagnostics.extend(errors);
            }
            Ok(specs) => {
                for spec in specs {
                    let key = (spec.kind, spec.name.clone());
                    match brought.get(&key) {
                        Some(first) => diagnostics.push(
                            Diagnostic::error(
                                Code::Duplicate,
                                used.span,
                                format!(
                                    "the {} `{}` is brought in twice",
                                    spec.kind.singular(),
                                    spec.name
                                ),
                            )
                            .label(*first, "first by this")
                            .help("use only one of them"),
                        ),
                        None => {
                            brought.insert(key, used.span);
                            catalog.register(spec);
                        }
                    }
                }
            }
        }
    }
    missing
}

/// What is wrong with the line itself.
fn misused(used: &Use, before: &[&Use]) -> Option<Diagnostic> {
    let name = &used.name;
    if let Some(first) = before
        .iter()
        .find(|first| first.door == used.door && first.name.text == name.text)
    {
        return Some(
            Diagnostic::error(
                Code::Duplicate,
                used.span,
                format!("{} {:?} is used twice", used.door.word(), name.text),
            )
            .label(first.span, "first here")
            .help("remove one of the lines"),
        );
    }
    match (used.door, &used.version) {
        (Door::Script, Some(version)) => Some(
            Diagnostic::error(Code::UnknownField, version.span, "a script has no version")
                .note("Its content is pinned in `ssl.lock`."),
        ),
        (Door::Plugin, None) => Some(
            Diagnostic::error(
                Code::MissingField,
                used.span,
                format!("`use plugin {:?}` names no version", name.text),
            )
            .help(format!(
                "say which will do: `use plugin {:?} version \"0.1\"`",
                name.text
            )),
        ),
        _ => None,
    }
}
