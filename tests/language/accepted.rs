//! Recipes that are sound, and what they mean.

use std::path::{Path, PathBuf};

use pretext::catalog::{DataSource, Duration, Origin, Spec, Split, Value};
use pretext::language::checked::{SampleHead, Use};
use pretext::language::codes::Code;
use pretext::language::{
    Diagnostic, Doors, FileId, Sources, Span, canonical, check_using, expand, provenance,
};

use crate::check;

pub const FIRST: &str = include_str!("first.ssl");
pub const SHAPES: &str = include_str!("shapes.ssl");

#[test]
fn the_first_recipe_means_what_it_says() {
    let recipe = check(FIRST.as_bytes(), &[]).sound();
    assert_eq!(
        recipe.doc,
        "Which quarter turn was applied? (Gidaris et al., 2018)"
    );
    let fashion = &recipe.datasets[0].data;
    assert_eq!(fashion.pipes[0].args.ratio("fraction"), 0.1);
    assert_eq!(fashion.pipes[0].args.integer("seed"), 0);
    let turned = &recipe.augments[0];
    assert_eq!(turned.parameters[0].0, "image");
    assert_eq!(turned.bindings[1].names.len(), 2);
    assert_eq!(turned.emits[1].name, "turn");
    assert!(matches!(&turned.emits[0].value.head, SampleHead::Name(name, _) if name == "view"));
    let stage = &recipe.stages[0];
    assert_eq!(stage.call.args.net("head").steps.len(), 4);
    assert_eq!(stage.fields.net("encoder").name.as_deref(), Some("trunk"));
    assert_eq!(stage.fields.size("batch"), 256);
    // the task's own `length` replaces the common one
    assert_eq!(stage.call.args.duration("length"), Duration::Epochs(10.0));
    assert!(!stage.fields.values.contains_key("length"));
    let monitor = stage.fields.call("monitor");
    assert!(matches!(
        &monitor.args.data("test").source,
        DataSource::Named { dataset, split: Some(Split::Valid) } if dataset == "fashion"
    ));
    assert_eq!(
        stage.fields.call("checkpoint").args.duration("time"),
        Duration::Steps(500)
    );
    // a default knows that it is one, and stands where the call stands
    let accumulate = &stage.fields.values["accumulate"];
    assert_eq!(accumulate.origin, Origin::Default);
    assert_eq!(recipe.sources.text(accumulate.span), "rotation()");
    assert!(!stage.fields.values.contains_key("clip"));
    let few = &recipe.stages[3];
    assert_eq!(few.fields.data("data").pipes[0].args.word("per"), "class");
    assert!(matches!(&few.fields.values["from"].value, Value::Stage(name) if name == "rotations"));
    assert_eq!(recipe.run.integer("seed"), 7);
}

#[test]
fn every_shape_is_read() {
    let recipe = check(SHAPES.as_bytes(), &[]).sound();
    assert_eq!(recipe.doc, "Two views.\nAnd more.");
    let DataSource::Call(folder) = &recipe.datasets[0].data.source else {
        panic!("a call")
    };
    assert_eq!(folder.args.text("path"), "some \"odd\" folder\n");
    assert_eq!(recipe.datasets[1].data.pipes.len(), 2);
    assert_eq!(recipe.augments[0].emits[0].name, "image");
    let crops = &recipe.augments[2];
    assert_eq!(crops.emits[0].value.repeat, Some(2));
    // brackets make no difference
    assert_eq!(crops.emits[1].value.steps.len(), 1);
    assert_eq!(crops.emits[0].value.steps.len(), 1);
    assert_eq!(crops.emits[2].value.repeat, Some(3));
    let nin = &recipe.encoders[0];
    assert_eq!(nin.steps[2].place.as_deref(), Some("conv1"));
    assert_eq!(nin.steps[4].call.args.size("kernel"), 5);
    let stage = &recipe.stages[0];
    assert_eq!(stage.call.args.number("temperature"), 0.2);
    assert_eq!(stage.fields.list("groups").len(), 2);
    assert_eq!(
        stage.fields.call("schedule").args.duration("warmup"),
        Duration::Epochs(2.5)
    );
    let fields: Vec<&str> = stage.bind[0]
        .fields
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        (stage.bind[0].input.as_str(), fields),
        ("views", vec!["b", "a"])
    );
}

