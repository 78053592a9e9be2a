//! No lint fires on a task as it comes, whatever encoder of the catalog it trains, and each still does where it should.

use crate::catalog::{Catalog, Input, Kind};
use crate::data::{Places, SampleType};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Severity, Sources, check_into};
use crate::plan::{Purpose, plan};

/// All that is said of a recipe.
pub(super) fn found(text: &str) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    let file = sources.add("test.ssl", text);
    let catalog = Catalog::builtin();
    let (recipe, mut found) = check_into(&mut sources, file, &catalog, &[]);
    let places = Places::new("", Default::default(), true).unwrap();
    if let Some(recipe) = recipe {
        let (_, planned) = plan(&recipe, &catalog, &places, Purpose::Check);
        found.extend(planned);
    }
    found
}

/// Warnings about a recipe; `None` where it has an error.
fn warnings(text: &str) -> Option<Vec<Diagnostic>> {
    let found = found(text);
    let sound = found.iter().all(|d| d.severity == Severity::Warning);
    sound.then_some(found)
}

/// Lints that look at what a stage computes.
const OF_GRAPHS: [Code; 5] = [
    Code::LintOneView,
    Code::LintCollapse,
    Code::LintAccumulate,
    Code::LintTiles,
    Code::LintColours,
];

#[test]
fn no_task_is_blamed_for_its_encoder() {
    let catalog = Catalog::builtin();
    let encoders = [
        "small_cnn(width = 4)",
        "nin()",
        "resnet18()",
        "resnet50()",
        "vit(patch = 4px, depth = 1, width = 12, heads = 3)",
        "vit(patch = 8px, depth = 2, width = 12, heads = 3)",
        "halves(small_cnn(width = 4))",
        "conv(4, 3) |> batch_norm() |> relu() |> global_avg_pool()",
        "conv(8, 4, stride = 4) |> relu() |> flatten() |> dropout(10%) |> linear(8)",
    ];
    let mut tried = 0;
    for spec in catalog.of_kind(Kind::Task) {
        let mut fits = 0;
        for encoder in encoders {
            let text = format!(
                "ssl 1\n\ndataset figures = shapes(train = 64, valid = 16, test = 16)\n\npretext learnt = {}() {{\n  data = figures.train\n  encoder = {encoder}\n  batch = 16\n}}\n",
                spec.name
            );
            // a task that wants other parts, or another size, says so elsewhere
            let Some(found) = warnings(&text) else {
                continue;
            };
            fits += 1;
            let said: Vec<_> = found
                .iter()
                .filter(|d| OF_GRAPHS.contains(&d.code))
                .map(|d| &d.message)
                .collect();
            assert!(said.is_empty(), "{} with {encoder}: {said:?}", spec.name);
        }
        tried += usize::from(fits > 0);
    }
    // no encoder of pictures suits a task on texts
    let of_texts = |input: &Input| input.holds(&SampleType::TOKENS);
    let tasks = catalog.of_kind(Kind::Task);
    let tasks = tasks.filter(|spec| !spec.inputs.iter().any(of_texts));
    let tasks = tasks.count();
    assert!(tried * 10 >= tasks * 7, "only {tried} of {tasks} tasks fit");
}

#[test]
fn one_view_is_still_found_behind_tokens() {
    for encoder in [
        "small_cnn(width = 4)",
        "vit(patch = 4px, depth = 1, width = 12, heads = 3)",
        "conv(4, 3) |> global_avg_pool()",
    ] {
        for task in [
            "simclr",
            "moco",
            "byol",
            "simsiam",
            "barlow_twins",
            "vicreg",
        ] {
            let text = format!(
                "ssl 1\n\ndataset figures = shapes(train = 64, valid = 16, test = 16)\n\naugment same(image) {{\n  emit views = (image |> normalize()) * 2\n}}\n\npretext learnt = {task}() {{\n  data = figures.train\n  augment = same\n  encoder = {encoder}\n  batch = 16\n}}\n"
            );
            let found = warnings(&text).unwrap_or_else(|| panic!("{task}: {text}"));
            let one = found.iter().any(|d| d.code == Code::LintOneView);
            assert!(one, "{task} with {encoder}");
        }
    }
}
