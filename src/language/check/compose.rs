//! Recipes that are made of others: `extends` brings a whole one, `use "views.ssl"` its data sets, augments, layers and encoders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::parse;
use super::{Doors, inline, setting};
use crate::language::ast::{Augment, Door, Expr, ExprKind, File, Item, Line, Name};
use crate::language::codes::Code;
use crate::language::{Diagnostic, FileId, Sources};

/// Recipes inside one another.
const DEPTH: usize = 16;
/// Recipes that take part in one.
const FILES: usize = 100;

/// Puts everything that a recipe is made of into its tree.
pub(super) fn compose(
    tree: &mut File,
    file: FileId,
    sources: &mut Sources,
    doors: &mut dyn Doors,
) -> Vec<Diagnostic> {
    let mut composer = Composer {
        sources,
        doors,
        open: Vec::new(),
        read: 0,
        diagnostics: Vec::new(),
    };
    composer.open.push(composer.sources.file(file).path.clone());
    composer.tree(tree, Path::new(""));
    tree.spaces.clear();
    composer.diagnostics
}

struct Composer<'c> {
    sources: &'c mut Sources,
    doors: &'c mut dyn Doors,
    /// The files that are being read, one inside another.
    open: Vec<PathBuf>,
    /// How many were read.
    read: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Composer<'_> {
    /// `folder`: from the first recipe's folder to that of this tree.
    fn tree(&mut self, tree: &mut File, folder: &Path) {
        self.diagnostics.extend(inline::write_out(tree));
        for item in &mut tree.items {
            if let Item::Use(used) = item
                && used.door == Door::Script
                && !folder.as_os_str().is_empty()
            {
                let path = folder.join(&used.name.text);
                used.name.text = path.to_string_lossy().replace('\\', "/");
            }
        }
        for (index, (path, _)) in tree.overrides.iter().enumerate() {
            let earlier = tree.overrides[..index].iter().map(|(path, _)| path);
            self.diagnostics.extend(setting::loses(path, earlier));
        }
        let own = tree.items.len();
        for used in std::mem::take(&mut tree.recipes) {
            self.used(&used, tree, folder);
        }
        // what was brought, before its own items, says nothing of the others
        let first = tree.items.len() - own;
        let spaces = std::mem::take(&mut tree.spaces);
        qualify_all(tree, first, &spaces);
        tree.spaces = spaces;
        let Some(parent) = tree.extends.take() else {
            for (path, _) in tree.overrides.drain(..) {
                let Some(first) = path.first() else { continue };
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::UnknownName,
                        first.span,
                        "there is nothing to override: this recipe extends no other",
                    )
                    .help("change the field itself"),
                );
            }
            return;
        };
        let Some(mut base) = self.recipe(&parent, folder) else {
            tree.overrides.clear();
            // what it would have brought is not missing
            tree.lost.push(Name {
                text: String::new(),
                span: parent.span,
            });
            return;
        };
        if tree.doc.is_empty() {
            tree.doc = std::mem::take(&mut base.doc);
        }
        for space in std::mem::take(&mut base.spaces) {
            match tree.spaces.iter().find(|own| own.text == space.text) {
                Some(own) => self.diagnostics.push(
                    Diagnostic::error(
                        Code::Duplicate,
                        own.span,
                        format!("`{}` comes with the recipe that is extended", own.text),
                    )
                    .label(space.span, "used here")
                    .help("remove one of the lines"),
                ),
                None => {
                    qualify_all(tree, 0, std::slice::from_ref(&space));
                    tree.spaces.push(space);
                }
            }
        }
        let twice = |item: &Item, base: &File| {
            let Some(name) = item.name() else {
                return false;
            };
            let mut spaces = tree.spaces.iter();
            let brought = spaces.any(|space| name.text.starts_with(&format!("{}_", space.text)));
            let mut others = base.items.iter().filter_map(Item::name);
            brought && others.any(|other| other.text == name.text)
        };
        let own = std::mem::take(&mut tree.items).into_iter();
        let mut own: Vec<Item> = own.filter(|item| !twice(item, &base)).collect();
        base.items.append(&mut own);
        tree.items = base.items;
        base.sweeps.append(&mut tree.sweeps);
        tree.sweeps = base.sweeps;
        tree.lost.append(&mut base.lost);
        base.overrides.append(&mut tree.overrides);
        tree.overrides = base.overrides;
    }

    /// Another recipe, composed; why there is none has been said.
    fn recipe(&mut self, named: &Name, folder: &Path) -> Option<File> {
        let path = folder.join(&named.text);
        let refused = |message: String| Diagnostic::error(Code::TooLarge, named.span, message);
        if self.open.len() > DEPTH || self.read >= FILES {
            let message =
                format!("more than {DEPTH} recipes inside one another, or {FILES} in all");
            self.diagnostics.push(refused(message));
            return None;
        }
        self.read += 1;
        let (place, file) = match self.doors.recipe(&path, named.span, self.sources) {
            Ok(found) => found,
            Err(error) => {
                self.diagnostics.push(*error);
                return None;
            }
        };
        if self.open.contains(&place) {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::Cycle,
                    named.span,
                    format!("`{}` is made of itself", named.text),
                )
                .here("the circle closes here"),
            );
            return None;
        }
        let (mut tree, found) = parse::parse(self.sources, file);
        self.diagnostics.extend(found);
        self.open.push(place);
        let inner = path.parent().unwrap_or(Path::new("")).to_owned();
        self.tree(&mut tree, &inner);
        self.open.pop();
        Some(tree)
    }

    /// `use "common/views.ssl"`: its `view` is `views.view` here, and `views_view` where the recipe is written out.
    fn used(&mut self, named: &Name, into: &mut File, folder: &Path) {
        let stem = Path::new(&named.text).file_stem().unwrap_or_default();
        let space = stem.to_string_lossy().into_owned();
        if let Some(problem) = self.misnamed(&space, named, into) {
            self.diagnostics.push(problem);
            return;
        }
        let Some(tree) = self.recipe(named, folder) else {
            into.lost.push(Name {
                text: String::new(),
                span: named.span,
            });
            return;
        };
        let shared = |item: &Item| {
            matches!(
                item,
                Item::Dataset(..) | Item::Augment(_) | Item::Layers(..) | Item::Encoder(..)
            )
        };
        let (mut items, others): (Vec<Item>, Vec<Item>) = tree.items.into_iter().partition(shared);
        let own: Vec<String> = (items.iter())
            .filter_map(|item| Some(item.name()?.text.clone()))
            .collect();
        for item in &mut items {
            rename(item, &mut |names, _| {
                if let Some(first) = names.first_mut()
                    && own.contains(&first.text)
                {
                    first.text = format!("{space}_{}", first.text);
                }
            });
        }
        // what it uses comes with it
        items.extend(
            others
                .into_iter()
                .filter(|item| matches!(item, Item::Use(_))),
        );
        let lost = tree.lost.into_iter().map(|name| Name {
            text: match name.text.as_str() {
                "" => String::new(),
                text => format!("{space}_{text}"),
            },
            ..name
        });
        into.lost.extend(lost);
        into.spaces.push(Name {
            text: space,
            span: named.span,
        });
        items.append(&mut into.items);
        into.items = items;
    }

    /// What is wrong with the name that a used recipe gives its items.
    fn misnamed(&self, space: &str, named: &Name, into: &File) -> Option<Diagnostic> {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = space.starts_with(|c: char| c.is_ascii_alphabetic()) && space.chars().all(part);
        if !word {
            let message = format!("`{space}` can't stand before the names that it brings");
            return Some(
                Diagnostic::error(Code::Syntax, named.span, message)
                    .note("What `views.ssl` brings is called `views.NAME`.")
                    .help("give the file a name of letters, digits and `_`"),
            );
        }
        let prefix = format!("{space}_");
        let taken = into.items.iter().filter_map(Item::name);
        let mut taken = taken.filter(|name| name.text == space || name.text.starts_with(&prefix));
        let taken = taken.next()?;
        Some(
            Diagnostic::error(
                Code::Duplicate,
                taken.span,
                format!(
                    "`{}` could be taken for something of {}",
                    taken.text, named.text
                ),
            )
            .label(named.span, "which is used here")
            .help("give it another name"),
        )
    }
}

