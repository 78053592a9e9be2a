//! What every entry owes its reader: a summary, docs, an example that passes `check`, and something that runs it.

use std::fs;
use std::path::Path;

use super::{Catalog, Input, Kind, Spec, Type};
use crate::data::{Places, SampleType};
use crate::graph::vocabulary::operations;
use crate::language::{Severity, Sources, check_into};
use crate::plan::{Purpose, plan};

/// The example as a whole recipe.
fn recipe(spec: &Spec) -> String {
    let example = spec.example.trim();
    if example.starts_with("ssl ") {
        return example.to_owned();
    }
    let data = "ssl 1\n\ndataset fashion = shapes(train = 200, valid = 40, test = 40)\n";
    let stage = |fields: &str| {
        format!(
            "{data}\nencoder e = small_cnn()\n\npretext s = simclr() {{\n  data = fashion.train\n  encoder = e\n  batch = 16\n  length = 2 epochs\n{fields}\n}}\n"
        )
    };
    let after = |keyword: &str, fields: &str| {
        format!(
            "{}\n{keyword} t = {example} {{\n  from = s\n{fields}\n}}\n",
            stage("")
        )
    };
    match spec.kind {
        Kind::Dataset => format!("ssl 1\n\ndataset d = {example}\n"),
        Kind::Pipe => format!("{data}\ndataset p = fashion.train |> {example}\n"),
        Kind::Transform
            if spec
                .params
                .iter()
                .any(|param| param.ty == Type::Fit("tracks")) =>
        {
            format!(
                "ssl 1\n\ndataset m = moving_shapes()\n\nfit tracks = tracker(frames = 8) {{ data = m.train }}\n\naugment a(clip) {{\n  (first, last) = clip |> {example}\n  emit first, last\n}}\n"
            )
        }
        Kind::Transform
            if spec
                .params
                .iter()
                .any(|param| param.ty == Type::Fit("palette")) =>
        {
            format!(
                "{data}\nfit colours = kmeans(16) {{ data = fashion.train }}\n\naugment a(image) {{\n  emit out = image |> {example}\n}}\n"
            )
        }
        Kind::Transform
            if spec
                .params
                .iter()
                .any(|param| matches!(param.ty, Type::Fit(_))) =>
        {
            format!(
                "{data}\ndataset d = documents(\"texts\")\n\nfit pieces = wordpiece(size = 100) {{ data = d.train }}\n\naugment a(text) {{\n  emit out = text |> {example}\n}}\n"
            )
        }
        Kind::Transform => format!("{data}\naugment a(image) {{\n  emit image |> {example}\n}}\n"),
        Kind::Layer => format!("{data}\nencoder n = {example}\n"),
        Kind::Encoder => format!("{data}\nencoder n = {example}\n"),
        Kind::Task => format!(
            "{data}\npretext t = {example} {{\n  data = fashion.train\n  encoder = small_cnn()\n}}\n"
        ),
        Kind::Optimizer => stage(&format!("  optimizer = {example}")),
        Kind::Schedule => stage(&format!("  schedule = {example}")),
        Kind::Evaluator if spec.without.contains(&"data") => after("evaluate", ""),
        Kind::Evaluator if spec.without.contains(&"test") => {
            after("evaluate", "  data = fashion.train")
        }
        Kind::Evaluator => after("evaluate", "  data = fashion.train\n  test = fashion.test"),
        Kind::Finetune => after("finetune", "  data = fashion.train\n  test = fashion.test"),
        Kind::Fit => format!(
            "{data}\ndataset d = documents(\"texts\")\n\nfit f = {example} {{\n  data = d.train\n}}\n"
        ),
        Kind::Export => after("export", ""),
        Kind::Setting => match spec.name.as_str() {
            "every" => stage(&format!("  checkpoint = {example}")),
            "collapse" => stage(&format!("  stop = {example}")),
            "best" | "early" => stage(&format!(
                "  monitor = knn(fashion.valid, every = 1 epoch)\n  valid = fashion.valid\n  {} = {}",
                if spec.name == "best" {
                    "checkpoint"
                } else {
                    "stop"
                },
                example
            )),
            "ema" => stage(&format!("  average = {example}")),
            "norm" => stage(&format!("  clip = {example}")),
            "group" => stage(&format!("  groups = [{example}]")),
            "grid" => format!(
                "{}\nfinetune t = linear_probe(pool = {example}) {{\n  from = s\n  data = fashion.train\n  test = fashion.test\n}}\n",
                stage("")
            ),
            other => panic!("say here where the setting `{other}` stands"),
        },
    }
}

