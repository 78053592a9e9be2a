//! From the tree to a checked recipe: names, arguments, types, units, ranges. Everything wrong is reported at once.

mod argument_errors;
mod arguments;
mod augment;
mod bind;
mod calls;
mod compose;
mod cycles;
mod defaults;
mod fits;
mod foreign;
mod inline;
mod names;
mod nets;
mod one_of;
mod references;
mod run;
mod scalars;
mod setting;
mod shared;
mod stages;
mod sweep;
mod uses;
mod values;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{File, Item, Name};
use super::checked::{DatasetItem, Failed, Recipe, Stack, Stage};
use super::codes::Code;
use super::{Diagnostic, FileId, Severity, Sources, Span, parse};
use crate::catalog::{Artifact, Catalog, Kind, Net};

/// At most this many errors are reported.
pub const MAX_ERRORS: usize = 20;
/// After this many errors the rest is only counted: what is reported are the first of the text, and those are among them.
const KEPT: usize = 200;

pub use arguments::default_problem;
pub(crate) use references::unknown_part;
pub use sweep::MOST_POINTS;
pub use uses::{Closed, Doors};

/// Checks a text that stands for a part of a recipe: it may name what the recipe's fits learn.
pub(crate) fn check_part(
    sources: &mut Sources,
    file: FileId,
    catalog: &Catalog,
    known: &[Artifact],
) -> (Option<Recipe>, Vec<Diagnostic>) {
    let mut catalog = catalog.clone();
    concluded(checked(
        sources,
        file,
        &mut catalog,
        &mut Closed,
        (&[], 0),
        known,
    ))
}

/// The recipe, where it is sound, and what was found, in order.
fn concluded(checked: Checked) -> (Option<Recipe>, Vec<Diagnostic>) {
    let sound = checked.is_sound();
    let recipe = sound.then_some(checked.recipe);
    (recipe, in_order(checked.diagnostics, checked.dropped))
}

/// Checks a recipe. `set` holds pairs of path and value from `--set`: they go through the same parser and the same types.
/// There is a recipe exactly if no diagnostic is an error; diagnostics stand in the order of the text.
pub fn check(
    mut sources: Sources,
    file: FileId,
    catalog: &Catalog,
    set: &[(String, String)],
) -> (Option<Recipe>, Vec<Diagnostic>) {
    check_into(&mut sources, file, catalog, set)
}

/// The same; adds the texts of `--set` to the caller's `sources`, so that errors about them can be rendered also where
/// there is no recipe.
pub fn check_into(
    sources: &mut Sources,
    file: FileId,
    catalog: &Catalog,
    set: &[(String, String)],
) -> (Option<Recipe>, Vec<Diagnostic>) {
    check_using(sources, file, &mut catalog.clone(), &mut Closed, set)
}

/// The same; scripts and plugins come in by `doors`. Afterwards `catalog` has what the recipe uses too, `sources` the
/// texts of its scripts.
pub fn check_using(
    sources: &mut Sources,
    file: FileId,
    catalog: &mut Catalog,
    doors: &mut dyn Doors,
    set: &[(String, String)],
) -> (Option<Recipe>, Vec<Diagnostic>) {
    concluded(check_all(sources, file, catalog, doors, set))
}

/// A recipe as far as it can be understood, and everything that is wrong with it.
#[derive(Debug, Default)]
pub struct Checked {
    /// The recipe; where it is not sound, items are missing or hold defaults in the place of wrong values, and
    /// [`Recipe::failed`] names them.
    pub recipe: Recipe,
    /// What was found, in no order. [`in_order`] sorts it.
    pub diagnostics: Vec<Diagnostic>,
    /// Errors that were only counted.
    pub dropped: usize,
}

impl Checked {
    /// No diagnostic is an error.
    pub fn is_sound(&self) -> bool {
        self.diagnostics
            .iter()
            .all(|d| d.severity != Severity::Error)
    }
}

/// The same as [`check_using`], but keeps what can be understood of a recipe with errors: the plan may find more of them.
pub fn check_all(
    sources: &mut Sources,
    file: FileId,
    catalog: &mut Catalog,
    doors: &mut dyn Doors,
    set: &[(String, String)],
) -> Checked {
    check_point(sources, file, catalog, doors, set, 0)
}

