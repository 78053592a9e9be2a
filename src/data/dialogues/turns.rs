//! What the turns of a dialogue are, in a JSON value.

use serde_json::{Map, Value};

use crate::data::documents::json::{has, kind};

/// Fields that hold the turns of a dialogue; the first of them that is a list counts.
const TURNS: [&str; 8] = [
    "turns",
    "dialogue",
    "dialog",
    "utterances",
    "conversation",
    "conversations",
    "messages",
    "log",
];
/// Fields, and columns, that hold the text of a turn; the first of them that is there counts.
pub(super) const TEXTS: [&str; 5] = ["text", "utterance", "content", "message", "value"];

/// What the recipe says of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) turns: Option<String>,
    pub(super) text: Option<String>,
}

impl Names {
    /// The field of an object that holds its turns.
    fn turns_of<'n>(&'n self, object: &Map<String, Value>) -> Option<&'n str> {
        if let Some(own) = &self.turns {
            return object.contains_key(own).then_some(own);
        }
        let mut known = TURNS.into_iter();
        known.find(|name| object.get(*name).is_some_and(Value::is_array))
    }

    /// Whether a field of this name holds the turns of a dialogue.
    pub(super) fn is_turns(&self, name: &str) -> bool {
        match &self.turns {
            Some(own) => own == name,
            None => TURNS.contains(&name),
        }
    }
}

/// The texts of a dialogue's turns, in order; those of no text are left out.
///
/// # Errors
/// It is none, or has no turn with a text: what is wrong, after its name.
pub(super) fn dialogue(value: Value, names: &Names) -> Result<Vec<String>, String> {
    match value {
        Value::Array(turns) => all(turns, names),
        Value::Object(mut object) => {
            let Some(name) = names.turns_of(&object) else {
                let wanted = names
                    .turns
                    .as_ref()
                    .map_or("list of turns".into(), |own| format!("field `{own}`"));
                return Err(format!("it has no {wanted}: {}", has(&object)));
            };
            match object.remove(name) {
                Some(Value::Array(turns)) => all(turns, names),
                other => {
                    let is = other.as_ref().map_or("missing", kind);
                    Err(format!("its field `{name}` is {is}, not a list of turns"))
                }
            }
        }
        other => Err(format!("it is {}, and no dialogue", kind(&other))),
    }
}

fn all(turns: Vec<Value>, names: &Names) -> Result<Vec<String>, String> {
    let mut texts = Vec::with_capacity(turns.len());
    for (at, turn) in (1..).zip(turns) {
        let text = turn_of(turn, names).map_err(|what| format!("its turn {at} {what}"))?;
        if !text.trim().is_empty() {
            texts.push(text);
        }
    }
    match texts.is_empty() {
        true => Err("it has no turn with a text".into()),
        false => Ok(texts),
    }
}

/// The text of a turn: a text, an object that has one, or a list of these, of one speaker.
fn turn_of(turn: Value, names: &Names) -> Result<String, String> {
    let Value::Array(messages) = turn else {
        return message(turn, names);
    };
    let mut texts = Vec::with_capacity(messages.len());
    for one in messages {
        let text = message(one, names)?;
        if !text.trim().is_empty() {
            texts.push(text);
        }
    }
    Ok(texts.join(" "))
}

fn message(turn: Value, names: &Names) -> Result<String, String> {
    let mut object = match turn {
        Value::String(text) => return Ok(text),
        Value::Object(object) => object,
        other => return Err(format!("is {}, not text", kind(&other))),
    };
    let name = match &names.text {
        Some(own) => Some(own.as_str()).filter(|own| object.contains_key(*own)),
        None => TEXTS.into_iter().find(|name| object.contains_key(*name)),
    };
    let Some(name) = name else {
        let wanted = names.text.as_deref().unwrap_or("text");
        return Err(format!("has no `{wanted}`: {}", has(&object)));
    };
    match object.remove(name) {
        Some(Value::String(text)) => Ok(text),
        other => {
            let is = other.as_ref().map_or("missing", kind);
            Err(format!("has the `{name}` that is {is}, not text"))
        }
    }
}

/// Whether a value is a turn by itself.
pub(super) fn is_turn(value: &Value, names: &Names) -> bool {
    !value.is_array() && message(value.clone(), names).is_ok()
}
