//! The house's own rules, read from the sources: which room may do what. Comments and strings do not count, spelling and
//! spacing do not matter.

#[path = "house/circles.rs"]
mod circles;
#[path = "house/evaluators.rs"]
mod evaluators;
#[path = "house/types.rs"]
mod types;

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// A name or a sign, with its line.
type Token = (String, usize);

/// Names and signs of Rust code, without comments, strings, characters and lifetimes.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let (mut found, mut i, mut line) = (Vec::new(), 0, 1);
    while i < chars.len() {
        let c = at(i);
        let start = i;
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                match (at(i), at(i + 1)) {
                    ('/', '*') => (depth, i) = (depth + 1, i + 2),
                    ('*', '/') => (depth, i) = (depth - 1, i + 2),
                    _ => i += 1,
                }
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if c == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if c == '\'' {
            // a character ends with a quote, a lifetime does not
            i += if at(i + 1) == '\\' {
                let mut n = 3;
                while at(i + n) != '\'' && i + n < chars.len() {
                    n += 1;
                }
                n + 1
            } else if at(i + 2) == '\'' {
                3
            } else {
                1
            };
            if i == start + 1 {
                while is_name(at(i)) {
                    i += 1;
                }
            }
        } else if is_name(c) {
            while is_name(at(i)) {
                i += 1;
            }
            let mut name: String = chars[start..i].iter().collect();
            let raw = matches!(name.as_str(), "r" | "br" | "cr") && matches!(at(i), '#' | '"');
            let hashes = (i..).take_while(|j| at(*j) == '#').count();
            if raw && at(i + hashes) == '"' {
                // a raw string ends with a quote and as many signs
                i += hashes + 1;
                while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|n| at(i + n) == '#')) {
                    i += 1;
                }
                i += 1 + hashes;
            } else {
                if raw && hashes == 1 {
                    // `r#name` is `name`
                    i += 1;
                    let start = i;
                    while is_name(at(i)) {
                        i += 1;
                    }
                    name = chars[start..i].iter().collect();
                }
                found.push((name, line));
            }
        } else {
            i += 1;
            if !c.is_whitespace() {
                found.push((c.to_string(), line));
            }
        }
        line += chars[start..i.min(chars.len())]
            .iter()
            .filter(|c| **c == '\n')
            .count();
    }
    found
}

/// Lines of `src` where `finds` sees something, outside the rooms that may.
fn offenders(finds: &dyn Fn(&[Token]) -> Vec<usize>, rooms: &[&str]) -> Vec<String> {
    // a room is a folder: `engine.rs` beside it would be another one
    offenders_where(finds, &|name| {
        !rooms.iter().any(|room| name.starts_with(room))
    })
}

/// The same in the files that `looks` names.
fn offenders_where(
    finds: &dyn Fn(&[Token]) -> Vec<usize>,
    looks: &dyn Fn(&Path) -> bool,
) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(&root).expect("under src").to_owned();
        if !looks(&name) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        for line in finds(&tokens(&text)) {
            found.push(format!("{}:{line}", name.display()));
        }
    }
    found
}

/// burn and its crates, by any path.
fn burn(tokens: &[Token]) -> Vec<usize> {
    let ours = |name: &str| {
        name == "burn"
            || (name.starts_with("burn_") && !name.ends_with("_version"))
            || name.starts_with("cubecl")
    };
    let path = |i: usize| {
        tokens.get(i).is_some_and(|(t, _)| t == ":")
            && tokens.get(i + 1).is_some_and(|(t, _)| t == ":")
    };
    let before = |i: usize, word: &str| i > 0 && tokens[i - 1].0 == word;
    (0..tokens.len())
        .filter(|i| ours(&tokens[*i].0))
        // `burn::…`, `use burn as …`, `use {burn…}`, `extern crate burn`; a field of that name is no crate
        .filter(|i| {
            (path(i + 1) && !before(*i, "."))
                || before(*i, "use")
                || before(*i, "crate")
                || before(*i, "{") && path(i + 1)
        })
        .map(|i| tokens[i].1)
        .collect()
}

