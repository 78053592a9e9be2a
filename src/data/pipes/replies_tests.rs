use std::sync::Arc;

use crate::catalog::{Result, Value};
use crate::data::test_help::{call, talks};
use crate::data::{Dataset, Draws, Sample, SampleType};

fn dialogues(turns: &[usize], context: i64) -> (tempfile::TempDir, Result<Arc<dyn Dataset>>) {
    talks(
        turns,
        call("replies", &[("context", Value::Integer(context))]),
    )
}

fn place(turn: Sample) -> (usize, usize) {
    let text = turn.into_text().unwrap();
    let (d, t) = text.split_once('.').unwrap();
    (d.parse().unwrap(), t.parse().unwrap())
}

#[test]
fn a_reply_follows_its_context_and_any_turn_is_one() {
    let (_folder, part) = dialogues(&[6, 2, 1], 3);
    let part = part.unwrap();
    let fields = [
        (
            "context".to_owned(),
            SampleType::list(SampleType::TEXT, None),
        ),
        ("reply".to_owned(), SampleType::TEXT),
    ];
    assert_eq!(*part.fields(), fields);
    let mut drawn = [0_u32; 6];
    for epoch in 0..1000 {
        for index in 0..3 {
            let record = part.read(index, Draws::new(4, epoch)).unwrap();
            let again = part.read(index, Draws::new(4, epoch)).unwrap();
            assert_eq!(format!("{record:?}"), format!("{again:?}"));
            let [context, reply] = <[Sample; 2]>::try_from(record).unwrap();
            let (d, t) = place(reply);
            assert!(if index < 2 { d == index } else { d < 2 });
            let context = context.into_list().unwrap().into_iter().map(place);
            let wanted = (t.saturating_sub(3)..t).map(|turn| (d, turn));
            assert_eq!(context.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
            if index == 0 {
                drawn[t] += 1;
            }
        }
    }
    // each of five 200 times, s.d. 13: five of them
    assert_eq!(drawn[0], 0);
    assert!(drawn[1..].iter().all(|n| n.abs_diff(200) < 65), "{drawn:?}");
}

#[test]
fn a_reply_with_references_is_the_answer_of_a_last_pair() {
    let arguments = [("context", 2), ("references", 2)];
    let arguments = arguments.map(|(name, n)| (name, Value::Integer(n)));
    let (_folder, part) = talks(&[13, 20, 4], call("replies", &arguments));
    let part = part.unwrap();
    let names = part
        .fields()
        .iter()
        .map(|(name, ty)| format!("{name}: {ty}"));
    let wanted = [
        "context: text",
        "reply: text",
        "earlier: text * 2",
        "asked: text",
        "in_order: text * 6",
        "out_of_order: text * 6",
    ];
    let names: Vec<String> = names
        .map(|name| name.replace("list(text)", "text"))
        .collect();
    assert_eq!(names, wanted);
    // what stands where, of a pair as its first turn's
    let pair = |text: Sample| {
        let text = text.into_text().unwrap();
        let (first, second) = text.split_once(' ').unwrap();
        let (of, at) = place(Sample::text(first));
        assert_eq!(place(Sample::text(second)), (of, at + 1));
        (of, at / 2)
    };
    let several = |list: Sample| -> Vec<(usize, usize)> {
        let list = list.into_list().unwrap();
        list.into_iter().map(pair).collect()
    };
    for (epoch, index) in (0..100).flat_map(|epoch| (0..3).map(move |index| (epoch, index))) {
        let record = part.read(index, Draws::new(4, epoch)).unwrap();
        let [context, reply, earlier, asked, in_order, mixed] =
            <[Sample; 6]>::try_from(record).unwrap();
        let (d, t) = place(reply);
        assert!(t % 2 == 1 && t >= 11 && (index == 2 || d == index), "{t}");
        assert_eq!(place(asked), (d, t - 1));
        let context = context.into_list().unwrap().into_iter().map(place);
        assert_eq!(context.collect::<Vec<_>>(), [(d, t - 2), (d, t - 1)]);
        let earlier = several(earlier);
        assert!(earlier[0] < earlier[1]);
        for (list, sorted) in [(in_order, true), (mixed, false)] {
            let triples = several(list);
            assert_eq!(triples.len(), 6);
            for triple in triples.chunks(3) {
                assert_eq!(triple.is_sorted(), sorted);
                let own = |(of, at): &(usize, usize)| *of == d && 2 * at < t - 1;
                assert!(
                    triple
                        .iter()
                        .all(|pair| own(pair) && !earlier.contains(pair))
                );
            }
        }
    }
}

#[test]
fn dialogues_that_are_all_too_short_say_so() {
    let (_folder, part) = dialogues(&[1, 1], 2);
    let error = part.unwrap().read(1, Draws::STILL).unwrap_err();
    assert!(
        error.message.contains("in place of record 1 has two turns"),
        "{error:?}"
    );
}
