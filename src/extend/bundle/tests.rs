//! Bundles of strangers: whatever is in them, nothing is written beside the folder that was named.

use std::fs;

use super::index::{DEEPEST, LONGEST_NAME};
use super::*;

fn bundle(folder: &Path) -> PathBuf {
    let path = folder.join("a.bundle");
    let files = vec![
        ("recipe.ssl".to_owned(), Content::Bytes(b"ssl 1\n".to_vec())),
        (
            "tasks/t.rhai".to_owned(),
            Content::Bytes(b"fn build() {}".to_vec()),
        ),
        ("empty".to_owned(), Content::Bytes(Vec::new())),
    ];
    let index = Index {
        recipe: "recipe.ssl".into(),
        plan: "0".repeat(64),
        ..Index::default()
    };
    write(&path, index, files).unwrap();
    path
}

/// A bundle with this index, whose end is sound.
fn forged(folder: &Path, index: &str, content: &[u8]) -> PathBuf {
    let path = folder.join("forged.bundle");
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((index.len() as u64).to_le_bytes());
    bytes.extend(index.as_bytes());
    bytes.extend(content);
    let hash = blake3::hash(&bytes);
    bytes.extend(hash.as_bytes());
    fs::write(&path, bytes).unwrap();
    path
}

fn entry(path: &str, bytes: u64, content: &[u8]) -> String {
    let path = serde_json::to_string(path).unwrap();
    format!(
        r#"{{"path":{path},"bytes":{bytes},"blake3":"{}"}}"#,
        blake3::hash(content).to_hex()
    )
}

fn index(entries: &[String]) -> String {
    format!(
        r#"{{"recipe":"a","plan":"","run":"","plugins":[],"files":[{}]}}"#,
        entries.join(",")
    )
}

#[test]
fn what_goes_in_comes_out_and_equal_contents_are_equal_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundle(folder.path());
    let first = fs::read(&path).unwrap();
    bundle(folder.path());
    assert!(fs::read(&path).unwrap() == first);
    let to = folder.path().join("out/there");
    let mut opened = Bundle::open(&path).unwrap();
    assert_eq!(opened.read("tasks/t.rhai", 100).unwrap(), b"fn build() {}");
    assert!(opened.read("tasks/t.rhai", 5).is_err());
    assert!(opened.read("other", 5).is_err());
    opened.unpack(&to, false).unwrap();
    assert_eq!(fs::read(to.join("tasks/t.rhai")).unwrap(), b"fn build() {}");
    assert_eq!(fs::read(to.join("empty")).unwrap(), b"");
    // what is there stays as it is
    let again = Bundle::open(&path).unwrap().unpack(&to, false).unwrap_err();
    assert!(again.to_string().contains("something is there"), "{again}");
    // and nothing else is left
    let left: Vec<_> = fs::read_dir(folder.path().join("out")).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn every_changed_byte_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundle(folder.path());
    let whole = fs::read(&path).unwrap();
    let to = folder.path().join("to");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        fs::write(&path, &bytes).unwrap();
        let done = Bundle::open(&path).and_then(|mut opened| opened.unpack(&to, false));
        assert!(done.is_err(), "byte {at}");
        assert!(!to.exists());
    }
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        let done = Bundle::open(&path).and_then(|mut opened| opened.unpack(&to, false));
        assert!(done.is_err(), "{len} bytes");
    }
    fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    assert!(Bundle::open(&path).is_err());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn what_climbs_links_repeats_or_is_huge_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let one = |path: &str| index(&[entry("a", 1, b"x"), entry(path, 1, b"x")]);
    let climbing = [
        "../b",
        "b/../../c",
        "/etc/b",
        "b//c",
        "b/./c",
        "./b",
        "b/",
        "C:b",
        "b\\..\\c",
        "b\u{0}c",
        "b\nc",
        "con",
        "b/NUL.txt",
        "com1",
        "b.",
        "b ",
        "b*",
        "",
    ];
    let long = "b".repeat(LONGEST_NAME + 1);
    let deep = vec!["b"; DEEPEST + 1].join("/");
    for path in climbing.into_iter().chain([long.as_str(), deep.as_str()]) {
        // in the order of paths, so that nothing else is wrong
        let text = match path < "a" {
            true => index(&[entry(path, 1, b"x"), entry("a", 1, b"x")]),
            false => one(path),
        };
        let refused = Bundle::open(&forged(folder.path(), &text, b"xx"));
        let why = refused
            .err()
            .unwrap_or_else(|| panic!("{path:?} was taken"))
            .to_string();
        assert!(why.contains("the path `"), "{path:?}: {why}");
    }
    for (text, content, words) in [
        (
            index(&[entry("a", 1, b"x"), entry("a", 1, b"x")]),
            &b"xx"[..],
            "stands twice",
        ),
        (
            index(&[
                entry("B", 1, b"x"),
                entry("a", 1, b"x"),
                entry("b", 1, b"x"),
            ]),
            b"xxx",
            "stands twice",
        ),
        (
            index(&[entry("a", 1, b"x"), entry("a/b", 1, b"x")]),
            b"xx",
            "a file and a folder",
        ),
        (
            index(&[entry("b", 1, b"x"), entry("a", 1, b"x")]),
            b"xx",
            "not in its order",
        ),
        (
            index(&[entry("a", u64::MAX, b"x")]),
            b"x",
            "not as long as it says",
        ),
        (
            index(&[entry("a", u64::MAX, b"x"), entry("b", 2, b"x")]),
            b"x",
            "not as long as it says",
        ),
        (
            index(&[entry("a", 1 << 50, b"x")]),
            b"x",
            "not as long as it says",
        ),
        (
            index(&[entry("a", 0, b"x")]),
            b"x",
            "not as long as it says",
        ),
        (
            index(&[entry("b", 1, b"x")]),
            b"x",
            "the recipe that it names",
        ),
        (
            one("b").replace("\"run\":\"\"", "\"run\":\"../run\""),
            b"xx",
            "the run's path",
        ),
        (
            one("b").replace("\"plugins\"", "\"link\":\"/etc\",\"plugins\""),
            b"xx",
            "damaged",
        ),
        (
            one("b").replace("\"bytes\":1", "\"bytes\":-1"),
            b"xx",
            "damaged",
        ),
        ("{".repeat(100_000), b"", "damaged"),
        (String::new(), b"", "damaged"),
    ] {
        let refused = Bundle::open(&forged(folder.path(), &text, content));
        let why = refused
            .err()
            .unwrap_or_else(|| panic!("{words} was taken"))
            .to_string();
        assert!(why.contains(words), "{words}: {why}");
    }
    // a length that is not there costs no memory
    let path = folder.path().join("short.bundle");
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(u64::MAX.to_le_bytes());
    bytes.extend([0; 40]);
    fs::write(&path, bytes).unwrap();
    assert!(Bundle::open(&path).is_err());
    // a content that is another one, in a file that is sound as a whole
    let path = forged(folder.path(), &index(&[entry("a", 1, b"y")]), b"x");
    let to = folder.path().join("to");
    let why = Bundle::open(&path)
        .unwrap()
        .unpack(&to, false)
        .unwrap_err()
        .to_string();
    assert!(
        why.contains("is not what was put in") && !to.exists(),
        "{why}"
    );
}

