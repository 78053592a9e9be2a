//! From bytes to text.

use std::path::Path;

use super::codes::Code;
use super::parse::{MAX_BYTES, too_large};
use super::{Diagnostic, FileId, Sources, Span};

/// Turns the bytes of a recipe into a source file. Without an id the diagnostics say why; they can be rendered with the
/// sources either way.
pub fn decode(path: &Path, bytes: &[u8]) -> (Sources, Option<FileId>, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    if bytes.len() > MAX_BYTES {
        let file = sources.add(path, "");
        return (sources, None, vec![too_large(file, bytes.len())]);
    }
    if let Some(name) = wide(bytes) {
        let file = sources.add(path, String::from_utf8_lossy(bytes));
        let span = Span::new(file, 0, 0);
        let message = format!("the recipe is {name}, not UTF-8");
        let diagnostic = Diagnostic::error(Code::Encoding, span, message)
            .help("save the file as UTF-8: `iconv -f UTF-16 -t UTF-8 OLD.ssl > NEW.ssl`");
        return (sources, None, vec![diagnostic]);
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => {
            let file = sources.add(path, text);
            return (sources, Some(file), Vec::new());
        }
        Err(error) => error,
    };
    let start = error.valid_up_to();
    let shown: Vec<String> = bytes[start..]
        .iter()
        .take(error.error_len().unwrap_or(1))
        .map(|byte| format!("0x{byte:02x}"))
        .collect();
    // every bad sequence becomes one replacement character, so that places before it stay
    let file = sources.add(path, String::from_utf8_lossy(bytes));
    let span = Span::new(file, start, start + '\u{fffd}'.len_utf8());
    let message = format!(
        "the recipe is not UTF-8: byte {start} is {}",
        shown.join(" ")
    );
    let diagnostic = Diagnostic::error(Code::Encoding, span, message)
        .help("save the file as UTF-8, or check that it is the file you meant");
    (sources, None, vec![diagnostic])
}

/// The encoding with more than one byte for each letter that a text begins in.
fn wide(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some("UTF-16"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_named() {
        let little: Vec<u8> = "ssl 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "ssl 1".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [&[0xff, 0xfe], little.as_slice()].concat();
        for bytes in [little, big, marked] {
            let (_, file, diagnostics) = decode(Path::new("a.ssl"), &bytes);
            assert_eq!(file, None);
            assert_eq!(diagnostics[0].code, Code::Encoding);
            assert!(diagnostics[0].message.contains("UTF-16"));
        }
    }

    #[test]
    fn invalid_bytes_are_located() {
        let (sources, file, diagnostics) = decode(Path::new("a.ssl"), b"ssl 1\n// caf\xe9\n");
        assert_eq!(file, None);
        assert_eq!(diagnostics[0].code, Code::Encoding);
        assert!(
            diagnostics[0].message.contains("byte 12 is 0xe9"),
            "{}",
            diagnostics[0].message
        );
        assert_eq!(sources.line_column(diagnostics[0].primary.span), (2, 7));
    }

    #[test]
    fn large_files_are_refused_whatever_they_hold() {
        for byte in [b'a', 0xff] {
            let (_, file, diagnostics) = decode(Path::new("a.ssl"), &vec![byte; 10 << 20]);
            assert_eq!(file, None);
            assert_eq!(diagnostics[0].code, Code::TooLarge);
        }
    }
}
