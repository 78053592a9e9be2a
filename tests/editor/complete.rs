//! What may be typed, and what is said of words.

use serde_json::{Value, json};

use super::{Client, RECIPE, Test, cursor, edited, with};

/// What may be typed at the cursor.
fn labels(client: &mut Client, text: &str) -> Vec<String> {
    let found = client.at("textDocument/completion", "recipe.ssl", text);
    let found = found.as_array().expect("a list").iter();
    found
        .map(|item| item["label"].as_str().expect("a label").to_owned())
        .collect()
}

#[test]
fn at_each_place_what_may_stand_there() {
    let mut client = Client::new(Test::new());
    let contrast = |line: &str| with("  batch     = 20\n", &format!("{line}\n"));
    let of = |from: &str, to: &str| with(from, to);
    // a text, what must be offered, and what must not
    let cases: Vec<(String, Vec<&str>, Vec<&str>)> = vec![
        (
            "‸".into(),
            vec!["dataset", "pretext", "run", "use"],
            vec!["batch", "knn"],
        ),
        (format!("{RECIPE}\neval‸"), vec!["evaluate"], vec!["k"]),
        (
            contrast("  ‸"),
            vec!["batch", "monitor", "stop", "temperature"],
            vec!["optimizer", "data", "k"],
        ),
        (contrast("  sch‸"), vec!["schedule"], vec!["head"]),
        (
            contrast("  schedule = ‸"),
            vec!["cosine", "constant"],
            vec!["adamw", "batch", "relu"],
        ),
        (
            contrast("  schedule = cosine(‸)"),
            vec!["warmup"],
            vec!["batch"],
        ),
        (
            contrast("  schedule = cosine(warmup = 1 ‸)"),
            vec!["epoch", "steps"],
            vec!["px"],
        ),
        (
            contrast("  length = 10 ‸"),
            vec!["epochs", "steps"],
            vec!["px"],
        ),
        (
            contrast("  precision = ‸"),
            vec!["f32", "bf16"],
            vec!["f64"],
        ),
        (
            contrast("  monitor = ‸"),
            vec!["knn", "linear_probe"],
            vec!["simclr"],
        ),
        (
            contrast("  monitor = knn(‸)"),
            vec!["figures", "every", "k"],
            vec!["net"],
        ),
        (
            contrast("  monitor = knn(figures.‸)"),
            vec!["train", "valid", "test"],
            vec!["k"],
        ),
        (
            contrast("  checkpoint = best(‸)"),
            vec!["valid"],
            vec!["train"],
        ),
        (
            contrast("  checkpoint = best(valid.‸)"),
            vec!["loss", "knn"],
            vec!["train"],
        ),
        (
            contrast("  valid = ‸"),
            vec!["figures"],
            vec!["net", "pair"],
        ),
        (
            contrast("  valid = figures.valid |> ‸"),
            vec!["take"],
            vec!["relu", "hflip"],
        ),
        (contrast("  bind { ‸ }"), vec![], vec!["batch"]),
        (
            of("augment   = pair", "augment   = ‸"),
            vec!["pair", "view"],
            vec!["net", "figures"],
        ),
        (
            of("encoder   = net", "encoder   = ‸"),
            vec!["net", "resnet18", "conv"],
            vec!["simclr"],
        ),
        (
            of("linear(8) |> relu()", "linear(8) |> ‸"),
            vec!["relu", "batch_norm"],
            vec!["resnet18"],
        ),
        (
            of("as conv1 |>", "as conv1 |> ‸ |>"),
            vec!["relu"],
            vec!["hflip"],
        ),
        (
            of("shapes(train", "‸(train"),
            vec!["shapes", "image_folder"],
            vec!["knn"],
        ),
        (
            of("(24px, scale", "(24‸, scale"),
            vec!["px"],
            vec!["epochs"],
        ),
        (
            of("  left = image", "  left = ‸"),
            vec!["image"],
            vec!["left", "hflip"],
        ),
        (
            of("emit left,", "emit ‸,"),
            vec!["image", "left"],
            vec!["hflip"],
        ),
        (
            of("|> hflip(50%) |>", "|> ‸ |>"),
            vec!["hflip", "pair"],
            vec!["relu"],
        ),
        (of("  left =", "  ‸\n  left ="), vec!["emit"], vec!["batch"]),
        (
            of("= knn(k = 5", "= ‸(k = 5"),
            vec!["knn", "rank"],
            vec!["simclr", "adamw"],
        ),
        (
            of("from = contrast,", "from = ‸,"),
            vec!["contrast", "all"],
            vec!["near", "net"],
        ),
        (
            of("from = contrast,", "from = contrast.‸,"),
            vec!["encoder"],
            vec!["train"],
        ),
        (
            of("at = [conv1, conv2]", "at = [conv1, ‸]"),
            vec!["conv1", "conv2"],
            vec!["net"],
        ),
        (
            of("run { seed = 1 }", "run { ‸ }"),
            vec!["seed", "device"],
            vec!["batch"],
        ),
        (
            of("run { seed = 1 }", "run { device = ‸ }"),
            vec!["auto", "flex"],
            vec!["seed"],
        ),
        // in comments, and where something gets its name, nothing
        (
            of("// 🦀 половина", "// 🦀 полов‸ина"),
            vec![],
            vec!["batch", "dataset"],
        ),
        (
            of("pretext contrast =", "pretext ‸ ="),
            vec![],
            vec!["batch"],
        ),
    ];
    for (text, wanted, unwanted) in cases {
        let found = labels(&mut client, &text);
        let line = text
            .lines()
            .find(|line| line.contains('‸'))
            .expect("a cursor");
        for label in wanted {
            assert!(
                found.iter().any(|own| own == label),
                "{line}: no {label} in {found:?}"
            );
        }
        for label in unwanted {
            assert!(
                !found.iter().any(|own| own == label),
                "{line}: {label} in {found:?}"
            );
        }
    }
    client.finish();
}

