//! `negatives(5)`: noise words, to be told from those that are there.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Need, Philox, Sample, SampleType, Tokens, TokensType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "negatives",
        Kind::Transform,
        "Draws noise words for a text: so many for each of its places.",
        Make::transform(types, |args, input| {
            let length = TokensType::of("negatives", input)?.length;
            Ok(Box::new(Negatives {
                drawn: drawn(args, length.unwrap_or(0)),
            }))
        }),
    )
    .param(
        Param::with_default(
            "count",
            Type::Integer,
            "5",
            "Noise words for each place of the text.",
        )
        .within(1.0, 256.0),
    )
    .param(
        Param::with_default(
            "share",
            Type::Integer,
            "1",
            "So many places, one after the other, share the same noise words.",
        )
        .within(1.0, 8192.0),
    )
    .paper(
        "Mikolov et al., 2013",
        "Distributed Representations of Words and Phrases and their Compositionality",
        "arXiv:1310.4546",
    )
    .doc(
        "Words are drawn in proportion to their counts to the power of ¾, whatever words the text has: one of them may be drawn, too. A text \
         of at most n words gives ⌈n / share⌉ · count of them, those of the first places first, and always all: there is no padding. The \
         vocabulary is one that knows counts: `fit … = vocabulary(…)`. The text itself flows on by its own name: \
         `emit words, noise = words |> negatives(5)`.",
    )
    .example("negatives(5)")
}

/// Words that are drawn for a text of at most so many.
fn drawn(args: &Args, length: usize) -> usize {
    length.div_ceil(args.size("share").max(1)) * args.size("count")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let tokens = TokensType::of("negatives", input)?;
    let length = tokens.length.ok_or_else(|| {
        let message = format!(
            "`negatives` draws words for each place of a text, and how many `{input}` has is not known"
        );
        Problem::new(Code::SampleType, message).help("cut every text to one length before it: `crop_tokens(128)`")
    })?;
    Ok(vec![SampleType::tokens(
        Some(drawn(args, length)),
        tokens.vocabulary,
    )])
}

struct Negatives {
    drawn: usize,
}

impl Transform for Negatives {
    fn needs(&self) -> Option<Need> {
        Some(Need::Counts)
    }

    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let Tokens {
            mut ids, pieces, ..
        } = input::tokens("negatives", input)?;
        let noise = pieces
            .noise()
            .ok_or_else(|| input::no_counts("negatives"))?;
        ids.clear();
        ids.reserve(self.drawn);
        ids.extend((0..self.drawn).map(|_| noise.draw(rng)));
        out.push(Sample::tokens(ids, pieces));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Value;
    use crate::graph::testing::args;

    fn run(text: Vec<u32>, drawn: usize, draw: u64) -> Vec<u32> {
        let pieces = input::whole_words(&[("a", 81), ("b", 16), ("c", 1)]);
        let mut out = Vec::new();
        let mut rng = Philox::new(draw, &[]);
        Negatives { drawn }
            .apply(
                Sample::tokens(text, pieces),
                &mut rng,
                &mut Scratch::default(),
                &mut out,
            )
            .unwrap();
        out.remove(0).into_tokens().unwrap().ids
    }

    #[test]
    fn all_places_get_noise_whatever_the_text_holds() {
        let found = run(vec![2, 3], 36_000, 1);
        // also a text of which nothing is left
        assert_eq!(found, run(vec![], 36_000, 1));
        assert_ne!(found, run(vec![], 36_000, 2));
        // 27 : 8 : 1, as 81, 16 and 1 to the power of ¾ are; standard deviations are 82, 79 and 31
        let seen = [2, 3, 4].map(|id| found.iter().filter(|own| **own == id).count() as f64);
        for ((seen, wanted), deviation) in seen
            .into_iter()
            .zip([27_000.0, 8_000.0, 1_000.0])
            .zip([82.2, 78.9, 31.2])
        {
            assert!(
                (seen - wanted).abs() < 4.0 * deviation,
                "{seen} of {wanted}"
            );
        }
    }

    #[test]
    fn places_share_noise_and_lengths_are_known() {
        let of = |text: &str, count: i64, share: i64| {
            let given = [
                ("count", Value::Integer(count)),
                ("share", Value::Integer(share)),
            ];
            types(&args(&spec(), &given), &SampleType::parse(text).unwrap())
        };
        for (count, share, wanted) in [(5, 1, 500), (5, 100, 5), (5, 33, 20), (2, 1000, 2)] {
            let ty = &of("tokens[100] of 90", count, share).unwrap()[0];
            assert_eq!(ty.to_string(), format!("tokens[{wanted}] of 90"));
        }
        let problem = of("tokens of 90", 5, 1).unwrap_err();
        assert!(problem.helps[0].contains("crop_tokens(128)"), "{problem:?}");
        assert!(of("text", 5, 1).unwrap_err().helps[0].contains("tokenize(pieces)"));
    }
}
