//! Definitions, references, other names; how a text looks.

use serde_json::{Value, json};

use super::{Client, RECIPE, Test, covered, cursor, edited, with};

/// The lines that a list of places begins with, from 1.
fn lines(found: &Value) -> Vec<u64> {
    let mut lines: Vec<u64> = (found.as_array().expect("a list").iter())
        .map(|place| place["range"]["start"]["line"].as_u64().expect("a line") + 1)
        .collect();
    lines.sort_unstable();
    lines
}

const VIEWS: &str = "ssl 1\n\n// 🦀 виды\naugment view(image) { emit image |> hflip(50%) |> normalize() }\n\naugment pair(image) { emit a = image |> view(), b = image |> view() }\n";

const CHILD: &str = "ssl 1\n\nuse \"common/views.ssl\"\n\ndataset figures = shapes(train = 200, valid = 40, test = 40)\n\npretext p = simclr() {\n  data    = figures.train // сн 🦀\n  augment = views.pair\n  encoder = small_cnn(width = 4)\n  batch   = 20\n}\n";

fn project() -> Test {
    Test::new()
        .file("ssl.lock", "version = 1\n")
        .file("common/views.ssl", VIEWS)
        .file("recipe.ssl", CHILD)
}

#[test]
fn every_name_leads_to_where_it_is_given() {
    let mut client = Client::new(project());
    let cases = [
        (
            "data      = figures.train",
            "data      = fig‸ures.train",
            vec![5],
        ),
        ("figures.train // ", "figures.tr‸ain // ", vec![5]),
        ("augment   = pair", "augment   = ‸pair", vec![10]),
        ("left = image |> view()", "left = image |> vi‸ew()", vec![7]),
        ("left = image", "left = im‸age", vec![10]),
        ("emit left", "emit le‸ft", vec![11]),
        ("encoder   = net", "encoder   = net‸", vec![15]),
        ("at = [conv1, conv2]", "at = [conv1, con‸v2]", vec![15]),
        ("from = contrast,", "from = con‸trast,", vec![18]),
        // what is built in lies nowhere
        ("= simclr(", "= sim‸clr(", vec![]),
        ("  batch  ", "  bat‸ch  ", vec![]),
    ];
    for (from, to, wanted) in cases {
        let found = client.at("textDocument/definition", "own.ssl", &with(from, to));
        assert_eq!(lines(&found), wanted, "{to}");
    }
    let views = client.uri("common/views.ssl");
    for (from, to, line) in [
        ("views.pair", "views.pa‸ir", 6),
        ("common/views", "comm‸on/views", 1),
    ] {
        let text = CHILD.replacen(from, to, 1);
        let found = client.at("textDocument/definition", "recipe.ssl", &text);
        assert_eq!(found[0]["uri"], views, "{to}");
        assert_eq!(lines(&found), [line], "{to}");
    }
    client.finish();
}

#[test]
fn a_script_leads_to_its_file() {
    let script = include_str!("../../recipes/tasks/barlow_twins.rhai");
    let recipe = include_str!("../../recipes/barlow_twins_script.ssl");
    let test = Test::new().file("tasks/barlow_twins.rhai", script);
    let mut client = Client::new(test);
    let script = client.uri("tasks/barlow_twins.rhai");
    let text = recipe.replacen("= barlow_twins(", "= barlow‸_twins(", 1);
    let found = client.at("textDocument/definition", "recipe.ssl", &text);
    assert_eq!(found[0]["uri"], script);
    client.finish();
}

#[test]
fn every_use_is_found_also_in_other_files() {
    let mut client = Client::new(project());
    let text = with("dataset figures", "dataset fig‸ures");
    let found = client.at("textDocument/references", "own.ssl", &text);
    assert_eq!(lines(&found), [5, 19, 29, 29]);
    let text = with("  left =", "  le‸ft =");
    let found = client.at("textDocument/references", "own.ssl", &text);
    assert_eq!(lines(&found), [11, 12]);
    // from where it is defined to where another file uses it
    let text = VIEWS.replacen("augment pair", "augment pa‸ir", 1);
    let found = client.at("textDocument/references", "common/views.ssl", &text);
    let found = found.as_array().expect("a list");
    let uris: Vec<&Value> = found.iter().map(|place| &place["uri"]).collect();
    assert_eq!(uris.len(), 2, "{found:?}");
    let recipe = client.uri("recipe.ssl");
    let there = found
        .iter()
        .find(|place| place["uri"] == recipe)
        .expect("it is used there");
    assert_eq!(covered(CHILD, &there["range"]), "pair");
    client.finish();
}

