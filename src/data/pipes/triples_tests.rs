use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::{Result, Value};
use crate::data::test_help::{call, talks};
use crate::data::{Dataset, Draws, Sample, SampleType};

fn dialogues(turns: &[usize], references: i64) -> (tempfile::TempDir, Result<Arc<dyn Dataset>>) {
    let ordered = ("ordered", Value::Ratio(0.5));
    drawn(
        turns,
        &[ordered, ("references", Value::Integer(references))],
    )
}

/// The same with these arguments.
fn drawn(
    turns: &[usize],
    arguments: &[(&str, Value)],
) -> (tempfile::TempDir, Result<Arc<dyn Dataset>>) {
    talks(turns, call("triples", arguments))
}

/// The dialogue of some pairs, and where each is in it.
fn places(list: Sample) -> (usize, Vec<usize>) {
    let mut dialogues = BTreeSet::new();
    let pairs = list.into_list().unwrap().into_iter().map(|pair| {
        let pair = pair.into_text().unwrap();
        let turns: Vec<(usize, usize)> = pair
            .split(' ')
            .map(|turn| {
                turn.split_once('.')
                    .map(|(d, t)| (d.parse().unwrap(), t.parse().unwrap()))
                    .unwrap()
            })
            .collect();
        let [(d, t), second] = turns[..] else {
            panic!("{pair}")
        };
        assert_eq!((t % 2, second), (0, (d, t + 1)));
        dialogues.insert(d);
        t / 2
    });
    let pairs: Vec<usize> = pairs.collect();
    assert_eq!(dialogues.len(), 1);
    (dialogues.into_iter().next().unwrap(), pairs)
}

#[test]
fn targets_and_references_are_of_one_dialogue_and_in_the_order_that_is_said() {
    let (_folder, part) = dialogues(&[20, 12, 13, 3, 1], 2);
    let part = part.unwrap();
    let of = |n| SampleType::list(SampleType::TEXT, Some(n));
    let fields = [
        ("target".to_owned(), of(3)),
        ("in_order".to_owned(), of(6)),
        ("out_of_order".to_owned(), of(6)),
        ("ordered".to_owned(), SampleType::label(2)),
    ];
    assert_eq!(*part.fields(), fields);
    assert_eq!(
        (part.class(0).unwrap(), part.class_names()[1].as_str()),
        (None, "ordered")
    );
    let (mut ordered, mut orders, mut lasts) = (0_u32, BTreeMap::new(), [0_u32; 10]);
    let epochs = 600;
    for epoch in 0..epochs {
        for index in 0..5 {
            let record = part.read(index, Draws::new(4, epoch)).unwrap();
            let again = part.read(index, Draws::new(4, epoch)).unwrap();
            assert_eq!(format!("{record:?}"), format!("{again:?}"));
            let [target, straight, mixed, label] = <[Sample; 4]>::try_from(record).unwrap();
            let (d, target) = places(target);
            assert!(if index < 3 { d == index } else { d < 3 });
            let last = *target.iter().max().unwrap();
            let is_ordered = label.as_label() == Some(1);
            assert_eq!(is_ordered, target.is_sorted());
            assert_eq!(target.iter().collect::<BTreeSet<_>>().len(), 3);
            for (list, wanted) in [(straight, true), (mixed, false)] {
                let (of, pairs) = places(list);
                assert_eq!(of, d);
                for triple in pairs.chunks(3) {
                    assert_eq!(triple.is_sorted(), wanted);
                    assert_eq!(triple.iter().collect::<BTreeSet<_>>().len(), 3);
                    let own = |pair: &usize| *pair < last && !target.contains(pair);
                    assert!(triple.iter().all(own));
                }
            }
            ordered += u32::from(is_ordered);
            if index == 0 {
                lasts[last] += 1;
                if !is_ordered {
                    let mut sorted = target.clone();
                    sorted.sort_unstable();
                    let order: Vec<usize> = target
                        .iter()
                        .map(|own| sorted.iter().position(|other| other == own).unwrap())
                        .collect();
                    *orders.entry(order).or_insert(0_u32) += 1;
                }
            }
        }
    }
    let near = |found: u32, n: u32, p: f64| {
        let deviation = (f64::from(n) * p * (1.0 - p)).sqrt();
        assert!(
            (f64::from(found) - f64::from(n) * p).abs() < 5.0 * deviation,
            "{found} of {n}, not {p}"
        );
    };
    near(ordered, 5 * epochs as u32, 0.5);
    assert_eq!(orders.len(), 5);
    let all = orders.values().sum();
    orders.values().for_each(|n| near(*n, all, 0.2));
    assert_eq!(lasts[..5], [0; 5]);
    lasts[5..].iter().for_each(|n| near(*n, epochs as u32, 0.2));
}