#[test]
fn in_a_broken_text_too() {
    let mut client = Client::new(Test::new());
    for (text, wanted) in [
        ("ssl 1\ndataset f = sh‸", "shapes"),
        (
            "ssl 1\npretext p = simclr() {\n  batch = 4\n  opt‸\n",
            "optimizer",
        ),
        ("ssl 1\npretext p = simclr(tem‸", "temperature"),
        // a block that was never closed
        (
            "ssl 1\npretext p = simclr() {\n  batch = 4\n\nevaluate e = knn(‸",
            "k",
        ),
        ("ssl 1\naugment a(image) {\n  emit image |> hf‸", "hflip"),
        ("}}} ((\npretext p = ‸", "simclr"),
    ] {
        let found = labels(&mut client, text);
        assert!(found.iter().any(|own| own == wanted), "{text}: {found:?}");
    }
    client.finish();
}

#[test]
fn what_is_typed_stands_where_it_belongs_and_is_said_to_be_what_it_is() {
    let mut client = Client::new(Test::new());
    let text = with("  batch     = 20\n", "  /// 🦀 сн\n  sche‸\n");
    let found = client.at("textDocument/completion", "recipe.ssl", &text);
    let items = found.as_array().expect("a list");
    let item = items.iter().find(|item| item["label"] == "schedule");
    let item = item.expect("schedule");
    let doc = item["documentation"]["value"].as_str().expect("a text");
    assert!(doc.contains("Default: `cosine("), "{doc}");
    let clean = text.replace('‸', "");
    let edit = Value::Array(vec![item["textEdit"].clone()]);
    let typed = edited(&clean, &edit);
    assert!(typed.contains("\n  schedule = \n"), "{typed}");
    // entries say where they come from
    let text = text.replace("sche‸", "optimizer = ‸");
    let found = client.at("textDocument/completion", "recipe.ssl", &text);
    let items = found.as_array().expect("a list");
    let item = items.iter().find(|item| item["label"] == "lars");
    let doc = item.expect("lars")["documentation"]["value"].to_string();
    assert!(
        doc.contains("arxiv.org") && doc.contains("optimizer = lars("),
        "{doc}"
    );
    client.finish();
}

