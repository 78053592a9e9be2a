//! Texts: a vocabulary is learnt from them, a network reads them.

use std::fs;

use super::{Test, bytes, equal, killed, last, run, start, with};

/// A small language of two topics: words of one topic follow each other, and one word of each sentence can be told from its
/// neighbours.
fn texts(test: &Test) {
    let topics = [
        ("sea", ["boat", "wave", "salt", "sail", "tide", "reef"]),
        ("land", ["hill", "tree", "road", "farm", "barn", "gate"]),
    ];
    let mut state = 7_u64;
    let mut draw = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for (topic, words) in topics {
        for split in ["train", "test"] {
            let folder = test.path(&format!("texts/{split}/{topic}"));
            fs::create_dir_all(&folder).expect("a folder");
            for n in 0..if split == "train" { 60 } else { 20 } {
                let sentence = |first: usize| {
                    let at = |i: usize| words[(first + i) % 6];
                    format!("the {} and the {} were {}", at(0), at(1), at(2))
                };
                let lines: Vec<String> = (0..4).map(|_| sentence(draw(6))).collect();
                fs::write(folder.join(format!("{n:03}.txt")), lines.join(".\n")).expect("a file");
            }
        }
    }
}

const RECIPE: &str = r#"ssl 1

dataset words = documents("texts")

fit pieces = wordpiece(size = 120) { data = words.train }

augment masked(text) {
  (input, target) = text |> tokenize(pieces) |> crop_tokens(24) |> mask_tokens(15%)
  emit input, target
}

pretext read = masked_tokens() {
  data       = words.train
  valid      = words.test
  augment    = masked
  encoder    = bert(width = 32, depth = 1, heads = 2, dropout = 0%)
  batch      = 20
  length     = 140 epochs
  optimizer  = adamw(3e-3)
  schedule   = linear(warmup = 1 epoch)
  checkpoint = every(7 steps, keep = 2)
}

evaluate neighbours = knn(k = 5) { from = read, data = words.train, test = words.test }

finetune probe = linear_probe() { from = read, data = words.train, test = words.test, length = 20 epochs }

run { seed = 1, threads = 1 }
"#;

fn recipe() -> Test {
    let test = with(RECIPE);
    texts(&test);
    test
}

/// Both of BERT's tasks on pairs: the same text twice, which `follows` where it is of the first topic, so that what is asked can be told.
const PAIRS: &str = r#"
augment paired(text, label) {
  (input, target) = (text, text) |> pair(pieces, 24) |> mask_tokens(15%, whole_words = on)
  emit input, target, next = label
}
"#;

#[test]
fn pairs_are_told_and_their_words_guessed_and_single_texts_read_afterwards() {
    let paired = RECIPE
        .replace(
            "\npretext read = masked_tokens()",
            &format!("{PAIRS}\npretext read = masked_tokens(next_sentence = on)"),
        )
        .replace("= masked\n", "= paired\n")
        .replace("140 epochs", "30 epochs");
    let test = with(&paired);
    texts(&test);
    run(&test, "run", &[]).success();
    let last = |name: &str| last(&test, "run", "read", &format!("valid.{name}"));
    assert!(last("order_accuracy") > 0.95);
    // who always says `the` is right at 2 of 7; what is hidden in one text may stand in the other
    let (one, five) = (last("accuracy"), last("accuracy_at_5"));
    assert!(one > 0.4 && five > one && five <= 1.0, "{one} {five}");
    // of 60 words and more
    let perplexity = last("perplexity");
    assert!((1.0..20.0).contains(&perplexity), "{perplexity}");
    let rows = test.json("run/results.json");
    for row in rows.as_array().expect("rows") {
        assert!(row["value"].as_f64().expect("a number") > 0.95, "{row}");
        let protocol = row["protocol"].as_str().expect("words");
        assert!(
            protocol.contains("pieces of `pieces`, the first 24"),
            "{protocol}"
        );
    }
    // killed on the way: the same bytes
    killed(&test, &[], 900);
    equal(
        &test,
        ["run", "killed"],
        &[
            "results.json",
            "stages/read/final.ckpt",
            "stages/read/metrics.jsonl",
        ],
    );
}

