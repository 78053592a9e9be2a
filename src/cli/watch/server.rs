//! Serves the page on the loopback interface alone: to browsers of this machine, and to no page of somebody else's in them.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;

use super::page::page;
use crate::cli::Outcome;
use crate::cli::out::print;
use crate::report::{Progress, changed};

/// Bytes of a request's head.
const LONGEST: usize = 8 << 10;
/// How long a browser may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests at once.
const AT_ONCE: usize = 16;
/// Between two looks for a request.
const LOOK: Duration = Duration::from_millis(20);

struct Site {
    run: PathBuf,
    port: u16,
    nonce: String,
    /// The report as it was last made, with what its files were like.
    report: Mutex<Option<(String, Arc<str>)>>,
    open: AtomicUsize,
}

/// Serves until the process is ended.
pub(super) fn serve(run: &Path, port: u16) -> anyhow::Result<Outcome> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("can't listen at 127.0.0.1:{port}; `--port` names another"))?;
    listener.set_nonblocking(true)?;
    let mut random = [0; 16];
    let random_source = SystemRandom::new().fill(&mut random);
    random_source.map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    let site = Arc::new(Site {
        run: run.to_owned(),
        port: listener.local_addr()?.port(),
        nonce: random.iter().map(|byte| format!("{byte:02x}")).collect(),
        report: Mutex::default(),
        open: AtomicUsize::new(0),
    });
    print(&format!("http://127.0.0.1:{}/", site.port))?;
    say!("Ctrl-C ends it; the run goes on");
    loop {
        match listener.accept() {
            Ok((stream, _)) => answer(&site, stream),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(LOOK),
            // a browser that went away
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

/// Answers in a thread of its own: browsers open connections that they do not use.
fn answer(site: &Arc<Site>, stream: TcpStream) {
    if site.open.fetch_add(1, Ordering::SeqCst) >= AT_ONCE {
        site.open.fetch_sub(1, Ordering::SeqCst);
        return;
    }
    let own = site.clone();
    let begun = std::thread::Builder::new().spawn(move || {
        let _ = own.talk(stream);
        own.open.fetch_sub(1, Ordering::SeqCst);
    });
    if begun.is_err() {
        site.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What is sent back.
struct Reply {
    status: &'static str,
    kind: &'static str,
    body: String,
}

impl Reply {
    fn refused(status: &'static str) -> Self {
        Self {
            status,
            kind: "text/plain; charset=utf-8",
            body: format!("{status}\n"),
        }
    }
}

impl Site {
    fn talk(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let head = head(&mut stream)?;
        let (method, reply) = self.reply(&head);
        let body = match method {
            "HEAD" => "",
            _ => &reply.body,
        };
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'nonce-{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            self.nonce
        );
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Security-Policy: {policy}\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\r\n",
            reply.status,
            reply.kind,
            reply.body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())
    }

    /// What a request's head asks for.
    fn reply<'h>(&self, head: &'h str) -> (&'h str, Reply) {
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let hosts = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("host").then(|| value.trim())
        });
        let hosts: Vec<&str> = hosts.collect();
        // a page elsewhere that calls itself by a name for this machine sends that name
        let own = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.port));
        let reply = match hosts.as_slice() {
            [host] if own.iter().any(|name| name == host) => match (method, target) {
                ("GET" | "HEAD", "/") => self.page(),
                ("GET" | "HEAD", "/progress") => self.progress(),
                ("GET" | "HEAD", _) => Reply::refused("404 Not Found"),
                _ => Reply::refused("405 Method Not Allowed"),
            },
            _ => Reply::refused("403 Forbidden"),
        };
        (method, reply)
    }

    /// How far the run is, and a word that changes with its files.
    fn now(&self) -> Result<(Progress, String), String> {
        let progress = Progress::read(&self.run).map_err(|error| error.to_string())?;
        let version = changed(&self.run).map(|(time, bytes)| {
            let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH);
            format!("{}.{bytes}", since.map_or(0, |since| since.as_nanos()))
        });
        let version = version.unwrap_or_default();
        Ok((progress.clone(), format!("{version}.{}", progress.running)))
    }

    fn progress(&self) -> Reply {
        match self.now() {
            Ok((progress, version)) => Reply {
                status: "200 OK",
                kind: "application/json",
                body: json!({"line": progress.line(), "version": version, "progress": progress})
                    .to_string(),
            },
            Err(_) => Reply::refused("404 Not Found"),
        }
    }

    fn page(&self) -> Reply {
        let made = self.now().and_then(|(progress, version)| {
            let mut known = self.report.lock().unwrap_or_else(PoisonError::into_inner);
            let report = match known.as_ref() {
                Some((of, report)) if *of == version => report.clone(),
                _ => {
                    let report = crate::report::rendered(&self.run);
                    let report: Arc<str> = report.map_err(|error| error.to_string())?.into();
                    *known = Some((version.clone(), report.clone()));
                    report
                }
            };
            drop(known);
            Ok(page(&report, &progress, &version, &self.nonce))
        });
        match made {
            Ok(body) => Reply {
                status: "200 OK",
                kind: "text/html; charset=utf-8",
                body,
            },
            Err(_) => Reply::refused("404 Not Found"),
        }
    }
}

/// A request up to its blank line; what follows is not read.
fn head(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut block = [0; 1024];
    loop {
        let n = stream.read(&mut block)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend(&block[..n]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            bytes.truncate(end);
            return String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into());
        }
        if bytes.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}
