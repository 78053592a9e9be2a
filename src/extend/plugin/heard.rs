//! What another process says, and how it ended.

use std::io::BufRead;
use std::process::ExitStatus;

/// Bytes of the longest line that another process may have.
const MAX_LINE: usize = 1 << 20;

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
    fn a_line_without_an_end_is_not_kept() {
        let long = "x".repeat(MAX_LINE + 10);
        let text = format!("{long}\nshort\nno end");
        let mut out = BufReader::new(text.as_bytes());
        assert!(next_line(&mut out).is_some_and(|line| line.len() <= MAX_LINE));
        assert_eq!(next_line(&mut out).as_deref(), Some(&b"short"[..]));
        assert_eq!(next_line(&mut out), None);
    }
}
