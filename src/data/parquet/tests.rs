use crate::data::Draws;
use std::sync::Arc as Shared;

use ::parquet::basic::Compression;
use ::parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;

use super::*;
use crate::catalog::Value;
use crate::data::Silent;
use crate::data::test_help::{self as help, picture};
use crate::data::{Sample, first_label};

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
                    let record = train.read(i.into(), Draws::STILL).unwrap();
                    let (image, label) = picture(&record);
                    assert_eq!((image.pixels[0], label), (i, Some(u32::from(i % 3))));
                    assert_eq!(train.class(i.into()).unwrap(), label);
                }
            });
        }
    });
    assert!(train.read(6, Draws::STILL).is_err() && train.class(6).is_err());
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
    assert!(train.read(0, Draws::STILL).is_ok());
    // a label that nobody asks for is no fault
    assert!(matches!(
        train.read(3, Draws::STILL).unwrap()[..],
        [Sample::Image(_), Sample::Missing(_)]
    ));
    let error = train.class(3).unwrap_err().message;
    for part in ["row 3", "train.parquet", "`label` is 7", "3 classes"] {
        assert!(error.contains(part), "{error}");
    }
    for (row, what) in [(1, "no JPEG, PNG"), (2, "no picture"), (4, "3 × 3")] {
        let error = train.read(row, Draws::STILL).unwrap_err().message;
        assert!(error.contains(what), "{error}");
        assert!(
            error.contains(&format!("row {row}")) && error.contains("train.parquet"),
            "{error}"
        );
    }
}

