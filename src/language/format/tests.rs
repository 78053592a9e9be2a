//! The formatter's promises: the same meaning, the same comments, and nothing left to do the second time.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::lex::{Kind, lex};
use super::*;

fn formatted(text: &str) -> String {
    let mut sources = Sources::default();
    let file = sources.add("recipe.ssl", text);
    format(&sources, file).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// What a recipe says, without places: its tree as text.
fn meaning(text: &str) -> String {
    let mut sources = Sources::default();
    let file = sources.add("recipe.ssl", text);
    let (tree, _) = parse::parse(&sources, file);
    let tree = format!("{tree:?}");
    let mut out = String::new();
    let mut rest = tree.as_str();
    // spans are `Span { file: FileId(0), start: 1, end: 2 }`
    while let Some(at) = rest.find("Span {") {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('}').unwrap();
        rest = &rest[at + end + 1..];
    }
    out + rest
}

fn comments(text: &str) -> Vec<String> {
    let of = lex(text).into_iter();
    let of = of.filter(|token| token.kind == Kind::Comment);
    of.map(|token| token.text.to_owned()).collect()
}

fn promises(text: &str) {
    let once = formatted(text);
    assert_eq!(meaning(text), meaning(&once), "\n{text}\n---\n{once}");
    assert_eq!(comments(text), comments(&once), "\n{text}\n---\n{once}");
    assert_eq!(formatted(&once), once, "\n{text}\n---\n{once}");
    for line in once.lines() {
        assert_eq!(line, line.trim_end(), "{once:?}");
    }
    assert!(!once.contains("\n\n\n"), "{once}");
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "ssl") {
            into.push(path);
        }
    }
}

/// Every recipe of the project that parses.
static CORPUS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("recipes"), &mut paths);
    collect(&root.join("tests/ui"), &mut paths);
    paths.sort();
    let texts = paths
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok());
    let texts: Vec<String> = texts
        .filter(|text| {
            let mut sources = Sources::default();
            let file = sources.add("recipe.ssl", text.as_str());
            text.len() < 20_000 && format(&sources, file).is_ok()
        })
        .collect();
    assert!(texts.len() > 10, "{}", texts.len());
    texts
});

#[test]
fn recipes_keep_their_meaning_and_comments() {
    for text in CORPUS.iter() {
        promises(text);
    }
}

#[test]
fn the_projects_recipes_are_formatted() {
    let mut paths = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes"),
        &mut paths,
    );
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(formatted(&text), text, "`pretext fmt {}`", path.display());
    }
}

#[test]
fn the_one_form() {
    let text = r#"ssl 1
/// What it is for.


dataset  fashion=fashion_mnist()|>hold_out(10 %,seed=0)   // .train, .valid, .test
augment turned ( image ) {
 upright=image|>random_crop(28 px, padding=2px)|>hflip( 50% )
   ( view , turn )=upright|>quarter_turn( )

 emit view,turn }
encoder nin=conv(96,5)|>batch_norm()|>relu() as conv1
|>max_pool(3,stride=2)
   |> global_avg_pool()
pretext rotations=rotation(){
data=fashion.train,augment=turned
// which net
encoder=nin
head=linear(128)|>batch_norm()|>relu()|>linear(128)|>batch_norm()|>relu()|>linear(128)|>batch_norm()|>relu()|>linear(4)
groups = [
  group("*.bias", decay = 0) // none
  , group("encoder.*", rate = 0.1)]
length=10epochs }
evaluate neighbours=knn(k=200){from=rotations,data=fashion.train,test=fashion.test}
run{seed=7}
"#;
    let wanted = r#"ssl 1
/// What it is for.

dataset fashion = fashion_mnist() |> hold_out(10%, seed = 0)  // .train, .valid, .test
augment turned(image) {
  upright      = image |> random_crop(28px, padding = 2px) |> hflip(50%)
  (view, turn) = upright |> quarter_turn()

  emit view, turn
}
encoder nin = conv(96, 5) |> batch_norm() |> relu() as conv1
           |> max_pool(3, stride = 2)
           |> global_avg_pool()
pretext rotations = rotation() {
  data    = fashion.train
  augment = turned
  // which net
  encoder = nin
  head    = linear(128) |> batch_norm() |> relu() |> linear(128) |> batch_norm() |> relu()
         |> linear(128) |> batch_norm() |> relu() |> linear(4)
  groups  = [
    group("*.bias", decay = 0),  // none
    group("encoder.*", rate = 0.1),
  ]
  length  = 10 epochs
}
evaluate neighbours = knn(k = 200) { from = rotations, data = fashion.train, test = fashion.test }
run { seed = 7 }
"#;
    assert_eq!(formatted(text), wanted);
    promises(text);
}

#[test]
fn comments_may_stand_anywhere() {
    for text in [
        "ssl 1\ndataset a = // why\n  shapes() // what\n  // between\n  |> take(5) // last\n// end\n",
        "ssl 1\ndataset a = shapes( // open\n  train = 5, // five\n  // alone\n  valid = 6 // six\n)\n",
        "ssl 1\nrun { // settings\n  seed = 1 // one\n  // done\n}\n",
        "ssl 1\naugment a(image) {\n  emit x = image |> hflip(), // first\n    y = image // second\n}\n",
        "ssl 1\nrun { seed = 1 /// doc\n}\n",
        "ssl 1\nrun { seed = 1 }\npretext p = t() { length = 500 steps // c\n, batch = 2 }\n",
        "ssl 1\naugment a(image) { emit x = ( // c\nimage |> hflip()) * 2 }\n",
        "ssl 1\naugment a(image) { emit x = image\n, y = image }\n",
        "// first of all\nssl 1 // edition\nrun { }\n",
    ] {
        promises(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Blanks, line breaks and comments put between the words of recipes, wherever the result still parses.
    #[test]
    fn any_layout_has_one_form(
        which in 0usize..1000,
        edits in prop::collection::vec((0usize..10_000, 0usize..6), 0..12),
    ) {
        let text = &CORPUS[which % CORPUS.len()];
        let mut pieces: Vec<String> = Vec::new();
        for token in lex(text) {
            let gap = if token.breaks > 0 { "\n".repeat(token.breaks) } else { " ".into() };
            pieces.push(gap + token.text);
        }
        let mut changed = pieces.concat();
        for (at, what) in edits {
            let mut pieces: Vec<String> = pieces.clone();
            let at = at % pieces.len();
            let gap = ["\n", " // c\n", "\n\n\n", "\n// own line\n", "   ", "\n/// doc\n"][what];
            pieces[at] = format!("{gap}{}", pieces[at].trim_start_matches([' ', '\n']));
            let candidate = pieces.concat();
            let mut sources = Sources::default();
            let file = sources.add("recipe.ssl", candidate.as_str());
            if format(&sources, file).is_ok() {
                changed = candidate;
                promises(&changed);
            }
        }
        promises(&changed);
    }
}
