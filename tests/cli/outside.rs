//! What a recipe may write, and what the command line names that no recipe asks for.

use super::{RECIPE, Test};

/// A small picture.
fn picture() -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::new(8, 8);
    picture
        .write_to(&mut file, image::ImageFormat::Png)
        .expect("a picture");
    file.into_inner()
}

fn exporting(path: &str) -> Test {
    let written = format!("safetensors({path:?})");
    let recipe = RECIPE.replace("safetensors(\"net.safetensors\")", &written);
    Test::new().file("recipe.ssl", recipe)
}

#[test]
fn an_export_stays_in_the_run_directory() {
    let export = RECIPE.lines().position(|line| line.starts_with("export"));
    let line = 1 + export.expect("an export");
    for path in [
        "/tmp/w.safetensors",
        "../w.safetensors",
        "a/../../w",
        "/dev/null",
        "~/w",
        "C:/w",
        "a\\b",
        "stages/contrast/final.ckpt",
        "Final.ckpt",
        "LOCK",
        "hash",
        "done",
        "report.html",
        "results.json/w",
        "metrics.jsonl",
        "folder/",
        "..",
        "",
    ] {
        let said = exporting(path)
            .run(&["check", "recipe.ssl"])
            .code(1)
            .stderr();
        assert!(said.contains("error[E0302]"), "{path}: {said}");
        let place = format!("recipe.ssl:{line}:");
        assert!(said.contains(&place), "{path}: {said}");
        assert!(said.contains("help:"), "{path}: {said}");
    }
    for path in ["w", "a/b/w.safetensors", "./w"] {
        exporting(path).run(&["check", "recipe.ssl"]).success();
    }
    let outside = exporting("../w.safetensors");
    for verb in ["check", "plan", "expand"] {
        let args = [verb, "recipe.ssl", "--allow-outside"];
        outside.run(&args).success();
    }
    exporting("lock")
        .run(&["check", "recipe.ssl", "--allow-outside"])
        .code(1);
}

#[test]
fn two_exports_have_two_files() {
    let more = "export again = safetensors(\"NET.safetensors\") { from = contrast }\n\nrun {";
    let recipe = RECIPE.replace("run {", more);
    let test = Test::new().file("recipe.ssl", &recipe);
    let said = test.run(&["check", "recipe.ssl"]).code(1).stderr();
    assert!(said.contains("is written by two exports"), "{said}");
    let recipe = recipe.replace("NET.safetensors", "net.safetensors/below");
    test.write("recipe.ssl", recipe);
    let said = test.run(&["check", "recipe.ssl"]).code(1).stderr();
    assert!(
        said.contains("is below a file that another export writes"),
        "{said}"
    );
}

#[test]
fn data_that_no_recipe_asks_for_is_told_of() {
    let folder = "ssl 1\ndataset d = image_folder(\"flowers\")\n\
                  pretext p = rotation() { data = d.train, encoder = small_cnn() }\n";
    let test = Test::new()
        .file("recipe.ssl", folder)
        .file("empty.ssl", RECIPE);
    test.write("flowers/a/x.png", picture());
    test.write("flowers/b/y.png", picture());
    let said = test
        .run(&["check", "recipe.ssl", "--data", "flwoers=flowers"])
        .code(1)
        .stderr();
    assert!(
        said.contains("error[E0201]: the recipe asks for no data `flwoers`"),
        "{said}"
    );
    assert!(said.contains("did you mean `--data flowers=…`?"), "{said}");
    assert!(said.contains("--data:1:1"), "{said}");
    let said = test
        .run(&["run", "recipe.ssl", "--data", "zebras=flowers"])
        .code(1)
        .stderr();
    assert!(said.contains("asks for `flowers`"), "{said}");
    let said = test
        .run(&["check", "empty.ssl", "--data", "mnist=flowers"])
        .code(1)
        .stderr();
    assert!(said.contains("asks for no data by name"), "{said}");
    let said = test
        .run(&["check", "recipe.ssl", "--data", "flowers=nowhere"])
        .code(1)
        .stderr();
    assert!(said.contains("nowhere is not there"), "{said}");
    for wrong in [
        vec!["flowers="],
        vec!["flowers=a", "flowers=b"],
        vec!["flowers"],
    ] {
        let mut args = vec!["check", "recipe.ssl"];
        wrong.iter().for_each(|text| args.extend(["--data", text]));
        let said = test.run(&args).code(3).stderr();
        assert!(said.starts_with("error: `--data"), "{said}");
    }
    test.run(&["check", "recipe.ssl", "--data", "flowers=flowers"])
        .success();
}
