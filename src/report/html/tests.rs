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
            .any(|name| name.to_string_lossy().contains("partial"))
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
