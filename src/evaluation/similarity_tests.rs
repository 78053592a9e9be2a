//! Against gensim (`tests/fixtures/evaluation/exams.py`), and files that are wrong.

use super::super::testing::{exams, judged, table};
use super::*;
use crate::catalog::Value;

#[test]
fn correlations_are_those_of_gensim() {
    let fixture = exams();
    let pairs = fixture["pairs"].as_str().expect("pairs");
    let spaced = pairs.replace('\t', " ");
    let comma = pairs.replace('\t', ",");
    for exam in fixture["exams"].as_array().expect("exams") {
        let restrict = exam["restrict"].as_i64().expect("a count");
        for file in [pairs, &spaced, &comma] {
            let given = [("restrict", Value::Integer(restrict))];
            let findings = judged(spec(), &given, file.as_bytes(), table()).expect("findings");
            for (metric, peer) in findings.metrics.iter().zip(["spearman", "pairs answered"]) {
                let peer = exam[peer].as_f64().expect("a number");
                assert!(
                    (metric.value - peer).abs() < 1e-9,
                    "{metric:?}, gensim {peer}"
                );
            }
        }
    }
}

#[test]
fn equal_values_share_their_ranks() {
    assert_eq!(ranks(&[5.0, 1.0, 5.0, 0.0]), [3.5, 2.0, 3.5, 1.0]);
    // 1 - 6 Σd² / (n (n² - 1)) without ties: d = (1, 1, 0)
    assert!((spearman(&[1.0, 2.0, 3.0], &[2.0, 1.0, 9.0]) - 0.5).abs() < 1e-12);
    assert_eq!(spearman(&[1.0, 2.0, 3.0], &[9.0, 8.0, -1.0]), -1.0);
    assert!(spearman(&[1.0, 1.0], &[0.0, 1.0]).is_nan());
    assert!(spearman(&[], &[]).is_nan());
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_line() {
    for (file, why) in [
        (
            &b"a b 1\na b\n"[..],
            "line 2: 2 fields, and a pair has two words and a number",
        ),
        (b"a b 1\na b c\n", "line 2: the third field is no number"),
        (b"a b 1\na b nan\n", "line 2: the third field is no number"),
        (
            b"a b\n",
            "line 1: 2 fields, and a pair has two words and a number",
        ),
        (
            b"a\tb\t1\n\tb\t1\n",
            "line 2: 2 fields, and a pair has two words and a number",
        ),
        (b"a\tb\t1\nb\t\t1\n", "line 2: a word is missing"),
        (
            b"a b 1 2\n",
            "line 1: 4 fields, and a pair has two words and a number",
        ),
        (
            b"# a b 1\nfirst second score\n",
            "it holds no pairs of words",
        ),
        (b"a b 1\n\xff b 1\n", "line 2: it is not UTF-8"),
    ] {
        assert_eq!(parse(file).expect_err(why).message, why);
    }
    let header = b"# from nowhere\nWord 1,Word 2,Human (mean)\ntiger,cat,7.35\n";
    let pairs = parse(header).expect("pairs");
    assert_eq!(pairs.len(), 1);
    assert_eq!((pairs[0].words[1].as_str(), pairs[0].score), ("cat", 7.35));
}
