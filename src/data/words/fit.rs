//! Which pieces there are: pairs that stand beside each other most often become one, until there are enough (Sennrich et al., 2016).
//!
//! Pieces are numbered in this order: those that stand for no word, letters that begin a word, letters that go on, then pairs as they
//! were joined. Of pairs that are equally often the one of the smaller ids comes first. Nothing depends on the order of a hash map.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::{GOES_ON, LONGEST_WORD, SPECIAL};
use crate::data::{DataError, go_on};

/// Bytes of texts that are counted at once.
const AT_ONCE: usize = 4 << 20;
/// Different letters that are kept, the most frequent: as BERT's.
const LETTERS: usize = 1000;
/// A pair that is seen less often is not joined.
const LEAST: u64 = 2;

/// Different words that are counted at once: about 400 MB of them.
pub(super) const MOST_COUNTED: usize = 4 << 20;

/// How often each word is in the texts.
pub(super) type Counts = HashMap<String, u64>;

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub counts: Counts,
    /// Words that had been seen no more often than this were forgotten while there were too many different ones; 0 where none was. One
    /// that came again was counted from 1.
    pub forgotten: u64,
}

impl Counted {
    /// Forgets the rarest words while there are more than `most`.
    fn forget(&mut self, most: usize) {
        while self.counts.len() > most {
            self.forgotten += 1;
            let least = self.forgotten;
            self.counts.retain(|_, count| *count > least);
        }
    }
}

/// What calls its second argument with each word of a text.
pub(super) type Words<'w> =
    &'w (dyn Fn(&str, &mut dyn FnMut(&str)) -> Result<(), DataError> + Sync);

/// Counts the words of texts. Of more than `most` different ones the rarest are forgotten: then the order of the texts matters.
pub(super) fn count(
    texts: &mut dyn Iterator<Item = Result<Arc<str>, DataError>>,
    words: Words<'_>,
    most: usize,
) -> Result<Counted, DataError> {
    let mut counted = Counted::default();
    loop {
        go_on()?;
        let (mut some, mut bytes) = (Vec::new(), 0);
        while bytes < AT_ONCE
            && let Some(text) = texts.next()
        {
            let text = text?;
            bytes += text.len();
            some.push(text);
        }
        if some.is_empty() {
            return Ok(counted);
        }
        // sums do not depend on who made them
        let parts: Vec<Counts> = some
            .par_chunks(64)
            .map(|texts| {
                let mut own = Counts::new();
                for text in texts {
                    words(text, &mut |word| match own.get_mut(word) {
                        Some(count) => *count += 1,
                        None => {
                            own.insert(word.to_owned(), 1);
                        }
                    })?;
                }
                Ok(own)
            })
            .collect::<Result<_, DataError>>()?;
        for (word, count) in parts.into_iter().flatten() {
            *counted.counts.entry(word).or_default() += count;
        }
        counted.forget(most);
    }
}

type Pair = (u32, u32);

/// A pair: how often it is, and in which words it may be.
#[derive(Default)]
struct Seen {
    count: u64,
    words: Vec<u32>,
}

/// Learns pieces from words: all of them by id.
pub(super) fn pieces(counts: &Counts, size: usize) -> Result<Vec<String>, DataError> {
    // in an order of their own, whatever the map's
    let mut all: Vec<(&str, u64)> = counts
        .iter()
        .filter(|(word, _)| word.chars().nth(LONGEST_WORD).is_none())
        .map(|(word, count)| (word.as_str(), *count))
        .collect();
    all.sort_unstable();
    if all.is_empty() {
        return Err(DataError::new(
            "the texts hold no word that pieces can be learnt from",
        ));
    }
    let letters = letters(&all, size)?;
    let mut tokens: Vec<String> = SPECIAL.iter().map(|token| (*token).to_owned()).collect();
    tokens.extend(letters.iter().map(|letter| letter.1.to_owned()));
    let ids: HashMap<(bool, char), u32> = letters
        .iter()
        .map(|(letter, _)| *letter)
        .zip(SPECIAL.len() as u32..)
        .collect();
    let mut cut: Vec<Vec<u32>> = Vec::with_capacity(all.len());
    for (word, _) in &all {
        let pieces = word
            .chars()
            .enumerate()
            .map(|(at, c)| ids.get(&(at > 0, c)).copied());
        // a word with a letter that is not kept is unknown as a whole
        cut.push(pieces.collect::<Option<_>>().unwrap_or_default());
    }
    join(&mut tokens, &mut cut, &all, size, GOES_ON)?;
    Ok(tokens)
}

