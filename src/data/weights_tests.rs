//! Weights of strangers: numbers of every width, and what is no whole file.

use std::fs;

use super::*;

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

const HEADER: &str = r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[1,2],"data_offsets":[8,12]},"c":{"dtype":"BF16","shape":[],"data_offsets":[12,14]},"d":{"dtype":"I64","shape":[],"data_offsets":[14,22]},"e":{"dtype":"F64","shape":[1],"data_offsets":[22,30]}}"#;

/// 1, −2; 0.5, the least f16; −1.5; 7; 1e-3.
fn whole() -> Vec<u8> {
    let mut data = [1f32.to_le_bytes(), (-2f32).to_le_bytes()].concat();
    data.extend([0x00, 0x38, 0x01, 0x00, 0xc0, 0xbf]);
    data.extend(7i64.to_le_bytes());
    data.extend(1e-3f64.to_le_bytes());
    file(HEADER, &data)
}

fn open(bytes: &[u8]) -> (tempfile::TempDir, Result<Weights>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("w"), bytes).unwrap();
    let opened = Weights::open(folder.path(), "w");
    (folder, opened)
}

#[test]
fn numbers_of_every_width_are_read() {
    let (folder, opened) = open(&whole());
    let weights = opened.unwrap();
    let names: Vec<(&str, &[usize])> = weights.tensors().collect();
    assert_eq!(names[1], ("b", &[1, 2][..]));
    assert_eq!(names.len(), 5);
    assert_eq!(weights.read("a").unwrap(), [1.0, -2.0]);
    assert_eq!(weights.read("b").unwrap(), [0.5, 2f32.powi(-24)]);
    assert_eq!(weights.read("c").unwrap(), [-1.5]);
    assert_eq!(weights.read("e").unwrap(), [1e-3]);
    assert!(weights.read("d").is_err() && weights.read("f").is_err());
    assert_eq!(
        (weights.no_number("d"), weights.no_number("a")),
        (Some("I64"), None)
    );
    weights.unchanged().unwrap();
    // the hash is that of the content
    let same = folder.path().join("same");
    fs::write(&same, whole()).unwrap();
    let same = Weights::open(folder.path(), "same").unwrap();
    assert_eq!(same.hash, weights.hash);
    let mut other = whole();
    let end = other.len() - 1;
    other[end] ^= 1;
    fs::write(folder.path().join("w"), [other, vec![]].concat()).unwrap();
    // a file system may count time in coarse steps
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    let changed = fs::File::options()
        .write(true)
        .open(folder.path().join("w"))
        .unwrap();
    changed.set_modified(later).unwrap();
    assert!(weights.unchanged().is_err());
}

#[test]
fn what_is_no_whole_file_is_refused() {
    let bytes = whole();
    for end in 0..bytes.len() {
        let (_folder, opened) = open(&bytes[..end]);
        assert_eq!(opened.unwrap_err().code, Code::BadFile, "{end}");
    }
    let why = |bytes: &[u8]| open(bytes).1.unwrap_err().message;
    assert!(why(&bytes[..bytes.len() - 3]).contains("it is cut off: 3 of its"));
    assert!(why(&[bytes.clone(), vec![0]].concat()).contains("1 bytes follow"));
    assert!(why(&[0xff; 64]).contains("it is no safetensors file"));
    let one = |entry: &str, data: usize| why(&file(entry, &vec![0; data]));
    for (entry, data) in [
        // more than there is, a number too few, an unknown kind, sizes that are no sizes
        (
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            8,
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            8,
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
            8,
        ),
        (
            r#"{"a":{"dtype":"F3","shape":[2],"data_offsets":[0,8]}}"#,
            8,
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
            8,
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
            8,
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#,
            0,
        ),
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]"#, 8),
        (r#"{"a":[1]}"#, 0),
    ] {
        assert!(
            one(entry, data).contains("its header is damaged"),
            "{entry}"
        );
    }
    let (_folder, opened) = open(&file(
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        &f32::NAN.to_le_bytes(),
    ));
    let said = opened.unwrap().read("a").unwrap_err().message;
    assert!(said.contains("not finite"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let problem = Weights::open(folder.path(), "w").unwrap_err();
    assert_eq!(problem.code, Code::MissingFile);
    assert!(Weights::open(folder.path(), ".").is_err());
}

#[test]
fn random_damage_is_told_or_read() {
    let mut rng = super::super::Philox::new(5, &[]);
    let bytes = whole();
    for _ in 0..400 {
        let mut bytes = bytes.clone();
        let at = rng.below(bytes.len() as u32) as usize;
        bytes[at] = rng.below(256) as u8;
        if let (_folder, Ok(weights)) = open(&bytes) {
            let names: Vec<String> = weights.tensors().map(|(n, _)| n.to_owned()).collect();
            names.iter().for_each(|name| drop(weights.read(name)));
        }
    }
}
