//! The conversation: what comes in, in order; what waits is answered for the text as it is by then.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, select};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    ClientCapabilities, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::document::Document;
use super::plans::{self, Job, Made};
use super::uri::path_of;
use super::wire::Incoming;
use crate::editor::{Analysis, OpenTexts, Workshop};

/// Why a request has no result.
pub struct Refusal {
    /// Its number.
    pub code: ErrorCode,
    /// Why, for people.
    pub message: String,
}

impl Refusal {
    /// What was asked for can't be done.
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::RequestFailed,
            message: message.into(),
        }
    }
}

/// What a request gets.
pub type Answer = Result<Value, Refusal>;

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begun,
    Talking,
    ShutDown,
}

/// The server.
pub struct Server {
    outgoing: Sender<Value>,
    /// What the editor can do.
    pub client: ClientCapabilities,
    /// What all texts share.
    pub workshop: Arc<Workshop>,
    /// The texts that are open, by where they lie.
    pub documents: BTreeMap<PathBuf, Document>,
    jobs: Sender<Job>,
    made: Receiver<Made>,
    phase: Phase,
    generation: u64,
    /// Requests of our own so far.
    asked: u64,
}

impl Server {
    /// One that speaks into `outgoing`.
    pub fn new(outgoing: Sender<Value>) -> Self {
        let workshop = Arc::new(Workshop::default());
        let (jobs, made) = plans::start(workshop.clone());
        Self {
            outgoing,
            client: ClientCapabilities::default(),
            workshop,
            documents: BTreeMap::new(),
            jobs,
            made,
            phase: Phase::Begun,
            generation: 0,
            asked: 0,
        }
    }

