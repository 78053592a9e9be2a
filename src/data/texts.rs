//! A document's bytes as text. What is refused is refused with a reason; what can be read of it all the same is [`mend`]'s.

use std::sync::Arc;

/// Bytes of the longest document.
pub(super) const MOST: usize = 16 << 20;

/// The byte order mark, as UTF-8 has it.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The order of bytes in UTF-16, where a text starts with its mark.
fn utf16(bytes: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match bytes {
        // UTF-32 starts alike, and is none
        [0xff, 0xfe, 0, 0, ..] => None,
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

/// Whether a file starts as UTF-16 does, and what to say of it.
pub(super) fn is_utf16(start: &[u8]) -> Option<&'static str> {
    utf16(start).map(|_| "it is text in UTF-16, not UTF-8: write it again as UTF-8")
}

/// Without the mark of UTF-8, where it starts with one.
pub(super) fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes)
}

/// A document.
///
/// # Errors
/// It is no UTF-8, empty, or too long: what is wrong, without its name.
pub(super) fn read(bytes: Vec<u8>) -> Result<Arc<str>, String> {
    if let Some(what) = is_utf16(&bytes) {
        return Err(what.into());
    }
    if bytes.len() > MOST {
        return Err(format!(
            "it has {:.1} MB, and a document has at most {} MiB: split it; `on_bad_sample = repair` takes its beginning",
            bytes.len() as f64 / 1e6,
            MOST >> 20
        ));
    }
    let body = unmarked(&bytes);
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        let line = body[..at].iter().filter(|b| **b == b'\n').count() + 1;
        format!(
            "it is no UTF-8: byte {at} ({:#04x}), in its line {line}; write it again as UTF-8, or `on_bad_sample = repair` puts � there",
            body[at]
        )
    })?;
    if let Some(at) = text.bytes().position(|b| b == 0) {
        return Err(format!("byte {at} is zero: it is no text"));
    }
    whole(text)
}

/// What there is of a document: its beginning where it is too long, � for what is no text.
///
/// # Errors
/// It is empty.
pub(super) fn mend(bytes: Vec<u8>) -> Result<Arc<str>, String> {
    let bytes = &bytes[..bytes.len().min(MOST)];
    let text = match utf16(bytes) {
        Some(order) => {
            let units = bytes[2..]
                .chunks_exact(2)
                .map(|two| order([two[0], two[1]]));
            char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        None => String::from_utf8_lossy(unmarked(bytes)).into_owned(),
    };
    whole(&text.replace('\0', "�"))
}

fn whole(text: &str) -> Result<Arc<str>, String> {
    match text.trim().is_empty() {
        true => Err("it is empty".into()),
        false => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_taken_as_it_is() {
        for (bytes, text) in [
            (&b"plain\r\n\ttext "[..], "plain\r\n\ttext "),
            ("Grüße 東京 🐈".as_bytes(), "Grüße 東京 🐈"),
            (b"\xef\xbb\xbfmarked", "marked"),
        ] {
            assert_eq!(&*read(bytes.to_vec()).unwrap(), text);
            assert_eq!(&*mend(bytes.to_vec()).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_text_is_named_and_mended() {
        let utf16 = |mark: [u8; 2], order: fn(u16) -> [u8; 2]| {
            let units = "né🐈".encode_utf16().flat_map(order);
            mark.into_iter().chain(units).collect::<Vec<u8>>()
        };
        let long = vec![b'a'; MOST + 1];
        let start = "a".repeat(MOST);
        for (bytes, what, mended) in [
            (
                b"caf\xe9\nx".to_vec(),
                "byte 3 (0xe9), in its line 1",
                "caf�\nx",
            ),
            (b"a\nb\n\xff".to_vec(), "in its line 3", "a\nb\n�"),
            (utf16([0xff, 0xfe], u16::to_le_bytes), "UTF-16", "né🐈"),
            (utf16([0xfe, 0xff], u16::to_be_bytes), "UTF-16", "né🐈"),
            (b"a\0b".to_vec(), "byte 1 is zero", "a�b"),
            (long, "16.8 MB, and a document has at most 16 MiB", &start),
        ] {
            let error = read(bytes.clone()).unwrap_err();
            assert!(error.contains(what), "{error}");
            assert_eq!(&*mend(bytes).unwrap(), mended);
        }
        // a character that the end would cut is marked, not lost in silence
        let mut cut = vec![b'a'; MOST - 1];
        cut.extend("é".as_bytes());
        assert!(mend(cut).unwrap().ends_with("a�"));
        for empty in [&b""[..], b" \n\t", b"\xef\xbb\xbf", b"\xff\xfe"] {
            assert_eq!(mend(empty.to_vec()).unwrap_err(), "it is empty");
        }
        assert_eq!(read(b" \n".to_vec()).unwrap_err(), "it is empty");
    }
}