/// Letters that begin a word, then those that go on, each with its piece, in the order of their ids: of the most frequent as many as
/// there is room for.
fn letters(
    all: &[(&str, u64)],
    size: usize,
) -> Result<BTreeSet<((bool, char), String)>, DataError> {
    let mut seen: BTreeMap<char, (u64, bool)> = BTreeMap::new();
    for (word, count) in all {
        for (at, c) in word.chars().enumerate() {
            let (often, goes_on) = seen.entry(c).or_default();
            *often += count;
            *goes_on |= at > 0;
        }
    }
    let mut order: Vec<(char, u64, bool)> =
        seen.into_iter().map(|(c, (n, on))| (c, n, on)).collect();
    order.sort_by_key(|(c, often, _)| (Reverse(*often), *c));
    let mut room = size.saturating_sub(SPECIAL.len());
    let mut kept = BTreeSet::new();
    for (c, _, goes_on) in order.into_iter().take(LETTERS) {
        let Some(left) = room.checked_sub(1 + usize::from(goes_on)) else {
            break;
        };
        room = left;
        kept.insert(((false, c), c.to_string()));
        if goes_on {
            kept.insert(((true, c), format!("{GOES_ON}{c}")));
        }
    }
    match kept.is_empty() {
        true => Err(DataError::new(format!(
            "{size} pieces have no room for letters: {} of them stand for no word",
            SPECIAL.len()
        ))),
        false => Ok(kept),
    }
}

/// Joins the most frequent pair, again and again: the pairs, in that order. `goes_on` is what a piece starts with that goes on with a word.
pub(super) fn join(
    tokens: &mut Vec<String>,
    cut: &mut [Vec<u32>],
    all: &[(&str, u64)],
    size: usize,
    goes_on: &str,
) -> Result<Vec<Pair>, DataError> {
    let mut merges = Vec::new();
    let mut pairs: HashMap<Pair, Seen> = HashMap::new();
    for (at, word) in cut.iter().enumerate() {
        for two in word.windows(2) {
            let seen = pairs.entry((two[0], two[1])).or_default();
            seen.count += all[at].1;
            if seen.words.last() != Some(&(at as u32)) {
                seen.words.push(at as u32);
            }
        }
    }
    let mut queue: BinaryHeap<(u64, Reverse<Pair>)> = pairs
        .iter()
        .map(|(pair, seen)| (seen.count, Reverse(*pair)))
        .collect();
    let mut known: HashMap<String, u32> = tokens.iter().cloned().zip(0..).collect();
    while tokens.len() < size
        && let Some((count, Reverse(pair))) = queue.pop()
    {
        if tokens.len().is_multiple_of(64) {
            go_on()?;
        }
        // what is queued may be more than what is left of it
        let now = pairs.get(&pair).map_or(0, |seen| seen.count);
        if now != count {
            if now > 0 {
                queue.push((now, Reverse(pair)));
            }
            continue;
        }
        if count < LEAST {
            break;
        }
        let (left, right) = (&tokens[pair.0 as usize], &tokens[pair.1 as usize]);
        let token = format!("{left}{}", right.strip_prefix(goes_on).unwrap_or(right));
        // the same piece may come of two pairs
        let id = *known.entry(token.clone()).or_insert_with(|| {
            tokens.push(token);
            tokens.len() as u32 - 1
        });
        let Some(seen) = pairs.remove(&pair) else {
            continue;
        };
        merges.push(pair);
        let mut changed = Vec::new();
        for at in seen.words {
            let word = &mut cut[at as usize];
            let count = all[at as usize].1;
            if !word.windows(2).any(|two| (two[0], two[1]) == pair) {
                continue;
            }
            for two in word.windows(2) {
                if let Some(seen) = pairs.get_mut(&(two[0], two[1])) {
                    seen.count -= count;
                }
            }
            let mut joined = Vec::with_capacity(word.len());
            let mut rest = &word[..];
            while let [first, behind @ ..] = rest {
                if behind.first() == Some(&pair.1) && *first == pair.0 {
                    joined.push(id);
                    rest = &behind[1..];
                } else {
                    joined.push(*first);
                    rest = behind;
                }
            }
            *word = joined;
            for two in word.windows(2) {
                let two = (two[0], two[1]);
                let seen = pairs.entry(two).or_default();
                seen.count += count;
                if two.0 == id || two.1 == id {
                    if seen.words.last() != Some(&at) {
                        seen.words.push(at);
                    }
                    changed.push(two);
                }
            }
        }
        changed.sort_unstable();
        changed.dedup();
        for two in changed {
            queue.push((pairs[&two].count, Reverse(two)));
        }
    }
    Ok(merges)
}
