//! What is watched of each task, and what a recipe may collapse from.

use super::*;
use crate::catalog::{Catalog, Kind};
use crate::plan::testing::planned;

fn training(plan: &Plan) -> &Training {
    let body = plan.stages.iter().map(|stage| &stage.body);
    let mut all = body.filter_map(|body| match body {
        Body::Train(training) => Some(training),
        _ => None,
    });
    all.next().unwrap()
}

/// What is watched of a stage.
fn watched(training: &Training) -> Vec<String> {
    let encoders = training.collapse.encoders.iter().map(String::as_str);
    let encoders: Vec<&str> = encoders.collect();
    let found = training.graph.embeddings(&encoders);
    found.into_iter().map(|one| one.module).collect()
}

#[test]
fn projections_are_watched_where_a_loss_asks_whether_they_are_alike() {
    let catalog = Catalog::builtin();
    let mut both = Vec::new();
    for spec in catalog.of_kind(Kind::Task) {
        // those that name files are tried elsewhere
        if spec.example.contains('"') {
            continue;
        }
        let plan = planned(&spec.example, &catalog);
        let found = watched(training(&plan));
        assert!(!found.is_empty(), "nothing of {}", spec.name);
        if found.len() > 1 {
            both.push(format!("{} {}", spec.name, found.join(" ")));
        }
    }
    println!("{both:?}");
    for pair in [
        "simclr encoder head",
        "moco encoder head",
        "byol encoder head",
        "simsiam encoder head",
        "barlow_twins encoder head",
        "vicreg encoder head",
        "dino encoder head",
        "nnclr encoder head",
        "lejepa encoder head",
    ] {
        assert!(both.iter().any(|own| own == pair), "{pair}: {both:?}");
    }
    for labelled in ["rotation", "jigsaw", "relative_patch", "mae", "autoencoder"] {
        let pixels = |own: &String| own.split(' ').next() == Some(labelled);
        assert!(!both.iter().any(pixels), "{labelled}: {both:?}");
    }
}

/// The text that a cause points to, by the likeliest first, where these symptoms are seen.
fn causes(task: &str, more: &str, symptoms: &Symptoms) -> Vec<(String, String)> {
    let text = format!(
        "ssl 1\n\ndataset figures = shapes(train = 640)\n\naugment view(image) {{ emit image |> random_resized_crop(32px) |> normalize() }}\n\
         augment pair(image) {{ emit views = (image |> view()) * 2 }}\naugment full(image) {{ emit globals = (image |> view()) * 2 }}\n\
         augment same(image) {{\n  one = image |> view()\n  emit a = one, b = one\n}}\n\n\
         pretext learnt = {task} {{\n  data = figures.train\n  encoder = small_cnn(width = 4)\n  batch = 32\n{more}}}\n"
    );
    let plan = planned(&text, &Catalog::builtin());
    let found = training(&plan).collapse.likeliest(symptoms);
    let sources = &plan.recipe.sources;
    let told = found.into_iter();
    told.map(|cause| (sources.text(cause.span).to_owned(), cause.what.clone()))
        .collect()
}

#[test]
fn the_likeliest_cause_has_its_place() {
    let none = Symptoms::default();
    let shrunk = |module: &str| Symptoms {
        norms: [(module.to_owned(), 0.1)].into(),
        zeros: 0.0,
    };
    let thrown = Symptoms {
        norms: [("encoder".to_owned(), 40.0)].into(),
        zeros: 0.0,
    };
    let (twins, pair) = (
        "head = linear(8)\n  predictor = linear(8)\n",
        "  augment = pair\n  length = 400 steps\n",
    );
    let dino = "  augment = full\n  length = 400 steps\n  head = linear(16) |> prototypes(8, freeze = 1 steps)\n";
    for (task, more, symptoms, place, what) in [
        (
            "vicreg(variance = 0)",
            pair.to_owned() + "  head = linear(8)\n",
            &none,
            "0",
            "`variance` switches a term",
        ),
        (
            "barlow_twins(lambda = 0)",
            pair.to_owned() + "  head = linear(8)\n",
            &none,
            "0",
            "`lambda` switches a term",
        ),
        (
            "byol(momentum = 1)",
            format!("{pair}  {twins}"),
            &none,
            "1",
            "never moves",
        ),
        (
            "byol(momentum = 0.1)",
            format!("{pair}  {twins}"),
            &none,
            "0.1",
            "is not slow",
        ),
        (
            "simsiam()",
            format!("  augment = same\n  length = 400 steps\n  {twins}"),
            &none,
            "same",
            "are one view",
        ),
        (
            "dino(centre_momentum = 1)",
            dino.to_owned(),
            &none,
            "1",
            "`centre` stays",
        ),
        (
            "dino(teacher_temperature = 0.2..0.3)",
            dino.to_owned(),
            &none,
            "0.2..0.3",
            // after 20 of the 30 epochs that it takes to get there
            "temperature of 0.267",
        ),
        (
            "simsiam()",
            format!(
                "{pair}  {twins}  optimizer = adamw(1e-3)\n  groups = [group(\"predictor.*\", decay = 10)]\n"
            ),
            &shrunk("predictor"),
            "10",
            "the weights of `predictor`",
        ),
        (
            "simclr()",
            format!("{pair}  head = linear(8)\n  optimizer = sgd(0.1, weight_decay = 2)\n"),
            &shrunk("head"),
            "2",
            "the weights of `head`",
        ),
        (
            "simclr()",
            format!("{pair}  head = linear(8)\n  optimizer = adamw(0.5)\n"),
            &none,
            "0.5",
            "a rate of 0.5",
        ),
        (
            "simclr()",
            format!("{pair}  head = linear(8)\n  optimizer = adamw(1e-2)\n"),
            &thrown,
            "1e-2",
            "a rate of 0.01",
        ),
    ] {
        let found = causes(task, &more, symptoms);
        let first = &found[0];
        assert!(
            first.0 == place && first.1.contains(what),
            "{task}: {found:?}"
        );
    }
}

#[test]
fn a_sound_recipe_is_suspected_of_its_rate_alone() {
    let pair = "  augment = pair\n  length = 400 steps\n  optimizer = adamw(1e-3)\n";
    for (task, more) in [
        ("simclr()", "  head = linear(8)\n"),
        ("vicreg()", "  head = linear(8)\n"),
        ("simsiam()", "  head = linear(8)\n  predictor = linear(8)\n"),
        ("byol()", "  head = linear(8)\n  predictor = linear(8)\n"),
        ("lejepa()", "  head = linear(8)\n"),
    ] {
        let more = match task {
            "lejepa()" => pair.replace("pair", "full") + more,
            _ => pair.to_owned() + more,
        };
        let found = causes(task, &more, &Symptoms::default());
        let [(place, what)] = found.as_slice() else {
            panic!("{task}: {found:?}")
        };
        assert!(
            place == "1e-3" && what.contains("a rate of 0.001"),
            "{found:?}"
        );
    }
}
