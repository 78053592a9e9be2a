//! What an export says about itself, and its score in PyTorch.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use pretext::data::Philox;

use super::{Test, run, with};

/// Pictures of three classes that differ in colour and in the direction of their stripes, not all of a kind.
fn pictures(test: &Test, side: u32) {
    for (split, number) in [("train", 40u64), ("test", 20)] {
        for (class, name) in ["ash", "birch", "cedar"].into_iter().enumerate() {
            fs::create_dir_all(test.path(&format!("woods/{split}/{name}"))).expect("a folder");
            for index in 0..number {
                let key = [Philox::part(split), class as u64, index];
                let mut rng = Philox::new(5, &key);
                let (phase, tint) = (rng.below(8), rng.below(90));
                let picture = image::RgbImage::from_fn(side, side, |x, y| {
                    let along = [x, y, x + y][class] + phase;
                    let light = 60 + 80 * (along / 3 % 2) + rng.below(100);
                    let [r, g, b] = [light, light / 2 + tint, 40 + tint];
                    image::Rgb([r, g, b].map(|value| value.min(255) as u8))
                });
                let path = test.path(&format!("woods/{split}/{name}/{index:02}.png"));
                picture.save(path).expect("a picture");
            }
        }
    }
}

fn recipe(encoder: &str, data: &str) -> String {
    format!(
        r#"ssl 1

dataset woods = {data}

pretext turns = rotation() {{
  data     = woods.train
  encoder  = {encoder}
  batch    = 24
  length   = 2 epochs
}}

evaluate nearest = knn(k = 120, temperature = 0.02) {{ from = turns, data = woods.train, test = woods.test }}
export weights = safetensors("given/model.safetensors") {{ from = turns }}

run {{ seed = 2 }}
"#
    )
}

/// The header of a safetensors file: what it says besides its tensors.
fn about(test: &Test, name: &str) -> BTreeMap<String, String> {
    let bytes = fs::read(test.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).expect("safetensors");
    header
        .metadata()
        .clone()
        .expect("metadata")
        .into_iter()
        .collect()
}

