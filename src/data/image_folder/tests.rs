use crate::data::{Dataset, Draws};
use std::fs;

use proptest::prelude::*;

use super::super::test_help::{self as help, picture};
use super::*;
use crate::catalog::{Split, Value};
use crate::data::Silent;

fn dot(value: u8) -> Vec<u8> {
    help::png(2, 2, |_, _| [value, 0, 255 - value])
}

fn open(folder: &Path, given: &[(&str, Value)]) -> Result<Splits> {
    let mut all = vec![("name", Value::Text("pets".into()))];
    all.extend(given.iter().cloned());
    help::open_at("image_folder", &all, &help::given("pets", folder)).map(help::splits)
}

#[test]
fn splits_and_classes_come_from_the_folders() {
    let folder = tempfile::tempdir().unwrap();
    for (at, value) in [
        ("train/dog/b.png", 1),
        ("train/dog/a.PNG", 2),
        ("train/cat/deep/x.png", 3),
        ("val/cat/y.png", 4),
        ("test/emu/z.png", 5),
        ("train/dog/.hidden.png", 9),
    ] {
        help::write(&folder.path().join(at), dot(value));
    }
    help::write(&folder.path().join("train/dog/notes.txt"), "no picture");
    let splits = open(folder.path(), &[]).unwrap();
    let train = &splits.parts[&Split::Train];
    // a class that only the test split has counts for all
    assert_eq!(train.class_names(), ["cat", "dog", "emu"]);
    assert_eq!(train.fields()[0].1, SampleType::image(3, 2, 2));
    assert_eq!(train.fields()[1].1, SampleType::label(3));
    let seen: Vec<(u8, Option<u32>)> = (0..train.len())
        .map(|i| {
            let record = train.read(i, Draws::STILL).unwrap();
            let (image, label) = picture(&record);
            assert_eq!(train.class(i).unwrap(), label);
            (image.pixels[0], label)
        })
        .collect();
    assert_eq!(seen, [(3, Some(0)), (2, Some(1)), (1, Some(1))]);
    assert_eq!(splits.parts[&Split::Valid].class(0).unwrap(), Some(0));
    assert_eq!(splits.parts[&Split::Test].class(0).unwrap(), Some(2));
}

#[test]
fn class_folders_alone_are_a_train_split_and_pictures_alone_have_no_label() {
    let folder = tempfile::tempdir().unwrap();
    help::write(&folder.path().join("a/1.png"), dot(1));
    let splits = open(folder.path(), &[]).unwrap();
    assert_eq!(splits.parts.keys().collect::<Vec<_>>(), [&Split::Train]);
    let labelled = splits.parts[&Split::Train].manifest(&Silent).unwrap();

    let folder = tempfile::tempdir().unwrap();
    help::write(&folder.path().join("1.png"), dot(1));
    let splits = open(folder.path(), &[]).unwrap();
    let train = &splits.parts[&Split::Train];
    assert_eq!(train.fields().len(), 1);
    assert_eq!(train.class(0).unwrap(), None);
    assert_ne!(train.manifest(&Silent).unwrap(), labelled);
}

#[test]
fn the_manifest_knows_content_not_place() {
    let manifest = |value: u8| {
        let folder = tempfile::tempdir().unwrap();
        help::write(&folder.path().join("a/1.png"), dot(value));
        let splits = open(folder.path(), &[]).unwrap();
        splits.parts[&Split::Train].manifest(&Silent).unwrap()
    };
    assert_eq!(manifest(1), manifest(1));
    assert_ne!(manifest(1), manifest(2));
}

