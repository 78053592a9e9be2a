//! A sweep: a finite list of points, run one after the other, what they share once, summed up in one table.

use std::fs;

use super::{Test, bytes, loud, with};

const RECIPE: &str = r#"ssl 1

dataset figures = shapes(train = 64, valid = 32, test = 32)

pretext turns = rotation() {
  data = figures.train, encoder = small_cnn(width = 4), batch = 16, length = 1 epoch
}

pretext pairs = simclr() {
  data = figures.train, encoder = small_cnn(width = 4), batch = 16, length = 1 epoch
}

evaluate near = knn(k = 5) { from = pairs, data = figures.train, test = figures.test }
evaluate turned = knn(k = 5) { from = turns, data = figures.train, test = figures.test }

run { seed = 3, threads = 1 }

sweep grid {
  pairs.temperature    = [0.1, 0.5]
  pairs.optimizer.rate = [1e-3, 3e-3]
}
"#;

fn points(test: &Test, out: &str) -> Vec<u64> {
    let results = test.json(&format!("{out}/results.json"));
    let rows = results.as_array().expect("rows").iter();
    let mut points: Vec<u64> = rows
        .map(|row| row["point"].as_u64().expect("a point"))
        .collect();
    points.dedup();
    points
}

#[test]
fn a_plan_lists_the_points_and_says_where_a_value_is_from() {
    let test = with(RECIPE);
    test.run(&["plan", "recipe.ssl"])
        .success()
        .prints("4 points, of which the above is one:")
        .prints("    1  grid: pairs.temperature = 0.1, pairs.optimizer.rate = 1e-3\n")
        .prints("    2  grid: pairs.temperature = 0.1, pairs.optimizer.rate = 3e-3\n")
        .prints("    4  grid: pairs.temperature = 0.5, pairs.optimizer.rate = 3e-3\n");
    let said = test.run(&["plan", "recipe.ssl", "--json"]).success().json();
    assert_eq!(said["points"].as_array().map(Vec::len), Some(4));
    assert_eq!(said["points"][3]["settings"]["pairs.temperature"], "0.5");
    test.run(&["explain", "recipe.ssl", "pairs.temperature"])
        .success()
        .prints("pairs.temperature = 0.1    point 1 of sweep `grid`, recipe.ssl:19:27");
    test.run(&["explain", "recipe.ssl", "pairs.temperature", "--point", "3"])
        .success()
        .prints("pairs.temperature = 0.5    point 3 of sweep `grid`, recipe.ssl:19:32");
    test.run(&["expand", "recipe.ssl", "--point", "4"])
        .success()
        .prints("temperature   = 0.5");
    test.run(&["plan", "recipe.ssl", "--point", "5"])
        .code(3)
        .says("the recipe has no point 5: its points are 1 to 4");
    // every point is checked before one runs, and the one that is wrong is named
    test.write("recipe.ssl", RECIPE.replace("[1e-3, 3e-3]", "[1e-3, -1]"));
    test.run(&["run", "recipe.ssl", "--out", "none"])
        .code(1)
        .says("At point 2 of `grid`: pairs.temperature = 0.1, pairs.optimizer.rate = -1.")
        .says("recipe.ssl:20:33");
    assert!(!test.path("none").exists());
    // a setting would take the place of what is swept
    test.write("recipe.ssl", RECIPE);
    test.run(&["check", "recipe.ssl", "--set", "pairs.temperature=0.3"])
        .code(1)
        .says("`pairs.temperature` is set twice");
    test.write(
        "recipe.ssl",
        RECIPE.replace(
            "[0.1, 0.5]",
            &format!(
                "[{}]",
                (1..=600)
                    .map(|n| format!("0.{n:04}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        ),
    );
    test.run(&["check", "recipe.ssl"])
        .code(1)
        .says("with `grid` the recipe has 1200 points; at most 1000 are run")
        .says("600 × 2 values");
}

#[test]
fn points_share_what_they_have_in_common_and_shards_share_the_points() {
    let test = with(RECIPE);
    loud(&test, "out", &["--only", "2"])
        .success()
        .says("point 2 of 4: pairs.temperature = 0.1, pairs.optimizer.rate = 3e-3")
        .says("1 of 4 points have results");
    assert_eq!(points(&test, "out"), [2]);
    // the stage that nothing is swept of is taken from there
    loud(&test, "out", &["--shard", "1/2"])
        .success()
        .says("turns · taken from out/point.2, which has it")
        .says("turned · taken from out/point.")
        .says("3 of 4 points have results");
    assert_eq!(points(&test, "out"), [1, 2, 3]);
    let done = loud(&test, "out", &[])
        .success()
        .says("pairs · finished before, skipped")
        .prints("pairs.optimizer.rate = 1e-3, pairs.temperature = 0.1");
    assert!(done.stdout().contains("near"));
    assert_eq!(points(&test, "out"), [1, 2, 3, 4]);
    let same = |a: &str, b: &str| bytes(&test.path(a)) == bytes(&test.path(b));
    assert!(same(
        "out/point.1/stages/turns/final.ckpt",
        "out/point.4/stages/turns/final.ckpt"
    ));
    assert!(!same(
        "out/point.1/stages/pairs/final.ckpt",
        "out/point.4/stages/pairs/final.ckpt"
    ));
    // a point is what the recipe with these settings is
    test.write(
        "recipe.ssl",
        RECIPE.split("sweep grid").next().expect("a recipe"),
    );
    loud(
        &test,
        "alone",
        &[
            "--set",
            "pairs.temperature=0.5",
            "--set",
            "pairs.optimizer.rate=3e-3",
        ],
    )
    .success();
    for file in [
        "results.json",
        "stages/pairs/final.ckpt",
        "stages/turns/metrics.jsonl",
    ] {
        assert!(
            same(&format!("alone/{file}"), &format!("out/point.4/{file}")),
            "{file}"
        );
    }
    // the table of the whole is read again, and its page leads to the others
    test.run(&["compare", "out"])
        .success()
        .prints("| pairs.optimizer.rate = 3e-3, pairs.temperature = 0.5 |")
        .prints("pairs: `temperature` was 0.1, is 0.5");
    let page = test.text("out/report.html");
    assert!(page.contains("point.4&#x2f;report.html"), "{page}");
    test.run(&["run", "recipe.ssl", "--only", "1", "--out", "alone"])
        .code(3)
        .says("the recipe has no `sweep`");
    test.write("recipe.ssl", RECIPE);
    loud(&test, "out", &["--only", "5"])
        .code(3)
        .says("the recipe has no point 5: its points are 1 to 4");
    loud(&test, "alone", &[])
        .code(3)
        .says("alone is the run directory of one point");
}

#[test]
fn points_that_differ_by_their_seed_are_one_row() {
    let test = with(&RECIPE.replace(
        "pairs.temperature    = [0.1, 0.5]\n  pairs.optimizer.rate = [1e-3, 3e-3]",
        "pairs.temperature = [0.1, 0.5]\n  run.seed = 1..2",
    ));
    let done = loud(&test, "out", &[]).success();
    let table = done.stdout();
    assert_eq!(table.matches("pairs.temperature = ").count(), 2, "{table}");
    assert!(table.contains(" ± "), "{table}");
    // another list finds what is the same under its new number
    test.write(
        "recipe.ssl",
        fs::read_to_string(test.path("recipe.ssl"))
            .expect("a recipe")
            .replace("[0.1, 0.5]", "[0.5, 0.1]"),
    );
    loud(&test, "out", &[])
        .success()
        .says("pairs · taken from out/point.")
        .says_not("trained for");
}