/// A label column.
enum Column {
    None,
    Ints(Vec<Option<i64>>),
    Words(Vec<Option<&'static str>>),
    Flags(Vec<Option<bool>>),
    Reals(Vec<Option<f64>>),
}

/// Writes one row group of `rows` dots with a label column, without statistics unless `statistics`.
fn write_labels(path: &Path, names: Option<&str>, rows: u8, column: &Column, statistics: bool) {
    use ::parquet::data_type::{BoolType, DoubleType};
    use ::parquet::file::properties::EnabledStatistics;
    let metadata = names.map(|names| {
        let value = format!(r#"{{"info": {{"features": {{"label": {{"names": {names}}}}}}}}}"#);
        vec![KeyValue::new("huggingface".into(), value)]
    });
    let properties = WriterProperties::builder()
        .set_statistics_enabled(match statistics {
            true => EnabledStatistics::Chunk,
            false => EnabledStatistics::None,
        })
        .set_key_value_metadata(metadata)
        .build();
    let field = match column {
        Column::None => "",
        Column::Ints(_) => "optional int64 label;",
        Column::Words(_) => "optional binary label (UTF8);",
        Column::Flags(_) => "optional boolean label;",
        Column::Reals(_) => "optional double label;",
    };
    let schema = format!("message schema {{ required binary image; {field} }}");
    let schema = Shared::new(parse_message_type(&schema).unwrap());
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Shared::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut images = group.next_column().unwrap().unwrap();
    let values: Vec<ByteArray> = (0..rows).filter_map(dot).map(Into::into).collect();
    images
        .typed::<ByteArrayType>()
        .write_batch(&values, None, None)
        .unwrap();
    images.close().unwrap();
    macro_rules! labels {
        ($ty:ty, $of:expr, $make:expr) => {{
            let levels: Vec<i16> = $of.iter().map(|v| i16::from(v.is_some())).collect();
            let values: Vec<_> = $of.iter().flatten().map($make).collect();
            let mut column = group.next_column().unwrap().unwrap();
            column
                .typed::<$ty>()
                .write_batch(&values, Some(&levels), None)
                .unwrap();
            column.close().unwrap();
        }};
    }
    match column {
        Column::None => {}
        Column::Ints(of) => labels!(Int64Type, of, |v| *v),
        Column::Words(of) => labels!(ByteArrayType, of, |v| ByteArray::from(*v)),
        Column::Flags(of) => labels!(BoolType, of, |v| *v),
        Column::Reals(of) => labels!(DoubleType, of, |v| *v),
    }
    group.close().unwrap();
    writer.close().unwrap();
}

/// Number of classes, their names, and each row's class.
fn labels_of(column: Column, rows: u8) -> (Option<usize>, Vec<String>, Vec<Option<u32>>) {
    let mut found = Vec::new();
    for statistics in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        write_labels(
            &folder.path().join("train.parquet"),
            None,
            rows,
            &column,
            statistics,
        );
        let splits = open(folder.path(), &[]).unwrap();
        let train = &splits.parts[&Split::Train];
        let count = first_label(train.fields()).map(|(_, label)| label.classes.unwrap());
        let classes = (0..train.len()).map(|i| train.class(i).unwrap());
        // what has no label is a picture all the same
        assert!((0..train.len()).all(|i| train.read(i, Draws::STILL).is_ok()));
        found.push((count, train.class_names().to_vec(), classes.collect()));
    }
    assert_eq!(found[0], found[1], "with statistics and without");
    found.remove(0)
}

#[test]
fn labels_are_numbers_words_flags_and_gaps() {
    let ints = |values: &[i64]| Column::Ints(values.iter().map(|v| Some(*v)).collect());
    let none = Vec::<String>::new;
    assert_eq!(
        labels_of(ints(&[0, 2, -1]), 3),
        (Some(3), none(), vec![Some(0), Some(2), None])
    );
    let some = Column::Ints(vec![None, Some(1), Some(0)]);
    assert_eq!(
        labels_of(some, 3),
        (Some(2), none(), vec![None, Some(1), Some(0)])
    );
    // the two classes of many old data sets
    let pair = (
        Some(2),
        vec!["-1".into(), "1".into()],
        vec![Some(1), Some(0), Some(1)],
    );
    assert_eq!(labels_of(ints(&[1, -1, 1]), 3), pair);
    // numbers that count nothing are classes in their order
    let large = (
        Some(2),
        vec!["7".into(), "9000000000".into()],
        vec![Some(1), Some(0)],
    );
    assert_eq!(labels_of(ints(&[9_000_000_000, 7]), 2), large);
    let words = Column::Words(vec![Some("fox"), Some("cat"), None, Some("fox")]);
    let wanted = (
        Some(2),
        vec!["cat".into(), "fox".into()],
        vec![Some(1), Some(0), None, Some(1)],
    );
    assert_eq!(labels_of(words, 4), wanted);
    let numbers = Column::Words(vec![Some("10"), Some("9")]);
    assert_eq!(labels_of(numbers, 2).1, ["9", "10"]);
    let flags = Column::Flags(vec![Some(true), Some(true)]);
    let wanted = (
        Some(2),
        vec!["false".into(), "true".into()],
        vec![Some(1), Some(1)],
    );
    assert_eq!(labels_of(flags, 2), wanted);
    let reals = Column::Reals(vec![Some(1.0), Some(f64::NAN), Some(0.0)]);
    assert_eq!(
        labels_of(reals, 3),
        (Some(2), none(), vec![Some(1), None, Some(0)])
    );
    // nothing is labelled, or by measured values
    assert_eq!(labels_of(ints(&[-1, -1]), 2).0, None);
    assert_eq!(labels_of(Column::Reals(vec![Some(0.5)]), 1).0, None);
    assert_eq!(labels_of(Column::None, 1).0, None);
}

#[test]
fn a_measured_value_says_why_it_is_no_label() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.parquet");
    write_labels(&path, None, 1, &Column::Reals(vec![Some(0.5)]), true);
    let splits = open(folder.path(), &[]).unwrap();
    let why = splits.parts[&Split::Train].no_label().unwrap().to_owned();
    assert!(
        why.contains("`label` holds 0.5") && why.contains("train.parquet"),
        "{why}"
    );
}