#[test]
fn a_path_may_lead_into_a_bundle() {
    let found = |path: &str| {
        inside(Path::new(path)).map(|(outer, inner)| (outer.display().to_string(), inner))
    };
    assert_eq!(
        found("a/b.bundle/c/d.ssl"),
        Some(("a/b.bundle".into(), "c/d.ssl".into()))
    );
    assert_eq!(found("a/b.bundle"), None);
    assert_eq!(found("a/b/c.ssl"), None);
}

#[test]
fn a_plugin_is_written_where_it_is_wanted_and_built_for_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let native = |platform: &str| Native {
        name: "acme".into(),
        platform: platform.into(),
        file: "libacme.so".into(),
    };
    let index = Index {
        recipe: "a.ssl".into(),
        plugins: vec!["acme".into()],
        native: vec![native(PLATFORM), native("other-cpu")],
        ..Index::default()
    };
    let files = |index: &Index| {
        let mut files = vec![("a.ssl".to_owned(), Content::Bytes(b"ssl 1".to_vec()))];
        for own in &index.native {
            let bytes = own.platform.clone().into_bytes();
            files.push((own.path(), Content::Bytes(bytes)));
        }
        files
    };
    let path = folder.path().join("own.bundle");
    write(&path, index.clone(), files(&index)).unwrap();
    let without = folder.path().join("without");
    Bundle::open(&path)
        .unwrap()
        .unpack(&without, false)
        .unwrap();
    let left: Vec<_> = fs::read_dir(&without).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let with = folder.path().join("with");
    Bundle::open(&path).unwrap().unpack(&with, true).unwrap();
    assert_eq!(
        fs::read(with.join("plugins/libacme.so")).unwrap(),
        PLATFORM.as_bytes()
    );
    let left: Vec<_> = fs::read_dir(with.join("plugins")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    // a file of the recipe's own is not replaced, and nothing climbs
    let mut taken = files(&index);
    taken.push(("plugins/LIBacme.so".into(), Content::Bytes(Vec::new())));
    assert!(write(&path, index.clone(), taken).is_err());
    for (platform, file) in [("..", "x"), ("linux", "../x"), ("linux", "a/b"), ("", "x")] {
        let wrong = Native {
            platform: platform.into(),
            file: file.into(),
            ..native("")
        };
        let wrong = Index {
            native: vec![wrong],
            ..index.clone()
        };
        let files = files(&wrong);
        assert!(write(&path, wrong, files).is_err(), "{platform} {file}");
    }
    let absent = files(&Index {
        native: Vec::new(),
        ..index.clone()
    });
    assert!(write(&path, index, absent).is_err());
}
