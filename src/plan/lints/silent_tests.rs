//! Each lint about a stage's settings and data fires where it should, where it stands, and nowhere in the sound recipe beside it.

use super::tests::found;
use crate::language::Severity;

/// A sound recipe with what differs in `NAME` places.
const SOUND: &str = "ssl 1

dataset f = shapes(train = 400, valid = 80, test = 80)

augment view(image) {
  emit image |> random_resized_crop(32px, scale = 0.5..1.0) |> color_jitter(brightness = 0.4) |> normalize()
}
augment pair(image) { emit views = (image |> view()) * 2 }

pretext p = simclr() {
  data      = f.train
  augment   = pair
  encoder   = small_cnn(width = 4)
  head      = linear(16)
  batch     = 32
  length    = 12 epochs
  optimizer = adamw(1e-3)
}

evaluate k = knn(k = 5) {
  from = p
  data = f.train
  test = f.test
}

finetune q = linear_probe() {
  from   = p
  data   = f.train
  test   = f.test
  batch  = 200
  length = 2 epochs
}
";

/// What is said with a piece of the recipe in another form: codes with lines.
fn said(from: &str, to: &str) -> Vec<(String, String, usize, bool)> {
    assert!(SOUND.contains(from), "{from}");
    let text = SOUND.replace(from, to);
    let diagnostics = found(&text);
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    diagnostics
        .iter()
        .map(|d| {
            let at = line(d.primary.span.start);
            (
                d.code.number().to_owned(),
                d.message.clone(),
                at,
                d.severity == Severity::Error,
            )
        })
        .collect()
}

#[test]
fn nothing_is_said_of_the_sound_recipe() {
    assert_eq!(said("ssl 1", "ssl 1"), []);
}

#[test]
fn each_is_told_once_and_where_it_stands() {
    let simclr = "p = simclr() {\n  data      = f.train\n  augment   = pair";
    let swav = "p = swav(prototypes = 60, queue = 0, freeze = 30 epochs) {\n  data      = f.train\n  augment   = pair";
    let head = "head      = linear(16)";
    let judged = "data = f.train\n  test = f.test";
    let optimizer = "optimizer = adamw(1e-3)";
    let batch = "batch     = 32\n  length    = 12 epochs\n  optimizer = adamw(1e-3)";
    for (from, to, code, line, says) in [
        // records that judge are known
        (
            judged,
            "data = f.test\n  test = f.test".to_owned(),
            "W0704",
            22,
            "all 80 records",
        ),
        (
            judged,
            "data = f.train\n  test = f.train".to_owned(),
            "W0704",
            23,
            "all 400 records",
        ),
        (
            judged,
            "data = f.train |> concat(f.test)\n  test = f.test".to_owned(),
            "W0704",
            22,
            "vote too",
        ),
        // the same records under another name
        (
            "  length = 2 epochs\n}\n",
            "  length = 2 epochs\n}\n\ndataset g = shapes(train = 400, valid = 80, test = 80) |> take(50%)\nevaluate j = knn(k = 5) { from = p, data = g.test, test = f.test }\n".to_owned(),
            "W0704",
            35,
            "about 40 of the 80 records",
        ),
        (
            judged,
            "data = f.train\n  test = f.train |> take(10)".to_owned(),
            "W0704",
            23,
            "all 10 records",
        ),
        (
            "data   = f.train\n  test   = f.test",
            "data   = f.train\n  test   = f.train".to_owned(),
            "W0704",
            29,
            "train too",
        ),
        // settings
        (
            "knn(k = 5)",
            "knn(k = 500)".to_owned(),
            "W0719",
            20,
            "500 neighbours",
        ),
        (
            optimizer,
            format!("{optimizer}\n  groups    = [group(\"*.biass\", decay = 0)]"),
            "W0717",
            18,
            "*.biass",
        ),
        (
            batch,
            "batch     = 32\n  length    = 12 epochs".to_owned(),
            "W0716",
            15,
            "belongs to batches of 512",
        ),
        (
            "length    = 12 epochs",
            "length    = 5 epochs".to_owned(),
            "W0703",
            10,
            "the default warmup of",
        ),
        (
            head,
            "head      = linear(1)".to_owned(),
            "W0720",
            14,
            "one number",
        ),
        (simclr, swav.to_owned(), "W0703", 10, "`freeze`, 30 epochs"),
        (
            simclr,
            "p = moco(momentum = 1) {\n  data      = f.train\n  augment   = pair".to_owned(),
            "W0718",
            10,
            "never moves",
        ),
        // augments
        (
            "color_jitter(brightness = 0.4) |> normalize()",
            "normalize() |> normalize()".to_owned(),
            "W0706",
            6,
            "normalised before",
        ),
        (" |> normalize()", String::new(), "W0706", 12, "no picture"),
        (
            "random_resized_crop(32px, scale = 0.5..1.0) |> color_jitter(brightness = 0.4)",
            "color_jitter(brightness = 0.4, chance = 0%)".to_owned(),
            "W0702",
            12,
            "one view",
        ),
        (
            "random_resized_crop(32px, scale = 0.5..1.0) |> color_jitter(brightness = 0.4)",
            "random_crop(32px)".to_owned(),
            "W0702",
            12,
            "one view",
        ),
        (
            "random_resized_crop(32px, scale = 0.5..1.0) |> color_jitter(brightness = 0.4)",
            "hflip(0%) |> gaussian_blur(3px, chance = 0%) |> noise(0%)".to_owned(),
            "W0702",
            12,
            "one view",
        ),
        // batches that are averaged are not one
        (
            optimizer,
            format!("{optimizer}\n  accumulate = 2"),
            "W0707",
            10,
            "negatives",
        ),
    ] {
        let found = said(from, &to);
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        let (number, message, at, error) = &found[0];
        assert_eq!(
            (number.as_str(), *at, *error),
            (code, line, false),
            "{to}: {message}"
        );
        assert!(message.contains(says), "{to}: {message}");
    }
}

#[test]
fn statistics_of_a_batch_are_not_accumulated() {
    for (task, fires) in [
        ("simclr", true),
        ("nnclr", true),
        ("barlow_twins", true),
        ("vicreg", true),
        ("swav", true),
        ("byol", false),
        ("simsiam", false),
        ("moco", false),
        ("rotation", false),
        ("autoencoder", false),
    ] {
        let text = format!(
            "ssl 1\n\ndataset f = shapes(train = 400, valid = 80, test = 80)\n\npretext p = {task}() {{\n  data = f.train\n  encoder = small_cnn(width = 4)\n  optimizer = adamw(1e-3)\n  batch = 32\n  accumulate = 2\n}}\n"
        );
        let warned = found(&text).iter().any(|d| d.code.number() == "W0707");
        assert_eq!(warned, fires, "{task}");
    }
}

#[test]
fn what_can_train_nothing_is_an_error() {
    for (from, to, code, line) in [
        ("length    = 12 epochs", "length    = 0 epochs", "E0302", 16),
        ("length    = 12 epochs", "length    = 0 steps", "E0302", 16),
        (
            "length    = 12 epochs",
            "length    = 0.01 epochs",
            "E0302",
            16,
        ),
        ("test = 80)\n", "test = 80) |> take(1)\n", "E0504", 15),
    ] {
        let found = said(from, to);
        let errors: Vec<_> = found.iter().filter(|(.., error)| *error).collect();
        assert_eq!(errors.len(), 1, "{to}: {found:?}");
        assert_eq!(
            (errors[0].0.as_str(), errors[0].2),
            (code, line),
            "{to}: {found:?}"
        );
    }
}
