//! What is wrong, as somebody types; what mends it.

use serde_json::{Value, json};

use super::{Client, RECIPE, Test, covered, edited, place, with};

/// The codes of diagnostics.
fn codes(found: &[Value]) -> Vec<&str> {
    found
        .iter()
        .map(|own| own["code"].as_str().expect("a code"))
        .collect()
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let mut client = Client::new(Test::new());
    for (from, to, code, covers) in [
        ("batch     = 20", "batch     = 20px", "E0303", "20px"),
        ("from = contrast }", "from = nobody }", "E0201", "nobody"),
        ("  length ", "  lenght ", "E0203", "lenght"),
        ("max_pool(2)", "max_pool(99)", "E0401", "max_pool(99)"),
        (
            "linear(4)\n",
            "linear(4) |> nothing()\n",
            "E0202",
            "nothing",
        ),
    ] {
        let text = with(from, to);
        client.open("recipe.ssl", &text);
        let found = client.told_all("recipe.ssl");
        let own = found.iter().find(|own| own["code"] == code);
        let own = own.unwrap_or_else(|| panic!("{to}: {found:?}"));
        assert_eq!(covered(&text, &own["range"]), covers, "{to}");
        assert_eq!(own["severity"], 1);
        assert_eq!(own["source"], "pretext");
    }
    client.finish();
}

#[test]
fn an_editor_and_check_say_the_same() {
    let texts = [
        RECIPE.to_owned(),
        with("batch     = 20", "batch     = 20px"),
        with("max_pool(2)", "max_pool(99)"),
        with("data = figures.train, test", "data = figures.test, test"),
        with("encoder   = net", "encoder   = nett"),
        with("pretext contrast", "pretext"),
        with("length    = 600 steps", "length    = 600"),
        "ssl 1\ndataset f = shapes()\n".to_owned(),
        "ssl 2\n".to_owned(),
        String::new(),
    ];
    let mut client = Client::new(Test::new());
    for text in texts {
        client.test.write("disk.ssl", &text);
        let ran = client
            .test
            .run(&["check", "--json", "--offline", "disk.ssl"]);
        let wanted = ran.json()["diagnostics"].clone();
        let wanted = wanted.as_array().expect("diagnostics");
        client.open("disk.ssl", &text);
        let found = client.told_all("disk.ssl");
        assert_eq!(codes(&found), codes(wanted), "{text}");
    }
    client.finish();
}

#[test]
fn edits_are_units_of_utf16() {
    let mut client = Client::new(Test::new());
    client.open("recipe.ssl", RECIPE);
    assert_eq!(client.told_all("recipe.ssl"), [] as [Value; 0]);
    // behind a crab and Cyrillic letters, in the same line
    let at = RECIPE.find("{ from = contrast }").expect("the export") + "{ from = ".len();
    let range = json!({
        "start": place(RECIPE, at), "end": place(RECIPE, at + "contrast".len()),
    });
    client.change("recipe.ssl", json!([{ "range": range, "text": "🦀сн" }]));
    let text = with("{ from = contrast }", "{ from = 🦀сн }");
    let found = client.told("recipe.ssl");
    assert!(!found.is_empty());
    assert!(
        covered(&text, &found[0]["range"]).contains('🦀'),
        "{found:?}"
    );
    // and back, by the units that the new text has
    let range = json!({
        "start": place(&text, at), "end": place(&text, at + "🦀сн".len()),
    });
    client.change(
        "recipe.ssl",
        json!([{ "range": range, "text": "contrast" }]),
    );
    assert_eq!(client.told_all("recipe.ssl"), [] as [Value; 0]);
    // several edits, one after the other; the second counts in the text of the first
    let at = |line: usize, character: usize| json!({ "line": line, "character": character });
    client.change(
        "recipe.ssl",
        json!([
            { "range": { "start": at(0, 0), "end": at(0, 0) }, "text": "// 🦀\n" },
            { "range": { "start": at(0, 3), "end": at(0, 5) }, "text": "crab" },
            // the wrong way round: nothing is taken
            { "range": { "start": at(9, 9), "end": at(3, 0) }, "text": "" },
        ]),
    );
    let symbols = client.about("textDocument/foldingRange", "recipe.ssl");
    assert_eq!(symbols[0]["startLine"], 7);
    assert_eq!(client.told_all("recipe.ssl"), [] as [Value; 0]);
    client.finish();
}