#[test]
fn sizes_are_shown_where_pictures_agree() {
    let folder = tempfile::tempdir().unwrap();
    help::write(&folder.path().join("a/1.png"), dot(1));
    help::write(
        &folder.path().join("a/2.png"),
        help::png(3, 2, |_, _| [0; 3]),
    );
    let fields = |given: &[(&str, Value)]| {
        let splits = open(folder.path(), given).unwrap();
        splits.parts[&Split::Train].fields()[0].1.to_string()
    };
    assert_eq!(fields(&[]), "image[3, ?, ?]");
    assert_eq!(
        fields(&[("channels", Value::Word("grey".into()))]),
        "image[1, ?, ?]"
    );
    assert_eq!(fields(&[("size", Value::Length(2.0))]), "image[3, 2, 2]");
    let splits = open(folder.path(), &[("size", Value::Length(2.0))]).unwrap();
    let train = &splits.parts[&Split::Train];
    assert!(train.read(0, Draws::STILL).is_ok());
    let error = train.read(1, Draws::STILL).unwrap_err();
    assert!(
        error.message.contains("2.png") && error.message.contains("3 × 2"),
        "{error}"
    );
    assert!(error.help.unwrap().contains("size = any"));
}

#[test]
fn a_corrupt_picture_is_named_with_its_index() {
    let folder = tempfile::tempdir().unwrap();
    help::write(&folder.path().join("a/1.png"), dot(1));
    help::write(&folder.path().join("a/2.png"), b"\x89PNG\r\n\x1a\nbroken");
    let splits = open(folder.path(), &[]).unwrap();
    let train = &splits.parts[&Split::Train];
    assert!(train.read(0, Draws::STILL).is_ok());
    let error = train.read(1, Draws::STILL).unwrap_err();
    assert!(
        error.message.contains("2.png") && error.message.contains("picture 1"),
        "{error}"
    );
}

/// A folder with pictures under these names, opened.
fn folder(files: &[&str]) -> (tempfile::TempDir, Splits) {
    let folder = tempfile::tempdir().unwrap();
    for (value, file) in files.iter().enumerate() {
        help::write(&folder.path().join(file), dot(value as u8));
    }
    let splits = open(folder.path(), &[]).unwrap();
    (folder, splits)
}

fn lens(splits: &Splits) -> Vec<(&'static str, usize)> {
    splits
        .parts
        .iter()
        .map(|(split, part)| (split.name(), part.len()))
        .collect()
}

fn classes(splits: &Splits) -> Vec<String> {
    splits.found.as_ref().unwrap().classes.clone()
}

fn doubts(splits: &Splits) -> String {
    splits
        .doubts
        .iter()
        .map(|doubt| doubt.message.clone() + "\n")
        .collect()
}

#[test]
fn splits_have_usual_names() {
    for (train, test, word) in [
        ("Train", "Test", "test"),
        ("TRAIN", "TEST", "test"),
        ("training", "testing", "test"),
        ("train", "validation", "valid"),
        ("train2017", "val2017", "valid"),
        ("train_set", "dev", "valid"),
        ("Training", "eval", "valid"),
    ] {
        let files = [("cat", 0), ("dog", 1)].map(|(class, n)| {
            [
                format!("{train}/{class}/{n}.png"),
                format!("{test}/{class}/{n}.png"),
            ]
        });
        let files: Vec<&str> = files.iter().flatten().map(String::as_str).collect();
        let (_folder, splits) = folder(&files);
        assert_eq!(lens(&splits), [("train", 2), (word, 2)], "{train} {test}");
        assert_eq!(classes(&splits), ["cat", "dog"]);
        assert_eq!(doubts(&splits), "");
    }
}

