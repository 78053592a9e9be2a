//! The book in `docs/`: what it shows works.
//!
//! In each page, ```` ```ssl ```` is a whole recipe, which checks; with a name, ```` ```ssl,file=NAME ````, it is written for the commands below it.
//! Each line `$ pretext …` of ```` ```console ```` is run, in the page's own folder, from top to bottom, and what the page shows below it must be
//! in what is printed, line by line, where `…` stands for anything. The reference is made by `pretext doc --book`:
//! `PRETEXT_BLESS=1 cargo test --release --test book` writes it and the table of contents anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};

#[path = "support/mod.rs"]
mod support;

use support::{Ran, Test};

/// The contents before the reference.
const HEAD: &str = include_str!("../docs/contents.md");

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Pictures of three figures, a folder each, and two of them twice.
fn photos(test: &Test) {
    for (kind, name) in ["circle", "cross", "square"].iter().enumerate() {
        for number in 0..40u32 {
            let mut seed = (kind as u32 * 40 + number).wrapping_mul(2_654_435_761);
            let mut draw = |below: u32| {
                seed ^= seed << 13;
                seed ^= seed >> 17;
                seed ^= seed << 5;
                seed % below
            };
            let ground = Rgb([0; 3].map(|_: u8| draw(110) as u8));
            let colour = Rgb([0; 3].map(|_: u8| 140 + draw(110) as u8));
            let (x, y, half) = (
                12 + draw(16) as i32,
                12 + draw(16) as i32,
                6 + draw(5) as i32,
            );
            let picture = RgbImage::from_fn(40, 40, |column, row| {
                let (dx, dy) = ((column as i32 - x).abs(), (row as i32 - y).abs());
                let within = match kind {
                    0 => dx * dx + dy * dy <= half * half,
                    1 => dx <= half && dy <= half && (dx < 3 || dy < 3),
                    _ => dx <= half && dy <= half,
                };
                if within { colour } else { ground }
            });
            let path = test.path(&format!("photos/{name}/{number:03}.png"));
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            picture.save(path).expect("a picture");
        }
    }
}

/// What is between fences: what stands behind the first one, and the lines.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(kind), None) => open = Some((kind.to_owned(), String::new())),
            (None, Some((_, body))) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is open");
    found
}

/// Whether a line is as it was shown, where `…` stands for anything.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or("");
    let rest = line.strip_prefix(first);
    let rest =
        rest.and_then(|rest| parts.try_fold(rest, |rest, part| Some(rest.split_once(part)?.1)));
    rest.is_some_and(|rest| rest.is_empty() || shown.ends_with('…'))
}

fn holds(ran: &Ran, shown: &[String], command: &str) {
    let said = format!("{}{}", ran.stdout(), ran.stderr());
    let mut lines = said.lines().map(str::trim_end);
    for wanted in shown {
        let wanted = wanted.trim_end();
        if matches!(wanted, "" | "…") {
            continue;
        }
        assert!(
            lines.any(|line| is_as_shown(line, wanted)),
            "`{command}` does not print\n{wanted}\nbut\n{said}"
        );
    }
}

/// Runs what a page shows.
fn walk(name: &str) -> (usize, usize) {
    let text = read(&docs().join(name));
    assert!(!text.is_empty(), "{name}");
    let test = Test::new();
    photos(&test);
    let (mut recipes, mut commands) = (0, 0);
    for (kind, body) in blocks(&text) {
        let mut words = kind.split(',');
        let language = words.next().unwrap_or("");
        let file = words.clone().find_map(|word| word.strip_prefix("file="));
        match (language, file) {
            ("ssl", None) if words.any(|word| word == "part") => {}
            ("ssl", file) => {
                let path = file.unwrap_or("recipe.ssl");
                test.write(path, &body);
                let formatted = test.run(&["fmt", "--check", path]);
                assert_eq!(formatted.stderr(), "", "{name}: {path} is in the one form");
                test.run(&["check", path, "--deny", "warnings"]).success();
                recipes += 1;
            }
            (_, Some(file)) => test.write(file, &body),
            ("console", None) => {
                let mut lines = body.lines().peekable();
                while let Some(line) = lines.next() {
                    let Some(command) = line.strip_prefix("$ ") else {
                        panic!("{name}: no command: {line}");
                    };
                    let mut shown = Vec::new();
                    while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                        shown.push(line.to_owned());
                    }
                    let args: Vec<&str> = command.split_whitespace().collect();
                    assert_eq!(args[0], "pretext", "{name}: {command}");
                    let ran = test.run(&args[1..]);
                    // mistakes are shown, too
                    let fails = shown.iter().any(|line| line.starts_with("error"));
                    holds(&ran.code(i32::from(fails)), &shown, command);
                    commands += 1;
                }
            }
            _ => {}
        }
    }
    (recipes, commands)
}

#[test]
fn the_tutorial_works() {
    let (_, commands) = walk("tutorial.md");
    assert!(commands >= 8, "{commands}");
}

#[test]
fn the_cookbook_works() {
    let (recipes, _) = walk("cookbook.md");
    assert!(recipes >= 8, "{recipes}");
}

#[test]
fn tasks_of_ones_own_work() {
    walk("tasks_in_rhai.md");
    walk("results.md");
    walk("language.md");
}

/// Pages of the reference, by their paths in `docs/src`.
fn reference() -> BTreeMap<String, String> {
    let catalog = pretext::catalog::Catalog::builtin();
    let pages = pretext::report::book::pages(&catalog);
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut contents = format!("{}\n# Reference\n\n", HEAD.trim_end());
    for page in &pages {
        let indent = if page.path.ends_with("/index.md") {
            ""
        } else {
            "  "
        };
        contents += &format!("{indent}- [{}](reference/{})\n", page.title, page.path);
        all.insert(format!("reference/{}", page.path), page.text.clone());
    }
    all.insert("SUMMARY.md".into(), contents);
    all
}

#[test]
fn the_reference_is_that_of_the_catalog() {
    let wanted = reference();
    let bless = std::env::var_os("PRETEXT_BLESS").is_some();
    if bless {
        let _ = fs::remove_dir_all(docs().join("reference"));
        for (path, text) in &wanted {
            let path = docs().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a page");
        }
    }
    for (path, text) in &wanted {
        assert!(
            read(&docs().join(path)) == *text,
            "docs/src/{path}: PRETEXT_BLESS=1 writes it anew"
        );
    }
    let test = Test::new();
    test.run(&["doc", "--book", "pages"]).success();
    for (path, text) in &wanted {
        if let Some(inner) = path.strip_prefix("reference/") {
            assert_eq!(&test.text(&format!("pages/{inner}")), text);
        }
    }
}

/// Links from page to page lead somewhere, and every page is in the table of contents.
#[test]
fn links_lead_somewhere() {
    let contents = read(&docs().join("SUMMARY.md"));
    let mut open = vec![docs()];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(&folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.path())
        {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            if path.extension().is_none_or(|ending| ending != "md") {
                continue;
            }
            let inner = path
                .strip_prefix(docs())
                .expect("inside")
                .to_string_lossy()
                .replace('\\', "/");
            assert!(
                inner == "SUMMARY.md" || contents.contains(&format!("({inner})")),
                "{inner}"
            );
            let text = read(&path);
            for link in text
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next())
            {
                let link = link.split('#').next().unwrap_or("");
                if link.is_empty() || link.contains("://") || !link.ends_with(".md") {
                    continue;
                }
                assert!(folder.join(link).is_file(), "{inner} links to {link}");
            }
        }
    }
}