/// What becomes of files when what is at the cursor is called otherwise, by their names; or why it is not.
fn renamed(
    client: &mut Client,
    name: &str,
    text: &str,
    to: &str,
) -> Result<Vec<(String, String)>, String> {
    let (clean, position) = cursor(text);
    client.open(name, &clean);
    let uri = client.uri(name);
    let params = json!({ "textDocument": { "uri": uri }, "position": position, "newName": to });
    let found = client.request("textDocument/rename", params);
    let found = found.map_err(|error| error["message"].as_str().expect("a message").to_owned())?;
    let mut files: Vec<(String, String)> = Vec::new();
    for (uri, edits) in found["changes"].as_object().expect("changes") {
        let own = ["own.ssl", "recipe.ssl", "common/views.ssl", "child.ssl"];
        let file = own
            .iter()
            .find(|file| client.uri(file) == *uri)
            .expect("a file of ours");
        let before = match *file == name {
            true => clean.clone(),
            false => client.test.text(file),
        };
        files.push(((*file).to_owned(), edited(&before, edits)));
    }
    files.sort();
    Ok(files)
}

#[test]
fn another_name_is_given_everywhere() {
    let mut client = Client::new(project());
    for (from, to, name) in [
        ("dataset figures", "dataset fig‸ures", "figures"),
        ("encoder   = net", "encoder   = ‸net", "net"),
        ("from = contrast,", "from = contrast‸,", "contrast"),
        ("augment pair", "augment pa‸ir", "pair"),
        ("image |> view()", "image |> vi‸ew()", "view"),
        ("[conv1, conv2]", "[con‸v1, conv2]", "conv1"),
    ] {
        let found = renamed(&mut client, "own.ssl", &with(from, to), "another");
        let found = found.unwrap_or_else(|why| panic!("{to}: {why}"));
        let [(_, after)] = found.as_slice() else {
            panic!("{to}: {found:?}");
        };
        // every word of that name, and nothing else
        let mut wanted = String::new();
        let mut rest = RECIPE;
        while let Some(at) = rest.find(name) {
            let (head, tail) = rest.split_at(at);
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let whole = !head.ends_with(word) && !tail[name.len()..].starts_with(word);
            wanted += head;
            wanted += if whole { "another" } else { name };
            rest = &tail[name.len()..];
        }
        wanted += rest;
        assert_eq!(*after, wanted, "{to}");
    }
    // a field of the batch keeps its name
    let text = with("  left =", "  le‸ft =");
    let found = renamed(&mut client, "own.ssl", &text, "first").expect("it may");
    assert!(
        found[0]
            .1
            .contains("  first = image |> view()\n  emit left = first, right"),
        "{}",
        found[0].1
    );
    // a stage that was called what it calls gets a name
    let text = with("pretext contrast = simclr(", "pretext sim‸clr(").replace("contrast", "simclr");
    let found = renamed(&mut client, "own.ssl", &text, "mine").expect("it may");
    assert!(
        found[0].1.contains("pretext mine = simclr(temperature"),
        "{}",
        found[0].1
    );
    assert!(found[0].1.contains("from = mine, data"), "{}", found[0].1);
    client.finish();
}

#[test]
fn another_name_goes_into_the_files_that_are_used_and_that_use() {
    let mut client = Client::new(project());
    let text = CHILD.replacen("views.pair", "views.pa‸ir", 1);
    let found = renamed(&mut client, "recipe.ssl", &text, "both").expect("it may");
    let wanted = vec![
        ("common/views.ssl".to_owned(), VIEWS.replace("pair", "both")),
        (
            "recipe.ssl".to_owned(),
            CHILD.replace("views.pair", "views.both"),
        ),
    ];
    assert_eq!(found, wanted);
    // from the other side
    let text = VIEWS.replacen("augment pair", "augment pa‸ir", 1);
    let found = renamed(&mut client, "common/views.ssl", &text, "both").expect("it may");
    assert_eq!(found, wanted);
    // a child's override
    client.test.write(
        "child.ssl",
        "ssl 1\n\nextends \"recipe.ssl\"\noverride p.batch = 40\n",
    );
    let text = CHILD.replacen("pretext p ", "pretext ‸p ", 1);
    let found = renamed(&mut client, "recipe.ssl", &text, "q").expect("it may");
    let child = found
        .iter()
        .find(|(file, _)| file == "child.ssl")
        .expect("the child");
    assert!(child.1.contains("override q.batch = 40"), "{}", child.1);
    client.finish();
}

