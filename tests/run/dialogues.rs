//! Dialogues: which turns come first can be told where they have an order, and can't where they have none.

use super::{Test, equal, killed, run, with};

/// Dialogues of twelve pairs of turns that go through four stages, three pairs each, with words of their own. `mixed`: the same pairs in any
/// order, of which nothing can be told but by what gives the target away.
fn talks(test: &Test, mixed: bool) {
    let stages = [
        ["hello", "morning", "welcome", "greetings"],
        ["weather", "rain", "sunny", "clouds"],
        ["football", "music", "cinema", "books"],
        ["goodbye", "later", "farewell", "goodnight"],
    ];
    let mut state = 5_u64;
    let mut draw = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for (split, n) in [("train", 160), ("valid", 80)] {
        let mut lines = String::new();
        for _ in 0..n {
            let mut pairs: Vec<[String; 2]> = (0..12)
                .map(|at| {
                    let words = stages[at / 3];
                    [draw(4), draw(4)].map(|word| format!("\"well {}\"", words[word]))
                })
                .collect();
            if mixed {
                for at in (1..pairs.len()).rev() {
                    pairs.swap(at, draw(at + 1));
                }
            }
            lines += &format!("[{}]\n", pairs.concat().join(", "));
        }
        test.write(&format!("talks/{split}.jsonl"), lines);
    }
}

const RECIPE: &str = r#"ssl 1

dataset talks    = dialogues("talks")
dataset triples  = dialogues("talks") |> triples(ordered = 50%)
dataset straight = dialogues("talks") |> triples(ordered = 100%)
dataset shuffled = dialogues("talks") |> triples(ordered = 0%)
dataset random   = dialogues("talks") |> triples(ordered = 100%, last = another)

fit words = vocabulary(size = 40, min = 1) { data = talks.train }

augment read(target, in_order, out_of_order, ordered) {
  asked    = target |> tokenize(words) |> crop_tokens(4, at = start)
  straight = in_order |> tokenize(words) |> crop_tokens(4, at = start)
  mixed    = out_of_order |> tokenize(words) |> crop_tokens(4, at = start)
  emit target = asked, in_order = straight, out_of_order = mixed, ordered
}

pretext order = dialogue_order(width = 16, head = linear(16) |> relu() |> linear(2)) {
  data       = triples.train
  valid      = triples.valid
  augment    = read
  encoder    = ENCODER
  batch      = 16
  length     = 25 epochs
  optimizer  = adamw(5e-3)
  schedule   = cosine()
  checkpoint = every(7 steps, keep = 2)
}

evaluate score = coherence(shuffled = shuffled.valid, random = random.valid) {
  from = order
  data = straight.valid
}

run { seed = 1, threads = 1 }
"#;

fn recipe(encoder: &str, mixed: bool) -> Test {
    let test = with(&RECIPE.replace("ENCODER", encoder));
    talks(&test, mixed);
    test
}

/// A number of the table of results, trained and untrained: of the kind of continuation that its protocol begins with.
fn result(test: &Test, metric: &str, kind: &str) -> [f64; 2] {
    let rows = test.json("run/results.json");
    let mut rows = rows.as_array().expect("rows").iter();
    let row = rows.find(|row| {
        let protocol = row["protocol"].as_str().expect("words");
        row["metric"] == metric && protocol.starts_with(kind)
    });
    let row = row.unwrap_or_else(|| panic!("no {metric} of {kind}"));
    ["value", "untrained"].map(|key| row[key].as_f64().expect("a number"))
}

#[test]
fn an_order_is_learnt_and_scored_and_a_kill_leaves_the_same_bytes() {
    let test = recipe("gru(width = 16)", false);
    run(&test, "run", &[]).success();
    // of two pairs of one stage nobody can tell which was first: about one of seven targets has such pairs alone in another order
    let [trained, untrained] = result(&test, "accuracy", "true and shuffled");
    assert!(trained > 0.8, "{trained}");
    assert!((0.4..0.6).contains(&untrained), "{untrained}");
    let [own, before] = result(&test, "coherence", "true");
    let [shuffled, _] = result(&test, "coherence", "shuffled");
    assert!(own > 0.6 && shuffled < 0.4, "{own} {shuffled}");
    assert!((0.3..0.7).contains(&before), "{before}");
    let [preferred, _] = result(&test, "preferred", "shuffled");
    assert!(preferred > 0.8, "{preferred}");
    let spread = test.json("run/stages/score/spread.json");
    let names: Vec<&str> = spread["trained"]
        .as_array()
        .expect("kinds")
        .iter()
        .map(|kind| kind["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["true", "shuffled", "random"]);
    let page = test.text("run/report.html");
    assert!(page.contains("How scores are spread") && page.contains("coherence near 0.975"));
    // killed on the way: the same bytes
    killed(&test, &[], 900);
    equal(
        &test,
        ["run", "killed"],
        &[
            "results.json",
            "stages/order/final.ckpt",
            "stages/order/metrics.jsonl",
            "stages/score/spread.json",
        ],
    );
}

/// Whatever gives a target away beside the order of its words would be learnt here as well.
#[test]
fn without_an_order_nothing_can_be_told() {
    let test = recipe("gru(width = 16)", true);
    run(&test, "run", &[]).success();
    // 160 answers: s.d. 4 points
    let [trained, _] = result(&test, "accuracy", "true and shuffled");
    assert!((0.36..0.64).contains(&trained), "{trained}");
}

#[test]
fn a_transformer_learns_it_too() {
    let encoder = "bert(width = 16, depth = 1, heads = 1, dropout = 0%)";
    let test = recipe(encoder, false);
    run(&test, "run", &[]).success();
    let [trained, _] = result(&test, "accuracy", "true and shuffled");
    assert!(trained > 0.75, "{trained}");
}

#[test]
fn what_tells_no_score_and_other_records_are_refused_at_their_lines() {
    let recipe = RECIPE.replace("ENCODER", "gru(width = 16)");
    let refused = |from: &str, to: &str, line: usize, words: &[&str]| {
        assert!(recipe.contains(from), "{from}");
        let test = with(&recipe.replace(from, to));
        talks(&test, false);
        test.write("lines.txt", "the boat goes on\n".repeat(40));
        let mut ran = test.run(&["check", "recipe.ssl"]).code(1);
        for said in words {
            ran = ran.says(said);
        }
        ran.says(&format!("recipe.ssl:{line}:"));
    };
    let line = |of: &str| 1 + recipe.lines().take_while(|line| !line.contains(of)).count();
    refused(
        "triples(ordered = 0%)",
        "triples(ordered = 0%, references = 2)",
        line("shuffled = shuffled.valid"),
        &[
            "have other fields than those that were trained on",
            "text * 6",
        ],
    );
    let other = "dataset lines = text_lines(\"lines.txt\")\nfit pieces = wordpiece(size = 60) { data = lines.train }\n\
                 pretext other = masked_tokens(vocabulary = pieces) { data = lines.train, encoder = bert(size = tiny) }\n\
                 evaluate score = coherence(shuffled = shuffled.valid, random = random.valid) {\n  from = other";
    refused(
        "evaluate score = coherence(shuffled = shuffled.valid, random = random.valid) {\n  from = order",
        other,
        line("from = order") + 3,
        &["`masked_tokens` tells no", "which `coherence` reads"],
    );
    refused(
        "  checkpoint = every",
        "  monitor = coherence(shuffled = shuffled.valid, random = random.valid)\n  checkpoint = every",
        line("  checkpoint = every"),
        &["can't be a monitor", "a stage of its own"],
    );
}