#[test]
fn splits_may_be_named_for_what_they_hold() {
    // the Intel and the Stanford cars pictures, as they are unpacked
    let (_folder, splits) = folder(&[
        "seg_train/seg_train/sea/1.png",
        "seg_train/seg_train/street/2.png",
        "seg_test/seg_test/sea/3.png",
        "seg_pred/seg_pred/4.png",
    ]);
    assert_eq!(lens(&splits), [("train", 2), ("test", 1)]);
    assert_eq!(classes(&splits), ["sea", "street"]);
    let said = doubts(&splits);
    assert!(said.contains("in `seg_pred` are left out"), "{said}");
    let (_folder, splits) = super::tests::folder(&["cars_train/1.jpg", "cars_test/2.jpg"]);
    assert_eq!(lens(&splits), [("train", 1), ("test", 1)]);
    assert!(classes(&splits).is_empty());
    let (_folder, splits) = super::tests::folder(&["train/train/a/1.png", "train/train/b/2.png"]);
    assert_eq!(classes(&splits), ["a", "b"]);
    // two such sets: nobody can know which is meant
    let (_folder, splits) = super::tests::folder(&[
        "a_train/1.png",
        "a_test/2.png",
        "b_train/3.png",
        "b_test/4.png",
    ]);
    assert_eq!(lens(&splits), [("train", 4)]);
    let said = doubts(&splits);
    assert!(said.contains("`a_test`, `a_train`, `b_test`"), "{said}");
    // words that stand beside others are classes
    let (_folder, splits) = super::tests::folder(&["steam_train/1.png", "stress_test/2.png"]);
    assert_eq!(classes(&splits), ["steam_train", "stress_test"]);
    assert_eq!(doubts(&splits), "");
}

#[test]
fn a_folder_one_too_high_leads_on() {
    let (folder, splits) = folder(&[
        "pets/train/cat/1.png",
        "pets/train/dog/2.png",
        "pets/test/cat/3.png",
    ]);
    assert_eq!(lens(&splits), [("train", 2), ("test", 1)]);
    assert_eq!(classes(&splits), ["cat", "dog"]);
    let found = splits.found.unwrap();
    assert!(
        found
            .line
            .contains(&folder.path().join("pets").display().to_string()),
        "{}",
        found.line
    );
    // classes without splits, two levels down
    let (_folder, splits) = super::tests::folder(&["a/b/cat/1.png", "a/b/dog/2.png"]);
    assert_eq!(classes(&splits), ["cat", "dog"]);
    // two data sets beside each other: nobody can know which is meant
    let (_folder, splits) = super::tests::folder(&[
        "x/train/a/1.png",
        "x/test/a/2.png",
        "y/train/a/3.png",
        "y/test/a/4.png",
    ]);
    assert_eq!(classes(&splits), ["x", "y"]);
    let said = doubts(&splits);
    assert!(
        said.contains("`test`, `train` in the class `x` look like splits"),
        "{said}"
    );
}

#[test]
fn tiny_imagenet_as_it_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (n, class) in ["n01", "n02"].iter().enumerate() {
        help::write(
            &at(&format!("train/{class}/images/{class}_0.JPEG")),
            dot(n as u8),
        );
        help::write(&at(&format!("train/{class}/{class}_boxes.txt")), "boxes");
    }
    for n in 0..3 {
        help::write(&at(&format!("val/images/val_{n}.JPEG")), dot(10 + n));
        help::write(&at(&format!("test/images/test_{n}.JPEG")), dot(20 + n));
    }
    let lines =
        "val_0.JPEG\tn02\t0\t0\t5\t5\nval_1.JPEG\tn01\t0\t0\t5\t5\nval_2.JPEG\tn02\t0\t0\t5\t5\n";
    help::write(&at("val/val_annotations.txt"), lines);
    let splits = open(folder.path(), &[]).unwrap();
    assert_eq!(lens(&splits), [("train", 2), ("valid", 3), ("test", 3)]);
    assert_eq!(classes(&splits), ["n01", "n02"]);
    let valid = &splits.parts[&Split::Valid];
    let labels: Vec<_> = (0..3).map(|i| valid.class(i).unwrap()).collect();
    assert_eq!(labels, [Some(1), Some(0), Some(1)]);
    // nobody publishes the classes of the test split
    assert_eq!(splits.parts[&Split::Test].class(0).unwrap(), None);
    assert_eq!(splits.parts[&Split::Test].fields().len(), 1);
    assert_eq!(doubts(&splits), "");
    // a file that does not know every picture gives no labels
    help::write(&at("val/val_annotations.txt"), "val_0.JPEG\tn02\n");
    let splits = open(folder.path(), &[]).unwrap();
    assert_eq!(splits.parts[&Split::Valid].class(0).unwrap(), None);
    assert!(doubts(&splits).contains("val_annotations.txt"));
}

