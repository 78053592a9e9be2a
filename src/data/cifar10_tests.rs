use super::super::test_help::{self as help, picture};
use super::*;
use crate::data::Draws;

/// Record `i` of a batch: label `i % 10`, pixels that tell channel, place and record apart.
fn batch(from: usize, n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for i in from..from + n {
        out.push((i % 10) as u8);
        for channel in 0..3 {
            out.extend((0..PLANE).map(|at| (i * 50 + channel * 80 + at % 7) as u8));
        }
    }
    out
}

fn batches() -> Vec<(&'static str, Vec<u8>)> {
    let train = TRAIN
        .iter()
        .enumerate()
        .map(|(i, name)| (*name, batch(2 * i, 2)));
    train.chain([(TEST[0], batch(100, 3))]).collect()
}

fn archive(path: &Path, members: &[(&str, Vec<u8>)]) {
    let gz =
        flate2::write::GzEncoder::new(File::create(path).unwrap(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gz);
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("{FOLDER}/{name}"), &bytes[..])
            .unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

fn check(splits: &Splits) {
    let train = &splits.parts[&Split::Train];
    assert_eq!((train.len(), splits.parts[&Split::Test].len()), (10, 3));
    let record = train.read(7, Draws::STILL).unwrap();
    let (image, label) = picture(&record);
    assert_eq!((label, train.class(7).unwrap()), (Some(7), Some(7)));
    let first: Vec<u8> = [350usize, 430, 510].iter().map(|v| *v as u8).collect();
    assert_eq!(image.pixels[..3], first);
    assert_eq!(image.pixels[3 * 5], first[0] + 5);
    assert!(train.read(10, Draws::STILL).is_err());
    assert_eq!(splits.parts[&Split::Test].class(2).unwrap(), Some(2));
}

#[test]
fn folders_and_archives_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in batches() {
        help::write(&folder.path().join(FOLDER).join(name), bytes);
    }
    let places = help::given("cifar10", folder.path());
    let unpacked = help::splits(help::open_at("cifar10", &[], &places).unwrap());
    check(&unpacked);

    // members in another order, and one that is none of the batches
    let mut members = batches();
    members.reverse();
    members.insert(2, ("readme.html", vec![b'x'; 700]));
    let path = folder.path().join("c.tar.gz");
    archive(&path, &members);
    let packed = open(published(), [10, 3], &help::given("cifar10", &path)).unwrap();
    check(&packed);
    let manifest = |splits: &Splits| splits.parts[&Split::Train].manifest(&Silent).unwrap();
    assert_eq!(manifest(&unpacked), manifest(&packed));
}

#[test]
fn broken_batches_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let places = help::given("cifar10", folder.path());
    let write = |name: &str, bytes: &[u8]| help::write(&folder.path().join(name), bytes);
    let problem = help::open_at("cifar10", &[], &places).err().unwrap();
    assert!(problem.message.contains(ARCHIVE), "{problem}");
    for (name, bytes) in batches() {
        write(name, &bytes);
    }
    write(TRAIN[2], &batch(0, 2)[1..]);
    let problem = help::open_at("cifar10", &[], &places).err().unwrap();
    assert!(problem.message.contains(TRAIN[2]), "{problem}");

    let mut bad = batch(0, 2);
    bad[RECORD] = 11;
    write(TRAIN[2], &bad);
    let splits = help::splits(help::open_at("cifar10", &[], &places).unwrap());
    let error = splits.parts[&Split::Train]
        .read(0, Draws::STILL)
        .unwrap_err();
    assert!(
        error.message.contains("record 5") && error.message.contains("label 11"),
        "{error}"
    );
}

#[test]
fn an_archive_that_lacks_a_batch_or_a_record_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(ARCHIVE);
    archive(&path, &batches()[1..]);
    let places = help::given("cifar10", folder.path());
    let read = |sizes| {
        let splits = open(published(), sizes, &places).unwrap();
        splits.parts[&Split::Train]
            .read(0, Draws::STILL)
            .unwrap_err()
            .message
    };
    assert!(read([10, 3]).contains("data_batch_1.bin is not in it"));
    archive(&path, &batches());
    assert!(read([11, 3]).contains("not 11 records"));
}

/// A batch as Python 2 has pickled it, its texts `U`, its bytes `T`.
fn pickled(records: &[u8]) -> Vec<u8> {
    let n = (records.len() / RECORD) as u8;
    let rows = records.chunks_exact(RECORD);
    let labels: Vec<u8> = rows.clone().flat_map(|row| [b'K', row[0]]).collect();
    let data: Vec<u8> = rows.flat_map(|row| row[1..].to_vec()).collect();
    let size = (data.len() as u32).to_le_bytes();
    [
        b"\x80\x02}(U\x06labels](",
        &labels[..],
        b"eU\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01",
        &[b'K', n, b'M', 0, 12, 0x86],
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T",
        &size,
        &data,
        b"tbu.",
    ]
    .concat()
}

#[test]
fn batches_that_python_pickled_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut members = Vec::new();
    for (name, bytes) in batches() {
        let (name, bytes) = (Form::Python.name(name), pickled(&bytes));
        help::write(&folder.path().join(PYTHON_FOLDER).join(name), &bytes);
        members.push((name, bytes));
    }
    let unpacked = open(published(), [10, 3], &help::given("cifar10", folder.path())).unwrap();
    check(&unpacked);
    let path = folder.path().join(PYTHON_ARCHIVE);
    archive(&path, &members);
    let packed = open(published(), [10, 3], &help::given("cifar10", &path)).unwrap();
    check(&packed);

    let binary = tempfile::tempdir().unwrap();
    for (name, bytes) in batches() {
        help::write(&binary.path().join(name), bytes);
    }
    let binary = open(published(), [10, 3], &help::given("cifar10", binary.path())).unwrap();
    let manifest = |splits: &Splits| splits.parts[&Split::Train].manifest(&Silent).unwrap();
    assert_eq!(manifest(&unpacked), manifest(&packed));
    assert_eq!(manifest(&unpacked), manifest(&binary));

    let path = folder.path().join(PYTHON_FOLDER).join("data_batch_2");
    help::write(&path, b"\x80\x02cos\nsystem\nU\x04true\x85R.");
    let splits = open(published(), [10, 3], &help::given("cifar10", folder.path())).unwrap();
    let error = splits.parts[&Split::Train]
        .read(0, Draws::STILL)
        .unwrap_err();
    assert!(
        error.message.contains("data_batch_2: it calls `os.system`"),
        "{error}"
    );
}