/// What is wrong with an entry's example. Tasks are planned too: their graph is traced.
fn wrong(spec: &Spec) -> Option<String> {
    let text = recipe(spec);
    let mut sources = Sources::default();
    let file = sources.add("example.ssl", text.as_str());
    let catalog = Catalog::builtin();
    let (recipe, mut said) = check_into(&mut sources, file, &catalog, &[]);
    // the pieces of a text are learnt from data that is not here
    let pieces = |input: &Input| {
        let one = input.ty.parts().map_or(&input.ty, |(one, _)| one);
        one.fits(&SampleType::TOKENS)
    };
    let here = !spec.inputs.iter().any(pieces);
    if let (Some(recipe), Kind::Task, true) = (&recipe, spec.kind, here) {
        let places = Places::new("", Default::default(), true).unwrap();
        let (_, more) = plan(recipe, &catalog, &places, Purpose::Check);
        said.extend(more);
    }
    let errors: Vec<String> = said
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| crate::language::render(diagnostic, &sources, false))
        .collect();
    (!errors.is_empty()).then(|| format!("{}\n{text}", errors.join("\n")))
}

/// What flows into an encoder decides what it can be trained and judged on; a transform says so where it takes whole clips, and nothing
/// else takes something.
#[test]
fn encoders_say_what_they_take() {
    let catalog = Catalog::builtin();
    for spec in catalog.iter() {
        let name = &spec.name;
        match spec.kind {
            Kind::Encoder => assert!(spec.takes.is_some(), "{name}"),
            Kind::Transform => assert!(spec.takes.iter().all(|ty| ty.frame().is_some()), "{name}"),
            _ => assert_eq!(spec.takes, None, "{name}"),
        }
    }
}

/// The text of everything that runs something: recipes, fixtures, tests.
fn what_runs(folder: &Path, tests_only: bool, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            what_runs(&path, tests_only, into);
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        if !tests_only
            || name.contains("tests")
            || path.components().any(|c| c.as_os_str() == "tests")
        {
            into.push_str(&text);
        } else if let Some(at) = text.find("#[cfg(test)]") {
            into.push_str(&text[at..]);
        }
    }
}

/// Recipes, fixtures and tests.
fn running() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    what_runs(&root.join("recipes"), false, &mut text);
    what_runs(&root.join("tests"), false, &mut text);
    what_runs(&root.join("src"), true, &mut text);
    text
}

#[test]
fn every_entry_says_what_it_is() {
    for spec in Catalog::builtin().iter() {
        let name = format!("{} {}", spec.kind.singular(), spec.name);
        assert!(!spec.summary.is_empty(), "{name} has no summary");
        assert!(!spec.summary.contains('\n'), "{name}: one line");
        for param in &spec.params {
            assert!(param.doc.len() > 3, "{name}: `{}` has no doc", param.name);
        }
        for input in &spec.inputs {
            assert!(input.doc.len() > 5, "{name}: `{}` has no doc", input.name);
        }
        if spec.kind == Kind::Task {
            assert!(spec.doc.len() > 40, "{name} has no docs");
            assert!(!spec.inputs.is_empty(), "{name} reads nothing");
        }
    }
}

#[test]
fn every_example_passes_check() {
    let catalog = Catalog::builtin();
    let wrong: Vec<String> = catalog
        .iter()
        .filter_map(|spec| {
            Some(format!(
                "{} {}: {}",
                spec.kind.singular(),
                spec.name,
                wrong(spec)?
            ))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_entry_is_run_by_a_recipe_or_a_test() {
    let text = running();
    let called =
        |name: &str| text.contains(&format!("{name}(")) || text.contains(&format!("\"{name}\""));
    let catalog = Catalog::builtin();
    let missing: Vec<&str> = catalog
        .iter()
        .map(|spec| spec.name.as_str())
        .filter(|name| !called(name))
        .collect();
    assert!(missing.is_empty(), "nothing runs {}", missing.join(", "));
}

#[test]
fn every_operation_says_what_it_is_and_is_tested() {
    let text = running();
    let mut missing = Vec::new();
    for op in operations() {
        assert!(!op.summary.is_empty(), "{} has no summary", op.name);
        for attr in op.attrs {
            assert!(
                attr.doc.len() > 2,
                "{}: `{}` has no doc",
                op.name,
                attr.name
            );
        }
        let called = [format!("{}(", op.name), format!("\"{}\"", op.name)];
        if !called.iter().any(|name| text.contains(name)) {
            missing.push(op.name);
        }
    }
    assert!(missing.is_empty(), "no test of {}", missing.join(", "));
}
