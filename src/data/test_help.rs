//! For the tests of this room: calls without a recipe, and small files of every format.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::{Dataset, Places, Sample, Source, Splits};
use crate::catalog::{
    Args, Argument, Call, Data, DataSource, Kind, Origin, Preset, Result, Spec, Split, Value,
};
use crate::language::Span;

fn find(name: &str) -> Arc<Spec> {
    let spec = super::specs().into_iter().find(|spec| spec.name == name);
    Arc::new(spec.unwrap_or_else(|| panic!("no entry `{name}`")))
}

fn literal(text: &str) -> Value {
    if let Some(text) = text.strip_prefix('"') {
        return Value::Text(text.trim_end_matches('"').into());
    }
    match text.parse() {
        Ok(n) => Value::Integer(n),
        Err(_) => Value::Word(text.into()),
    }
}

/// A call with these arguments and the other parameters' defaults.
pub fn call(name: &str, given: &[(&str, Value)]) -> Call {
    let spec = find(name);
    let mut args = Args {
        of: name.into(),
        ..Args::default()
    };
    for param in &spec.params {
        let written = given.iter().find(|(name, _)| *name == param.name);
        let (value, origin) = match (written, &param.preset) {
            (Some((_, value)), _) => (value.clone(), Origin::Written),
            (None, Preset::Text(text)) => (literal(text), Origin::Default),
            (None, _) => continue,
        };
        let span = Span::default();
        args.values.insert(
            param.name.clone(),
            Argument {
                value,
                span,
                origin,
            },
        );
    }
    assert_eq!(
        given
            .iter()
            .filter(|(name, _)| args.values.contains_key(*name))
            .count(),
        given.len()
    );
    Call {
        spec,
        args,
        span: Span::default(),
        name_span: Span::default(),
    }
}

/// A data expression that starts with a call.
pub fn data(source: Call, pipes: Vec<Call>) -> Data {
    assert!(source.spec.kind == Kind::Dataset || source.spec.kind == Kind::Pipe);
    Data {
        source: DataSource::Call(source),
        pipes,
        span: Span::default(),
    }
}

/// Dialogues of so many turns through a pipe; each turn says where it is from: `3.7` is the eighth of the fourth.
pub fn talks(turns: &[usize], pipe: Call) -> (tempfile::TempDir, Result<Arc<dyn Dataset>>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talks.jsonl");
    let line = |(d, n): (usize, &usize)| {
        let turns: Vec<String> = (0..*n).map(|turn| format!("\"{d}.{turn}\"")).collect();
        format!("[{}]\n", turns.join(", "))
    };
    let lines: String = turns.iter().enumerate().map(line).collect();
    write(&path, lines);
    let of = call("dialogues", &[("name", Value::Text("talks".into()))]);
    let source = data(of, vec![pipe]);
    let part = match super::open(&source, &BTreeMap::new(), &given("talks", &path)) {
        Ok(Source::All(splits)) => Ok(splits.parts[&Split::Train].clone()),
        Ok(Source::One(_)) => panic!("one split"),
        Err(problem) => Err(problem),
    };
    (folder, part)
}

/// A data expression that starts with a name.
pub fn named(dataset: &str, split: Option<Split>, pipes: Vec<Call>) -> Data {
    Data {
        source: DataSource::Named {
            dataset: dataset.into(),
            split,
        },
        pipes,
        span: Span::default(),
    }
}

/// Opens a data set that needs no file.
pub fn open(name: &str, given: &[(&str, Value)]) -> Result<Source> {
    open_at(name, given, &Places::default())
}

/// Opens a data set in these places.
pub fn open_at(name: &str, given: &[(&str, Value)], places: &Places) -> Result<Source> {
    super::open(
        &data(call(name, given), Vec::new()),
        &BTreeMap::new(),
        places,
    )
}

/// Places where `name` is at `path`, without downloads.
pub fn given(name: &str, path: &Path) -> Places {
    Places {
        given: [(name.to_owned(), path.to_owned())].into(),
        offline: true,
        ..Places::default()
    }
}

/// All splits of a source.
pub fn splits(source: Source) -> Splits {
    match source {
        Source::All(splits) => splits,
        Source::One(_) => panic!("one split"),
    }
}

/// The picture's pixels and the label of a record.
pub fn picture(record: &[Sample]) -> (&super::Image, Option<u32>) {
    let Sample::Image(image) = &record[0] else {
        panic!("{record:?}")
    };
    let label = record.get(1).map(|label| match label {
        Sample::Label(label) => *label,
        other => panic!("{other:?}"),
    });
    (image, label)
}

/// An idx file of bytes.
pub fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, sizes.len() as u8];
    for size in sizes {
        out.extend(size.to_be_bytes());
    }
    out.extend(bytes);
    out
}

/// An encoded picture whose pixels are `value(row, column)`.
pub fn png(height: u32, width: u32, value: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let rgb = image::RgbImage::from_fn(width, height, |x, y| image::Rgb(value(y, x)));
    let mut out = std::io::Cursor::new(Vec::new());
    rgb.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