#[test]
fn what_is_no_name_or_would_clash_is_refused() {
    let mut client = Client::new(project());
    let of = |from: &str, to: &str| with(from, to);
    let cases = [
        (of("dataset figures", "dataset fig‸ures"), "2nd", "letters"),
        (of("dataset figures", "dataset fig‸ures"), "имя", "letters"),
        (
            of("dataset figures", "dataset fig‸ures"),
            "pretext",
            "word of the language",
        ),
        (
            of("dataset figures", "dataset fig‸ures"),
            "run",
            "word of the language",
        ),
        (
            of("dataset figures", "dataset fig‸ures"),
            "net",
            "another encoder",
        ),
        (of("augment view", "augment vi‸ew"), "hflip", "hidden"),
        (
            of("  left =", "  le‸ft ="),
            "image",
            "another name of this augment",
        ),
        (of("as conv1", "as con‸v1"), "conv2", "another place"),
        (
            of("pretext contrast", "pre‸text contrast"),
            "x",
            "word of the language",
        ),
        (of("= simclr(", "= sim‸clr("), "x", "built in"),
        (of("  batch  ", "  bat‸ch  "), "x", "field of task `simclr`"),
        (
            of("view(image)", "view(ima‸ge)"),
            "x",
            "field of the records",
        ),
        (
            of("figures.train //", "figures.tr‸ain //"),
            "x",
            "part of `figures`",
        ),
        (of("// 🦀 половина", "// 🦀 пол‸овина"), "x", "no name"),
        (of("dataset figures =", "dataset fig‸ures"), "x", "mistakes"),
    ];
    for (text, to, wanted) in cases {
        let line = text
            .lines()
            .find(|line| line.contains('‸'))
            .expect("a cursor")
            .to_owned();
        let found = renamed(&mut client, "own.ssl", &text, to);
        let why = found.expect_err(&line);
        assert!(why.contains(wanted), "{line} to {to}: {why}");
    }
    // asked before a name is typed
    let text = with("= simclr(", "= sim‸clr(");
    let (clean, position) = cursor(&text);
    client.open("own.ssl", &clean);
    let uri = client.uri("own.ssl");
    let params = json!({ "textDocument": { "uri": uri }, "position": position });
    client
        .request("textDocument/prepareRename", params)
        .expect_err("no name");
    let text = with("encoder   = net", "encoder   = ne‸t");
    let found = client.at("textDocument/prepareRename", "own.ssl", &text);
    assert_eq!(found["placeholder"], "net");
    client.finish();
}

#[test]
fn the_one_formatter_formats() {
    let mut client = Client::new(Test::new());
    let messy = "ssl 1\n// сн 🦀\ndataset   f=shapes( )\npretext p=rotation(){data=f.train,encoder=small_cnn()}\n";
    client.open("recipe.ssl", messy);
    let edits = client.about("textDocument/formatting", "recipe.ssl");
    let after = edited(messy, &edits);
    client.test.write("tidy.ssl", messy);
    client.test.run(&["fmt", "tidy.ssl"]).success();
    assert_eq!(after, client.test.text("tidy.ssl"));
    client.replace("recipe.ssl", &after);
    assert_eq!(
        client.about("textDocument/formatting", "recipe.ssl"),
        json!([])
    );
    // a text that can't be read is left alone
    client.replace("recipe.ssl", "ssl 1\ndataset f = (\n");
    assert_eq!(
        client.about("textDocument/formatting", "recipe.ssl"),
        Value::Null
    );
    client.finish();
}