#[test]
fn a_last_pair_of_another_dialogue_is_all_that_changes() {
    let turns = [20, 12, 13, 3, 1];
    let own = |turns: &[usize], ordered, last: &str| {
        let last = ("last", Value::Word(last.into()));
        let one = ("references", Value::Integer(1));
        drawn(turns, &[("ordered", Value::Ratio(ordered)), one, last])
    };
    let [straight, mixed, strange] = [(1.0, "own"), (0.0, "own"), (1.0, "another")]
        .map(|(ordered, last)| own(&turns, ordered, last));
    let read = |of: &Arc<dyn Dataset>, epoch, index| {
        let record = of.read(index, Draws::new(4, epoch)).unwrap();
        <[Sample; 4]>::try_from(record).unwrap()
    };
    let parts = [&straight, &mixed, &strange].map(|(_folder, part)| part.as_ref().unwrap());
    let [straight, mixed, strange] = parts;
    let mut strangers = BTreeSet::new();
    for (epoch, index) in (0..100).flat_map(|epoch| (0..5).map(move |index| (epoch, index))) {
        let [target, .., label] = read(straight, epoch, index);
        let (d, pairs) = places(target);
        assert!(pairs.is_sorted() && label.as_label() == Some(1));
        let [target, .., label] = read(mixed, epoch, index);
        let (of, mut others) = places(target);
        assert!(!others.is_sorted() && label.as_label() == Some(0));
        others.sort_unstable();
        assert_eq!((of, &others), (d, &pairs));
        let [target, in_order, _, label] = read(strange, epoch, index);
        assert_eq!(label.as_label(), Some(0));
        let mut target = target.into_list().unwrap();
        let last = places(Sample::list(vec![target.pop().unwrap()]));
        assert_eq!(places(Sample::list(target)), (d, pairs[..2].to_vec()));
        assert_ne!(last.0, d);
        strangers.insert(last.0);
        assert_eq!(
            places(in_order),
            places(read(straight, epoch, index)[1].clone())
        );
    }
    // a dialogue of three turns has one pair, one of a single turn has none
    assert_eq!(strangers, BTreeSet::from([0, 1, 2, 3]));
    let (_folder, alone) = own(&[12], 1.0, "another");
    let error = alone.unwrap().read(0, Draws::STILL).unwrap_err();
    assert!(
        error.message.contains("beside record 0 is another"),
        "{error:?}"
    );
}

#[test]
fn shorter_dialogues_are_read_where_that_is_said() {
    let turns = ("turns", Value::Integer(8));
    let (_folder, part) = drawn(&[8, 11], &[("ordered", Value::Ratio(1.0)), turns]);
    let part = part.unwrap();
    for (index, epoch) in (0..2).flat_map(|index| (0..50).map(move |epoch| (index, epoch))) {
        let record = part.read(index, Draws::new(4, epoch)).unwrap();
        let [target, in_order, ..] = <[Sample; 4]>::try_from(record).unwrap();
        let (d, target) = places(target);
        assert_eq!((d, target[2]), (index, 3 + index));
        // of four pairs both of the target's own are in the reference, of five one is
        let (_, reference) = places(in_order);
        let shared = reference.iter().filter(|pair| target.contains(pair));
        assert_eq!(shared.count(), 2 - index);
    }
}

#[test]
fn dialogues_that_are_all_too_short_say_so() {
    let (_folder, part) = dialogues(&[11, 1], 1);
    let error = part.unwrap().read(1, Draws::STILL).unwrap_err();
    assert!(
        error.message.contains("in place of record 1 has 12 turns"),
        "{error:?}"
    );
}
