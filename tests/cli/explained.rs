//! `pretext explain CODE`: each example does what it says.

use pretext::language::codes::Code;
use pretext::language::{Example, explained};

use crate::Test;

/// A sound recipe that holds the right form of every example.
const SOUND: &str = "ssl 1

dataset f = shapes(train = 400, valid = 80, test = 80)

augment view(image) {
  emit image |> random_resized_crop(32px, scale = 0.5..1.0) |> color_jitter(brightness = 0.4) |> normalize()
}
augment pair(image) { emit views = (image |> view()) * 2 }
augment turned(image) {
  (picture, turn) = image |> quarter_turn()
  emit view = picture |> normalize(), turn
}

pretext p = simclr() {
  data      = f.train
  augment   = pair
  encoder   = small_cnn(width = 4)
  head      = linear(16)
  batch     = 32
  length    = 12 epochs
  optimizer = adamw(1e-3)
}

pretext r = rotation() {
  data    = f.train, augment = turned, encoder = small_cnn(width = 8), head = linear(4), batch = 50
  length  = 3 epochs, optimizer = adamw(2e-3)
}

evaluate k = knn(k = 5) {
  from = p
  data = f.train
  test = f.test
}

run { seed = 1 }
";

#[test]
fn what_is_wrong_is_told_and_what_is_right_is_not() {
    let examples: Vec<(&str, Example)> = (Code::ALL.iter())
        .filter_map(|code| Some((code.number(), explained(*code).example?)))
        .collect();
    assert!(examples.len() >= 35, "{}", examples.len());
    let mut test = Test::new().file("sound.ssl", SOUND);
    for (code, Example { wrong, right }) in &examples {
        assert!(SOUND.contains(right), "{code}: {right}");
        test = test.file(&format!("{code}.ssl"), SOUND.replacen(right, wrong, 1));
    }
    let said = test.run(&["check", ".", "--json", "--offline"]).json();
    let all = said["recipes"].as_array().expect("recipes");
    assert_eq!(all.len(), examples.len() + 1);
    let mut short = Vec::new();
    for one in all {
        let name = one["recipe"].as_str().expect("a name");
        let name = name.trim_start_matches("./").trim_end_matches(".ssl");
        let diagnostics = one["diagnostics"].as_array().expect("diagnostics");
        let right = match name {
            "sound" => diagnostics.is_empty(),
            code => diagnostics.iter().any(|d| d["code"] == code),
        };
        if !right {
            short.push(format!("{name}: {diagnostics:?}"));
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

#[test]
fn every_code_is_explained() {
    let test = Test::new();
    for code in Code::ALL {
        let number = code.number().to_ascii_lowercase();
        test.run(&["explain", &number])
            .success()
            .prints(explained(*code).why)
            .prints(code.meaning());
    }
    test.run(&["explain", "E0203"])
        .success()
        .prints("    bacth     = 32\n  right:\n    batch     = 32\n");
    test.run(&["explain", "E9999"])
        .code(1)
        .says("there is no code E9999");
}