#[test]
fn classes_of_shards_are_compared_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, names: Option<&str>, column: Column| {
        write_labels(&folder.path().join(name), names, 3, &column, true);
    };
    let ints = || Column::Ints(vec![Some(0), Some(1), Some(2)]);
    write("train-0.parquet", Some(r#"["cat", "dog", "fox"]"#), ints());
    write("train-1.parquet", Some(r#"["fox", "cat", "emu"]"#), ints());
    write("train-2.parquet", None, Column::None);
    write(
        "test.parquet",
        None,
        Column::Words(vec![Some("emu"), Some("cat"), None]),
    );
    let splits = open(folder.path(), &[]).unwrap();
    let classes = |split: Split| {
        let part = &splits.parts[&split];
        assert_eq!(part.class_names(), ["cat", "dog", "fox", "emu"]);
        assert_eq!(part.fields()[1].1, SampleType::label(4));
        (0..part.len())
            .map(|i| part.class(i).unwrap())
            .collect::<Vec<_>>()
    };
    let train = [0, 1, 2, 2, 0, 3].map(Some).into_iter().chain([None; 3]);
    assert_eq!(classes(Split::Train), train.collect::<Vec<_>>());
    assert_eq!(classes(Split::Test), [Some(3), Some(0), None]);
}

#[test]
fn empty_files_and_row_groups_hold_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("train-0.parquet"), None, &[]);
    write(
        &folder.path().join("train-1.parquet"),
        None,
        &[vec![], vec![(dot(5), 0)], vec![]],
    );
    write(&folder.path().join("train-2.parquet"), None, &[vec![]]);
    write(&folder.path().join("test.parquet"), None, &[vec![]]);
    let splits = open(folder.path(), &[("image", text("img"))]).unwrap();
    let train = &splits.parts[&Split::Train];
    assert_eq!(
        (
            train.len(),
            picture(&train.read(0, Draws::STILL).unwrap()).0.pixels[0]
        ),
        (1, 5)
    );
    assert_eq!(train.fields()[0].1, SampleType::image(3, 2, 2));
    assert!(splits.parts[&Split::Test].is_empty());
    assert!(train.read(1, Draws::STILL).is_err());
}

/// A row group is read by its pages: what that takes for a moment is told by the largest of them.
#[test]
fn a_large_row_group_of_small_pages_takes_little() {
    const ROWS: usize = 100;
    const BYTES: usize = 5000;
    let mut picture = help::png(2, 2, |y, x| [1, y as u8, x as u8]);
    picture.resize(BYTES, 0);
    let folder = tempfile::tempdir().unwrap();
    let moment = |compression: Compression, rows_of_page: usize| {
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_dictionary_enabled(false)
            .set_write_batch_size(rows_of_page)
            .set_data_page_row_count_limit(rows_of_page)
            .build();
        let schema = "message schema { required binary image; }";
        let schema = Shared::new(parse_message_type(schema).unwrap());
        let path = folder.path().join("train.parquet");
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Shared::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut images = group.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> = (0..ROWS).map(|_| picture.clone().into()).collect();
        let typed = images.typed::<ByteArrayType>();
        typed.write_batch(&values, None, None).unwrap();
        images.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let splits = open(folder.path(), &[]).unwrap();
        splits.parts[&Split::Train].passing_bytes() as f64 / BYTES as f64
    };
    for (compression, rows_of_page, pictures) in [
        // the page and the one before it
        (Compression::UNCOMPRESSED, 10, 20.0),
        // and the page as it lies in the file
        (Compression::SNAPPY, 10, 30.0),
        // one page: what there is, and what is not given back yet
        (Compression::UNCOMPRESSED, ROWS, 125.0),
        (Compression::SNAPPY, ROWS, 200.0),
    ] {
        let found = moment(compression, rows_of_page);
        assert!(
            (found / pictures - 1.0).abs() < 0.05,
            "{compression:?}, {rows_of_page}: {found} pictures"
        );
    }
}

#[test]
fn threads_that_read_at_once_read_what_is_there() {
    const GROUPS: u8 = 60;
    let folder = tempfile::tempdir().unwrap();
    let row = |i: u8| (Some(help::png(2, 2, |y, x| [i, y as u8, x as u8])), 0);
    let groups: Vec<_> = (0..GROUPS)
        .map(|g| (0..4).map(|i| row(g * 4 + i)).collect())
        .collect();
    let path = folder.path().join("train.parquet");
    write(&path, None, &groups);
    for epoch in 0..200u64 {
        // opened anew, so that each row group is unpacked while others are
        let splits = open(&path, &[("image", text("img"))]).unwrap();
        let train = &splits.parts[&Split::Train];
        std::thread::scope(|scope| {
            for worker in 0..8 {
                scope.spawn(move || {
                    let seed = crate::data::Philox::new(epoch, &[worker]);
                    for i in seed.clone().permutation(train.len()).into_iter().take(60) {
                        let record = train.read(i as usize, Draws::STILL).unwrap();
                        assert_eq!(u32::from(picture(&record).0.pixels[0]), i);
                    }
                });
            }
        });
    }
}

#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.parquet");
    let row = |i: u8| (dot(i), i64::from(i % 3));
    write(
        &path,
        Some(NAMES),
        &[(0..9).map(row).collect(), (9..20).map(row).collect()],
    );
    let whole = std::fs::read(&path).unwrap();
    let mut draw = crate::data::Philox::new(7, &[1]);
    for round in 0..400 {
        let mut bytes = whole.clone();
        // the footer is at the end: half of the changes go there
        for _ in 0..1 + round % 4 {
            let from = if draw.below(2) == 0 {
                0
            } else {
                bytes.len() / 2
            };
            let at = from + draw.below((bytes.len() - from) as u32) as usize;
            bytes[at] = draw.below(256) as u8;
        }
        if round % 5 == 0 {
            bytes.truncate(draw.below(bytes.len() as u32) as usize);
        }
        std::fs::write(&path, bytes).unwrap();
        let Ok(splits) = open(&path, &[("image", text("img"))]) else {
            continue;
        };
        for part in splits.parts.values() {
            for i in 0..part.len().min(40) {
                let _ = (part.read(i, Draws::STILL), part.class(i));
            }
        }
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
        splits.parts[&Split::Train].manifest(&Silent).unwrap()
    };
    assert_eq!(manifest(1), manifest(1));
    assert_ne!(manifest(1), manifest(2));
}

/// The file is `tests/fixtures/data/brotli.py`'s.
#[test]
fn what_can_not_be_unpacked_is_told_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = include_bytes!("../../../tests/fixtures/data/brotli.parquet");
    std::fs::write(folder.path().join("train.parquet"), bytes).unwrap();
    let problem = open(folder.path(), &[]).err().expect("no data");
    assert!(problem.message.contains("packed with Brotli"), "{problem}");
}

#[test]
fn pictures_of_later_row_groups_count_for_their_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.parquet");
    let of = |height: u32| (Some(help::png(height, 2, |_, _| [0; 3])), 0);
    let mut groups: Vec<Vec<_>> = (0..7).map(|_| (0..40).map(|_| of(2)).collect()).collect();
    let open = |groups: &[Vec<_>]| {
        write(&path, None, groups);
        let splits = open(&path, &[("image", text("img"))]).unwrap();
        splits.parts[&Split::Train].fields()[0].1.clone()
    };
    assert_eq!(open(&groups), SampleType::image(3, 2, 2));
    // the ninth picture of the last one
    groups[6][8] = of(3);
    let any = SampleType::parse("image[3, ?, ?]").unwrap();
    assert_eq!(open(&groups), any);
}
