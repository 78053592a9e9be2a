//! The conversation itself: its beginning, its end, and what goes wrong between.

use serde_json::{Value, json};

use super::{Client, RECIPE, Test};

fn code(found: Result<Value, Value>) -> i64 {
    let error = found.expect_err("an error");
    assert!(!error["message"].as_str().expect("a message").is_empty());
    error["code"].as_i64().expect("a code")
}

#[test]
fn it_says_what_it_can_do() {
    let mut client = Client::quiet(Test::new());
    let found = client
        .request("initialize", json!({ "capabilities": {} }))
        .expect("a result");
    let can = &found["capabilities"];
    for name in [
        "hoverProvider",
        "definitionProvider",
        "referencesProvider",
        "documentHighlightProvider",
        "documentSymbolProvider",
        "documentFormattingProvider",
        "foldingRangeProvider",
        "inlayHintProvider",
    ] {
        assert_eq!(can[name], true, "{name}");
    }
    assert_eq!(can["positionEncoding"], "utf-16");
    assert_eq!(can["textDocumentSync"]["change"], 2);
    assert_eq!(can["renameProvider"]["prepareProvider"], true);
    assert_eq!(can["codeActionProvider"]["resolveProvider"], true);
    assert_eq!(can["semanticTokensProvider"]["full"], true);
    assert_eq!(found["serverInfo"]["name"], "pretext");
    client.finish();
}

#[test]
fn before_the_beginning_and_behind_the_end_nothing_is_answered() {
    let mut client = Client::quiet(Test::new());
    assert_eq!(
        code(client.request("textDocument/hover", json!({}))),
        -32002
    );
    client
        .request("initialize", json!({ "capabilities": {} }))
        .expect("a result");
    let again = client.request("initialize", json!({ "capabilities": {} }));
    assert_eq!(code(again), -32600);
    client.request("shutdown", Value::Null).expect("a result");
    assert_eq!(
        code(client.request("textDocument/hover", json!({}))),
        -32600
    );
    client.notify("exit", Value::Null);
    assert_eq!(client.end(), Some(0));
}

#[test]
fn an_end_without_shutdown_is_told_by_the_exit_code() {
    let mut client = Client::new(Test::new());
    client.notify("exit", Value::Null);
    assert_eq!(client.end(), Some(1));
    // an editor that is gone
    assert_eq!(Client::new(Test::new()).end(), Some(1));
}

#[test]
fn what_is_not_known_or_cannot_be_read_is_an_error_of_its_own() {
    let mut client = Client::new(Test::new());
    assert_eq!(
        code(client.request("textDocument/nothing", json!({}))),
        -32601
    );
    assert_eq!(
        code(client.request("textDocument/hover", json!({ "at": 7 }))),
        -32602
    );
    assert_eq!(
        code(client.request("textDocument/hover", Value::Null)),
        -32602
    );
    // a text that is not open
    let uri = client.uri("nowhere.ssl");
    let params = json!({
        "textDocument": { "uri": uri }, "position": { "line": 0, "character": 0 },
    });
    code(client.request("textDocument/hover", params));
    // notifications that nobody knows, or that say nothing, are passed
    client.notify("$/something", json!({ "x": 1 }));
    client.notify("textDocument/didChange", json!({ "x": 1 }));
    client.notify("textDocument/didOpen", json!([]));
    client.finish();
}

#[test]
fn behind_malformed_messages_it_goes_on() {
    let mut client = Client::new(Test::new());
    let mut broken = |bytes: &[u8], wanted: i64| {
        client.raw(bytes);
        let found =
            client.wait(|message| message["id"].is_null() && message.get("error").is_some());
        assert_eq!(found["error"]["code"], wanted, "{found}");
    };
    broken(b"Content-Length: 7\r\n\r\n{broken", -32700);
    broken(b"Content-Length: 4\r\n\r\n\xff\xfe\xff\xfe", -32700);
    broken(b"Content-Length: 2\r\n\r\n[]", -32600);
    broken(b"Content-Type: none\r\n\r\n", -32700);
    broken(b"Content-Length: 99999999999999\r\n\r\n", -32700);
    client.open("recipe.ssl", RECIPE);
    assert_eq!(client.told_all("recipe.ssl"), [] as [Value; 0]);
    client.finish();
}

#[test]
fn a_request_that_was_cancelled_is_not_answered() {
    let mut client = Client::new(Test::new());
    client.open("recipe.ssl", RECIPE);
    let uri = client.uri("recipe.ssl");
    let params = json!({ "textDocument": { "uri": uri } });
    // both come in one piece: the request still waits when it is cancelled
    let frame = |message: Value| {
        let body = message.to_string();
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let mut bytes = String::new();
    for id in 500..540 {
        bytes += &frame(json!({
            "jsonrpc": "2.0", "id": id, "method": "textDocument/documentSymbol", "params": params,
        }));
    }
    bytes += &frame(json!({
        "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 539 },
    }));
    // one that is unknown harms nothing
    bytes += &frame(json!({
        "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": "none" },
    }));
    client.raw(bytes.as_bytes());
    assert!(client.response(&json!(500)).is_ok());
    assert_eq!(code(client.response(&json!(539))), -32800);
    // cancelled after it was answered
    client.notify("$/cancelRequest", json!({ "id": 500 }));
    let again = client.request("textDocument/documentSymbol", params);
    assert!(
        !again
            .expect("symbols")
            .as_array()
            .expect("a list")
            .is_empty()
    );
    client.finish();
}

#[test]
fn it_asks_for_files_that_change_where_the_editor_can() {
    let can = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let mut client = Client::able(Test::new(), can);
    let asked = client.wait(|message| message["method"] == "client/registerCapability");
    let watches = asked["params"]["registrations"][0]["registerOptions"]["watchers"].to_string();
    assert!(watches.contains("**/*.ssl"), "{watches}");
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null }));
    client.finish();
}