/// The same of one point of the recipe's sweeps; the first is 0. A recipe without sweeps has nothing else.
pub fn check_point(
    sources: &mut Sources,
    file: FileId,
    catalog: &mut Catalog,
    doors: &mut dyn Doors,
    set: &[(String, String)],
    point: usize,
) -> Checked {
    checked(sources, file, catalog, doors, (set, point), &[])
}

/// The same; the text may name what the fits that are `known` learn.
fn checked(
    sources: &mut Sources,
    file: FileId,
    catalog: &mut Catalog,
    doors: &mut dyn Doors,
    (set, point): (&[(String, String)], usize),
    known: &[Artifact],
) -> Checked {
    let (mut tree, mut diagnostics) = parse::parse(sources, file);
    // where the text itself was wrong, what it was read as is no second mistake
    let slips: Vec<Span> = (diagnostics.iter())
        .map(|diagnostic| diagnostic.primary.span)
        .filter(|span| span.end > span.start)
        .collect();
    let mut settings = Vec::new();
    for (path, value) in set {
        let id = sources.add("--set", format!("{path}={value}"));
        match parse::parse_setting(sources, id) {
            Ok(setting) => settings.push(setting),
            Err(errors) => diagnostics.extend(errors),
        }
    }
    diagnostics.extend(compose::compose(&mut tree, file, sources, doors));
    let (points, swept) = sweep::points(&tree, sources, point, &mut diagnostics);
    settings.splice(0..0, swept);
    for (_, value) in &mut settings {
        diagnostics.extend(inline::write_out_in(value, &mut tree));
    }
    for (index, (path, _)) in settings.iter().enumerate() {
        diagnostics.extend(setting::loses(
            path,
            settings.iter().take(index).map(|(p, _)| p),
        ));
    }
    let missing = uses::open(&tree, sources, catalog, doors, &mut diagnostics);
    let overrides = std::mem::take(&mut tree.overrides);
    for (path, value) in overrides {
        match setting::shared(&mut tree, catalog, &path, value) {
            Ok(problem) => diagnostics.extend(problem),
            Err(value) => diagnostics.extend(setting::apply(&mut tree, catalog, &path, value)),
        }
    }
    // what a setting names may be there only when shared settings are written out
    let mut waiting = Vec::new();
    for (path, value) in settings {
        match setting::shared(&mut tree, catalog, &path, value) {
            Ok(problem) => diagnostics.extend(problem),
            Err(value) => waiting.push((path, value)),
        }
    }
    diagnostics.extend(shared::fill(&mut tree, catalog));
    let (now, later): (Vec<_>, Vec<_>) =
        (waiting.into_iter()).partition(|(path, _)| setting::names_item(&tree, path));
    for (path, value) in now {
        diagnostics.extend(setting::apply(&mut tree, catalog, &path, value));
    }
    diagnostics.extend(shared::spread(&mut tree));
    for (path, value) in later {
        diagnostics.extend(setting::apply(&mut tree, catalog, &path, value));
    }
    let mut checker = Checker::new(catalog, &tree);
    checker.missing = missing;
    checker.known = known.to_vec();
    let (mut recipe, whole) = checker.recipe(&tree, sources);
    recipe.points = points;
    diagnostics.extend(checker.diagnostics.drain(..).filter(|found| {
        let at = found.primary.span;
        let within =
            |slip: &Span| slip.file == at.file && slip.start <= at.start && at.end <= slip.end;
        !slips.iter().any(within)
    }));
    let mut checked = Checked {
        recipe,
        diagnostics,
        dropped: checker.dropped,
    };
    if !whole && checked.is_sound() {
        // every failure has said why; should one not have, the recipe is still refused
        checked.diagnostics.push(Diagnostic::error(
            Code::Syntax,
            Span::new(file, 0, 0),
            "the recipe can't be checked, and Pretext does not know why",
        ));
    }
    checked
}

/// By place, without repetitions, at most [`MAX_ERRORS`] errors.
pub fn in_order(mut diagnostics: Vec<Diagnostic>, dropped: usize) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.primary.span, diagnostic.code));
    diagnostics.dedup_by(|a, b| {
        // a layer that fits no size of picture is one mistake, and so is what several stages share
        let same = a.code == Code::Shape || skeleton(&a.message) == skeleton(&b.message);
        a.primary.span == b.primary.span && a.code == b.code && same
    });
    let errors = diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .count();
    if errors > MAX_ERRORS {
        let mut kept = 0;
        diagnostics.retain(|d| {
            kept += usize::from(d.severity == Severity::Error);
            d.severity == Severity::Error && kept <= MAX_ERRORS
        });
        if let Some(last) = diagnostics.last_mut() {
            let more = errors - MAX_ERRORS + dropped;
            last.notes.push(format!(
                "{more} more error{} not shown.",
                if more == 1 { " is" } else { "s are" }
            ));
        }
    }
    diagnostics
}

