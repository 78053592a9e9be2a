//! An editor as the language server meets it: messages over standard input and output.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::Test;

/// A running server and what it said.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: i64,
    /// What came while something else was waited for.
    heard: VecDeque<Value>,
    /// The versions of texts, and the last of them.
    versions: BTreeMap<String, i64>,
    clock: i64,
    pub test: Test,
}

/// A text with `‸` where the cursor is: without it, and the cursor's place in units of UTF-16.
pub fn cursor(text: &str) -> (String, Value) {
    let at = text.find('‸').expect("a cursor");
    let clean = text.replace('‸', "");
    (clean.clone(), place(&clean, at))
}

/// The place of a byte: counted here, not by the server's own way.
pub fn place(text: &str, at: usize) -> Value {
    let before = &text[..at];
    let line = before.matches('\n').count();
    let own = before.rsplit('\n').next().unwrap_or("");
    json!({ "line": line, "character": own.encode_utf16().count() })
}

/// The byte of a place.
pub fn byte(text: &str, at: &Value) -> usize {
    let line = at["line"].as_u64().expect("a line") as usize;
    let units = at["character"].as_u64().expect("a character") as usize;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let own = text[start..].split('\n').next().unwrap_or("");
    let mut seen = 0;
    for (at, c) in own.char_indices() {
        if seen >= units {
            return start + at;
        }
        seen += c.len_utf16();
    }
    start + own.len()
}

/// The text that a range covers.
pub fn covered<'t>(text: &'t str, range: &Value) -> &'t str {
    &text[byte(text, &range["start"])..byte(text, &range["end"])]
}

/// The text with edits of the protocol.
pub fn edited(text: &str, edits: &Value) -> String {
    let mut edits: Vec<(usize, usize, &str)> = (edits.as_array().expect("edits").iter())
        .map(|edit| {
            let range = &edit["range"];
            let by = edit["newText"].as_str().expect("a text");
            (byte(text, &range["start"]), byte(text, &range["end"]), by)
        })
        .collect();
    edits.sort_unstable();
    let mut out = text.to_owned();
    for (start, end, by) in edits.into_iter().rev() {
        out.replace_range(start..end, by);
    }
    out
}

impl Client {
    /// A server in a folder with these files, not yet spoken to.
    pub fn quiet(test: Test) -> Self {
        let mut command: Command = test.command(&["lsp", "--stdio"]);
        let command = command.stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the server starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Self {
            input: child.stdin.take(),
            child,
            output,
            last: 0,
            heard: VecDeque::new(),
            versions: BTreeMap::new(),
            clock: 0,
            test,
        }
    }

    /// The same, after the first words.
    pub fn new(test: Test) -> Self {
        Self::able(test, json!({}))
    }

    /// The same, of an editor that can do this.
    pub fn able(test: Test, capabilities: Value) -> Self {
        let mut client = Self::quiet(test);
        let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities });
        client.request("initialize", params).expect("it begins");
        client.notify("initialized", json!({}));
        client
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("not closed yet");
        input.write_all(bytes).expect("the server reads");
        input.flush().expect("the server reads");
    }

    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks, and does not wait; the number of the request.
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.last += 1;
        let id = self.last;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Asks, and waits for the result or the error.
    pub fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.ask(method, params);
        self.response(&json!(id))
    }

    /// Waits for what a request gets.
    pub fn response(&mut self, id: &Value) -> Result<Value, Value> {
        let found = self.wait(|message| message["id"] == *id && message.get("method").is_none());
        match found.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(found["result"].clone()),
        }
    }

    /// The first message that is wanted; the others are kept.
    pub fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.heard.iter().position(&wanted) {
            return self.heard.remove(at).expect("it is there");
        }
        loop {
            let message = self.read().expect("the server ended before it answered");
            if wanted(&message) {
                return message;
            }
            self.heard.push_back(message);
        }
    }

    /// The next message; `None` at the end.
    pub fn read(&mut self) -> Option<Value> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim().strip_prefix("Content-Length: ") {
                Some(digits) => length = digits.parse().expect("a length"),
                None if line.trim().is_empty() => break,
                None => panic!("not a header: {line:?}"),
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).ok()?;
        Some(serde_json::from_slice(&body).expect("the server speaks JSON"))
    }

    pub fn uri(&self, name: &str) -> String {
        let path = self.test.path(name);
        let folder = path
            .parent()
            .expect("a folder")
            .canonicalize()
            .expect("it is there");
        let path = folder.join(path.file_name().expect("a name"));
        format!("file://{}", encoded(&path))
    }

    /// The version that a text has from now on.
    pub fn version(&mut self, name: &str) -> i64 {
        self.clock += 1;
        self.versions.insert(name.to_owned(), self.clock);
        self.clock
    }

    pub fn open(&mut self, name: &str, text: &str) {
        let (uri, version) = (self.uri(name), self.version(name));
        self.notify(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": "ssl", "version": version, "text": text } }),
        );
    }

    /// Another text in the place of all of it.
    pub fn replace(&mut self, name: &str, text: &str) {
        self.change(name, json!([{ "text": text }]));
    }

    /// Edits, one after the other.
    pub fn change(&mut self, name: &str, changes: Value) {
        let (uri, version) = (self.uri(name), self.version(name));
        self.notify(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": uri, "version": version },
                "contentChanges": changes,
            }),
        );
    }

    /// What is told of a text as it is now: the first time.
    pub fn told(&mut self, name: &str) -> Vec<Value> {
        let (uri, version) = (self.uri(name), self.versions[name]);
        let message = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && message["params"]["version"] == version
        });
        let found = message["params"]["diagnostics"].as_array();
        found.expect("diagnostics").clone()
    }

    /// What is told of a text at last, with what its plan says.
    pub fn told_all(&mut self, name: &str) -> Vec<Value> {
        self.told(name);
        self.told(name)
    }

    /// A request about the cursor of a text that is opened for it.
    pub fn at(&mut self, method: &str, name: &str, text: &str) -> Value {
        let (clean, position) = cursor(text);
        self.open(name, &clean);
        let uri = self.uri(name);
        let params = json!({
            "textDocument": { "uri": uri },
            "position": position,
            "context": { "includeDeclaration": true, "triggerKind": 1 },
        });
        let found = self.request(method, params);
        found.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// A request about a whole text that is opened already.
    pub fn about(&mut self, method: &str, name: &str) -> Value {
        let uri = self.uri(name);
        let params = json!({
            "textDocument": { "uri": uri },
            "options": { "tabSize": 2, "insertSpaces": true },
            "range": {
                "start": { "line": 0, "character": 0 },
                "end": { "line": 100_000, "character": 0 },
            },
        });
        let found = self.request(method, params);
        found.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Closes what it reads from, and waits for its end; the exit code.
    pub fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        while self.read().is_some() {}
        self.child.wait().expect("it ends").code()
    }

    /// Ends it as the protocol wants it.
    pub fn finish(mut self) {
        let found = self.request("shutdown", Value::Null);
        assert_eq!(found, Ok(Value::Null));
        self.notify("exit", Value::Null);
        assert_eq!(self.end(), Some(0));
    }
}

fn encoded(path: &Path) -> String {
    let mut out = String::new();
    for byte in path.to_str().expect("a path").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte as char);
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}
