//! Fits, records of data, several values at once.

use pretext::catalog::{DataSource, Kind};
use pretext::language::checked::{SampleHead, SampleStep};
use pretext::language::expand;

use crate::check;

const RECIPE: &str = r#"ssl 1

dataset texts = image_folder("texts")

augment words(title, body) {
  emit words = (title, body |> hflip()) |> join() |> tokenize(pieces)
}

pretext read = rotation() {
  data    = { few = texts.valid, many = texts.train |> take(10%) }
  augment = words
  encoder = small_cnn()
}

fit pieces = vocabulary(size = 500) {
  data = texts.train
}
"#;

fn changed(from: &str, to: &str) -> (Vec<&'static str>, String) {
    assert!(RECIPE.contains(from), "{from}");
    let outcome = check(RECIPE.replace(from, to).as_bytes(), &[]);
    (outcome.codes(), outcome.text)
}

#[test]
fn what_a_fit_learns_is_taken_by_its_name() {
    let recipe = check(RECIPE.as_bytes(), &[]).sound();
    let fit = &recipe.stages[1];
    assert_eq!(fit.kind, Kind::Fit);
    let own = fit.artifact.as_ref().expect("something is learnt");
    assert_eq!(
        (own.gives, own.size("size"), own.size("min")),
        ("vocabulary", Some(500), Some(1))
    );
    let emitted = &recipe.augments[0].emits[0].value;
    let SampleStep::Transform(tokenize) = &emitted.steps[1] else {
        panic!("a transform")
    };
    // one thing, wherever it is named
    assert_eq!(tokenize.args.artifact("by"), own);
    assert!(!own.is_filled());
    own.fill(std::sync::Arc::new(7_u32));
    assert_eq!(
        tokenize.args.artifact("by").get::<u32>().as_deref(),
        Some(&7)
    );
    assert!(tokenize.args.artifact("by").get::<u64>().is_none());
}

#[test]
fn several_values_flow_on_together() {
    let recipe = check(RECIPE.as_bytes(), &[]).sound();
    let SampleHead::Several(values) = &recipe.augments[0].emits[0].value.head else {
        panic!("several values")
    };
    assert_eq!(values.len(), 2);
    assert_eq!(values[1].steps.len(), 1);
}

#[test]
fn data_stands_side_by_side() {
    let recipe = check(RECIPE.as_bytes(), &[]).sound();
    let DataSource::Beside(parts) = &recipe.stages[0].fields.data("data").source else {
        panic!("a record")
    };
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["few", "many"]);
    assert_eq!(parts[1].1.pipes.len(), 1);
}

#[test]
fn the_long_form_means_the_same() {
    let recipe = check(RECIPE.as_bytes(), &[]).sound();
    let long = expand(&recipe);
    assert!(long.contains("fit pieces = vocabulary() {"), "{long}");
    assert!(long.contains("(title, body |> hflip("), "{long}");
    assert!(
        long.contains("{ few = texts.valid, many = texts.train |> take("),
        "{long}"
    );
    assert_eq!(expand(&check(long.as_bytes(), &[]).sound()), long);
}

#[test]
fn a_field_of_a_fit_can_be_set() {
    let set = [("pieces.size", "90")];
    let recipe = check(RECIPE.as_bytes(), &set).sound();
    let learnt = recipe.stages[1]
        .artifact
        .as_ref()
        .expect("something is learnt");
    assert_eq!(learnt.size("size"), Some(90));
}

#[test]
fn names_of_fits() {
    let cases = [
        (
            "tokenize(pieces)",
            "tokenize(piecse)",
            "E0201",
            "a similar name",
        ),
        ("tokenize(pieces)", "tokenize(texts)", "E0207", "not a fit"),
        (
            "tokenize(pieces)",
            "tokenize(\"pieces\")",
            "E0301",
            "without quotes",
        ),
        (
            "vocabulary(size = 500)",
            "palette()",
            "E0207",
            "learns a palette",
        ),
        ("vocabulary(size = 500)", "vocabulary()", "E0205", "size"),
        (
            "data = texts.train\n",
            "data = texts.train, augment = words\n",
            "E0203",
            "augment",
        ),
        (
            "data = texts.train\n",
            "data = pieces.train\n",
            "E0207",
            "not a data set",
        ),
        (
            "encoder = small_cnn()\n",
            "encoder = pieces\n",
            "E0207",
            "not an encoder",
        ),
    ];
    for (from, to, code, says) in cases {
        let (codes, text) = changed(from, to);
        assert_eq!(codes, [code], "{to}\n{text}");
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn records_name_their_parts() {
    let many = ", many = texts.train |> take(10%)";
    let cases = [
        (many, "", "E0205", "two data sets or more"),
        (many, ", few = texts.train", "E0204", "twice"),
        (many, ", many = 3", "E0301", "a data set"),
        (many, ", many = other.train", "E0201", "other"),
    ];
    for (from, to, code, says) in cases {
        let (codes, text) = changed(from, to);
        assert_eq!(codes, [code], "{to}\n{text}");
        assert!(text.contains(says), "{says}\n{text}");
    }
    let (codes, text) = changed(
        "encoder = small_cnn()",
        "encoder = (small_cnn(), small_cnn())",
    );
    assert_eq!(codes, ["E0301"], "{text}");
}