/// The keyword.
fn unsafe_code(tokens: &[Token]) -> Vec<usize> {
    let word = ["un", "safe"].concat();
    let found = tokens.iter().filter(|(name, _)| *name == word);
    found.map(|(_, line)| *line).collect()
}

/// A device out of the environment: `Device::default()` under any name, `<Device as Default>`, and burn's `load_record`, which
/// uses it.
fn default_device(tokens: &[Token]) -> Vec<usize> {
    let word = |i: usize, word: &str| tokens.get(i).is_some_and(|(t, _)| t == word);
    let mut names = vec!["Device".to_owned(), "DeviceKind".to_owned()];
    for i in 0..tokens.len() {
        // `use burn::tensor::Device as BurnDevice`, `type D = Device`
        if word(i, "Device") && word(i + 1, "as") && !word(i + 2, "Default") {
            names.push(tokens[i + 2].0.clone());
        }
        if word(i, "type")
            && word(i + 2, "=")
            && tokens[i..].iter().take(12).any(|(t, _)| t == "Device")
        {
            names.push(tokens[i + 1].0.clone());
        }
    }
    (0..tokens.len())
        .filter(|i| {
            let device = names.contains(&tokens[*i].0);
            (device && word(i + 1, ":") && word(i + 2, ":") && word(i + 3, "default"))
                || (device && word(i + 1, "as") && word(i + 2, "Default"))
                || (device
                    && word(i + 1, ">")
                    && word(i + 2, ":")
                    && word(i + 3, ":")
                    && word(i + 4, "default"))
                || (device && word(i + 1, "=") && word(i + 2, "Default"))
                || word(*i, "load_record")
        })
        .map(|i| tokens[i].1)
        .collect()
}

/// Files by their path: `fs::read(…)`, `File::open(…)`.
fn files_by_path(tokens: &[Token]) -> Vec<usize> {
    let word = |i: usize, words: &[&str]| {
        tokens
            .get(i)
            .is_some_and(|(t, _)| words.contains(&t.as_str()))
    };
    let opens = &["open", "create", "create_new", "options"];
    let does = &[
        "read",
        "read_to_string",
        "write",
        "rename",
        "copy",
        "remove_file",
        "remove_dir",
        "remove_dir_all",
        "create_dir",
        "create_dir_all",
        "read_dir",
        "metadata",
        "symlink_metadata",
        "hard_link",
        "canonicalize",
    ];
    let called = |i: usize| word(i + 1, &[":"]) && word(i + 2, &[":"]);
    (0..tokens.len())
        .filter(|i| {
            (word(*i, &["fs"]) && called(*i) && word(i + 3, does))
                || (word(*i, &["File"]) && called(*i) && word(i + 3, opens))
                || word(*i, &["OpenOptions"])
        })
        .map(|i| tokens[i].1)
        .collect()
}

/// What writes to a standard stream, or makes a text of JSON for people, past the one place that writes out what steers a
/// terminal.
fn prints(tokens: &[Token]) -> Vec<usize> {
    let word = |i: usize, words: &[&str]| {
        let token = tokens.get(i).map(|(token, _)| token.as_str());
        token.is_some_and(|token| words.contains(&token))
    };
    (0..tokens.len())
        .filter(|i| {
            let printed = ["println", "print", "eprintln", "eprint", "dbg"];
            // of a command it is a setting, of what it gave a field
            let own = *i > 0 && tokens[*i - 1].0 == ".";
            (word(*i, &printed) && word(*i + 1, &["!"]))
                || (word(*i, &["stdout", "stderr"]) && word(*i + 1, &["("]) && !own)
                || word(
                    *i,
                    &["to_string_pretty", "to_vec_pretty", "to_writer_pretty"],
                )
        })
        .map(|i| tokens[i].1)
        .collect()
}

/// What is in a run directory comes from anybody: it is reached through `files` alone.
#[test]
fn run_directories_are_reached_through_one_module() {
    let rooms = ["engine/stages", "engine/checkpoint", "report"];
    let looks = |name: &Path| {
        let tests = name.to_string_lossy().ends_with("tests.rs");
        // it reads what the system says of the processor
        let cpu = name == Path::new("engine/stages/record.rs");
        !tests && !cpu && rooms.iter().any(|room| name.starts_with(room))
    };
    assert_eq!(
        offenders_where(&files_by_path, &looks),
        Vec::<String>::new()
    );
}