#[test]
fn what_is_used_is_read_from_the_editor_first() {
    let views = "ssl 1\naugment pair(image) { emit a = image |> hflip(50%) |> normalize(), b = image |> normalize() }\n";
    let child = "ssl 1\nuse \"common/views.ssl\"\ndataset f = shapes()\npretext p = simclr() { data = f.train, augment = views.pair, encoder = small_cnn() }\n";
    let test = Test::new()
        .file("ssl.lock", "version = 1\n")
        .file("common/views.ssl", views);
    let mut client = Client::new(test);
    client.open("recipe.ssl", child);
    assert_eq!(client.told_all("recipe.ssl"), [] as [Value; 0]);
    // an edit that was never saved
    let broken = views.replace("augment pair", "augment couple");
    client.open("common/views.ssl", &broken);
    let found = client.told_all("recipe.ssl");
    assert_eq!(codes(&found), ["E0201"], "{found:?}");
    assert_eq!(covered(child, &found[0]["range"]), "views.pair");
    client.replace("common/views.ssl", views);
    assert_eq!(client.told_all("recipe.ssl"), [] as [Value; 0]);
    // a mistake in it stands where it is named, and leads there
    client.replace(
        "common/views.ssl",
        &views.replace("hflip(50%)", "hflip(50px)"),
    );
    let found = client.told("recipe.ssl");
    assert_eq!(
        covered(child, &found[0]["range"]),
        "\"common/views.ssl\"",
        "{found:?}"
    );
    let uri = client.uri("common/views.ssl");
    assert_eq!(found[0]["relatedInformation"][0]["location"]["uri"], uri);
    // closed without being saved: the file counts again
    client.told("recipe.ssl");
    client.notify(
        "textDocument/didClose",
        json!({ "textDocument": { "uri": uri } }),
    );
    assert_eq!(client.told_all("recipe.ssl"), [] as [Value; 0]);
    // and what changes on the disk is seen when the editor tells of it
    client.test.write("common/views.ssl", broken);
    let change = json!({ "changes": [{ "uri": uri, "type": 2 }] });
    client.notify("workspace/didChangeWatchedFiles", change);
    assert_eq!(codes(&client.told("recipe.ssl")), ["E0201"]);
    client.finish();
}

/// The actions for the whole text.
fn actions(client: &mut Client, only: Option<&str>) -> Vec<Value> {
    let uri = client.uri("recipe.ssl");
    let params = json!({
        "textDocument": { "uri": uri },
        "range": {
            "start": { "line": 0, "character": 0 }, "end": { "line": 9999, "character": 0 },
        },
        "context": { "diagnostics": [], "only": only.map(|kind| vec![kind]) },
    });
    let found = client
        .request("textDocument/codeAction", params)
        .expect("actions");
    found.as_array().expect("a list").clone()
}

#[test]
fn every_fix_is_an_edit_that_mends() {
    let mut client = Client::new(Test::new());
    for (from, to) in [
        ("  length    = 600 steps", "  lenght    = 600 steps"),
        ("batch     = 20", "batch     = 20px"),
        ("from = contrast }", "from = contrats }"),
        ("relu() |> linear(4)", "rellu() |> linear(4)"),
        ("data      = figures", "data      : figures"),
        ("seed = 1 ", "seed = 1_0 "),
        ("run { seed", "run { sead"),
        ("ssl 1", "SSL 1"),
    ] {
        let text = with(from, to);
        client.open("recipe.ssl", &text);
        let told = client.told_all("recipe.ssl");
        assert!(!told.is_empty(), "{to}");
        let found = actions(&mut client, Some("quickfix"));
        let uri = client.uri("recipe.ssl");
        assert!(!found.is_empty(), "{to}: no fix for {told:?}");
        for action in &found {
            let after = edited(&text, &action["edit"]["changes"][&uri]);
            client.open("recipe.ssl", &after);
            let left = client.told_all("recipe.ssl");
            assert!(
                left.iter().all(|own| own["severity"] != 1),
                "{to}: {left:?} in\n{after}"
            );
            assert!(action["diagnostics"][0]["code"].is_string());
        }
    }
    client.finish();
}

