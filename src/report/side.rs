//! The page of several runs beside each other.

use minijinja::{Environment, context};
use serde::Serialize;

use super::comparison::Comparison;
use super::html::{ReportError, STYLE, list};

const TEMPLATE: &str = include_str!("comparison.html.j2");

/// What differs between the recipes of two runs, in meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The run.
    pub name: String,
    /// The run that it is held against.
    pub beside: String,
    /// `pairs: `batch` was 64, is 128`
    pub lines: Vec<String>,
}

/// A page of tables, of what differs in the recipes, and of links to the report of each run: its name and its path from the page.
/// What comes from runs is text and never markup.
///
/// # Errors
/// The template fails, which its test rules out.
pub fn page(
    title: &str,
    tables: &[Comparison],
    differences: &[Difference],
    links: &[(String, String)],
    runs: &[String],
) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    // the ending turns escaping on
    environment.add_template("comparison.html", TEMPLATE)?;
    let page = environment
        .get_template("comparison.html")?
        .render(context! {
            style => STYLE,
            version => env!("CARGO_PKG_VERSION"),
            title,
            tables => list(tables),
            differences => list(differences),
            links => list(links),
            runs => list(runs),
        })?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Compared, ResultRow, comparisons};

    #[test]
    fn a_page_holds_tables_differences_and_links_and_no_markup_of_others() {
        let run = |name: &str, value| Compared {
            name: name.into(),
            rows: vec![ResultRow {
                stage: "near".into(),
                evaluator: "knn".into(),
                protocol: "k = 5".into(),
                metric: "accuracy".into(),
                value,
                ..ResultRow::default()
            }],
            ..Compared::default()
        };
        let tables = comparisons(&[run("<b>a", 0.5), run("b", 0.75)]);
        let difference = Difference {
            name: "b".into(),
            beside: "a".into(),
            lines: vec!["p: `batch` was 16, is <32>".into()],
        };
        let links = [("b".to_owned(), "runs/b/report.html".to_owned())];
        let page = page(
            "a & b",
            &tables,
            &[difference],
            &links,
            &["a".into(), "b".into()],
        )
        .expect("a page");
        for part in [
            "<title>a &amp; b",
            "<td>&lt;b&gt;a</td><td class=\"num\">50.0</td>",
            "<td>b</td><td class=\"num\">75.0</td>",
            "<b>near</b>: <code>knn</code>, k = 5",
            "<li>p: `batch` was 16, is &lt;32&gt;</li>",
            "<a href=\"runs&#x2f;b&#x2f;report.html\">b</a>",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }
}
