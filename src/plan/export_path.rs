//! Where an export may be written: a path of a recipe, judged as text, the same on every system.

use crate::catalog::Problem;
use crate::language::codes::Code;

/// Files and folders that a run writes itself, at the root of its directory.
const OWN: &[&str] = &[
    "stages",
    "lock",
    "hash",
    "done",
    "recipe.ssl",
    "run.json",
    "plan.json",
    "source.bundle",
    "meaning.json",
    "point.json",
    "results",
    "results.json",
    "result.json",
    "embedding.json",
    "spread.json",
    "config.json",
    "preview.png",
    "playing.png",
    "report.html",
    "tensorboard",
    "checkpoints",
];
/// Endings of files that a run writes itself.
const ENDINGS: &[&str] = &[
    ".ckpt", ".jsonl", ".part", ".partial", ".old", ".tmp", ".lock",
];
/// Names that are devices on Windows, with any ending.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];
/// Bytes of a file's name, with room for the ending that it has while it is written.
const LONGEST_NAME: usize = 200;
/// Bytes of a path.
const LONGEST: usize = 1000;

/// The path of an export in its one form, `outside`: it may leave the run directory.
///
/// # Errors
/// It names no file, leaves the run directory, or names what the run writes itself.
pub fn export_path(path: &str, outside: bool) -> Result<String, Problem> {
    let shown = shown(path);
    let refuse = |why: &str| Problem::new(Code::OutOfRange, format!("`{shown}` {why}"));
    let leaves = |why: &str| {
        refuse(why)
            .note("An export is written into the run directory, so that a recipe can't touch anything else.")
            .help("name a file in it: `weights.safetensors`")
            .help("`--allow-outside` lets the exports of a recipe that you trust go elsewhere")
    };
    let name = "name a file: `weights.safetensors`";
    if path.trim().is_empty() {
        return Err(
            Problem::new(Code::OutOfRange, "an export needs the name of a file").help(name),
        );
    }
    if path.chars().any(char::is_control) {
        return Err(refuse("has a character that no file name should have").help(name));
    }
    if path.len() > LONGEST {
        return Err(refuse("is too long for a path").help(name));
    }
    if !(outside && cfg!(windows)) {
        if path.contains('\\') {
            return Err(
                refuse("has a backslash, which is a separator on Windows only")
                    .help("write `/` between folders"),
            );
        }
        if path.contains(':') {
            return Err(leaves(
                "has a colon, which names a drive, a stream or a scheme",
            ));
        }
    }
    let separator = |c: char| c == '/' || (c == '\\' && cfg!(windows));
    let absolute = path.starts_with(separator) || path.contains(':');
    if absolute && !outside {
        return Err(leaves("is an absolute path"));
    }
    let parts: Vec<&str> = path.split(separator).collect();
    if parts.first() == Some(&"~") {
        return Err(leaves("starts with `~`, which is not your home here"));
    }
    if matches!(parts.last(), Some(&"" | &"." | &"..")) {
        return Err(refuse("names a folder, not a file").help(name));
    }
    if parts.contains(&"..") && !outside {
        return Err(leaves("leaves the run directory"));
    }
    let parts: Vec<&str> = parts
        .into_iter()
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    for part in &parts {
        let folded = folded(part);
        let stem = folded.split('.').next().unwrap_or_default();
        let numbered = |word: &str| {
            let number = stem.strip_prefix(word);
            number.is_some_and(|n| matches!(n.as_bytes(), [b'1'..=b'9']))
        };
        if DEVICES.contains(&stem) || numbered("com") || numbered("lpt") {
            return Err(refuse("names a device on Windows").help(name));
        }
        if part.len() > LONGEST_NAME {
            return Err(refuse("has a name that is too long for a file").help(name));
        }
    }
    if !absolute
        && !parts.contains(&"..")
        && let Some(first) = parts.first()
        && is_own(first)
    {
        return Err(own(&shown, first, parts.len()));
    }
    let start = if path.starts_with(separator) { "/" } else { "" };
    Ok(format!("{start}{}", parts.join("/")))
}

/// Whether the run writes something of this name at the root of its directory.
pub fn is_own(name: &str) -> bool {
    let name = folded(name);
    OWN.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// What to say of a path that starts with one of the run's own names.
fn own(path: &str, name: &str, parts: usize) -> Problem {
    let why = match parts {
        1 => "is a name that the run itself uses".to_owned(),
        _ => format!("is below `{name}`, a name that the run itself uses"),
    };
    Problem::new(Code::OutOfRange, format!("`{path}` {why}"))
        .note("Checkpoints, results and reports of the run would be lost.")
        .help("choose another name: `weights.safetensors`")
}

/// What is wrong about writing `path` where another export writes `other`, both as [`export_path`] gives them.
pub fn clash(path: &str, other: &str) -> Option<&'static str> {
    let (path, other) = (folded(path), folded(other));
    let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
    if path == other {
        return Some("is written by two exports");
    }
    if below(&path, &other) {
        return Some("is below a file that another export writes");
    }
    below(&other, &path).then_some("is a folder that another export writes into")
}