/// Each of these stages was finished before.
fn skipped(said: &str, stages: &[&str]) {
    for stage in stages {
        let line = format!("{stage} · finished before, skipped");
        assert!(said.contains(&line), "{said}");
    }
}

#[test]
fn hidden_words_are_guessed_and_topics_are_told_apart() {
    let test = recipe();
    run(&test, "run", &[]).success();
    // who always says the commonest word, `the`, is right at 2 of 7; who reads the sentence knows nearly all
    let guessed = last(&test, "run", "read", "valid.accuracy");
    assert!(guessed > 0.6, "{guessed}");
    let rows = test.json("run/results.json");
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert!(row["value"].as_f64().expect("a number") > 0.95, "{row}");
        // a bag of words tells these topics apart, too
        assert!(row["raw"].as_f64().expect("a number") > 0.95, "{row}");
        assert!(row["untrained"].as_f64().is_some(), "{row}");
        let protocol = row["protocol"].as_str().expect("words");
        assert!(
            protocol.contains("pieces of `pieces`, the first 24"),
            "{protocol}"
        );
    }
    shown(&test);
    let file = test.json("run/stages/pieces/tokenizer.json");
    let vocabulary = file["model"]["vocab"].as_object().expect("a vocabulary");
    assert!(vocabulary.contains_key("boat") && vocabulary.contains_key("tree"));
    assert!(vocabulary.len() <= 120);
}

/// Hidden words and what was filled in: in a file, in the report, and as data.
fn shown(test: &Test) {
    let text = test.text("run/results/read.filled.txt");
    let own = [
        "the", "and", "were", ".", "boat", "wave", "salt", "sail", "tide", "reef",
    ];
    let other = ["hill", "tree", "road", "farm", "barn", "gate"];
    assert!(
        text.starts_with("read · filled: records of words.test\n"),
        "{text}"
    );
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("the ")).collect();
    assert_eq!(lines.len(), 6, "{text}");
    let (mut right, mut hidden) = (0, 0);
    for line in &lines {
        let words = line
            .split([' ', '[', ']', '✓', '✗'])
            .filter(|word| !word.is_empty());
        for word in words {
            // of pieces that are no whole words, and of those that were put in the place of others, nothing is said
            let known = [&own[..], &other].concat().contains(&word);
            assert!(
                known || word.starts_with("##") || word.len() < 5,
                "{word} in {line}"
            );
        }
        right += line.matches(" ✓]").count();
        hidden += line.matches(" ✓]").count() + line.matches(" ✗").count();
    }
    // 15 % of at most 24 pieces each
    assert!((6 * 3..=6 * 4).contains(&hidden), "{text}");
    assert!(right * 2 > hidden && !text.contains("[MASK]"), "{text}");
    let shown = test.json("run/stages/read/exhibits.json");
    assert_eq!(shown[0]["name"], "filled");
    assert_eq!(shown[0]["records"].as_array().map(Vec::len), Some(6));
    let first = shown[0]["lines"][0].as_array().expect("parts");
    assert!(
        first.iter().any(|part| part["filled"].is_string()),
        "{shown}"
    );
    let report = test.text("run/report.html");
    assert_eq!(report.matches(" ✓]</b>").count(), right);
}

