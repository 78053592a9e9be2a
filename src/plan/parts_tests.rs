//! What later stages may start from, and what follows from it.

use std::collections::BTreeSet;

use super::*;
use crate::catalog::{Catalog, Kind, Make, Param, Spec, Type};
use crate::data::{Places, SampleType};
use crate::graph::Module;
use crate::language::{Diagnostic, Sources, check_into, render};

/// Plans a recipe; what is wrong with it where it can't be planned.
fn planned(text: &str, catalog: &Catalog) -> Result<Plan, String> {
    let mut sources = Sources::default();
    let file = sources.add("test.ssl", text);
    let says = |said: &[Diagnostic], sources: &Sources| {
        let said: Vec<String> = said.iter().map(|d| render(d, sources, false)).collect();
        said.join("\n\n")
    };
    let (recipe, said) = check_into(&mut sources, file, catalog, &[]);
    let recipe = recipe.ok_or_else(|| says(&said, &sources))?;
    let places = Places::new("", Default::default(), true).unwrap();
    let (plan, said) = plan(&recipe, catalog, &places, Purpose::Check);
    plan.ok_or_else(|| says(&said, &sources))
}

/// A recipe of one task, and an evaluation that starts from this.
fn recipe(task: &str, from: &str) -> String {
    format!(
        "ssl 1\n\ndataset figures = shapes(train = 64, valid = 16, test = 16)\n\npretext a = {task}() {{\n  data = figures.train\n  encoder = small_cnn(width = 4)\n  batch = 16\n}}\n\nevaluate b = knn(k = 5) {{ from = {from}, data = figures.train, test = figures.test }}\n"
    )
}

/// The first stage that trains; a `fit` may stand above it.
fn training(plan: &Plan) -> &Training {
    let mut bodies = plan.stages.iter().map(|stage| &stage.body);
    let found = bodies.find_map(|body| match body {
        Body::Train(training) => Some(training),
        _ => None,
    });
    found.expect("a training")
}

/// What the evaluation reads.
fn reading(plan: &Plan) -> &Reading {
    match &plan.stages[1].body {
        Body::Evaluate(evaluation) => evaluation.reading.as_ref().expect("rows"),
        _ => panic!("no evaluation"),
    }
}

/// Part and module of each part.
fn parts(plan: &Plan) -> Vec<[&str; 2]> {
    let parts = training(plan).parts.iter();
    parts
        .map(|own| [own.part.as_str(), own.module.as_str()])
        .collect()
}

#[test]
fn parts_are_what_the_task_names_and_its_encoders() {
    let catalog = Catalog::builtin();
    let of = |task: &str| planned(&recipe(task, "a"), &catalog).unwrap();
    let byol = of("byol");
    assert_eq!(
        parts(&byol),
        [["encoder", "encoder"], ["target", "ema/encoder"]]
    );
    let dino = of("dino");
    let wanted = [
        ["teacher", "ema/encoder"],
        ["student", "encoder"],
        ["encoder", "encoder"],
    ];
    assert_eq!(parts(&dino), wanted);
    assert_eq!(parts(&of("simclr")), [["encoder", "encoder"]]);
    // a bare name is the first
    let start = |plan: &Plan| plan.stages[1].from().cloned().unwrap();
    assert_eq!(start(&dino).text(), "a.teacher");
    assert_eq!(start(&dino).module, "ema/encoder");
    assert_eq!(start(&byol).text(), "a");
    let reading = reading(&dino);
    assert!(reading.protocol.starts_with("teacher, pool avg"));
    // the encoder of an evaluation has one name, whatever it is there
    let names = reading.graph.parameters.iter().map(|p| &p.name);
    assert!(names.clone().count() > 0 && names.clone().all(|name| name.starts_with("encoder/")));
}

#[test]
fn tasks_say_which_parts_they_export() {
    let catalog = Catalog::builtin();
    for spec in catalog.of_kind(Kind::Task) {
        // the texts of its example are not here
        let mut inputs = spec.inputs.iter();
        if inputs.any(|input| input.holds(&SampleType::TOKENS)) {
            continue;
        }
        let plan = planned(&spec.example, &catalog).unwrap();
        let graph = &training(&plan).graph;
        let built: Vec<&String> = graph.parts.iter().map(|part| &part.name).collect();
        let said: Vec<&String> = spec.exports.iter().map(|(name, _)| name).collect();
        assert_eq!(built, said, "{}", spec.name);
    }
}

