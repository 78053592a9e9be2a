//! Files of a room that import one another in a circle: none can be read, tried or moved without all of them.
//!
//! What counts is where a name comes from, also when a `mod.rs` hands it on. A `mod.rs` and what lies in its folder are one thing:
//! each may use the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{Token, sources, tokens};

/// The names of a module, from the root of its crate.
type Module = Vec<String>;

/// One `use` of a name, or a path in the code.
struct Import {
    path: Vec<String>,
    /// What it is called here; `None` for a path that is no `use`. A glob is called `*`.
    alias: Option<String>,
    /// Modules in the file that it stands in.
    inside: Vec<String>,
}

/// What one file says.
struct File {
    imports: Vec<Import>,
    /// Names that it defines.
    defines: BTreeSet<String>,
}

/// The file as names and signs, read one by one.
struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Reader<'_> {
    fn word(&self, ahead: usize) -> &str {
        let token = self.tokens.get(self.at + ahead);
        token.map_or("", |(name, _)| name.as_str())
    }

    fn is_name(&self, ahead: usize) -> bool {
        let first = self.word(ahead).chars().next();
        first.is_some_and(|c| c.is_alphabetic() || c == '_')
    }

    /// Whether `::` stands there.
    fn joins(&self, ahead: usize) -> bool {
        self.word(ahead) == ":" && self.word(ahead + 1) == ":"
    }

    /// The names that a `use` brings in from here on, each with its path.
    fn tree(&mut self, before: &[String], found: &mut Vec<(Vec<String>, String)>) {
        let mut path = before.to_vec();
        loop {
            match self.word(0) {
                "{" => {
                    self.at += 1;
                    while !matches!(self.word(0), "}" | "") {
                        self.tree(&path, found);
                        if self.word(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    self.at += 1;
                    found.push((path, "*".into()));
                    return;
                }
                ":" => self.at += 1,
                _ if self.is_name(0) => {
                    path.push(self.word(0).to_owned());
                    self.at += 1;
                    if self.joins(0) {
                        continue;
                    }
                    if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
                        path.pop();
                    }
                    let mut alias = path.last().cloned().unwrap_or_default();
                    if self.word(0) == "as" {
                        alias = self.word(1).to_owned();
                        self.at += 2;
                    }
                    found.push((path, alias));
                    return;
                }
                // no `use` that compiles
                _ => {
                    self.at += 1;
                    return;
                }
            }
        }
    }
}

const ITEMS: &[&str] = &[
    "struct", "enum", "fn", "trait", "type", "const", "static", "union",
];

fn read(text: &str) -> File {
    let tokens = tokens(text);
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
    };
    let mut file = File {
        imports: Vec::new(),
        defines: BTreeSet::new(),
    };
    let mut inside: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    while reader.at < tokens.len() {
        let names: Vec<String> = inside.iter().map(|(name, _)| name.clone()).collect();
        match reader.word(0) {
            "mod" if reader.word(2) == "{" => {
                inside.push((reader.word(1).to_owned(), depth));
                depth += 1;
                reader.at += 3;
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if inside.last().is_some_and(|(_, own)| *own == depth) {
                    inside.pop();
                }
            }
            // `+ use<'a>` brings nothing in
            "use" if reader.word(1) != "<" => {
                reader.at += 1;
                let mut found = Vec::new();
                reader.tree(&[], &mut found);
                file.imports
                    .extend(found.into_iter().map(|(path, alias)| Import {
                        path,
                        alias: Some(alias),
                        inside: names.clone(),
                    }));
                continue;
            }
            word if ITEMS.contains(&word) && depth == 0 && reader.is_name(1) => {
                file.defines.insert(reader.word(1).to_owned());
            }
            _ if reader.is_name(0) && reader.joins(1) => {
                let mut path = vec![reader.word(0).to_owned()];
                reader.at += 1;
                while reader.joins(0) && reader.is_name(2) {
                    path.push(reader.word(2).to_owned());
                    reader.at += 3;
                }
                file.imports.push(Import {
                    path,
                    alias: None,
                    inside: names,
                });
                continue;
            }
            _ => {}
        }
        reader.at += 1;
    }
    file
}

/// The files of a crate.
struct House {
    files: BTreeMap<Module, File>,
}

