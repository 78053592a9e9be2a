//! `plan`, `preview`, `list`, `doc`, `expand`, `explain`, `run`, `report`.

use super::{RECIPE, Test};

fn keys(value: &serde_json::Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn the_expanded_recipe_is_the_same_recipe() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    let first = test
        .run(&["run", "recipe.ssl", "-q", "--out", "run"])
        .success();
    let expanded = test.run(&["expand", "recipe.ssl"]).success().stdout();
    // also by what pictures are normalised
    assert_eq!(expanded, test.text("run/recipe.ssl"));
    let note = "// `normalize()` stands here for normalize(mean = [0.495, 0.5, 0.493], std = ";
    assert!(expanded.contains(note), "{expanded}");
    test.write("expanded.ssl", &expanded);
    test.run(&["check", "expanded.ssl"]).success();
    let again = test.run(&["expand", "expanded.ssl"]).success().stdout();
    assert_eq!(again, expanded);
    // equal content hashes: no stage is run a second time
    let second = test.run(&["run", "expanded.ssl", "--out", "run"]).success();
    assert_eq!(
        second.stderr().matches("finished before, skipped").count(),
        6
    );
    assert_eq!(first.stdout(), second.stdout());
}

#[test]
fn results_are_a_table_of_fractions() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    let printed = test
        .run(&["run", "recipe.ssl", "--json", "--out", "run"])
        .success()
        .json();
    assert_eq!(printed, test.json("run/results.json"));
    let rows = printed.as_array().expect("an array");
    let stages: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["stage"].as_str())
        .collect();
    assert_eq!(
        stages,
        [
            "neighbours",
            "neighbours",
            "probe",
            "probe",
            "deep",
            "frozen"
        ]
    );
    for row in rows {
        assert_eq!(
            &keys(row)[..7],
            [
                "stage",
                "from",
                "evaluator",
                "protocol",
                "metric",
                "value",
                "untrained"
            ]
        );
        for key in ["value", "untrained", "raw"] {
            let value = row[key].as_f64().expect("a number");
            assert!((0.0..=1.0).contains(&value), "{row}");
        }
    }
    assert!(
        rows[5]["protocol"]
            .as_str()
            .is_some_and(|p| p.contains("40 labels")),
        "{}",
        rows[5]
    );
    for name in [
        "recipe.ssl",
        "run.json",
        "preview.png",
        "report.html",
        "net.safetensors",
    ] {
        assert!(test.path("run").join(name).exists(), "{name}");
    }
    let facts = test.json("run/run.json");
    for key in [
        "pretext",
        "recipe",
        "seed",
        "device",
        "threads",
        "workers",
        "cpu",
        "data",
        "provenance",
    ] {
        assert!(!facts[key].is_null(), "{key}");
    }
    let report = test.text("run/report.html");
    assert!(
        !report.contains("src=\"http") && !report.contains("href=\"http"),
        "the report is not self-contained"
    );
    assert!(report.contains("data:image/png;base64,"));
}

#[test]
fn plan_json_has_stable_keys() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    let plan = test.run(&["plan", "recipe.ssl", "--json"]).success().json();
    assert_eq!(
        keys(&plan),
        [
            "recipe",
            "data",
            "hash",
            "stages",
            "memory",
            "free_memory",
            "seeds",
            "points",
            "now",
            "seconds"
        ]
    );
    let stage = &plan["stages"][0];
    for key in [
        "stage",
        "what",
        "from",
        "data",
        "views",
        "parameters",
        "encoder_parameters",
        "flops_per_record",
        "steps",
        "batch",
        "repeated",
        "memory",
        "seconds",
    ] {
        assert!(keys(stage).contains(&key), "{key}");
    }
    // conv 4·3·9 + 2·4, conv 8·4·9; head 8·8+8, 2·8, 8·4+4
    let encoder = (4 * 3 * 9 + 8) + 8 * 4 * 9;
    assert!(
        [encoder, encoder + 12].contains(&stage["encoder_parameters"].as_u64().expect("a number")),
        "{stage}"
    );
    assert_eq!(stage["steps"], 6);
}

#[test]
fn plan_predicts_the_time_from_timed_steps() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    let plan = test
        .run(&["plan", "recipe.ssl", "--json", "--calibrate"])
        .success()
        .json();
    assert!(plan["seconds"].as_f64().is_some_and(|s| s > 0.0), "{plan}");
}

