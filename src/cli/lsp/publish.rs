//! What the server tells of its own accord.

use std::path::Path;

use lsp_types::{PublishDiagnosticsParams, Uri};
use serde_json::{Value, json};

use super::convert;
use super::server::Server;

impl Server {
    /// Tells all that is wrong with a text.
    pub fn publish(&self, path: &Path) {
        let Some(document) = self.documents.get(path) else {
            return;
        };
        let Some(analysis) = &document.analysis else {
            return;
        };
        let all = analysis.all(&document.planned.said);
        let diagnostics = all.iter();
        let diagnostics = diagnostics
            .map(|own| convert::diagnostic(analysis, &document.uri, own))
            .collect();
        self.tell(PublishDiagnosticsParams {
            uri: document.uri.clone(),
            diagnostics,
            version: Some(document.version),
        });
    }

    /// Takes back what was told of a text.
    pub fn publish_nothing(&self, uri: &Uri) {
        self.tell(PublishDiagnosticsParams {
            uri: uri.clone(),
            diagnostics: Vec::new(),
            version: None,
        });
    }

    fn tell(&self, params: PublishDiagnosticsParams) {
        let params = serde_json::to_value(params).unwrap_or_default();
        self.notify("textDocument/publishDiagnostics", params);
    }

    /// Has the editor ask for hints again, where it can.
    pub fn refresh_hints(&mut self) {
        let workspace = self.client.workspace.as_ref();
        let hints = workspace.and_then(|workspace| workspace.inlay_hint.as_ref());
        if hints.and_then(|hints| hints.refresh_support) == Some(true) {
            self.ask("workspace/inlayHint/refresh", Value::Null);
        }
    }

    /// Has the editor tell of files that change, where it can.
    pub fn watch_files(&mut self) {
        let workspace = self.client.workspace.as_ref();
        let watches = workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref());
        if watches.and_then(|watches| watches.dynamic_registration) == Some(true) {
            let globs = ["**/*.ssl", "**/*.rhai", "**/pretext.toml", "**/ssl.lock"];
            let watchers = globs.map(|glob| json!({ "globPattern": glob }));
            self.ask(
                "client/registerCapability",
                json!({ "registrations": [{
                    "id": "files",
                    "method": "workspace/didChangeWatchedFiles",
                    "registerOptions": { "watchers": watchers },
                }] }),
            );
        }
    }
}
