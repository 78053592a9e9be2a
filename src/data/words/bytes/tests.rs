use std::sync::Arc;

use serde_json::{Value, json};

use super::super::Pieces;
use super::*;

fn fixture() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/words/byte_pairs.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

fn numbers(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

fn fit(texts: &[impl AsRef<str>], size: usize) -> Result<(Vec<u8>, usize), DataError> {
    let mut texts = texts.iter().map(|text| Ok(Arc::from(text.as_ref())));
    Pieces::fit_bytes(&mut texts, size)
}

/// The lines of `many` in the fixture's script.
fn many(texts: &[String]) -> impl Iterator<Item = String> {
    let parts: Vec<String> = texts
        .iter()
        .flat_map(|text| text.split(' '))
        .map(str::to_owned)
        .collect();
    let mut state = 7_u64;
    (0..10_000).map(move |_| {
        let mut line = String::new();
        for _ in 0..12 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let draw = (state >> 33) as usize;
            line += &parts[draw % parts.len()];
            line += ["", " ", " ", "  ", "\n", "'s "][draw / 1000 % 6];
        }
        line
    })
}

/// Against a trainer that counts all pairs anew before each join, the package's trainer, and its ids: `tests/fixtures/words/byte_pairs.py`.
#[test]
fn pieces_and_ids_are_those_of_others() {
    let fixture = fixture();
    let (texts, lines) = (strings(&fixture["texts"]), strings(&fixture["lines"]));
    for case in fixture["cases"].as_array().unwrap() {
        let size = case["size"].as_u64().unwrap() as usize;
        let (bytes, found) = fit(&texts, size).unwrap();
        let pieces = Pieces::open(&bytes).unwrap();
        let tokens = strings(&case["tokens"]);
        let own: Vec<&str> = (0..found as u32)
            .map(|id| pieces.token(id).unwrap())
            .collect();
        assert_eq!(own, tokens, "{size}");
        for (line, ids) in lines.iter().zip(case["ids"].as_array().unwrap()) {
            let own = pieces.encode(line).unwrap();
            assert_eq!(own, numbers(ids), "{line:?}");
            assert_eq!(pieces.line(&own), line.trim(), "{line:?}");
        }
        let first = pieces.encode(&lines[0]).unwrap();
        assert_eq!(pieces.enclosed(&first), numbers(&case["enclosed"]));
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        for line in many(&texts) {
            for id in pieces.encode(&line).unwrap().into_iter().chain([u32::MAX]) {
                for byte in id.to_le_bytes() {
                    sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
                }
            }
        }
        assert_eq!(format!("{sum:016x}"), case["sum"].as_str().unwrap());
        // the file that the package itself writes, value for value; as older ones write merges, too
        let mut file = case["file"].clone();
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), file);
        for merge in file["model"]["merges"].as_array_mut().unwrap() {
            *merge = json!(strings(merge).join(" "));
        }
        let older = Pieces::open(file.to_string().as_bytes()).unwrap();
        for line in &lines {
            assert_eq!(older.encode(line).unwrap(), pieces.encode(line).unwrap());
        }
    }
}

#[test]
fn a_line_is_the_text_and_what_goes_on_with_a_word_is_known() {
    let (bytes, _) = fit(&["the keeper keeps the keys of the keep"], 300).unwrap();
    let pieces = Pieces::open(&bytes).unwrap();
    assert_eq!(pieces.special().all(), [0, 1, 2, 3, 4]);
    assert_eq!((pieces.learnt_by(), pieces.whole()), ("bpe", false));
    let ids = pieces.encode("the keep's größte 🐈").unwrap();
    assert_eq!(pieces.line(&ids), "the keep's größte 🐈");
    let keep = pieces.id("Ġkeep").unwrap();
    assert_eq!(pieces.encode(" keep").unwrap(), [keep]);
    let mask = pieces.special().mask().unwrap();
    assert_eq!(
        pieces.line(&[2, keep, mask, keep, 3, 0, 0]),
        "[CLS] keep [MASK] keep [SEP]"
    );
    // half of a letter is shown as what is none
    let half = pieces.id("Ã").unwrap();
    assert_eq!(pieces.line(&[half]), "�");
    assert_eq!(pieces.line(&[keep, 99_999]), "keep?");
    let goes = |token: &str| pieces.goes_on(pieces.id(token).unwrap());
    assert!(goes("e") && goes("7") && goes("Ã") && goes("¶"));
    assert!(!goes("Ġkeep") && !goes("Ġ") && !goes("Ċ") && !goes("'") && !goes("[MASK]"));
    assert!(!pieces.goes_on(99_999));
    // a text that spells a piece that stands for no word is a text
    assert!(
        pieces
            .encode("[MASK] [PAD]")
            .unwrap()
            .iter()
            .all(|id| *id > 4)
    );
}

