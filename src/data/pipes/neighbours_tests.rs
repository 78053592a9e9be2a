use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::catalog::{Call, Problem, Result, Split, Value};
use crate::data::test_help::{call, data, given, write};
use crate::data::{Dataset, Draws, Sample, SampleType, Silent, Source, Splits, open};
use crate::language::codes::Code;

/// `documents("texts")` through pipes.
fn through(place: &Path, pipes: Vec<Call>) -> Result<Splits> {
    let source = data(
        call("documents", &[("name", Value::Text("texts".into()))]),
        pipes,
    );
    match open(&source, &BTreeMap::new(), &given("texts", place))? {
        Source::All(splits) => Ok(splits),
        Source::One(_) => panic!("one split"),
    }
}

fn train(place: &Path, pipes: Vec<Call>) -> Arc<dyn Dataset> {
    through(place, pipes).unwrap().parts[&Split::Train].clone()
}

fn refused(place: &Path, pipes: Vec<Call>) -> Problem {
    through(place, pipes).err().expect("it is refused")
}

fn sentences() -> Call {
    call("sentences", &[])
}

fn neighbours(next: f64, words: i64) -> Call {
    call(
        "neighbours",
        &[
            ("next", Value::Ratio(next)),
            ("words", Value::Integer(words)),
        ],
    )
}

/// `documents` texts, each of so many sentences of five words that say where they are from: `d3 s7 …`
fn folder(documents: usize, sentences: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = |d: usize| {
        let text: Vec<String> = (0..sentences)
            .map(|s| format!("D{d} s{s} is a sentence."))
            .collect();
        format!(
            "{{\"text\": \"{}\", \"label\": \"c{}\"}}\n",
            text.join(" "),
            d % 3
        )
    };
    write(
        &folder.path().join("train.jsonl"),
        (0..documents).map(line).collect::<String>(),
    );
    folder
}

fn text(sample: Sample) -> String {
    sample.into_text().unwrap().to_string()
}

/// Documents and sentences that a passage is of.
fn of(passage: &str) -> Vec<(usize, usize)> {
    let sentences = passage.split_inclusive('.').map(|sentence| {
        let mut words = sentence
            .split_whitespace()
            .map(|word| word[1..].parse().unwrap_or(usize::MAX));
        (words.next().unwrap(), words.next().unwrap())
    });
    sentences.collect()
}

#[derive(Debug, PartialEq)]
struct Pair {
    first: String,
    second: String,
    random: bool,
}

fn pair(part: &dyn Dataset, index: usize, draws: Draws) -> Pair {
    let mut record = part.read(index, draws).unwrap().into_iter();
    let (first, second) = (text(record.next().unwrap()), text(record.next().unwrap()));
    let random = record.next_back().unwrap().as_label().unwrap() == 1;
    Pair {
        first,
        second,
        random,
    }
}

#[test]
fn texts_become_their_sentences_and_nothing_else_changes() {
    let folder = folder(6, 4);
    let plain = train(folder.path(), vec![]);
    let part = train(folder.path(), vec![sentences()]);
    let list = SampleType::list(SampleType::TEXT, None);
    assert_eq!(
        *part.fields(),
        [
            ("sentences".into(), list),
            ("label".into(), SampleType::label(3))
        ]
    );
    assert_eq!((part.len(), part.class_names()), (6, plain.class_names()));
    for index in 0..6 {
        let mut record = part.read(index, Draws::STILL).unwrap();
        assert_eq!(record[1].as_label(), part.class(index).unwrap());
        assert_eq!(part.class(index).unwrap(), plain.class(index).unwrap());
        assert_eq!(part.id(index), plain.id(index));
        let own: Vec<String> = record
            .swap_remove(0)
            .into_list()
            .unwrap()
            .into_iter()
            .map(text)
            .collect();
        let wanted: Vec<String> = (0..4)
            .map(|s| format!("D{index} s{s} is a sentence."))
            .collect();
        assert_eq!(own, wanted);
    }
    assert_ne!(
        part.manifest(&Silent).unwrap(),
        plain.manifest(&Silent).unwrap()
    );
    assert!(
        part.read(6, Draws::STILL)
            .unwrap_err()
            .message
            .contains("there is no record 6")
    );
    // a text is no list of texts, and there is no second one
    let problem = refused(folder.path(), vec![sentences(), sentences()]);
    assert!(
        format!("{problem:?}").contains("no field of `text`"),
        "{problem:?}"
    );
    let named = call("sentences", &[("field", Value::Word("label".into()))]);
    let problem = refused(folder.path(), vec![named]);
    assert!(
        problem.message.contains("`label` is `label(3)`"),
        "{problem:?}"
    );
    let named = call("sentences", &[("field", Value::Word("body".into()))]);
    assert!(
        refused(folder.path(), vec![named])
            .message
            .contains("no field `body`")
    );
    let named = call("sentences", &[("field", Value::Word("text".into()))]);
    assert!(through(folder.path(), vec![named]).is_ok());
}

