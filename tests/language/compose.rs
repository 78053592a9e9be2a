//! `use` of recipes, `extends` and `override`, with files that the test holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pretext::catalog::{Kind, Make, Spec};
use pretext::language::checked::{Recipe, Use};
use pretext::language::codes::Code;
use pretext::language::{
    Diagnostic, Doors, FileId, Sources, Span, check_using, expand, provenance, render,
};

/// Recipes by their paths.
struct Files(BTreeMap<&'static str, String>);

impl Doors for Files {
    fn open(&mut self, used: &Use, _: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        // a script brings what it is called
        let name = Path::new(&used.name.text).file_stem().unwrap_or_default();
        let name = name.to_string_lossy();
        Ok(vec![Spec::new(&name, Kind::Task, "A task.", Make::Stage)])
    }

    fn recipe(
        &mut self,
        path: &Path,
        span: Span,
        sources: &mut Sources,
    ) -> Result<(PathBuf, FileId), Box<Diagnostic>> {
        let shown = path.to_string_lossy().replace('\\', "/");
        match self.0.get(shown.as_str()) {
            Some(text) => Ok((path.to_owned(), sources.add(path, text.as_str()))),
            None => Err(Box::new(Diagnostic::error(
                Code::MissingFile,
                span,
                format!("no {shown}"),
            ))),
        }
    }
}

const VIEWS: &str = "ssl 1
dataset small = fashion_mnist() |> take(10%)
augment view(image) { emit image |> hflip(50%) }
augment turned(image) {
  (view, turn) = image |> view() |> quarter_turn()
  emit view, turn
}
layers narrow = linear(64) |> relu()
layers four = narrow |> linear(4)
encoder trunk = small_cnn(width = 8)
";

const BASE: &str = "ssl 1
/// The base.
use \"common/views.ssl\"
pretext pretrain = rotation() {
  data = views.small.train, augment = views.turned, encoder = views.trunk, head = views.four
  batch = 64, optimizer = adamw(2e-3)
}
run { seed = 1 }
";

fn files() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("common/views.ssl", VIEWS.to_owned()),
        ("base.ssl", BASE.to_owned()),
        ("deep/base.ssl", BASE.replace("common/", "../common/")),
        ("deep/../common/views.ssl", VIEWS.to_owned()),
        ("own.ssl", "ssl 1\nextends \"own.ssl\"\n".to_owned()),
        ("one.ssl", "ssl 1\nuse \"two.ssl\"\n".to_owned()),
        ("two.ssl", "ssl 1\nuse \"one.ssl\"\n".to_owned()),
        ("wrong.ssl", VIEWS.replace("hflip(50%)", "hflip(0.5)")),
        ("a-b.ssl", VIEWS.to_owned()),
        (
            "scripts/base.ssl",
            "ssl 1\nuse script \"vicreg.rhai\"\n".to_owned(),
        ),
        (
            "middle.ssl",
            "ssl 1\nextends \"base.ssl\"\noverride pretrain.batch = 32\noverride run.seed = 5\n"
                .to_owned(),
        ),
    ])
}

fn check(body: &str) -> (Option<Recipe>, Vec<&'static str>, String) {
    let mut sources = Sources::default();
    let file = sources.add("test.ssl", format!("ssl 1\n{body}"));
    let mut catalog = crate::catalog::catalog();
    let mut doors = Files(files());
    let (recipe, found) = check_using(&mut sources, file, &mut catalog, &mut doors, &[]);
    let said: Vec<String> = found.iter().map(|d| render(d, &sources, false)).collect();
    let codes = found.iter().map(|d| d.code.number()).collect();
    (recipe, codes, said.join("\n\n"))
}

fn sound(body: &str) -> Recipe {
    let (recipe, _, said) = check(body);
    recipe.unwrap_or_else(|| panic!("{body}\n{said}"))
}

#[test]
fn what_is_used_has_the_name_of_its_file_before_its_own() {
    let recipe = sound(
        "use \"common/views.ssl\"
augment own(image) {
  (view, turn) = image |> views.view() |> quarter_turn()
  emit view, turn
}
pretext a = rotation() { data = views.small.train, augment = views.turned, encoder = views.trunk, head = views.narrow |> linear(4) }
pretext b = rotation() { data = views.small.train, augment = own, encoder = small_cnn() }",
    );
    let stage = &recipe.stages[0];
    assert_eq!(
        stage.fields.net("encoder").steps[0].call.args.size("width"),
        8
    );
    assert_eq!(stage.call.args.net("head").steps.len(), 3);
    // written out it needs the other file no more, and means the same
    let long = expand(&recipe);
    assert!(long.contains("= views_turned\n"), "{long}");
    assert_eq!(expand(&sound(long.trim_start_matches("ssl 1\n"))), long);
}