/// The same in a tree, from the item of this number on.
fn qualify_all(tree: &mut File, first: usize, spaces: &[Name]) {
    if spaces.is_empty() {
        return;
    }
    let known: BTreeSet<&str> = spaces.iter().map(|space| space.text.as_str()).collect();
    for item in &mut tree.items[first..] {
        rename(item, &mut |names, _| qualify(names, &known));
    }
    let swept = tree.sweeps.iter_mut().flat_map(|sweep| &mut sweep.axes);
    for (_, value) in tree.overrides.iter_mut().chain(swept) {
        rename_in(value, false, &mut |names, _| qualify(names, &known));
    }
}

/// `views.view` as one name.
fn qualify(names: &mut Vec<Name>, spaces: &BTreeSet<&str>) {
    if names.len() > 1 && spaces.contains(names[0].text.as_str()) {
        let second = names.remove(1);
        names[0].text = format!("{}_{}", names[0].text, second.text);
        names[0].span = names[0].span.to(second.span);
    }
}

/// With whether it is what is called.
type Visit<'v> = &'v mut dyn FnMut(&mut Vec<Name>, bool);

/// Shows an item's own name and every name of an item in it, each with the parts behind it.
fn rename(item: &mut Item, visit: Visit<'_>) {
    let mut alone = |name: &mut Name| {
        let mut names = vec![name.clone()];
        visit(&mut names, false);
        if let Some(found) = names.pop() {
            *name = found;
        }
    };
    match item {
        Item::Dataset(name, value) | Item::Encoder(name, value) | Item::Layers(name, value) => {
            alone(name);
            rename_in(value, false, visit);
        }
        Item::Augment(augment) => {
            alone(&mut augment.name);
            rename_augment(augment, visit);
        }
        Item::Stage(stage) => {
            rename_in(&mut stage.value, false, visit);
            let fields = stage.block.fields.iter_mut();
            fields.for_each(|field| rename_in(&mut field.value, false, visit));
        }
        Item::Defaults(defaults) => {
            let fields = defaults.block.fields.iter_mut();
            fields.for_each(|field| rename_in(&mut field.value, false, visit));
        }
        Item::Run(_) | Item::Use(_) => {}
    }
}

