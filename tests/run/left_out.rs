//! What can't be read is left out everywhere, and stands beside every number that was measured without it.

use serde_json::Value;

use crate::support::Test;

const RECIPE: &str = r#"ssl 1

dataset own = image_folder("pictures")

augment view(image) { emit image |> random_resized_crop(16px) |> normalize() }
augment pair(image) { emit views = (image |> view()) * 2 }

pretext learnt = simclr() {
  data          = own.train
  augment       = pair
  encoder       = small_cnn(width = 4)
  head          = linear(8)
  batch         = 4
  length        = 3 epochs
  optimizer     = adamw(1e-3)
  monitor       = knn(own.test, k = 3, every = 1 epoch)
  on_bad_sample = skip
}

evaluate neighbours = knn(k = 3) { from = learnt, data = own.train, test = own.test, on_bad_sample = skip }

evaluate strict = knn(k = 3) { from = learnt, data = own.test, test = own.valid }

run { workers = 2, threads = 1 }
"#;

fn picture(shade: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(16, 16, |x, y| {
        image::Rgb([shade, (9 * x) as u8, (7 * y) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a picture");
    bytes.into_inner()
}

#[test]
fn records_that_are_left_out_stand_beside_the_numbers() {
    let mut test = Test::new().file("recipe.ssl", RECIPE);
    for (split, count) in [("train", 10), ("valid", 4), ("test", 6)] {
        for class in ["a", "b"] {
            for number in 0..count {
                let shade = if class == "a" { 40 } else { 200 } + number;
                let name = format!("pictures/{split}/{class}/{number}.png");
                test = test.file(&name, picture(shade));
            }
        }
    }
    // the header is sound, the pixels are not
    for broken in ["train/a/3", "train/b/0", "test/a/1"] {
        let whole = picture(90);
        let half = &whole[..whole.len() / 2];
        test.write(&format!("pictures/{broken}.png"), half);
    }
    test.run(&["run", "recipe.ssl", "--out", "o", "--quiet"])
        .code(3)
        .says("E0802")
        .says("on_bad_sample");
    test.write(
        "recipe.ssl",
        RECIPE
            .replace(
                "data = own.test, test = own.valid",
                "data = own.valid, test = own.valid",
            )
            .as_bytes(),
    );
    test.run(&["run", "recipe.ssl", "--out", "o", "--quiet"])
        .success();
    let rows: Value = serde_json::from_str(&test.text("o/results.json")).expect("rows");
    let row = |stage: &str| {
        let mut all = rows.as_array().expect("rows").iter();
        all.find(|row| row["stage"] == stage)
            .expect("a row")
            .clone()
    };
    // two of the bank and one of the test split; training met two, its monitor one more
    let neighbours = row("neighbours");
    assert_eq!(neighbours["left_out"]["neighbours"], 3, "{neighbours}");
    assert_eq!(neighbours["left_out"]["learnt"], 3, "{neighbours}");
    let protocol = neighbours["protocol"].as_str().expect("a text");
    assert!(
        protocol.contains("trained without 3 unreadable records, 3 records left out"),
        "{protocol}"
    );
    let strict = row("strict");
    assert_eq!(strict["left_out"]["strict"], Value::Null, "{strict}");
    assert_eq!(strict["left_out"]["learnt"], 3, "{strict}");
    let page = test.text("o/report.html");
    assert!(page.contains("3 records left out"));

    // a later sitting knows what an earlier one met
    let before = test.text("o/results.json");
    std::fs::remove_file(test.path("o/stages/neighbours/done")).expect("done");
    std::fs::remove_file(test.path("o/stages/strict/done")).expect("done");
    test.run(&["run", "recipe.ssl", "--out", "o", "--quiet"])
        .success();
    assert_eq!(test.text("o/results.json"), before);
}
