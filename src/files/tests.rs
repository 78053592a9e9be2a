//! What a stranger may have put in the place of a file.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// Makes something of this name in a folder that has a sibling `outside` with a file `precious`.
type Put = fn(&Path, &str);

const PUTS: [(&str, Put); 9] = [
    ("a link to a file", |at, name| {
        symlink("../outside/precious", at.join(name)).unwrap();
    }),
    ("a link to a folder", |at, name| {
        symlink("../outside", at.join(name)).unwrap();
    }),
    ("a link to nothing", |at, name| {
        symlink("../outside/none", at.join(name)).unwrap();
    }),
    ("a link to itself", |at, name| {
        symlink(name, at.join(name)).unwrap();
    }),
    ("a link to an endless file", |at, name| {
        symlink("/dev/zero", at.join(name)).unwrap();
    }),
    ("a pipe", |at, name| {
        let made = std::process::Command::new("mkfifo")
            .arg(at.join(name))
            .status();
        assert!(made.unwrap().success());
    }),
    ("a socket", |at, name| {
        drop(UnixListener::bind(at.join(name)).unwrap());
    }),
    ("an empty folder", |at, name| {
        fs::create_dir(at.join(name)).unwrap();
    }),
    ("a folder", |at, name| {
        fs::create_dir(at.join(name)).unwrap();
        fs::write(at.join(name).join("inside"), "x").unwrap();
    }),
];

/// Runs `work` and fails where it waits for ever.
fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waits) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    let found = waits.recv_timeout(Duration::from_secs(20));
    found.unwrap_or_else(|_| panic!("{what}: it hangs"))
}