#[test]
fn the_expanded_recipe_is_the_same_recipe() {
    for text in [
        FIRST,
        SHAPES,
        "ssl 1\nrun { seed = 1 }",
        "ssl 1\nencoder a = relu() |> linear(3)",
    ] {
        let recipe = check(text.as_bytes(), &[]).sound();
        let expanded = expand(&recipe);
        let again = check(expanded.as_bytes(), &[]).sound();
        assert_eq!(expand(&again), expanded);
        let values = |recipe| -> Vec<(String, String)> {
            provenance(recipe)
                .into_iter()
                .map(|p| (p.path, p.value))
                .collect()
        };
        assert_eq!(values(&again), values(&recipe));
        assert!(
            provenance(&again)
                .iter()
                .all(|p| p.origin == Origin::Written),
            "nothing is left to a default:\n{expanded}"
        );
    }
}

#[test]
fn spelling_does_not_change_a_value() {
    let rate = |text: &str| {
        let recipe = check(
            FIRST
                .replace("adamw(1e-3, weight_decay = 0.05)", text)
                .as_bytes(),
            &[],
        )
        .sound();
        canonical(&recipe.stages[0].fields.values["optimizer"].value)
    };
    assert_eq!(
        rate("adamw(1e-3)"),
        rate("adamw(weight_decay = 1e-2, rate = 0.001)")
    );
    assert_eq!(rate("adamw(1)"), rate("adamw(1.0)"));
    assert_ne!(rate("adamw(1e-3)"), rate("adamw(1e-4)"));
}

#[test]
fn words_of_the_language_are_names_too() {
    let text = "ssl 1
        dataset data = fashion_mnist()
        dataset dataset = fashion_mnist()
        augment augment(emit) { bind = emit |> hflip()\nemit bind, as = emit }
        encoder encoder = small_cnn()
        pretext pretext = rotation() { data = data.train, encoder = encoder, augment = augment }
        evaluate test = knn() { data = dataset.train, from = pretext }";
    check(text.as_bytes(), &[]).sound();
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_matter() {
    let windows = format!("\u{feff}{}", FIRST.replace('\n', "\r\n"));
    assert_eq!(
        expand(&check(windows.as_bytes(), &[]).sound()),
        expand(&check(FIRST.as_bytes(), &[]).sound())
    );
}

#[test]
fn a_hundred_lines_take_milliseconds() {
    let mut text = String::from(FIRST);
    for i in 0..5 {
        text += &format!(
            "finetune p{i} = classifier() {{\n from = rotations\n data = fashion.train\n test = fashion.test\n \
             length = {i} epochs\n optimizer = adamw(1e-3)\n batch = 64\n schedule = cosine()\n clip = norm(1.0)\n}}\n"
        );
    }
    assert!(text.lines().count() >= 100);
    let start = std::time::Instant::now();
    check(text.as_bytes(), &[]).sound();
    // a few milliseconds; the bound leaves room for a busy machine
    assert!(start.elapsed().as_millis() < 100, "{:?}", start.elapsed());
}

/// The reference lists every code with the text it has in the source, and nothing else.
#[test]
fn the_reference_lists_every_code() {
    let page = include_str!("../../grammar/README.md");
    let listed: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|line| line.split(" | ").next())
        .filter(|word| word.len() == 5 && word[1..].bytes().all(|b| b.is_ascii_digit()))
        .collect();
    let codes: Vec<&str> = pretext::language::codes::Code::ALL
        .iter()
        .map(|code| code.number())
        .collect();
    assert_eq!(listed, codes);
}

/// The recipes that the reference makes others of.
struct Beside;

impl Doors for Beside {
    fn open(&mut self, _: &Use, _: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        Ok(Vec::new())
    }

    fn recipe(
        &mut self,
        path: &Path,
        span: Span,
        sources: &mut Sources,
    ) -> Result<(PathBuf, FileId), Box<Diagnostic>> {
        let text = match path.to_str() {
            Some("common/views.ssl") => "ssl 1\naugment view(image) { emit image |> hflip(50%) }\n",
            Some("simclr.ssl") => {
                "ssl 1\ndataset d = shapes()\npretext pretrain = simclr() { data = d.train, encoder = small_cnn(width = 8) }\n"
            }
            _ => {
                return Err(Box::new(Diagnostic::error(
                    Code::MissingFile,
                    span,
                    "not there",
                )));
            }
        };
        Ok((path.to_owned(), sources.add(path, text)))
    }
}

/// The recipes in the reference are recipes.
#[test]
fn the_reference_is_sound() {
    let page = include_str!("../../grammar/README.md");
    let mut catalog = pretext::catalog::Catalog::builtin();
    let mut count = 0;
    for block in page.split("```ssl\n").skip(1) {
        let text = block.split("```").next().unwrap_or_default();
        let mut sources = Sources::default();
        let file = sources.add("README.md", text);
        let (recipe, diagnostics) = check_using(&mut sources, file, &mut catalog, &mut Beside, &[]);
        assert!(recipe.is_some(), "{diagnostics:?}");
        count += 1;
    }
    assert!(count > 0);
}
