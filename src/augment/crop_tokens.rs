//! `crop_tokens(128)`: a piece of a text that is too long.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{DataError, Philox, Sample, SampleType, Tokens, TokensType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "crop_tokens",
        Kind::Transform,
        "At most so many neighbouring pieces of a text.",
        Make::transform(types, |args, _| {
            Ok(Box::new(CropTokens {
                length: args.size("length"),
                at: match args.word("at") {
                    "random" => At::Random,
                    "end" => At::End,
                    _ => At::Start,
                },
            }))
        }),
    )
    .param(Param::required("length", Type::Integer, "How many pieces at most.").within(3.0, 8192.0))
    .param(Param::with_default(
        "at",
        Type::Choice(&["random", "start", "end"]),
        "random",
        "Which of them: anywhere, each place as likely as another, the first ones, or the last ones.",
    ))
    .doc(
        "A text that is no longer stays as it is: in a batch it is padded. Where a text is enclosed in `[CLS]` and `[SEP]`, its crop is too, \
         and both count.",
    )
    .example("crop_tokens(128)")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let tokens = TokensType::of("crop_tokens", input)?;
    let length = args.size("length");
    let length = tokens.length.map_or(length, |own| own.min(length));
    Ok(vec![SampleType::tokens(Some(length), tokens.vocabulary)])
}

/// Which pieces stay.
#[derive(PartialEq)]
enum At {
    Random,
    Start,
    End,
}

struct CropTokens {
    length: usize,
    at: At,
}

impl Transform for CropTokens {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let Tokens {
            mut ids, pieces, ..
        } = input::tokens("crop_tokens", input)?;
        if ids.len() > self.length {
            let special = pieces.special();
            // what encloses the text, where something does
            let separator = special.separator.filter(|separator| {
                special.class.is_some()
                    && ids.first().copied() == special.class
                    && ids.last() == Some(separator)
            });
            let edge = usize::from(separator.is_some());
            let inside = ids.len() - 2 * edge;
            let kept = self.length - 2 * edge;
            let start = match self.at {
                At::Random => rng.below((inside - kept + 1) as u32) as usize,
                At::Start => 0,
                At::End => inside - kept,
            };
            ids.copy_within(edge + start..edge + start + kept, edge);
            ids.truncate(edge + kept);
            ids.extend(separator);
        }
        out.push(Sample::tokens(ids, pieces));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        self.at == At::Random
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::Pieces;

    fn cropped(crop: &CropTokens, ids: &[u32], draw: u64) -> Vec<u32> {
        let text: Arc<str> = "a a b b".into();
        let (bytes, _) = Pieces::fit(&mut [Ok(text)].into_iter(), 50, Default::default()).unwrap();
        let input = Sample::tokens(ids.to_vec(), Arc::new(Pieces::open(&bytes).unwrap()));
        let mut out = Vec::new();
        let mut rng = Philox::new(draw, &[]);
        crop.apply(input, &mut rng, &mut Scratch::default(), &mut out)
            .unwrap();
        out.remove(0).into_tokens().unwrap().ids
    }

    #[test]
    fn neighbours_stay_together_and_each_place_is_drawn() {
        let random = CropTokens {
            length: 4,
            at: At::Random,
        };
        let start = CropTokens {
            length: 4,
            at: At::Start,
        };
        let ids = [10, 11, 12, 13, 14, 15];
        assert_eq!(cropped(&start, &ids, 0), [10, 11, 12, 13]);
        assert_eq!(cropped(&start, &ids[..3], 0), [10, 11, 12]);
        let end = CropTokens {
            length: 4,
            at: At::End,
        };
        assert_eq!(cropped(&end, &ids, 0), [12, 13, 14, 15]);
        assert_eq!(cropped(&end, &ids[..3], 0), [10, 11, 12]);
        let enclosed = [2, 10, 11, 12, 13, 14, 3];
        assert_eq!(cropped(&end, &enclosed, 0), [2, 13, 14, 3]);
        assert_eq!(cropped(&random, &[], 0), [0_u32; 0]);
        let mut seen = [0; 3];
        for draw in 0..300 {
            let found = cropped(&random, &ids, draw);
            assert!(found.windows(2).all(|two| two[1] == two[0] + 1) && found.len() == 4);
            seen[found[0] as usize - 10] += 1;
        }
        // 100 expected, s.d. 8: five of them
        assert!(seen.iter().all(|n| (60..=140).contains(n)), "{seen:?}");
    }

    #[test]
    fn what_encloses_a_text_encloses_its_crop() {
        let ids = [2, 10, 11, 12, 13, 14, 3];
        let start = CropTokens {
            length: 4,
            at: At::Start,
        };
        assert_eq!(cropped(&start, &ids, 0), [2, 10, 11, 3]);
        let random = CropTokens {
            length: 3,
            at: At::Random,
        };
        let all: std::collections::BTreeSet<Vec<u32>> =
            (0..200).map(|draw| cropped(&random, &ids, draw)).collect();
        let wanted: Vec<Vec<u32>> = (10..15).map(|id| vec![2, id, 3]).collect();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn types_know_the_shorter_length() {
        let crop =
            crate::graph::testing::args(&spec(), &[("length", crate::catalog::Value::Integer(8))]);
        let of = |text: &str| {
            types(&crop, &SampleType::parse(text).unwrap()).map(|all| all[0].to_string())
        };
        assert_eq!(of("tokens of 90").unwrap(), "tokens[8] of 90");
        assert_eq!(of("tokens[4]").unwrap(), "tokens[4]");
        let problem = of("text").unwrap_err();
        assert!(problem.helps[0].contains("tokenize(pieces)"), "{problem:?}");
        assert!(of("image").unwrap_err().helps.is_empty());
        // where a pair is cut, both texts have to be
        let problem = of("tokens[64] in pairs").unwrap_err();
        assert!(problem.message.contains("takes one text"), "{problem:?}");
        assert!(problem.helps[0].contains("pair(pieces, 128)"));
    }
}