/// The names in an augment are its own where it binds them.
fn rename_augment(augment: &mut Augment, visit: Visit<'_>) {
    let mut bound: Vec<String> = augment
        .parameters
        .iter()
        .map(|name| name.text.clone())
        .collect();
    for line in &augment.lines {
        if let Line::Binding { names, .. } = line {
            bound.extend(names.iter().map(|name| name.text.clone()));
        }
    }
    let mut outer = |names: &mut Vec<Name>, called: bool| {
        if called || !(names.len() == 1 && bound.contains(&names[0].text)) {
            visit(names, called);
        }
    };
    for line in &mut augment.lines {
        match line {
            Line::Binding { value, .. } | Line::Emit { value, .. } => {
                rename_in(value, true, &mut outer);
            }
        }
    }
}

/// `calls`: of augments too, which others call like transforms.
fn rename_in(expr: &mut Expr, calls: bool, visit: Visit<'_>) {
    match &mut expr.kind {
        ExprKind::Path(names) => visit(names, false),
        ExprKind::Call(call) => {
            let mut names: Vec<Name> = Vec::new();
            for part in call.name.text.split('.') {
                names.push(Name {
                    text: part.to_owned(),
                    span: call.name.span,
                });
            }
            if calls {
                visit(&mut names, true);
            }
            let texts: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
            call.name.text = texts.join(".");
            let arguments = call.arguments.iter_mut();
            arguments.for_each(|argument| rename_in(&mut argument.value, calls, visit));
        }
        ExprKind::List(values) | ExprKind::Several(values) => {
            values
                .iter_mut()
                .for_each(|value| rename_in(value, calls, visit));
        }
        ExprKind::Pipe(steps) => {
            let steps = steps.iter_mut();
            steps.for_each(|step| rename_in(&mut step.value, calls, visit));
        }
        ExprKind::Repeat(inner, _) | ExprKind::Group(inner) => rename_in(inner, calls, visit),
        ExprKind::Record(fields) => {
            let fields = fields.iter_mut();
            fields.for_each(|field| rename_in(&mut field.value, calls, visit));
        }
        ExprKind::Quantity(_) | ExprKind::Range(..) | ExprKind::Text(_) | ExprKind::Lost => {}
    }
}
