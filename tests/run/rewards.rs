//! Stages that begin with another's weights, and replies that another's network rewards.

use super::{Test, equal, killed, run, with};

/// Dialogues that count: an answer is the number after that of the answer before it, and what is asked says nothing of where it stands.
fn counting(test: &Test) {
    let numbers = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    for (split, count) in [("train", 96), ("valid", 24)] {
        let mut lines = String::new();
        for number in 0..count {
            let first = (number * 7 + number / 3) % 4;
            let pair = |at: usize| {
                let number = numbers[first + at];
                ["what comes now".to_owned(), format!("{number} my friend")]
            };
            let turns: Vec<String> = (0..6).flat_map(pair).collect();
            lines += &serde_json::json!({ "turns": turns }).to_string();
            lines += "\n";
        }
        test.write(&format!("talks/{split}.jsonl"), lines);
    }
}

const RECIPE: &str = r#"ssl 1

dataset triples = dialogues("talks") |> triples()
dataset answers = dialogues("talks") |> replies(context = 2)
dataset placed  = dialogues("talks") |> replies(context = 2, references = 1)

fit pieces = wordpiece(size = 80) { data = answers.train }

augment said(context, reply) {
  emit context = context |> join(vocabulary = pieces) |> crop_tokens(12, at = end),
       reply = reply |> tokenize(pieces) |> crop_tokens(8, at = start)
}
augment told(context, reply, earlier, asked, in_order, out_of_order) {
  first = earlier |> tokenize(pieces) |> crop_tokens(12, at = start)
  turn  = asked |> tokenize(pieces) |> crop_tokens(12, at = start)
  right = in_order |> tokenize(pieces) |> crop_tokens(12, at = start)
  wrong = out_of_order |> tokenize(pieces) |> crop_tokens(12, at = start)
  emit context = context |> join(vocabulary = pieces) |> crop_tokens(12, at = end),
       reply = reply |> tokenize(pieces) |> crop_tokens(8, at = start),
       earlier = first, asked = turn, in_order = right, out_of_order = wrong
}
augment read(target, in_order, out_of_order, ordered) {
  asked = target |> tokenize(pieces) |> crop_tokens(12, at = start)
  right = in_order |> tokenize(pieces) |> crop_tokens(12, at = start)
  wrong = out_of_order |> tokenize(pieces) |> crop_tokens(12, at = start)
  emit target = asked, in_order = right, out_of_order = wrong, ordered
}

encoder generator = gpt(width = 32, depth = 1, heads = 2, dropout = 0%)

pretext order = dialogue_order(width = 16, head = linear(16) |> relu() |> linear(2)) {
  data      = triples.train
  augment   = read
  encoder   = gru(width = 16)
  length    = 60 epochs
  optimizer = adamw(5e-3)
  batch = 24
  schedule = linear()
  checkpoint = every(7 steps, keep = 2)
}

pretext talk = reply() {
  data      = answers.train
  augment   = said
  encoder   = generator
  length    = 60 epochs
  optimizer = adamw(5e-3)
  batch = 24
  schedule = linear()
  checkpoint = every(7 steps, keep = 2)
}

pretext rewarded = reply(reward = order, coherence = 0.5, adversarial = 0.1) {
  start         = talk
  data          = placed.train
  valid         = placed.valid
  augment       = told
  encoder       = generator
  discriminator = gpt(width = 16, depth = 1, heads = 1, pool = last)
  length        = 4 epochs
  optimizer     = adamw(1e-3)
  batch = 24
  schedule = linear()
  checkpoint = every(7 steps, keep = 2)
}

pretext same = reply(reward = order, coherence = 0) {
  start     = talk
  data      = placed.train
  valid     = placed.valid
  augment   = told
  encoder   = generator
  length    = 1 steps
  optimizer = sgd(1e-12)
  batch = 24
  schedule = linear()
  checkpoint = every(7 steps, keep = 2)
}

evaluate before   = generation() { from = talk, data = answers.valid }
evaluate repeated = generation() { from = same, data = placed.valid }
evaluate after    = generation() { from = rewarded, data = placed.valid }

run { seed = 1, threads = 1 }
"#;

fn recipe() -> Test {
    let test = with(RECIPE);
    counting(&test);
    test
}

/// A number of a stage's table, trained and untrained: of the replies that its protocol begins with.
fn result(test: &Test, stage: &str, metric: &str, kind: &str) -> [f64; 2] {
    let rows = test.json("run/results.json");
    let mut rows = rows.as_array().expect("rows").iter();
    let row = rows.find(|row| {
        let protocol = row["protocol"].as_str().expect("words");
        row["stage"] == stage && row["metric"] == metric && protocol.starts_with(kind)
    });
    let row = row.unwrap_or_else(|| panic!("no {metric} of {stage}"));
    ["value", "untrained"].map(|key| row[key].as_f64().expect("a number"))
}

