//! Where words begin in GPT-2: a run of letters, of digits or of signs, each with the space before it; white space; and `'s`, `'t`, `'re`,
//! `'ve`, `'m`, `'ll`, `'d`.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// What stands behind an apostrophe as a word of its own.
const SHORT: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Letter,
    Digit,
    Sign,
    Space,
}

/// Ranges of letters of a general category.
fn category(pattern: &str) -> Vec<(char, char)> {
    let parsed = regex_syntax::parse(pattern);
    match parsed.as_ref().map(|hir| hir.kind()) {
        Ok(HirKind::Class(Class::Unicode(class))) => class
            .ranges()
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect(),
        _ => Vec::new(),
    }
}

static LETTERS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| category(r"\p{L}"));
static DIGITS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| category(r"\p{N}"));

fn within(ranges: &[(char, char)], c: char) -> bool {
    let at = ranges.partition_point(|(_, end)| *end < c);
    ranges.get(at).is_some_and(|(start, _)| *start <= c)
}

fn is(c: char) -> Is {
    match c {
        'a'..='z' | 'A'..='Z' => Is::Letter,
        '0'..='9' => Is::Digit,
        c if c.is_whitespace() => Is::Space,
        c if c.is_ascii() => Is::Sign,
        c if within(&LETTERS, c) => Is::Letter,
        c if within(&DIGITS, c) => Is::Digit,
        _ => Is::Sign,
    }
}

/// Bytes that a text starts with of this kind.
fn run(text: &str, kind: Is) -> usize {
    text.find(|c| is(c) != kind).unwrap_or(text.len())
}

/// The words of a text; together they are the text.
pub(super) fn words(text: &str, each: &mut dyn FnMut(&str)) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let n = next(rest, first);
        let (word, behind) = rest.split_at(n);
        each(word);
        rest = behind;
    }
}

/// Bytes of the word that a text starts with, which starts with `first`.
fn next(text: &str, first: char) -> usize {
    if first == '\''
        && let Some(own) = SHORT.iter().find(|own| text.starts_with(**own))
    {
        return own.len();
    }
    let kind = is(first);
    if kind != Is::Space {
        return run(text, kind);
    }
    if first == ' '
        && let Some(second) = text[1..].chars().next()
        && is(second) != Is::Space
    {
        return 1 + run(&text[1..], is(second));
    }
    let all = run(text, Is::Space);
    // the last before a word is the word's, or one of its own
    let last = text[..all]
        .char_indices()
        .next_back()
        .map_or(0, |(at, _)| at);
    match all == text.len() || last == 0 {
        true => all,
        false => last,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokenizers::pre_tokenizers::byte_level::ByteLevel;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    fn same(text: &str) -> Result<(), TestCaseError> {
        for prefix_space in [false, true] {
            let mut own = Vec::new();
            super::super::words(text, prefix_space, &mut |word: &str| {
                own.push(word.to_owned())
            });
            let mut split = PreTokenizedString::from(text);
            ByteLevel::new(prefix_space, true, true)
                .pre_tokenize(&mut split)
                .unwrap();
            let wanted = split.get_splits(OffsetReferential::Normalized, OffsetType::Byte);
            let wanted: Vec<&str> = wanted.into_iter().map(|(word, _, _)| word).collect();
            prop_assert_eq!(own, wanted, "{:?} {}", text, prefix_space);
        }
        Ok(())
    }

    #[test]
    fn words_are_gpt2s() {
        for text in [
            "It's the keeper's; they're, we've, I'm, he'll, she'd, 'tis, 'S",
            "two  spaces   and\n\nlines \n \t tabs\t",
            "  1024 64a b65 ...!? ¡né! x\u{301}y",
            "東京 🐈\u{200d}⬛ \u{a0}\u{3000} Ⅻ ½ ١٢",
        ] {
            same(text).unwrap();
        }
        for code in 0..0x3000 {
            let c = char::from_u32(code).unwrap();
            same(&format!("a{c} {c}{c}1{c}, {c}")).unwrap();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn words_of_mixed_text_are_the_crates(text in "([a-zA-Z0-9'. \\n\\t,]{0,9}[éß京\u{301}\u{3000}\u{a0}…🐈\u{85}½]{0,3}){0,8}") {
            same(&text)?;
        }

        #[test]
        fn words_of_any_text_are_the_crates(text in any::<String>()) {
            same(&text)?;
        }
    }
}
