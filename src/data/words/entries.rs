//! What every `tokenizer.json` holds alike: pieces by their ids, and what encloses a text.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::SPECIAL;

/// Most pieces.
pub(super) const MOST: usize = 1 << 20;
/// Bytes of the longest piece.
const LONGEST: usize = 1024;

/// Ids of the first `n` pieces that stand for no word: where they are, or where they belong.
pub(super) fn special_ids(tokens: &[String], n: usize) -> Vec<usize> {
    let at = |(id, own): (usize, &&str)| tokens.iter().position(|t| t == own).unwrap_or(id);
    SPECIAL[..n].iter().enumerate().map(at).collect()
}

/// The pieces that stand for no word, as they are added: in the order of their ids.
pub(super) fn special(ids: &[usize]) -> Vec<Value> {
    let mut order: Vec<(usize, &str)> = ids.iter().copied().zip(SPECIAL).collect();
    order.sort_unstable();
    let special = order.into_iter().map(|(id, token)| {
        json!({
            "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true
        })
    });
    special.collect()
}

pub(super) fn by_id(tokens: &[String]) -> serde_json::Map<String, Value> {
    let tokens = tokens.iter().enumerate();
    tokens
        .map(|(id, token)| (token.clone(), json!(id)))
        .collect()
}

pub(super) fn bytes(file: &Value) -> Vec<u8> {
    let mut bytes = file.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

/// What encloses a text: `[CLS]` before it, `[SEP]` behind it. `ids`: of the pieces that stand for no word.
pub(super) fn template(ids: &[usize]) -> Value {
    let one = |name: &str, of: u8| json!({name: {"id": name_of(of), "type_id": 0}});
    let (class, separator) = (SPECIAL[2], SPECIAL[3]);
    let inserted = |token: &str, id: usize| json!({"id": token, "ids": [id], "tokens": [token]});
    json!({
        "type": "TemplateProcessing",
        "single": [one("SpecialToken", 2), one("Sequence", 0), one("SpecialToken", 3)],
        "pair": [one("SpecialToken", 2), one("Sequence", 0), one("SpecialToken", 3),
                 json!({"Sequence": {"id": "B", "type_id": 1}}), json!({"SpecialToken": {"id": separator, "type_id": 1}})],
        "special_tokens": {class: inserted(class, ids[2]), separator: inserted(separator, ids[3])}
    })
}

/// What stands in a template: a piece, or the first text.
fn name_of(of: u8) -> &'static str {
    match of {
        0 => "A",
        special => SPECIAL[usize::from(special)],
    }
}

/// A piece that is added to the model's own.
#[derive(Deserialize)]
pub(super) struct Added {
    id: u64,
    content: String,
}

/// The pieces of a model, by id.
pub(super) fn numbered(vocabulary: &BTreeMap<String, u64>) -> Result<Vec<Arc<str>>, String> {
    if vocabulary.len() > MOST {
        return Err(format!("it has more than {MOST} pieces"));
    }
    let mut tokens: Vec<Option<Arc<str>>> = vec![None; vocabulary.len()];
    for (token, id) in vocabulary {
        if token.is_empty() || token.len() > LONGEST {
            return Err(format!(
                "piece {id} is empty or has more than {LONGEST} bytes"
            ));
        }
        let at = usize::try_from(*id).ok().and_then(|id| tokens.get_mut(id));
        match at {
            Some(at @ None) => *at = Some(token.as_str().into()),
            Some(Some(other)) => {
                return Err(format!("`{token}` and `{other}` are both piece {id}"));
            }
            None => {
                return Err(format!(
                    "`{token}` is piece {id}, but there are {} pieces",
                    vocabulary.len()
                ));
            }
        }
    }
    Ok(tokens.into_iter().flatten().collect())
}

/// Refuses a piece that is added to those of the model.
pub(super) fn all_known(added: &[Added], vocabulary: &BTreeMap<String, u64>) -> Result<(), String> {
    let mut added = added.iter();
    match added.find(|added| vocabulary.get(&added.content) != Some(&added.id)) {
        Some(added) => Err(format!(
            "`{}` is added to the vocabulary, which is not read",
            added.content
        )),
        None => Ok(()),
    }
}
