//! Dialogues: a network learns to answer.

use super::{Test, equal, killed, last, run, with};

/// Dialogues whose answers follow from what was asked: who is named is greeted, and what is counted goes on.
fn talks(test: &Test) {
    let names = ["ann", "bob", "cid", "dan"];
    let mut state = 7_u64;
    let mut draw = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for (split, count) in [("train", 240), ("valid", 48)] {
        let mut lines = String::new();
        for _ in 0..count {
            let turns: Vec<String> = (0..3)
                .flat_map(|_| {
                    let name = names[draw(4)];
                    [format!("i am {name}"), format!("hello {name} my friend")]
                })
                .collect();
            lines += &serde_json::json!({ "turns": turns }).to_string();
            lines += "\n";
        }
        test.write(&format!("talks/{split}.jsonl"), lines);
    }
}

const RECIPE: &str = r#"ssl 1

dataset answers = dialogues("talks") |> replies(context = 1)

fit pieces = wordpiece(size = 60) { data = answers.train }

augment said(context, reply) {
  emit context = context |> join(vocabulary = pieces) |> crop_tokens(10, at = end),
       reply = reply |> tokenize(pieces) |> crop_tokens(10, at = start)
}

pretext talk = reply() {
  data       = answers.train
  valid      = answers.valid
  augment    = said
  encoder    = gpt(width = 32, depth = 1, heads = 2, dropout = 0%)
  batch      = 24
  length     = 30 epochs
  optimizer  = adamw(3e-3)
  schedule   = linear(warmup = 1 epoch)
  checkpoint = every(7 steps, keep = 2)
}

run { seed = 1, threads = 1 }
"#;

fn recipe() -> Test {
    let test = with(RECIPE);
    std::fs::create_dir_all(test.path("talks")).expect("a folder");
    talks(&test);
    test
}

#[test]
fn answers_are_learnt_and_written() {
    let test = recipe();
    run(&test, "run", &[]).success();
    // an answer has five pieces or more, of which only those of a name after an answer can't be told: one of four in one of two
    let perplexity = last(&test, "run", "talk", "valid.perplexity");
    assert!((1.0..1.6).contains(&perplexity), "{perplexity}");
    let (one, two) = (
        last(&test, "run", "talk", "valid.distinct_1"),
        last(&test, "run", "talk", "valid.distinct_2"),
    );
    assert!(0.0 < one && one < two && two < 0.5, "{one} {two}");
    // what is written answers what was said
    let written = test.text("run/results/talk.written.txt");
    let lines = written.lines().skip(1).filter(|line| line.contains('·'));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 6, "{written}");
    let mut right = 0;
    for line in &lines {
        let (said, wrote) = line.rsplit_once('·').expect("two turns");
        let name = said.trim().strip_prefix("i am ").unwrap_or_default();
        right += usize::from(match name.is_empty() {
            true => wrote.trim().starts_with("i am "),
            false => wrote.trim() == format!("hello {name} my friend"),
        });
    }
    assert!(right >= 5, "{written}");
    let answered = test.text("run/results/talk.answered.txt");
    // one in the first line
    assert_eq!(answered.matches('·').count(), 7, "{answered}");
}

/// What is drawn is drawn again after a kill: from the seed, the step and the place.
#[test]
fn a_discriminator_rewards_what_is_written() {
    let test = recipe();
    let rewarded = RECIPE
        .replace("reply()", "reply(adversarial = 0.1, alone = 4 epochs)")
        .replace("30 epochs", "8 epochs")
        .replace("  schedule ", "  discriminator = gpt(width = 16, depth = 1, heads = 1, pool = last)\n  optimizer discriminator = adam(1e-3)\n  schedule ");
    test.write("recipe.ssl", &rewarded);
    run(&test, "run", &[]).success();
    let reward = last(&test, "run", "talk", "valid.reward");
    assert!(0.0 < reward && reward < 1.0, "{reward}");
    let perplexity = last(&test, "run", "talk", "valid.perplexity");
    assert!((1.0..8.0).contains(&perplexity), "{perplexity}");
    killed(&test, &[], 1500);
    equal(
        &test,
        ["run", "killed"],
        &["stages/talk/final.ckpt", "stages/talk/metrics.jsonl"],
    );
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let test = recipe();
    let short = ["--set", "talk.length=12 epochs"];
    run(&test, "run", &short).success();
    killed(&test, &short, 700);
    equal(
        &test,
        ["run", "killed"],
        &[
            "results/talk.written.txt",
            "stages/talk/final.ckpt",
            "stages/talk/metrics.jsonl",
        ],
    );
}
