//! What is said of entries and parameters, in Markdown.

use crate::catalog::{Param, Preset, Spec, Type};
use crate::report::catalog::{signature, type_words};

/// Of an entry: what it is, how it is called, where it comes from.
pub fn entry(spec: &Spec) -> String {
    let mut out = format!(
        "**{}** · {}\n\n{}\n",
        spec.name,
        spec.kind.singular(),
        spec.summary
    );
    out += &format!("\n```ssl\n{}\n```\n", signature(spec, &spec.stage_fields()));
    if !spec.doc.trim().is_empty() {
        out += &format!("\n{}\n", spec.doc.trim());
    }
    for param in &spec.params {
        out += &format!("\n- `{}`: {}", param.name, param.doc);
    }
    if !spec.params.is_empty() {
        out.push('\n');
    }
    if let Some(paper) = &spec.paper {
        let title = format!("{}: {}", paper.cite, paper.title);
        out += &match link(&paper.link) {
            Some(link) => format!("\n[{title}]({link})\n"),
            None => format!("\n{title}. {}\n", paper.link),
        };
    }
    if let Some(provider) = &spec.provider {
        out += &format!("\nFrom {}.\n", provider.name);
    }
    out
}

/// Where a paper is read.
fn link(link: &str) -> Option<String> {
    if let Some(number) = link.strip_prefix("arXiv:") {
        return Some(format!("https://arxiv.org/abs/{number}"));
    }
    if link.starts_with("https://") {
        return Some(link.to_owned());
    }
    let doi = link.strip_prefix("doi:").unwrap_or(link);
    doi.starts_with("10.")
        .then(|| format!("https://doi.org/{doi}"))
}

/// Of a parameter: its type, what it means, its default, its bounds.
pub fn param(param: &Param, of: &str) -> String {
    let mut out = format!(
        "`{}` of {of}: {}\n\n{}\n",
        param.name,
        type_words(&param.ty),
        param.doc
    );
    match &param.preset {
        Preset::Required => out += "\nIt must be given.\n",
        Preset::Optional => out += "\nIt may be left out.\n",
        Preset::Text(text) => {
            out += &format!(
                "\nDefault: `{}`\n",
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            );
        }
    }
    if let Some((low, high)) = param.range {
        let bound = |x: f64| match &param.ty {
            Type::Ratio => format!("{}%", x * 100.0),
            Type::Length => format!("{x}px"),
            _ => format!("{x}"),
        };
        out += &match (low.abs() >= 1e6, high.abs() >= 1e6) {
            (true, true) => String::new(),
            (false, true) => format!("\nAt least {}.\n", bound(low)),
            (true, false) => format!("\nAt most {}.\n", bound(high)),
            (false, false) => format!("\nBetween {} and {}.\n", bound(low), bound(high)),
        };
    }
    out
}