#[test]
fn one_place_prints() {
    let mut found = offenders(
        &prints,
        &[
            "cli/out.rs",
            // messages to an editor, not texts for a person
            "cli/lsp/wire.rs",
            "language/visible.rs",
            // a process that tries a plugin, one that ends inside of one, and what is passed on of one that runs
            "extend/plugin/child.rs",
            "extend/plugin/guard.rs",
            "extend/plugin/worker.rs",
        ],
    );
    found.retain(|place| !place.contains("tests"));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn burn_stays_in_the_engine() {
    assert_eq!(offenders(&burn, &["engine"]), Vec::<String>::new());
}

#[test]
fn no_unsafe_outside_its_rooms() {
    assert_eq!(
        offenders(&unsafe_code, &["extend/plugin", "engine/kernels"]),
        Vec::<String>::new()
    );
}

#[test]
fn no_default_device() {
    assert_eq!(offenders(&default_device, &[]), Vec::<String>::new());
}

/// What the rules must see, and what they must not.
#[test]
fn the_rules_see_through_spelling() {
    let see = |finds: &dyn Fn(&[Token]) -> Vec<usize>, text: &str| finds(&tokens(text)).len();
    for text in [
        "use burn::tensor::Tensor;",
        "use burn as b;",
        "use ::burn::x;",
        "use {burn::x, std::y};",
        "extern crate burn;",
        "let x = burn :: tensor::y();",
        "burn_flex::x()",
        "fn f() -> r#burn::T {}",
        "use burn_optim as o;",
    ] {
        assert_eq!(see(&burn, text), 1, "{text}");
    }
    for text in [
        "// use burn::tensor",
        "/* burn::x /* burn::y */ burn::z */",
        "let s = \"burn::x\";",
        "let s = r#\"use burn::\"x\"#;",
        "device.burn()",
        "let c = '\"'; let d = \"burn::x\";",
        "fn f<'burn>(x: &'burn str) {}",
    ] {
        assert_eq!(see(&burn, text), 0, "{text}");
    }
    for text in [
        "std::fs::read(path)",
        "fs :: remove_dir_all(path)",
        "File::open(path)",
        "fs::File::create(path)",
        "OpenOptions::new()",
    ] {
        assert_eq!(see(&files_by_path, text), 1, "{text}");
    }
    for text in [
        "use std::fs::File;",
        "folder.read(name, 5)",
        "// fs::read(x)",
    ] {
        assert_eq!(see(&files_by_path, text), 0, "{text}");
    }
    let word = ["un", "safe"].concat();
    for text in [
        format!("{word}{{ f() }}"),
        format!("{word}\nfn f() {{}}"),
        format!("pub {word} trait T {{}}"),
    ] {
        assert_eq!(see(&unsafe_code, &text), 1, "{text}");
    }
    assert_eq!(
        see(
            &unsafe_code,
            &format!("#![deny({word}_code)] // {word} code")
        ),
        0
    );
    for text in [
        "println!(\"{x}\");",
        "std::io::stderr().write_all(b)",
        "let mut out = stdout ( ) ;",
        "eprint ! (\"x\")",
        "serde_json::to_string_pretty(&x)",
    ] {
        assert_eq!(see(&prints, text), 1, "{text}");
    }
    for text in [
        "command.stdout(Stdio::piped())",
        "output.stderr",
        "print(&text)?",
        "say!(\"{x}\")",
        "// println!()",
    ] {
        assert_eq!(see(&prints, text), 0, "{text}");
    }
    for text in [
        "let d = Device::default();",
        "let d = Device :: default ( );",
        "let d = <Device as Default>::default();",
        "let d = <Device>::default();",
        "let d: Device = Default::default();",
        "use burn::tensor::Device as D;\nlet d = D::default();",
        "type D = burn::tensor::Device;\nlet d = D::default();",
        "optimizer.load_record(record)",
    ] {
        assert_eq!(see(&default_device, text), 1, "{text}");
    }
    for text in [
        "// Device::default()",
        "Settings::default()",
        "let d = Device::flex();",
    ] {
        assert_eq!(see(&default_device, text), 0, "{text}");
    }
}