#[test]
fn pictures_go_where_they_are_asked_for() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    test.run(&["preview", "recipe.ssl"])
        .success()
        .prints("recipe-preview.png");
    test.run(&["preview", "recipe.ssl", "--out", "again.png"])
        .success();
    let read = |name: &str| std::fs::read(test.path(name)).expect("a picture");
    assert!(read("again.png").starts_with(b"\x89PNG"));
    assert!(
        read("again.png") == read("recipe-preview.png"),
        "the same seed draws the same sheet"
    );
    test.run(&[
        "preview",
        "recipe.ssl",
        "-o",
        "other.png",
        "--set",
        "run.seed=8",
    ])
    .success();
    assert!(read("other.png") != read("again.png"));
    test.run(&["plan", "recipe.ssl", "--svg", "graph.svg"])
        .success();
    assert!(test.text("graph.svg").starts_with("<svg"));
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let test = Test::new()
        .file("recipe.ssl", RECIPE)
        .file("taken", "a file");
    test.run(&["preview", "recipe.ssl", "-o", "taken/x.png"])
        .code(3)
        .says("taken/x.png");
    test.run(&["plan", "recipe.ssl", "--svg", "taken/x.svg"])
        .code(3)
        .says("taken/x.svg");
    test.run(&["run", "recipe.ssl", "--out", "taken/run"])
        .code(3)
        .says("E0803")
        .says("taken/run");
    test.run(&["report", "nowhere"]).code(3).says("nowhere");
}

#[test]
fn runs_are_compared_in_one_table() {
    let test = Test::new();
    let rows = |value: f64| {
        format!(
            "[{{\"stage\":\"near\",\"evaluator\":\"knn\",\"protocol\":\"k = 5\",\"metric\":\"accuracy\",\"value\":{value},\"untrained\":0.25,\"raw\":0.3}}]"
        )
    };
    for (name, value) in [("one.1.json", 0.5), ("one.2.json", 0.6), ("two.json", 0.4)] {
        std::fs::write(test.path(name), rows(value)).expect("results");
    }
    let table = test
        .run(&["compare", "two.json", "one.1.json", "one.2.json"])
        .success()
        .stdout();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[2], "| one | 55.0 ± 7.1 (+30.0) |");
    assert_eq!(lines[3], "| two | 40.0 (+15.0) |");

    std::fs::write(test.path("page.md"), "no place").expect("a page");
    test.run(&["compare", "two.json", "--into", "page.md"])
        .code(3)
        .says("<!-- compare -->");
    assert_eq!(test.text("page.md"), "no place");
    let page = "# A\n\n<!-- compare -->\n<!-- /compare -->\n";
    std::fs::write(test.path("page.md"), page).expect("a page");
    test.run(&["compare", "two.json", "--into", "page.md"])
        .success();
    assert!(test.text("page.md").contains("| two | 40.0 (+15.0) |"));

    std::fs::write(test.path("odd.json"), "[{\"stage\":1}]").expect("a file");
    test.run(&["compare", "odd.json"])
        .code(3)
        .says("odd.json holds no results");
    test.run(&["compare", "nowhere"]).code(3).says("nowhere");
}

#[test]
fn every_entry_is_listed_and_described() {
    let test = Test::new();
    let list = test.run(&["list", "--json"]).success().json();
    let entries = list.as_array().expect("an array");
    assert!(entries.len() > 50);
    let plain = test.run(&["list"]).success().stdout();
    for entry in entries {
        let name = entry["name"].as_str().expect("a name");
        assert!(plain.contains(name), "{name}");
    }
    for name in [
        "rotation",
        "simclr",
        "vit",
        "cosine",
        "knn",
        "take",
        "random_crop",
        "parquet",
    ] {
        test.run(&["doc", name]).success().prints(name);
        let docs = test.run(&["doc", name, "--json"]).success().json();
        for key in [
            "kind",
            "name",
            "summary",
            "semantics",
            "signature",
            "parameters",
            "example",
        ] {
            assert!(keys(&docs[0]).contains(&key), "{name}: {key}");
        }
    }
    test.run(&["doc", "rottion"])
        .code(1)
        .says("did you mean `rotation`?");
}