    /// Talks until there is nothing more to say. Whether it was ended as the protocol wants it.
    pub fn serve(mut self, incoming: &Receiver<Incoming>) -> bool {
        let mut queue: VecDeque<Incoming> = VecDeque::new();
        let mut cancelled: HashSet<RequestId> = HashSet::new();
        loop {
            // edits that wait are one edit
            queue.extend(incoming.try_iter());
            if queue.is_empty() {
                self.refresh();
                let made = self.made.clone();
                select! {
                    recv(incoming) -> next => queue.push_back(next.unwrap_or(Incoming::Ended)),
                    recv(made) -> made => if let Ok(made) = made {
                        self.planned(made);
                    },
                }
                continue;
            }
            for waiting in &queue {
                if let Incoming::Message(Message::Notification(notification)) = waiting
                    && notification.method == "$/cancelRequest"
                {
                    let id = notification.params.get("id").cloned();
                    let id = id.and_then(|id| serde_json::from_value(id).ok());
                    cancelled.extend(id);
                }
            }
            match queue.pop_front() {
                None => {}
                Some(Incoming::Ended) => return false,
                Some(Incoming::Malformed(code, why)) => self.say(json!({
                    "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": why },
                })),
                Some(Incoming::Message(Message::Request(request))) => {
                    let response = match cancelled.remove(&request.id) {
                        true => Response::new_err(
                            request.id,
                            ErrorCode::RequestCanceled as i32,
                            "cancelled".into(),
                        ),
                        false => self.request(request),
                    };
                    self.message(Message::Response(response));
                }
                Some(Incoming::Message(Message::Notification(notification))) => {
                    if notification.method == "exit" {
                        return self.phase == Phase::ShutDown;
                    }
                    if notification.method == "$/cancelRequest" {
                        // by now it was answered
                        let id = notification.params.get("id").cloned();
                        let id = id.and_then(|id| serde_json::from_value::<RequestId>(id).ok());
                        if let Some(id) = id {
                            cancelled.remove(&id);
                        }
                    } else if self.phase == Phase::Talking {
                        self.notification(notification);
                    }
                }
                // nothing is done with what the editor answers
                Some(Incoming::Message(Message::Response(_))) => {}
            }
        }
    }

    /// Says something.
    fn say(&self, message: Value) {
        // an editor that is gone hears nothing; that nothing comes in any more is seen elsewhere
        let _ = self.outgoing.send(message);
    }

    fn message(&self, message: Message) {
        let mut value = serde_json::to_value(message).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("jsonrpc".into(), "2.0".into());
        }
        self.say(value);
    }

    /// Tells the editor something.
    pub fn notify(&self, method: &str, params: Value) {
        self.message(Message::Notification(Notification {
            method: method.into(),
            params,
        }));
    }

    /// Asks the editor for something that needs no answer.
    pub fn ask(&mut self, method: &str, params: Value) {
        self.asked += 1;
        self.message(Message::Request(Request {
            id: format!("pretext-{}", self.asked).into(),
            method: method.into(),
            params,
        }));
    }

    fn request(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let refused = |code: ErrorCode, message: &str| Refusal {
            code,
            message: message.into(),
        };
        let answer = match (self.phase, method.as_str()) {
            (Phase::Begun, "initialize") => {
                self.phase = Phase::Talking;
                self.initialize(&params)
            }
            (Phase::Begun, _) => Err(refused(
                ErrorCode::ServerNotInitialized,
                "the first request is `initialize`",
            )),
            (Phase::Talking, "initialize") => Err(refused(
                ErrorCode::InvalidRequest,
                "`initialize` comes once",
            )),
            (Phase::Talking, "shutdown") => {
                self.phase = Phase::ShutDown;
                Ok(Value::Null)
            }
            (Phase::ShutDown, _) => Err(refused(
                ErrorCode::InvalidRequest,
                "behind `shutdown` comes only `exit`",
            )),
            (Phase::Talking, method) => {
                // a mistake of ours costs this answer, not the conversation
                let answer = catch_unwind(AssertUnwindSafe(|| self.answer(method, params)));
                answer.unwrap_or_else(|_| {
                    Err(refused(
                        ErrorCode::InternalError,
                        &format!("`{method}` failed: this is a mistake in pretext"),
                    ))
                })
            }
        };
        match answer {
            Ok(value) => Response::new_ok(id, value),
            Err(refusal) => Response::new_err(id, refusal.code as i32, refusal.message),
        }
    }

    fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "initialized" => self.watch_files(),
            "textDocument/didOpen" => {
                let Ok(DidOpenTextDocumentParams { text_document: own }) = read(params) else {
                    return;
                };
                let path = path_of(&own.uri);
                let document = Document::new(own.uri, own.version, own.text);
                self.documents.insert(path.clone(), document);
                self.changed(&path);
            }
            "textDocument/didChange" => {
                let Ok(params) = read::<DidChangeTextDocumentParams>(params) else {
                    return;
                };
                let path = path_of(&params.text_document.uri);
                if let Some(document) = self.documents.get_mut(&path) {
                    document.change(params.text_document.version, params.content_changes);
                }
                self.changed(&path);
            }
            "textDocument/didClose" => {
                let Ok(params) = read::<DidCloseTextDocumentParams>(params) else {
                    return;
                };
                let path = path_of(&params.text_document.uri);
                if let Some(document) = self.documents.remove(&path) {
                    self.publish_nothing(&document.uri);
                }
                self.changed(&path);
            }
            // files may have changed that no text is open of: scripts, data
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                for document in self.documents.values_mut() {
                    document.dirty = true;
                }
            }
            _ => {}
        }
    }

    /// What is made of a text that changed is another one, too.
    fn changed(&mut self, path: &PathBuf) {
        for document in self.documents.values_mut() {
            let analysis = document.analysis.as_ref();
            document.dirty |= analysis.is_some_and(|own| own.made_of.contains(path));
        }
    }

    /// The texts that are open, as those that are made of them read them.
    pub fn open_texts(&self) -> OpenTexts {
        let documents = self.documents.iter();
        documents
            .map(|(path, document)| (path.clone(), document.text.clone()))
            .collect()
    }

    /// Looks at every text that changed, and tells what is wrong with it.
    fn refresh(&mut self) {
        let dirty = self.documents.iter().filter(|(_, own)| own.dirty);
        let dirty: Vec<PathBuf> = dirty.map(|(path, _)| path.clone()).collect();
        for path in dirty {
            self.analysed(&path);
        }
    }

    /// What is known of a text as it is now.
    pub fn analysed(&mut self, path: &PathBuf) -> Option<Arc<Analysis>> {
        let open = self.open_texts();
        let document = self.documents.get_mut(path)?;
        if !document.dirty
            && let Some(analysis) = &document.analysis
        {
            return Some(analysis.clone());
        }
        let text = document.text.clone();
        let analyse = || self.workshop.analyse(path, &text, &open);
        let analysis = Arc::new(catch_unwind(AssertUnwindSafe(analyse)).ok()?);
        self.generation += 1;
        document.dirty = false;
        document.generation = self.generation;
        document.analysis = Some(analysis.clone());
        let job = Job {
            path: path.clone(),
            generation: self.generation,
            recipe: analysis.recipe.clone(),
            catalog: analysis.scope.catalog.clone(),
            file: analysis.file,
        };
        // first what is known at once
        self.publish(path);
        let _ = self.jobs.send(job);
        Some(analysis)
    }

    /// A plan was made: what it says is told, unless the text is another one by now.
    fn planned(&mut self, made: Made) {
        let Some(document) = self.documents.get_mut(&made.path) else {
            return;
        };
        if document.generation != made.generation || document.dirty {
            return;
        }
        let before = document.planned.shapes.take();
        // shapes stay while a mistake hides them
        let shapes = made.planned.shapes.or(before.clone());
        let other = shapes != before;
        document.planned.said = made.planned.said;
        document.planned.shapes = shapes;
        self.publish(&made.path);
        if other {
            self.refresh_hints();
        }
    }

    /// The text that a request is about.
    pub fn text_of(&mut self, uri: &Uri) -> Result<(PathBuf, Arc<Analysis>), Refusal> {
        let path = path_of(uri);
        match self.analysed(&path) {
            Some(analysis) => Ok((path, analysis)),
            None => Err(Refusal::failed("this text is not open")),
        }
    }
}

/// Reads what a message says.
pub fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal {
        code: ErrorCode::InvalidParams,
        message: error.to_string(),
    })
}
