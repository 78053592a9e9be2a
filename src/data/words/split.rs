//! What the words of a text are: what lies between spaces, each sign on its own, as BERT cuts them.
//!
//! The rules are those of the `tokenizers` crate ([`by_the_crate`]). Most of what is read is plain ASCII, for which they come to a table
//! ([`plain`]) and are followed a hundred times as fast. White space ends a word whatever stands beside it, so that each stretch of a
//! text goes the way that its own letters allow.

use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
};

use super::Spelling;
use crate::data::DataError;

impl Spelling {
    fn normalizer(self) -> BertNormalizer {
        BertNormalizer::new(true, true, Some(self.strip_accents), self.lowercase)
    }
}

/// What a letter of ASCII does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    /// It is part of a word.
    Letter,
    /// It is a word.
    Sign,
    /// It ends a word.
    Space,
    /// It is as if it were not there: control characters, the vertical tab and the form feed too.
    Nothing,
}

/// By letter.
const DOES: [Does; 128] = {
    let mut all = [Does::Nothing; 128];
    let mut at = 0;
    while at < 128 {
        let byte = at as u8;
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            all[at] = Does::Space;
        } else if byte.is_ascii_alphanumeric() {
            all[at] = Does::Letter;
        } else if byte.is_ascii_punctuation() {
            all[at] = Does::Sign;
        }
        at += 1;
    }
    all
};

/// Where the stretch from `at` to the next white space ends, and whether it is plain ASCII.
fn stretch(bytes: &[u8], at: usize) -> (usize, bool) {
    let mut seen = 0;
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            break;
        }
        seen |= byte;
        end += 1;
    }
    (end, seen < 128)
}

/// The words of a text, in order.
pub(super) fn words(
    text: &str,
    spelling: Spelling,
    mut each: impl FnMut(&str),
) -> Result<(), DataError> {
    let bytes = text.as_bytes();
    let mut word = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let (mut end, ascii) = stretch(bytes, at);
        if ascii {
            plain(&text[at..end], spelling.lowercase, &mut word, &mut each);
        } else {
            // what has other letters, too, goes with it
            while end < bytes.len() {
                let (next, ascii) = stretch(bytes, end + 1);
                if ascii && next > end + 1 {
                    break;
                }
                end = next;
            }
            by_the_crate(&text[at..end], spelling, &mut each)?;
        }
        at = end + 1;
    }
    Ok(())
}

/// The words of a stretch of ASCII without white space. `word` is empty before and behind.
fn plain(text: &str, lowercase: bool, word: &mut String, each: &mut impl FnMut(&str)) {
    for (at, byte) in text.bytes().enumerate() {
        match DOES[usize::from(byte & 127)] {
            Does::Letter => word.push(char::from(match lowercase {
                true => byte.to_ascii_lowercase(),
                false => byte,
            })),
            Does::Nothing | Does::Space => {}
            Does::Sign => {
                if !word.is_empty() {
                    each(word);
                    word.clear();
                }
                each(&text[at..=at]);
            }
        }
    }
    if !word.is_empty() {
        each(word);
        word.clear();
    }
}

/// The words of any text.
fn by_the_crate(
    text: &str,
    spelling: Spelling,
    each: &mut impl FnMut(&str),
) -> Result<(), DataError> {
    let bad = |error: tokenizers::Error| DataError::new(format!("can't cut a text: {error}"));
    let mut normal = NormalizedString::from(text);
    spelling.normalizer().normalize(&mut normal).map_err(bad)?;
    let mut split = PreTokenizedString::from(normal);
    BertPreTokenizer.pre_tokenize(&mut split).map_err(bad)?;
    for (word, _, _) in split.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
        each(word);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(text: &str) -> Result<(), TestCaseError> {
        for (lowercase, strip_accents) in
            [(true, true), (true, false), (false, true), (false, false)]
        {
            let spelling = Spelling {
                lowercase,
                strip_accents,
            };
            let (mut own, mut wanted) = (Vec::new(), Vec::new());
            words(text, spelling, |word| own.push(word.to_owned())).unwrap();
            by_the_crate(text, spelling, &mut |word: &str| {
                wanted.push(word.to_owned());
            })
            .unwrap();
            prop_assert_eq!(own, wanted, "{:?} {:?}", text, spelling);
        }
        Ok(())
    }

    #[test]
    fn every_letter_of_ascii_does_what_the_crate_says() {
        for byte in 0..128_u8 {
            let c = char::from(byte);
            same(&format!("{c}")).unwrap();
            same(&format!("Ab{c}cD {c}{c}E{c}")).unwrap();
            same(&format!("é{c}É x{c}\u{301}y")).unwrap();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn words_of_plain_text_are_the_crates(text in "[\\x00-\\x7f]{0,80}") {
            same(&text)?;
        }

        #[test]
        fn words_of_mixed_text_are_the_crates(
            text in "([a-zA-Z'. \\n]{0,9}[éÉß京東\u{301}\u{327}\u{3000}\u{a0}\u{200b}İσΣς…‘≠\u{338}ﬁ한🐈\u{85}\u{b}\u{c}]{0,3}){0,8}",
        ) {
            same(&text)?;
        }

        #[test]
        fn words_of_any_text_are_the_crates(text in any::<String>()) {
            same(&text)?;
        }
    }
}