/// The lines that a run printed to load an export.
fn lines(said: &str) -> String {
    let after = said
        .lines()
        .skip_while(|line| *line != "  in Python:")
        .skip(1);
    let lines = after.map_while(|line| line.strip_prefix("    "));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// Mean and deviation per channel of all training pictures, computed here.
fn statistics(test: &Test) -> (Vec<f64>, Vec<f64>) {
    let (mut sums, mut squares, mut n) = ([0.0; 3], [0.0; 3], 0.0);
    for name in ["ash", "birch", "cedar"] {
        for entry in fs::read_dir(test.path(&format!("woods/train/{name}"))).expect("a folder") {
            let picture = image::open(entry.expect("an entry").path()).expect("a picture");
            for pixel in picture.to_rgb8().pixels() {
                n += 1.0;
                for (channel, value) in pixel.0.iter().enumerate() {
                    let value = f64::from(*value) / 255.0;
                    sums[channel] += value;
                    squares[channel] += value * value;
                }
            }
        }
    }
    let mean = sums.map(|sum| sum / n);
    let std = [0, 1, 2].map(|c: usize| (squares[c] / n - mean[c] * mean[c]).sqrt());
    (mean.to_vec(), std.to_vec())
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-6;
    assert!(
        found.iter().zip(expected).all(near),
        "{found:?} {expected:?}"
    );
}

#[test]
fn what_was_measured_is_recorded_everywhere() {
    let test = with(&recipe("small_cnn(width = 4)", "image_folder(\"woods\")"));
    pictures(&test, 32);
    let said = test
        .run(&["run", "recipe.ssl", "--out", "run"])
        .success()
        .stderr();
    let (mean, std) = statistics(&test);
    let list = |value: &serde_json::Value| -> Vec<f64> {
        serde_json::from_value(value.clone()).expect("numbers")
    };

    let facts = test.json("run/run.json");
    let noted = &facts["normalization"]["turns"];
    close(&list(&noted["mean"]), &mean);
    close(&list(&noted["std"]), &std);
    assert_eq!(
        (&noted["origin"], &noted["records"]),
        (&"measured".into(), &120.into())
    );

    let header = about(&test, "run/given/model.safetensors");
    let of_header = |key: &str| list(&serde_json::from_str(&header[key]).expect("a list"));
    assert_eq!(of_header("mean"), list(&noted["mean"]));
    assert_eq!(of_header("std"), list(&noted["std"]));
    assert_eq!(header["input_size"], "[3, 32, 32]");
    assert_eq!(header["architecture"], "small_cnn");
    assert_eq!(header["encoder"], "small_cnn(width = 4)");
    assert_eq!(header["format"], "pt");
    assert_eq!(header["recipe_hash"].len(), 64);
    assert_eq!(
        header["recipe_hash"],
        test.text("run/stages/turns/hash").trim()
    );
    assert!(header["view"].contains("32×32"), "{header:?}");
    assert!(header["license"].contains("`woods.train`"), "{header:?}");
    assert_eq!(
        header["normalized"],
        "measured on 120 of 120 records of `woods.train`"
    );

    let config = test.json("run/given/config.json");
    assert_eq!(config["architecture"], "small_cnn");
    assert_eq!(
        (&config["num_classes"], &config["num_features"]),
        (&0.into(), &16.into())
    );
    let cfg = &config["pretrained_cfg"];
    assert_eq!(list(&cfg["mean"]), list(&noted["mean"]));
    assert_eq!(list(&cfg["input_size"]), [3.0, 32.0, 32.0]);
    assert_eq!(
        (&cfg["interpolation"], &cfg["crop_pct"]),
        (&"bilinear".into(), &1.0.into())
    );

    // the recipe that the run keeps says it too, and is the same recipe
    let kept = test.text("run/recipe.ssl");
    let written = format!(
        "normalize(mean = {}, std = {})",
        header["mean"], header["std"]
    );
    assert!(kept.contains(&written), "{kept}");
    test.write("again.ssl", &kept);
    let again = test
        .run(&["run", "again.ssl", "--out", "run"])
        .success()
        .stderr();
    assert!(
        again.contains("turns · finished before, skipped"),
        "{again}"
    );
    // so does the report
    let page = test.text("run/report.html");
    assert!(page.contains("normalisation of turns"));
    assert!(page.contains(&format!("{:.4}", mean[0])) && page.contains("120 of 120 records"));

    let lines = lines(&said);
    assert!(lines.contains("load_file("), "{said}");
    assert!(lines.contains(&header["mean"]), "{lines}");
}

#[test]
fn a_folder_of_several_exports_has_a_config_for_each() {
    let more = "\nexport second = safetensors(\"given/second.safetensors\") { from = turns }\n";
    let text = recipe(
        "conv(4, 3) |> relu() |> global_avg_pool() |> l2_normalize()",
        "shapes(train = 144, valid = 8, test = 16)",
    );
    let test = with(&(text + more));
    let said = test
        .run(&["run", "recipe.ssl", "--out", "run"])
        .success()
        .stderr();
    for name in ["model", "second"] {
        let config = test.json(&format!("run/given/{name}.config.json"));
        assert_eq!(config["architecture"], "layers");
        assert_eq!(config["num_features"], 4);
    }
    assert!(!test.path("run/given/config.json").exists());
    // PyTorch has no such layer: said, not guessed
    assert!(
        said.contains("neither torchvision nor timm has this encoder"),
        "{said}"
    );
    assert!(!said.contains("in Python"), "{said}");
    // published or not, whoever normalises is named
    assert!(about(&test, "run/given/second.safetensors").contains_key("normalized"));
}

#[test]
fn a_config_of_somebody_else_stays() {
    let test = with(&recipe(
        "small_cnn(width = 2)",
        "shapes(train = 144, valid = 8, test = 16)",
    ));
    test.write("run/given/config.json", "{\"architecture\": \"bert\"}\n");
    let said = test
        .run(&["run", "recipe.ssl", "--out", "run"])
        .success()
        .stderr();
    assert_eq!(
        test.text("run/given/config.json"),
        "{\"architecture\": \"bert\"}\n"
    );
    assert!(
        said.contains("config.json of another model lies beside it"),
        "{said}"
    );
    // an own one is written anew
    fs::remove_file(test.path("run/given/config.json")).expect("a removal");
    run(&test, "run", &["--set", "turns.length=1 epoch"]).success();
    let before = test.json("run/given/config.json");
    run(&test, "run", &["--set", "turns.length=3 epochs"]).success();
    let after = test.json("run/given/config.json");
    assert_ne!(
        before["pretext"]["recipe_hash"],
        after["pretext"]["recipe_hash"]
    );
}

/// All neighbours vote, so that no rounding decides which of them do. Runs a recipe, loads its export by the printed lines and compares the kNN score. Skips with a message where Python or a package
/// is missing; `PRETEXT_PYTHON` names the interpreter.
fn scores(encoder: &str) {
    let test = with(&recipe(encoder, "image_folder(\"woods\")"));
    pictures(&test, 32);
    let said = test
        .run(&["run", "recipe.ssl", "--out", "run"])
        .success()
        .stderr();
    let rows = test.json("run/results.json");
    let accuracy = rows[0]["value"].as_f64().expect("a number");
    test.write("lines.py", lines(&said));
    let python = std::env::var("PRETEXT_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/score_export.py");
    let done = Command::new(&python)
        .current_dir(test.path("."))
        .args([script, "run/given/model.safetensors", "lines.py"])
        .args(["woods/train", "woods/test", "120", "0.02"])
        .arg(accuracy.to_string())
        .output();
    let Ok(done) = done else {
        println!("skipped: no {python}");
        return;
    };
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    print!("{text}");
    if done.status.code() != Some(77) {
        let why = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{encoder}\n{text}{why}\n{said}");
    }
}

#[test]
#[ignore = "needs Python with torch, torchvision and timm"]
fn exports_score_the_same_in_torch() {
    for encoder in [
        "small_cnn(width = 8)",
        "nin(blocks = 3)",
        "resnet18()",
        "resnet18(stem = small)",
        "vit(size = tiny, patch = 8px)",
        "vit(patch = 8px, width = 48, depth = 2, heads = 3)",
        "conv(8, 3, stride = 2) |> batch_norm() |> relu() as first |> max_pool(2) |> conv(16, 3, bias = off) |> gelu() |> avg_pool(2, stride = 1, padding = 1) |> flatten() |> linear(24) |> batch_norm() |> silu() |> layer_norm()",
    ] {
        scores(encoder);
    }
}