#[test]
fn a_value_says_where_it_comes_from() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    let explain = |args: &[&str]| test.run(&[&["explain", "recipe.ssl"], args].concat());
    explain(&["contrast.batch"])
        .success()
        .prints("recipe.ssl:24:15");
    explain(&["contrast.batch", "--set", "contrast.batch=10"])
        .success()
        .prints("--set");
    explain(&["contrast.optimizer.momentum"])
        .success()
        .prints("the default");
    explain(&["contrast.bach"])
        .code(1)
        .says("did you mean `contrast.batch`?");
}

#[test]
fn wrong_usage_is_said_plainly() {
    let test = Test::new();
    test.run(&["check", "nowhere.ssl"])
        .code(3)
        .says("can't read the recipe nowhere.ssl");
    test.run(&["chek", "x.ssl"]).code(2);
    test.run(&["--version"]).success().prints("pretext");
}

/// Two objectives that take turns send gradients through one value: it is computed twice, and `plan` says so.
#[test]
fn plan_says_what_is_computed_twice() {
    let script = r#"fn params() { [
  #{name: "batch", default: 16, doc: "Pictures per step."},
  #{name: "length", type: "duration", default: "2 epochs", doc: "How long to train."},
  #{name: "optimizer", type: "optimizer", default: "adamw(1e-3)", doc: "What moves the parameters."},
  #{name: "schedule", type: "schedule", default: "constant()", doc: "How the rate changes."},
  #{name: "critic", type: "head", default: "linear(1)", doc: "Moved by an objective of its own."},
  #{name: "still", default: false, doc: "Whether the critic gets no gradient of the encoder."},
] }
fn inputs() { [#{name: "views", type: "list(image)", doc: "Views."}] }
fn build(g, p) {
    let z = g.call(p.encoder, g.inputs("views")[0]);
    let seen = if p.still { stop_gradient(z) } else { z };
    g.objective_of("critic", mean_all(g.call(p.critic, seen)), [p.critic]);
    g.objective_of("features", mean_all(z * z), [p.encoder]);
}
"#;
    let recipe = "ssl 1\n\nuse script \"both.rhai\"\n\ndataset figures = shapes(train = 64)\n\n\
        augment pair(image) { emit views = (image |> hflip(50%) |> normalize()) * 2 }\n\n\
        pretext a = both() { data = figures.train, augment = pair, encoder = flatten() |> linear(8) |> relu() }\n";
    let test = Test::new()
        .file("recipe.ssl", recipe)
        .file("both.rhai", script);
    let plan = |recipe: &str| test.run(&["plan", recipe]).success();
    let said = plan("recipe.ssl").stdout();
    let line = said.lines().find(|line| line.contains("twice a step"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    for words in [
        "encoder/2 [B, 8] for `features`",
        "recipe.ssl:9:",
        "`stop_gradient`",
    ] {
        assert!(line.contains(words), "no {words:?} in {line}");
    }
    test.write("still.ssl", recipe.replace("both()", "both(still = on)"));
    let said = plan("still.ssl").stdout();
    assert!(!said.contains("twice a step"), "{said}");
    let json = test.run(&["plan", "recipe.ssl", "--json"]).success().json();
    assert_eq!(
        json["stages"][0]["repeated"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn the_default_of_checkpoints_is_told_everywhere() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    let field = test.run(&["explain", "recipe.ssl", "contrast.checkpoint"]);
    let said = field.success().stdout();
    let default = "every(period = 1 epoch, keep = 2, minutes = 5)";
    assert!(said.contains(default), "{said}");
    let said = test.run(&["expand", "recipe.ssl"]).success().stdout();
    let line = said.lines().find(|line| line.contains("checkpoint"));
    let line = line.expect("a checkpoint");
    assert!(
        line.contains("1 epoch") && line.contains("minutes = 5"),
        "{said}"
    );
    let again = Test::new().file("recipe.ssl", &said);
    again.run(&["check", "recipe.ssl"]).success();
    let said = test.run(&["plan", "recipe.ssl"]).success().stdout();
    let line = "every 10 steps or 5 minutes, whichever is first; the newest 2 are kept";
    assert!(said.contains(line), "{said}");
    let said = test.run(&["doc", "simclr"]).success().stdout();
    assert!(said.contains("1 epoch, minutes = 5"), "{said}");
}
