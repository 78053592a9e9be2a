//! The lock, and bundles: a recipe with all that it is made of, on another machine.

use std::fs;

use super::{Test, bytes, with};

const RECIPE: &str = r#"ssl 1

use "common/views.ssl"
use script "tasks/narrow.rhai"
extends "base.ssl"
override turns.batch = 8

evaluate near = knn(k = 5) { from = turns, data = figures.train, test = figures.test }
"#;

fn project() -> Test {
    with(RECIPE)
        .file("p/recipe.ssl", RECIPE)
        .file("p/common/views.ssl", "ssl 1\n\naugment look(image) {\n  (view, turn) = image |> quarter_turn()\n  emit view, turn\n}\n")
        .file("p/base.ssl", "ssl 1\n\ndataset figures = shapes(train = 32, valid = 16, test = 16)\n\npretext turns = rotation() {\n  data = figures.train, encoder = small_cnn(width = 4), batch = 16, length = 1 epoch\n}\n\nrun { threads = 1 }\n")
        .file("p/tasks/narrow.rhai", fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/recipes/tasks/barlow_twins.rhai")).expect("a script"))
}

fn plan_of(test: &Test, recipe: &str) -> String {
    let said = test.run(&["plan", recipe, "--json"]).success().json();
    said["hash"].as_str().expect("a hash").to_owned()
}

#[test]
fn a_lock_names_what_differs() {
    let test = project();
    test.run(&["lock", "p/recipe.ssl"])
        .success()
        .prints("5 pins in ");
    let lock = test.text("p/ssl.lock");
    for name in [
        "[recipes]",
        "\"common/views.ssl\"",
        "\"base.ssl\"",
        "[scripts]",
        "\"tasks/narrow.rhai\"",
        "[data]",
        "\"recipe.ssl figures.train\"",
        "\"recipe.ssl figures.test\"",
    ] {
        assert!(lock.contains(name), "{name}: {lock}");
    }
    test.run(&["lock", "p/recipe.ssl", "--check"])
        .success()
        .prints("p/recipe.ssl: as ");
    let args = ["run", "p/recipe.ssl", "--out", "out"];
    test.run(&args).success();
    for (file, from, to, words) in [
        (
            "p/common/views.ssl",
            "quarter_turn()",
            "hflip(10%) |> quarter_turn()",
            "the recipe common/views.ssl is not the one that",
        ),
        (
            "p/base.ssl",
            "batch = 16",
            "batch = 32",
            "the recipe base.ssl is not the one that",
        ),
        (
            "p/tasks/narrow.rhai",
            "\n",
            "\n\n",
            "the script tasks/narrow.rhai is not the one that",
        ),
        ("p/base.ssl", "test = 16", "test = 8", "the recipe base.ssl"),
    ] {
        let before = test.text(file);
        assert!(before.contains(from), "{file}");
        test.write(file, before.replace(from, to));
        for verb in [
            &args[..],
            &["check", "p/recipe.ssl"],
            &["lock", "--check", "p/recipe.ssl"],
        ] {
            test.run(verb)
                .code(1)
                .says(words)
                .says("ssl.lock")
                .says("pretext lock");
        }
        test.write(file, before);
    }
    test.run(&args).success();
    // other data: the recipe itself is free to change
    test.write("p/photos.ssl", "ssl 1\n\ndataset some = text_lines(\"lines.txt\")\n\nfit words = vocabulary(size = 8, min = 1) { data = some.train }\n");
    test.write("p/lines.txt", "one two three\nfour five six\n");
    test.run(&["lock", "p/photos.ssl"]).success();
    let photos = ["run", "p/photos.ssl", "--out", "photos"];
    test.run(&photos).success();
    test.write("p/lines.txt", "one two three\nfour five seven\n");
    test.run(&photos)
        .code(3)
        .says("E0904")
        .says("the records of `some.train` are not those that `ssl.lock` names")
        .says("p/photos.ssl:5:");
    test.run(&["lock", "p/photos.ssl", "--check"])
        .code(1)
        .says("`some.train`: the records are not those that");
    test.run(&["lock", "p/photos.ssl"]).success();
    test.run(&photos).success();
}

#[test]
fn a_bundle_is_the_same_plan_elsewhere() {
    let test = project();
    let plan = plan_of(&test, "p/recipe.ssl");
    test.run(&["bundle", "p/recipe.ssl", "-o", "a.bundle"])
        .success()
        .prints("5 files");
    test.run(&["bundle", "p/recipe.ssl", "-o", "b.bundle"])
        .success();
    assert!(bytes(&test.path("a.bundle")) == bytes(&test.path("b.bundle")));
    test.run(&["unbundle", "a.bundle", "there"])
        .success()
        .prints("recipe: there/recipe.ssl");
    assert_eq!(plan_of(&test, "there/recipe.ssl"), plan);
    assert!(test.text("there/ssl.lock").contains("figures.train"));
    test.run(&["unbundle", "a.bundle", "there"])
        .code(3)
        .says("something is there");
    // what was set goes along
    let set = ["--set", "turns.length=2 epochs"];
    let said = test
        .run(&[&["plan", "p/recipe.ssl", "--json"], &set[..]].concat())
        .success()
        .json();
    test.run(&[&["bundle", "p/recipe.ssl", "-o", "set.bundle"], &set[..]].concat())
        .success();
    test.run(&["unbundle", "set.bundle", "set"])
        .success()
        .prints("recipe: set/as_run.ssl");
    assert_eq!(
        plan_of(&test, "set/as_run.ssl"),
        said["hash"].as_str().expect("a hash")
    );
    assert_ne!(plan_of(&test, "set/as_run.ssl"), plan);
    // other names are the same plan
    test.write(
        "p/base.ssl",
        test.text("p/base.ssl").replace("turns", "rotations"),
    );
    test.write(
        "p/recipe.ssl",
        RECIPE
            .replace("turns", "rotations")
            .replace("near", "nearest"),
    );
    assert_eq!(plan_of(&test, "p/recipe.ssl"), plan);
}

#[test]
fn a_bundled_run_goes_on_elsewhere() {
    let test = project();
    let args = ["run", "p/recipe.ssl", "--out", "out"];
    test.run(&args).success();
    // the run keeps what it was made of
    fs::remove_dir_all(test.path("p")).expect("a folder");
    test.run(&["bundle", "out", "-o", "results.bundle"])
        .success();
    test.run(&["bundle", "out", "-o", "all.bundle", "--weights"])
        .success();
    test.run(&["unbundle", "results.bundle", "r"])
        .success()
        .prints("run: r/run");
    assert!(bytes(&test.path("r/run/results.json")) == bytes(&test.path("out/results.json")));
    assert!(
        test.path("r/run/report.html").exists()
            && !test.path("r/run/stages/turns/final.ckpt").exists()
    );
    test.run(&["unbundle", "all.bundle", "w"]).success();
    assert!(
        bytes(&test.path("w/run/stages/turns/final.ckpt"))
            == bytes(&test.path("out/stages/turns/final.ckpt"))
    );
    test.run(&["run", "w/recipe.ssl", "--out", "w/run"])
        .success()
        .says("turns · finished before, skipped")
        .says("near · finished before, skipped");
    // a changed bundle is refused, and leaves nothing
    let mut whole = bytes(&test.path("all.bundle"));
    let middle = whole.len() / 2;
    whole[middle] ^= 1;
    test.write("bad.bundle", whole);
    test.run(&["unbundle", "bad.bundle", "bad"])
        .code(3)
        .says("is no sound bundle");
    assert!(!test.path("bad").exists());
}

#[test]
fn a_recipe_is_used_out_of_a_bundle() {
    let test = project();
    test.run(&["bundle", "p/common/views.ssl", "-o", "none.bundle"])
        .code(0);
    test.write("shared/views.ssl", test.text("p/common/views.ssl"));
    test.run(&["bundle", "shared/views.ssl", "-o", "q/shared.bundle"])
        .success();
    let recipe = "ssl 1\n\nuse \"shared.bundle/views.ssl\"\n\ndataset figures = shapes(train = 32, valid = 16, test = 16)\n\npretext turns = rotation() {\n  data = figures.train, augment = views.look, encoder = small_cnn(width = 4), batch = 16, length = 1 epoch\n}\n";
    test.write("q/recipe.ssl", recipe);
    test.run(&["check", "q/recipe.ssl"]).success();
    test.run(&["lock", "q/recipe.ssl"]).success();
    assert!(
        test.text("q/ssl.lock")
            .contains("[bundles]\n\"shared.bundle\"")
    );
    // another bundle in its place
    test.write(
        "shared/views.ssl",
        test.text("p/common/views.ssl") + "\n// another\n",
    );
    test.run(&["bundle", "shared/views.ssl", "-o", "q/shared.bundle"])
        .success();
    test.run(&["check", "q/recipe.ssl"])
        .code(1)
        .says("E0904")
        .says("the bundle");
    test.write("q/recipe.ssl", recipe.replace("views.ssl", "other.ssl"));
    test.run(&["check", "q/recipe.ssl"])
        .code(1)
        .says("it holds no `other.ssl`");
    test.write("q/recipe.ssl", recipe.replace("views.ssl", "../views.ssl"));
    test.run(&["check", "q/recipe.ssl"]).code(1);
}

#[test]
fn two_recipes_differ_in_meaning_or_not() {
    let test = project();
    test.write("a.ssl", "ssl 1\n\ndataset figures = shapes(train = 64, valid = 16, test = 16)\n\npretext turns = rotation() {\n  data = figures.train, encoder = small_cnn(width = 4), batch = 16, length = 1 epoch\n}\n\nevaluate near = knn(k = 5) { from = turns, data = figures.train, test = figures.test }\n");
    let a = test.text("a.ssl");
    test.write(
        "b.ssl",
        a.replace("turns", "quarters").replace("figures", "some"),
    );
    test.run(&["diff", "a.ssl", "b.ssl"])
        .code(0)
        .prints("quarters was called turns, and means the same");
    test.run(&["diff", "a.ssl", "a.ssl"])
        .code(0)
        .prints("they mean the same");
    test.write("c.ssl", a.replace("width = 4", "width = 8").replace("batch = 16", "batch = 32") + "\nevaluate far = knn(k = 9) { from = turns, data = figures.train, test = figures.test }\n");
    test.run(&["diff", "a.ssl", "c.ssl"])
        .code(1)
        .prints("`batch` was 16, is 32    a.ssl:6:65 → c.ssl:6:65")
        .prints("`encoder.width` was 4, is 8")
        .prints("so parameters: ")
        .prints("so multiply-adds a record: ")
        .prints("so steps: 4 → 2")
        .prints("so peak memory: ")
        .prints("far is new");
    let said = test
        .run(&["diff", "c.ssl", "a.ssl", "--json"])
        .code(1)
        .json();
    assert_eq!(said["differ"], true);
    let stages = said["stages"].as_array().expect("stages");
    let changes = stages[0]["changes"].as_array().expect("changes");
    let width = changes
        .iter()
        .find(|change| change["path"] == "encoder.width");
    assert_eq!(width.expect("a change")["was"], "8");
    assert!(
        stages
            .iter()
            .any(|stage| stage["stage"] == "far" && stage["is_there"] == false)
    );
    test.write("seed.ssl", a.clone() + "\nrun { seed = 9 }\n");
    test.run(&["diff", "a.ssl", "seed.ssl"])
        .code(1)
        .prints("run\n  `run.seed` was 0, is 9");
    // with a run
    test.run(&["run", "a.ssl", "--out", "out"]).success();
    test.run(&["diff", "out", "a.ssl"]).code(0);
    test.run(&["diff", "out", "c.ssl"])
        .code(1)
        .prints("`batch` was 16, is 32    a.ssl:6:65 → c.ssl:6:65")
        .prints("so parameters: ");
    test.run(&["diff", "a.ssl", "nothing.ssl"]).code(2);
    test.run(&["diff", "a.ssl", "p"])
        .code(2)
        .says("is no run directory");
    test.write("broken.ssl", "ssl 1\npretext");
    test.run(&["diff", "a.ssl", "broken.ssl"]).code(2);
    // and two runs beside each other say what differs
    test.run(&["run", "c.ssl", "--out", "other"]).success();
    test.run(&["compare", "out", "other", "--html", "page.html"])
        .success()
        .prints("- other, beside out:\n")
        .prints("turns: `batch` was 16, is 32");
    let page = test.text("page.html");
    for part in [
        "turns: `batch` was 16, is 32",
        "<a href=\"out&#x2f;report.html\">out</a>",
        "What differs in the recipes",
    ] {
        assert!(page.contains(part), "{part}");
    }
}
