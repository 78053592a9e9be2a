//! The id of a word. Most words are short: these are keys as they are, where a comparison needs no other memory.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

/// Bytes of the longest word that is a key as it is.
const SHORT: usize = 15;

/// Words with the lowest ids, which are the commonest: together they lie in the nearest caches, and most words of a text are among them.
const COMMON: u32 = 2048;

/// The words of a vocabulary.
#[derive(Debug)]
pub(super) struct Lookup {
    common: HashMap<u128, u32, RandomState>,
    short: HashMap<u128, u32, RandomState>,
    long: HashMap<Arc<str>, u32, RandomState>,
}

/// The bytes of a short word, and behind them how many there are.
fn key(word: &str) -> Option<u128> {
    let word = word.as_bytes();
    if word.len() > SHORT {
        return None;
    }
    let mut key = [0; SHORT + 1];
    key[..word.len()].copy_from_slice(word);
    key[SHORT] = word.len() as u8;
    Some(u128::from_ne_bytes(key))
}

impl Lookup {
    /// Of words by their ids, each there once.
    pub(super) fn of(words: &[Arc<str>]) -> Self {
        let (mut common, mut short) = (HashMap::default(), HashMap::default());
        let mut long = HashMap::default();
        for (word, id) in words.iter().zip(0..) {
            match key(word) {
                Some(key) if id < COMMON => common.insert(key, id),
                Some(key) => short.insert(key, id),
                None => long.insert(word.clone(), id),
            };
        }
        Self {
            common,
            short,
            long,
        }
    }

    /// The id of a word.
    pub(super) fn get(&self, word: &str) -> Option<u32> {
        match key(word) {
            Some(key) => {
                let common = self.common.get(&key);
                common.or_else(|| self.short.get(&key)).copied()
            }
            None => self.long.get(word).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_length_are_told_apart() {
        // zeros are letters, too: a key says how many bytes it has
        let words: Vec<String> = (0..900)
            .flat_map(|n| {
                [
                    "a".repeat(n),
                    format!("b{}", "\0".repeat(n)),
                    "é".repeat(n + 1),
                ]
            })
            .collect();
        let all: Vec<Arc<str>> = words.iter().map(|word| word.as_str().into()).collect();
        let lookup = Lookup::of(&all);
        for (id, word) in words.iter().enumerate() {
            assert_eq!(lookup.get(word), Some(id as u32), "{word:?}");
        }
        for other in ["a\0", "b\0a", "c", &"é".repeat(901), &"a".repeat(900)] {
            assert_eq!(lookup.get(other), None);
        }
    }
}