impl House {
    fn new<'t>(files: impl Iterator<Item = (String, &'t str)>) -> Self {
        let files = files.map(|(name, text)| {
            let name = name.strip_suffix(".rs").unwrap_or(&name);
            let mut module: Module = name.split('/').map(str::to_owned).collect();
            if matches!(
                module.last().map(String::as_str),
                Some("mod" | "lib" | "main")
            ) {
                module.pop();
            }
            (module, read(text))
        });
        Self {
            files: files.collect(),
        }
    }

    /// A path as it is from the root of the crate; `None` for what is of another one.
    fn whole(&self, at: &[String], import: &Import) -> Option<Module> {
        let mut base = at.to_vec();
        base.extend(import.inside.iter().cloned());
        let mut path = import.path.iter().peekable();
        match path.peek()?.as_str() {
            "crate" => {
                base.clear();
                path.next();
            }
            "self" | "super" => {
                while let Some(word) =
                    path.next_if(|word| matches!(word.as_str(), "self" | "super"))
                {
                    if word == "super" {
                        base.pop();
                    }
                }
            }
            first => {
                base = at.to_vec();
                base.push(first.to_owned());
                if !self.files.contains_key(&base) {
                    base = self.called(at, first, import)?;
                }
                path.next();
            }
        }
        base.extend(path.cloned());
        Some(base)
    }

    /// What is called so where `import` stands, if the file has brought it in under that name: `use crate::augment;`, then
    /// `augment::hflip::spec()`.
    fn called(&self, at: &[String], name: &str, import: &Import) -> Option<Module> {
        let mut imports = self.files.get(at)?.imports.iter();
        let brought = imports.find(|own| {
            own.alias.as_deref() == Some(name)
                && import.inside.starts_with(&own.inside)
                // nothing brings itself in
                && own.path.first().is_some_and(|first| first != name)
        })?;
        self.whole(at, brought)
    }

    /// The file that what a path names is written in.
    fn home(&self, path: &[String], seen: &mut BTreeSet<Module>) -> Option<Module> {
        let known = (0..=path.len())
            .rev()
            .find(|n| self.files.contains_key(&path[..*n]))?;
        let (module, rest) = path.split_at(known);
        let here = Some(module.to_vec());
        let Some(name) = rest.first().filter(|name| *name != "*") else {
            return here;
        };
        if !seen.insert(path.to_vec()) {
            return here;
        }
        let file = &self.files[module];
        let on = |import: &Import, rest: &[String]| {
            let mut whole = self.whole(module, import)?;
            whole.extend(rest.iter().cloned());
            Some(whole)
        };
        let own = file
            .imports
            .iter()
            .filter(|import| import.inside.is_empty());
        for import in own.clone() {
            if import.alias.as_ref() == Some(name)
                && let Some(whole) = on(import, &rest[1..])
            {
                return self.home(&whole, seen);
            }
        }
        if !file.defines.contains(name) {
            let globs = own.filter(|import| import.alias.as_deref() == Some("*"));
            let globs: Vec<Module> = globs.filter_map(|import| on(import, &[])).collect();
            let defines = |file: &File| file.defines.contains(name);
            let hands_on = |file: &File| {
                let mut imports = file.imports.iter();
                imports.any(|import| import.alias.as_ref() == Some(name))
            };
            // who defines it before who only has it too
            for has in [&defines as &dyn Fn(&File) -> bool, &hands_on] {
                let mut globs = globs.iter();
                if let Some(glob) = globs.find(|glob| self.files.get(*glob).is_some_and(has)) {
                    let whole: Vec<String> = glob.iter().chain(rest).cloned().collect();
                    return self.home(&whole, seen);
                }
            }
        }
        here
    }

    /// Which file uses which.
    fn edges(&self) -> BTreeSet<(&Module, &Module)> {
        let mut edges = BTreeSet::new();
        for (module, file) in &self.files {
            for import in &file.imports {
                // tests beside the code may use what they like
                if import.inside.iter().any(|name| name == "tests") {
                    continue;
                }
                let home = self
                    .whole(module, import)
                    .and_then(|whole| self.home(&whole, &mut BTreeSet::new()));
                let home = home.and_then(|home| self.files.get_key_value(&home));
                edges.extend(home.map(|(home, _)| (module, home)));
            }
        }
        edges.retain(|(from, to)| from != to);
        edges
    }
}

/// The steps of all circles, `a -> b`, between files whose room is the same.
fn circles(house: &House, room: impl Fn(&[String]) -> String) -> Vec<String> {
    let below = |a: &Module, b: &Module| a.len() < b.len() && b.starts_with(a);
    let mut found = BTreeSet::new();
    // a folder's own file before what lies in the folder, then behind it
    for first in [true, false] {
        let counts = |(from, to): &(&Module, &Module)| {
            room(from) == room(to)
                && match first {
                    true => !below(from, to),
                    false => !below(to, from),
                }
        };
        let mut uses: BTreeMap<&Module, Vec<&Module>> = BTreeMap::new();
        for (from, to) in house.edges().into_iter().filter(counts) {
            uses.entry(from).or_default().push(to);
        }
        let reaches = |from: &Module, wanted: &Module| {
            let (mut seen, mut waiting) = (BTreeSet::new(), vec![from]);
            while let Some(module) = waiting.pop() {
                if module == wanted {
                    return true;
                }
                if seen.insert(module) {
                    waiting.extend(uses.get(module).into_iter().flatten());
                }
            }
            false
        };
        for (from, all) in &uses {
            for to in all.iter().filter(|to| reaches(to, from)) {
                found.insert(format!("{} -> {}", from.join("/"), to.join("/")));
            }
        }
    }
    found.into_iter().collect()
}

