//! Classes by their names, on rows whose answers are seen at once.

use super::super::Features;
use super::super::testing::Desk;
use super::*;
use crate::graph::testing::args;

fn shown(rows: &[[f32; 2]], labels: &[u32]) -> Read {
    Read::Shown(Shown {
        rows: Features {
            records: rows.len(),
            places: vec![rows.concat()],
            dims: vec![2],
            labels: labels.to_vec(),
            ..Features::default()
        },
        groups: Vec::new(),
        classes: ["north", "east", "south"].map(str::to_owned).to_vec(),
    })
}

fn list(texts: &[&str]) -> Value {
    Value::List(
        texts
            .iter()
            .map(|text| Value::Text((*text).into()))
            .collect(),
    )
}

fn judged(given: &[(&str, Value)], read: Vec<Read>) -> Findings {
    let args = args(&spec(), given);
    let judged = Judged {
        args: &args,
        places: &[],
        classes: 3,
        file: b"",
    };
    ZeroShot.judge(&judged, read, &mut Desk).expect("findings")
}

#[test]
fn the_mean_direction_of_a_name_stands_for_its_class() {
    // two templates: of east one points north-east, the other south-east, longer; lengths do not count
    let prompts = [
        [0.0, 1.0],
        [0.0, 3.0],
        [1.0, 1.0],
        [5.0, -5.0],
        [0.0, -1.0],
        [0.1, -1.0],
    ];
    let pictures = [[0.1, 1.0], [1.0, 0.1], [1.0, -0.2], [0.6, -1.0]];
    let given = [("templates", list(&["a {}", "the {}"]))];
    let found = judged(
        &given,
        vec![shown(&pictures, &[0, 1, 1, 1]), shown(&prompts, &[])],
    );
    let values: Vec<f64> = found.metrics.iter().map(|metric| metric.value).collect();
    // the last one is taken for south
    assert_eq!(values, [0.75, 1.0]);
    let [Exhibit::Text(table), Exhibit::Confusion { classes, counts }] = found.exhibits.as_slice()
    else {
        panic!("{:?}", found.exhibits)
    };
    assert!(
        table.starts_with("75.0% of 4 pictures told, chance 33.33%"),
        "{table}"
    );
    let lines: Vec<Vec<&str>> = table
        .lines()
        .skip(3)
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["east", "3", "66.7%", "south", "(1)"]);
    assert_eq!(lines[1], ["north", "1", "100.0%"]);
    assert_eq!((classes.len(), counts.as_slice()), (2, &[1, 0, 0, 2][..]));
    // where south is not there it can't be told
    let given = [given[0].clone(), ("among", Value::Word("present".into()))];
    let found = judged(
        &given,
        vec![shown(&pictures, &[0, 1, 1, 1]), shown(&prompts, &[])],
    );
    assert_eq!(found.metrics[0].value, 1.0);
}

/// Against NumPy: `tests/fixtures/evaluation/zero_shot.py`.
#[test]
fn prompts_of_a_class_vote_by_their_directions() {
    #[derive(serde::Deserialize)]
    struct Wanted {
        accuracy: f64,
        top_5: f64,
        confusion: Vec<Vec<u32>>,
    }
    #[derive(serde::Deserialize)]
    struct Fixture {
        prompts: Vec<Vec<f32>>,
        pictures: Vec<Vec<f32>>,
        labels: Vec<u32>,
        classes: usize,
        all: Wanted,
        present: Wanted,
    }
    let text = include_str!("../../tests/fixtures/evaluation/zero_shot.json");
    let fixture: Fixture = serde_json::from_str(text).unwrap();
    let rows = |rows: &[Vec<f32>], labels: &[u32]| {
        Read::Shown(Shown {
            rows: Features {
                records: rows.len(),
                places: vec![rows.concat()],
                dims: vec![rows[0].len()],
                labels: labels.to_vec(),
                ..Features::default()
            },
            groups: Vec::new(),
            classes: (0..fixture.classes)
                .map(|class| class.to_string())
                .collect(),
        })
    };
    for (among, wanted) in [("all", &fixture.all), ("present", &fixture.present)] {
        let templates = list(&["{}", "a {}", "the {}"]);
        let given = [
            ("templates", templates),
            ("among", Value::Word(among.into())),
        ];
        let args = args(&spec(), &given);
        let judged = Judged {
            args: &args,
            places: &[],
            classes: fixture.classes,
            file: b"",
        };
        let read = vec![
            rows(&fixture.pictures, &fixture.labels),
            rows(&fixture.prompts, &[]),
        ];
        let found = ZeroShot.judge(&judged, read, &mut Desk).expect("findings");
        let values: Vec<f64> = found.metrics.iter().map(|metric| metric.value).collect();
        assert_eq!(values, [wanted.accuracy, wanted.top_5], "{among}");
        let Some(Exhibit::Confusion { classes, counts }) = found.exhibits.get(1) else {
            panic!("{:?}", found.exhibits)
        };
        // of classes that some picture is of
        let drawn: Vec<usize> = classes.iter().map(|name| name.parse().unwrap()).collect();
        let told = drawn.iter().flat_map(|row| {
            let row = &wanted.confusion[*row];
            drawn.iter().map(move |column| row[*column])
        });
        assert_eq!(counts, &told.collect::<Vec<u32>>(), "{among}");
        assert!(drawn.len() > 4);
    }
}

#[test]
fn what_is_as_near_is_nearer_and_what_is_no_number_is_nowhere() {
    let same = [[1.0, 0.0]; 3];
    let found = judged(&[], vec![shown(&[[1.0, 0.0]], &[1]), shown(&same, &[])]);
    assert_eq!(found.metrics[0].value, 0.0);
    assert_eq!(found.metrics[1].value, 1.0);
    let found = judged(
        &[],
        vec![shown(&[[f32::NAN, 0.0]], &[1]), shown(&same, &[])],
    );
    assert_eq!(found.metrics[1].value, 0.0);
    let lost = [[f32::NAN, 0.0]; 3];
    let found = judged(&[], vec![shown(&[[1.0, 0.0]], &[1]), shown(&lost, &[])]);
    assert!(found.metrics[0].value.is_nan() && found.exhibits.is_empty());
}

#[test]
fn names_and_templates_are_checked_before_anything_runs() {
    let names = ["polar_bear".to_owned(), "cat".to_owned()];
    let writes =
        |given: &[(&str, Value)], names: &[String]| ZeroShot.writes(&args(&spec(), given), names);
    let given = [("templates", list(&["a {}", "{} and {}"]))];
    assert_eq!(
        writes(&given, &names).unwrap(),
        [
            "a polar bear",
            "polar bear and polar bear",
            "a cat",
            "cat and cat"
        ]
    );
    let one = ("templates", list(&["a picture of a {}"]));
    let own = [("classes", list(&["x", "y"])), one.clone()];
    assert_eq!(writes(&own, &names).unwrap()[0], "a picture of a x");
    assert_eq!(writes(&own, &[]).unwrap().len(), 2);
    for (given, names, wanted) in [
        (vec![one.clone()], &[][..], "have no names"),
        (
            vec![("classes", list(&["x"])), one],
            &names[..],
            "there are 2 classes, and 1 names",
        ),
        (
            vec![("templates", list(&["{}", "a"]))],
            &names[..],
            "\"a\" has no place",
        ),
        (
            vec![("templates", list(&[]))],
            &names[..],
            "no text is there to name a class by",
        ),
    ] {
        let problem = writes(&given, names).unwrap_err();
        assert!(problem.message.contains(wanted), "{problem:?}");
    }
}
