//! An edit, as an editor feels it: from the change to what the language server tells of it, and to what its plan adds; and completion right
//! after a change. `cargo bench --bench editor`. The first and the third at most 20 ms, the median.
//!
//! On the largest recipe of `recipes/` and on one of 2,000 lines, which takes part in nothing else. Data sets are those that the program draws:
//! nothing is read from a disk.

#[path = "../tests/editor/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use client::{Client, place};
pub use support::Test;

const RUNS: usize = 101;
const LIMIT_MS: f64 = 20.0;

/// 2,000 lines: 117 pretext stages, each with two judges.
fn long() -> String {
    let mut text = String::from(
        "ssl 1\n\n/// Two thousand lines.\n\ndataset figures = shapes(train = 4000)\n\naugment view(image) {\n  emit image |> \
         random_resized_crop(32px, scale = 0.2..1.0) |> hflip(50%)\n             |> color_jitter(brightness = 0.4, contrast = \
         0.4, saturation = 0.4, hue = 0.1, chance = 80%)\n             |> grayscale(20%) |> normalize()\n}\naugment \
         pair(image) { emit a = image |> view(), b = image |> view() }\n\n",
    );
    for i in 0..117 {
        text += &format!(
            "pretext contrast{i} = simclr(temperature = 0.5) {{\n  data      = figures.train\n  augment   = pair\n  encoder   = \
             small_cnn(width = 16)\n  head      = linear(128) |> batch_norm() |> relu() |> linear(64)\n  batch     = 256\n  \
             length    = 10 epochs\n  optimizer = lars(1.0, weight_decay = 1e-6)\n  schedule  = cosine(warmup = 1 epoch)\n}}\n\n\
             evaluate near{i} = knn(k = 20) {{ from = contrast{i}, data = figures.train, test = figures.test }}\n\nfinetune \
             probe{i} = linear_probe(at = [conv2, conv3]) {{\n  from = contrast{i}, data = figures.train, test = \
             figures.test, length = 10 epochs\n}}\n\n"
        );
    }
    text
}

/// The recipe of the project with the most lines.
fn largest() -> (String, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let entries = std::fs::read_dir(folder).expect("the recipes").flatten();
    let recipes = entries.filter(|entry| entry.path().extension().is_some_and(|e| e == "ssl"));
    let texts = recipes.filter_map(|entry| {
        let text = std::fs::read_to_string(entry.path()).ok()?;
        Some((entry.file_name().to_string_lossy().into_owned(), text))
    });
    let found = texts.max_by_key(|(_, text)| text.lines().count());
    found.expect("a recipe")
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The medians of the three, in milliseconds.
fn measured(name: &str, text: &str) -> bool {
    let mut client = Client::new(Test::new());
    client.open("recipe.ssl", text);
    client.told_all("recipe.ssl");
    // a number in the middle of the text
    let half = text.len() / 2;
    let half = (half..)
        .find(|at| text.is_char_boundary(*at))
        .expect("a place");
    let at = half + text[half..].find("batch ").expect("a batch");
    let digits = at
        + text[at..]
            .find(|c: char| c.is_ascii_digit())
            .expect("digits");
    let mut end = digits + text[digits..].find('\n').expect("an end");
    let mut now = text.to_owned();
    let (mut first, mut whole, mut complete) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let number = (100 + run).to_string();
        let change = json!([{
            "range": { "start": place(&now, digits), "end": place(&now, end) }, "text": number,
        }]);
        now.replace_range(digits..end, &number);
        end = digits + number.len();
        let began = Instant::now();
        client.change("recipe.ssl", change);
        client.told("recipe.ssl");
        first.push(began.elapsed().as_secs_f64() * 1e3);
        client.told("recipe.ssl");
        whole.push(began.elapsed().as_secs_f64() * 1e3);
        // a letter, and at once what may stand there
        let here = place(&now, at);
        let change = json!([{ "range": { "start": here, "end": here }, "text": "s\n  " }]);
        let uri = client.uri("recipe.ssl");
        let line = here["line"].as_u64().expect("a line");
        let unit = here["character"].as_u64().expect("a unit");
        let asked = json!({
            "textDocument": { "uri": uri }, "position": { "line": line, "character": unit + 1 },
        });
        let began = Instant::now();
        client.change("recipe.ssl", change);
        let found = client
            .request("textDocument/completion", asked)
            .expect("choices");
        complete.push(began.elapsed().as_secs_f64() * 1e3);
        assert!(found.as_array().is_some_and(|own| own.len() > 5), "{found}");
        client.told_all("recipe.ssl");
        let back = json!([{
            "range": { "start": here, "end": { "line": line + 1, "character": 2 } }, "text": "",
        }]);
        client.change("recipe.ssl", back);
        let left: Vec<Value> = client.told_all("recipe.ssl");
        let errors = left.iter().filter(|own| own["severity"] == 1).count();
        assert!(run > 0 || errors == 0 || name != "2,000 lines", "{left:?}");
    }
    client.finish();
    let lines = text.lines().count();
    let [first, whole, complete] = [&mut first, &mut whole, &mut complete].map(|own| median(own));
    println!(
        "{name}, {lines} lines: an edit is answered in {first:.1} ms, with its plan in {whole:.1} ms, completion in \
         {complete:.1} ms; medians of {RUNS} (limit {LIMIT_MS} ms)"
    );
    first <= LIMIT_MS && complete <= LIMIT_MS
}

fn main() -> ExitCode {
    let (name, text) = largest();
    let quick = [measured(&name, &text), measured("2,000 lines", &long())];
    match quick.iter().all(|quick| *quick) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
