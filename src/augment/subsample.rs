//! `subsample(1e-3)`: common words are left out, the more often the commoner they are.

use std::sync::{Arc, OnceLock};

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Need, Philox, Pieces, Sample, SampleType, Tokens, TokensType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "subsample",
        Kind::Transform,
        "Leaves out common words of a text, each by chance.",
        Make::transform(
            |_, input| {
                TokensType::of("subsample", input)?;
                Ok(vec![input.clone()])
            },
            |args, _| {
                Ok(Box::new(Subsample {
                    threshold: args.number("t"),
                    kept: OnceLock::new(),
                }))
            },
        ),
    )
    .param(
        Param::with_default(
            "t",
            Type::Number,
            "1e-3",
            "A word whose share of all words is this or less is always kept.",
        )
        .within(1e-12, 1.0),
    )
    .paper(
        "Mikolov et al., 2013",
        "Distributed Representations of Words and Phrases and their Compositionality",
        "arXiv:1310.4546",
    )
    .doc(
        "A word of the share f of all words that the vocabulary counted is kept with probability √(t/f) + t/f, as in the program that the \
         paper's authors published (the paper itself says √(t/f)); t = 1e-3 is that program's default, and 1e-5 the paper's. Shares are of \
         the words in the vocabulary. Pieces that stand for no word (`[UNK]` too) are left out. Order stays, and what is left stands side by \
         side; it may be nothing. The vocabulary is one that knows counts: `fit … = vocabulary(…)`.",
    )
    .example("subsample(1e-3)")
}

/// 2³²: a word that is always kept.
const ALWAYS: u64 = 1 << 32;

/// By id, of 2³² draws how many keep it; 0 for what stands for no word.
fn kept(pieces: &Pieces, threshold: f64) -> Result<Vec<u64>, DataError> {
    let counts = pieces
        .counts()
        .ok_or_else(|| input::no_counts("subsample"))?;
    let total = counts.iter().sum::<u64>() as f64;
    let mut kept: Vec<u64> = counts
        .iter()
        .map(|count| {
            // t/f; a word that was never seen is no common one
            let ratio = threshold * total / *count as f64;
            ((ratio.sqrt() + ratio).min(1.0) * ALWAYS as f64).round() as u64
        })
        .collect();
    for id in pieces.special().all() {
        kept[id as usize] = 0;
    }
    Ok(kept)
}

struct Subsample {
    threshold: f64,
    /// For the vocabulary of the first text, which is everybody's.
    kept: OnceLock<(Arc<Pieces>, Vec<u64>)>,
}

impl Transform for Subsample {
    fn needs(&self) -> Option<Need> {
        Some(Need::Counts)
    }

    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let Tokens {
            mut ids, pieces, ..
        } = input::tokens("subsample", input)?;
        let made = match self.kept.get() {
            Some(made) => made,
            None => {
                let kept = kept(&pieces, self.threshold)?;
                self.kept.get_or_init(|| (pieces.clone(), kept))
            }
        };
        let other;
        let kept = match Arc::ptr_eq(&made.0, &pieces) {
            true => &made.1,
            false => {
                other = kept(&pieces, self.threshold)?;
                &other
            }
        };
        ids.retain(|id| {
            let kept = kept.get(*id as usize).copied().unwrap_or(0);
            kept >= ALWAYS || kept > 0 && u64::from(rng.next_u32()) < kept
        });
        out.push(Sample::tokens(ids, pieces));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::args;

    /// Of 1,000,000 words: `the` 160,000, `and` 40,000, `sea` 1,000, `reef` 500, and the rest.
    fn pieces() -> Arc<Pieces> {
        input::whole_words(&[
            ("rest", 798_500),
            ("the", 160_000),
            ("and", 40_000),
            ("sea", 1_000),
            ("reef", 500),
        ])
    }

    fn run(ids: Vec<u32>, threshold: f64, draw: u64) -> Vec<u32> {
        let subsample = Subsample {
            threshold,
            kept: OnceLock::new(),
        };
        let mut out = Vec::new();
        let mut rng = Philox::new(draw, &[]);
        let input = Sample::tokens(ids, pieces());
        subsample
            .apply(input, &mut rng, &mut Scratch::default(), &mut out)
            .unwrap();
        out.remove(0).into_tokens().unwrap().ids
    }

    #[test]
    fn words_are_kept_as_often_as_the_formula_says() {
        let pieces = pieces();
        let id = |word: &str| pieces.id(word).unwrap();
        // t = 0.0016: √(t/f) + t/f is 0.1 + 0.01 for f = 0.16, 0.2 + 0.04 for f = 0.04; what is rarer than t is always kept
        let n = 100_000_usize;
        for (word, wanted) in [("the", 0.11), ("and", 0.24), ("sea", 1.0), ("reef", 1.0)] {
            let seen = run(vec![id(word); n], 0.0016, 3).len() as f64;
            let deviation = (n as f64 * wanted * (1.0 - wanted)).sqrt();
            let off = (seen - n as f64 * wanted).abs();
            assert!(off <= 4.0 * deviation, "{word}: {seen}, s.d. {deviation}");
        }
        // above t words may be kept always, too: t/f = 0.5 gives 1.207
        assert_eq!(run(vec![id("sea"); 1000], 0.0005, 4).len(), 1000);
    }

    #[test]
    fn order_stays_and_what_is_no_word_goes() {
        let pieces = pieces();
        let (the, sea, reef) = (
            pieces.id("the").unwrap(),
            pieces.id("sea").unwrap(),
            pieces.id("reef").unwrap(),
        );
        let text: Vec<u32> = [sea, 1, the, reef, 0, the, sea, the].repeat(50);
        let found = run(text.clone(), 1e-3, 9);
        assert_eq!(found, run(text.clone(), 1e-3, 9));
        assert_ne!(found, run(text, 1e-3, 10));
        let rare: Vec<u32> = found.into_iter().filter(|id| *id != the).collect();
        assert_eq!(rare, [sea, reef, sea].repeat(50));
        assert_eq!(run(vec![1, 0, 1], 1e-3, 0), [0_u32; 0]);
        assert_eq!(run(vec![], 1e-3, 0), [0_u32; 0]);
    }

    #[test]
    fn a_vocabulary_without_counts_is_refused_and_types_flow_through() {
        let text: Arc<str> = "a b".into();
        let (bytes, _) = Pieces::fit(&mut [Ok(text)].into_iter(), 50, Default::default()).unwrap();
        let error = kept(&Pieces::open(&bytes).unwrap(), 1e-3).unwrap_err();
        assert!(error.message.contains("knows no counts"), "{error:?}");
        assert!(error.help.unwrap().contains("vocabulary(size"));
        let spec = spec();
        let Make::Transform { types, .. } = &spec.make else {
            panic!("it is no transform")
        };
        let of = |text: &str| types(&args(&spec, &[]), &SampleType::parse(text).unwrap());
        assert_eq!(of("tokens of 90").unwrap()[0].to_string(), "tokens of 90");
        assert_eq!(
            of("tokens[8] of 9").unwrap()[0].to_string(),
            "tokens[8] of 9"
        );
        assert!(of("text").unwrap_err().helps[0].contains("tokenize(pieces)"));
    }
}