/// A message without the name of what it is about: `batch` of task `simclr`.
fn skeleton(message: &str) -> String {
    let kinds = [
        Kind::Task,
        Kind::Evaluator,
        Kind::Finetune,
        Kind::Export,
        Kind::Fit,
    ];
    let mut about = false;
    let mut out = String::new();
    for part in message.split('`') {
        if !about {
            out += part;
        }
        about = kinds
            .iter()
            .any(|kind| part.ends_with(&format!("{} ", kind.singular())));
        out.push('`');
    }
    out
}

/// What is known of an item that others take: it is checked once.
enum State<T> {
    Visiting,
    Failed,
    Done(T),
}

/// One use of a name: by which item, of which, where.
struct Use<'a> {
    by: &'a str,
    of: &'a str,
    span: Span,
}

struct Checker<'a> {
    catalog: &'a Catalog,
    /// Items by name; the first of a name stays.
    items: BTreeMap<&'a str, &'a Item>,
    /// Names whose item could not be parsed.
    lost: Vec<&'a Name>,
    /// Stages that start from several others, each with what was made of it.
    spread: &'a [(String, Vec<String>)],
    /// What a script or a plugin that could not be loaded may have brought: it may be none of the catalog's.
    missing: Vec<Kind>,
    nets: BTreeMap<&'a str, State<Net>>,
    fits: BTreeMap<&'a str, State<Stage>>,
    /// What fits of another text learn, which this one may name.
    known: Vec<Artifact>,
    uses: Vec<Use<'a>>,
    /// Unknown names that were reported, each with what it should have been.
    unknown: BTreeSet<(String, String)>,
    /// The item that is being checked.
    current: &'a str,
    /// Items with a network that lacks a layer, because it is wrong.
    short: BTreeSet<String>,
    /// Items where a default stands in for a value that is wrong.
    replaced: BTreeSet<String>,
    /// Calls inside one another, those of defaults included.
    depth: usize,
    diagnostics: Vec<Diagnostic>,
    /// Errors that were only counted.
    dropped: usize,
}

