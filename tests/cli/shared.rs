//! What stages share, and several seeds, through the binary.

use crate::Test;

const SHARED: &str = "ssl 1

dataset f = shapes(train = 64, valid = 16, test = 32)

augment pair(image) { emit views = (image |> random_resized_crop(32px, scale = 0.5..1.0) |> normalize()) * 2 }

layers narrow = linear(8) |> relu() |> linear(8)

pretext {
  data = f.train, augment = pair, encoder = small_cnn(width = 2), head = narrow
  batch = 32, length = 2 steps, optimizer = adamw(1e-3), schedule = cosine()
}

pretext simclr()
pretext vicreg() { batch = 16 }

evaluate nearest = knn(k = 3) { from = all, data = f.train, test = f.test }
";

#[test]
fn values_of_the_file_are_explained_and_written_out() {
    let test = Test::new().file("recipe.ssl", SHARED);
    test.run(&["check", "recipe.ssl"])
        .success()
        .prints("sound, 4 stages, no errors");
    let explain = |field: &str| {
        test.run(&["explain", "recipe.ssl", field])
            .success()
            .stdout()
    };
    assert_eq!(
        explain("simclr.batch"),
        "simclr.batch = 32    the file's default, recipe.ssl:11:11\n"
    );
    assert_eq!(
        explain("vicreg.batch"),
        "vicreg.batch = 16    written at recipe.ssl:15:28\n"
    );
    assert!(explain("simclr.optimizer.rate").contains("the file's default"));
    assert!(explain("simclr.clip").starts_with("simclr.clip is not set\n  "));
    let set = [
        "explain",
        "recipe.ssl",
        "simclr.batch",
        "--set",
        "pretext.batch=8",
    ];
    assert_eq!(
        test.run(&set).success().stdout(),
        "simclr.batch = 8    given with --set\n"
    );
    // the long form is a recipe in its one form, with the same plan
    let long = test.run(&["expand", "recipe.ssl"]).success().stdout();
    test.write("long.ssl", &long);
    test.run(&["fmt", "--check", "long.ssl"]).success();
    assert_eq!(test.run(&["expand", "long.ssl"]).success().stdout(), long);
    let stages =
        |name: &str| test.run(&["plan", name, "--json"]).success().json()["stages"].clone();
    assert_eq!(stages("recipe.ssl"), stages("long.ssl"));
}

#[test]
fn each_seed_runs_and_one_table_has_means() {
    let test = Test::new().file("recipe.ssl", format!("{SHARED}\nrun {{ seeds = 1..3 }}\n"));
    test.run(&["plan", "recipe.ssl"])
        .success()
        .prints("all of it once with each seed: 1, 2, 3");
    let table = test.run(&["run", "recipe.ssl", "--quiet"]).success();
    assert!(
        table.stdout().contains("nearest_simclr"),
        "{}",
        table.stdout()
    );
    assert!(table.stdout().contains(" ± "), "{}", table.stdout());
    let all = test.json("runs/recipe/results.json");
    let own: Vec<f64> = [1, 2, 3]
        .map(|seed| test.json(&format!("runs/recipe/seed.{seed}/results.json")))
        .map(|rows| rows[0]["value"].as_f64().expect("a value"))
        .to_vec();
    assert_eq!(all[0]["values"], serde_json::json!(own));
    let mean = own.iter().sum::<f64>() / 3.0;
    assert!((all[0]["value"].as_f64().expect("a mean") - mean).abs() < 1e-12);
    // what ran with a seed of a list is what runs with that seed alone
    test.write("recipe.ssl", format!("{SHARED}\nrun {{ seed = 2 }}\n"));
    test.run(&["run", "recipe.ssl", "--quiet", "--out", "alone"])
        .success();
    assert_eq!(
        test.text("alone/results.json"),
        test.text("runs/recipe/seed.2/results.json")
    );
    // and a folder of one seed is no folder of several
    test.write(
        "recipe.ssl",
        format!("{SHARED}\nrun {{ seeds = [2, 3] }}\n"),
    );
    test.run(&["run", "recipe.ssl", "--quiet", "--out", "alone"])
        .code(3)
        .says("run directory of one seed");
}

#[test]
fn a_fit_is_learnt_once_for_all_seeds() {
    let words = "one two three four five six seven\n".repeat(60);
    let text = "ssl 1

dataset t = text_lines(\"corpus\")
fit words = vocabulary(size = 50, min = 1) { data = t.train }
augment running(text) {
  words = text |> tokenize(words) |> crop_tokens(64)
  noise = words |> negatives(2, share = 4)
  emit words, noise
}
pretext vectors = cbow(vocabulary = words) {
  data = t.train, augment = running, encoder = word_vectors(4), batch = 2, length = 2 steps
}
run { seeds = 1..2 }
";
    let test = Test::new()
        .file("corpus.txt", words)
        .file("recipe.ssl", text);
    let ran = test.run(&["run", "recipe.ssl", "--data", "corpus=corpus.txt"]);
    let said = ran.stderr();
    assert_eq!(ran.output.status.code(), Some(0), "{said}");
    assert_eq!(
        said.matches("words · taken from runs/recipe/seed.1, which has it")
            .count(),
        1,
        "{said}"
    );
}

#[test]
fn seeds_that_are_none_are_told() {
    for (seeds, code) in [
        ("seeds = 1..3, seed = 2", "E0204"),
        ("seeds = 1.5..3", "E0302"),
        ("seeds = []", "E0302"),
        ("seeds = [1, 1]", "E0302"),
        ("seeds = [1, -1]", "E0302"),
        ("seeds = 1..1000", "E0302"),
        ("seeds = 3", "E0301"),
    ] {
        let test = Test::new().file("recipe.ssl", format!("{SHARED}\nrun {{ {seeds} }}\n"));
        let said = test.run(&["check", "recipe.ssl", "--json"]).code(1).json();
        let found = said["diagnostics"].as_array().expect("diagnostics");
        assert_eq!(found.len(), 1, "{seeds}: {found:?}");
        assert_eq!(found[0]["code"], code, "{seeds}: {found:?}");
    }
}
