//! Word vectors: a text is read in passages, its windows are told from noise, and the words are asked.

use super::{Test, equal, run, start, with};

/// Sentences about the sea and about the land: a word stands among those of its own topic alone.
fn corpus(test: &Test) {
    let topics = [
        ["boat", "wave", "salt", "sail", "tide", "reef"],
        ["hill", "tree", "road", "farm", "barn", "gate"],
    ];
    let mut state = 11_u64;
    let mut draw = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut text = String::new();
    for _ in 0..400 {
        let topic = topics[draw(2)];
        for _ in 0..3 {
            for _ in 0..8 {
                text += topic[draw(6)];
                text.push(' ');
            }
            text += "and\n";
        }
    }
    test.write("corpus.txt", text);
}

const RECIPE: &str = r#"ssl 1

dataset corpus = text_lines("corpus.txt", passage = 120)

fit words = vocabulary(size = 40, min = 2) { data = corpus.train }

augment running(text) {
  words = text |> tokenize(words) |> subsample(0.1) |> crop_tokens(24)
  noise = words |> negatives(5, share = 4)
  emit words, noise
}

pretext vectors = TASK(vocabulary = words, radius = 3) {
  data       = corpus.train
  augment    = running
  encoder    = word_vectors(16)
  batch      = 8
  length     = 8 epochs
  checkpoint = every(20 steps, keep = 2)
}

evaluate near = nearest_words(words = ["boat", "hill"], k = 5) { from = vectors }

export text = word2vec("vectors.txt") { from = vectors }

run { seed = 1, threads = 1, workers = 1 }
"#;

fn recipe(task: &str) -> Test {
    let test = with(&RECIPE.replace("TASK", task));
    corpus(&test);
    test
}

#[test]
fn words_of_a_topic_are_near_one_another() {
    for task in ["skip_gram", "cbow"] {
        let test = recipe(task);
        run(&test, "run", &[]).success();
        let near = test.text("run/results/near.txt");
        let found: Vec<&str> = near
            .lines()
            .filter_map(|line| line.split_whitespace().rev().nth(1))
            .collect();
        for word in ["wave", "salt", "sail", "tide", "reef"] {
            assert!(found[..5].contains(&word), "{task}: {near}");
        }
        for word in ["tree", "road", "farm", "barn", "gate"] {
            assert!(found[5..].contains(&word), "{task}: {near}");
        }
        let vectors = test.text("run/vectors.txt");
        assert_eq!(
            vectors.lines().next(),
            Some("13 16"),
            "twelve words and `and`"
        );
    }
}

#[test]
fn kills_and_threads_leave_the_same_vectors() {
    let test = recipe("skip_gram");
    run(&test, "plain", &[]).success();
    for kill in 0..5_u64 {
        let set = ["run.workers=3", "run.threads=2"][kill as usize % 2];
        let mut child = start(&test, "killed", &["--set", set]);
        std::thread::sleep(std::time::Duration::from_millis(40 + kill * 60));
        let _ = child.kill();
        let _ = child.wait();
    }
    run(&test, "killed", &["--set", "run.threads=2"]).success();
    equal(
        &test,
        ["plain", "killed"],
        &[
            "results.json",
            "vectors.txt",
            "stages/vectors/metrics.jsonl",
        ],
    );
}