#[test]
fn bytes_are_equal_whatever_the_order_and_the_threads() {
    let texts: Vec<String> = many(&strings(&fixture()["texts"])).take(600).collect();
    let (first, found) = fit(&texts, 700).unwrap();
    assert_eq!(found, 700);
    let turned: Vec<&String> = texts.iter().rev().collect();
    for threads in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        for _ in 0..3 {
            assert!(
                pool.install(|| fit(&texts, 700)).unwrap().0 == first,
                "{threads} threads"
            );
            assert!(
                pool.install(|| fit(&turned, 700)).unwrap().0 == first,
                "{threads} threads"
            );
        }
    }
}

#[test]
fn few_words_give_few_pieces_and_none_an_error() {
    // `to` and ` be` are there once, so nothing is joined
    assert_eq!(fit(&["to be"], 8000).unwrap().1, 261);
    let error = |texts: &[&str], size| fit(texts, size).unwrap_err().message;
    assert!(error(&[], 300).contains("hold no word"));
    assert!(error(&[""], 300).contains("hold no word"));
    assert!(error(&["a word"], 260).contains("`size = 261` or more"));
    // what is not learnt from is cut all the same
    let (bytes, found) = fit(&["a b".to_owned(), "ab".repeat(5_000)], 300).unwrap();
    assert_eq!(found, 261);
    let long = Pieces::open(&bytes).unwrap().encode(&"ab".repeat(50_000));
    assert_eq!(long.unwrap().len(), 100_000);
}

#[test]
fn files_of_other_rules_are_refused() {
    let (bytes, _) = fit(&["the keeper keeps the keys"], 280).unwrap();
    let good: Value = serde_json::from_slice(&bytes).unwrap();
    let with = |path: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(path).unwrap() = value;
        Pieces::open(changed.to_string().as_bytes())
    };
    for (path, value, what) in [
        (
            "/normalizer",
            json!({"type": "NFC"}),
            "its normaliser is NFC",
        ),
        ("/pre_tokenizer", Value::Null, "no pre-tokeniser"),
        (
            "/pre_tokenizer/type",
            json!("Metaspace"),
            "its pre-tokeniser is Metaspace",
        ),
        (
            "/pre_tokenizer/use_regex",
            json!(false),
            "not ByteLevel with GPT-2's rules",
        ),
        ("/model/dropout", json!(0.1), "has `dropout`"),
        ("/model/byte_fallback", json!(true), "has `byte_fallback`"),
        (
            "/model/end_of_word_suffix",
            json!("</w>"),
            "has `end_of_word_suffix`",
        ),
        ("/model/merges/0", json!("nospace"), "its merge 0"),
        ("/model/merges/0", json!(["zz", "q"]), "its merge 0"),
        ("/model/merges/0", json!(["z", "q"]), "its merge 0"),
        ("/model/merges/0", json!(7), "did not match"),
        ("/model/vocab/a", json!(5), "are both piece 5"),
        ("/model/vocab/a", json!(99_999), "but there are"),
        ("/added_tokens/0/id", json!(3), "`[PAD]` is added"),
        ("/model/vocab", json!({"a": 0}), "added to the vocabulary"),
    ] {
        let error = with(path, value).unwrap_err().message;
        assert!(error.contains(what), "{path}: {error}");
    }
    // one of RoBERTa's kind: its padding is another piece
    let text = String::from_utf8(bytes.clone()).unwrap();
    let error = Pieces::open(text.replace("[PAD]", "<pad>").as_bytes()).unwrap_err();
    assert!(error.message.contains("lacks [PAD]"), "{error:?}");
    let error = Pieces::open(text.replace("\"Ġ\":", "\"Ġx\":").as_bytes()).unwrap_err();
    assert!(
        error.message.contains("no piece for the byte 0x20"),
        "{error:?}"
    );
    // a space before each text, where the file says so
    let spaced = with("/pre_tokenizer/add_prefix_space", json!(true)).unwrap();
    let plain = Pieces::open(&bytes).unwrap();
    assert_eq!(spaced.encode("the").unwrap(), plain.encode(" the").unwrap());
    assert_eq!(
        spaced.encode(" the").unwrap(),
        plain.encode(" the").unwrap()
    );
    assert!(spaced.encode("").unwrap().is_empty());
    for cut in [bytes.len() / 3, bytes.len() - 3] {
        assert!(Pieces::open(&bytes[..cut]).is_err());
    }
}

#[test]
fn every_byte_has_a_letter_of_its_own() {
    for byte in 0..=255_u8 {
        let letter = LETTERS[usize::from(byte)];
        assert_eq!(byte_of(letter), Some(byte));
        assert!(!letter.is_whitespace() && !letter.is_control());
    }
    // GPT-2's
    let letters = [
        (b' ', 'Ġ'),
        (b'\n', 'Ċ'),
        (b'\t', 'ĉ'),
        (0, 'Ā'),
        (0x7f, 'ġ'),
        (0xad, 'Ń'),
        (b'a', 'a'),
    ];
    for (byte, letter) in letters {
        assert_eq!(LETTERS[usize::from(byte)], letter);
    }
    assert_eq!(byte_of(' '), None);
    assert_eq!(byte_of('東'), None);
}
