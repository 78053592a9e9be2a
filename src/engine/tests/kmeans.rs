//! k-means against NumPy, on clusters that are known, where one is empty, for any number of threads.

use super::fixtures::{close, numbers, read};
use super::threads::with_threads;
use crate::data::Philox;
use crate::data::kmeans::{Clusters, first_centres, lloyd};

fn sorted(rows: &[f32], width: usize, centres: Vec<f32>, iterations: usize) -> Clusters {
    lloyd(rows, width, centres, iterations, &mut |_| true).expect("an end")
}

#[test]
fn iterations_are_numpys() {
    let fixture = read(include_str!("../../../tests/fixtures/engine/kmeans.json"));
    let (rows, start) = (numbers(&fixture["rows"]), numbers(&fixture["start"]));
    for case in fixture["cases"].as_array().expect("cases") {
        let iterations = case["iterations"].as_u64().expect("a number") as usize;
        let found = sorted(&rows, 5, start.clone(), iterations);
        close("centres", &found.centres, &numbers(&case["centres"]), 1e-6);
        let of: Vec<f32> = found.of.iter().map(|cluster| *cluster as f32).collect();
        assert_eq!(of, numbers(&case["of"]), "{iterations}");
    }
}

/// `n` points around each corner of a square of side 10, at most 1 away.
fn corners(n: usize) -> Vec<f32> {
    let mut rng = Philox::new(1, &[]);
    let corners = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]];
    (0..4 * n)
        .flat_map(|i| corners[i % 4].map(|x: f32| x + rng.uniform() - 0.5))
        .collect()
}

#[test]
fn clusters_that_lie_apart_are_found_from_every_seed() {
    let rows = corners(50);
    for seed in 0..20 {
        let first = first_centres(&rows, 2, 4, &mut Philox::new(seed, &[]));
        let found = sorted(&rows, 2, first, 10);
        // the points of one corner have one cluster, and its centre is their mean
        for corner in 0..4 {
            let cluster = found.of[corner];
            let of = found.of.iter().skip(corner).step_by(4);
            assert!(of.clone().all(|other| *other == cluster), "seed {seed}");
            for axis in 0..2 {
                let own = rows.iter().skip(2 * corner + axis).step_by(8);
                let mean = own.map(|x| f64::from(*x)).sum::<f64>() / 50.0;
                assert!((f64::from(found.centres[2 * cluster + axis]) - mean).abs() < 1e-5);
            }
        }
        let mut all: Vec<usize> = found.of[..4].to_vec();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3], "seed {seed}");
    }
}

#[test]
fn first_centres_are_rows_and_follow_the_seed() {
    let rows = corners(50);
    let first = |seed| first_centres(&rows, 2, 8, &mut Philox::new(seed, &[]));
    let known = |centre: &[f32]| rows.chunks(2).filter(|row| *row == centre).count() == 1;
    assert!(first(3).chunks(2).all(known));
    assert_eq!(first(3), first(3));
    assert_ne!(first(3), first(4));
    // where all rows are the same there is nothing to choose by
    assert_eq!(
        first_centres(&[2.0; 6], 2, 3, &mut Philox::new(0, &[])),
        [2.0; 6]
    );
}

#[test]
fn an_empty_cluster_takes_over_a_part_of_the_largest() {
    // the mean of all is 3; 9 lies farthest from it: the second centre goes there and keeps it
    let found = sorted(&[0.0, 1.0, 2.0, 9.0], 1, vec![1.0, 50.0], 5);
    assert_eq!(found.of, [0, 0, 0, 1]);
    assert_eq!(found.centres, [1.0, 9.0]);
    // two empty ones take different rows
    let found = sorted(&[0.0, 8.0, 9.0], 1, vec![5.0, 50.0, 60.0], 5);
    let mut of = found.of.clone();
    of.sort_unstable();
    assert_eq!(of, [0, 1, 2]);
    // rows that are all the same stay together
    let found = sorted(&[4.0; 3], 1, vec![4.0, 50.0], 5);
    assert_eq!(found.of, [0, 0, 0]);
    assert_eq!(found.centres, [4.0, 50.0]);
}

#[test]
fn threads_change_nothing_and_it_ends_when_asked() {
    let mut rng = Philox::new(9, &[]);
    let rows: Vec<f32> = (0..3000 * 13).map(|_| rng.normal()).collect();
    let run = |threads| {
        with_threads(threads, || {
            let first = first_centres(&rows, 13, 40, &mut Philox::new(2, &[]));
            sorted(&rows, 13, first, 6)
        })
    };
    let one = run(1);
    for threads in [2, 3, 5] {
        assert_eq!(one, run(threads), "{threads} threads");
    }
    let mut asked = 0;
    let ended = lloyd(&rows, 13, one.centres, 100, &mut |done| {
        asked = done;
        done < 2
    });
    assert_eq!((ended, asked), (None, 2));
}
