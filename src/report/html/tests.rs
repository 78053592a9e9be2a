use std::fs;

use super::*;

/// A small finished run.
fn run_dir() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put(
        "recipe.ssl",
        "ssl 1\n\n/// Which <turn>? Run `x`.\n\npretext rotations = rotation() {\n  batch = 256\n}\nevaluate neighbours = knn(k = 20) { from = rotations }\n",
    );
    put(
        "run.json",
        r#"{"pretext":"0.1.0","recipe":"recipes/quickstart.ssl","seed":7,"device":"flex","threads":2,"cpu":"A <CPU>","started":"2026-11-20T10:00:00Z",
            "data":{"shapes.train":{"manifest":"blake3:00ff","records":54000}},
            "provenance":[{"path":"rotations.batch","value":"256","origin":"written","place":"recipes/quickstart.ssl:6:3"},{"path":"rotations.length","value":"10 epochs","origin":"default","place":""}]}"#,
    );
    put(
        "results.json",
        r#"[{"stage":"neighbours","evaluator":"knn","protocol":"k = 20","metric":"accuracy","value":0.6831,"untrained":0.412,"raw":null}]"#,
    );
    put(
        "stages/rotations/metrics.jsonl",
        "{\"step\":10,\"epoch\":0.5,\"loss\":1.3,\"accuracy\":0.3,\"rate\":0.001}\n{\"step\":20,\"epoch\":1.0,\"loss\":1.1,\"accuracy\":0.4,\"rate\":0.0005}\n{\"step\":20,\"epoch\":1.0,\"monitor.knn\":0.5}\n",
    );
    put(
        "stages/rotations/timing.jsonl",
        "{\"step\":20,\"seconds\":75.0,\"rate\":410.0}\n",
    );
    put(
        "stages/neighbours/embedding.json",
        r#"{"points":[[0,0],[1,1],[2,0]],"labels":[0,1,1],"classes":["shirt","bag"],"untrained":[[0,1],[1,0],[2,2]]}"#,
    );
    fs::write(folder.path().join("preview.png"), b"\x89PNG").unwrap();
    folder
}

fn page(folder: &Path) -> String {
    fs::read_to_string(write(folder).unwrap()).unwrap()
}

/// A run on clips shows them as they move; no other has the section.
#[test]
fn clips_play_where_there_are_some() {
    let folder = run_dir();
    assert!(!page(folder.path()).contains("id=\"clips\""));
    fs::write(folder.path().join("playing.png"), b"\x89PNG").unwrap();
    let html = page(folder.path());
    assert!(
        html.contains("href=\"#clips\"")
            && html.contains("alt=\"Clips that play\" src=\"data:image/png;base64,iVBORw"),
        "{html}"
    );
}

#[test]
fn what_no_number_is_measured_with_is_said() {
    let folder = run_dir();
    assert!(!page(folder.path()).contains("id=\"without\""));
    let reasons: Vec<String> = (0..23).map(|n| format!("can't read {n:02}.jpg")).collect();
    let met = serde_json::json!({"left_out": reasons, "repaired": ["<b>\u{1b}[2J"]});
    fs::write(
        folder.path().join("stages/rotations/left_out.json"),
        met.to_string(),
    )
    .unwrap();
    let html = page(folder.path()).replace("&#x27;", "'");
    for part in [
        "rotations<small>23 records left out<",
        "can't read 00.jpg",
        "and 3 more<",
        "1 record repaired<",
        "&lt;b&gt;\\u{1b}[2J",
    ] {
        assert!(html.contains(part), "no {part} in {html}");
    }
    assert!(!html.contains("20.jpg"));
    // somebody else's file
    fs::write(
        folder.path().join("stages/rotations/left_out.json"),
        "{\"left_out\": 7}",
    )
    .unwrap();
    assert!(page(folder.path()).contains("left_out.json is not what it should be"));
}

#[test]
fn a_collapse_is_told_with_its_causes() {
    let folder = run_dir();
    assert!(!page(folder.path()).contains("id=\"collapsed\""));
    let file = folder.path().join("stages/rotations/collapse.json");
    let told = serde_json::json!({
        "step": 1200,
        "ended": true,
        "what": "the spread of `head` fell from 0.931 to 0.004",
        "causes": [
            {"what": "gradients flow into both sides", "place": "a.ssl:18:20", "help": "hold one still"},
            {"what": "<b>\u{1b}[2J", "place": "", "help": ""},
        ],
    });
    fs::write(&file, told.to_string()).unwrap();
    let html = page(folder.path());
    for part in [
        "rotations<small>by step 1,200, where it ended<",
        "the spread of `head` fell from 0.931 to 0.004\n",
        "likely: gradients flow into both sides (a.ssl:18:20)\n  hold one still\n",
        "less likely: &lt;b&gt;\\u{1b}[2J",
    ] {
        assert!(html.contains(part), "no {part} in {html}");
    }
    fs::write(&file, "7").unwrap();
    assert!(page(folder.path()).contains("collapse.json is not what it should be"));
}

