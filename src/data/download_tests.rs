//! Downloads against a server in a thread of the test.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::*;

/// What the server does with one connection.
#[derive(Clone, Copy)]
enum Answer {
    /// Serves the file, from `Range` where one is asked for.
    Serve,
    /// The same, but hangs up after this many bytes of the body.
    Break(usize),
    /// Serves the whole file whatever is asked for.
    Whole,
    /// This status, no body.
    Status(u16),
}

struct Server {
    url: String,
    /// `Range` header of each request so far.
    ranges: Arc<Mutex<Vec<Option<u64>>>>,
}

fn answer(mut stream: TcpStream, body: &[u8], how: Answer, ranges: &Mutex<Vec<Option<u64>>>) {
    let mut range = None;
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("range: bytes=") {
            range = value.trim_end_matches('-').parse().ok();
        }
        if line.is_empty() {
            break;
        }
    }
    ranges.lock().unwrap().push(range);
    let from = match how {
        Answer::Status(status) => {
            let _ = write!(
                stream,
                "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            return;
        }
        Answer::Whole => 0,
        Answer::Serve | Answer::Break(_) => range.unwrap_or(0) as usize,
    };
    let rest = &body[from..];
    let head = if from > 0 {
        let (last, all) = (body.len() - 1, body.len());
        format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{last}/{all}\r\n")
    } else {
        "HTTP/1.1 200 OK\r\n".to_owned()
    };
    let _ = write!(
        stream,
        "{head}Content-Length: {}\r\nConnection: close\r\n\r\n",
        rest.len()
    );
    let sent = match how {
        Answer::Break(n) => &rest[..n],
        _ => rest,
    };
    let _ = stream.write_all(sent);
}

/// Serves `body`, one answer per connection.
fn serve(body: &[u8], answers: &[Answer]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/data.gz", listener.local_addr().unwrap());
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let (body, mut answers, seen) = (
        body.to_vec(),
        answers.iter().copied().collect::<VecDeque<_>>(),
        ranges.clone(),
    );
    std::thread::spawn(move || {
        while let Some(how) = answers.pop_front() {
            let (stream, _) = listener.accept().unwrap();
            answer(stream, &body, how, &seen);
        }
    });
    Server { url, ranges }
}

fn body() -> Vec<u8> {
    (0..200_000u32).map(|i| (i * 7 + i / 251) as u8).collect()
}

/// Of `body()`, by Python's hashlib.
const SUM: &str = "e870fec3223bac8f6147b08b31e6e6e4bb9abd783820bcd212b7737af6a02174";

fn remote(server: &Server) -> RemoteFile {
    RemoteFile {
        url: server.url.clone(),
        name: "data.gz".into(),
        bytes: 200_000,
        sha256: SUM.into(),
    }
}

const HASTY: Patience = Patience {
    attempts: 3,
    pause: Duration::from_millis(1),
    silence: Duration::from_secs(5),
};

#[derive(Default)]
struct Log(Mutex<Vec<u64>>);

impl Progress for Log {
    fn report(&self, file: &str, done: u64, total: u64) {
        assert_eq!((file, total), ("data.gz", 200_000));
        self.0.lock().unwrap().push(done);
    }
}

fn part(folder: &Path) -> PathBuf {
    folder.join("data.gz.part")
}

#[test]
fn a_file_arrives_whole_with_progress() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&body(), &[Answer::Serve]);
    let log = Log::default();
    let path = remote(&server).fetch(folder.path(), HASTY, &log).unwrap();
    assert_eq!(fs::read(path).unwrap(), body());
    assert!(!part(folder.path()).exists());
    let log = log.0.into_inner().unwrap();
    assert_eq!((log[0], log[log.len() - 1]), (0, 200_000));
    assert!(log.windows(2).all(|pair| pair[0] <= pair[1]));
    // a second time nothing is asked for: the server would not answer
    remote(&server)
        .fetch(folder.path(), HASTY, &super::super::Silent)
        .unwrap();
}

#[test]
fn a_broken_connection_is_resumed_where_it_broke() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(
        &body(),
        &[Answer::Break(50_000), Answer::Break(20_000), Answer::Serve],
    );
    let path = remote(&server)
        .fetch(folder.path(), HASTY, &Log::default())
        .unwrap();
    assert_eq!(fs::read(path).unwrap(), body());
    assert_eq!(
        *server.ranges.lock().unwrap(),
        [None, Some(50_000), Some(70_000)]
    );
}

#[test]
fn a_later_process_resumes_what_an_earlier_one_left() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(part(folder.path()), &body()[..123_456]).unwrap();
    let server = serve(&body(), &[Answer::Serve]);
    let path = remote(&server)
        .fetch(folder.path(), HASTY, &Log::default())
        .unwrap();
    assert_eq!(fs::read(path).unwrap(), body());
    assert_eq!(*server.ranges.lock().unwrap(), [Some(123_456)]);
}

#[test]
fn a_server_that_ignores_ranges_starts_over() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&body(), &[Answer::Break(50_000), Answer::Whole]);
    let path = remote(&server)
        .fetch(folder.path(), HASTY, &Log::default())
        .unwrap();
    assert_eq!(fs::read(path).unwrap(), body());
}

#[test]
fn a_wrong_checksum_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = body();
    other[100_000] ^= 1;
    let server = serve(&other, &[Answer::Serve]);
    let error = remote(&server)
        .fetch(folder.path(), HASTY, &Log::default())
        .unwrap_err();
    assert!(error.message.contains(SUM), "{error}");
    assert!(!folder.path().join("data.gz").exists());
    assert_eq!(fs::metadata(part(folder.path())).unwrap().len(), 0);
}

#[test]
fn a_stale_part_is_dropped_and_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(part(folder.path()), [9u8; 1000]).unwrap();
    let server = serve(&body(), &[Answer::Serve, Answer::Serve]);
    let path = remote(&server)
        .fetch(folder.path(), HASTY, &Log::default())
        .unwrap();
    assert_eq!(fs::read(path).unwrap(), body());
    assert_eq!(*server.ranges.lock().unwrap(), [Some(1000), None]);
}

#[test]
fn not_found_is_final_and_names_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&body(), &[Answer::Status(404)]);
    let error = remote(&server)
        .fetch(folder.path(), HASTY, &Log::default())
        .unwrap_err();
    assert!(
        error.message.contains("404") && error.message.contains(&server.url),
        "{error}"
    );
    assert_eq!(server.ranges.lock().unwrap().len(), 1);
}

#[test]
fn a_busy_server_is_asked_again_but_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&body(), &[Answer::Status(503), Answer::Serve]);
    remote(&server)
        .fetch(folder.path(), HASTY, &Log::default())
        .unwrap();

    let folder = tempfile::tempdir().unwrap();
    let server = serve(&body(), &[Answer::Status(503); 3]);
    let error = remote(&server)
        .fetch(folder.path(), HASTY, &Log::default())
        .unwrap_err();
    assert!(error.message.contains("503"), "{error}");
}

#[test]
fn a_server_that_sends_too_much_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut long = body();
    long.push(0);
    let server = serve(&long, &[Answer::Serve]);
    let error = remote(&server)
        .fetch(folder.path(), HASTY, &Log::default())
        .unwrap_err();
    assert!(
        error.message.contains("more than the 200000 bytes"),
        "{error}"
    );
}
