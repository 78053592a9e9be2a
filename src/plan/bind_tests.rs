use super::{Body, Plan, Purpose, plan};
use crate::catalog::Catalog;
use crate::data::Places;
use crate::language::{Sources, check};

/// A stage of `simclr` that reads `a`, `b` and a picture that is none of its views.
fn planned(bind: &str) -> (Plan, String) {
    let text = format!(
        "ssl 1
dataset figures = shapes(train = 64, valid = 32, test = 32)
augment pair(image) {{ emit whole = image, a = image |> hflip(50%), b = image |> hflip(50%) }}
pretext pairs = simclr() {{
  data = figures.train, augment = pair, encoder = small_cnn(width = 4), batch = 16
  {bind}
}}
"
    );
    let catalog = Catalog::builtin();
    let mut sources = Sources::default();
    let file = sources.add("recipe.ssl", text);
    let (recipe, problems) = check(sources, file, &catalog, &[]);
    let recipe = recipe.unwrap_or_else(|| panic!("{problems:?}"));
    let places = Places::new("", Default::default(), true).unwrap();
    let (plan, problems) = plan(&recipe, &catalog, &places, Purpose::Check);
    let plan = plan.unwrap_or_else(|| panic!("{problems:?}"));
    let identity = plan.stages[0].identity.clone();
    (plan, identity)
}

fn bindings(plan: &Plan) -> Vec<(&str, &str)> {
    let Body::Train(training) = &plan.stages[0].body else {
        panic!("a pretext stage")
    };
    let pairs = training.bindings.iter();
    pairs.map(|(a, b)| (a.as_str(), b.as_str())).collect()
}

#[test]
fn fields_go_where_they_are_bound() {
    let (plan, ab) = planned("bind { views = [a, b] }");
    assert_eq!(bindings(&plan), [("a", "views/0"), ("b", "views/1")]);
    let (plan, ba) = planned("bind { views = [b, a] }");
    assert_eq!(bindings(&plan), [("b", "views/0"), ("a", "views/1")]);
    assert_ne!(ab, ba, "another binding is another stage");
}