#[test]
fn a_network_of_another_stage_rewards_what_is_written_and_a_kill_leaves_the_same_bytes() {
    let test = recipe();
    run(&test, "run", &[]).success();
    // a reply has four pieces, which follow from the answer before
    let [after, untrained] = result(&test, "after", "perplexity", "24 replies");
    assert!(
        (1.0..1.3).contains(&after) && untrained > 20.0,
        "{after} {untrained}"
    );
    // a generator as it was, and judged on other records of the same kind
    let [same, _] = result(&test, "repeated", "perplexity", "24 replies");
    let [before, _] = result(&test, "before", "perplexity", "24 replies");
    assert!((same - before).abs() < 0.1, "{same} {before}");
    let [own, random] = result(&test, "after", "coherence", "written");
    let [people, _] = result(&test, "after", "coherence", "true");
    assert!(
        own > 0.6 && people > 0.6 && random < own - 0.1,
        "{own} {people} {random}"
    );
    // the judge is the same where nothing was rewarded by it
    let [judged, _] = result(&test, "repeated", "coherence", "true");
    assert_eq!(judged, people);
    let [written, any] = result(&test, "after", "distinct_1", "written");
    let [answered, _] = result(&test, "after", "distinct_1", "true");
    // ten words in 24 replies of three; an untrained generator draws any of eighty pieces
    assert!(
        (written - answered).abs() < 0.1 && any > written,
        "{written} {answered} {any}"
    );
    killed(&test, &[], 1200);
    equal(
        &test,
        ["run", "killed"],
        &[
            "results.json",
            "results/rewarded.written.txt",
            "stages/rewarded/final.ckpt",
            "stages/rewarded/metrics.jsonl",
            "stages/same/final.ckpt",
        ],
    );
    // a run that is finished reads its results again to the bit
    run(&test, "killed", &[]).success();
    equal(&test, ["run", "killed"], &["results.json"]);
    // other weights to begin with: another stage, trained again
    let shorter = ["--set", "talk.length=2 epochs"];
    run(&test, "run", &shorter).success();
    for stage in ["before", "repeated", "after"] {
        let [perplexity, _] = result(&test, stage, "perplexity", "24 replies");
        assert!(perplexity > 5.0, "{stage} {perplexity}");
    }
}

#[test]
fn a_plan_says_what_begins_fresh_and_what_is_asked() {
    let test = recipe();
    let ran = test.run(&["plan", "recipe.ssl"]).success();
    ran.prints("from talk")
        .prints("tensors of `talk`; fresh: `discriminator/")
        .prints("tensors of `talk`: all")
        .prints("order, held still");
}

const PICTURES: &str = r#"ssl 1

dataset figures = shapes(train = 128, valid = 64, test = 64)

encoder trunk = vit(patch = 8px, width = 16, depth = 1, heads = 2)

pretext first = rotation() { data = figures.train, encoder = trunk, batch = 32, length = 3 epochs, optimizer = adamw(1e-3) }

pretext further = moco(queue = 64) {
  data      = figures.train
  encoder   = trunk
  batch     = 32
  start     = first.encoder
  length    = 1 steps
  optimizer = sgd(1e-12)
}

pretext narrow = rotation() {
  data      = figures.train
  encoder   = trunk
  batch     = 32
  start     = further.encoder
  length    = 1 steps
  optimizer = sgd(1e-12)
}

evaluate nearest = knn(k = 5) { from = first, data = figures.train, test = figures.test }
evaluate again   = knn(k = 5) { from = further, data = figures.train, test = figures.test }
evaluate still   = knn(k = 5) { from = narrow, data = figures.train, test = figures.test }

run { seed = 1, threads = 1 }
"#;

/// Weights go by their names, from any task to any other: the encoder comes along, slow copies begin as what they follow.
#[test]
fn another_task_begins_with_the_encoder() {
    let test = with(PICTURES);
    run(&test, "run", &[]).success();
    // where the encoder lays the same pictures
    let laid = |stage: &str, column: &str| {
        let map = test.json(&format!("run/stages/{stage}/embedding.json"));
        map[column].to_string()
    };
    let first = laid("nearest", "points");
    assert_ne!(first, laid("nearest", "untrained"));
    assert_eq!(first, laid("again", "points"));
    assert_eq!(first, laid("still", "points"));
    test.run(&["plan", "recipe.ssl"])
        .success()
        .prints("tensors of `first`; fresh: ")
        .prints("fresh: `head/0/bias`");
}