#[test]
fn files_are_offered_behind_use() {
    let test = Test::new()
        .file(
            "common/views.ssl",
            "ssl 1\naugment pair(image) { emit image }\n",
        )
        .file("common/notes.txt", "no recipe")
        .file("tasks/own.rhai", "");
    let mut client = Client::new(test);
    let mut of = |text: &str| labels(&mut client, text);
    assert_eq!(of("ssl 1\nuse \"‸\"\n"), ["common/", "tasks/"]);
    assert_eq!(of("ssl 1\nuse \"common/‸\"\n"), ["views.ssl"]);
    assert_eq!(of("ssl 1\nextends \"common/v‸"), ["views.ssl"]);
    assert_eq!(of("ssl 1\nuse script \"tasks/‸\"\n"), ["own.rhai"]);
    let text = "ssl 1\nuse \"common/views.ssl\"\npretext p = simclr() { augment = views.‸ }\n";
    assert_eq!(of(text), ["pair"]);
    let text = "ssl 1\nuse \"common/views.ssl\"\npretext p = simclr() { augment = ‸ }\n";
    assert_eq!(of(text), ["views.pair"]);
    client.finish();
}

/// What is said of the word at the cursor, once the plan is known.
fn said(client: &mut Client, text: &str) -> String {
    let (clean, position) = cursor(text);
    client.open("recipe.ssl", &clean);
    client.told_all("recipe.ssl");
    let uri = client.uri("recipe.ssl");
    let params = json!({ "textDocument": { "uri": uri }, "position": position });
    let found = client
        .request("textDocument/hover", params)
        .expect("an answer");
    found["contents"]["value"].as_str().unwrap_or("").to_owned()
}

#[test]
fn a_word_says_its_type_its_default_its_place_and_its_shape() {
    let mut client = Client::new(Test::new());
    let cases = [
        (
            "  batch     = 20",
            "  ba‸tch     = 20",
            vec![
                "whole number",
                "Default: `512`",
                "contrast.batch = 20",
                "recipe.ssl:23:",
            ],
        ),
        (
            "  batch     = 20",
            "  batch     = 2‸0",
            vec!["contrast.batch = 20"],
        ),
        (
            "weight_decay = 0.05",
            "weight_de‸cay = 0.05",
            vec!["adamw", "contrast.optimizer.weight_decay = 0.05"],
        ),
        ("conv(8, 3)", "con‸v(8, 3)", vec!["[2*B, 8, ", "layer"]),
        (
            "hflip(50%)",
            "hfl‸ip(50%)",
            vec!["image[3, 24, 24]", "transform"],
        ),
        (
            "simclr(temperature",
            "sim‸clr(temperature",
            vec!["task", "Chen et al., 2020", "```ssl"],
        ),
        (
            "shapes(train",
            "sha‸pes(train",
            vec!["200 train", "40 test"],
        ),
        (
            "dataset figures",
            "dataset fig‸ures",
            vec!["image[3, ", "label("],
        ),
        (
            "  augment   = pair",
            "  augment   = pa‸ir",
            vec!["augment pair(image)"],
        ),
        (
            "from = contrast,",
            "from = con‸trast,",
            vec!["pretext contrast = simclr"],
        ),
        ("figures.test", "figures.te‸st", vec!["split `test`"]),
        (
            "  left = image",
            "  le‸ft = image",
            vec!["image[3, 24, 24]"],
        ),
        ("encoder net", "enco‸der net", vec!["network"]),
        ("seed = 1", "se‸ed = 1", vec!["run.seed = 1", "random"]),
        ("as conv2", "as con‸v2", vec!["at = [conv2]"]),
    ];
    for (from, to, wanted) in cases {
        let found = said(&mut client, &with(from, to));
        for part in wanted {
            assert!(found.contains(part), "{to}: no `{part}` in\n{found}");
        }
    }
    // nothing is said of blanks and comments
    for (from, to) in [("половина", "полови‸на"), ("\nrun {", "‸\nrun {")] {
        assert_eq!(said(&mut client, &with(from, to)), "", "{to}");
    }
    // a field of the file, and what takes it
    let text = "ssl 1\ndataset f = shapes()\npretext { batch = 32, data = f.train, encoder = small_cnn() }\npretext rotation(‸head = linear(4))\n";
    let found = said(
        &mut client,
        &text.replace('‸', "").replace("{ batch", "{ ba‸tch"),
    );
    assert!(
        found.contains("what every `pretext` stage takes"),
        "{found}"
    );
    client.finish();
}