impl<'a> Checker<'a> {
    fn new(catalog: &'a Catalog, tree: &'a File) -> Self {
        let mut checker = Self {
            catalog,
            items: BTreeMap::new(),
            lost: tree.lost.iter().collect(),
            spread: &tree.spread,
            missing: Vec::new(),
            nets: BTreeMap::new(),
            fits: BTreeMap::new(),
            known: Vec::new(),
            uses: Vec::new(),
            unknown: BTreeSet::new(),
            current: "",
            short: BTreeSet::new(),
            replaced: BTreeSet::new(),
            depth: 0,
            diagnostics: Vec::new(),
            dropped: 0,
        };
        for item in &tree.items {
            checker.define(item);
        }
        checker
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        if self.full() {
            self.dropped += 1;
        } else {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether another error is only counted: then it need not be explained.
    fn full(&self) -> bool {
        self.diagnostics.len() >= KEPT
    }

    /// The recipe's item of this name as `check` makes it. `None` if it has an error, which is reported once.
    fn once<T: Clone>(
        &mut self,
        name: &str,
        states: fn(&mut Self) -> &mut BTreeMap<&'a str, State<T>>,
        check: impl FnOnce(&mut Self, &'a Item) -> Option<T>,
    ) -> Option<T> {
        match states(self).get(name) {
            Some(State::Done(made)) => return Some(made.clone()),
            // a circle is reported with all others
            Some(State::Visiting | State::Failed) => return None,
            None => {}
        }
        let (key, item) = self
            .items
            .get_key_value(name)
            .map(|(key, item)| (*key, *item))?;
        states(self).insert(key, State::Visiting);
        let outer = std::mem::replace(&mut self.current, key);
        let made = check(self, item);
        self.current = outer;
        let state = made.clone().map_or(State::Failed, State::Done);
        states(self).insert(key, state);
        made
    }

    /// Makes an item's name known.
    fn define(&mut self, item: &'a Item) {
        let Some(name) = item.name() else { return };
        if matches!(item, Item::Stage(_)) && name.text == "all" {
            self.error(
                Diagnostic::error(
                    Code::Duplicate,
                    name.span,
                    "`all` can't be the name of a stage",
                )
                .note("`from = all` names every `pretext` stage of the recipe."),
            );
        }
        if name.text == "run" {
            self.error(
                Diagnostic::error(
                    Code::Duplicate,
                    name.span,
                    "`run` can't be the name of an item",
                )
                .note("It names the settings of the run, as in `--set run.seed=1`."),
            );
        }
        match self
            .items
            .get(name.text.as_str())
            .and_then(|first| first.name())
        {
            Some(first) => {
                let diagnostic = Diagnostic::error(
                    Code::Duplicate,
                    name.span,
                    format!("the name `{}` is given twice", name.text),
                )
                .label(first.span, "first here");
                let diagnostic = match item {
                    // without a name of its own it has that of what it calls
                    Item::Stage(stage)
                        if stage.value.name().is_some_and(|n| n.span == name.span) =>
                    {
                        diagnostic.help(format!(
                            "give it a name of its own: `NAME = {}(…)`",
                            name.text
                        ))
                    }
                    _ => diagnostic.help("give one of them another name"),
                };
                self.error(diagnostic);
            }
            None => {
                self.items.insert(&name.text, item);
            }
        }
    }

    /// The recipe, and whether all of it is there.
    fn recipe(&mut self, tree: &'a File, sources: &Sources) -> (Recipe, bool) {
        let mut whole = true;
        let mut recipe = Recipe {
            doc: tree.doc.clone(),
            sources: Sources::default(),
            uses: Vec::new(),
            datasets: Vec::new(),
            augments: Vec::new(),
            encoders: Vec::new(),
            stages: Vec::new(),
            stacks: Vec::new(),
            points: Vec::new(),
            run: Default::default(),
            failed: Failed {
                items: tree.lost.iter().map(|name| name.text.clone()).collect(),
                ..Failed::default()
            },
        };
        for item in &tree.items {
            let before = self.diagnostics.len() + self.dropped;
            self.current = item.name().map_or("run", |name| name.text.as_str());
            let done = match item {
                Item::Dataset(name, value) => self.data(value, "a data set").map(|data| {
                    recipe.datasets.push(DatasetItem {
                        name: name.text.clone(),
                        name_span: name.span,
                        data,
                    })
                }),
                Item::Encoder(name, _) => self
                    .encoder(&name.text)
                    .map(|net| recipe.encoders.push(net)),
                Item::Layers(name, _) => self.stack(&name.text).map(|_| ()),
                Item::Defaults(defaults) => {
                    self.defaults(defaults, tree);
                    Some(())
                }
                Item::Augment(augment) => self
                    .augment(augment)
                    .map(|augment| recipe.augments.push(augment)),
                Item::Stage(stage) => match stage.kind {
                    Kind::Fit => self.fit(&stage.name.text),
                    _ => self.stage(stage),
                }
                .map(|stage| recipe.stages.push(stage)),
                Item::Run(_) => Some(()),
                Item::Use(used) => {
                    recipe.uses.push(used.clone());
                    Some(())
                }
            };
            whole &= done.is_some();
            if (done.is_none() || self.diagnostics.len() + self.dropped > before)
                && let Some(name) = item.name()
            {
                recipe.failed.items.insert(name.text.clone());
            }
        }
        recipe.failed.nets = std::mem::take(&mut self.short);
        recipe.failed.replaced = std::mem::take(&mut self.replaced);
        recipe.stacks = (tree.items.iter())
            .filter_map(|item| match item {
                Item::Layers(name, _) => Some(Stack {
                    name: name.text.clone(),
                    name_span: name.span,
                    used: self.uses.iter().any(|used| used.of == name.text),
                }),
                _ => None,
            })
            .collect();
        self.current = "run";
        let (run, read) = self.run(tree);
        whole &= read;
        recipe.run = run;
        let before = self.diagnostics.len() + self.dropped;
        self.cycles();
        if self.diagnostics.len() + self.dropped > before {
            // nothing that follows names in a circle comes to an end
            recipe.datasets.clear();
            recipe.augments.clear();
            recipe.stages.clear();
            whole = false;
        }
        recipe.sources = sources.clone();
        (recipe, whole)
    }
}
