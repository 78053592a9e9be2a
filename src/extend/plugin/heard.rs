//! What another process says, and how it ended.

use std::io::{BufRead, Read, Write};
use std::process::ExitStatus;

use crate::language::visible;

/// Bytes of the longest line that another process may have.
const MAX_LINE: usize = 1 << 20;
/// Bytes of what a plugin prints that are shown.
const SHOWN: usize = 1 << 14;

/// The next line without its end; `None` at the end of the output. What a plugin writes without an end is not kept.
pub(super) fn next_line(out: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        let block = out.fill_buf().ok().filter(|block| !block.is_empty())?;
        let end = block.iter().position(|byte| *byte == b'\n');
        let part = &block[..end.unwrap_or(block.len())];
        if line.len() + part.len() <= MAX_LINE {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        out.consume(used);
        if end.is_some() {
            return Some(line);
        }
    }
}

/// Shows what a plugin prints, made safe, as far as somebody would read it; reads it to its end, or the plugin would wait.
pub(super) fn show(mut printed: impl Read, mut to: impl Write) {
    let mut block = [0; 4096];
    let mut left = SHOWN;
    loop {
        let n = match printed.read(&mut block) {
            Ok(0) => return,
            Ok(n) => n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        if left > 0 {
            let text = String::from_utf8_lossy(&block[..n.min(left)]);
            left -= n.min(left);
            let more = if left == 0 {
                "\n… a plugin prints more than is shown\n"
            } else {
                ""
            };
            // in one piece: the worker has the stream, too
            let _ = to.write_all(format!("{}{more}", visible(&text)).as_bytes());
        }
    }
}

/// How a process ended, in words.
pub(super) fn shown(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            let name = match signal {
                4 => "illegal instruction",
                6 => "aborted",
                7 => "bus error",
                8 => "arithmetic",
                11 => "memory that is not its own",
                _ => "by a signal",
            };
            return format!("signal {signal}, {name}");
        }
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "without an exit code".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn what_is_printed_is_made_safe_and_has_an_end() {
        let mut shown = Vec::new();
        show(&b"\x1b[2Jone\n\xfftwo\n"[..], &mut shown);
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            "\\u{1b}[2Jone\n\u{fffd}two\n"
        );
        let mut shown = Vec::new();
        show(&vec![b'x'; 10 * SHOWN][..], &mut shown);
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.ends_with("x\n… a plugin prints more than is shown\n"));
        assert!(shown.len() < SHOWN + 100);
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let long = "x".repeat(MAX_LINE + 10);
        let text = format!("{long}\nshort\nno end");
        let mut out = BufReader::new(text.as_bytes());
        assert!(next_line(&mut out).is_some_and(|line| line.len() <= MAX_LINE));
        assert_eq!(next_line(&mut out).as_deref(), Some(&b"short"[..]));
        assert_eq!(next_line(&mut out), None);
    }
}