#[test]
fn what_may_not_be_meant_is_said_with_the_folder() {
    for (files, says) in [
        (
            &["bus/1.png", "car/2.png", "train/3.png"][..],
            "`train` is named like a split",
        ),
        (
            &[
                "train/a/1.png",
                "train/b/2.png",
                "test/a/3.png",
                "test/c/4.png",
            ],
            "no pictures of `c`",
        ),
        (&["train/a/1.png", "train/a/2.png"], "one class, `a`"),
        (
            &[
                "train/a/1.png",
                "train/b/2.png",
                "test/a/3.png",
                "extra/b/4.png",
            ],
            "pictures in `extra` are left out",
        ),
        (
            &["train/a/1.png", "train/b/2.png", "test/a/3.png", "4.png"],
            "1 picture in no split is left out, the first is `4.png`",
        ),
        (
            &["a/1.png", "b/2.png", "3.png"],
            "1 picture beside the class folders is left out, the first is `3.png`",
        ),
    ] {
        let (folder, splits) = folder(files);
        let said = doubts(&splits);
        assert!(said.contains(says), "{files:?}: {said}");
        assert!(
            said.contains(&folder.path().display().to_string()),
            "{said}"
        );
        assert!(splits.doubts.iter().all(|doubt| !doubt.helps.is_empty()));
    }
    let (_folder, splits) = folder(&["bus/1.png", "car/2.png", "train/3.png"]);
    assert_eq!(classes(&splits), ["bus", "car", "train"]);
}

#[test]
fn pictures_beside_their_only_folder_have_no_class() {
    let (_folder, splits) = folder(&["1.png", "2.png", "more/3.png"]);
    assert_eq!(lens(&splits), [("train", 3)]);
    assert_eq!(splits.parts[&Split::Train].fields().len(), 1);
    let none = [("labels", Value::Word("none".into()))];
    let (at, _) = folder(&["a/1.png", "b/2.png", "3.png"]);
    let splits = open(at.path(), &none).unwrap();
    assert_eq!(lens(&splits), [("train", 3)]);
    assert_eq!(splits.parts[&Split::Train].class(0).unwrap(), None);
    assert_eq!(doubts(&splits), "");
}

#[test]
fn what_systems_leave_behind_never_counts_and_the_rest_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["dog/1.png", "cat/2.png"] {
        help::write(&at(name), dot(1));
    }
    for name in [
        "__MACOSX/dog/._1.png",
        "dog/._1.png",
        "dog/.DS_Store",
        "dog/Thumbs.db",
        ".git/x.png",
        "@eaDir/t.png",
        ".ipynb_checkpoints/1.png",
        "dog/notes.txt",
        "cat/notes.txt",
        "cat/README",
        "empty/nothing.csv",
    ] {
        help::write(&at(name), "no picture");
    }
    fs::create_dir(at("bird")).unwrap();
    let splits = open(folder.path(), &[]).unwrap();
    assert_eq!(classes(&splits), ["cat", "dog"]);
    let found = splits.found.unwrap();
    assert_eq!(
        found.line,
        "2 pictures, 2 classes, 1 split; 7 files left out: 3 hidden or of the system, 2 .txt, 1 .csv, 1 without an ending; \
         6 folders left out: 4 hidden or of the system, 2 without a picture"
    );
    assert_eq!(found.files_left_out[".txt"], 2);
}

#[test]
fn pictures_are_known_by_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["1.jpg", "2", "3.img", "4.TIFF", "5.jpe"] {
        help::write(&at(name), dot(7));
    }
    help::write(&at("6.img"), "no picture");
    let splits = open(folder.path(), &[]).unwrap();
    let train = &splits.parts[&Split::Train];
    assert_eq!(train.len(), 5);
    assert!((0..5).all(|i| train.read(i, Draws::STILL).is_ok()));
}

