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

/// Pictures by their names.
pub(super) struct Files<'i> {
    items: &'i [Item],
    /// The folder that they are all in.
    place: String,
    by_name: HashMap<&'i str, Vec<u32>>,
    by_stem: HashMap<&'i str, Vec<u32>>,
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
        let mut files = Self {
            items,
            place: text(&place),
            by_name: HashMap::new(),
            by_stem: HashMap::new(),
        };
        for (at, item) in items.iter().enumerate() {
            let name = name(&item.text);
            files.by_name.entry(name).or_default().push(at as u32);
            files.by_stem.entry(stem(name)).or_default().push(at as u32);
        }
        files
    }

    /// The picture whose path ends as `asked` says, with its ending or without. Where several do: the one that has that path below
    /// the folder, else below the folder of the table, which is `from` it, else the one of `split`.
    pub fn find(&self, asked: &str, from: Option<&str>, split: Option<Split>) -> Meant {
        let slashed = asked.replace('\\', "/");
        let mut wanted = slashed.as_str();
        while let Some(rest) = wanted.strip_prefix("./").or(wanted.strip_prefix("../")) {
            wanted = rest;
        }
        let own = name(wanted);
        if own.is_empty() {
            return Meant::None;
        }
        let whole = |item: &Item| item.text.clone();
        let found = self.among(self.by_name.get(own), wanted, whole, (from, split));
        match found {
            Meant::None => {
                let bare = |item: &Item| stem(&item.text).to_owned();
                self.among(self.by_stem.get(own), wanted, bare, (from, split))
            }
            found => found,
        }
    }

    fn among(
        &self,
        candidates: Option<&Vec<u32>>,
        wanted: &str,
        text: impl Fn(&Item) -> String,
        (from, split): (Option<&str>, Option<Split>),
    ) -> Meant {
        let candidates = candidates.map_or(&[][..], Vec::as_slice).iter();
        let all: Vec<(usize, String)> = candidates
            .map(|at| (*at as usize, text(&self.items[*at as usize])))
            .filter(|(_, text)| ends(&self.place, text, wanted))
            .collect();
        let only = |is: &dyn Fn(usize, &str) -> bool| {
            let mut own = all.iter().filter(|(at, text)| is(*at, text));
            match (own.next(), own.next()) {
                (Some((at, _)), None) => Some(Meant::One(*at)),
                _ => None,
            }
        };
        let below = from.map(|from| match from {
            "" => wanted.to_owned(),
            from => format!("{from}/{wanted}"),
        });
        let tried = only(&|_, _| true)
            .or_else(|| only(&|_, text| text == wanted))
            .or_else(|| only(&|_, text| Some(text) == below.as_deref()))
            .or_else(|| only(&|at, _| Some(self.items[at].split) == split));
        match tried {
            Some(one) => one,
            None if all.is_empty() => Meant::None,
            None => Meant::Several(all.len()),
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
