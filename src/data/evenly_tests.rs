//! What stands for all: every class by its share and every stretch of the records, in whatever order they lie.

use super::*;
use crate::data::Draws;

/// How many of the chosen records have each class.
fn counts(classes: &[Option<u32>], chosen: &[usize], number: usize) -> Vec<usize> {
    let mut counts = vec![0; number];
    for index in chosen {
        counts[classes[*index].unwrap() as usize] += 1;
    }
    counts
}

/// The largest gap between neighbours, the ends counted.
fn gap(chosen: &[usize], len: usize) -> usize {
    let ends = chosen.iter().map(|index| index + 1).chain([len + 1]);
    let starts = [0].into_iter().chain(chosen.iter().map(|index| index + 1));
    ends.zip(starts).map(|(to, from)| to - from).max().unwrap()
}

fn check(chosen: &[usize], limit: usize, len: usize) {
    assert_eq!(chosen.len(), limit.min(len));
    assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(chosen.last().is_none_or(|last| *last < len));
}

#[test]
fn balanced_classes_come_alike_in_every_order() {
    let orders: [(&str, fn(usize) -> usize); 4] = [
        ("cyclic", |i| i % 10),
        ("sorted", |i| i / 200),
        ("blocked", |i| i / 20 % 10),
        ("pairs", |i| i / 2 % 10),
    ];
    for (order, class) in orders {
        let classes: Vec<_> = (0..2000).map(|i| Some(class(i) as u32)).collect();
        for limit in [800, 1000, 400, 200, 50, 10] {
            let chosen = evenly_chosen(&classes, limit);
            check(&chosen, limit, 2000);
            let counts = counts(&classes, &chosen, 10);
            assert_eq!(counts, [limit / 10; 10], "{order}, {limit}");
            // each class's records are taken from its every stretch
            for class in 0..10u32 {
                let own: Vec<usize> = (0..2000).filter(|i| classes[*i] == Some(class)).collect();
                let taken = |part: &[usize]| chosen.iter().filter(|i| part.contains(i)).count();
                let length = 2000 / limit;
                for part in own.chunks(length).take(limit / 10) {
                    match 2000 % limit {
                        0 => assert_eq!(taken(part), 1, "{order}, {limit}, class {class}"),
                        // 2.5 records a stretch: some are shared by two
                        _ => assert!(taken(part) <= 2, "{order}, {limit}, class {class}"),
                    }
                }
            }
        }
        // 801 of 10 classes: one of them has one more
        let chosen = evenly_chosen(&classes, 801);
        check(&chosen, 801, 2000);
        let counts = counts(&classes, &chosen, 10);
        assert_eq!(counts.iter().sum::<usize>(), 801);
        assert!(counts.iter().all(|n| *n == 80 || *n == 81), "{counts:?}");
    }
}

#[test]
fn shares_are_kept_and_no_class_is_lost() {
    // 900, 90, 9, 1
    let classes: Vec<_> = (0..1000)
        .map(|i| match i % 1000 {
            0 => Some(3),
            i if i < 10 => Some(2),
            i if i < 100 => Some(1),
            _ => Some(0),
        })
        .collect();
    let of = |limit| counts(&classes, &evenly_chosen(&classes, limit), 4);
    assert_eq!(of(500), [449, 45, 5, 1]);
    assert_eq!(of(100), [89, 9, 1, 1]);
    assert_eq!(of(10), [7, 1, 1, 1]);
    assert_eq!(of(4), [1, 1, 1, 1]);
    // fewer records than classes: as many classes as there are records
    let few = of(2);
    assert_eq!(few.iter().sum::<usize>(), 2);
    assert!(few.iter().all(|n| *n <= 1), "{few:?}");
    let many: Vec<_> = (0..1000).map(|i| Some(i % 100)).collect();
    let chosen = evenly_chosen(&many, 8);
    check(&chosen, 8, 1000);
    let found: Vec<u32> = chosen.iter().filter_map(|i| many[*i]).collect();
    let mut apart = found.clone();
    apart.sort_unstable();
    assert!(
        apart.windows(2).all(|pair| pair[1] - pair[0] >= 12),
        "{found:?}"
    );
}

#[test]
fn without_labels_no_regular_order_hides_a_part() {
    let unknown = vec![None; 2000];
    let chosen = evenly_chosen(&unknown, 800);
    check(&chosen, 800, 2000);
    // stretches of 2 and 3 records
    assert!(gap(&chosen, 2000) <= 5, "{}", gap(&chosen, 2000));
    // whatever the period of what the records show, all of it is seen about equally often
    for period in [2, 3, 5, 7, 10, 16, 25] {
        let mut seen = vec![0usize; period];
        chosen.iter().for_each(|i| seen[i % period] += 1);
        let expected = 800.0 / period as f64;
        // a binomial count's deviation is below √expected; four of them
        let off = |n: &usize| (*n as f64 - expected).abs() > 4.0 * expected.sqrt();
        assert!(!seen.iter().any(off), "{period}: {seen:?}");
    }
    // some records have no class: they come with their share as well
    let some: Vec<_> = (0..1000).map(|i| (i % 4 != 0).then_some(i % 3)).collect();
    let chosen = evenly_chosen(&some, 100);
    check(&chosen, 100, 1000);
    assert_eq!(chosen.iter().filter(|i| some[**i].is_none()).count(), 25);
}

#[test]
fn the_choice_depends_on_the_classes_alone() {
    let classes: Vec<_> = (0..500).map(|i| Some(i * i % 7)).collect();
    assert_eq!(evenly_chosen(&classes, 60), evenly_chosen(&classes, 60));
    assert_eq!(evenly_chosen(&classes, 500), (0..500).collect::<Vec<_>>());
    assert_eq!(evenly_chosen(&classes, 9999).len(), 500);
    assert_eq!(evenly_chosen(&classes, 0), Vec::<usize>::new());
    assert_eq!(evenly_chosen(&[], 5), Vec::<usize>::new());
}

/// Ten classes in turn, each record's id its place.
struct Turns(Fields);

impl Dataset for Turns {
    fn fields(&self) -> &Fields {
        &self.0
    }

    fn len(&self) -> usize {
        2000
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        Ok(vec![crate::data::Sample::Label(index as u32 % 10)])
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        Ok(Some(index as u32 % 10))
    }

    fn manifest(&self, _: &dyn Progress) -> Result<String, DataError> {
        Ok("turns".into())
    }
}

#[test]
fn a_thinned_data_set_reads_what_was_chosen() {
    let whole: Arc<dyn Dataset> = Arc::new(Turns(Fields::new()));
    let some = evenly(whole.clone(), 800);
    let chosen = chosen_of(&*whole, 800);
    assert_eq!(some.len(), 800);
    for (index, record) in chosen.iter().enumerate() {
        assert_eq!(some.id(index), *record as u64);
        assert_eq!(some.class(index).unwrap(), Some(*record as u32 % 10));
    }
    let classes: std::collections::BTreeSet<_> = (0..800).map(|i| some.class(i).unwrap()).collect();
    assert_eq!(classes.len(), 10);
    assert!(some.read(800, Draws::STILL).is_err());
    assert_eq!(evenly(whole, 2000).len(), 2000);
}