#[test]
fn all_fixes_at_once() {
    let text = with("  length ", "  lenght ")
        .replace("rellu", "relu")
        .replace("batch     = 20", "batch     = 20px")
        .replace("from = contrast }", "from = contrats }")
        .replace("// 🦀 половина", "// 🦀 1_000");
    let mut client = Client::new(Test::new());
    client.open("recipe.ssl", &text);
    assert_eq!(client.told_all("recipe.ssl").len(), 3);
    let found = actions(&mut client, Some("source.fixAll"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["kind"], "source.fixAll.pretext");
    let uri = client.uri("recipe.ssl");
    let after = edited(&text, &found[0]["edit"]["changes"][&uri]);
    assert_eq!(after, with("// 🦀 половина", "// 🦀 1_000"));
    // an editor that waits for it gets it when it is chosen
    let can = json!({ "textDocument": { "codeAction": { "resolveSupport": { "properties": ["edit"] } } } });
    let mut lazy = Client::able(Test::new(), can);
    lazy.open("recipe.ssl", &text);
    lazy.told_all("recipe.ssl");
    let found = actions(&mut lazy, None);
    let all = found
        .iter()
        .find(|own| own["kind"] == "source.fixAll.pretext");
    let all = all.expect("it is offered");
    assert!(all.get("edit").is_none());
    let whole = lazy
        .request("codeAction/resolve", all.clone())
        .expect("the edit");
    let uri = lazy.uri("recipe.ssl");
    let after = edited(&text, &whole["edit"]["changes"][&uri]);
    assert_eq!(after, with("// 🦀 половина", "// 🦀 1_000"));
    // where nothing is wrong, nothing is offered
    lazy.open("recipe.ssl", RECIPE);
    lazy.told_all("recipe.ssl");
    assert_eq!(actions(&mut lazy, None), [] as [Value; 0]);
    lazy.finish();
    client.finish();
}

#[test]
fn a_recipe_that_is_typed_letter_by_letter() {
    let mut client = Client::new(Test::new());
    client.open("recipe.ssl", "");
    let uri = client.uri("recipe.ssl");
    for (at, c) in RECIPE.char_indices() {
        let here = place(RECIPE, at);
        let change = json!([{ "range": { "start": here, "end": here }, "text": c.to_string() }]);
        client.change("recipe.ssl", change);
        if at % 23 == 0 {
            // whatever is asked in between is answered
            let at = json!({
                "textDocument": { "uri": uri }, "position": here,
                "context": { "includeDeclaration": true, "triggerKind": 1, "diagnostics": [] },
                "range": { "start": here, "end": here }, "newName": "another",
            });
            for method in [
                "textDocument/completion",
                "textDocument/hover",
                "textDocument/definition",
                "textDocument/references",
                "textDocument/documentHighlight",
                "textDocument/rename",
                "textDocument/codeAction",
                "textDocument/inlayHint",
                "textDocument/foldingRange",
                "textDocument/documentSymbol",
                "textDocument/semanticTokens/full",
            ] {
                if let Err(error) = client.request(method, at.clone()) {
                    assert_eq!(error["code"], -32803, "{method}: {error}");
                }
            }
        }
    }
    assert_eq!(client.told_all("recipe.ssl"), [] as [Value; 0]);
    client.finish();
}