#[test]
fn what_nothing_was_measured_of_has_no_column() {
    let folder = run_dir();
    let with = |raw: &str| {
        let rows = format!(
            r#"[{{"stage":"near","evaluator":"knn","protocol":"","metric":"accuracy","value":0.5,"untrained":0.25,"raw":{raw}}}]"#
        );
        fs::write(folder.path().join("results.json"), rows).unwrap();
        page(folder.path())
    };
    let (some, none) = (with("0.125"), with("null"));
    assert!(some.contains("raw pixels") && some.contains("12.50%"));
    assert!(!none.contains("raw pixels") && none.contains("25.00%"));
}

#[test]
fn the_page_shows_every_part_of_a_run() {
    let folder = run_dir();
    // the template engine writes slashes as entities
    let html = page(folder.path()).replace("&#x2f;", "/");
    for part in [
        "<title>quickstart · Pretext report</title>",
        "Which &lt;turn&gt;? Run <code>x</code>.",
        "68.31%",
        "41.20%",
        ">+27.1<",
        "+27.1 over untrained",
        "1 min 15 s",
        "410 records/s",
        "aria-label=\"loss of rotations by step\"",
        "knn, monitored",
        "learning rate",
        "data:image/png;base64,iVBORw==",
        "2-D map of 3 records by the untrained encoder",
        "<title>bag</title>",
        "<b class=\"k\">pretext</b> <b class=\"i\">rotations</b>",
        "recipes/quickstart.ssl:6:3",
        "A &lt;CPU&gt;",
        "54,000",
        "blake3:00ff",
    ] {
        assert!(html.contains(part), "missing {part}");
    }
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .map(|e| e.file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().ends_with(".part"))
    );
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let html = page(run_dir().path());
    assert!(!html.contains("<script"));
    let address = html
        .find("://")
        .map(|at| &html[at.saturating_sub(30)..at + 10]);
    assert_eq!(address, None);
    for attribute in ["src=\"", "href=\"", "url("] {
        for (at, _) in html.match_indices(attribute) {
            let target = &html[at + attribute.len()..];
            assert!(
                target.starts_with("data:") || target.starts_with('#'),
                "{}",
                &target[..20]
            );
        }
    }
}

#[test]
fn the_page_is_well_formed() {
    let html = page(run_dir().path());
    let mut open: Vec<&str> = Vec::new();
    let body = &html[html.find("<body>").unwrap()..];
    for part in body.split('<').skip(1) {
        let tag = part.split(['>', ' ', '\n']).next().unwrap();
        let tag_end = part.split('>').next().unwrap();
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "near {part}");
            if name == "body" {
                break;
            }
        } else if !tag_end.ends_with('/') && tag != "img" {
            open.push(tag);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn an_empty_run_still_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let html = page(folder.path());
    assert!(html.contains("</html>"));
    assert!(!html.contains("<section"));
}

#[test]
fn broken_files_are_named_and_the_rest_is_shown() {
    let folder = run_dir();
    fs::write(folder.path().join("results.json"), "[{\"stage\":").unwrap();
    fs::write(folder.path().join("run.json"), "7").unwrap();
    let html = page(folder.path());
    assert!(html.contains("results.json is not what it should be"));
    assert!(html.contains("run.json is not what it should be"));
    assert!(html.contains("id=\"curves\"") && !html.contains("id=\"results\""));
}

#[test]
fn the_same_run_gives_the_same_page() {
    let folder = run_dir();
    assert_eq!(page(folder.path()), page(folder.path()));
}

#[test]
fn no_folder_is_an_error_that_says_what_to_do() {
    let error = write(Path::new("no/such/run")).unwrap_err();
    assert!(
        error.to_string().contains("no/such/run")
            && error.to_string().contains("run the recipe first")
    );
}

/// Everything that a stranger can write into a run directory, as text that would act on a page or a terminal.
const HOSTILE: &str = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"alert(1)' x='\u{1b}]0;x\u{7}";

