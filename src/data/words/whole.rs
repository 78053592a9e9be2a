//! A vocabulary of whole words: the commonest, numbered by how common they are.

use std::cmp::Reverse;

use super::fit::Counted;
use super::{LONGEST_WORD, SPECIAL};
use crate::data::DataError;

/// Pieces of such a vocabulary that stand for no word: padding, and a word that is not in it.
pub(super) const WITHOUT_WORD: usize = 2;

/// What was learnt.
#[derive(Debug)]
pub struct Whole {
    /// The file of the vocabulary.
    pub bytes: Vec<u8>,
    /// Entries, with those that stand for no word.
    pub size: usize,
    /// Different words of the texts, as far as they were counted.
    pub different: usize,
    /// Of all the words in the texts that were counted, how many are in the vocabulary: a share.
    pub covered: f64,
    /// Words that had been seen no more often than this were forgotten while there were too many; 0 where none was.
    pub forgotten: u64,
}

/// The words of a vocabulary of at most `size` entries, each as often as it is in the texts: the commonest first, of equally common ones
/// the first by spelling, none rarer than `min`.
///
/// # Errors
/// There is none.
pub(super) fn commonest(
    counted: &Counted,
    size: usize,
    min: u64,
) -> Result<(Vec<String>, Vec<u64>), DataError> {
    let words = counted.counts.iter();
    let mut all: Vec<(&str, u64)> = words
        .filter(|(word, _)| word.chars().nth(LONGEST_WORD).is_none())
        .map(|(word, count)| (word.as_str(), *count))
        .collect();
    if all.is_empty() {
        return Err(DataError::new("the texts hold no word"));
    }
    let most = all.iter().map(|(_, count)| *count).max().unwrap_or(0);
    all.retain(|(_, count)| *count >= min);
    if all.is_empty() {
        return Err(DataError::new(format!(
            "no word is in the texts {min} times: the commonest is there {most} times"
        ))
        .help(format!("write `min = {most}` or less")));
    }
    all.sort_unstable_by_key(|(word, count)| (Reverse(*count), *word));
    all.truncate(size.saturating_sub(WITHOUT_WORD));
    let special = SPECIAL[..WITHOUT_WORD].iter().map(|token| (*token, 0));
    let all = special.chain(all);
    Ok(all.map(|(word, count)| (word.to_owned(), count)).unzip())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::{Pieces, Spelling};
    use super::*;

    fn fixture() -> Value {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/words/whole.json"
        );
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn strings(value: &Value) -> Vec<String> {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn numbers(value: &Value) -> Vec<u64> {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn fit(texts: &[String], size: usize, min: u64, most: usize) -> Result<Whole, DataError> {
        let mut texts = texts.iter().map(|text| Ok(Arc::from(text.as_str())));
        Pieces::fit_whole_of(&mut texts, size, min, Spelling::default(), most)
    }

    /// Against counts and ids of Python: `tests/fixtures/words/whole.py`.
    #[test]
    fn words_counts_and_ids_are_those_of_others() {
        let fixture = fixture();
        let (texts, lines) = (strings(&fixture["texts"]), strings(&fixture["lines"]));
        for case in fixture["cases"].as_array().unwrap() {
            let spelling = Spelling {
                lowercase: case["lowercase"].as_bool().unwrap(),
                strip_accents: case["strip_accents"].as_bool().unwrap(),
            };
            let (size, min) = (
                case["size"].as_u64().unwrap(),
                case["min"].as_u64().unwrap(),
            );
            let mut own = texts.iter().map(|text| Ok(Arc::from(text.as_str())));
            let whole = Pieces::fit_whole(&mut own, size as usize, min, spelling).unwrap();
            let pieces = Pieces::open(&whole.bytes).unwrap();
            let tokens = strings(&case["tokens"]);
            let own: Vec<&str> = (0..pieces.len() as u32).map(|id| pieces.word(id)).collect();
            assert_eq!(own, tokens);
            assert_eq!(pieces.counts().unwrap(), numbers(&case["counts"]));
            assert_eq!(whole.size, tokens.len());
            assert_eq!(whole.different as u64, case["different"].as_u64().unwrap());
            let covered = case["covered"].as_f64().unwrap();
            assert!((whole.covered - covered).abs() < 1e-12 && whole.forgotten == 0);
            for (line, ids) in lines.iter().zip(case["ids"].as_array().unwrap()) {
                let found: Vec<u64> = pieces
                    .encode(line)
                    .unwrap()
                    .into_iter()
                    .map(u64::from)
                    .collect();
                assert_eq!(found, numbers(ids), "{line:?}");
                let found = pieces.encode(line).unwrap();
                assert_eq!(pieces.enclosed(&found), found);
            }
            // the file that the package itself writes, value for value, and the counts
            assert_eq!(
                serde_json::from_slice::<Value>(&whole.bytes).unwrap(),
                case["file"]
            );
        }
    }

    #[test]
    fn such_a_vocabulary_has_no_mask_and_says_so() {
        let whole = fit(&["to be or not to be".into()], 5, 1, 100).unwrap();
        let pieces = Pieces::open(&whole.bytes).unwrap();
        // `to` and `be` are there twice, of `not` and `or` one has room
        let words: Vec<&str> = (0..5).map(|id| pieces.word(id)).collect();
        assert_eq!(words, ["[PAD]", "[UNK]", "be", "to", "not"]);
        assert_eq!(pieces.encode("to or [MASK]").unwrap(), [3, 1, 1, 1, 1]);
        assert_eq!(pieces.line(&[3, 1, 0]), "to [UNK]");
        assert_eq!((pieces.word(9), pieces.special().all()), ("?", vec![0, 1]));
        assert!(pieces.whole());
        let error = pieces.special().mask().unwrap_err();
        assert!(error.message.contains("has no [MASK]"), "{error:?}");
        assert!(error.help.unwrap().contains("wordpiece(size"));
        let error = pieces.special().enclosing().unwrap_err();
        assert!(error.message.contains("has no [CLS]"), "{error:?}");
    }

    #[test]
    fn no_word_and_no_common_word_are_errors() {
        let error = |texts: &[&str], min| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            fit(&texts, 100, min, 100).unwrap_err()
        };
        assert!(error(&[], 1).message.contains("hold no word"));
        assert!(error(&["", " \n"], 1).message.contains("hold no word"));
        assert!(error(&[&"x".repeat(101)], 1).message.contains("no word"));
        let rare = error(&["a b b"], 3);
        assert!(
            rare.message.contains("commonest is there 2 times"),
            "{rare:?}"
        );
        assert!(rare.help.unwrap().contains("min = 2"));
    }

    /// What was forgotten is said, and what is common is counted all the same.
    #[test]
    fn memory_is_bounded_by_forgetting_what_is_rare() {
        // more than is counted at once, so that words are forgotten on the way: each rare one is there once
        let line = |at: usize| {
            let rare: String = (0..200).map(|i| format!("w{at}x{i} ")).collect();
            format!("the the sea {rare}")
        };
        let texts: Vec<String> = (0..6_000).map(line).collect();
        let whole = fit(&texts, 1000, 2, 500_000).unwrap();
        assert_eq!(whole.forgotten, 1);
        assert!(whole.different <= 500_000);
        let pieces = Pieces::open(&whole.bytes).unwrap();
        assert_eq!(pieces.counts().unwrap(), [0, 0, 12_000, 6_000]);
        assert_eq!((pieces.word(2), pieces.word(3)), ("the", "sea"));
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let again = pool
                .build()
                .unwrap()
                .install(|| fit(&texts, 1000, 2, 500_000));
            assert_eq!(again.unwrap().bytes, whole.bytes);
        }
    }

    #[test]
    fn files_that_are_none_are_refused() {
        let whole = fit(&["a b b".into()], 100, 1, 100).unwrap();
        let good: Value = serde_json::from_slice(&whole.bytes).unwrap();
        let with = |path: &str, value: Value| {
            let mut changed = good.clone();
            *changed.pointer_mut(path).unwrap() = value;
            Pieces::open(changed.to_string().as_bytes())
        };
        for (path, value, what) in [
            ("/model/counts", json!([0, 0, 2]), "counts 3 pieces of 4"),
            ("/model/counts", json!([0, 0, 2, -1]), "invalid value"),
            (
                "/model/counts",
                json!([0, 0, u64::MAX, 1]),
                "beyond all measure",
            ),
            ("/model/vocab/b", json!(3), "are both piece 3"),
            ("/model/unk_token", json!("?"), "`unk_token` is \"?\""),
            ("/model/type", json!("Unigram"), "its model is Unigram"),
            (
                "/model/type",
                json!("WordPiece"),
                "continuing_subword_prefix",
            ),
        ] {
            let error = with(path, value).unwrap_err().message;
            assert!(error.contains(what), "{path}: {error}");
        }
        // padding is none that is common, whoever says so
        let pieces = with("/model/counts", json!([9, 9, 2, 1])).unwrap();
        assert_eq!(pieces.counts().unwrap(), [0, 0, 2, 1]);
        let pieces = with("/model/counts", Value::Null).unwrap();
        assert!(pieces.counts().is_none() && pieces.noise().is_none());
    }
}
