//! `mask_tokens(15%)`: words that are to be guessed.

use std::ops::Range;

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Need, PADDING, Philox, Pieces, Sample, Tokens, TokensType};

/// Of the chosen positions, how many are masked, and how many are masked or replaced by a random piece; the others stay.
const MASKED: f32 = 0.8;
const MASKED_OR_RANDOM: f32 = 0.9;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "mask_tokens",
        Kind::Transform,
        "Hides some pieces of a text; emits the text with holes, and what was hidden.",
        Make::transform(
            |_, input| {
                let tokens = TokensType::of_any("mask_tokens", input)?;
                Ok(vec![input.clone(), tokens.alone()])
            },
            |args, _| {
                Ok(Box::new(MaskTokens {
                    chosen: args.ratio("chosen"),
                    whole_words: args.switch("whole_words"),
                }))
            },
        ),
    )
    .param(
        Param::with_default(
            "chosen",
            Type::Ratio,
            "15%",
            "How many of the pieces are chosen, at least one.",
        )
        .within(0.0, 1.0),
    )
    .param(Param::switch(
        "whole_words",
        "off",
        "Chooses words instead of pieces, and all pieces of a word with it.",
    ))
    .paper(
        "Devlin et al., 2019",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        "arXiv:1810.04805",
    )
    .doc(
        "Of the chosen pieces 80 % become `[MASK]`, 10 % another piece of the vocabulary, each as likely as another, and 10 % stay as they \
         are. Pieces that stand for no word (`[UNK]` too) are never chosen. The second value holds the chosen pieces where they stood, and \
         padding elsewhere.\n\nWith `whole_words` a word is chosen as a whole, and each of its pieces becomes one of the three on its own; \
         a word of more pieces than are still to be chosen is passed over, unless nothing else would be hidden (the whole word masking of \
         BERT's later models). Of a pair both texts have holes, and the second value does not say which is which.",
    )
    .example("mask_tokens(15%)")
}

struct MaskTokens {
    chosen: f64,
    whole_words: bool,
}

impl MaskTokens {
    /// What can be chosen, in order: places of pieces, or of all the pieces of a word. None stands for no word.
    fn words(&self, ids: &[u32], pieces: &Pieces) -> Vec<Range<usize>> {
        let special = pieces.special().all();
        let mut words: Vec<Range<usize>> = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            if special.contains(id) {
                continue;
            }
            match words.last_mut() {
                Some(word) if self.whole_words && word.end == at && pieces.goes_on(*id) => {
                    word.end = at + 1;
                }
                _ => words.push(at..at + 1),
            }
        }
        words
    }
}

impl Transform for MaskTokens {
    fn needs(&self) -> Option<Need> {
        Some(Need::Mask)
    }

    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let Tokens {
            mut ids,
            pieces,
            second,
        } = input::tokens("mask_tokens", input)?;
        let mask = pieces.special().mask()?;
        let mut words = self.words(&ids, &pieces);
        if words.is_empty() {
            return Err(DataError::new(
                "`mask_tokens` finds no word to hide: no piece of the text is in the vocabulary",
            ));
        }
        let all: usize = words.iter().map(Range::len).sum();
        let mut left = ((all as f64 * self.chosen).round() as usize).clamp(1, all);
        let mut target = vec![PADDING; ids.len()];
        let mut hide = |word: Range<usize>, rng: &mut Philox| {
            for at in word {
                target[at] = ids[at];
                let part = rng.uniform();
                if part < MASKED {
                    ids[at] = mask;
                } else if part < MASKED_OR_RANDOM {
                    ids[at] = any_word(&pieces, rng);
                }
            }
        };
        let mut none = true;
        for turn in 0..words.len() {
            if left == 0 {
                break;
            }
            // the first of what is left of a random order
            let other = turn + rng.below((words.len() - turn) as u32) as usize;
            words.swap(turn, other);
            let word = words[turn].clone();
            if word.len() <= left {
                left -= word.len();
                none = false;
                hide(word, rng);
            }
        }
        if none {
            hide(words[0].clone(), rng);
        }
        out.push(match second {
            None => Sample::tokens(ids, pieces.clone()),
            Some(second) => Sample::pair(ids, second, pieces.clone()),
        });
        out.push(Sample::tokens(target, pieces));
        Ok(())
    }
}