/// As a file system sees it that tells no case apart, and no dots and spaces at the ends of names.
fn folded(path: &str) -> String {
    let part = |part: &str| {
        let part = part.trim_end_matches(['.', ' ']);
        // `ſ` and `K` have the upper case of a plain letter
        part.to_uppercase().to_lowercase()
    };
    let parts: Vec<String> = path.split('/').map(part).collect();
    parts.join("/")
}

/// The path for a message: one line, and not longer than a line.
fn shown(path: &str) -> String {
    let mut shown: String = path.chars().take(80).flat_map(char::escape_debug).collect();
    if path.chars().count() > 80 {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_run_directory_keeps_its_name() {
        for (path, one) in [
            ("w.safetensors", "w.safetensors"),
            ("./a//b/./w.safetensors", "a/b/w.safetensors"),
            ("weights/best/v1.2", "weights/best/v1.2"),
            ("finals.safetensors", "finals.safetensors"),
            ("locks", "locks"),
            ("äöü/模型.safetensors", "äöü/模型.safetensors"),
            ("a..b", "a..b"),
            (".hidden", ".hidden"),
            ("models/lock", "models/lock"),
            ("compass", "compass"),
            ("comb/lpt0", "comb/lpt0"),
            ("it's.safetensors", "it's.safetensors"),
        ] {
            assert_eq!(export_path(path, false).as_deref(), Ok(one), "{path}");
            assert_eq!(export_path(path, true).as_deref(), Ok(one), "{path}");
        }
    }

    #[test]
    fn what_leaves_the_directory_needs_to_be_allowed() {
        for path in [
            "/tmp/w.safetensors",
            "//tmp/w",
            "../w.safetensors",
            "a/../../w.safetensors",
            "a/../w.safetensors",
            "/dev/null",
            "/proc/self/mem",
        ] {
            let problem = export_path(path, false).unwrap_err();
            assert!(problem.helps[1].contains("--allow-outside"), "{path}");
            assert!(export_path(path, true).is_ok(), "{path}");
        }
    }

    #[test]
    fn what_names_no_file_is_never_allowed() {
        let long = "a".repeat(201);
        let deep = "a/".repeat(600) + "w";
        for path in [
            "",
            " ",
            "\t",
            ".",
            "..",
            "/",
            "a/",
            "a/.",
            "a/..",
            "a\0b",
            "a\nb",
            "\u{1b}[2J",
            "~/w",
            "a\\b",
            "..\\w",
            "nul",
            "NUL.safetensors",
            "a/con/b",
            "com1",
            "LPT9.txt",
            &long,
            &deep,
        ] {
            for outside in [false, true] {
                assert!(export_path(path, outside).is_err(), "{path:?}");
            }
        }
        for path in ["C:w", "C:/w", "c:", "file:///tmp/w", "w:stream"] {
            assert!(export_path(path, false).is_err(), "{path:?}");
        }
    }

    #[test]
    fn the_runs_own_names_are_its_own() {
        for path in [
            "stages/p/final.ckpt",
            "stages",
            "Stages/p/x",
            "STAGES/x",
            "ſtages/x",
            "lock",
            "loc\u{212a}",
            "Lock",
            "./lock",
            "lock.",
            "lock ",
            "lock/x.safetensors",
            "hash",
            "done",
            "report.html",
            "Report.HTML/w",
            "results/w.safetensors",
            "results.json",
            "run.json",
            "recipe.ssl",
            "preview.png",
            "playing.png",
            "playing.png",
            "metrics.jsonl",
            "timing.jsonl",
            "final.ckpt",
            "FINAL.CKPT",
            "w.safetensors.part",
        ] {
            for outside in [false, true] {
                let problem = export_path(path, outside).unwrap_err();
                assert!(problem.message.contains("the run itself uses"), "{problem}");
            }
        }
    }

    #[test]
    fn two_exports_do_not_meet() {
        assert_eq!(clash("a", "b"), None);
        assert_eq!(clash("ab", "a"), None);
        assert!(clash("a", "a").is_some());
        assert!(clash("W", "w").is_some());
        assert!(clash("a/b", "A").is_some());
        assert!(clash("a", "a/b").is_some());
    }
}