/// A folder `run` with `name` put into it, beside `outside`.
fn with(put: Put, name: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["run", "outside"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    fs::write(root.path().join("outside/precious"), "precious").unwrap();
    put(&root.path().join("run"), name);
    root
}

#[test]
fn what_is_no_file_is_refused_by_everything_and_stays() {
    for (what, put) in PUTS {
        let root = with(put, "x");
        let run = root.path().join("run");
        let kind = fs::symlink_metadata(run.join("x")).unwrap().file_type();
        let errors = in_time(what, move || {
            let folder = Folder::open(&run).unwrap();
            [
                folder.read("x", 1 << 20).map(drop),
                folder.digest("x", 1 << 20).map(drop),
                folder.file("x").map(drop),
                folder.own_file("x").map(drop),
                folder.write("x", b"ours"),
                folder.write_json("x", &1),
                folder.remove("x"),
            ]
        });
        for error in errors {
            let error = error.expect_err(what);
            assert!(odd(&error).is_some(), "{what}: {error}");
        }
        let after = fs::symlink_metadata(root.path().join("run/x"))
            .unwrap()
            .file_type();
        assert_eq!(kind, after, "{what}");
        assert_eq!(
            fs::read(root.path().join("outside/precious")).unwrap(),
            b"precious"
        );
        assert_eq!(
            fs::read_dir(root.path().join("outside")).unwrap().count(),
            1
        );
        assert_eq!(fs::read_dir(root.path().join("run")).unwrap().count(), 1);
    }
}

#[test]
fn what_is_no_folder_is_not_entered() {
    for (what, put) in PUTS.into_iter().take(7) {
        let root = with(put, "x");
        let run = root.path().join("run");
        let errors = in_time(what, move || {
            let folder = Folder::open(&run).unwrap();
            [
                folder.folder("x").map(drop),
                folder.make("x").map(drop),
                folder.rename_folder("x", "y"),
                folder.remove_folder("x"),
            ]
        });
        assert!(errors.iter().all(Result::is_err), "{what}");
        assert!(
            root.path().join("run/x").symlink_metadata().is_ok(),
            "{what}"
        );
    }
}

#[test]
fn a_name_stays_in_its_folder() {
    let root = with(PUTS[8].1, "x");
    let folder = Folder::open(&root.path().join("run")).unwrap();
    for name in [
        "",
        ".",
        "..",
        "../outside/precious",
        "x/inside",
        "/etc/passwd",
        "a\0b",
    ] {
        assert!(folder.read(name, 100).is_err(), "{name:?}");
        assert!(folder.write(name, b"ours").is_err(), "{name:?}");
        assert!(folder.make(name).is_err(), "{name:?}");
        assert!(folder.remove(name).is_err(), "{name:?}");
    }
    assert!(folder.rename_folder("x", "../y").is_err());
    assert!(folder.rename_folder("x", "x").is_err());
}

#[test]
fn a_file_with_two_names_is_not_written_in_place() {
    let root = with(
        |at, name| fs::hard_link(at.join("../outside/precious"), at.join(name)).unwrap(),
        "x",
    );
    let folder = Folder::open(&root.path().join("run")).unwrap();
    let refused = folder.own_file("x").expect_err("two names");
    assert_eq!(odd(&refused), Some(Odd::Shared));
    // to take its place leaves the other name alone
    folder.write("x", b"ours").unwrap();
    assert_eq!(
        fs::read(root.path().join("outside/precious")).unwrap(),
        b"precious"
    );
}

#[test]
fn reading_has_a_limit() {
    let root = with(
        |at, name| {
            let file = File::create(at.join(name)).unwrap();
            file.set_len(1 << 40).unwrap();
        },
        "huge",
    );
    let folder = Folder::open(&root.path().join("run")).unwrap();
    for error in [
        folder.read("huge", 1 << 20).map(drop),
        folder.digest("huge", 1 << 20).map(drop),
    ] {
        assert_eq!(
            odd(&error.expect_err("too large")),
            Some(Odd::Large(1 << 20))
        );
    }
    folder.write("small", b"12345").unwrap();
    assert_eq!(folder.read("small", 5).unwrap(), b"12345");
    assert!(folder.read("small", 4).is_err());
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(root.path()).unwrap();
    folder.write("x", b"first").unwrap();
    let failed = folder.replace("x", |file| {
        file.write_all(b"half")?;
        Err(io::Error::other("full"))
    });
    assert!(failed.is_err());
    assert_eq!(folder.read("x", 100).unwrap(), b"first");
    // what is open goes on at its end
    let mut file = folder
        .replace("x", |file| file.write_all(b"second"))
        .unwrap();
    file.write_all(b" line").unwrap();
    let mut text = String::new();
    folder.file("x").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "second line");
    let names: Vec<String> = folder
        .names()
        .unwrap()
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(names, ["x"]);
}

#[test]
fn many_may_write_one_file_at_once() {
    let root = tempfile::tempdir().unwrap();
    let writers: Vec<_> = (0..8u8)
        .map(|writer| {
            let path = root.path().to_owned();
            std::thread::spawn(move || {
                let folder = Folder::open(&path).unwrap();
                (0..12).all(|_| folder.write("x", &[writer; 4096]).is_ok())
            })
        })
        .collect();
    assert!(writers.into_iter().all(|writer| writer.join().unwrap()));
    let bytes = fs::read(root.path().join("x")).unwrap();
    assert!(bytes.len() == 4096 && bytes.iter().all(|b| *b == bytes[0]));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[test]
fn only_names_of_unfinished_files_are_swept() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(root.path()).unwrap();
    assert_eq!(unfinished("a.json.0123456789abcdef.part"), Some("a.json"));
    for other in [
        "a.json.part",
        "a.json.0123456789abcdeF.part",
        "a.json.0123456789abcde.part",
        ".0123456789abcdef.part",
        "a.json.0123456789abcdef",
    ] {
        assert_eq!(unfinished(other), None, "{other}");
        folder.write(other, b"x").unwrap();
    }
    folder.write("a.json.0123456789abcdef.part", b"x").unwrap();
    folder.write("b.json.0123456789abcdef.part", b"x").unwrap();
    folder.sweep(|name| name == "a.json").unwrap();
    assert_eq!(folder.names().unwrap().len(), 6);
}
