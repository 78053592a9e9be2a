//! Requests, each with what it gets.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use lsp_server::ErrorCode;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CompletionOptions, CompletionParams,
    DocumentFormattingParams, DocumentSymbolParams, FoldingRangeParams, GotoDefinitionParams,
    Hover, HoverContents, HoverParams, InitializeParams, InlayHintParams, OneOf,
    PositionEncodingKind, ReferenceParams, RenameOptions, RenameParams, SaveOptions,
    SemanticTokens, SemanticTokensFullOptions, SemanticTokensLegend, SemanticTokensOptions,
    SemanticTokensParams, ServerCapabilities, TextDocumentPositionParams,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, WorkDoneProgressOptions,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::actions::{FIX_ALL, workspace_edit};
use super::convert;
use super::server::{Answer, Refusal, Server, read};
use super::uri::path_of;
use crate::editor::{self, Analysis, Lines, Noun, OpenTexts, Shape};
use crate::language::{Sources, visible};

fn give<T: Serialize>(value: T) -> Answer {
    serde_json::to_value(value).map_err(|error| Refusal::failed(error.to_string()))
}

impl Server {
    /// What the server can do.
    pub(super) fn initialize(&mut self, params: &Value) -> Answer {
        let params: InitializeParams = read(params.clone())?;
        self.client = params.capabilities;
        let kinds = [CodeActionKind::QUICKFIX, CodeActionKind::from(FIX_ALL)];
        let capabilities = ServerCapabilities {
            position_encoding: Some(PositionEncodingKind::UTF16),
            text_document_sync: Some(TextDocumentSyncCapability::Options(
                TextDocumentSyncOptions {
                    open_close: Some(true),
                    change: Some(TextDocumentSyncKind::INCREMENTAL),
                    save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions {
                        include_text: Some(false),
                    })),
                    ..TextDocumentSyncOptions::default()
                },
            )),
            completion_provider: Some(CompletionOptions {
                trigger_characters: Some([".", "\"", "(", "/"].map(str::to_owned).into()),
                ..CompletionOptions::default()
            }),
            hover_provider: Some(true.into()),
            definition_provider: Some(OneOf::Left(true)),
            references_provider: Some(OneOf::Left(true)),
            document_highlight_provider: Some(OneOf::Left(true)),
            document_symbol_provider: Some(OneOf::Left(true)),
            document_formatting_provider: Some(OneOf::Left(true)),
            rename_provider: Some(OneOf::Right(RenameOptions {
                prepare_provider: Some(true),
                work_done_progress_options: WorkDoneProgressOptions::default(),
            })),
            code_action_provider: Some(
                CodeActionOptions {
                    code_action_kinds: Some(kinds.into()),
                    resolve_provider: Some(true),
                    ..CodeActionOptions::default()
                }
                .into(),
            ),
            folding_range_provider: Some(true.into()),
            inlay_hint_provider: Some(OneOf::Left(true)),
            semantic_tokens_provider: Some(
                SemanticTokensOptions {
                    legend: SemanticTokensLegend {
                        token_types: convert::token_types(),
                        token_modifiers: convert::token_modifiers(),
                    },
                    full: Some(SemanticTokensFullOptions::Bool(true)),
                    ..SemanticTokensOptions::default()
                }
                .into(),
            ),
            ..ServerCapabilities::default()
        };
        Ok(json!({
            "capabilities": serde_json::to_value(capabilities).unwrap_or_default(),
            "serverInfo": { "name": "pretext", "version": env!("CARGO_PKG_VERSION") },
        }))
    }

    /// What a request gets.
    pub(super) fn answer(&mut self, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/completion" => self.completion(read(params)?),
            "textDocument/hover" => self.hover(read(params)?),
            "textDocument/definition" => self.definition(read(params)?),
            "textDocument/references" => self.references(read(params)?),
            "textDocument/documentHighlight" => self.highlight(read(params)?),
            "textDocument/prepareRename" => self.prepare_rename(read(params)?),
            "textDocument/rename" => self.rename(read(params)?),
            "textDocument/formatting" => self.formatting(read(params)?),
            "textDocument/codeAction" => self.code_actions(read(params)?),
            "codeAction/resolve" => self.resolve_action(read(params)?),
            "textDocument/inlayHint" => self.hints(read(params)?),
            "textDocument/foldingRange" => self.folding(read(params)?),
            "textDocument/semanticTokens/full" => self.colours(read(params)?),
            "textDocument/documentSymbol" => self.symbols(read(params)?),
            _ => Err(Refusal {
                code: ErrorCode::MethodNotFound,
                message: format!("there is no `{}` here", visible(method)),
            }),
        }
    }

    /// The text and the byte that a request is about.
    fn place(
        &mut self,
        at: &TextDocumentPositionParams,
    ) -> Result<(PathBuf, Arc<Analysis>, usize), Refusal> {
        let (path, analysis) = self.text_of(&at.text_document.uri)?;
        let offset = analysis
            .lines
            .offset(&analysis.text, convert::position_from(at.position));
        Ok((path, analysis, offset))
    }

    /// What flows where, as the last plan knows it.
    fn shapes(&self, path: &PathBuf) -> &[Shape] {
        let document = self.documents.get(path);
        let shapes = document.and_then(|own| own.planned.shapes.as_deref());
        shapes.unwrap_or_default()
    }

    fn completion(&mut self, params: CompletionParams) -> Answer {
        let at = &params.text_document_position;
        let path = path_of(&at.text_document.uri);
        // whoever types does not wait for what is wrong
        let known = self.documents.get(&path);
        let analysis = match known.and_then(|own| own.analysis.clone()) {
            Some(analysis) => analysis,
            None => self.text_of(&at.text_document.uri)?.1,
        };
        let known = self.documents.get(&path).map(|own| own.text.clone());
        let text = known.unwrap_or_else(|| analysis.text.clone());
        let lines = Lines::new(&text);
        let offset = lines.offset(&text, convert::position_from(at.position));
        let (start, choices) = editor::complete(&analysis, &text, offset);
        let range = convert::range(&text, &lines, &(start..offset));
        let item = self.client.text_document.as_ref();
        let item = item.and_then(|own| own.completion.as_ref()?.completion_item.as_ref());
        let snippets = item.and_then(|item| item.snippet_support) == Some(true);
        let items = choices.iter();
        let items: Vec<_> = items
            .map(|choice| convert::completion(choice, range, snippets))
            .collect();
        give(items)
    }

    fn hover(&mut self, params: HoverParams) -> Answer {
        let (path, analysis, offset) = self.place(&params.text_document_position_params)?;
        let found = editor::hover(&analysis, self.shapes(&path), offset);
        give(found.map(|(at, text)| Hover {
            contents: HoverContents::Markup(convert::markdown(text)),
            range: Some(convert::range(&analysis.text, &analysis.lines, &at)),
        }))
    }

    fn definition(&mut self, params: GotoDefinitionParams) -> Answer {
        let (_, analysis, offset) = self.place(&params.text_document_position_params)?;
        let found = editor::definition(&analysis, offset);
        give(
            found
                .iter()
                .filter_map(convert::location)
                .collect::<Vec<_>>(),
        )
    }

    fn references(&mut self, params: ReferenceParams) -> Answer {
        let (_, analysis, offset) = self.place(&params.text_document_position)?;
        let open = self.open_texts();
        let found = editor::references(&self.workshop, &analysis, offset, &open);
        let found = found.iter();
        let found = found.filter(|own| params.context.include_declaration || !own.defines);
        let found: Vec<_> = found
            .filter_map(|own| convert::location(&own.location))
            .collect();
        give(found)
    }

    fn highlight(&mut self, params: TextDocumentPositionParams) -> Answer {
        let (path, analysis, offset) = self.place(&params)?;
        // other files are not asked
        let found = editor::references(&self.workshop, &analysis, offset, &OpenTexts::new());
        let own = found.iter().filter(|own| own.location.path == path);
        let own: Vec<Value> = own
            .map(|own| {
                let range = convert::range(&analysis.text, &analysis.lines, &own.location.at);
                json!({ "range": range, "kind": if own.defines { 3 } else { 2 } })
            })
            .collect();
        give(own)
    }

    fn prepare_rename(&mut self, params: TextDocumentPositionParams) -> Answer {
        let (_, analysis, offset) = self.place(&params)?;
        let (at, _) = editor::renamable(&analysis, offset).map_err(Refusal::failed)?;
        let range = convert::range(&analysis.text, &analysis.lines, &at);
        Ok(json!({ "range": range, "placeholder": analysis.text[at].to_owned() }))
    }

    fn rename(&mut self, params: RenameParams) -> Answer {
        let (_, analysis, offset) = self.place(&params.text_document_position)?;
        let open = self.open_texts();
        let edits = editor::rename(
            &self.workshop,
            &analysis,
            offset,
            params.new_name.trim(),
            &open,
        );
        give(workspace_edit(self, &edits.map_err(Refusal::failed)?))
    }

    fn formatting(&mut self, params: DocumentFormattingParams) -> Answer {
        let (_, analysis) = self.text_of(&params.text_document.uri)?;
        let mut sources = Sources::default();
        let file = sources.add(&analysis.path, analysis.text.clone());
        let Ok(text) = crate::language::format(&sources, file) else {
            // a text that can't be read is left alone: its mistakes are told anyway
            return give(Value::Null);
        };
        let (at, by) = editor::difference(&analysis.text, &text);
        let same = at.is_empty() && by.is_empty();
        let edit = convert::edit(&analysis.text, &analysis.lines, &at, &by);
        give(if same { Vec::new() } else { vec![edit] })
    }

    fn hints(&mut self, params: InlayHintParams) -> Answer {
        let (path, analysis) = self.text_of(&params.text_document.uri)?;
        let text = &analysis.text;
        let offset = |at| analysis.lines.offset(text, convert::position_from(at));
        let part: Range<usize> = offset(params.range.start)..offset(params.range.end);
        let hints = editor::hints(&analysis, self.shapes(&path), &part).into_iter();
        let hints: Vec<Value> = hints
            .map(|(at, label)| {
                let range = convert::range(text, &analysis.lines, &(at..at));
                json!({ "position": range.start, "label": label, "kind": 1 })
            })
            .collect();
        give(hints)
    }

    fn folding(&mut self, params: FoldingRangeParams) -> Answer {
        let (_, analysis) = self.text_of(&params.text_document.uri)?;
        give(convert::folding(&analysis))
    }

    fn colours(&mut self, params: SemanticTokensParams) -> Answer {
        let (_, analysis) = self.text_of(&params.text_document.uri)?;
        give(SemanticTokens {
            result_id: None,
            data: convert::semantic_tokens(&analysis),
        })
    }

    fn symbols(&mut self, params: DocumentSymbolParams) -> Answer {
        let uri = params.text_document.uri;
        let (_, analysis) = self.text_of(&uri)?;
        let tree = self.client.text_document.as_ref();
        let tree = tree.and_then(|own| own.document_symbol.as_ref());
        let tree = tree.and_then(|own| own.hierarchical_document_symbol_support) == Some(true);
        let range = |at: &Range<usize>| convert::range(&analysis.text, &analysis.lines, at);
        let symbol =
            |name: &str, detail: &str, kind, whole: &Range<usize>, at: &Range<usize>| match tree {
                true => json!({
                    "name": name, "detail": detail, "kind": kind,
                    "range": range(whole), "selectionRange": range(at),
                }),
                false => json!({
                    "name": name, "kind": kind,
                    "location": { "uri": uri, "range": range(at) },
                }),
            };
        let outline = &analysis.scope.outline;
        let mut found: Vec<(usize, Value)> = Vec::new();
        for item in &outline.items {
            let keyword = item.noun.keyword();
            let detail = match (&item.head, item.noun) {
                (Some(head), Noun::Stage(_)) => format!("{keyword} {head}"),
                _ => keyword.to_owned(),
            };
            let kind = convert::symbol_kind(item.noun);
            let symbol = symbol(&item.name, &detail, kind, &item.whole, &item.at);
            found.push((item.whole.start, symbol));
        }
        for (word, whole) in &outline.blocks {
            let at = whole.start..whole.start + word.len();
            let kind = lsp_types::SymbolKind::OBJECT;
            let symbol = symbol(word, "", kind, whole, &at);
            found.push((whole.start, symbol));
        }
        found.sort_by_key(|(start, _)| *start);
        let found = found.into_iter().map(|(_, symbol)| symbol);
        give(found.collect::<Vec<_>>())
    }
}
