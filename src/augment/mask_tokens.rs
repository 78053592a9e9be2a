//! `mask_tokens(15%)`: words that are to be guessed.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, PADDING, Philox, Pieces, Sample, Tokens, TokensType};

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
                TokensType::of("mask_tokens", input)?;
                Ok(vec![input.clone(), input.clone()])
            },
            |args, _| {
                Ok(Box::new(MaskTokens {
                    chosen: args.ratio("chosen"),
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
    .paper(
        "Devlin et al., 2019",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        "arXiv:1810.04805",
    )
    .doc(
        "Of the chosen pieces 80 % become `[MASK]`, 10 % another piece of the vocabulary, each as likely as another, and 10 % stay as they \
         are. Pieces that stand for no word (`[UNK]` too) are never chosen. The second value holds the chosen pieces where they stood, and \
         padding elsewhere.",
    )
    .example("mask_tokens(15%)")
}

struct MaskTokens {
    chosen: f64,
}

impl Transform for MaskTokens {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let Tokens { mut ids, pieces } = input::tokens("mask_tokens", input)?;
        let mask = pieces.special().mask()?;
        let special = pieces.special().all();
        let words = (0..ids.len()).filter(|at| !special.contains(&ids[*at]));
        let mut words: Vec<usize> = words.collect();
        if words.is_empty() {
            return Err(DataError::new(
                "`mask_tokens` finds no word to hide: no piece of the text is in the vocabulary",
            ));
        }
        let chosen = ((words.len() as f64 * self.chosen).round() as usize).clamp(1, words.len());
        let mut target = vec![PADDING; ids.len()];
        for turn in 0..chosen {
            // the first of what is left of a random order
            let other = turn + rng.below((words.len() - turn) as u32) as usize;
            words.swap(turn, other);
            let at = words[turn];
            target[at] = ids[at];
            let part = rng.uniform();
            if part < MASKED {
                ids[at] = mask;
            } else if part < MASKED_OR_RANDOM {
                ids[at] = any_word(&pieces, rng);
            }
        }
        out.push(Sample::tokens(ids, pieces.clone()));
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
        MaskTokens { chosen }.apply(input, &mut rng, &mut Scratch::default(), &mut out)?;
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
        assert!(of("text").unwrap_err().helps[0].contains("tokenize(pieces)"));
    }
}
