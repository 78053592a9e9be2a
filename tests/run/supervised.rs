//! The fourth column: the same encoder, trained on labels instead.

use std::thread::sleep;
use std::time::Duration;

use super::{bytes, run, start, with};

const RECIPE: &str = r#"ssl 1

dataset figures = shapes(train = 768, valid = 64, test = 128)

pretext turns = rotation() {
  data    = figures.train
  encoder = small_cnn(width = 8)
  batch   = 32
  length  = 1 epoch
}

evaluate near = knn(k = 5) {
  from       = turns
  data       = figures.train
  test       = figures.test
  supervised = classifier(batch = 32, length = 16 epochs, optimizer = adamw(5e-3))
}

finetune probe = linear_probe() {
  from       = turns
  data       = figures.train
  test       = figures.test
  length     = 20 epochs
  supervised = classifier(batch = 32, length = 16 epochs, optimizer = adamw(5e-3))
}

finetune scratch = classifier() {
  from   = turns
  data   = figures.train
  test   = figures.test
  batch  = 32
  length = 16 epochs
  optimizer = adamw(5e-3)
}

run { seed = 3, threads = 1 }
"#;

#[test]
fn the_encoder_that_was_taught_stands_beside_the_others() {
    let test = with(RECIPE);
    run(&test, "plain", &[]).success();
    let rows = test.json("plain/results.json");
    let row = |stage: &str| {
        let rows = rows.as_array().expect("rows");
        let row = rows.iter().find(|row| row["stage"] == stage);
        row.unwrap_or_else(|| panic!("no {stage} in {rows:?}"))
            .clone()
    };
    let number = |stage: &str, key: &str| row(stage)[key].as_f64().expect("a number");
    // a fresh encoder that is fine-tuned is what the others call supervised: its own linear layer tells as much as another one on top
    let taught = number("scratch", "untrained");
    assert!(taught > 0.6, "{taught}");
    assert!(
        (number("probe", "supervised") - taught).abs() < 0.12,
        "{rows}"
    );
    assert!(
        number("near", "supervised") > number("near", "untrained") + 0.3,
        "{rows}"
    );
    assert!(
        row("scratch")
            .get("supervised")
            .is_none_or(|value| value.is_null()),
        "{rows}"
    );
    let protocol = row("near")["protocol"].to_string();
    assert!(protocol.contains("supervised for 16 epochs"), "{protocol}");
    test.run(&["report", "plain"]).success();
    assert!(test.text("plain/report.html").contains("supervised"));
    for kill in 0..8_u64 {
        let mut child = start(&test, "killed", &[]);
        sleep(Duration::from_millis(150 + kill * 170));
        let _ = child.kill();
        let _ = child.wait();
    }
    run(&test, "killed", &[]).success();
    assert_eq!(
        test.text("plain/results.json"),
        test.text("killed/results.json")
    );
    for stage in ["near", "probe"] {
        let file = |out: &str| test.path(&format!("{out}/stages/{stage}/final-taught.ckpt"));
        assert!(bytes(&file("plain")) == bytes(&file("killed")));
    }
}

#[test]
fn what_teaches_no_encoder_is_refused() {
    for (call, said) in [
        (
            "linear_probe(length = 2 epochs)",
            "`linear_probe` is not a value of `supervised`",
        ),
        (
            "classifier(unfreeze = none)",
            "`classifier` is not a value of `supervised`",
        ),
        ("knn(k = 3)", "`knn` is not a value of `supervised`"),
    ] {
        let test = with(&RECIPE.replacen(
            "classifier(batch = 32, length = 16 epochs, optimizer = adamw(5e-3))",
            call,
            1,
        ));
        test.run(&["check", "recipe.ssl"])
            .code(1)
            .says(said)
            .says("write `supervised = classifier(length = 10 epochs)`");
    }
}
