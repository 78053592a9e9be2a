//! The pictures of a folder, each found by what a table calls it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::catalog::Split;
use crate::data::folders::{Layout, UNLABELLED};

/// A picture.
pub(super) struct Item {
    /// Below the folder, with `/` between folders.
    pub text: String,
    pub path: PathBuf,
    /// That its folder says, or `train`.
    pub split: Split,
    pub class: Option<u32>,
    pub group: Option<u64>,
}

/// The pictures of a layout, in the order of their paths.
pub(super) fn items(layout: &Layout, place: &Path) -> Vec<Item> {
    let mut all = Vec::new();
    for part in &layout.parts {
        let below = part.root.strip_prefix(place).unwrap_or(Path::new(""));
        for (at, file) in part.files.iter().enumerate() {
            let path = below.join(file);
            let class = part.labels.get(at).copied();
            all.push(Item {
                text: text(&path),
                path,
                split: part.split,
                class: class.filter(|class| *class != UNLABELLED),
                group: part.groups.get(at).copied(),
            });
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

/// A path with `/` between its parts.
pub(super) fn text(path: &Path) -> String {
    let parts = path.components();
    let parts: Vec<_> = parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    match parts.split_first() {
        // the root is a part of its own
        Some((first, rest)) if first == "/" => format!("/{}", rest.join("/")),
        _ => parts.join("/"),
    }
}

/// Which picture is meant.
#[derive(Debug, PartialEq)]
pub(super) enum Meant {
    One(usize),
    None,
    /// Pictures in several folders are called so.
    Several(usize),
}

/// Pictures by what they may be called.
#[derive(Default)]
struct Names<'i> {
    /// By their whole path; `None`: several have it.
    path: HashMap<&'i str, Option<u32>>,
    /// By the file's name alone.
    name: HashMap<&'i str, Vec<u32>>,
    /// By that with its folder: a name may be in every folder.
    pair: HashMap<&'i str, Vec<u32>>,
}

impl<'i> Names<'i> {
    fn new(texts: impl Iterator<Item = &'i str>) -> Self {
        let mut names = Self::default();
        for (at, text) in texts.enumerate() {
            let at = at as u32;
            let known = names.path.entry(text);
            known.and_modify(|own| *own = None).or_insert(Some(at));
            names.name.entry(name(text)).or_default().push(at);
            if let Some(pair) = pair(text) {
                names.pair.entry(pair).or_default().push(at);
            }
        }
        names
    }

    /// Those whose paths may end so.
    fn candidates(&self, wanted: &str) -> &[u32] {
        let by_pair = pair(wanted).and_then(|pair| self.pair.get(pair));
        let found = by_pair.or_else(|| self.name.get(name(wanted)));
        found.map_or(&[], Vec::as_slice)
    }

    fn exactly(&self, wanted: &str) -> Option<Meant> {
        let at = self.path.get(wanted).copied().flatten()?;
        Some(Meant::One(at as usize))
    }
}

/// Pictures by their names.
pub(super) struct Files<'i> {
    items: &'i [Item],
    /// The folder that they are all in.
    place: String,
    whole: Names<'i>,
    /// Without their endings.
    bare: Names<'i>,
}

/// The last folder of a path with the file's name, where there is one.
fn pair(text: &str) -> Option<&str> {
    let folder = text.len().checked_sub(name(text).len() + 1)?;
    Some(&text[folder - name(&text[..folder]).len()..])
}

/// The name of a file at the end of a path.
fn name(text: &str) -> &str {
    text.rsplit_once('/').map_or(text, |(_, name)| name)
}

/// Without its ending.
fn stem(text: &str) -> &str {
    let from = text.len() - name(text).len();
    match text[from..].rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => &text[..from + stem.len()],
        _ => text,
    }
}

