//! A run that somebody looks at: `watch`, and the event files of `--log tensorboard`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::Test;

const RECIPE: &str = "ssl 1

dataset figures = shapes(train = 64, valid = 16, test = 16)

pretext turns = rotation() {
  data    = figures.train
  encoder = small_cnn(width = 4)
  batch   = 16
  length  = 12 steps
}

evaluate near = knn(k = 3) { from = turns, data = figures.train, test = figures.test }
";

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return number;
        }
    }
}

/// Fields of a message in protocol buffers: number, plain value, bytes.
fn fields(bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        let key = varint(bytes, &mut at);
        let length = match key & 7 {
            0 => 0,
            1 => 8,
            2 => varint(bytes, &mut at) as usize,
            5 => 4,
            kind => panic!("kind {kind}"),
        };
        let plain = if key & 7 == 0 {
            varint(bytes, &mut at)
        } else {
            0
        };
        found.push((key >> 3, plain, &bytes[at..at + length]));
        at += length;
    }
    found
}

/// Step, tag and number of what an event file holds; no number of a picture.
fn events(bytes: &[u8]) -> Vec<(u64, String, Option<f32>)> {
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
        let event = &bytes[at + 12..at + 12 + length];
        at += 16 + length;
        let event = fields(event);
        let step = event
            .iter()
            .find(|(field, ..)| *field == 2)
            .map_or(0, |(_, step, _)| *step);
        for (_, _, summary) in event.iter().filter(|(field, ..)| *field == 5) {
            let value = fields(fields(summary)[0].2);
            let tag = String::from_utf8(value[0].2.to_vec()).unwrap();
            let number =
                (value[1].0 == 2).then(|| f32::from_le_bytes(value[1].2.try_into().unwrap()));
            found.push((step, tag, number));
        }
    }
    found
}

#[test]
fn a_run_leaves_event_files_that_say_what_its_metrics_say() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    test.run(&["run", "recipe.ssl", "-q", "--log", "tensorboard"])
        .success();
    let file = |stage: &str| {
        let folder = test.path(&format!("runs/recipe/tensorboard/{stage}"));
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .collect();
        assert_eq!(names.len(), 1);
        let name = names.remove(0);
        assert!(
            name.file_name()
                .to_string_lossy()
                .starts_with("events.out.tfevents.")
        );
        events(&std::fs::read(name.path()).unwrap())
    };
    let turns = file("turns");
    let metrics = test.text("runs/recipe/stages/turns/metrics.jsonl");
    let mut losses = 0;
    for line in metrics.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(loss) = line["loss"].as_f64() else {
            continue;
        };
        let event = (
            line["step"].as_u64().unwrap(),
            "loss".to_owned(),
            Some(loss as f32),
        );
        assert!(turns.contains(&event), "{event:?}\n{turns:?}");
        losses += 1;
    }
    assert!(losses > 0);
    assert!(
        turns
            .iter()
            .any(|(_, tag, number)| tag == "views" && number.is_none()),
        "{turns:?}"
    );
    let rows = test.json("runs/recipe/results.json");
    let trained = rows[0]["value"].as_f64().unwrap() as f32;
    let near = file("near");
    assert!(
        near.contains(&(0, "result/accuracy/trained".to_owned(), Some(trained))),
        "{near:?}"
    );
    // run again, nothing stands there twice
    test.run(&["run", "recipe.ssl", "-q", "--log", "tensorboard"])
        .success();
    assert_eq!(file("turns").len(), turns.len());
    test.run(&["run", "recipe.ssl", "--log", "wandb"]).code(2);
}

#[test]
fn a_run_is_told_as_text() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    test.run(&["watch", "runs/recipe", "--text"])
        .code(3)
        .says("no run directory at");
    test.run(&["run", "recipe.ssl", "-q"]).success();
    test.run(&["watch", "runs/recipe", "--text"])
        .success()
        .prints("recipe: finished, 2 stages")
        .prints("turns  pretext rotation · done · loss")
        .prints("accuracy");
    let json = test
        .run(&["watch", "runs/recipe", "--text", "--once", "--json"])
        .success()
        .json();
    assert_eq!(json["running"], false);
    assert_eq!(json["stages"][0]["steps"], 12);
    // what another process holds is running
    let lock = std::fs::File::options()
        .write(true)
        .open(test.path("runs/recipe/lock"))
        .unwrap();
    lock.lock().unwrap();
    std::fs::remove_file(test.path("runs/recipe/stages/turns/done")).unwrap();
    test.run(&["watch", "runs/recipe", "--text", "--once"])
        .success()
        .prints("running, 12 of 12, stage 1 of 2");
}

/// A server, and the port that it says.
struct Server(Child, u16);

impl Server {
    fn start(test: &Test, run: &str) -> Self {
        let mut child = test
            .command(&["watch", run])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line
            .trim()
            .trim_end_matches('/')
            .rsplit(':')
            .next()
            .unwrap();
        assert!(line.starts_with("http://127.0.0.1:"), "{line}");
        Self(child, port.parse().unwrap())
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.1)).unwrap();
        let mut answer = String::new();
        // one that is dropped may end in the middle of either
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    fn get(&self, target: &str) -> String {
        self.ask(&format!(
            "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
            self.1
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_run_is_served_on_loopback_and_to_nobody_else() {
    let test = Test::new().file("recipe.ssl", RECIPE);
    test.run(&["run", "recipe.ssl", "-q"]).success();
    let server = Server::start(&test, "runs/recipe");
    let page = server.get("/");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("finished, 2 stages") && page.contains("<section id=\"results\">"));
    let policy = page
        .lines()
        .find(|line| line.starts_with("Content-Security-Policy"))
        .unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("script-src 'unsafe"),
        "{policy}"
    );
    // the page asks no other machine
    for line in page
        .lines()
        .filter(|line| line.contains("src=") || line.contains("<link"))
    {
        assert!(
            !line.contains("src=\"http") && !line.contains("href=\"http"),
            "{line}"
        );
    }
    let progress = server.get("/progress");
    let body = progress.split("\r\n\r\n").nth(1).unwrap();
    let before: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(before["line"], "finished, 2 stages");
    // a file that changes is seen
    std::fs::remove_file(test.path("runs/recipe/stages/near/done")).unwrap();
    let progress = server.get("/progress");
    let after: serde_json::Value =
        serde_json::from_str(progress.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(after["line"], "stopped, stage 2 of 2");
    assert_ne!(before["version"], after["version"]);
    for (request, status) in [
        (
            "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
            "403",
        ),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "403"),
        (
            format!(
                "GET /../run.json HTTP/1.1\r\nHost: localhost:{}\r\n\r\n",
                server.1
            ),
            "404",
        ),
        (
            format!("POST / HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", server.1),
            "405",
        ),
    ] {
        assert!(
            server
                .ask(&request)
                .starts_with(&format!("HTTP/1.1 {status}")),
            "{request}"
        );
    }
    let head = server.ask(&format!(
        "HEAD / HTTP/1.1\r\nHost: localhost:{}\r\n\r\n",
        server.1
    ));
    assert!(
        head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    // what is no request, or has no end, is dropped
    assert_eq!(server.ask(&"x".repeat(20_000)), "");
    assert!(server.get("/").contains("200 OK"));
}
