//! What the folders mean: splits, classes, and what is worth a doubt.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::annotations;
use super::walk::{Entry, File, Folder, Left, walk};
use super::{Wanted, words};
use crate::catalog::{Problem, Result, Split};
use crate::language::codes::Code;

/// Names that a message lists at most.
const NAMED: usize = 3;

/// The files of a split.
pub(in crate::data) struct Part {
    pub split: Split,
    pub root: PathBuf,
    /// Below the root, in the order of their names.
    pub files: Vec<PathBuf>,
    /// One for each file, [`UNLABELLED`] where it has none; empty where there are no classes.
    pub labels: Vec<u32>,
    /// What each file is one of; empty where nothing says so.
    pub groups: Vec<u64>,
}

/// In place of a label: there is none.
pub(in crate::data) const UNLABELLED: u32 = u32::MAX;

/// What lies in a folder, understood.
pub(in crate::data) struct Layout {
    pub wanted: Wanted,
    pub parts: Vec<Part>,
    /// Of all splits, in the order of their names.
    pub classes: Vec<String>,
    pub left: Left,
    pub doubts: Vec<Problem>,
    pub notes: Vec<String>,
}

/// A part before the classes of the others are known.
pub(super) struct Draft {
    pub(super) part: Part,
    /// The split's own folder.
    pub(super) folder: PathBuf,
    /// Its classes; labels are numbers of these.
    pub(super) classes: Vec<String>,
}

/// Which folders are classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Level {
    /// Those of a split; what lies below them belongs to them.
    First,
    /// The innermost, by its name.
    Leaf,
    /// The innermost, by its name and those that it lies in.
    Path,
}

/// What is made of what lies there.
pub(in crate::data) struct How<'w> {
    /// Which folders are classes, where they are.
    pub level: Level,
    /// Whether the folders of a split, which lies at the path, can be its classes.
    pub labels: &'w dyn Fn(&Path, &Folder) -> bool,
    /// A link to a file that the split has under its own name counts, too.
    pub twice: bool,
}

/// Looks through `place`.
///
/// # Errors
/// A folder can't be read, there is no file that is wanted, or two folders are the same split.
pub(in crate::data) fn layout(place: &Path, how: &How<'_>, wanted: Wanted) -> Result<Layout> {
    let (mut tree, left) = walk(place, &wanted)?;
    let mut layout = Layout {
        wanted,
        parts: Vec::new(),
        classes: Vec::new(),
        left,
        doubts: Vec::new(),
        notes: Vec::new(),
    };
    if tree.wanted == 0 {
        return Err(nothing(place, &layout.left, &wanted));
    }
    let mut root = place.to_owned();
    while leads_on(&tree)
        && let Some(only) = only_folder(&mut tree)
    {
        root.push(&only.name);
        tree = only;
    }
    if root != place {
        layout.notes.push(format!("all in {}", root.display()));
    }
    let mut drafts = Vec::new();
    let splits = splits(&tree);
    for (at, (split, name)) in splits.iter().enumerate() {
        if let Some((_, other)) = splits[..at].iter().find(|(other, _)| other == split) {
            let message = format!(
                "{} and {} are the same split",
                root.join(other).display(),
                root.join(name).display()
            );
            return Err(Problem::new(Code::BadFile, message).help(format!(
                "move one of them away, or their {}s together",
                wanted.one
            )));
        }
    }
    if splits.is_empty() {
        drafts.push(layout.draft(Split::Train, root, tree, how));
    } else {
        let (folders, files) = tree.apart();
        layout.beside(&root, &folders, &files, &splits);
        for folder in folders {
            if let Some((split, name)) = splits.iter().find(|(_, name)| *name == folder.text()) {
                drafts.push(layout.draft(*split, root.join(name), folder, how));
            }
        }
    }
    layout.join(drafts);
    Ok(layout)
}

fn nothing(place: &Path, left: &Left, wanted: &Wanted) -> Problem {
    let message = format!("{} holds no {}", place.display(), wanted.one);
    let mut problem = Problem::new(Code::BadFile, message);
    if !left.files.is_empty() || !left.folders.is_empty() {
        problem = problem.note(format!("It holds {}.", super::counts::counted(left)));
    }
    problem
        .note(wanted.formats)
        .help("one folder per class, or train/, valid/ and test/ with one folder per class in each")
}