/// Whether a path is another, or ends as it does.
fn ends(place: &str, path: &str, with: &str) -> bool {
    let whole = format!("{place}/{path}");
    let before = whole.len().checked_sub(with.len());
    whole.ends_with(with) && before.is_some_and(|at| at == 0 || whole.as_bytes()[at - 1] == b'/')
}

impl<'i> Files<'i> {
    pub fn new(items: &'i [Item], place: &Path) -> Self {
        let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
        Self {
            items,
            place: text(&place),
            whole: Names::new(items.iter().map(|item| item.text.as_str())),
            bare: Names::new(items.iter().map(|item| stem(&item.text))),
        }
    }

    /// The picture whose path ends as `asked` says, with its ending or without. Where several do: the one that has that path below
    /// the folder, else below the folder of the table, which is `from` it, else the one of `split`.
    pub fn find(&self, asked: &str, from: Option<&str>, split: Option<Split>) -> Meant {
        let slashed = asked.replace('\\', "/");
        let mut wanted = slashed.as_str();
        while let Some(rest) = wanted.strip_prefix("./").or(wanted.strip_prefix("../")) {
            wanted = rest;
        }
        if name(wanted).is_empty() {
            return Meant::None;
        }
        let below = from.filter(|from| !from.is_empty());
        let below = below.map(|from| format!("{from}/{wanted}"));
        let known = (wanted, below.as_deref());
        let found = self.among(&self.whole, known, |item| &item.text, split);
        match found {
            Meant::None => self.among(&self.bare, known, |item| stem(&item.text), split),
            found => found,
        }
    }

    fn among(
        &self,
        names: &Names<'_>,
        (wanted, below): (&str, Option<&str>),
        text: fn(&Item) -> &str,
        split: Option<Split>,
    ) -> Meant {
        let exactly = names.exactly(wanted);
        if let Some(one) = exactly.or_else(|| names.exactly(below?)) {
            return one;
        }
        let all = names.candidates(wanted).iter().map(|at| *at as usize);
        let all = all.filter(|at| ends(&self.place, text(&self.items[*at]), wanted));
        let all: Vec<usize> = all.collect();
        let of_split = all
            .iter()
            .filter(|at| Some(self.items[**at].split) == split);
        let of_split: Vec<usize> = of_split.copied().collect();
        match (all.as_slice(), of_split.as_slice()) {
            ([], _) => Meant::None,
            ([one], _) | (_, [one]) => Meant::One(*one),
            _ => Meant::Several(all.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str, split: Split) -> Item {
        Item {
            text: text.into(),
            path: text.into(),
            split,
            class: None,
            group: None,
        }
    }

    #[test]
    fn a_picture_is_the_one_whose_path_ends_so() {
        let items = [
            item("a.jpg", Split::Train),
            item("test/x/1.png", Split::Test),
            item("train/x/1.png", Split::Train),
            item("train/x/2.jpeg", Split::Train),
        ];
        let files = Files::new(&items, Path::new("/nowhere/photos"));
        for (asked, from, split, wanted) in [
            ("a.jpg", None, None, Meant::One(0)),
            ("./a.jpg", None, None, Meant::One(0)),
            ("photos/a.jpg", None, None, Meant::One(0)),
            ("/nowhere/photos/a.jpg", None, None, Meant::One(0)),
            ("other/a.jpg", None, None, Meant::None),
            ("a", None, None, Meant::One(0)),
            (".jpg", None, None, Meant::None),
            ("photos/x/1.png", None, None, Meant::None),
            ("", None, None, Meant::None),
            ("1.png", None, None, Meant::Several(2)),
            ("1.png", None, Some(Split::Test), Meant::One(1)),
            ("x/1.png", Some("train"), None, Meant::One(2)),
            ("train\\x\\1.png", None, None, Meant::One(2)),
            ("rain/x/1.png", None, None, Meant::None),
            ("x/2", None, None, Meant::One(3)),
            ("2.jpg", None, None, Meant::None),
        ] {
            assert_eq!(files.find(asked, from, split), wanted, "{asked}");
        }
    }
}