const SCRIPT: &str = r#"
fn about() { #{ doc: "The words of the sentence, by a table." } }
fn inputs() { [#{name: "input", type: "tokens", doc: "A text."}, #{name: "target", type: "tokens", doc: "What was hidden."}] }
fn build(g, p) {
  let x = g.input("input");
  let y = g.call(p.encoder, x);
  let w = g.parameter("w", [y.shape[1], 1], #{normal: 0.02});
  g.objective(mean_all(linear(y, w)));
  EXHIBIT
}
"#;

#[test]
fn scripts_show_texts_by_the_same_door() {
    let with_script = |exhibit: &str| {
        let test = recipe();
        let text = RECIPE
            .replace("ssl 1\n", "ssl 1\n\nuse script \"tasks/table.rhai\"\n")
            .replace("masked_tokens()", "table()")
            .replace("140 epochs", "2 steps");
        let end = text.find("evaluate neighbours").expect("the rest");
        test.write(
            "recipe.ssl",
            format!("{}run {{ seed = 1, threads = 1 }}\n", &text[..end]),
        );
        fs::create_dir_all(test.path("tasks")).expect("a folder");
        test.write("tasks/table.rhai", SCRIPT.replace("EXHIBIT", exhibit));
        test
    };
    let test = with_script(
        "let hidden = g.input(\"target\"); g.exhibit(\"copied\", [x, hidden, hidden]); g.exhibit(\"seen\", [x]);",
    );
    run(&test, "run", &[]).success();
    let text = test.text("run/results/read.copied.txt");
    assert!(
        text.contains(" ✓]") && !text.contains(" ✗]") && text.contains("the "),
        "{text}"
    );
    let text = test.text("run/results/read.seen.txt");
    assert!(text.contains("[MASK]") && !text.contains("✓"), "{text}");
    for (exhibit, says) in [
        ("g.exhibit(\"a\", [y]);", "shows pictures"),
        ("g.exhibit(\"a\", [x, x]);", "not 2"),
        (
            "g.exhibit(\"a\", [g.input(\"input/length\")]);",
            "by the ids of their words",
        ),
    ] {
        let test = with_script(exhibit);
        test.run(&["check", "recipe.ssl"])
            .code(1)
            .says(says)
            .says("table.rhai:9:");
    }
}

#[test]
fn a_finished_fit_is_taken_as_it_is_and_a_changed_one_changes_what_takes_it() {
    let test = recipe();
    let short = ["--set", "read.length=2 epochs"];
    run(&test, "run", &short).success();
    let weights = test.path("run/stages/read/final.ckpt");
    let before = bytes(&weights);
    let again = test.run(&[
        "run",
        "recipe.ssl",
        "--out",
        "run",
        "--set",
        "read.length=2 epochs",
    ]);
    let said = again.success().stderr();
    skipped(&said, &["pieces", "read", "neighbours", "probe"]);
    // a vocabulary that is lost is learnt again, and nothing else is
    fs::remove_file(test.path("run/stages/pieces/tokenizer.json")).expect("a file");
    run(&test, "run", &short).success();
    assert!(test.path("run/stages/pieces/tokenizer.json").exists());
    assert!(bytes(&weights) == before);
    // another size is another input
    run(
        &test,
        "run",
        &[&short[..], &["--set", "pieces.size=60"]].concat(),
    )
    .success();
    assert!(bytes(&weights) != before);
    // what was learnt can be given as a file: the same pieces, the same losses
    fs::copy(
        test.path("run/stages/pieces/tokenizer.json"),
        test.path("pieces.json"),
    )
    .expect("a copy");
    let given = RECIPE.replace(
        "wordpiece(size = 120) { data = words.train }",
        "wordpiece(size = 60, file = \"pieces.json\")",
    );
    test.write("given.ssl", &given);
    let ran = test.run(&[
        "run",
        "given.ssl",
        "--quiet",
        "--out",
        "given",
        "--set",
        "read.length=2 epochs",
    ]);
    ran.success();
    let metrics = |out: &str| test.text(&format!("{out}/stages/read/metrics.jsonl"));
    assert_eq!(metrics("given"), metrics("run"));
}

#[test]
fn kills_leave_the_same_bytes_also_with_what_fits_have_learnt() {
    let test = recipe();
    let short = ["--set", "read.length=5 epochs"];
    run(&test, "plain", &short).success();
    for kill in 0..6_u64 {
        let workers = ["run.workers=1", "run.workers=3"][kill as usize % 2];
        let mut child = start(&test, "killed", &[&short[..], &["--set", workers]].concat());
        std::thread::sleep(std::time::Duration::from_millis(30 + kill * 60));
        let _ = child.kill();
        let _ = child.wait();
    }
    run(&test, "killed", &short).success();
    equal(
        &test,
        ["plain", "killed"],
        &[
            "results.json",
            "stages/pieces/tokenizer.json",
            "stages/read/final.ckpt",
            "stages/read/metrics.jsonl",
            "stages/read/exhibits.json",
            "results/read.filled.txt",
        ],
    );
}

/// Batches by length: the task is traced for each length, kills and loader threads leave the same bytes, and it learns as well.
#[test]
fn texts_of_like_length_share_a_batch() {
    let mixed = RECIPE.replace("crop_tokens(24)", "crop_tokens(40)");
    let recipe = mixed.replace(
        "batch      = 20",
        "batch = 10, accumulate = 2, batches = by_length",
    );
    let test = with(&recipe);
    texts(&test);
    // texts of three lengths
    for (n, lines) in (0..30).zip([1, 2, 1].into_iter().cycle()) {
        let path = test.path(&format!("texts/train/sea/{n:03}.txt"));
        let text = fs::read_to_string(&path).expect("a text");
        let kept: Vec<&str> = text.lines().take(lines).collect();
        fs::write(&path, kept.join("\n")).expect("a file");
    }
    run(&test, "plain", &[]).success();
    let accuracy = last(&test, "plain", "read", "valid.accuracy");
    assert!(accuracy > 0.5, "{accuracy}");
    let short = ["--set", "read.length=5 epochs"];
    run(&test, "short", &short).success();
    for kill in 0..5_u64 {
        let workers = ["run.workers=1", "run.workers=3"][kill as usize % 2];
        let mut child = start(&test, "killed", &[&short[..], &["--set", workers]].concat());
        std::thread::sleep(std::time::Duration::from_millis(30 + kill * 60));
        let _ = child.kill();
        let _ = child.wait();
    }
    run(&test, "killed", &short).success();
    equal(
        &test,
        ["short", "killed"],
        &[
            "results.json",
            "stages/read/final.ckpt",
            "stages/read/metrics.jsonl",
        ],
    );
}

/// Batches by length want texts, which the checker says at the word.
#[test]
fn pictures_are_not_sorted_by_length() {
    let test = with(
        "ssl 1\n\ndataset some = shapes()\n\npretext turn = rotation() {\n  data = some.train\n  encoder = small_cnn()\n  \
         batches = by_length\n}\n",
    );
    test.run(&["check", "recipe.ssl"])
        .code(1)
        .says("recipe.ssl:8:13")
        .says("emits none");
}

#[test]
fn what_is_no_text_is_named_or_left_out_and_nothing_is_lost() {
    let test = recipe();
    fs::write(
        test.path("texts/train/sea/bad.txt"),
        b"caf\xe9 \xff and a wave",
    )
    .expect("a file");
    fs::write(test.path("texts/train/land/empty.txt"), b"").expect("a file");
    let short = ["--set", "read.length=1 epoch"];
    let refused = run(&test, "run", &short)
        .code(3)
        .says("on_bad_sample = skip");
    let named = ["empty.txt", "bad.txt"].map(|name| refused.stderr().contains(name));
    assert!(named[0] || named[1], "{}", refused.stderr());
    let skipping = RECIPE
        .replace(
            "{ data = words.train }",
            "{ data = words.train, on_bad_sample = skip }",
        )
        .replace(
            "  batch      = 20",
            "  on_bad_sample = skip\n  batch      = 20",
        )
        .replace("from = read,", "from = read, on_bad_sample = skip,");
    test.write("skip.ssl", &skipping);
    let ran = test.run(&[
        "run",
        "skip.ssl",
        "--out",
        "skip",
        "--set",
        "read.length=1 epoch",
    ]);
    ran.success()
        .says("pieces · left out: ")
        .says("bad.txt")
        .says("empty.txt");
}

#[test]
fn fewer_pieces_than_asked_for_are_said() {
    let test = recipe();
    let short = [
        "run",
        "recipe.ssl",
        "--out",
        "run",
        "--set",
        "read.length=1 epoch",
        "--set",
        "pieces.size=5000",
    ];
    test.run(&short)
        .success()
        .says("of 5000 pieces: the texts hold no more");
}

/// The embeddings of BERT's pieces are a table of words: it is asked, listed, exported, and watched while it is trained.
#[test]
fn the_words_of_an_encoder_are_asked_and_exported() {
    let asked = RECIPE
        .replace(
            "  valid      = words.test\n",
            "  monitor    = similarity(\"pairs.tsv\", every = 2 epochs)\n",
        )
        .split("evaluate neighbours")
        .next()
        .expect("a recipe")
        .to_owned()
        + r#"
evaluate exam = analogies("questions.txt", restrict = 500) { from = read }
evaluate people = similarity("pairs.tsv") { from = read }
evaluate near = nearest_words(words = ["boat", "zebra"], k = 3) { from = read }
export text = word2vec("words.txt") { from = read }

run { seed = 1, threads = 1 }
"#;
    let test = with(&asked);
    texts(&test);
    test.write(
        "questions.txt",
        ": sea\nBoat wave salt sail\nboat wave zebra sail\n: none\nzebra lion boat wave\n",
    );
    test.write(
        "pairs.tsv",
        "# ours\nWord 1\tWord 2\tHuman\nboat\twave\t9\nhill\ttree\t8\nboat\thill\t1\nzebra\tlion\t9\n",
    );
    let ran = run(&test, "run", &["--set", "read.length=4 epochs"]).success();
    let rows = test.json("run/results.json");
    let rows = rows.as_array().expect("rows");
    let value = |stage: &str, metric: &str| {
        let found = rows
            .iter()
            .find(|row| row["stage"] == stage && row["metric"] == metric);
        let found = found.unwrap_or_else(|| panic!("no {metric} of {stage} in {rows:?}"));
        assert!(
            found["raw"].is_null() && found["untrained"].is_number(),
            "{found}"
        );
        found["value"].as_f64().expect("a number")
    };
    assert_eq!(value("exam", "answered"), 1.0 / 3.0);
    assert_eq!(value("people", "answered"), 0.75);
    assert_eq!(value("near", "answered"), 0.5);
    // what the monitor read last is what the stage finds
    assert_eq!(
        last(&test, "run", "read", "monitor.similarity"),
        value("people", "spearman")
    );
    let near = test.text("run/results/near.txt");
    assert_eq!(near.lines().count(), 4, "{near}");
    assert!(near.ends_with("zebra is not in the vocabulary\n"), "{near}");
    assert_eq!(test.text("run/stages/near/table.txt"), near);
    let exam = test.text("run/results/exam.txt");
    assert!(exam.contains("of 1 answered of 2"), "{exam}");
    let page = test.text("run/report.html");
    assert!(page.contains("zebra is not in the vocabulary"));
    let words = test.text("run/words.txt");
    assert!(
        words.lines().any(|line| line.starts_with("boat ")),
        "{words}"
    );
    assert!(!words.contains("[PAD]") && !words.contains("[UNK]"));
    drop(ran);
    // another file of questions is another exam, and nothing else is done again
    test.write("questions.txt", ": sea\nboat wave salt sail\n");
    let again = test.run(&[
        "run",
        "recipe.ssl",
        "--out",
        "run",
        "--set",
        "read.length=4 epochs",
    ]);
    let said = again.success().stderr();
    skipped(&said, &["read", "people", "near", "text"]);
    assert!(!said.contains("exam · finished before"), "{said}");
    // a line that is none ends it before anything runs
    test.write("questions.txt", ": sea\nboat wave\n");
    run(&test, "run", &[])
        .code(1)
        .says("questions.txt: line 2: 2 words, and a question has four");
}

/// Pieces of bytes: learnt, read, shown as text, and given as a file.
#[test]
fn bytes_are_joined_to_pieces_and_read() {
    let test = recipe();
    let joined = RECIPE
        .replace("wordpiece(size = 120)", "bpe(size = 320)")
        .replace("140 epochs", "2 epochs")
        .replace("20 epochs", "1 epoch");
    test.write("recipe.ssl", &joined);
    run(&test, "run", &[]).success();
    let file = test.json("run/stages/pieces/tokenizer.json");
    assert_eq!(file["model"]["type"], "BPE");
    // 5 that stand for no word, 256 bytes, and what is joined: 20 words of the texts, and parts of these
    let vocabulary = file["model"]["vocab"].as_object().expect("a vocabulary");
    assert!(
        (281..=320).contains(&vocabulary.len()),
        "{}",
        vocabulary.len()
    );
    for word in ["\u{120}boat", "\u{120}tree", "the"] {
        assert!(vocabulary.contains_key(word), "{word}");
    }
    let text = test.text("run/results/read.filled.txt");
    assert!(!text.contains("[MASK]") && text.contains("the "), "{text}");
    fs::copy(
        test.path("run/stages/pieces/tokenizer.json"),
        test.path("pieces.json"),
    )
    .expect("a copy");
    let data = "{ data = words.train }\n\naugment";
    let given = |by: &str| {
        joined.replace(
            &format!("bpe(size = 320) {data}"),
            &format!("{by}(size = 320, file = \"pieces.json\")\n\naugment"),
        )
    };
    test.write("given.ssl", given("bpe"));
    test.run(&["run", "given.ssl", "--quiet", "--out", "given"])
        .success();
    let metrics = |out: &str| test.text(&format!("{out}/stages/read/metrics.jsonl"));
    assert_eq!(metrics("given"), metrics("run"));
    test.write("wrong.ssl", given("wordpiece"));
    test.run(&["check", "wrong.ssl"])
        .code(1)
        .says("it is a vocabulary of pieces of bytes")
        .says("`bpe(size");
}

const BESIDE: &str = r#"
fit lexicon = vocabulary(size = 60, min = 1) { data = words.train }

augment running(text) {
  words = text |> tokenize(lexicon) |> subsample(0.5) |> crop_tokens(24)
  noise = words |> negatives(5, share = 4)
  emit words, noise
}

pretext vectors = skip_gram(vocabulary = lexicon, radius = 3) {
  data    = words.train
  augment = running
  encoder = word_vectors(16)
  batch   = 8
  length  = 4 epochs
}

evaluate near = knn(k = 5) { from = read, beside = vectors, data = words.train, test = words.test }

evaluate alone = knn(k = 5) { from = vectors, beside = read.encoder, data = words.train, test = words.test }

finetune places = linear_probe(at = [block1, output]) {
  from = read, beside = vectors, data = words.train, test = words.test, length = 20 epochs
}

finetune tuned = classifier() {
  from = read, beside = vectors, data = words.train, test = words.test, length = 40 epochs, batch = 20, optimizer = adamw(1e-2)
}

run {"#;

/// The word vectors of another stage, which read texts in words of their own, stand beside the pieces.
#[test]
fn another_stage_is_judged_beside() {
    let test = with(
        &RECIPE
            .replace("140 epochs", "4 epochs")
            .replace("\nrun {", BESIDE),
    );
    texts(&test);
    run(&test, "run", &[]).success();
    let rows = test.json("run/results.json");
    let rows = rows.as_array().expect("rows");
    let of = |stage: &str| -> Vec<&serde_json::Value> {
        rows.iter().filter(|row| row["stage"] == stage).collect()
    };
    let [near, alone] = ["near", "alone"].map(|stage| of(stage)[0]);
    // one encoder is one number, whichever column it stands in
    assert_eq!(near["beside"], alone["value"]);
    assert_eq!(alone["beside"], near["value"]);
    assert_eq!(
        (&near["beside_is"], &alone["beside_is"]),
        (&"vectors".into(), &"read".into())
    );
    assert!(near["beside"].as_f64().expect("a number") > 0.95, "{near}");
    let protocol = near["protocol"].as_str().expect("words");
    assert!(
        protocol.ends_with("`vectors`: pool avg, view pieces of `lexicon`, the first 24"),
        "{protocol}"
    );
    // at each of its places, beside the other's output
    let places = of("places");
    assert_eq!(places.len(), 2);
    for row in places.into_iter().chain(of("tuned")) {
        assert!(row["beside"].as_f64().expect("a number") > 0.95, "{row}");
        assert!(row["raw"].as_f64().expect("a number") > 0.95, "{row}");
    }
    for row in of("neighbours") {
        assert!(row.get("beside").is_none(), "{row}");
    }
    assert!(test.text("run/report.html").contains("bar-beside"));
    let again = test.run(&["run", "recipe.ssl", "--out", "run"]).success();
    skipped(&again.stderr(), &["near", "alone", "places", "tuned"]);
    // other vectors are judged anew, what does not read them is not
    let set = ["--set", "vectors.length=5 epochs"];
    let again = test.run(&[&["run", "recipe.ssl", "--out", "run"], &set[..]].concat());
    let again = again.success().stderr();
    skipped(&again, &["read", "neighbours", "probe"]);
    assert!(!again.contains("near · finished before"), "{again}");
}

#[test]
fn what_is_judged_already_is_not_judged_beside() {
    let test = with(&RECIPE.replace(
        "from = read, data = words.train, test = words.test }",
        "from = read, beside = read, data = words.train, test = words.test }",
    ));
    texts(&test);
    test.run(&["check", "recipe.ssl"])
        .code(1)
        .says("`read` is what `neighbours` judges already");
}

/// What a transform needs of a vocabulary is asked for before anything runs.
#[test]
fn what_a_vocabulary_lacks_is_said_at_once() {
    let whole = "vocabulary(size = 120, min = 1) { data = words.train }";
    let whole = RECIPE.replace("wordpiece(size = 120) { data = words.train }", whole);
    let learnt = with(&whole);
    texts(&learnt);
    learnt
        .run(&["check", "recipe.ssl"])
        .code(1)
        .says("`mask_tokens` needs [MASK], and the vocabulary that `pieces` learns has none")
        .says("take pieces of words");

    let file = r#"{"normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
 "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[PAD]": 0, "[UNK]": 1, "the": 2, "boat": 3MASK}}}"#;
    let given = RECIPE.replace(
        "wordpiece(size = 120) { data = words.train }",
        "vocabulary(size = 120, file = \"own.json\")",
    );
    let test = with(&given);
    texts(&test);
    test.write("own.json", file.replace("MASK", ""));
    test.run(&["check", "recipe.ssl"]).code(1).says(
        "`mask_tokens` needs [MASK], and \"own.json\", which `pieces` is read from, has none",
    );
    test.write("own.json", file.replace("MASK", ", \"[MASK]\": 4"));
    test.run(&["check", "recipe.ssl"]).success();

    // pieces of words have all of them, or are none
    let listed = with(&RECIPE.replace(
        "wordpiece(size = 120) { data = words.train }",
        "wordpiece(size = 120, file = \"vocab.txt\")",
    ));
    texts(&listed);
    listed.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\n");
    listed
        .run(&["check", "recipe.ssl"])
        .code(1)
        .says("vocab.txt: it is no list of pieces, one a line: no line of it is [MASK]");
}