/// Whether a folder holds nothing but one folder, which tells more: splits, or several classes.
fn leads_on(tree: &Folder) -> bool {
    let mut folders = tree.folders();
    let (Some(only), None) = (folders.next(), folders.next()) else {
        return false;
    };
    if tree.direct() > 0 || words::split(&only.text()).is_some() {
        return false;
    }
    !splits(only).is_empty() || (only.direct() == 0 && only.folders().count() > 1) || leads_on(only)
}

fn only_folder(tree: &mut Folder) -> Option<Folder> {
    let at = tree
        .entries
        .iter()
        .position(|entry| matches!(entry, Entry::Folder(_)))?;
    match tree.entries.swap_remove(at) {
        Entry::Folder(folder) => Some(folder),
        Entry::File(_) => None,
    }
}

/// The folders that are splits: all that have a name for it, where the others are none or can't be classes.
///
/// A word for a split may also be a class (`bus`, `car`, `train`). It is a split where no other folder stands beside it, where two
/// splits are named and one of them is for training, or where the one for training holds classes itself. Where no name is that
/// word alone, names that differ in it alone count: `cars_train`, `cars_test`.
fn splits(tree: &Folder) -> Vec<(Split, String)> {
    let mut named = Vec::new();
    let (mut others, mut classes) = (0, false);
    for folder in tree.folders() {
        match words::split(&folder.text()) {
            Some(split) => {
                classes |= split == Split::Train && folder.folders().count() > 1;
                named.push((split, folder.text()));
            }
            None => others += 1,
        }
    }
    let is = |wanted: Split| named.iter().any(|(split, _)| *split == wanted);
    let several = is(Split::Train) && (is(Split::Test) || is(Split::Valid));
    if others == 0 || several || classes {
        named
    } else if named.is_empty() {
        alike(tree)
    } else {
        Vec::new()
    }
}

/// The folders whose names have the same words beside one for a split, where one of them is for training; none where several
/// sets of words do.
fn alike(tree: &Folder) -> Vec<(Split, String)> {
    let mut sets: BTreeMap<String, Vec<(Split, String)>> = BTreeMap::new();
    for folder in tree.folders() {
        if let Some((split, rest)) = words::apart(&folder.text()) {
            sets.entry(rest).or_default().push((split, folder.text()));
        }
    }
    let mut sets = sets.into_values().filter(|set| {
        let is = |wanted: Split| set.iter().any(|(split, _)| *split == wanted);
        is(Split::Train) && (is(Split::Test) || is(Split::Valid))
    });
    match (sets.next(), sets.next()) {
        (Some(set), None) => set,
        _ => Vec::new(),
    }
}

