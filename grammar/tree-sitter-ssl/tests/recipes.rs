//! Every recipe is read without an error, every query names what there is, and the corpus holds: what `tree-sitter test` does, with a C
//! compiler alone.

use std::fs;
use std::path::{Path, PathBuf};

use tree_sitter::{Language, Node, Parser, Query, QueryCursor, StreamingIterator};

fn language() -> Language {
    tree_sitter_ssl::LANGUAGE.into()
}

fn parser() -> Parser {
    let mut parser = Parser::new();
    parser
        .set_language(&language())
        .expect("a language of this version");
    parser
}

/// Everything that ends in `.ssl` below a folder.
fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "ssl") {
            found.push(path);
        }
    }
}

/// The first node that is an error, or missing.
fn wrong(node: Node<'_>) -> Option<Node<'_>> {
    if node.is_error() || node.is_missing() {
        return Some(node);
    }
    let mut cursor = node.walk();
    node.children(&mut cursor).find_map(wrong)
}

#[test]
fn every_recipe_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut recipes = Vec::new();
    below(&root.join("recipes"), &mut recipes);
    below(&root.join("plugins"), &mut recipes);
    assert!(recipes.len() > 40, "the recipes were not found");
    for path in recipes {
        let text = fs::read_to_string(&path).expect("a recipe");
        let tree = parser().parse(&text, None).expect("a tree");
        if let Some(node) = wrong(tree.root_node()) {
            let at = node.start_position();
            panic!(
                "{}:{}:{}: {}",
                path.display(),
                at.row + 1,
                at.column + 1,
                node.to_sexp()
            );
        }
    }
}

/// The blocks of the language's reference that are whole recipes.
#[test]
fn the_reference_is_read() {
    let page = include_str!("../../README.md");
    let blocks = page.split("```ssl\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let whole: Vec<&str> = blocks.filter(|text| text.starts_with("ssl 1")).collect();
    assert!(whole.len() > 2, "the blocks were not found");
    for text in whole {
        let tree = parser().parse(text, None).expect("a tree");
        let found = wrong(tree.root_node());
        assert!(found.is_none(), "{text}\n{}", tree.root_node().to_sexp());
    }
}

#[test]
fn queries_name_what_there_is() {
    let text = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes/quickstart.ssl"),
    );
    let text = text.expect("a recipe");
    let tree = parser().parse(&text, None).expect("a tree");
    for (name, query) in [
        ("highlights", tree_sitter_ssl::HIGHLIGHTS_QUERY),
        ("locals", tree_sitter_ssl::LOCALS_QUERY),
        ("folds", tree_sitter_ssl::FOLDS_QUERY),
        ("indents", include_str!("../queries/indents.scm")),
    ] {
        let query = Query::new(&language(), query).unwrap_or_else(|why| panic!("{name}: {why}"));
        let mut cursor = QueryCursor::new();
        let mut found = cursor.matches(&query, tree.root_node(), text.as_bytes());
        let mut count = 0;
        while found.next().is_some() {
            count += 1;
        }
        assert!(count > 5, "{name} finds {count}");
    }
}

#[test]
fn the_corpus_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test/corpus");
    let mut cases = 0;
    for entry in fs::read_dir(folder).expect("the corpus") {
        let path = entry.expect("an entry").path();
        let page = fs::read_to_string(&path).expect("a page");
        let parts: Vec<&str> = page.split("==================\n").collect();
        for pair in parts[1..].chunks(2) {
            let [name, body] = pair else {
                panic!("{}: a case without a body", path.display());
            };
            let (text, wanted) = body.split_once("\n---\n").expect("a tree behind ---");
            let tree = parser().parse(text, None).expect("a tree");
            // the corpus names no fields
            let nodes = |text: &str| {
                let words = text.split_whitespace().filter(|word| !word.ends_with(':'));
                words.collect::<Vec<_>>().join(" ")
            };
            let found = nodes(&tree.root_node().to_sexp());
            assert_eq!(found, nodes(wanted), "{}: {}", path.display(), name.trim());
            cases += 1;
        }
    }
    assert!(cases > 8, "{cases} cases were found");
}