#[test]
fn what_a_stranger_wrote_is_text() {
    let folder = run_dir();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let text = serde_json::to_string(HOSTILE).unwrap();
    put(
        "recipe.ssl",
        &format!(
            "ssl 1\n/// {HOSTILE} `{HOSTILE}`\n/// - {HOSTILE}\npretext rotations = {HOSTILE}(\"{HOSTILE}\") // {HOSTILE}\n"
        ),
    );
    put(
        "run.json",
        &format!(
            r#"{{"pretext":{text},"recipe":{text},"seed":{text},"device":{text},"started":{text},{text}:{text},
                "data":{{{text}:{{"manifest":{text},"records":3}}}},
                "provenance":[{{"path":{text},"value":{text},"origin":{text},"place":{text}}}]}}"#
        ),
    );
    put(
        "results.json",
        &format!(
            r#"[{{"stage":{text},"evaluator":{text},"protocol":{text},"metric":{text},"value":0.5,"untrained":1e308,"raw":-1e308}}]"#
        ),
    );
    put(
        "stages/rotations/metrics.jsonl",
        &format!(
            "{{\"step\":1,\"epoch\":1,{text}:0.5,\"loss.{0}\":2}}\n{{\"step\":2,{text}:0.25}}\n",
            &text[1..text.len() - 1]
        ),
    );
    put(
        "stages/neighbours/embedding.json",
        &format!(
            r#"{{"points":[[0,0],[1,1]],"labels":[0,18446744073709551615],"classes":[{text}],"untrained":[[0,1],[1e38,-3e38]]}}"#
        ),
    );
    put(
        "stages/neighbours/spread.json",
        &format!(
            r#"{{"of":{text},"trained":[{{"name":{text},"count":3,"mean":1e308,"shares":[0.5,1e308,-1e308]}}],"untrained":[{{"shares":[]}}]}}"#
        ),
    );
    fs::create_dir(folder.path().join("stages/<script>alert(1)<").as_path()).unwrap();
    let html = page(folder.path());
    for raw in ["<script", "<img src=x", "onload=\"alert", "' x='"] {
        assert!(!html.contains(raw), "{raw} in the page");
    }
    assert!(html.contains("&lt;script"), "it is shown");
    // one style sheet, closed once
    assert_eq!(html.matches("</style").count(), 1);
}

/// Numbers of any size and any shape make a page, in time.
#[test]
fn odd_numbers_make_a_page() {
    let folder = run_dir();
    let mut lines = String::new();
    for (step, value) in [
        "0",
        "-0.0",
        "1e308",
        "-1e308",
        "1e-320",
        "null",
        "true",
        "\"x\"",
        "[]",
        "18446744073709551615",
        "1e99",
        "-1e99",
        "0.1",
    ]
    .iter()
    .enumerate()
    {
        lines += &format!(
            "{{\"step\":{step},\"epoch\":{value},\"loss\":{value},\"accuracy\":{value},\"rate\":{value},\"monitor.knn\":{value}}}\n"
        );
        lines += &format!("{{\"step\":{value},\"loss\":{step}}}\n");
    }
    // more names than anybody draws
    for name in 0..5000 {
        lines += &format!("{{\"step\":3,\"n{name}\":1}}\n");
    }
    fs::write(folder.path().join("stages/rotations/metrics.jsonl"), lines).unwrap();
    fs::write(
        folder.path().join("stages/rotations/timing.jsonl"),
        "{\"seconds\":1e308,\"rate\":1e308}\n{\"seconds\":-1,\"rate\":-5}\n{\"seconds\":1e308}\n",
    )
    .unwrap();
    let row = r#"{"stage":"a","evaluator":"knn","protocol":"","metric":"accuracy","value":1e308,"untrained":-1e308}"#;
    let rows = vec![row; 5000].join(",");
    fs::write(folder.path().join("results.json"), format!("[{rows}]")).unwrap();
    let html = page(folder.path());
    assert!(html.contains("results.json has 5000 entries; the first 1000 are shown"));
    assert!(html.contains("</html>"));
}

