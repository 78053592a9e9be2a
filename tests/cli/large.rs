//! A recipe of 2,000 lines with 20 imports, and how long the whole process takes to check it.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::Test;

const IMPORTS: usize = 20;
const LINES: usize = 2000;

/// One of the recipes that are used: data, views, layers, an encoder.
fn import(n: usize) -> String {
    let mut text = String::from("ssl 1\n\n/// What stages of one kind share.\n\n");
    let _ = write!(
        text,
        "dataset pictures = shapes(train = {}, valid = 64, test = 64)\n\nlayers narrow = linear(128) |> batch_norm() |> relu() |> linear(64)\n\n\
         encoder trunk = conv({width}, 3) |> batch_norm() |> relu() as conv1 |> max_pool(2) |> conv({width}, 3) |> batch_norm() |> relu() |> \
         global_avg_pool()\n",
        256 + n,
        width = 16 + n
    );
    for strength in 1..=6 {
        let _ = write!(
            text,
            "\naugment view_{strength}(image) {{\n  cut = image |> random_resized_crop(32px, scale = 0.{strength}..1.0)\n  \
             coloured = cut |> hflip(50%) |> color_jitter(brightness = 0.{strength}, chance = 80%)\n  \
             emit coloured |> grayscale(20%) |> normalize()\n}}\naugment pair_{strength}(image) {{\n  \
             emit a = image |> view_{strength}(), b = image |> view_{strength}()\n}}\n"
        );
    }
    text
}

/// The recipe that uses them: stages until it has as many lines as are wanted.
pub fn recipe() -> String {
    let mut text = String::from("ssl 1\n\n/// Everything that could be compared.\n\n");
    for n in 0..IMPORTS {
        let _ = writeln!(text, "use \"common/part_{n}.ssl\"");
    }
    let mut n = 0;
    while text.lines().count() + 22 < LINES {
        let (part, strength) = (n % IMPORTS, n % 6 + 1);
        let _ = write!(
            text,
            "\n/// Number {n}\npretext pairs_{n} = simclr(temperature = 0.{strength}) {{\n  // what is read\n  data      = part_{part}.pictures.train\n  \
             augment   = part_{part}.pair_{strength}\n  encoder   = part_{part}.trunk\n  head      = part_{part}.narrow\n  batch     = 64\n  \
             length    = {strength} epochs\n  optimizer = adamw(1e-3, weight_decay = 0.05)\n  schedule  = cosine(warmup = 1 epoch)\n}}\n\n\
             evaluate near_{n} = knn(k = {k}) {{\n  from = pairs_{n}\n  data = part_{part}.pictures.train\n  test = part_{part}.pictures.test\n}}\n",
            k = 5 + n
        );
        n += 1;
    }
    while text.lines().count() < LINES - 2 {
        text += "// the end\n";
    }
    text += "\nrun { seed = 1 }\n";
    text
}

pub fn written() -> Test {
    let mut test = Test::new().file("recipe.ssl", recipe());
    for n in 0..IMPORTS {
        test = test.file(&format!("common/part_{n}.ssl"), import(n));
    }
    test
}

#[test]
fn a_large_recipe_is_sound() {
    assert_eq!(recipe().lines().count(), LINES);
    written().run(&["check", "recipe.ssl"]).success();
}

/// `cargo test --release --test cli -- --ignored --nocapture large`: the median of 21 processes.
#[test]
#[ignore = "measures time"]
fn a_large_recipe_is_checked_in_fifty_milliseconds() {
    let test = written();
    let mut times: Vec<Duration> = (0..21)
        .map(|_| {
            let began = Instant::now();
            let output = test.command(&["check", "recipe.ssl"]).output();
            let time = began.elapsed();
            assert!(output.expect("a process").status.success());
            time
        })
        .collect();
    times.sort();
    let median = times[times.len() / 2];
    println!(
        "check of {LINES} lines with {IMPORTS} imports: median {median:?}, least {:?}",
        times[0]
    );
    assert!(median <= Duration::from_millis(50), "{median:?}");
}
