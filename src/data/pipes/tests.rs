use std::collections::{BTreeMap, BTreeSet};

use super::choice::shares;
use crate::catalog::{Call, Data, DataSource, Problem, Result, Split, Value};
use crate::data::test_help::{call, data, named};
use crate::data::{Dataset, Draws, Places, Sample, Silent, Source, Splits, open};
use crate::language::codes::Code;

/// `shapes(train = n, …)` by the name `s`.
fn shapes(train: i64) -> BTreeMap<String, Splits> {
    let sizes = [
        ("train", Value::Integer(train)),
        ("valid", Value::Integer(30)),
        ("test", Value::Integer(40)),
    ];
    let all = data(call("shapes", &sizes), Vec::new());
    match open(&all, &BTreeMap::new(), &Places::default()) {
        Ok(Source::All(splits)) => [("s".to_owned(), splits)].into(),
        _ => panic!(),
    }
}

fn split(
    named: &BTreeMap<String, Splits>,
    split: Split,
    pipes: Vec<Call>,
) -> Result<std::sync::Arc<dyn Dataset>> {
    let one = super::super::test_help::named("s", Some(split), pipes);
    match open(&one, named, &Places::default())? {
        Source::One(part) => Ok(part),
        Source::All(_) => panic!(),
    }
}

/// `shapes` without its valid split.
fn no_valid(train: i64) -> BTreeMap<String, Splits> {
    let mut all = shapes(train);
    for splits in all.values_mut() {
        splits.parts.remove(&Split::Valid);
    }
    all
}

fn ids(part: &dyn Dataset) -> Vec<u64> {
    (0..part.len()).map(|i| part.id(i)).collect()
}

fn per_class(part: &dyn Dataset) -> Vec<usize> {
    let mut counts = vec![0; 10];
    for i in 0..part.len() {
        counts[part.class(i).unwrap().unwrap() as usize] += 1;
    }
    counts
}

fn ratio(part: f64) -> (&'static str, Value) {
    ("amount", Value::Ratio(part))
}

fn count(n: i64) -> (&'static str, Value) {
    ("amount", Value::Integer(n))
}

fn per() -> (&'static str, Value) {
    ("per", Value::Word("class".into()))
}

fn seed(n: i64) -> (&'static str, Value) {
    ("seed", Value::Integer(n))
}

fn problem(result: Result<std::sync::Arc<dyn Dataset>>) -> Problem {
    result.err().expect("it should be refused")
}

#[test]
fn take_keeps_a_part_in_order_with_its_ids() {
    let all = shapes(1000);
    let take =
        |args: &[(&str, Value)]| split(&all, Split::Train, vec![call("take", args)]).unwrap();
    let part = take(&[ratio(0.1)]);
    let chosen = ids(&*part);
    assert_eq!(chosen.len(), 100);
    assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]) && chosen[99] < 1000);
    for (i, id) in chosen.iter().enumerate() {
        // class of a shape is its index modulo 10
        assert_eq!(u64::from(part.class(i).unwrap().unwrap()), id % 10);
    }
    assert_ne!(chosen, ids(&*take(&[ratio(0.1), seed(1)])));
    assert_eq!(chosen, ids(&*take(&[count(100)])));
    // a smaller choice is part of a larger one
    let more: BTreeSet<u64> = ids(&*take(&[count(300)])).into_iter().collect();
    assert!(chosen.iter().all(|id| more.contains(id)));
    assert!(part.read(100, Draws::STILL).is_err());
}

#[test]
fn take_per_class_takes_the_same_of_each() {
    let all = shapes(1000);
    let take =
        |args: &[(&str, Value)]| split(&all, Split::Train, vec![call("take", args)]).unwrap();
    assert_eq!(per_class(&*take(&[ratio(0.01), per()])), [1; 10]);
    assert_eq!(per_class(&*take(&[count(7), per()])), [7; 10]);
    // not so without `per`
    assert_ne!(per_class(&*take(&[count(70)])), [7; 10]);
}

#[test]
fn parts_of_classes_are_what_take_keeps_and_lie_within_one_another() {
    let all = shapes(1000);
    let base = split(&all, Split::Train, Vec::new()).unwrap();
    let classes: Vec<u32> = (0..1000)
        .map(|index| base.class(index).unwrap().unwrap())
        .collect();
    let shares = [0.01, 0.05, 0.3];
    for of_seed in [0, 3] {
        let parts = super::parts_of_classes(&classes, &shares, of_seed as u64);
        for (part, share) in parts.iter().zip(shares) {
            let args = [ratio(share), per(), seed(of_seed)];
            let kept = split(&all, Split::Train, vec![call("take", &args)]).unwrap();
            let kept: Vec<usize> = ids(&*kept).into_iter().map(|id| id as usize).collect();
            assert_eq!(*part, kept);
        }
        assert!(parts[0].iter().all(|row| parts[1].contains(row)));
        assert!(parts[1].iter().all(|row| parts[2].contains(row)));
    }
    // one of each class at least, and of uneven classes each its share
    let uneven = [vec![0; 90], vec![1; 9], vec![3; 1]].concat();
    let parts = super::parts_of_classes(&uneven, &[0.001, 0.2, 1.0], 0);
    let sizes: Vec<usize> = parts.iter().map(Vec::len).collect();
    assert_eq!(sizes, [3, 21, 100]);
    assert!(super::parts_of_classes(&[], &[0.5], 0)[0].is_empty());
}