#[test]
fn a_text_of_no_words_is_a_bad_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    write(
        &path,
        format!("Some words.{}Then more. And more.", " ".repeat(400)),
    );
    let name = ("name", Value::Text("texts".into()));
    let lines = call("text_lines", &[name, ("passage", Value::Integer(64))]);
    let source = data(lines, vec![sentences()]);
    let Source::All(splits) = open(&source, &BTreeMap::new(), &given("texts", &path)).unwrap()
    else {
        panic!()
    };
    let part = &splits.parts[&Split::Train];
    let errors: Vec<String> = (0..part.len())
        .filter_map(|i| part.read(i, Draws::STILL).err())
        .map(|e| e.message)
        .collect();
    assert!(!errors.is_empty() && errors.len() < part.len());
    assert!(
        errors
            .iter()
            .all(|error| error.contains("holds no sentence")),
        "{errors:?}"
    );
    assert!(errors[0].starts_with("record "));
}

/// Forty texts of ten sentences of five words, of which six may be in a pair, read in a hundred epochs.
#[test]
fn half_of_the_pairs_follow_and_the_others_are_of_any_other_text() {
    let folder = folder(40, 10);
    let part = train(folder.path(), vec![sentences(), neighbours(0.5, 30)]);
    let names: Vec<&str> = part
        .fields()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["first", "second", "label", "next"]);
    assert_eq!(part.fields()[3].1, SampleType::label(2));
    let (epochs, mut follows) = (100, 0_u32);
    let mut others = [0_u32; 40];
    let (mut starts, mut cuts, mut places) = ([[0_u32; 9]; 2], [0_u32; 6], [0_u32; 10]);
    for epoch in 0..epochs {
        for index in 0..40 {
            let Pair {
                first,
                second,
                random,
            } = pair(&*part, index, Draws::new(7, epoch));
            let (a, b) = (of(&first), of(&second));
            assert!(a.len() + b.len() <= 6 && !b.is_empty());
            for run in [&a, &b] {
                assert!(
                    run.windows(2).all(|two| two[1] == (two[0].0, two[0].1 + 1)),
                    "{run:?}"
                );
            }
            assert!(a.iter().all(|(d, _)| *d == index));
            starts[usize::from(random)][a[0].1] += 1;
            if !random {
                follows += 1;
                let last = a[a.len() - 1];
                assert_eq!(b[0], (last.0, last.1 + 1));
                // of those that begin early enough to be whole
                if a[0].1 < 5 {
                    cuts[a.len()] += 1;
                }
            } else {
                assert!(b.iter().all(|(d, _)| *d == b[0].0 && *d != index));
                others[b[0].0] += 1;
                places[b[0].1] += 1;
            }
        }
    }
    let near = |found: u32, n: u32, p: f64| {
        let expected = f64::from(n) * p;
        let deviation = (expected * (1.0 - p)).sqrt();
        assert!(
            (f64::from(found) - expected).abs() < 5.0 * deviation,
            "{found} of {n}, not {p}"
        );
    };
    let all = 40 * epochs as u32;
    let random = all - follows;
    near(follows, all, 0.5);
    others.iter().for_each(|n| near(*n, random, 1.0 / 40.0));
    places.iter().for_each(|n| near(*n, random, 0.1));
    // where the first begins tells nothing of the second
    starts[0].iter().for_each(|n| near(*n, follows, 1.0 / 9.0));
    starts[1].iter().for_each(|n| near(*n, random, 1.0 / 9.0));
    let whole = cuts.iter().sum();
    cuts[1..].iter().for_each(|n| near(*n, whole, 0.2));
}

