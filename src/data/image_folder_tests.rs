use super::super::test_help::{self as help, picture};
use super::*;
use crate::catalog::Value;

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
            let record = train.read(i).unwrap();
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
    let labelled = splits.parts[&Split::Train].manifest().unwrap();

    let folder = tempfile::tempdir().unwrap();
    help::write(&folder.path().join("1.png"), dot(1));
    let splits = open(folder.path(), &[]).unwrap();
    let train = &splits.parts[&Split::Train];
    assert_eq!(train.fields().len(), 1);
    assert_eq!(train.class(0).unwrap(), None);
    assert_ne!(train.manifest().unwrap(), labelled);
}

#[test]
fn the_manifest_knows_content_not_place() {
    let manifest = |value: u8| {
        let folder = tempfile::tempdir().unwrap();
        help::write(&folder.path().join("a/1.png"), dot(value));
        let splits = open(folder.path(), &[]).unwrap();
        splits.parts[&Split::Train].manifest().unwrap()
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
    assert!(train.read(0).is_ok());
    let error = train.read(1).unwrap_err();
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
    assert!(train.read(0).is_ok());
    let error = train.read(1).unwrap_err();
    assert!(
        error.message.contains("2.png") && error.message.contains("picture 1"),
        "{error}"
    );
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
    assert!(problem(&["a/readme.txt"]).message.contains("holds no .jpg"));
    assert!(
        problem(&["a/1.png", "2.png"])
            .message
            .contains("beside class folders")
    );
    assert!(
        problem(&["val/a/1.png", "valid/a/1.png"])
            .message
            .contains("the same split")
    );
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