#[test]
fn take_refuses_what_can_not_be() {
    let all = shapes(1000);
    for (args, what) in [
        (vec![ratio(0.0)], "is none"),
        (vec![count(1001)], "1001 of 1000"),
        (vec![ratio(0.005), per()], "one of each of 10"),
        (vec![count(101), per()], "1010 of 1000"),
    ] {
        let problem = problem(split(&all, Split::Train, vec![call("take", &args)]));
        assert_eq!(problem.code, Code::TooFewSamples);
        assert!(problem.message.contains(what), "{problem}");
    }
    let no_label = call("without", &[("field", Value::Word("label".into()))]);
    let pipes = vec![no_label, call("take", &[ratio(0.1), per()])];
    assert_eq!(
        problem(split(&all, Split::Train, pipes)).code,
        Code::UnknownPart
    );
    // enough records in all, but 30 valid shapes have three of a class
    let part = split(
        &all,
        Split::Valid,
        vec![call("take", &[count(10)]), call("take", &[count(1), per()])],
    );
    let error = part.unwrap().read(0, Draws::STILL).unwrap_err();
    assert!(
        error
            .message
            .contains("there are only 0 records of class `"),
        "{error}"
    );
}

#[test]
fn hold_out_divides_the_train_split_by_class() {
    let all = no_valid(1000);
    let held = |args: &[(&str, Value)]| {
        let source = open(
            &named("s", None, vec![call("hold_out", args)]),
            &all,
            &Places::default(),
        );
        match source.unwrap() {
            Source::All(splits) => splits,
            Source::One(_) => panic!(),
        }
    };
    let splits = held(&[ratio(0.1)]);
    let (train, valid) = (&splits.parts[&Split::Train], &splits.parts[&Split::Valid]);
    assert_eq!(
        (train.len(), valid.len(), splits.parts[&Split::Test].len()),
        (900, 100, 40)
    );
    assert_eq!(per_class(&**valid), [10; 10]);
    let mut both = [ids(&**train), ids(&**valid)].concat();
    both.sort_unstable();
    assert_eq!(both, (0..1000).collect::<Vec<u64>>());
    assert_ne!(
        ids(&**valid),
        ids(&*held(&[ratio(0.1), seed(1)]).parts[&Split::Valid])
    );
    let manifests: BTreeSet<String> = [train, valid, &all["s"].parts[&Split::Train]]
        .map(|part| part.manifest(&Silent).unwrap())
        .into();
    assert_eq!(manifests.len(), 3);
}

#[test]
fn hold_out_refuses_what_can_not_be() {
    let pipe = || vec![call("hold_out", &[ratio(0.1)])];
    let open_all = |all: &BTreeMap<String, Splits>, pipes| {
        open(&named("s", None, pipes), all, &Places::default())
            .err()
            .unwrap()
    };
    assert_eq!(open_all(&shapes(100), pipe()).code, Code::Duplicate);
    assert_eq!(
        problem(split(&no_valid(100), Split::Train, pipe())).code,
        Code::WrongKind
    );
    let all = vec![call("hold_out", &[ratio(1.0)])];
    assert_eq!(open_all(&no_valid(100), all).code, Code::TooFewSamples);
}

#[test]
fn without_drops_a_field_and_only_that() {
    let all = shapes(100);
    let drop = |field: &str| call("without", &[("field", Value::Word(field.into()))]);
    let part = split(&all, Split::Train, vec![drop("label")]).unwrap();
    assert_eq!(part.fields().len(), 1);
    assert_eq!(part.read(3, Draws::STILL).unwrap().len(), 1);
    assert_eq!(part.class(3).unwrap(), None);
    assert!(part.class_names().is_empty());
    assert_eq!(part.id(3), 3);
    let twice = problem(split(
        &all,
        Split::Train,
        vec![drop("label"), drop("label")],
    ));
    assert_eq!(twice.code, Code::UnknownPart);
    let nothing = problem(split(
        &all,
        Split::Train,
        vec![drop("label"), drop("image")],
    ));
    assert!(nothing.message.contains("only field"), "{nothing}");
}