/// A few of these names, and how many more there are.
pub(in crate::data) fn list(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

pub(super) fn doubt(message: String) -> Problem {
    Problem::new(Code::LintFolders, message)
}

impl Folder {
    /// Its folders and its files.
    fn apart(self) -> (Vec<Folder>, Vec<File>) {
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for entry in self.entries {
            match entry {
                Entry::Folder(folder) => folders.push(folder),
                Entry::File(file) => files.push(file),
            }
        }
        (folders, files)
    }

    /// All files in it and below, in order.
    fn collect(self, at: &Path, out: &mut Vec<(PathBuf, File)>) {
        for entry in self.entries {
            match entry {
                Entry::File(file) => out.push((at.join(&file.name), file)),
                Entry::Folder(folder) => {
                    let below = at.join(&folder.name);
                    folder.collect(&below, out);
                }
            }
        }
    }
}

impl Layout {
    /// Says what lies beside the splits and is not read.
    fn beside(
        &mut self,
        root: &Path,
        folders: &[Folder],
        files: &[File],
        splits: &[(Split, String)],
    ) {
        let mut names = Vec::new();
        for folder in folders
            .iter()
            .filter(|f| splits.iter().all(|(_, name)| *name != f.text()))
        {
            self.left.folder("beside the splits");
            names.push(folder.text());
        }
        let taken = splits
            .iter()
            .map(|(_, name)| name.clone())
            .collect::<Vec<_>>();
        if !names.is_empty() {
            self.doubts.push(
                doubt(format!(
                    "{}: {}s in {} are left out, because {} {} taken for {}",
                    root.display(),
                    self.wanted.one,
                    list(&names),
                    list(&taken),
                    if taken.len() == 1 { "is" } else { "are" },
                    if taken.len() == 1 {
                        "a split"
                    } else {
                        "the splits"
                    },
                ))
                .help("move them into a split, or name the folder that is meant"),
            );
        }
        if let Some(first) = files.first() {
            files
                .iter()
                .for_each(|_| self.left.file("beside the splits"));
            self.doubts.push(
                doubt(format!(
                    "{}: {} in no split {} left out, the first is `{}`",
                    root.display(),
                    super::counts::plural(files.len(), self.wanted.one),
                    if files.len() == 1 { "is" } else { "are" },
                    first.name.to_string_lossy()
                ))
                .help("move them into a split"),
            );
        }
    }

    /// The files of one split.
    fn draft(&mut self, split: Split, folder: PathBuf, mut tree: Folder, how: &How<'_>) -> Draft {
        let mut root = folder.clone();
        // `val/images/*`, `train/train/*`: the folder says nothing of a class
        let own = folder.file_name().map(|name| name.to_string_lossy());
        let says_nothing = |name: &str| {
            let again = words::split(name) == Some(split)
                || (words::apart(name).is_some() && own.as_ref().is_some_and(|own| own == name));
            words::is_wrapper(name) || again
        };
        while tree.direct() == 0 && {
            let mut below = tree.folders();
            below.next().is_some_and(|f| says_nothing(&f.text())) && below.next().is_none()
        } {
            let Some(only) = only_folder(&mut tree) else {
                break;
            };
            root.push(&only.name);
            tree = only;
        }
        let labels = (how.labels)(&root, &tree);
        let below = tree.folders().count();
        let direct = tree.direct();
        let labelled = labels && (below > 1 || (below == 1 && direct == 0));
        let (mut found, mut of, mut classes) = (Vec::new(), Vec::new(), Vec::new());
        if labelled {
            let (folders, strays) = tree.apart();
            self.strays(&root, &strays);
            for class in folders {
                let at = PathBuf::from(&class.name);
                if how.level == Level::First {
                    self.inner_splits(&root, &class);
                    classes.push(class.text());
                }
                class.collect(&at, &mut found);
                if how.level == Level::First {
                    of.resize(found.len(), classes.len() as u32 - 1);
                }
            }
            if how.level != Level::First {
                (classes, of) = self.innermost(&found, how.level);
            }
        } else {
            if labels && below == 1 {
                self.notes.push(format!(
                    "no classes in {}: {}s lie beside its only folder",
                    root.display(),
                    self.wanted.one
                ));
            }
            tree.collect(Path::new(""), &mut found);
        }
        let (files, labels) = match how.twice {
            true => (found.into_iter().map(|(path, _)| path).collect(), of),
            false => self.without_second_names(found, of),
        };
        Draft {
            part: Part {
                split,
                root,
                files,
                labels,
                groups: Vec::new(),
            },
            folder,
            classes,
        }
    }

    /// The innermost folders as classes, and the class of each file.
    fn innermost(&mut self, found: &[(PathBuf, File)], level: Level) -> (Vec<String>, Vec<u32>) {
        let text = |path: &Path| {
            let parts = path.components();
            let parts = parts.map(|part| part.as_os_str().to_string_lossy());
            parts.collect::<Vec<_>>().join("/")
        };
        let name = |path: &Path| match level {
            Level::Path => text(path),
            _ => path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        };
        let mut folders: BTreeMap<String, BTreeSet<&Path>> = BTreeMap::new();
        let parents = found.iter().map(|(path, _)| path.parent().unwrap_or(path));
        for parent in parents.clone() {
            folders.entry(name(parent)).or_default().insert(parent);
        }
        let shared = folders.iter().filter(|(_, own)| own.len() > 1);
        let shared: Vec<String> = shared.map(|(name, _)| name.clone()).collect();
        if !shared.is_empty() {
            self.notes.push(format!(
                "{} {} of several folders each, which are one class (`labels = path` tells them apart)",
                list(&shared),
                if shared.len() == 1 {
                    "is the name"
                } else {
                    "are the names"
                },
            ));
        }
        let numbers: BTreeMap<&str, u32> = folders.keys().map(String::as_str).zip(0..).collect();
        let of = parents
            .map(|parent| numbers[name(parent).as_str()])
            .collect();
        (folders.into_keys().collect(), of)
    }

    fn strays(&mut self, root: &Path, strays: &[File]) {
        let Some(first) = strays.first() else {
            return;
        };
        strays
            .iter()
            .for_each(|_| self.left.file("beside class folders"));
        self.doubts.push(
            doubt(format!(
                "{}: {} beside the class folders {} left out, the first is `{}`",
                root.display(),
                super::counts::plural(strays.len(), self.wanted.one),
                if strays.len() == 1 { "is" } else { "are" },
                first.name.to_string_lossy()
            ))
            .help(format!(
                "move them into a class folder, or say `{}` to take every {} without a class",
                self.wanted.no_classes, self.wanted.one
            )),
        );
    }

    /// A class that holds folders with the names of splits: a data set of its own, or classes above splits.
    fn inner_splits(&mut self, root: &Path, class: &Folder) {
        let names: Vec<String> = class
            .folders()
            .map(Folder::text)
            .filter(|name| words::split(name).is_some())
            .collect();
        if !names.is_empty() {
            self.doubts.push(
                doubt(format!(
                    "{}: {} in the class `{}` look{} like splits, but all of the folder is one class",
                    root.display(),
                    list(&names),
                    class.text(),
                    if names.len() == 1 { "s" } else { "" },
                ))
                .help(format!(
                    "name the folder that is meant ({}), or put the splits above the classes",
                    root.join(&class.name).display()
                )),
            );
        }
    }

    /// Without links to files that the split has under their own names.
    fn without_second_names(
        &mut self,
        found: Vec<(PathBuf, File)>,
        of: Vec<u32>,
    ) -> (Vec<PathBuf>, Vec<u32>) {
        if found.iter().all(|(_, file)| !file.linked) {
            return (found.into_iter().map(|(path, _)| path).collect(), of);
        }
        let own: BTreeSet<_> = found
            .iter()
            .filter(|(_, file)| !file.linked)
            .map(|(_, file)| file.id)
            .collect();
        let (mut files, mut labels) = (Vec::new(), Vec::new());
        for (index, (path, file)) in found.into_iter().enumerate() {
            if file.linked && own.contains(&file.id) {
                self.left.file(format!(
                    "link to a {} that is there already",
                    self.wanted.one
                ));
                continue;
            }
            files.push(path);
            labels.extend(of.get(index));
        }
        (files, labels)
    }

    /// A class that only one split has is a class of all.
    fn join(&mut self, mut drafts: Vec<Draft>) {
        drafts.sort_by_key(|draft| draft.part.split);
        let classes: BTreeSet<String> = drafts.iter().flat_map(|d| d.classes.clone()).collect();
        self.classes = classes.into_iter().collect();
        for draft in &mut drafts {
            let own: Vec<u32> = draft
                .classes
                .iter()
                .map(|name| self.classes.binary_search(name).unwrap_or(0) as u32)
                .collect();
            for label in &mut draft.part.labels {
                *label = own[*label as usize];
            }
            if !self.classes.is_empty() && draft.classes.is_empty() {
                self.annotated(draft);
            }
        }
        self.doubt_classes(&drafts);
        self.doubt_roots(&drafts);
        self.parts = drafts.into_iter().map(|draft| draft.part).collect();
    }

    /// A split whose classes stand in a file beside the pictures, as in Tiny ImageNet.
    fn annotated(&mut self, draft: &mut Draft) {
        let Some((path, named)) = annotations::beside(&draft.folder) else {
            return;
        };
        let part = &mut draft.part;
        let labels: Option<Vec<u32>> = part
            .files
            .iter()
            .map(|file| {
                let class = named.get(file.file_name()?.to_str()?)?;
                Some(self.classes.binary_search(class).ok()? as u32)
            })
            .collect();
        match labels {
            Some(labels) => {
                part.labels = labels;
                self.notes.push(format!(
                    "the classes of {} stand in {}",
                    part.root.display(),
                    path.display()
                ));
            }
            None => self.doubts.push(doubt(format!(
                "{} does not give every {} of {} a class of the other splits: they have no labels",
                path.display(),
                self.wanted.one,
                part.root.display()
            ))),
        }
    }
}
