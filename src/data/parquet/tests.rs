use std::sync::Arc as Shared;

use ::parquet::basic::Compression;
use ::parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;

use super::*;
use crate::catalog::Value;
use crate::data::test_help::{self as help, picture};

const SCHEMA: &str = "message schema {
  optional group img { optional binary bytes; optional binary path (UTF8); }
  optional int64 label;
}";

const NAMES: &str = r#"{"info": {"features": {"img": {"_type": "Image"}, "label": {"names": ["cat", "dog", "emu"], "_type": "ClassLabel"}}}}"#;

/// Writes groups of rows `(picture, label)` as Hugging Face does.
fn write(path: &Path, names: Option<&str>, groups: &[Vec<(Option<Vec<u8>>, i64)>]) {
    let names = names.map(|names| vec![KeyValue::new("huggingface".into(), names.to_owned())]);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(names)
        .build();
    let schema = Shared::new(parse_message_type(SCHEMA).unwrap());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Shared::new(properties)).unwrap();
    for rows in groups {
        let mut group = writer.next_row_group().unwrap();
        let mut bytes = group.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> = rows
            .iter()
            .filter_map(|r| r.0.clone())
            .map(Into::into)
            .collect();
        let levels: Vec<i16> = rows
            .iter()
            .map(|r| if r.0.is_some() { 2 } else { 1 })
            .collect();
        bytes
            .typed::<ByteArrayType>()
            .write_batch(&values, Some(&levels), None)
            .unwrap();
        bytes.close().unwrap();
        let mut paths = group.next_column().unwrap().unwrap();
        paths
            .typed::<ByteArrayType>()
            .write_batch(&[], Some(&vec![1; rows.len()]), None)
            .unwrap();
        paths.close().unwrap();
        let mut labels = group.next_column().unwrap().unwrap();
        let values: Vec<i64> = rows.iter().map(|r| r.1).collect();
        labels
            .typed::<Int64Type>()
            .write_batch(&values, Some(&vec![1; rows.len()]), None)
            .unwrap();
        labels.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
}

fn dot(value: u8) -> Option<Vec<u8>> {
    Some(help::png(2, 2, |_, _| [value, 0, 0]))
}

fn open(place: &Path, given: &[(&str, Value)]) -> Result<Splits> {
    let mut all = vec![("name", Value::Text("tiny".into()))];
    all.extend(given.iter().cloned());
    help::open_at("parquet", &all, &help::given("tiny", place)).map(help::splits)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn rows_are_read_by_index_over_files_and_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: u8| (dot(i), i64::from(i % 3));
    let groups = |from: u8| vec![vec![row(from), row(from + 1)], vec![row(from + 2)]];
    write(
        &folder.path().join("train-00000-of-00002.parquet"),
        Some(NAMES),
        &groups(0),
    );
    write(
        &folder.path().join("train-00001-of-00002.parquet"),
        Some(NAMES),
        &groups(3),
    );
    write(
        &folder.path().join("validation.parquet"),
        Some(NAMES),
        &groups(10)[..1],
    );
    let splits = open(folder.path(), &[("image", text("img"))]).unwrap();
    assert_eq!(
        splits.parts.keys().collect::<Vec<_>>(),
        [&Split::Train, &Split::Valid]
    );
    let train = &splits.parts[&Split::Train];
    assert_eq!(train.len(), 6);
    assert_eq!(train.class_names(), ["cat", "dog", "emu"]);
    assert_eq!(train.fields()[0].1, SampleType::image(3, 2, 2));
    assert_eq!(train.fields()[1].1, SampleType::label(3));
    // from several threads at once, backwards
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for i in (0..6u8).rev() {
                    let record = train.read(i.into()).unwrap();
                    let (image, label) = picture(&record);
                    assert_eq!((image.pixels[0], label), (i, Some(u32::from(i % 3))));
                    assert_eq!(train.class(i.into()).unwrap(), label);
                }
            });
        }
    });
    assert!(train.read(6).is_err() && train.class(6).is_err());
}

#[test]
fn one_file_and_a_folder_below_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/test-0.parquet");
    write(&path, None, &[vec![(dot(1), 4)]]);
    for place in [path.as_path(), folder.path()] {
        let splits = open(place, &[("image", text("img"))]).unwrap();
        let test = &splits.parts[&Split::Test];
        // without names the classes are counted from the footer's statistics
        assert_eq!(test.fields()[1].1, SampleType::label(5));
        assert!(test.class_names().is_empty());
    }
}

#[test]
fn columns_that_are_not_there_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder.path().join("train.parquet"),
        None,
        &[vec![(dot(1), 0)]],
    );
    let problem = open(folder.path(), &[]).err().unwrap();
    assert_eq!(problem.code, Code::UnknownPart);
    assert!(problem.message.contains("`image`"), "{problem}");
    assert!(
        problem.notes[0].contains("img, label"),
        "{:?}",
        problem.notes
    );
    let given = [("image", text("img")), ("label", text("fine"))];
    let problem = open(folder.path(), &given).err().unwrap();
    assert!(problem.message.contains("`fine`"), "{problem}");
}

#[test]
fn what_is_no_parquet_file_is_refused_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let problem = open(folder.path(), &[]).err().unwrap();
    assert!(
        problem.message.contains("holds no train*.parquet"),
        "{problem}"
    );
    help::write(&folder.path().join("train.parquet"), "PAR1 no");
    let problem = open(folder.path(), &[]).err().unwrap();
    assert_eq!(problem.code, Code::BadFile);
    assert!(problem.message.contains("train.parquet"), "{problem}");
}

#[test]
fn bad_rows_are_named_and_leave_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let rows = vec![
        (dot(1), 0),
        (Some(b"no picture".to_vec()), 1),
        (None, 2),
        (dot(4), 7),
        (Some(help::png(3, 3, |_, _| [0; 3])), 0),
    ];
    write(&folder.path().join("train.parquet"), Some(NAMES), &[rows]);
    let splits = open(
        folder.path(),
        &[("image", text("img")), ("size", Value::Length(2.0))],
    )
    .unwrap();
    let train = &splits.parts[&Split::Train];
    assert!(train.read(0).is_ok());
    for (row, what) in [
        (1, "neither JPEG nor PNG"),
        (2, "no picture"),
        (3, "label 7"),
        (4, "3 × 3"),
    ] {
        let error = train.read(row).unwrap_err().message;
        assert!(error.contains(what), "{error}");
        assert!(
            error.contains(&format!("row {row}")) && error.contains("train.parquet"),
            "{error}"
        );
    }
}

#[test]
fn the_manifest_knows_content_not_place() {
    let manifest = |value: u8| {
        let folder = tempfile::tempdir().unwrap();
        write(
            &folder.path().join("train.parquet"),
            None,
            &[vec![(dot(value), 0)]],
        );
        let splits = open(folder.path(), &[("image", text("img"))]).unwrap();
        splits.parts[&Split::Train].manifest().unwrap()
    };
    assert_eq!(manifest(1), manifest(1));
    assert_ne!(manifest(1), manifest(2));
}
