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
fn dialogues_that_are_all_too_short_say_so() {
    let (_folder, part) = dialogues(&[1, 1], 2);
    let error = part.unwrap().read(1, Draws::STILL).unwrap_err();
    assert!(
        error.message.contains("in place of record 1 has two turns"),
        "{error:?}"
    );
}
