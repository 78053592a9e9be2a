//! Against gensim (`tests/fixtures/evaluation/exams.py`), and files that are wrong.

use super::super::testing::{exams, judged, table};
use super::*;
use crate::catalog::Value;

fn found(file: &str, restrict: i64, table: super::super::Table) -> Findings {
    let given = [("restrict", Value::Integer(restrict))];
    judged(spec(), &given, file.as_bytes(), table).expect("findings")
}

#[test]
fn answers_are_those_of_gensim() {
    let fixture = exams();
    let questions = fixture["questions"].as_str().expect("questions");
    for exam in fixture["exams"].as_array().expect("exams") {
        let number = |name: &str| exam[name].as_u64().expect("a count") as f64;
        let restrict = exam["restrict"].as_i64().expect("a count");
        let findings = found(questions, restrict, table());
        let [all, answered, sections @ ..] = &findings.metrics[..] else {
            panic!("{findings:?}")
        };
        assert_eq!((all.place.as_str(), all.name), ("", "accuracy"));
        assert_eq!(all.value, number("right") / number("answered"));
        assert_eq!((answered.place.as_str(), answered.name), ("", "answered"));
        assert_eq!(answered.value, number("answered") / number("asked"));
        let peers = exam["sections"].as_object().expect("sections");
        let mut told = 0;
        for (name, counts) in peers {
            let [right, answered] = [0, 1].map(|at| counts[at].as_f64().expect("a count"));
            let own = sections.iter().find(|metric| metric.place == *name);
            // a section of which nothing can be answered has no number
            assert_eq!(
                own.map(|own| own.value),
                (answered > 0.0).then(|| right / answered)
            );
            told += usize::from(own.is_some());
        }
        assert_eq!(sections.len(), told);
        assert_eq!(findings.one(ACCURACY), Some(all));
        let [Exhibit::Text(text)] = &findings.exhibits[..] else {
            panic!("{findings:?}")
        };
        assert_eq!(text.lines().count(), peers.len());
        assert!(
            text.ends_with("unknown      0 right of 0 answered of 1\n"),
            "{text}"
        );
    }
}

/// In the plane: north and east, and what lies between.
fn plane(words: &[(&str, [f32; 2])]) -> super::super::Table {
    super::super::Table {
        rows: words.iter().flat_map(|(_, row)| *row).collect(),
        dim: 2,
        words: words
            .iter()
            .map(|(word, _)| Some((*word).to_owned()))
            .collect(),
    }
}

#[test]
fn no_word_of_a_question_is_its_answer() {
    // b - a + c is b itself, and the nearest other word is `near`
    let words = [
        ("a", [1.0, 0.0]),
        ("b", [0.0, 2.0]),
        ("near", [0.1, 1.0]),
        ("far", [-1.0, 0.2]),
    ];
    let right =
        |question: &str| found(&format!(": all\n{question}\n"), 9, plane(&words)).metrics[0].value;
    assert_eq!(right("a b a near"), 1.0);
    assert_eq!(right("a b a b"), 0.0);
    assert_eq!(right("a b a far"), 0.0);
}

#[test]
fn lengths_of_vectors_do_not_count() {
    let question = ": all\nman king woman queen\n";
    let words = |length: f32| {
        plane(&[
            ("man", [length, 0.0]),
            ("king", [0.6 * length, 0.8 * length]),
            ("woman", [0.96, 0.28]),
            ("queen", [0.46, 0.89]),
            ("long", [90.0, 0.0]),
        ])
    };
    for length in [0.01, 1.0, 100.0] {
        assert_eq!(found(question, 9, words(length)).metrics[0].value, 1.0);
    }
}

#[test]
fn of_nothing_answered_there_is_no_accuracy() {
    let findings = found(": all\nw x y z\n", 9, plane(&[("a", [1.0, 0.0])]));
    assert_eq!(findings.metrics.len(), 2);
    assert!(findings.metrics[0].value.is_nan());
    assert_eq!(findings.metrics[1].value, 0.0);
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_line() {
    for (file, why) in [
        (
            &b": all\na b c\n"[..],
            "line 2: 3 words, and a question has four",
        ),
        (
            b": all\na b c d\n\na b c d e\n",
            "line 4: 5 words, and a question has four",
        ),
        (
            b"a b c d\n",
            "line 1: a question stands before the first section",
        ),
        (b":\na b c d\n", "line 1: a word is missing"),
        (b": all\n", "it holds no questions"),
        (b"", "it holds no questions"),
        (b": all\na b \xff d\n", "line 2: it is not UTF-8"),
        (
            b": all\na b c \x1b[2J\n",
            "line 2: a word holds a control character",
        ),
    ] {
        assert_eq!(parse(file).expect_err(why).message, why);
    }
    let long = format!(": all\na b c {}\n", "d".repeat(201));
    let why = parse(long.as_bytes()).expect_err("a long word").message;
    assert_eq!(why, "line 2: a word has more than 200 letters");
}

#[test]
fn sections_of_one_name_are_one() {
    let file = "\u{feff}: one\r\na b c d\r\n:two\r\na b c d\r\n: one\r\ne f g h\r\n";
    let sections = parse(file.as_bytes()).expect("sections");
    let counts: Vec<_> = sections
        .iter()
        .map(|s| (s.name.as_str(), s.questions.len()))
        .collect();
    assert_eq!(counts, [("one", 2), ("two", 1)]);
}
