//! A vocabulary as a list: a piece a line, its number that of the line from 0, as BERT's `vocab.txt`.

use std::collections::HashMap;

use super::entries::MOST;
use super::file;
use super::{SPECIAL, Spelling};

/// The `tokenizer.json` of the vocabulary that a list says. The list itself does not say how letters are made alike.
///
/// # Errors
/// It is none: what is wrong, and in which line.
pub(super) fn read(bytes: &[u8], spelling: Spelling) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("it is no UTF-8: byte {}", error.valid_up_to()))?;
    let mut tokens = Vec::new();
    let mut lines: HashMap<&str, usize> = HashMap::new();
    for (line, token) in (1..).zip(text.lines()) {
        if line > MOST {
            return Err(format!("it has more than {MOST} pieces"));
        }
        if token.is_empty() {
            return Err(format!("line {line} of it is empty"));
        }
        if let Some(first) = lines.insert(token, line) {
            return Err(format!("lines {first} and {line} of it are the same"));
        }
        tokens.push(token.to_owned());
    }
    match SPECIAL.iter().find(|special| !lines.contains_key(*special)) {
        Some(special) => Err(format!("no line of it is {special}")),
        None => Ok(file::write(&tokens, spelling)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::Pieces;
    use super::*;

    /// Against the Python package: `tests/fixtures/words/listed.py`.
    #[test]
    fn ids_are_the_lines_of_the_list() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/words/listed.json"
        );
        let fixture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let lines: Vec<String> = serde_json::from_value(fixture["lines"].clone()).unwrap();
        for case in fixture["cases"].as_array().unwrap() {
            let spelling = Spelling {
                lowercase: case["lowercase"].as_bool().unwrap(),
                strip_accents: case["strip_accents"].as_bool().unwrap(),
            };
            let list = case["list"].as_str().unwrap();
            for list in [list.to_owned(), list.replace('\n', "\r\n")] {
                let pieces =
                    Pieces::open(&Pieces::listed(list.as_bytes(), spelling).unwrap()).unwrap();
                assert_eq!(pieces.spelling(), spelling);
                assert_eq!(pieces.special().all(), [0, 3, 4, 5, 6]);
                for (line, ids) in lines.iter().zip(case["ids"].as_array().unwrap()) {
                    let ids: Vec<u32> = serde_json::from_value(ids.clone()).unwrap();
                    let found = pieces.encode(line).unwrap();
                    assert_eq!(pieces.enclosed(&found), ids, "{line:?}");
                }
            }
        }
    }

    #[test]
    fn lists_that_are_none_are_refused_by_line() {
        let good = format!("{}\nword\n", SPECIAL.join("\n"));
        assert!(read(good.as_bytes(), Spelling::default()).is_ok());
        for (list, what) in [
            (good.replace("word", ""), "line 6 of it is empty"),
            (format!("{good}[UNK]\n"), "lines 2 and 7 of it are the same"),
            (good.replace("[MASK]", "mask"), "no line of it is [MASK]"),
        ] {
            let error = read(list.as_bytes(), Spelling::default()).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
        let error = read(b"[PAD]\n\xff", Spelling::default()).unwrap_err();
        assert!(error.contains("no UTF-8: byte 6"), "{error}");
        // padding is piece 0 in every vocabulary
        let turned = good.replace("[PAD]\n[UNK]", "[UNK]\n[PAD]");
        let file = read(turned.as_bytes(), Spelling::default()).unwrap();
        let error = Pieces::open(&file).unwrap_err();
        assert!(error.message.contains("[PAD] is piece 1"), "{error:?}");
    }
}
