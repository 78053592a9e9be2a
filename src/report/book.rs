//! The reference as pages of Markdown: one for each entry of the catalog and for each code of an error, and a list of each kind.

use std::fmt::Write;

use super::catalog::{common_fields, facts, least, signature};
use crate::catalog::{Catalog, Kind, Param, Spec};
use crate::language::codes::Code;
use crate::language::{Example, explained};

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it lies, from the reference's folder: `tasks/simclr.md`.
    pub path: String,
    /// What it is called where pages are listed.
    pub title: String,
    /// Its text.
    pub text: String,
}

/// All pages, those of a kind after the list of that kind.
pub fn pages(catalog: &Catalog) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut specs: Vec<&Spec> = catalog.iter().map(|spec| &**spec).collect();
    let kinds: Vec<Kind> = specs.iter().map(|spec| spec.kind).collect();
    specs.sort_by_key(|spec| kinds.iter().position(|kind| *kind == spec.kind));
    for own in specs.chunk_by(|a, b| a.kind == b.kind) {
        let kind = own[0].kind.plural();
        let folder = folder(own[0].kind);
        let mut text = format!(
            "# {}\n\n| name | what it is | paper |\n|---|---|---|\n",
            capital(kind)
        );
        for spec in own {
            let name = &spec.name;
            let cite = spec.paper.as_ref().map_or("", |paper| &paper.cite);
            let _ = writeln!(
                text,
                "| [`{name}`]({name}.md) | {} | {cite} |",
                cell(&spec.summary)
            );
        }
        pages.push(Page {
            path: format!("{folder}/index.md"),
            title: capital(kind),
            text,
        });
        pages.extend(own.iter().map(|spec| Page {
            path: format!("{folder}/{}.md", spec.name),
            title: format!("`{}`", spec.name),
            text: entry(spec, &spec.stage_fields()),
        }));
    }
    let mut text = "# Errors and warnings\n\nEvery code that `pretext check` prints, and what `pretext explain CODE` says of it.\n\n\
                    | code | what it is |\n|---|---|\n"
        .to_owned();
    for code in Code::ALL {
        let number = code.number();
        let _ = writeln!(
            text,
            "| [`{number}`]({number}.md) | {} |",
            cell(code.meaning())
        );
    }
    pages.push(Page {
        path: "codes/index.md".into(),
        title: "Errors and warnings".into(),
        text,
    });
    pages.extend(Code::ALL.iter().map(|code| Page {
        path: format!("codes/{}.md", code.number()),
        title: code.number().into(),
        text: told(*code),
    }));
    pages
}

/// The folder of a kind: its plural without spaces.
fn folder(kind: Kind) -> String {
    kind.plural().replace(' ', "_")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn entry(spec: &Spec, fields: &[Param]) -> String {
    let mut out = format!(
        "# `{}`\n\n*{}.* {}\n",
        spec.name,
        spec.kind.singular(),
        spec.summary
    );
    if let Some(paper) = &spec.paper {
        let link = match paper.link.strip_prefix("arXiv:") {
            Some(number) => format!("[{}](https://arxiv.org/abs/{number})", paper.link),
            None => paper.link.to_string(),
        };
        let _ = writeln!(out, "\n{}: *{}.* {link}", paper.cite, paper.title);
    }
    if !spec.doc.trim().is_empty() {
        let _ = writeln!(out, "\n{}", spec.doc.trim());
    }
    let _ = write!(
        out,
        "\n```ssl,part\n{}\n```\n",
        signature(spec, fields).trim_end()
    );
    let common = common_fields(spec, fields);
    parameters(
        &mut out,
        "Parameters",
        &spec.params.iter().collect::<Vec<_>>(),
    );
    parameters(&mut out, "Fields that every such stage has", &common);
    if let Some(takes) = &spec.takes {
        let _ = writeln!(out, "\n## Takes\n\n`{takes}`");
    }
    if !spec.inputs.is_empty() {
        out += "\n## Reads from the batch\n\n| field | type | |\n|---|---|---|\n";
        for input in &spec.inputs {
            let least = least(input);
            let ty = cell(&input.ty.to_string());
            let _ = writeln!(
                out,
                "| `{}` | `{ty}`{least} | {} |",
                input.name,
                cell(&input.doc)
            );
        }
    }
    if !spec.exports.is_empty() {
        out += "\n## Later stages may start from\n\n";
        for (name, text) in &spec.exports {
            let _ = writeln!(out, "- `from = STAGE.{name}`: {text}");
        }
    }
    if !spec.example.trim().is_empty() {
        let _ = write!(
            out,
            "\n## Example\n\n```ssl,part\n{}\n```\n",
            spec.example.trim()
        );
    }
    out
}

fn parameters(out: &mut String, heading: &str, params: &[&Param]) {
    if params.is_empty() {
        return;
    }
    let _ = write!(out, "\n## {heading}\n\n| name | value | |\n|---|---|---|\n");
    for param in params {
        let facts = cell(&facts(param).join(", "));
        let _ = writeln!(out, "| `{}` | {facts} | {} |", param.name, cell(&param.doc));
    }
}

fn told(code: Code) -> String {
    let own = explained(code);
    let mut out = format!("# {}\n\n{}\n\n{}\n", code.number(), code.meaning(), own.why);
    if let Some(Example { wrong, right }) = own.example {
        let _ = write!(
            out,
            "\nWrong:\n\n```ssl,part\n{wrong}\n```\n\nRight:\n\n```ssl,part\n{right}\n```\n"
        );
    }
    out
}