#[test]
fn sixty_levels_down_are_read_and_more_are_counted() {
    let deep = |levels: usize| format!("a/{}1.png", "d/".repeat(levels));
    let (at, splits) = folder(&[&deep(60), "b/2.png"]);
    assert_eq!(lens(&splits), [("train", 2)]);
    help::write(&at.path().join(deep(90)), dot(1));
    let splits = open(at.path(), &[]).unwrap();
    assert_eq!(lens(&splits), [("train", 2)]);
    assert!(
        splits
            .found
            .unwrap()
            .line
            .contains("1 more than 64 levels down")
    );
}

#[test]
fn every_nth_header_is_looked_at_and_another_size_is_no_error_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..81 {
        let side = if n == 55 { 3 } else { 2 };
        let bytes = help::png(side, side, |_, _| [0; 3]);
        help::write(&folder.path().join(format!("i{n:03}.png")), bytes);
    }
    let splits = open(folder.path(), &[]).unwrap();
    let train = &splits.parts[&Split::Train];
    assert_eq!(train.fields()[0].1.to_string(), "image[3, ?, ?]");
    assert!(train.read(55, Draws::STILL).is_ok());
}

#[test]
fn values_of_twelve_bits_in_sixteen_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let words: Vec<u16> = (0..64).map(|n| n * 60).collect();
    let picture = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(8, 8, words).unwrap();
    let path = folder.path().join("1.png");
    picture.save(&path).unwrap();
    let splits = open(folder.path(), &[]).unwrap();
    assert!(doubts(&splits).contains("3780") && doubts(&splits).contains("1.png"));
    assert!(splits.doubts[0].helps[0].contains("range = 0..4095"));
    let range = [("range", Value::Range(0.0, 4095.0))];
    let splits = open(folder.path(), &range).unwrap();
    assert_eq!(doubts(&splits), "");
    let train = &splits.parts[&Split::Train];
    // 3780 / 4095 · 255
    assert_eq!(picture_of(&**train).last(), Some(&235));
    assert_ne!(train.manifest(&Silent).unwrap(), {
        open(folder.path(), &[]).unwrap().parts[&Split::Train]
            .manifest(&Silent)
            .unwrap()
    });
}

fn picture_of(dataset: &dyn Dataset) -> Vec<u8> {
    picture(&dataset.read(0, Draws::STILL).unwrap())
        .0
        .pixels
        .clone()
}

#[test]
fn the_background_is_part_of_the_manifest_only_where_something_shows_it() {
    let manifest = |bytes: &[u8], background: &str| {
        let folder = tempfile::tempdir().unwrap();
        help::write(&folder.path().join("1.png"), bytes);
        let given = [("background", Value::Text(background.into()))];
        let splits = open(folder.path(), &given).unwrap();
        splits.parts[&Split::Train].manifest(&Silent).unwrap()
    };
    let clear = image::RgbaImage::from_raw(1, 1, vec![1, 2, 3, 0]).unwrap();
    let mut bytes = std::io::Cursor::new(Vec::new());
    clear.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let clear = bytes.into_inner();
    assert_ne!(manifest(&clear, "#ffffff"), manifest(&clear, "#000000"));
    assert_eq!(manifest(&dot(1), "#ffffff"), manifest(&dot(1), "#000000"));
    let wrong = [("background", Value::Text("#fffff".into()))];
    let folder = tempfile::tempdir().unwrap();
    help::write(&folder.path().join("1.png"), clear);
    assert_eq!(
        open(folder.path(), &wrong).err().unwrap().code,
        Code::OutOfRange
    );
}

#[test]
fn a_cut_picture_is_mended_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let whole = help::png(32, 32, |y, x| [(y * 8) as u8, (x * 8) as u8, (y * x) as u8]);
    help::write(&folder.path().join("1.png"), &whole[..whole.len() / 2]);
    help::write(&folder.path().join("2.png"), b"");
    let splits = open(folder.path(), &[]).unwrap();
    let train = &splits.parts[&Split::Train];
    let error = train.read(0, Draws::STILL).unwrap_err();
    assert!(
        error.message.contains("1.png") && error.message.contains("not whole"),
        "{error}"
    );
    assert!(train.mend(0, Draws::STILL).is_ok());
    assert!(
        train
            .mend(1, Draws::STILL)
            .unwrap_err()
            .message
            .contains("empty")
    );
    assert!(train.manifest(&Silent).is_ok());
}

