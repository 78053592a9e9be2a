use super::{Body, Plan, Purpose, plan};
use crate::catalog::Catalog;
use crate::data::Places;
use crate::language::{Diagnostic, Sources, check};

/// Pairs of `figures.train`, judged on the loss of `valid`.
fn planned(valid: &str) -> Result<Plan, Vec<Diagnostic>> {
    let text = format!(
        "ssl 1
dataset figures = shapes(train = 64, valid = 32, test = 32)
dataset large = image_folder(\"large\")
augment pair(image) {{ emit views = (image |> hflip(50%) |> normalize()) * 2 }}
pretext pairs = simclr() {{
  data = figures.train, augment = pair, valid = {valid}, encoder = small_cnn(width = 4), batch = 16
}}
"
    );
    let catalog = Catalog::builtin();
    let mut sources = Sources::default();
    let file = sources.add("recipe.ssl", text);
    let (recipe, problems) = check(sources, file, &catalog, &[]);
    let recipe = recipe.ok_or(problems)?;
    let folder = tempfile::tempdir().unwrap();
    for name in ["a/1.ppm", "b/2.ppm"] {
        let path = folder.path().join("large").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(
            path,
            [b"P6 48 48 255\n".as_slice(), &[7; 48 * 48 * 3]].concat(),
        )
        .unwrap();
    }
    let places = Places::new(folder.path(), Default::default(), true).unwrap();
    let (plan, problems) = plan(&recipe, &catalog, &places, Purpose::Check);
    plan.ok_or(problems)
}

#[test]
fn records_of_the_other_split_need_only_what_the_task_uses() {
    for valid in ["figures.valid", "figures.valid |> without(label)"] {
        let plan = planned(valid).unwrap_or_else(|problems| panic!("{valid}: {problems:?}"));
        let Body::Train(training) = &plan.stages[0].body else {
            panic!("a pretext stage")
        };
        let read = training.valid.as_ref().unwrap();
        let own = read.data.dataset.fields();
        assert_eq!(own.len(), 1 + usize::from(!valid.contains("without")));
        assert_eq!(read.samples.outputs()[0], training.samples.outputs()[0]);
    }
}

#[test]
fn values_of_another_size_are_an_error_at_the_split() {
    let problems = planned("large.train").err().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    let message = &problems[0].message;
    assert!(
        message.contains("48") && message.contains("large.train") && message.contains("32"),
        "{message}"
    );
}