/// A piece that stands for a word or a part of one, each as likely as another. There is one: a text had it.
fn any_word(pieces: &Pieces, rng: &mut Philox) -> u32 {
    let mut special = pieces.special().all();
    special.sort_unstable();
    let mut id = rng.below((pieces.len() - special.len()) as u32);
    for own in special {
        id += u32::from(own <= id);
    }
    id
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::SampleType;
    use crate::graph::testing::args;

    fn pieces() -> Arc<Pieces> {
        let text: Arc<str> = "abcdefghijklmnopqrst ".repeat(2).into();
        let (bytes, _) = Pieces::fit(&mut [Ok(text)].into_iter(), 40, Default::default()).unwrap();
        Arc::new(Pieces::open(&bytes).unwrap())
    }

    fn masked(ids: &[u32], chosen: f64, draw: u64) -> Result<(Vec<u32>, Vec<u32>), DataError> {
        let mut out = Vec::new();
        let mut rng = Philox::new(draw, &[]);
        let input = Sample::tokens(ids.to_vec(), pieces());
        let mask = MaskTokens {
            chosen,
            whole_words: false,
        };
        mask.apply(input, &mut rng, &mut Scratch::default(), &mut out)?;
        let mut ids = out
            .into_iter()
            .map(|value| value.into_tokens().unwrap().ids);
        Ok((ids.next().unwrap(), ids.next().unwrap()))
    }

    #[test]
    fn eight_of_ten_are_masked_one_is_another_and_one_stays() {
        let n = pieces().len() as u32;
        let ids: Vec<u32> = [
            vec![2],
            (0..200).map(|i| 5 + i % (n - 5)).collect(),
            vec![1, 3],
        ]
        .concat();
        let (mut hidden, mut other, mut same) = (0, 0, 0);
        let mut random = vec![0; n as usize];
        for draw in 0..500 {
            let (input, target) = masked(&ids, 0.15, draw).unwrap();
            let chosen: Vec<usize> = (0..ids.len()).filter(|at| target[*at] != PADDING).collect();
            assert_eq!(chosen.len(), 30, "15 % of 200 words");
            for at in 0..ids.len() {
                if !chosen.contains(&at) {
                    assert_eq!(input[at], ids[at]);
                    continue;
                }
                assert!(ids[at] > 4, "what stands for no word is never chosen");
                assert_eq!(target[at], ids[at]);
                match input[at] {
                    4 => hidden += 1,
                    id if id == ids[at] => same += 1,
                    id => {
                        assert!(id > 4 && id < n);
                        random[id as usize] += 1;
                        other += 1;
                    }
                }
            }
        }
        // 15,000 choices: s.d. 49 and 37; of the random ones 1 in n - 5 is the word itself
        assert!((hidden - 12_000i32).abs() < 245, "{hidden}");
        assert!(
            (same - 1_500i32).abs() < 245 && (other - 1_500i32).abs() < 245,
            "{same} {other}"
        );
        assert!(
            random[5..].iter().all(|often| *often > 0),
            "every word is drawn: {random:?}"
        );
    }

    #[test]
    fn at_least_one_word_is_hidden_and_the_same_stream_hides_the_same() {
        for draw in 0..50 {
            let (_, target) = masked(&[2, 7, 3], 0.0, draw).unwrap();
            assert_eq!(target, [0, 7, 0]);
        }
        assert_eq!(
            masked(&[7, 8, 9, 7], 0.5, 3).unwrap(),
            masked(&[7, 8, 9, 7], 0.5, 3).unwrap()
        );
        let (_, all) = masked(&[7, 8, 9, 7], 1.0, 3).unwrap();
        assert_eq!(all, [7, 8, 9, 7]);
        for none in [&[][..], &[1, 1], &[2, 3]] {
            assert!(
                masked(none, 0.15, 0)
                    .unwrap_err()
                    .message
                    .contains("no word to hide")
            );
        }
    }

    #[test]
    fn both_values_are_what_flowed_in() {
        let spec = spec();
        let Make::Transform { types, .. } = &spec.make else {
            panic!("it is no transform")
        };
        let of = |text: &str| types(&args(&spec, &[]), &SampleType::parse(text).unwrap());
        let all = of("tokens[8] of 90").unwrap();
        let all: Vec<String> = all.iter().map(SampleType::to_string).collect();
        assert_eq!(all, ["tokens[8] of 90", "tokens[8] of 90"]);
        let all = of("tokens[8] of 90 in pairs").unwrap();
        let all: Vec<String> = all.iter().map(SampleType::to_string).collect();
        assert_eq!(all, ["tokens[8] of 90 in pairs", "tokens[8] of 90"]);
        assert!(of("text").unwrap_err().helps[0].contains("tokenize(pieces)"));
    }

    /// `a`, `b` and `##b`, `##bb`, of which words of one to four pieces are made.
    fn parts() -> Arc<Pieces> {
        let vocabulary = [
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b", "##bb",
        ];
        let list = vocabulary.join("\n");
        let bytes = Pieces::listed(list.as_bytes(), Default::default()).unwrap();
        Arc::new(Pieces::open(&bytes).unwrap())
    }

    #[test]
    fn all_pieces_of_a_word_are_hidden_together() {
        let whole = |chosen: f64, draw: u64, ids: &[u32]| {
            let mut out = Vec::new();
            let mask = MaskTokens {
                chosen,
                whole_words: true,
            };
            let (mut rng, mut scratch) = (Philox::new(draw, &[]), Scratch::default());
            let input = Sample::pair(ids.to_vec(), 9, parts());
            mask.apply(input, &mut rng, &mut scratch, &mut out).unwrap();
            let [input, target] = [out.remove(0), out.remove(0)].map(|x| x.into_tokens().unwrap());
            assert_eq!((input.second, target.second), (Some(9), None));
            (input.ids, target.ids)
        };
        // [CLS] a, b, a ##b, a ##bb ##b [SEP] | ##b of a word that is not there, a [UNK] ##b [SEP]
        let ids = [2, 5, 6, 5, 7, 5, 8, 7, 3, 7, 5, 1, 7, 3];
        let words = [&[1][..], &[2], &[3, 4], &[5, 6, 7], &[9], &[10], &[12]];
        let (mut often, mut parted) = ([0; 7], false);
        for draw in 0..2000 {
            // 30 % of 10 pieces
            let (input, target) = whole(0.3, draw, &ids);
            let hidden = |at: usize| target[at] != PADDING;
            assert_eq!((0..ids.len()).filter(|at| hidden(*at)).count(), 3);
            for (word, often) in words.iter().zip(&mut often) {
                let all = word.iter().filter(|at| hidden(**at)).count();
                assert!(all == 0 || all == word.len(), "{word:?} of {target:?}");
                *often += usize::from(all > 0);
                let masked = word.iter().filter(|at| input[**at] == 4).count();
                parted |= 0 < masked && masked < all;
            }
        }
        // each piece becomes one of the three on its own
        assert!(parted);
        // the longest word only where it comes first: 1 in 7, s.d. 16
        assert!((often[3] as i32 - 286).abs() < 80, "{often:?}");
        // no word is as short as what is to be hidden: the first that is drawn is hidden all the same
        let mut seen = [false; 2];
        for draw in 0..50 {
            let (_, target) = whole(0.1, draw, &[5, 7, 6, 7, 7]);
            match target.as_slice() {
                [5, 7, 0, 0, 0] => seen[0] = true,
                [0, 0, 6, 7, 7] => seen[1] = true,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen, [true; 2]);
    }
}
