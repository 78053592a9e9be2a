//! A vocabulary as a `tokenizer.json`: a model of WordPiece, or of whole words (WordLevel). One of pieces of bytes is read by its own file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::bytes::Bytes;
use super::entries::{Added, all_known, by_id, bytes, numbered, special, special_ids, template};
use super::whole::WITHOUT_WORD;
use super::{GOES_ON, LONGEST_WORD, SPECIAL, Spelling};

/// Bytes of the largest file.
const LARGEST: usize = 64 << 20;
/// What a file says.
pub(super) struct Read {
    /// By id.
    pub tokens: Vec<Arc<str>>,
    pub spelling: Spelling,
    /// Each is a word, and none is cut.
    pub whole: bool,
    /// What cuts texts into pieces of bytes, where it does.
    pub bytes: Option<Bytes>,
    /// By id, how often each was in the texts that it was learnt from.
    pub counts: Option<Vec<u64>>,
}

fn normalizer(spelling: Spelling) -> Value {
    json!({
        "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
        "strip_accents": spelling.strip_accents, "lowercase": spelling.lowercase
    })
}

/// The file of a vocabulary of whole words. The counts stand where other programs pass over what they do not know.
pub(super) fn write_whole(tokens: &[String], counts: &[u64], spelling: Spelling) -> Vec<u8> {
    bytes(&json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": special(&special_ids(tokens, WITHOUT_WORD)),
        "normalizer": normalizer(spelling),
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": null,
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": by_id(tokens), "unk_token": SPECIAL[1], "counts": counts}
    }))
}

/// The file of a vocabulary. Equal pieces give equal bytes.
pub(super) fn write(tokens: &[String], spelling: Spelling) -> Vec<u8> {
    let ids = special_ids(tokens, SPECIAL.len());
    bytes(&json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": special(&ids),
        "normalizer": normalizer(spelling),
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template(&ids),
        "decoder": {"type": "WordPiece", "prefix": GOES_ON, "cleanup": true},
        "model": {
            "type": "WordPiece", "unk_token": SPECIAL[1], "continuing_subword_prefix": GOES_ON,
            "max_input_chars_per_word": LONGEST_WORD, "vocab": by_id(tokens)
        }
    }))
}

/// What has to be in a file; what else there is decides nothing here.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Vec<Added>,
    normalizer: Option<Normalizer>,
    pre_tokenizer: Option<Typed>,
    model: Model,
}

#[derive(Deserialize)]
struct Typed {
    r#type: String,
}

#[derive(Deserialize)]
struct Normalizer {
    r#type: String,
    #[serde(default = "yes")]
    clean_text: bool,
    #[serde(default = "yes")]
    handle_chinese_chars: bool,
    strip_accents: Option<bool>,
    #[serde(default = "yes")]
    lowercase: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Model {
    /// Older files do not say it.
    r#type: Option<String>,
    unk_token: String,
    continuing_subword_prefix: Option<String>,
    max_input_chars_per_word: Option<usize>,
    vocab: BTreeMap<String, u64>,
    /// Only in files that were written here.
    counts: Option<Vec<u64>>,
}

/// The model's kind, whatever else there is.
#[derive(Deserialize)]
struct Kind {
    model: Typeless,
}

#[derive(Deserialize)]
struct Typeless {
    r#type: Option<String>,
}

/// Reads a file that may be anybody's.
pub(super) fn read(bytes: &[u8]) -> Result<Read, String> {
    if bytes.len() > LARGEST {
        return Err(format!("it has more than {} MiB", LARGEST >> 20));
    }
    let kind: Kind = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if kind.model.r#type.as_deref() == Some("BPE") {
        let (tokens, cuts) = super::bytes::file::read(bytes)?;
        return Ok(Read {
            tokens,
            bytes: Some(cuts),
            spelling: Spelling {
                lowercase: false,
                strip_accents: false,
            },
            whole: false,
            counts: None,
        });
    }
    let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let model = file.model;
    let whole = match model.r#type.as_deref() {
        Some("WordLevel") => true,
        None | Some("WordPiece") => false,
        Some(other) => {
            return Err(format!(
                "its model is {other}, not WordPiece, WordLevel or BPE"
            ));
        }
    };
    let normalizer = file.normalizer.ok_or("it has no normaliser")?;
    let split = file.pre_tokenizer.map(|split| split.r#type);
    for (what, found, wanted) in [
        ("normaliser", Some(&normalizer.r#type), "BertNormalizer"),
        ("pre-tokeniser", split.as_ref(), "BertPreTokenizer"),
    ] {
        match found {
            Some(found) if found == wanted => {}
            Some(found) => return Err(format!("its {what} is {found}, not {wanted}")),
            None => return Err(format!("it has no {what}")),
        }
    }
    if !normalizer.clean_text || !normalizer.handle_chinese_chars {
        return Err("its normaliser leaves out `clean_text` or `handle_chinese_chars`".into());
    }
    if model.unk_token != SPECIAL[1] {
        let (found, wanted) = (&model.unk_token, SPECIAL[1]);
        return Err(format!("its `unk_token` is {found:?}, not {wanted:?}"));
    }
    if !whole {
        let prefix = model.continuing_subword_prefix.as_deref();
        let prefix = prefix.ok_or("it has no `continuing_subword_prefix`")?;
        if prefix != GOES_ON {
            return Err(format!(
                "its `continuing_subword_prefix` is {prefix:?}, not {GOES_ON:?}"
            ));
        }
        if model.max_input_chars_per_word != Some(LONGEST_WORD) {
            return Err(format!(
                "its `max_input_chars_per_word` is not {LONGEST_WORD}"
            ));
        }
    }
    let tokens = numbered(&model.vocab)?;
    all_known(&file.added_tokens, &model.vocab)?;
    if let Some(counts) = &model.counts {
        if counts.len() != tokens.len() {
            let (found, wanted) = (counts.len(), tokens.len());
            return Err(format!("it counts {found} pieces of {wanted}"));
        }
        let total = counts.iter().try_fold(0_u64, |sum, n| sum.checked_add(*n));
        if total.is_none_or(|total| total > 1 << 53) {
            return Err("its counts are beyond all measure".into());
        }
    }
    Ok(Read {
        whole,
        counts: model.counts,
        tokens,
        bytes: None,
        spelling: Spelling {
            lowercase: normalizer.lowercase,
            strip_accents: normalizer.strip_accents.unwrap_or(normalizer.lowercase),
        },
    })
}
