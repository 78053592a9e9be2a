use super::*;
use crate::catalog::{Make, Type, stage_fields};
use crate::data::SampleType;

fn crop() -> Spec {
    Spec::new(
        "random_crop",
        Kind::Transform,
        "Cuts a square at a random place.",
        Make::Stage,
    )
    .param(Param::required("size", Type::Length, "Height and width.").within(1.0, 4096.0))
    .param(Param::with_default(
        "padding",
        Type::Length,
        "0px",
        "Border added first.",
    ))
    .param(
        Param::with_default(
            "chance",
            Type::Ratio,
            "100%",
            "How often; otherwise the picture stays.",
        )
        .within(0.0, 1.0),
    )
    .param(Param::switch(
        "reflect",
        "off",
        "Mirrors the border instead of black.",
    ))
    .example("random_crop(28px, padding = 2px)")
}

fn rotation() -> Spec {
    Spec::new(
        "rotation",
        Kind::Task,
        "Which quarter turn was applied?",
        Make::Stage,
    )
    .paper(
        "Gidaris et al., 2018",
        "Unsupervised Representation Learning by Predicting Image Rotations",
        "arXiv:1803.07728",
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(4)",
        "From features to turns.",
    ))
    .param(
        Param::with_default("batch", Type::Integer, "128", "Pictures per step.").within(1.0, 1e6),
    )
    .input("view", SampleType::IMAGE, "The turned picture.")
    .input_list("extra", SampleType::IMAGE, 2, "More pictures.")
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    catalog.register(rotation());
    catalog.register(crop());
    catalog
}

#[test]
fn list_goes_by_kind_with_papers() {
    assert_eq!(
        list(&catalog()),
        "transforms\n  random_crop  Cuts a square at a random place.\n\n\
         tasks\n  rotation     Which quarter turn was applied? (Gidaris et al., 2018)\n"
    );
}

#[test]
fn doc_of_a_transform() {
    assert_eq!(
        doc(&crop(), &[]),
        "\
random_crop · transform

Cuts a square at a random place.

  |> random_crop(size, padding = 0px, chance = 100%, reflect = off)

parameters
  size: length in px, 1px to 4096px, required
      Height and width.
  padding: length in px, default 0px
      Border added first.
  chance: ratio in %, 0% to 100%, default 100%
      How often; otherwise the picture stays.
  reflect: one of on, off, default off
      Mirrors the border instead of black.

example
  random_crop(28px, padding = 2px)
"
    );
}

#[test]
fn doc_of_a_task_shows_the_block_with_every_default() {
    let fields = stage_fields(Kind::Task);
    let text = doc(&rotation(), &fields);
    assert!(text.contains("  pretext NAME = rotation() {\n    data          = …  // data set"));
    assert!(text.contains("\n    head          = linear(4)\n    batch         = 128\n"));
    assert!(text.contains("\n    optimizer     = adamw(1e-3)\n"));
    assert!(text.contains("\n    // clip = …  setting\n"));
    assert!(text.contains("  extra: list(image) of at least 2\n"));
    assert!(text.contains("  view: image\n      The turned picture.\n"));
    assert!(text.contains("arXiv:1803.07728"));
    // the task's own `batch` replaces the common one
    assert_eq!(text.matches("  batch: ").count(), 1);
    assert!(!text.contains("256"));
}

#[test]
fn every_type_has_words() {
    let list = Type::List(Box::new(Type::Place));
    assert_eq!(
        type_words(&list),
        "list, each the name of a place in the encoder"
    );
    let either = Type::OneOf(vec![Type::Integer, Type::Ratio]);
    assert_eq!(type_words(&either), "whole number; or ratio in %");
    assert_eq!(
        type_words(&Type::Call(Kind::Optimizer)),
        "call of an optimizer"
    );
    assert_eq!(type_words(&Type::Choice(&["on", "off"])), "one of on, off");
}

#[test]
fn ranges_speak_the_units_of_their_type() {
    let within = |ty, low, high| allowed(&Param::required("x", ty, "").within(low, high));
    assert_eq!(
        within(Type::Ratio, 0.07, 1.0).as_deref(),
        Some("7% to 100%")
    );
    assert_eq!(
        within(Type::Integer, 1.0, 1e6).as_deref(),
        Some("at least 1")
    );
    assert_eq!(
        within(Type::Number, 1e-8, f64::INFINITY).as_deref(),
        Some("at least 1e-8")
    );
    assert_eq!(
        within(Type::Range, 0.0, 1.0).as_deref(),
        Some("both ends 0 to 1")
    );
    assert_eq!(allowed(&Param::required("x", Type::Number, "")), None);
}

#[test]
fn json_has_stable_keys() {
    let list = list_json(&catalog());
    let keys: Vec<&String> = list[1].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["kind", "name", "summary", "paper", "semantics", "provider"]
    );
    assert_eq!(list[0]["name"], "random_crop");
    assert!(list[0]["paper"].is_null());

    let doc = doc_json(&rotation(), &stage_fields(Kind::Task));
    let keys: Vec<&String> = doc.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "kind",
            "name",
            "summary",
            "doc",
            "paper",
            "semantics",
            "provider",
            "signature",
            "parameters",
            "fields",
            "takes",
            "inputs",
            "parts",
            "example"
        ]
    );
    assert_eq!(doc["parameters"][1]["default"], "128");
    assert_eq!(doc["parameters"][1]["range"][0], 1.0);
    assert_eq!(doc["fields"][0]["name"], "data");
    assert_eq!(doc["fields"][0]["required"], true);
    assert_eq!(doc["inputs"][1]["at_least"], 2);
}

/// Every built-in entry has a text that says what the checker will ask for.
#[test]
fn every_entry_of_the_catalog_has_a_doc() {
    let catalog = Catalog::builtin();
    let listed = list(&catalog);
    for spec in catalog.iter() {
        let fields = spec.stage_fields();
        let text = doc(spec, &fields);
        let takes = spec.takes.as_ref().map(|ty| format!("\ntakes\n  {ty}\n"));
        assert!(takes.is_none_or(|takes| text.contains(&takes)), "{text}");
        assert!(
            listed.contains(&format!("  {} ", spec.name)),
            "{}",
            spec.name
        );
        assert!(
            !spec.summary.trim().is_empty(),
            "{} has no summary",
            spec.name
        );
        for param in spec.params.iter().chain(&fields) {
            assert!(
                text.contains(&format!("  {}: ", param.name)),
                "{}.{}",
                spec.name,
                param.name
            );
            assert!(
                !param.doc.trim().is_empty(),
                "{}.{} has no doc",
                spec.name,
                param.name
            );
        }
    }
}

#[test]
fn a_doc_says_what_later_stages_may_start_from() {
    let spec = rotation()
        .export("teacher", "The slow copy.")
        .export("student", "What is trained.");
    let text = doc(&spec, &[]);
    let wanted = "\nlater stages may start from\n  from = STAGE.teacher, also without a part\n      The slow copy.\n  from = STAGE.student\n      What is trained.\n";
    assert!(text.contains(wanted), "{text}");
    assert!(!doc(&rotation(), &[]).contains("later stages"));
    let json = doc_json(&spec, &[]);
    assert_eq!(json["parts"][1]["name"], "student");
    assert_eq!(json["parts"][0]["doc"], "The slow copy.");
}
