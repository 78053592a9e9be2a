//! Messages as bytes: a header with their length, then JSON.

use std::io::{self, BufRead, Read, Write};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use lsp_server::Message;
use serde_json::Value;

/// The largest message that is read.
const MOST: u64 = 64 << 20;
/// The longest line of a header.
const LINE: u64 = 8 << 10;

/// What came in.
#[derive(Debug)]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// Bytes that are no message: the code of the error, and why.
    Malformed(i32, String),
    /// Nothing comes any more.
    Ended,
}

/// Messages on standard input and output, each in a thread of its own. The third ends when everything was written.
pub fn stdio() -> (Receiver<Incoming>, Sender<Value>, JoinHandle<()>) {
    let (came, incoming) = unbounded();
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let next = read(&mut input);
            let ended = matches!(next, Incoming::Ended);
            if came.send(next).is_err() || ended {
                return;
            }
        }
    });
    // an editor that does not read is not written to without end
    let (outgoing, goes) = bounded::<Value>(1024);
    let writer = std::thread::spawn(move || {
        let mut output = io::stdout().lock();
        while let Ok(message) = goes.recv() {
            if write(&mut output, &message).is_err() {
                return;
            }
        }
    });
    (incoming, outgoing, writer)
}

/// The next message. Behind one that can't be read, the next one is looked for.
fn read(input: &mut dyn BufRead) -> Incoming {
    let length = match header(input) {
        Ok(Some(length)) => length,
        Ok(None) => return Incoming::Ended,
        Err(why) => return Incoming::Malformed(-32700, why),
    };
    let mut body = Vec::new();
    let read = input.take(length).read_to_end(&mut body);
    if read.is_err() || (body.len() as u64) < length {
        return Incoming::Ended;
    }
    let value: Value = match serde_json::from_slice(&body) {
        Ok(value) => value,
        Err(error) => return Incoming::Malformed(-32700, format!("no JSON: {error}")),
    };
    match serde_json::from_value(value) {
        Ok(message) => Incoming::Message(message),
        Err(_) => Incoming::Malformed(-32600, "neither a request nor a notification".into()),
    }
}

/// The length that a header says; `None` at the end.
fn header(input: &mut dyn BufRead) -> Result<Option<u64>, String> {
    let mut length = None;
    let mut said = 0;
    loop {
        let mut line = Vec::new();
        let read = input.take(LINE).read_until(b'\n', &mut line);
        if !read.is_ok_and(|read| read > 0) {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            match length {
                Some(length) => return Ok(Some(length)),
                // blank lines between messages
                None if said == 0 => continue,
                None => return Err("a header without Content-Length".into()),
            }
        }
        said += 1;
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            let value = value.trim().parse::<u64>();
            let Some(found) = value.ok().filter(|length| *length <= MOST) else {
                return Err(format!("a message has at most {MOST} bytes"));
            };
            length = Some(found);
        }
    }
}

fn write(output: &mut dyn Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n", body.len())?;
    output.write_all(body.as_bytes())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_what_is_no_message_the_next_one_is_read() {
        let good = r#"{"jsonrpc":"2.0","method":"exit"}"#;
        let framed = |body: &str| format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut bytes = String::new();
        bytes += &framed("{broken");
        bytes += &framed("[1, 2]");
        bytes += "Content-Type: x\r\n\r\n";
        bytes += "Content-Length: many\r\n\r\n";
        bytes += &framed(good).replace("Content-Length", "content-length");
        bytes += "Content-Length: 500\r\n\r\n{";
        let mut input = bytes.as_bytes();
        let mut codes = Vec::new();
        loop {
            match read(&mut input) {
                Incoming::Malformed(code, _) => codes.push(code),
                Incoming::Message(_) => codes.push(0),
                Incoming::Ended => break,
            }
        }
        assert_eq!(codes, [-32700, -32600, -32700, -32700, 0]);
    }
}