#[test]
fn a_recipe_is_another_with_fields_that_differ() {
    let text = "extends \"base.ssl\"\noverride pretrain.batch = 128\noverride pretrain.optimizer.rate = 1e-4\noverride run.seed = 8\noverride pretrain.clip = norm(1.0)";
    let recipe = sound(text);
    let stage = &recipe.stages[0];
    assert_eq!(recipe.doc, "The base.");
    assert_eq!(stage.fields.size("batch"), 128);
    assert_eq!(stage.fields.call("optimizer").args.number("rate"), 1e-4);
    assert_eq!(recipe.run.integer("seed"), 8);
    let found = provenance(&recipe);
    let place = |path: &str| {
        let field = found.iter().find(|field| field.path == path);
        field.map(|field| field.place.clone()).unwrap_or_default()
    };
    assert_eq!(place("pretrain.batch"), "test.ssl:3:27");
    assert_eq!(place("pretrain.encoder"), "base.ssl:5:63");
    // in another folder, through another, and with stages of its own
    sound("extends \"deep/base.ssl\"");
    let through = sound(
        "extends \"middle.ssl\"\noverride pretrain.batch = 16\nevaluate k = knn() { from = pretrain, data = views.small.train, test = views.small.test }",
    );
    assert_eq!(through.stages[0].fields.size("batch"), 16);
    assert_eq!(through.run.integer("seed"), 5);
    assert_eq!(through.stages.len(), 2);
    // a script lies where the recipe that names it does
    let used = sound("extends \"scripts/base.ssl\"\ndataset d = fashion_mnist()");
    assert_eq!(used.uses[0].name.text, "scripts/vicreg.rhai");
}

#[test]
fn what_is_wrong_with_what_a_recipe_is_made_of_is_told_once() {
    let stage = "pretext a = rotation() { data = views.small.train, augment = views.turned, encoder = views.trunk }";
    for (text, code) in [
        ("use \"nowhere.ssl\"\nDATA", "E0501"),
        ("extends \"nowhere.ssl\"\noverride a.b = 3", "E0501"),
        ("extends \"own.ssl\"", "E0208"),
        ("use \"one.ssl\"", "E0208"),
        ("use \"a-b.ssl\"", "E0101"),
        ("extends \"base.ssl\"\nextends \"middle.ssl\"", "E0204"),
        ("extends \"base.ssl\"\nrun { seed = 2 }", "E0204"),
        (
            "extends \"base.ssl\"\npretext pretrain = rotation() { data = views.small.train, augment = views.turned, encoder = views.trunk }",
            "E0204",
        ),
        ("extends \"base.ssl\"\noverride pretrain.bacth = 3", "E0203"),
        ("extends \"base.ssl\"\noverride pretrian.batch = 3", "E0201"),
        (
            "extends \"base.ssl\"\noverride pretrain.batch = 3px",
            "E0303",
        ),
        (
            "extends \"base.ssl\"\noverride pretrain.batch = 3\noverride pretrain.batch = 4",
            "E0204",
        ),
        (
            "use \"common/views.ssl\"\nSTAGE\noverride a.batch = 3",
            "E0201",
        ),
        (
            "use \"common/views.ssl\"\nuse \"common/views.ssl\"",
            "E0204",
        ),
        (
            "use \"common/views.ssl\"\ndataset views = fashion_mnist()",
            "E0204",
        ),
        (
            "use \"common/views.ssl\"\ndataset views_view = fashion_mnist()",
            "E0204",
        ),
    ] {
        let text = text
            .replace("STAGE", stage)
            .replace("DATA", "dataset d = fashion_mnist()");
        let (recipe, codes, said) = check(&text);
        assert!(recipe.is_none(), "{text}");
        assert_eq!(codes, [code], "{text}\n{said}");
    }
    // an error in the other file stands there
    let (_, codes, said) = check(&format!(
        "use \"wrong.ssl\"\n{}",
        stage.replace("views.", "wrong.")
    ));
    assert_eq!(codes, ["E0303"], "{said}");
    assert!(said.contains("--> wrong.ssl:3:"), "{said}");
}
