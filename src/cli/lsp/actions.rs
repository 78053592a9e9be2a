//! Fixes as edits.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use lsp_types::{CodeAction, CodeActionKind, CodeActionParams, Uri};
use serde_json::{Value, json};

use super::convert;
use super::server::{Answer, Refusal, Server};
use super::uri::uri_of;
use crate::editor::{self, Analysis, Edits, Lines};

/// The kind of what mends everything at once.
pub const FIX_ALL: &str = "source.fixAll.pretext";

/// Edits of several files as the editor takes them.
pub fn workspace_edit(server: &Server, edits: &Edits) -> Value {
    let workspace = server.client.workspace.as_ref();
    let takes = workspace.and_then(|own| own.workspace_edit.as_ref());
    let versioned = takes.and_then(|own| own.document_changes) == Some(true);
    let mut documents = Vec::new();
    let mut changes = serde_json::Map::new();
    for (path, (text, edits)) in edits {
        let open = server.documents.get(path);
        let Some(uri) = open.map(|own| own.uri.clone()).or_else(|| uri_of(path)) else {
            continue;
        };
        let lines = Lines::new(text);
        let edits: Vec<_> = edits
            .iter()
            .map(|(at, by)| convert::edit(text, &lines, at, by))
            .collect();
        if versioned {
            let version = open.map(|own| own.version);
            let document = json!({ "uri": uri, "version": version });
            documents.push(json!({ "textDocument": document, "edits": edits }));
        } else {
            changes.insert(uri.as_str().to_owned(), json!(edits));
        }
    }
    match versioned {
        true => json!({ "documentChanges": documents }),
        false => json!({ "changes": changes }),
    }
}

impl Server {
    /// Edits of one text.
    fn own_edit(&self, analysis: &Analysis, at: Range<usize>, by: String) -> Value {
        let edits = (analysis.text.clone(), vec![(at, by)]);
        let edits: Edits = BTreeMap::from([(analysis.path.clone(), edits)]);
        workspace_edit(self, &edits)
    }

    pub(super) fn code_actions(&mut self, params: CodeActionParams) -> Answer {
        let uri = params.text_document.uri;
        let (path, analysis) = self.text_of(&uri)?;
        let wants = |kind: &str| match &params.context.only {
            None => true,
            Some(kinds) => kinds.iter().any(|own| {
                let own = own.as_str();
                own.is_empty() || kind == own || kind.starts_with(&format!("{own}."))
            }),
        };
        let mut actions: Vec<Value> = Vec::new();
        if wants(CodeActionKind::QUICKFIX.as_str()) {
            let offset = |at| {
                let at = convert::position_from(at);
                analysis.lines.offset(&analysis.text, at)
            };
            let part = offset(params.range.start)..offset(params.range.end);
            actions.extend(self.quick_fixes(&path, &analysis, &uri, &part));
        }
        if wants(FIX_ALL) {
            let asked = params.context.only.is_some();
            actions.extend(self.fix_all(&analysis, &uri, asked));
        }
        Ok(Value::Array(actions))
    }

    fn quick_fixes(
        &self,
        path: &PathBuf,
        analysis: &Arc<Analysis>,
        uri: &Uri,
        part: &Range<usize>,
    ) -> Vec<Value> {
        let planned = self.documents.get(path).map(|own| &own.planned.said);
        let all = analysis.all(planned.map_or(&[], |said| said));
        let open = self.open_texts();
        let fixes = editor::fixes(&self.workshop, analysis, &all, part, &open).into_iter();
        let mut before = None;
        fixes
            .map(|fix| {
                // the first of a mistake's is what most want
                let first = before.as_ref() != Some(&fix.of);
                let diagnostic = convert::diagnostic(analysis, uri, &fix.of);
                before = Some(fix.of);
                json!({
                    "title": title(&fix.title, &fix.by),
                    "kind": CodeActionKind::QUICKFIX,
                    "diagnostics": [diagnostic],
                    "isPreferred": first,
                    "edit": self.own_edit(analysis, fix.at, fix.by),
                })
            })
            .collect()
    }

    /// All fixes at once. `asked`: by name; else the edit is made when somebody chooses it, where the editor can wait for it.
    fn fix_all(&self, analysis: &Analysis, uri: &Uri, asked: bool) -> Option<Value> {
        let action = |rest: Value| {
            let mut action =
                json!({ "title": "Mend everything that can be mended", "kind": FIX_ALL });
            if let (Some(action), Some(rest)) = (action.as_object_mut(), rest.as_object()) {
                action.extend(rest.clone());
            }
            action
        };
        let text = self.client.text_document.as_ref();
        let resolves = text
            .and_then(|own| own.code_action.as_ref()?.resolve_support.as_ref())
            .is_some_and(|own| own.properties.iter().any(|name| name == "edit"));
        if !asked && resolves {
            let document = self.documents.get(&analysis.path);
            let said = analysis.all(document.map_or(&[], |own| &own.planned.said));
            let mended = said.iter().flat_map(|own| &own.helps);
            let several = mended.filter(|help| help.edit.is_some()).count() > 1;
            return several.then(|| action(json!({ "data": { "uri": uri } })));
        }
        let text = editor::all_fixed(&self.workshop, analysis, &self.open_texts())?;
        let (at, by) = editor::difference(&analysis.text, &text);
        Some(action(json!({ "edit": self.own_edit(analysis, at, by) })))
    }

    pub(super) fn resolve_action(&mut self, mut action: CodeAction) -> Answer {
        let uri = action.data.as_ref().and_then(|data| data.get("uri"));
        let uri = uri.and_then(|uri| serde_json::from_value::<Uri>(uri.clone()).ok());
        let Some(uri) = uri else {
            return Err(Refusal::failed("this action is none of ours"));
        };
        let (_, analysis) = self.text_of(&uri)?;
        if let Some(text) = editor::all_fixed(&self.workshop, &analysis, &self.open_texts()) {
            let (at, by) = editor::difference(&analysis.text, &text);
            let edit = self.own_edit(&analysis, at, by);
            action.edit = serde_json::from_value(edit).ok();
        }
        serde_json::to_value(action).map_err(|error| Refusal::failed(error.to_string()))
    }
}

/// What an action is called: what it does, with what stands there then, where that is short.
fn title(text: &str, by: &str) -> String {
    match by.trim() {
        "" => text.to_owned(),
        by if by.contains('\n') || by.chars().count() > 40 => text.to_owned(),
        by => format!("{text}: `{by}`"),
    }
}
