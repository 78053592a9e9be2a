use std::path::Path;

use super::*;

/// Pickles that Python has written: `tests/fixtures/data/pickles/pickles.py`.
fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/data/pickles");
    std::fs::read(Path::new(folder).join(name)).unwrap()
}

#[test]
fn batches_of_every_python_are_read_alike() {
    for name in ["python2", "protocol2", "protocol3", "protocol4"] {
        let found = rows(&fixture(&format!("{name}.pickle")), 6).unwrap();
        assert_eq!(found.labels, [3, 9], "{name}");
        assert_eq!(
            *found.data,
            [0, 1, 2, 3, 4, 255, 9, 8, 7, 6, 5, 128],
            "{name}"
        );
    }
}

#[test]
fn what_is_no_batch_is_refused() {
    for (name, wanted) in [
        ("calls", "it calls `os.system`"),
        ("floats", "its array is of `f4`"),
        ("columns", "column by column"),
        ("protocol5", "protocol 5"),
    ] {
        let problem = rows(&fixture(&format!("{name}.pickle")), 6).unwrap_err();
        assert!(problem.contains(wanted), "{name}: {problem}");
    }
    assert!(
        rows(&fixture("python2.pickle"), 7)
            .unwrap_err()
            .contains("want 7 bytes")
    );
    for (bytes, wanted) in [
        (&b""[..], "ends early"),
        (b"\x80\x02}.", "no `data`"),
        (b"K\x01.", "no dictionary"),
        (b"i", "the instruction 0x69"),
        (b"R", "more values than it has"),
        (b"h\x05.", "recalls"),
        (b"t", "a mark is missing"),
        (b"(K\x01)R", "calls what is no function"),
        (b"T\xff\xff\xff\xff", "ends early"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "ends early"),
        (b"cnumpy", "a name has no end"),
    ] {
        let problem = rows(bytes, 6).unwrap_err();
        assert!(problem.contains(wanted), "{bytes:?}: {problem}");
    }
    // values in one another are not dropped deep
    let deep = [b")".to_vec(), vec![0x85; 100_000]].concat();
    assert!(rows(&deep, 6).unwrap_err().contains("deep in one another"));
    let deep: Vec<u8> = [
        &b"]"[..],
        &b"]".repeat(100_000),
        &b"a".repeat(100_000),
        b".",
    ]
    .concat();
    assert!(rows(&deep, 6).is_err());
    assert!(
        rows(&b"(".repeat(1000), 6)
            .unwrap_err()
            .contains("too many marks")
    );
    assert!(
        rows(&b"N".repeat(MOST_VALUES + 1), 6)
            .unwrap_err()
            .contains("too many values")
    );
}

#[test]
fn every_damage_is_an_error_or_a_batch_of_as_many_bytes() {
    for name in ["python2", "protocol2", "protocol4"] {
        let whole = fixture(&format!("{name}.pickle"));
        for end in 0..whole.len() {
            assert!(rows(&whole[..end], 6).is_err(), "{name} {end}");
        }
        for at in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                if let Ok(found) = rows(&damaged, 6) {
                    assert_eq!(found.data.len(), 12);
                }
            }
        }
    }
}