#[cfg(unix)]
#[test]
fn no_link_is_followed_and_nothing_is_waited_for() {
    use std::os::unix::fs::symlink;

    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    // each is what the file in its place should be
    fs::write(&secret, "\u{89}PNG secret").unwrap();
    let inside = [
        "recipe.ssl",
        "run.json",
        "results.json",
        "preview.png",
        "playing.png",
        "stages/rotations/metrics.jsonl",
        "stages/rotations/timing.jsonl",
        "stages/neighbours/embedding.json",
        "stages/neighbours/spread.json",
        "stages/neighbours/table.txt",
    ];
    for name in inside {
        for kind in 0..4 {
            let folder = run_dir();
            let path = folder.path().join(name);
            if path.exists() {
                fs::remove_file(&path).unwrap();
            }
            match kind {
                0 => symlink(&secret, &path).unwrap(),
                1 => symlink("/dev/zero", &path).unwrap(),
                2 => {
                    let made = std::process::Command::new("mkfifo").arg(&path).status();
                    assert!(made.unwrap().success());
                }
                _ => fs::File::create(&path).unwrap().set_len(1 << 40).unwrap(),
            }
            let html = page(folder.path());
            let shown = html.replace("&#x2f;", "/").replace("&#x27;", "'");
            assert!(
                shown.contains(&format!("{name} can't be read")),
                "{name} {kind}"
            );
            assert!(
                !html.contains("secret") && !html.contains(&super::base64::encode(b" secret")[..8])
            );
        }
    }
    // whole folders
    for name in ["stages", "stages/rotations"] {
        let folder = run_dir();
        let path = folder.path().join(name);
        fs::rename(&path, outside.path().join("moved")).unwrap();
        symlink(outside.path().join("moved"), &path).unwrap();
        assert!(!page(folder.path()).contains("loss of rotations"), "{name}");
        fs::remove_dir_all(outside.path().join("moved")).unwrap();
    }
    // and the page itself
    let folder = run_dir();
    symlink(&secret, folder.path().join("report.html")).unwrap();
    let refused = write(folder.path()).unwrap_err().to_string();
    assert!(
        refused.contains("remove it and write the report again"),
        "{refused}"
    );
    assert!(fs::read_to_string(&secret).unwrap().ends_with("secret"));
}

#[test]
fn lines_of_a_stage_are_text() {
    let folder = run_dir();
    let lines = "king  <b>queen</b>  0.7\n      \u{202e}man  0.5\n";
    fs::write(folder.path().join("stages/neighbours/table.txt"), lines).unwrap();
    let html = page(folder.path()).replace("&#x2f;", "/");
    let shown = "king  &lt;b&gt;queen&lt;/b&gt;  0.7\n      \\u{202e}man  0.5\n</pre>";
    assert!(html.contains(shown), "{html}");
    assert!(!page(run_dir().path()).contains("id=\"tables\""));
}

#[test]
fn many_reports_at_once_all_succeed() {
    let folder = run_dir();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let path = folder.path().to_owned();
            std::thread::spawn(move || (0..12).filter(|_| write(&path).is_ok()).count())
        })
        .collect();
    let done: usize = writers
        .into_iter()
        .map(|writer| writer.join().unwrap())
        .sum();
    assert_eq!(done, 96);
    let left = fs::read_dir(folder.path()).unwrap().flatten();
    assert!(
        left.map(|e| e.file_name())
            .all(|name| !name.to_string_lossy().ends_with(".part"))
    );
}

#[test]
fn what_other_settings_left_is_not_shown() {
    let folder = run_dir();
    let path = folder.path().join("stages/rotations~01234567");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("metrics.jsonl"), "{\"step\":1,\"loss\":1}\n").unwrap();
    assert!(!page(folder.path()).contains("01234567"));
}

/// Words are those of somebody's texts: none becomes markup, and right and wrong are told apart without colours.
#[test]
fn texts_that_were_filled_in_are_lines() {
    let folder = run_dir();
    let path = folder.path().join("stages/rotations/exhibits.json");
    let lines = r#"[[{"words":"a <script>alert(1)</script> &amp; b"},{"words":"<b>","filled":"<b>"},{"words":"sea","filled":"\"><img src=x>"}],
        [{"words":"c"},{"words":"reef","filled":""}]]"#;
    let exhibit = |lines: &str| {
        format!(
            r#"[{{"name":"filled","panels":["","",""],"data":"words.test","records":[3,8],"lines":{lines}}}]"#
        )
    };
    fs::write(&path, exhibit(lines)).unwrap();
    let html = page(folder.path()).replace("&#x2f;", "/");
    for part in [
        "<b>filled</b> 2 records of words.test",
        "<small>#3</small> a &lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; b",
        "<b class=\"right\">[&lt;b&gt; ✓]</b>",
        "<b class=\"wrong\">[sea ✗ &quot;&gt;&lt;img src=x&gt;]</b>",
        "<small>#8</small> c <b class=\"wrong\">[reef ✗]</b>",
        "✓ hidden and filled in",
    ] {
        assert!(html.contains(part), "{part} is not in the page:\n{html}");
    }
    assert!(!html.contains("<script>alert") && !html.contains("<img src=x"));
    // more than can be read is cut off
    let many = format!("[{}]", vec![r#"[{"words":"zebra"}]"#; 100].join(","));
    fs::write(&path, exhibit(&many)).unwrap();
    let html = page(folder.path());
    assert_eq!(html.matches("zebra").count(), 64);
    assert!(html.contains("has 100 entries"));
}