#[test]
fn concat_joins_splits_and_keeps_ids_apart() {
    let all = shapes(100);
    let of = |split| Value::Data(named("s", split, Vec::new()));
    let part = split(
        &all,
        Split::Test,
        vec![call("concat", &[("a", of(Some(Split::Valid)))])],
    )
    .unwrap();
    assert_eq!(part.len(), 70);
    let ids: BTreeSet<u64> = ids(&*part).into_iter().collect();
    assert_eq!(ids.len(), 70);
    let picture =
        |part: &dyn Dataset, i: usize| format!("{:?}", part.read(i, Draws::STILL).unwrap());
    assert_eq!(
        picture(&*part, 0),
        picture(&*all["s"].parts[&Split::Test], 0)
    );
    assert_eq!(
        picture(&*part, 40),
        picture(&*all["s"].parts[&Split::Valid], 0)
    );
    assert_eq!(part.class(43).unwrap(), Some(3));
    assert!(part.read(70, Draws::STILL).is_err() && part.class(70).is_err());
    // the same at the head of an expression, and of whole data sets
    let head = |a, b| {
        let call = call("concat", &[("a", of(a)), ("b", of(b))]);
        open(&data(call, Vec::new()), &all, &Places::default())
    };
    let Ok(Source::One(other)) = head(Some(Split::Test), Some(Split::Valid)) else {
        panic!()
    };
    assert_eq!(
        other.manifest(&Silent).unwrap(),
        part.manifest(&Silent).unwrap()
    );
    let Ok(Source::All(splits)) = head(None, None) else {
        panic!()
    };
    assert_eq!(splits.parts[&Split::Train].len(), 200);
    assert_eq!(
        head(None, Some(Split::Test)).err().unwrap().code,
        Code::WrongKind
    );
}

#[test]
fn records_stand_beside_one_another() {
    let all = shapes(100);
    let of = |split| named("s", Some(split), vec![]);
    let data = |parts: &[(&str, Data)]| Data {
        source: DataSource::Beside(
            parts
                .iter()
                .map(|(name, data)| ((*name).to_owned(), data.clone()))
                .collect(),
        ),
        ..of(Split::Train)
    };
    let open = |parts: &[(&str, Data)]| open(&data(parts), &all, &Places::default());
    let Ok(Source::One(both)) = open(&[("few", of(Split::Valid)), ("many", of(Split::Train))])
    else {
        panic!()
    };
    let names: Vec<&str> = both
        .fields()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        ["few_image", "few_label", "many_image", "many_label"]
    );
    // the larger is gone through, whichever is named first
    let train = &all["s"].parts[&Split::Train];
    let valid = &all["s"].parts[&Split::Valid];
    assert_eq!(both.len(), train.len());
    let text = |value: &Sample| format!("{value:?}");
    let own: Vec<String> = (0..valid.len())
        .map(|i| text(&valid.read(i, Draws::STILL).unwrap()[0]))
        .collect();
    let mut beside = BTreeSet::new();
    let mut changed = 0;
    for i in 0..both.len() {
        let record = both.read(i, Draws::new(1, 0)).unwrap();
        assert_eq!(
            text(&record[2]),
            text(&train.read(i, Draws::STILL).unwrap()[0])
        );
        assert_eq!(both.class(i).unwrap(), record[3].as_label());
        let at = own
            .iter()
            .position(|other| *other == text(&record[0]))
            .unwrap();
        assert_eq!(record[1].as_label(), valid.class(at).unwrap());
        beside.insert(at);
        // the same again, and another one in the next epoch
        assert_eq!(
            text(&both.read(i, Draws::new(1, 0)).unwrap()[0]),
            text(&record[0])
        );
        let next = both.read(i, Draws::new(1, 1)).unwrap();
        changed += usize::from(text(&next[0]) != text(&record[0]));
    }
    // 100 draws of 30 leave one out on average: 30 · (29/30)^100
    assert!(beside.len() > 20, "{}", beside.len());
    assert!(changed > both.len() / 2, "{changed}");
    assert!(both.read(both.len(), Draws::STILL).is_err());
    // whole data sets: the splits that both have
    let whole = |name: &str| named(name, None, vec![]);
    let Ok(Source::All(splits)) = open(&[("a", whole("s")), ("b", whole("s"))]) else {
        panic!()
    };
    assert_eq!(splits.parts.len(), all["s"].parts.len());
    let mixed = open(&[("a", whole("s")), ("b", of(Split::Train))]);
    assert_eq!(mixed.err().unwrap().code, Code::WrongKind);
}