#[test]
fn folders_that_make_no_sense_are_refused() {
    let problem = |files: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            help::write(&folder.path().join(file), dot(0));
        }
        open(folder.path(), &[]).err().unwrap()
    };
    let empty = problem(&["a/readme.txt"]);
    assert!(empty.message.contains("holds no picture"));
    assert!(empty.notes.join("").contains("1 .txt"), "{:?}", empty.notes);
    assert!(
        problem(&["val/a/1.png", "valid/a/1.png"])
            .message
            .contains("the same split")
    );
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_but_not_in_circles_and_not_twice() {
        let (at, _) = folder(&[
            "a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png", "b/3.png",
        ]);
        let root = at.path();
        symlink(root, root.join("b/up")).unwrap();
        symlink("..", root.join("a/loop")).unwrap();
        symlink(".", root.join("self")).unwrap();
        symlink("/", root.join("a/everything")).unwrap();
        let splits = open(root, &[]).unwrap();
        assert_eq!(lens(&splits), [("train", 6)]);
        assert_eq!(classes(&splits), ["a", "b"]);
        let line = splits.found.unwrap().line.clone();
        assert!(
            line.contains("4 link to a folder that it lies in"),
            "{line}"
        );

        // pictures of the class `b` under a name in `a` stay in `b`
        symlink("../b", root.join("a/others")).unwrap();
        symlink("../b/1.png", root.join("a/again.png")).unwrap();
        let splits = open(root, &[]).unwrap();
        assert_eq!(lens(&splits), [("train", 6)]);
        let line = splits.found.unwrap().line.clone();
        assert!(
            line.contains("4 link to a picture that is there already"),
            "{line}"
        );

        // what lies elsewhere is read, as a file and as a folder
        let (store, _) = folder(&["x.png", "more/y.png", "more/z.png"]);
        symlink(store.path().join("x.png"), root.join("a/x.png")).unwrap();
        symlink(store.path().join("more"), root.join("c")).unwrap();
        // a loop outside
        symlink(store.path(), store.path().join("more/back")).unwrap();
        symlink("../more", store.path().join("more/back2")).unwrap();
        let splits = open(root, &[]).unwrap();
        assert_eq!(classes(&splits), ["a", "b", "c"]);
        let train = &splits.parts[&Split::Train];
        assert!((0..train.len()).all(|i| train.read(i, Draws::STILL).is_ok()));
        assert!(train.len() >= 9 && train.len() < 20, "{}", train.len());
    }

    #[test]
    fn one_folder_under_two_names_of_splits_is_doubted() {
        let (at, _) = folder(&["train/a/1.png", "train/b/2.png"]);
        symlink("train", at.path().join("test")).unwrap();
        let splits = open(at.path(), &[]).unwrap();
        assert_eq!(lens(&splits), [("train", 2), ("test", 2)]);
        assert!(
            doubts(&splits).contains("are one folder"),
            "{}",
            doubts(&splits)
        );
    }

    #[test]
    fn only_regular_files_are_opened() {
        let (at, _) = folder(&["a/1.png", "b/2.png"]);
        let root = at.path();
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            root.join("a/pipe.png"),
            rustix::fs::Mode::from_raw_mode(0o600),
        )
        .unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.join("a/s.png")).unwrap();
        symlink("/dev/zero", root.join("a/zero.png")).unwrap();
        symlink("/dev/full", root.join("b/full")).unwrap();
        symlink("gone.png", root.join("b/gone.png")).unwrap();
        symlink("round.png", root.join("b/round.png")).unwrap();
        symlink("pipe.png", root.join("a/again.png")).unwrap();
        let splits = open(root, &[]).unwrap();
        assert_eq!(lens(&splits), [("train", 2)]);
        let left = &splits.found.as_ref().unwrap().files_left_out;
        let count = |what: &str| left.get(what).copied().unwrap_or(0);
        assert_eq!(
            count("pipe") + count("socket") + count("device"),
            5,
            "{left:?}"
        );
        assert_eq!(count("link to nothing"), 2, "{left:?}");
        assert!(splits.parts[&Split::Train].manifest(&Silent).is_ok());
        // one that takes the place of a picture later is an error when it is read, and waits for nobody
        fs::remove_file(root.join("a/1.png")).unwrap();
        fs::rename(root.join("a/pipe.png"), root.join("a/1.png")).unwrap();
        let error = splits.parts[&Split::Train]
            .read(0, Draws::STILL)
            .unwrap_err();
        assert!(error.message.contains("not a regular file"), "{error}");
        symlink("/dev/zero", root.join("b/later.png")).unwrap();
        fs::rename(root.join("b/later.png"), root.join("b/2.png")).unwrap();
        assert!(splits.parts[&Split::Train].read(1, Draws::STILL).is_err());
    }
}

