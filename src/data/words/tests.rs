use std::sync::Arc;

use serde_json::Value;

use super::*;

fn fixture() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/words/pieces.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn numbers(value: &Value) -> Vec<u32> {
    let list = value.as_array().unwrap().iter();
    list.map(|n| n.as_u64().unwrap() as u32).collect()
}

fn fit(texts: &[String], size: usize, spelling: Spelling) -> Result<(Vec<u8>, usize), DataError> {
    let mut texts = texts.iter().map(|text| Ok(Arc::from(text.as_str())));
    Pieces::fit(&mut texts, size, spelling)
}

fn uncased(texts: &[&str], size: usize) -> Result<(Vec<u8>, usize), DataError> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    fit(&texts, size, Spelling::default())
}

/// Against a trainer that counts all pairs anew before each join, and against the Python package: `tests/fixtures/words/pieces.py`.
#[test]
fn pieces_and_ids_are_those_of_others() {
    let fixture = fixture();
    let (texts, lines) = (strings(&fixture["texts"]), strings(&fixture["lines"]));
    for case in fixture["cases"].as_array().unwrap() {
        let size = case["size"].as_u64().unwrap() as usize;
        let spelling = Spelling {
            lowercase: case["lowercase"].as_bool().unwrap(),
            strip_accents: case["strip_accents"].as_bool().unwrap(),
        };
        let (bytes, found) = fit(&texts, size, spelling).unwrap();
        let pieces = Pieces::open(&bytes).unwrap();
        let tokens = strings(&case["tokens"]);
        let own: Vec<&str> = (0..found as u32)
            .map(|id| pieces.token(id).unwrap())
            .collect();
        assert_eq!(own, tokens, "{size} {spelling:?}");
        assert_eq!((pieces.len(), pieces.spelling()), (tokens.len(), spelling));
        for (line, ids) in lines.iter().zip(case["ids"].as_array().unwrap()) {
            assert_eq!(pieces.encode(line).unwrap(), numbers(ids), "{line:?}");
        }
        let first = pieces.encode(&lines[0]).unwrap();
        assert_eq!(pieces.enclosed(&first), numbers(&case["enclosed"]));
        // the file that the package itself writes, value for value
        assert_eq!(
            serde_json::from_slice::<Value>(&bytes).unwrap(),
            case["file"]
        );
        let theirs = Pieces::open(case["file"].to_string().as_bytes()).unwrap();
        assert_eq!(
            theirs.encode(&lines[3]).unwrap(),
            pieces.encode(&lines[3]).unwrap()
        );
    }
}

/// The words of Sennrich et al.'s way in the course of Hugging Face, joined by hand: `hug` 10, `pug` 5, `pun` 12, `bun` 4, `hugs` 5.
#[test]
fn pairs_are_joined_by_how_often_they_are() {
    let text = [
        ("hug", 10),
        ("pug", 5),
        ("pun", 12),
        ("bun", 4),
        ("hugs", 5),
    ]
    .map(|(word, n)| format!("{word} ").repeat(n))
    .concat();
    let (bytes, found) = uncased(&[&text], 20).unwrap();
    let pieces = Pieces::open(&bytes).unwrap();
    let tokens: Vec<&str> = (5..found as u32)
        .map(|id| pieces.token(id).unwrap())
        .collect();
    // letters, then ug 20, un 16, hug 15
    assert_eq!(
        tokens,
        [
            "b", "g", "h", "n", "p", "s", "u", "##g", "##n", "##s", "##u", "##ug", "##un", "hug",
            "pun"
        ]
    );
    assert_eq!(pieces.line(&pieces.encode("hugs pun").unwrap()), "hugs pun");
    assert_eq!(pieces.encode("hugs").unwrap(), [18, 14]);
    assert_eq!(pieces.special().all(), [0, 1, 2, 3, 4]);
    assert_eq!(pieces.id("[MASK]"), Some(4));
    assert_eq!(
        pieces.line(&[2, 18, 14, 4, 3, 0, 0]),
        "[CLS] hugs [MASK] [SEP]"
    );
}