#[test]
fn the_outline_names_every_item() {
    let can = json!({ "textDocument": { "documentSymbol": { "hierarchicalDocumentSymbolSupport": true } } });
    let mut client = Client::able(Test::new(), can);
    client.open("recipe.ssl", RECIPE);
    let found = client.about("textDocument/documentSymbol", "recipe.ssl");
    let found = found.as_array().expect("a list");
    let names: Vec<&str> = found
        .iter()
        .map(|own| own["name"].as_str().expect("a name"))
        .collect();
    let wanted = [
        "figures", "view", "pair", "net", "contrast", "near", "weights", "run",
    ];
    assert_eq!(names, wanted);
    for own in found {
        let name = covered(RECIPE, &own["selectionRange"]);
        assert_eq!(name, own["name"]);
        assert!(covered(RECIPE, &own["range"]).contains(name));
    }
    let folds = client.about("textDocument/foldingRange", "recipe.ssl");
    let folds: Vec<(u64, u64)> = (folds.as_array().expect("a list").iter())
        .map(|own| {
            let line = |name: &str| own[name].as_u64().expect("a line") + 1;
            (line("startLine"), line("endLine"))
        })
        .collect();
    assert_eq!(folds, [(7, 9), (10, 13), (15, 16), (18, 26), (28, 30)]);
    client.finish();
}

#[test]
fn colours_stand_where_their_words_stand() {
    let mut client = Client::quiet(Test::new());
    let found = client
        .request("initialize", json!({ "capabilities": {} }))
        .expect("a result");
    let legend = found["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"].clone();
    client.open("recipe.ssl", RECIPE);
    let found = client.about("textDocument/semanticTokens/full", "recipe.ssl");
    let data: Vec<u64> = (found["data"].as_array().expect("numbers").iter())
        .map(|n| n.as_u64().expect("a number"))
        .collect();
    let (mut line, mut start) = (0, 0);
    let mut words: Vec<(String, String)> = Vec::new();
    for token in data.chunks(5) {
        if token[0] > 0 {
            start = 0;
        }
        line += token[0];
        start += token[1];
        let range = json!({
            "start": { "line": line, "character": start },
            "end": { "line": line, "character": start + token[2] },
        });
        let kind = legend[token[3] as usize].as_str().expect("a name");
        words.push((covered(RECIPE, &range).to_owned(), kind.to_owned()));
    }
    let has = |word: &str, kind: &str| {
        let found = words.iter().any(|(own, of)| own == word && of == kind);
        assert!(found, "no {word} as {kind} in {words:?}");
    };
    has("dataset", "keyword");
    has("figures", "variable");
    has("simclr", "function");
    has("batch", "property");
    has("image", "parameter");
    has("24", "number");
    has("px", "number");
    has("|>", "operator");
    has("\"снимок 🦀.safetensors\"", "string");
    has("// 🦀 половина", "comment");
    has("/// Снимки 🦀 и подписи.", "comment");
    client.finish();
}

#[test]
fn shapes_stand_behind_the_steps_of_pipelines() {
    let can = json!({ "workspace": { "inlayHint": { "refreshSupport": true } } });
    let mut client = Client::able(Test::new(), can);
    client.open("recipe.ssl", RECIPE);
    client.told_all("recipe.ssl");
    client.wait(|message| message["method"] == "workspace/inlayHint/refresh");
    let found = client.about("textDocument/inlayHint", "recipe.ssl");
    let hints = found.as_array().expect("a list");
    let mut shown = RECIPE.to_owned();
    let edits = hints.iter().map(|hint| {
        json!({
            "range": { "start": hint["position"], "end": hint["position"] },
            "newText": hint["label"],
        })
    });
    shown = edited(&shown, &Value::Array(edits.collect()));
    for wanted in [
        "shapes(train = 200, valid = 40, test = 40) → 200 train · 40 valid · 40 test\n",
        "augment view(image: image[3, 32, 32])",
        "random_resized_crop(24px, scale = 0.2..1.0) → image[3, 24, 24] |> hflip(50%) → image[3, 24, 24]",
        "left: image[3, 24, 24] = image",
        "conv(4, 3) → [2*B, 4, 24, 24]",
        "max_pool(2) → [2*B, 4, 12, 12]",
        "global_avg_pool() → [2*B, 8]",
        "linear(4) → [2*B, 4]\n",
    ] {
        assert!(shown.contains(wanted), "no `{wanted}` in\n{shown}");
    }
    // while a mistake hides the plan they stay, and move with the text
    let text = with("ssl 1\n", "ssl 1\n\n\n").replace("batch     = 20", "batch     = no");
    client.replace("recipe.ssl", &text);
    client.told_all("recipe.ssl");
    let found = client.about("textDocument/inlayHint", "recipe.ssl");
    assert!(found.to_string().contains("[2*B, 4, 12, 12]"), "{found}");
    client.finish();
}