#[test]
fn equal_draws_give_equal_pairs_and_another_epoch_others() {
    let folder = folder(30, 12);
    let part = train(folder.path(), vec![sentences(), neighbours(0.5, 40)]);
    let all = |draws: Draws| (0..30).map(|i| pair(&*part, i, draws)).collect::<Vec<_>>();
    let first = all(Draws::new(1, 0));
    assert_eq!(first, all(Draws::new(1, 0)));
    for other in [
        Draws::new(1, 1),
        Draws::new(2, 0),
        Draws::new(1, 0).below(3),
    ] {
        let same = all(other)
            .iter()
            .zip(&first)
            .filter(|(a, b)| a == b)
            .count();
        assert!(same < 5, "{same}");
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(all(Draws::new(1, 0)), first));
        }
    });
    // what was drawn for a record goes with it
    let take = call("take", &[("amount", Value::Ratio(0.5))]);
    let half = train(folder.path(), vec![sentences(), take, neighbours(0.5, 40)]);
    assert_eq!(half.len(), 15);
    let kept: BTreeSet<u64> = (0..15).map(|i| half.id(i)).collect();
    for index in 0..15 {
        let own = pair(&*half, index, Draws::new(1, 0));
        let before = &first[half.id(index) as usize];
        assert_eq!((own.random, &own.first), (before.random, &before.first));
        assert!(own.random || own == *before);
        assert!(
            of(&own.second)
                .iter()
                .all(|(d, _)| kept.contains(&(*d as u64)))
        );
    }
}

#[test]
fn passages_of_one_split_are_never_of_another() {
    let folder = folder(40, 5);
    let hold_out = call("hold_out", &[("amount", Value::Ratio(0.25))]);
    let splits = through(
        folder.path(),
        vec![sentences(), hold_out, neighbours(0.0, 20)],
    )
    .unwrap();
    for part in splits.parts.values() {
        let own: BTreeSet<usize> = (0..part.len()).map(|i| part.id(i) as usize).collect();
        for index in 0..part.len() {
            let found = pair(&**part, index, Draws::new(3, 1));
            let (d, _) = of(&found.second)[0];
            assert!(found.random && own.contains(&d) && d != part.id(index) as usize);
        }
    }
    assert_eq!(splits.parts[&Split::Valid].len(), 10);
}

#[test]
fn long_short_and_single_sentences_are_taken_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.jsonl");
    let long = "word ".repeat(500);
    write(
        &path,
        format!(
            "{{\"text\": \"Only one.\"}}\n{{\"text\": \"{long}. And {long}. 他来了。她走了。\"}}\n"
        ),
    );
    let part = train(folder.path(), vec![sentences(), neighbours(1.0, 10)]);
    assert_eq!(part.fields().len(), 3);
    // its label is drawn: no class is known before
    assert_eq!(
        (part.class(0).unwrap(), part.class_names()[1].as_str()),
        (None, "random")
    );
    for epoch in 0..50 {
        let one = pair(&*part, 0, Draws::new(1, epoch));
        assert!(one.random && one.first == "Only one." && !one.second.is_empty());
        let two = pair(&*part, 1, Draws::new(1, epoch));
        assert!(!two.random && !two.first.is_empty() && !two.second.is_empty());
    }
    // a letter of Chinese is a word
    assert_eq!(super::words("他来了。她走了。 yes"), 7);
}

#[test]
fn what_has_no_neighbours_is_refused() {
    let folder = folder(1, 9);
    let problem = refused(folder.path(), vec![sentences(), neighbours(0.5, 96)]);
    assert_eq!(problem.code, Code::TooFewSamples);
    let problem = refused(folder.path(), vec![neighbours(0.5, 96)]);
    assert!(
        format!("{problem:?}").contains("|> sentences()"),
        "{problem:?}"
    );
    let two = self::folder(2, 9);
    let without = call("without", &[("field", Value::Word("label".into()))]);
    let pipes = vec![sentences(), neighbours(0.5, 96), without];
    let part = train(two.path(), pipes);
    // the classes of what was dropped are not those of what is left
    assert_eq!(
        (part.class(0).unwrap(), part.class_names().len()),
        (None, 0)
    );
    // the other one is not always read
    write(
        &two.path().join("train.jsonl"),
        b"{\"text\": \"One. Two. Three.\"}\n{\"text\": \"caf\xe9. Bar.\"}\n",
    );
    let part = train(two.path(), vec![sentences(), neighbours(0.0, 96)]);
    let error = part.read(0, Draws::STILL).unwrap_err();
    assert!(error.message.contains("line 2 of"), "{error:?}");
    let mended = part.mend(0, Draws::STILL).unwrap();
    assert!(["caf�. Bar.", "Bar."].contains(&&*text(mended[1].clone())));
}
