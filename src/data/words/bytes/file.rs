//! A vocabulary of pieces of bytes as a `tokenizer.json`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tokenizers::models::bpe::{BPE, Vocab};

use super::super::SPECIAL;
use super::super::entries::{self, Added};
use super::{Bytes, LETTERS};

/// The file. Equal pieces give equal bytes.
pub(in crate::data::words) fn write(tokens: &[String], merges: &[(u32, u32)]) -> Vec<u8> {
    let letters = |prefix_space: bool| json!({"type": "ByteLevel", "add_prefix_space": prefix_space, "trim_offsets": true, "use_regex": true});
    let token = |id: u32| tokens[id as usize].as_str();
    let merges: Vec<[&str; 2]> = merges
        .iter()
        .map(|(left, right)| [token(*left), token(*right)])
        .collect();
    entries::bytes(&json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": entries::special(&entries::special_ids(tokens, SPECIAL.len())),
        "normalizer": null,
        "pre_tokenizer": letters(false),
        "post_processor": entries::template(&entries::special_ids(tokens, SPECIAL.len())),
        "decoder": letters(true),
        "model": {
            "type": "BPE", "dropout": null, "unk_token": SPECIAL[1], "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": entries::by_id(tokens), "merges": merges
        }
    }))
}

/// What has to be in a file.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Vec<Added>,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Split>,
    model: Model,
}

#[derive(Deserialize)]
struct Split {
    r#type: String,
    #[serde(default = "yes")]
    add_prefix_space: bool,
    #[serde(default = "yes")]
    use_regex: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Model {
    dropout: Option<f32>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    vocab: BTreeMap<String, u64>,
    merges: Vec<Merge>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair(String, String),
    /// As older files have it.
    Line(String),
}

/// Reads a file whose model is BPE: its pieces by id, and what cuts texts into them.
pub(in crate::data::words) fn read(bytes: &[u8]) -> Result<(Vec<Arc<str>>, Bytes), String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let model = file.model;
    if let Some(normalizer) = &file.normalizer {
        let kind = normalizer["type"].as_str().unwrap_or("none that is known");
        return Err(format!(
            "its normaliser is {kind}; of BPE only files without one are read"
        ));
    }
    let split = file.pre_tokenizer.ok_or("it has no pre-tokeniser")?;
    if split.r#type != "ByteLevel" || !split.use_regex {
        let kind = &split.r#type;
        return Err(format!(
            "its pre-tokeniser is {kind}, not ByteLevel with GPT-2's rules"
        ));
    }
    for (what, there) in [
        (
            "dropout",
            model.dropout.is_some_and(|dropout| dropout > 0.0),
        ),
        (
            "continuing_subword_prefix",
            model
                .continuing_subword_prefix
                .is_some_and(|own| !own.is_empty()),
        ),
        (
            "end_of_word_suffix",
            model.end_of_word_suffix.is_some_and(|own| !own.is_empty()),
        ),
        ("byte_fallback", model.byte_fallback),
        ("ignore_merges", model.ignore_merges),
    ] {
        if there {
            return Err(format!("its model has `{what}`, which is not read"));
        }
    }
    let tokens = entries::numbered(&model.vocab)?;
    entries::all_known(&file.added_tokens, &model.vocab)?;
    let missing = LETTERS
        .iter()
        .position(|letter| !model.vocab.contains_key(letter.to_string().as_str()));
    if let Some(byte) = missing {
        return Err(format!("it has no piece for the byte {byte:#04x}"));
    }
    let mut merges = Vec::with_capacity(model.merges.len());
    for (at, merge) in model.merges.into_iter().enumerate() {
        let pair = match merge {
            Merge::Pair(left, right) => Some((left, right)),
            Merge::Line(line) => line
                .split_once(' ')
                .map(|(left, right)| (left.to_owned(), right.to_owned())),
        };
        let known = |pair: &(String, String)| {
            let joined = format!("{}{}", pair.0, pair.1);
            [&pair.0, &pair.1, &joined]
                .into_iter()
                .all(|token| model.vocab.contains_key(token))
        };
        let Some(pair) = pair.filter(known) else {
            return Err(format!("its merge {at} joins what is no piece, or to none"));
        };
        merges.push(pair);
    }
    // each id is below the number of pieces
    let vocabulary: Vocab = model
        .vocab
        .into_iter()
        .map(|(token, id)| (token, id as u32))
        .collect();
    let model = BPE::builder().vocab_and_merges(vocabulary, merges).build();
    Ok((
        tokens,
        Bytes {
            model: model.map_err(|error| error.to_string())?,
            prefix_space: split.add_prefix_space,
        },
    ))
}