fn of_folder(folder: &str, room: impl Fn(&[String]) -> String) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    let texts: Vec<(String, String)> = paths
        .iter()
        // the library alone: what runs it is a crate of its own
        .filter(|path| !path.ends_with("src/main.rs"))
        .map(|path| {
            let name = path.strip_prefix(&root).expect("under the folder");
            let text = fs::read_to_string(path).expect("a source file");
            (name.to_string_lossy().replace('\\', "/"), text)
        })
        .collect();
    assert!(texts.len() > 10, "the sources were not found");
    let house = House::new(
        texts
            .iter()
            .map(|(name, text)| (name.clone(), text.as_str())),
    );
    circles(&house, room)
}

#[test]
fn no_files_of_a_room_import_one_another_in_a_circle() {
    let room = |module: &[String]| module.first().cloned().unwrap_or_default();
    assert_eq!(of_folder("src", room), Vec::<String>::new());
}

#[test]
fn no_files_of_the_sdk_import_one_another_in_a_circle() {
    assert_eq!(
        of_folder("plugins/sdk/src", |_| String::new()),
        Vec::<String>::new()
    );
}

/// What the rule must see, and what it must not.
#[test]
fn circles_are_seen_through_names_and_folders() {
    let see = |files: &[(&str, &str)]| {
        let house = House::new(files.iter().map(|(name, text)| ((*name).to_owned(), *text)));
        circles(&house, |module| module.first().cloned().unwrap_or_default())
    };
    let two = ["r/a -> r/b", "r/b -> r/a"];
    let room = "pub mod a; pub mod b;";
    for (a, b) in [
        ("use super::b::B;", "use super::a::A;"),
        ("use crate::r::b;", "fn f() { super::a::g() }"),
        ("use super::{b::{self, B}};", "fn f(x: &super::a::A) {}"),
        ("use super::b::B as C;", "use crate::{r::{a::A, c}, q};"),
        (
            "fn f() -> Vec<crate::r::b::B> {}",
            "mod inner { use super::super::a::A; }",
        ),
        (
            "pub(super) use super::b::B;",
            "#[cfg(unix)]\nuse super::a::A;",
        ),
        (
            "use super as room; fn f() { room::b::g() }",
            "use crate::r; fn f() { r::a::g() }",
        ),
    ] {
        assert_eq!(
            see(&[("r/mod.rs", room), ("r/a.rs", a), ("r/b.rs", b)]),
            two,
            "{a} {b}"
        );
    }
    for (a, b) in [
        ("use super::b::B;", "// use super::a::A;\nstruct B;"),
        (
            "use super::b::B;",
            "struct B; #[cfg(test)] mod tests { use super::super::a::A; }",
        ),
        (
            "use super::b::B;",
            "use std::a::A; fn f() { other::a::g(); \"super::a::A\" }",
        ),
        ("use super::b::B;", "use crate::q::a::A;"),
    ] {
        assert_eq!(
            see(&[("r/mod.rs", room), ("r/a.rs", a), ("r/b.rs", b)]),
            [""; 0],
            "{b}"
        );
    }
    // what a room hands on is where it is written
    for hands_on in ["pub use a::A; pub use b::B;", "pub use a::*; pub use b::*;"] {
        let files = [
            ("r/mod.rs", hands_on),
            ("r/a.rs", "use super::B; pub struct A;"),
            ("r/b.rs", "use super::A; pub struct B;"),
        ];
        assert_eq!(see(&files), two, "{hands_on}");
    }
    // a folder and what is in it are one thing
    let own = [
        (
            "r/mod.rs",
            "mod a; use a::A; pub struct R; pub fn f() { a::g() }",
        ),
        ("r/a.rs", "use super::R; pub struct A;"),
    ];
    assert_eq!(see(&own), [""; 0]);
    // but nobody else goes in a circle with it
    let beside = [
        ("r/mod.rs", ""),
        ("r/a/mod.rs", "mod own; pub struct A; use own::f;"),
        ("r/a/own.rs", "use super::super::b::B; pub fn f() {}"),
        ("r/b.rs", "use super::a::A; pub struct B;"),
    ];
    assert_eq!(
        see(&beside),
        ["r/a -> r/a/own", "r/a/own -> r/b", "r/b -> r/a"]
    );
    // rooms are another rule's
    let rooms = [
        ("r/a.rs", "use crate::q::b::B;"),
        ("q/b.rs", "use crate::r::a::A;"),
    ];
    assert_eq!(see(&rooms), [""; 0]);
    // three of them
    let three = [
        ("r/a.rs", "use super::b::B;"),
        ("r/b.rs", "use super::c::C;"),
        ("r/c.rs", "use super::a::A;"),
    ];
    assert_eq!(see(&three), ["r/a -> r/b", "r/b -> r/c", "r/c -> r/a"]);
}
