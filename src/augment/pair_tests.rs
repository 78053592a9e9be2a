//! Two texts as one: how much of each is left, where the second begins, and what is no pair.

use std::collections::BTreeMap;

use super::*;
use crate::augment::input::whole_words;
use crate::catalog::{Artifact, Value};
use crate::data::{DataError, Pieces};
use crate::graph::testing::args;

/// The paper's `_truncate_seq_pair`, which takes a piece at a time.
#[test]
fn the_longer_text_loses_a_piece_until_both_fit() {
    for room in 2..12 {
        for (a, b) in (0..15).flat_map(|a| (0..15).map(move |b| (a, b))) {
            let (mut first, mut second) = (a, b);
            while first + second > room {
                match first > second {
                    true => first -= 1,
                    false => second -= 1,
                }
            }
            assert_eq!(kept([a, b], room), [first, second], "{a} {b} in {room}");
        }
    }
}

fn vocabulary(pieces: Arc<Pieces>) -> Artifact {
    let sizes = BTreeMap::from([("size".to_owned(), 90)]);
    let fit = Artifact::new("pieces", "vocabulary", sizes);
    fit.fill(pieces);
    fit
}

fn letters() -> Arc<Pieces> {
    let text: Arc<str> = "a b c d e f g h ".repeat(2).into();
    let (bytes, _) = Pieces::fit(&mut [Ok(text)].into_iter(), 40, Default::default()).unwrap();
    Arc::new(Pieces::open(&bytes).unwrap())
}

fn given(pieces: Arc<Pieces>, length: i64) -> Args {
    let vocabulary = Value::Fit(vocabulary(pieces));
    args(
        &spec(),
        &[
            ("vocabulary", vocabulary),
            ("length", Value::Integer(length)),
        ],
    )
}

fn paired(args: &Args, texts: &[&str]) -> std::result::Result<Sample, DataError> {
    let texts = texts.iter().map(|text| Sample::text((*text).to_owned()));
    let mut out = Vec::new();
    let made = make(args, &[]).unwrap();
    made.apply(
        Sample::list(texts.collect()),
        &mut Philox::new(0, &[]),
        &mut Scratch::default(),
        &mut out,
    )?;
    Ok(out.remove(0))
}

#[test]
fn two_texts_are_enclosed_and_the_second_begins_behind_the_separator() {
    let pieces = letters();
    let args = given(pieces.clone(), 8);
    let [cls, sep] = ["[CLS]", "[SEP]"].map(|special| pieces.id(special).unwrap());
    let id = |letter: &str| pieces.id(letter).unwrap();
    for (first, second, wanted, begins) in [
        (
            "a b",
            "c",
            vec![cls, id("a"), id("b"), sep, id("c"), sep],
            4,
        ),
        (
            "a b c d",
            "e f g h",
            vec![cls, id("a"), id("b"), id("c"), sep, id("e"), id("f"), sep],
            5,
        ),
        ("", "c", vec![cls, sep, id("c"), sep], 2),
    ] {
        let value = paired(&args, &[first, second]).unwrap();
        let ty = SampleType::pairs(Some(8), Some(90));
        assert!(ty.holds(&value) && !SampleType::tokens(Some(8), Some(90)).holds(&value));
        let tokens = value.into_tokens().unwrap();
        assert_eq!((tokens.ids, tokens.second), (wanted, Some(begins)));
    }
    for texts in [&["a"][..], &["a", "b", "c"]] {
        let problem = paired(&args, texts).unwrap_err();
        assert!(problem.message.contains("no two texts"), "{problem:?}");
    }
}

#[test]
fn a_vocabulary_of_whole_words_encloses_nothing() {
    let args = given(whole_words(&[("a", 2), ("b", 1)]), 8);
    let problem = paired(&args, &["a", "b"]).unwrap_err();
    assert!(problem.message.contains("no [CLS]"), "{problem:?}");
}

#[test]
fn two_texts_are_a_pair_and_nothing_else_is() {
    let args = given(letters(), 16);
    let of = |inputs: &[&str]| {
        let inputs: Vec<SampleType> = inputs
            .iter()
            .map(|text| SampleType::parse(text).unwrap())
            .collect();
        types(&args, &inputs).map(|all| all[0].to_string())
    };
    assert_eq!(of(&["text", "text"]).unwrap(), "tokens[16] of 90 in pairs");
    for (inputs, found) in [
        (&["text"][..], "found `text`"),
        (&["text", "label(2)"], "found `text`, `label(2)`"),
        (&["text", "text", "text"], "found `text`, `text`, `text`"),
    ] {
        let problem = of(inputs).unwrap_err();
        assert!(problem.message.ends_with(found), "{problem:?}");
        assert!(problem.helps[0].contains("pair(pieces, 128)"));
    }
}
