use crate::data::Draws;
use std::fs;
use std::io::Write;

use super::super::test_help::{self as help, picture};
use super::super::{Places, Splits};
use super::*;
use crate::catalog::Split;

/// Two training pictures of 2 × 3 pixels, one to test.
fn folder(gzip: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let train: Vec<u8> = (0..12).collect();
    for (name, bytes) in [
        (FILES[0], help::idx(&[2, 2, 3], &train)),
        (FILES[1], help::idx(&[2], &[7, 1])),
        (FILES[2], help::idx(&[1, 2, 3], &[9; 6])),
        (FILES[3], help::idx(&[1], &[9])),
    ] {
        if gzip {
            let file = fs::File::create(folder.path().join(format!("{name}.gz"))).unwrap();
            let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            gz.write_all(&bytes).unwrap();
            gz.finish().unwrap();
        } else {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
    }
    folder
}

fn open(folder: &Path) -> Result<Splits> {
    let places = help::given("fashion_mnist", folder);
    help::open_at("fashion_mnist", &[], &places).map(help::splits)
}

#[test]
fn records_are_read_from_plain_and_gzipped_files_alike() {
    let mut manifests = Vec::new();
    for gzip in [false, true] {
        let folder = folder(gzip);
        let splits = open(folder.path()).unwrap();
        let train = &splits.parts[&Split::Train];
        assert_eq!(train.len(), 2);
        assert_eq!(train.fields()[0].1, SampleType::image(1, 2, 3));
        assert_eq!(train.class_names()[9], "ankle boot");
        let record = train.read(1, Draws::STILL).unwrap();
        let (image, label) = picture(&record);
        assert_eq!(image.pixels, [6, 7, 8, 9, 10, 11]);
        assert_eq!((image.height, image.width, image.channels), (2, 3, 1));
        assert_eq!((label, train.class(0).unwrap()), (Some(1), Some(7)));
        assert!(train.read(2, Draws::STILL).is_err() && train.class(2).is_err());
        manifests.push(train.manifest(&Silent).unwrap());
    }
    // equal data, equal manifest, whatever the path and the compression
    assert_eq!(manifests[0], manifests[1]);
}

#[test]
fn broken_files_are_named() {
    let message = |at: usize, bytes: &[u8]| {
        let folder = folder(false);
        fs::write(folder.path().join(FILES[at]), bytes).unwrap();
        match open(folder.path()) {
            Err(problem) => (problem.code.number(), problem.message),
            Ok(splits) => {
                let error = splits.parts[&Split::Train]
                    .read(0, Draws::STILL)
                    .unwrap_err();
                ("read", error.message)
            }
        }
    };
    let train = [0u8; 12];
    for (at, bytes, when, what) in [
        (0, vec![1, 2, 3, 4], "E0502", "not an idx file"),
        (0, vec![0, 0, 8, 3, 0, 0], "E0502", "within its header"),
        (0, help::idx(&[12], &train), "E0502", "1 dimensions, not 3"),
        (0, help::idx(&[u32::MAX; 3], &[]), "E0502", "its sizes are"),
        (1, help::idx(&[3], &[0; 3]), "E0502", "there are 2 pictures"),
        (
            0,
            help::idx(&[2, 2, 3], &train[..11]),
            "E0502",
            "ends after 11 of the 12",
        ),
        (
            0,
            help::idx(&[2, 2, 3], &[0; 13]),
            "E0502",
            "goes on after the 12",
        ),
        (1, help::idx(&[2], &[0, 10]), "read", "label 1"),
    ] {
        let (code, text) = message(at, &bytes);
        assert_eq!(code, when, "{text}");
        assert!(text.contains(what) && text.contains(FILES[at]), "{text}");
    }
}

#[test]
fn a_gzip_that_breaks_off_is_named() {
    let folder = folder(true);
    let path = folder.path().join(format!("{}.gz", FILES[0]));
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 12]).unwrap();
    let problem = open(folder.path()).err().unwrap();
    assert_eq!(problem.code.number(), "E0502");
    assert!(
        problem.message.contains("train-images-idx3-ubyte.gz"),
        "{problem}"
    );
}

#[test]
fn a_folder_that_lacks_a_file_is_refused() {
    let folder = folder(true);
    fs::remove_file(folder.path().join(format!("{}.gz", FILES[3]))).unwrap();
    let problem = open(folder.path()).err().unwrap();
    assert!(problem.message.contains(FILES[3]), "{problem}");
    // but in the user's own data folder it only counts as absent
    let user = folder.path().join("user");
    help::write(&user.join("fashion_mnist/readme"), "");
    let places = Places {
        user: Some(user),
        offline: true,
        ..Places::default()
    };
    // a machine with Debian's package has the data in a well-known place
    match help::open_at("fashion_mnist", &[], &places) {
        Ok(_) => assert!(Path::new("/usr/share/datasets/fashion-mnist").exists()),
        Err(problem) => assert_eq!(problem.code, Code::MissingData),
    }
}

#[test]
fn checking_downloads_nothing_and_says_what_a_run_will() {
    let user = tempfile::tempdir().unwrap();
    let places = Places {
        user: Some(user.path().join("data")),
        ..Places::default()
    };
    let splits = help::splits(help::open_at("mnist", &[], &places).unwrap());
    assert_eq!(splits.parts[&Split::Train].len(), 60_000);
    assert_eq!(
        splits.parts[&Split::Test].fields()[0].1,
        SampleType::image(1, 28, 28)
    );
    assert_eq!(splits.remarks.len(), 1);
    assert!(splits.remarks[0].contains("12 MB"), "{:?}", splits.remarks);
    assert!(!user.path().join("data").exists());
}

#[test]
fn without_network_the_error_names_each_way() {
    let places = Places {
        user: Some("/nowhere/data".into()),
        offline: true,
        ..Places::default()
    };
    let problem = help::open_at("mnist", &[], &places).err().unwrap();
    assert_eq!(problem.code, Code::MissingData);
    let text = problem.helps.join("\n");
    for way in [
        "--data mnist=PATH",
        "pretext.toml",
        "/nowhere/data/mnist",
        "https://",
    ] {
        assert!(text.contains(way), "{way} is not in {text}");
    }
}
