//! Judges that need no rate and no epochs: what they leave, what they say without labels and without views.

use super::{run, with};

const RECIPE: &str = r#"ssl 1

dataset figures = shapes(train = 320, valid = 64, test = 96)

augment pair(image) { emit views = (image |> random_crop(32px, padding = 4px) |> hflip(50%) |> normalize()) * 2 }

pretext net = simclr() {
  data    = figures.train
  augment = pair
  encoder = small_cnn(width = 8)
  batch   = 32
  length  = 2 epochs
  optimizer = adamw(2e-3)
  schedule  = cosine()
  monitor = rank(every = 1 epoch, groups = 20, views = 4)
  checkpoint = best(monitor.rank)
}

evaluate width  = rank(at = [conv1, output], views = 3) { from = net, data = figures.test }
evaluate bare   = rank() { from = net, data = figures.test |> without(label) }
evaluate search = retrieval(k = 5) { from = net, data = figures.train, test = figures.test }
evaluate inside = retrieval(k = 5) { from = net, data = figures.test }
evaluate sorted = clusters() { from = net, data = figures.test }
evaluate curve  = few_labels(10%, 50%) { from = net, data = figures.train, test = figures.test, supervised = classifier(batch = 32, length = 1 epoch) }
evaluate linear = logistic_regression() { from = net, data = figures.train, test = figures.test, valid = figures.valid }

run { seed = 3, threads = 1 }
"#;

#[test]
fn each_judge_leaves_its_rows_and_what_there_is_to_look_at() {
    let test = with(RECIPE);
    run(&test, "one", &[]).success();
    let rows = test.json("one/results.json");
    let of = |stage: &str| {
        let rows = rows.as_array().expect("rows").iter();
        let of = rows.filter(|row| row["stage"] == stage);
        let named = of.map(|row| row["metric"].as_str().expect("a name").to_owned());
        named.collect::<Vec<_>>()
    };
    let one = ["rankme", "lidar", "alignment", "uniformity"];
    assert_eq!(of("width"), [one, one].concat());
    // records without labels do not go through an augment of records with
    assert_eq!(of("bare"), ["rankme", "uniformity"]);
    assert_eq!(of("search"), ["mean_average_precision", "precision_at_k"]);
    assert_eq!(of("sorted"), ["nmi", "ari", "accuracy"]);
    assert_eq!(of("curve"), ["accuracy", "accuracy"]);
    for row in rows.as_array().expect("rows") {
        for column in ["value", "untrained", "raw"] {
            assert!(row[column].is_number(), "{column} of {row}");
        }
    }
    // every column saw the same labels
    let curve = test.json("one/stages/curve/curve.json");
    let lines = curve["lines"].as_array().expect("lines");
    let names: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["name"].as_str())
        .collect();
    assert_eq!(names, ["trained", "untrained", "raw pixels", "supervised"]);
    for line in lines {
        let points = line["points"].as_array().expect("points");
        let labels: Vec<f64> = points
            .iter()
            .filter_map(|point| point[0].as_f64())
            .collect();
        assert_eq!(labels, [32.0, 160.0], "{line}");
    }
    let shown = test.json("one/stages/search/exhibits.json");
    assert_eq!(
        shown[0]["records"].as_array().map(Vec::len),
        Some(8),
        "{shown}"
    );
    for name in [
        "search.nearest",
        "search.nearest_untrained",
        "inside.nearest",
    ] {
        assert!(
            test.path(&format!("one/results/{name}.png")).exists(),
            "{name}"
        );
    }
    assert!(test.text("one/results/linear.txt").contains("C 1.000e-6"));
    // records that ask are the same whatever the seed
    run(&test, "other", &["--set", "run.seed=4"]).success();
    let other = test.json("other/stages/search/exhibits.json");
    assert_eq!(shown[0]["records"], other[0]["records"]);
    let page = test.text("one/report.html");
    for said in ["How much it takes", "nearest_untrained"] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let test = with(RECIPE);
    run(&test, "one", &[]).success();
    run(&test, "two", &["--set", "run.workers=1"]).success();
    let rows = |out: &str| test.text(&format!("{out}/results.json"));
    assert_eq!(rows("one"), rows("two"));
}

#[test]
fn batches_without_views_of_a_record_are_told() {
    let recipe = r#"ssl 1

dataset figures = shapes(train = 64, valid = 32, test = 32)

pretext tiles = jigsaw() { data = figures.train, encoder = small_cnn(width = 4), batch = 16, length = 1 epoch }

evaluate width = rank() { from = tiles, data = figures.test |> take(30) }

run { seed = 3, threads = 1 }
"#;
    let test = with(recipe);
    run(&test, "one", &[]).success();
    let rows = test.json("one/results.json");
    let rows = rows.as_array().expect("rows");
    let names: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["metric"].as_str())
        .collect();
    assert_eq!(names, ["rankme", "uniformity"]);
    let protocol = rows[0]["protocol"].to_string();
    assert!(protocol.contains("no views of a record"), "{protocol}");
}
