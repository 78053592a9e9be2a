//! Against what NumPy, pyarrow and Python's csv write of the same vectors: `tests/fixtures/vectors/make.py`.

use std::fs::File;
use std::path::Path;

use ::parquet::file::reader::{FileReader, SerializedFileReader};

use super::*;
use crate::plan::peers::python;

fn named(at: usize) -> Named<'static> {
    let paths = [
        Some("a/1.png"),
        Some("b, \"two\".png"),
        None,
        Some("ü/4.png"),
    ];
    let labels = [Some("cat"), None, Some(""), Some("dog")];
    Named {
        path: paths[at],
        id: [0, 7, 1 << 40, 3][at],
        label: labels[at],
        split: Some(["train", "train", "test", "test"][at]),
    }
}

const VECTORS: [[f32; 3]; 4] = [
    [0.1, -2.0, 3.25],
    [1e-30, 1e30, 0.0],
    [-0.0, 1.0 / 3.0, 16_777_216.0],
    [5e-45, 3.4e38, -1.5],
];

fn write(folder: &Path, name: &str) {
    let format = Format::of(Path::new(name)).unwrap();
    let head = Head {
        width: 3,
        splits: true,
        about: [("from".to_owned(), "rotations".to_owned())].into(),
    };
    let mut file = File::create(folder.join(name)).unwrap();
    let mut apart = format
        .has_rows_apart()
        .then(|| File::create(folder.join("own.rows.csv")).unwrap());
    let mut rows = begin(format, &mut file, apart.as_mut(), &head).unwrap();
    for (at, vector) in VECTORS.iter().enumerate() {
        rows.row(&named(at), vector).unwrap();
    }
    rows.end().unwrap();
}

fn expected(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vectors");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn an_npy_file_is_numpys_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "own.npy");
    let own = std::fs::read(folder.path().join("own.npy")).unwrap();
    assert_eq!(own, expected("expected.npy"));
    let rows = std::fs::read(folder.path().join("own.rows.csv")).unwrap();
    assert_eq!(rows, expected("expected.rows.csv"));
}

#[test]
fn a_csv_file_says_what_pythons_says() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "own.csv");
    let own = std::fs::read(folder.path().join("own.csv")).unwrap();
    let lines = |bytes: &[u8]| -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(bytes);
        let records = reader.records().map(|record| record.unwrap());
        records
            .map(|record| record.iter().map(str::to_owned).collect())
            .collect()
    };
    let (own, peer) = (lines(&own), lines(&expected("expected.csv")));
    assert_eq!(own.len(), 5);
    assert_eq!(own[0], peer[0]);
    for ((own, peer), vector) in own[1..].iter().zip(&peer[1..]).zip(VECTORS) {
        assert_eq!(own[..4], peer[..4]);
        for ((own, peer), x) in own[4..].iter().zip(&peer[4..]).zip(vector) {
            // digits differ (1e30, 1e+30), numbers do not
            assert_eq!(own.parse::<f32>().unwrap().to_bits(), x.to_bits(), "{own}");
            assert_eq!(
                peer.parse::<f32>().unwrap().to_bits(),
                x.to_bits(),
                "{peer}"
            );
        }
    }
}

#[test]
fn a_parquet_file_has_the_rows_that_pyarrows_has() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "own.parquet");
    let of = |path: &Path| -> Vec<String> {
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|row| row.unwrap().to_string()).collect()
    };
    let peer =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vectors/expected.parquet");
    let own = of(&folder.path().join("own.parquet"));
    assert_eq!(own, of(&peer));
    assert_eq!(own.len(), 4);
    let reader = File::open(folder.path().join("own.parquet")).unwrap();
    let reader = SerializedFileReader::new(reader).unwrap();
    let about = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .unwrap();
    assert!(
        about
            .iter()
            .any(|own| own.key == "from" && own.value.as_deref() == Some("rotations"))
    );
}

#[test]
fn long_vectors_go_out_in_several_groups() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.parquet");
    let width = 3 << 20;
    let head = Head {
        width,
        ..Head::default()
    };
    let mut file = File::create(&path).unwrap();
    let mut rows = begin(Format::Parquet, &mut file, None, &head).unwrap();
    for n in 0..3u8 {
        let named = Named {
            id: u64::from(n),
            ..Named::default()
        };
        rows.row(&named, &vec![f32::from(n); width]).unwrap();
    }
    rows.end().unwrap();
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    assert_eq!(reader.num_row_groups(), 3);
    assert_eq!(reader.metadata().file_metadata().num_rows(), 3);
    // no split where none is said
    let schema = reader.metadata().file_metadata().schema().get_fields();
    let names: Vec<&str> = schema.iter().map(|field| field.name()).collect();
    assert_eq!(names, ["path", "id", "label", "vector"]);
}

#[test]
fn formats_are_known_by_their_endings() {
    for (name, format) in [
        ("a.parquet", Some(Format::Parquet)),
        ("a.PQ", Some(Format::Parquet)),
        ("a.npy", Some(Format::Npy)),
        ("a.b.csv", Some(Format::Csv)),
        ("a.npz", None),
        ("parquet", None),
    ] {
        assert_eq!(Format::of(Path::new(name)), format, "{name}");
    }
}

/// Lets NumPy and pyarrow read what is written here. Skips with a message where they are missing; `PRETEXT_PYTHON` names the interpreter.
#[test]
#[ignore = "needs Python with numpy and pyarrow"]
fn numpy_and_pyarrow_read_them() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["own.npy", "own.csv", "own.parquet"] {
        write(folder.path(), name);
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vectors");
    python("read_vectors.py", [folder.path(), &fixtures]);
}