#[test]
fn concat_keeps_what_all_have() {
    let all = shapes(100);
    let without = |field: &str| call("without", &[("field", Value::Word(field.into()))]);
    let valid = |field| {
        let part = Value::Data(named("s", Some(Split::Valid), vec![without(field)]));
        call("concat", &[("a", part)])
    };
    // labelled records, then unlabelled ones, and the other way round
    let whole = call(
        "concat",
        &[("a", Value::Data(named("s", Some(Split::Valid), vec![])))],
    );
    for pipes in [vec![valid("label")], vec![without("label"), whole]] {
        let joined = split(&all, Split::Train, pipes).unwrap();
        assert_eq!(joined.len(), 130);
        assert_eq!(joined.fields().len(), 1);
        assert_eq!(joined.fields()[0].0, "image");
        assert!(joined.class_names().is_empty());
        for at in [0, 129] {
            assert_eq!(joined.class(at).unwrap(), None);
            assert_eq!(joined.read(at, Draws::STILL).unwrap().len(), 1);
        }
    }
    let nothing = problem(split(
        &all,
        Split::Train,
        vec![without("image"), valid("label")],
    ));
    assert_eq!(nothing.code, Code::SampleType);
    assert!(
        nothing.notes[0].contains("label(10)"),
        "{:?}",
        nothing.notes
    );
}

#[test]
fn pipes_of_a_whole_data_set_treat_each_split() {
    let all = shapes(100);
    let pipes = vec![call("take", &[ratio(0.5)])];
    let Ok(Source::All(splits)) = open(&named("s", None, pipes), &all, &Places::default()) else {
        panic!()
    };
    let lens: Vec<usize> = splits.parts.values().map(|part| part.len()).collect();
    assert_eq!(lens, [50, 15, 20]);
}

#[test]
fn shares_are_largest_remainders() {
    assert_eq!(shares(&[100, 200, 300], 60), [10, 20, 30]);
    // exact: 3.33 each; the first of equal remainders gets the one that is left
    assert_eq!(shares(&[10, 10, 10], 10), [4, 3, 3]);
    // exact: 0.1, 0.9, 2.0
    assert_eq!(shares(&[1, 9, 20], 3), [0, 1, 2]);
    assert_eq!(shares(&[0, 0], 0), [0, 0]);
}

#[test]
fn names_and_splits_that_are_not_there_are_errors_with_what_is() {
    let all = no_valid(100);
    let wanted = problem(split(&all, Split::Valid, Vec::new()));
    assert_eq!(wanted.code, Code::UnknownPart);
    assert!(
        wanted.notes[0].contains("`train` and `test`"),
        "{:?}",
        wanted.notes
    );
    assert!(wanted.helps[0].contains("hold_out"), "{:?}", wanted.helps);
    let unknown = open(&named("t", None, Vec::new()), &all, &Places::default());
    assert_eq!(unknown.err().unwrap().code, Code::UnknownName);
}

/// Twelve records in groups of one to four.
struct Parts(Vec<(String, crate::data::SampleType)>);

impl Dataset for Parts {
    fn fields(&self) -> &crate::data::Fields {
        &self.0
    }

    fn len(&self) -> usize {
        12
    }

    fn read(
        &self,
        index: usize,
        _: crate::data::Draws,
    ) -> std::result::Result<crate::data::Record, crate::data::DataError> {
        Ok(vec![crate::data::Sample::label(index as u32)])
    }

    fn class(&self, _: usize) -> std::result::Result<Option<u32>, crate::data::DataError> {
        Ok(None)
    }

    fn manifest(
        &self,
        _: &dyn crate::data::Progress,
    ) -> std::result::Result<String, crate::data::DataError> {
        Ok("parts".into())
    }

    fn group(&self, index: usize) -> Option<u64> {
        Some([0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 4, 4][index])
    }
}

/// Whatever the seed: no group lies on both sides, and as many groups as were asked for are held out.
#[test]
fn groups_are_held_out_as_a_whole() {
    for seed in 0..20 {
        let mut splits = crate::data::Splits::default();
        splits
            .parts
            .insert(Split::Train, std::sync::Arc::new(Parts(Vec::new())));
        let given = [
            ("amount", crate::catalog::Value::Integer(2)),
            ("seed", crate::catalog::Value::Integer(seed)),
        ];
        let call = crate::data::test_help::call("hold_out", &given);
        let crate::catalog::Make::Pipe(pipe) = &call.spec.make else {
            panic!("no pipe");
        };
        let found = pipe(&call.args, Source::All(splits), &|_| panic!("no data")).unwrap();
        let Source::All(splits) = found else {
            panic!("one split");
        };
        let groups = |split: Split| -> std::collections::BTreeSet<u64> {
            let part = &splits.parts[&split];
            (0..part.len()).filter_map(|at| part.group(at)).collect()
        };
        assert!(
            groups(Split::Train).is_disjoint(&groups(Split::Valid)),
            "{seed}"
        );
        assert_eq!(groups(Split::Valid).len(), 2, "{seed}");
        let held = splits.parts[&Split::Valid].len();
        assert_eq!(ids(&*splits.parts[&Split::Train]).len() + held, 12);
    }
}