#[test]
fn a_stage_is_another_for_another_part_and_the_same_for_another_spelling() {
    let catalog = Catalog::builtin();
    let identity = |task: &str, from: &str| {
        let plan = planned(&recipe(task, from), &catalog).unwrap();
        plan.stages[1].identity.clone()
    };
    assert_ne!(identity("byol", "a"), identity("byol", "a.target"));
    assert_eq!(identity("byol", "a"), identity("byol", "a.encoder"));
    assert_eq!(identity("dino", "a"), identity("dino", "a.teacher"));
    assert_eq!(identity("dino", "a.student"), identity("dino", "a.encoder"));
    let all = ["a.teacher", "a.student"].map(|from| identity("dino", from));
    assert_eq!(BTreeSet::from(all).len(), 2);
}

/// A task of two encoders that exports no part by name; a script's, so that only the plan knows its parts.
fn two_encoders() -> Catalog {
    let build = |g: &mut crate::graph::Graph, task: &crate::catalog::Args| {
        let x = g.input("view")?;
        let mut total = None;
        for name in ["encoder", "image_encoder"] {
            let z = g.call(&Module::new(name, task.net(name)), x)?;
            let z = g.mul(z, z)?;
            let mean = g.mean_all(z)?;
            total = Some(match total {
                Some(total) => g.add(total, mean)?,
                None => mean,
            });
        }
        let slow = g.ema(
            &Module::new("image_encoder", task.net("image_encoder")),
            0.5,
        )?;
        let z = g.call(&slow, x)?;
        let still = g.mean_all(z)?;
        g.metric("still", still);
        g.part("slow", &slow);
        if let Some(total) = total {
            g.objective("loss", total);
        }
        Ok(())
    };
    let make = Make::task(build, |_, _| {
        Some("emit view = image |> normalize()".into())
    });
    let mut spec = Spec::new("two", Kind::Task, "Two encoders.", make)
        .param(Param::with_default(
            "image_encoder",
            Type::Encoder,
            "small_cnn(width = 2)",
            "Another one.",
        ))
        .input("view", SampleType::IMAGE, "A picture.");
    spec.provider = Some(crate::catalog::Provider {
        name: "script two.rhai".into(),
        hash: "0".into(),
    });
    let mut catalog = Catalog::builtin();
    catalog.register(spec);
    catalog
}

#[test]
fn encoders_are_parts_by_the_names_of_their_parameters() {
    let catalog = two_encoders();
    let plan = planned(&recipe("two", "a.image_encoder"), &catalog).unwrap();
    let wanted = [
        ["slow", "ema/image_encoder"],
        ["encoder", "encoder"],
        ["image_encoder", "image_encoder"],
    ];
    assert_eq!(parts(&plan), wanted);
    let start = plan.stages[1].from().unwrap();
    assert_eq!(start.module, "image_encoder");
    // the part's own layers, not the encoder's
    let width = |plan: &Plan| training(plan).parts[2].net.steps[0].call.args.size("width");
    assert_eq!((reading(&plan).places[0].2, width(&plan)), (2 * 4, 2));
}

#[test]
fn an_unknown_part_is_told_with_those_there_are() {
    let error = planned(&recipe("two", "a.image_encodr"), &two_encoders())
        .err()
        .unwrap();
    assert!(error.contains("E0209"), "{error}");
    assert!(
        error.contains("stage `a` has no part `image_encodr`"),
        "{error}"
    );
    assert!(
        error.contains("It has `slow`, `encoder` and `image_encoder`."),
        "{error}"
    );
    assert!(error.contains("from = a.image_encoder,"), "{error}");
    let error = planned(&recipe("dino", "a.techer"), &Catalog::builtin())
        .err()
        .unwrap();
    assert!(
        error.contains("It has `teacher`, `student` and `encoder`."),
        "{error}"
    );
    assert!(error.contains("from = a.teacher,"), "{error}");
}

#[test]
fn a_failed_stage_does_not_hide_what_is_wrong_with_a_part_of_it() {
    let text =
        recipe("byol", "a.target").replace("batch = 16", "batch = 16\n  predictor = linear(3)");
    let text = text.replace("from = a.target", "from = a.target, at = [nowhere]");
    let error = planned(&text, &Catalog::builtin()).err().unwrap();
    assert!(error.contains("no place `nowhere`"), "{error}");
}