#[test]
fn bytes_are_equal_whatever_the_order_and_the_threads() {
    let texts = strings(&fixture()["texts"]);
    // enough for several chunks on several threads
    let many: Vec<String> = (0..400)
        .map(|i| format!("{} {}", texts[i % 10], i % 37))
        .collect();
    let (first, found) = fit(&many, 400, Spelling::default()).unwrap();
    assert_eq!(found, 400);
    let mut turned = many.clone();
    turned.reverse();
    for threads in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        for texts in [&many, &turned] {
            for _ in 0..5 {
                let (again, _) = pool
                    .install(|| fit(texts, 400, Spelling::default()))
                    .unwrap();
                assert!(again == first, "{threads} threads");
            }
        }
    }
}

#[test]
fn few_words_give_few_pieces_and_none_an_error() {
    let (_, found) = uncased(&["to be or not to be"], 8000).unwrap();
    // letters b e n o r t, those that go on: e o r t; `to` and `be` are there twice
    assert_eq!(found, 5 + 6 + 4 + 2);
    let error = |texts: &[&str], size| uncased(texts, size).unwrap_err().message;
    assert!(error(&[], 100).contains("hold no word"));
    assert!(error(&[" \n", ""], 100).contains("hold no word"));
    assert!(error(&["word"], 5).contains("no room for letters"));
    let mut failing = [Err(DataError::new("line 3 is broken"))].into_iter();
    let error = Pieces::fit(&mut failing, 100, Spelling::default()).unwrap_err();
    assert_eq!(error.message, "line 3 is broken");
}

#[test]
fn files_that_are_none_are_refused() {
    let (bytes, _) = uncased(&["a word or two words"], 40).unwrap();
    let good: Value = serde_json::from_slice(&bytes).unwrap();
    assert!(Pieces::open(&bytes).is_ok());
    let with = |path: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(path).unwrap() = value;
        Pieces::open(changed.to_string().as_bytes())
            .unwrap_err()
            .message
    };
    for (path, value, what) in [
        ("/model/type", "Unigram".into(), "its model is Unigram"),
        ("/normalizer", Value::Null, "no normaliser"),
        ("/normalizer/type", "NFC".into(), "its normaliser is NFC"),
        ("/normalizer/clean_text", false.into(), "leaves out"),
        (
            "/pre_tokenizer/type",
            "Whitespace".into(),
            "its pre-tokeniser is Whitespace",
        ),
        ("/pre_tokenizer", Value::Null, "no pre-tokeniser"),
        ("/model/unk_token", "?".into(), "`unk_token` is \"?\""),
        ("/model/continuing_subword_prefix", "@".into(), "not \"##\""),
        ("/model/max_input_chars_per_word", 7.into(), "is not 100"),
        ("/model/vocab/a", 0.into(), "are both piece 0"),
        ("/model/vocab/a", 10_000.into(), "but there are"),
        ("/model/vocab/a", (-1).into(), "invalid value"),
        (
            "/model/vocab",
            serde_json::json!({"a": 0}),
            "added to the vocabulary",
        ),
        ("/added_tokens/0/id", 3.into(), "`[PAD]` is added"),
        (
            "/added_tokens",
            serde_json::json!([{"id": 99, "content": "<new>"}]),
            "`<new>` is added",
        ),
    ] {
        let error = with(path, value);
        assert!(error.contains(what), "{path}: {error}");
    }
    let mut lacking = good.clone();
    lacking["added_tokens"] = serde_json::json!([]);
    lacking["model"]["vocab"] = serde_json::json!({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3});
    let error = Pieces::open(lacking.to_string().as_bytes())
        .unwrap_err()
        .message;
    assert!(error.contains("it lacks [MASK]"), "{error}");
    for bytes in [
        &b""[..],
        b"{}",
        b"[1",
        b"\xff\xfe",
        &bytes[..bytes.len() / 2],
    ] {
        assert!(Pieces::open(bytes).is_err());
    }
    let deep = "[".repeat(100_000);
    assert!(Pieces::open(deep.as_bytes()).is_err());
}

#[test]
fn pieces_go_on_with_a_word_or_begin_one() {
    let (bytes, _) = uncased(&["ab ab abc abc # ## b b"], 60).unwrap();
    let pieces = Pieces::open(&bytes).unwrap();
    let goes_on = |token: &str| pieces.goes_on(pieces.id(token).unwrap());
    assert!(goes_on("##b") && goes_on("##c"));
    for begins in ["a", "b", "ab", "#", "[CLS]", "[UNK]"] {
        assert!(!goes_on(begins), "{begins}");
    }
    assert!(!pieces.goes_on(9999));
}