/// A tree of folders with names that mean something and names that do not.
fn trees() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![
        Just("train"),
        Just("Test"),
        Just("val"),
        Just("images"),
        Just("cat"),
        Just("dog"),
        Just("data"),
        Just(".hidden"),
        Just("__MACOSX"),
        Just("ä ö"),
        Just("2017"),
    ];
    let file = prop_oneof![
        Just("1.png"),
        Just("2.JPG"),
        Just("._3.png"),
        Just("notes.txt"),
        Just("none"),
        Just("4.webp"),
    ];
    let path = (proptest::collection::vec(name, 0..5), file).prop_map(|(folders, file)| {
        folders
            .iter()
            .map(|name| format!("{name}/"))
            .collect::<String>()
            + file
    });
    proptest::collection::vec(path, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever the folders: no file that could be a picture is forgotten, none is there twice, and labels are classes.
    #[test]
    fn every_file_is_read_or_counted(mut files in trees()) {
        files.sort();
        files.dedup();
        let folder = tempfile::tempdir().unwrap();
        for file in &files {
            let bytes = if file.ends_with("txt") || file.ends_with("none") {
                b"text".to_vec()
            } else {
                dot(1)
            };
            help::write(&folder.path().join(file), bytes);
        }
        let hidden = |file: &str| file.split('/').any(folders::is_litter);
        let open_files = files.iter().filter(|file| !hidden(file)).count();
        let Ok(splits) = open(folder.path(), &[]) else {
            // nothing to read, or one split twice
            return Ok(());
        };
        let found = splits.found.clone().unwrap();
        let read: usize = splits.parts.values().map(|part| part.len()).sum();
        let counted: usize = found.files_left_out.iter()
            .filter(|(what, _)| !what.starts_with("hidden")).map(|(_, n)| n).sum();
        let beside = found.folders_left_out.contains_key("beside the splits");
        prop_assert!(read + counted == open_files || (beside && read + counted < open_files),
            "{} of {open_files}: {:?}", read + counted, files);
        for part in splits.parts.values() {
            for index in 0..part.len() {
                let label = part.class(index).unwrap();
                prop_assert!(label.is_none_or(|label| (label as usize) < found.classes.len()));
                prop_assert!(part.read(index, Draws::STILL).is_ok());
            }
        }
    }
}

#[test]
fn a_name_is_a_path_from_the_recipe_last() {
    let folder = tempfile::tempdir().unwrap();
    help::write(&folder.path().join("sets/pets/a/1.png"), dot(1));
    let places = Places {
        recipe: folder.path().into(),
        ..Places::default()
    };
    let name = |name: &str| [("name", Value::Text(name.into()))];
    assert!(help::open_at("image_folder", &name("sets/pets"), &places).is_ok());
    let problem = help::open_at("image_folder", &name("sets/cars"), &places)
        .err()
        .unwrap();
    assert_eq!(problem.code, Code::MissingData);
    assert!(
        problem.helps.join("\n").contains("--data sets/cars=PATH"),
        "{:?}",
        problem.helps
    );
}
