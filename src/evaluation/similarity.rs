//! Similarity of words as people see it (Finkelstein et al., 2002): rank correlation with what they said.

use super::asked::{self, ANSWERED, share, word, wrong};
use super::evaluator::{About, Evaluator, Exhibit, Findings, Judged, Metric, TABLE, Want};
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use super::table::Lexicon;
use crate::catalog::{Args, Make, Spec};
use crate::data::DataError;

/// Spearman's ρ.
const SPEARMAN: (&str, Measure) = ("spearman", Measure::SCORE);

struct Similarity;

/// Two words, and how similar people found them.
#[derive(Clone, Debug, PartialEq)]
struct Pair {
    words: [String; 2],
    score: f64,
}

/// Reads two words and a number a line, between tabs, commas or spaces. Lines that begin with `#` are remarks; the first other line may
/// name the columns.
fn parse(file: &[u8]) -> Result<Vec<Pair>, DataError> {
    let mut pairs = Vec::new();
    let lines = asked::lines(file)?.filter(|(_, line)| !line.starts_with('#'));
    for (index, (number, line)) in lines.enumerate() {
        let fields: Vec<&str> = match (line.contains('\t'), line.contains(',')) {
            (true, _) => line.split('\t').map(str::trim).collect(),
            (false, true) => line.split(',').map(str::trim).collect(),
            (false, false) => line.split_whitespace().collect(),
        };
        let score = fields.get(2).and_then(|score| score.parse::<f64>().ok());
        if index == 0 && fields.len() >= 3 && score.is_none() {
            continue;
        }
        let [a, b, _] = fields[..] else {
            let what = format!(
                "{} fields, and a pair has two words and a number",
                fields.len()
            );
            return Err(wrong(number, &what).help("such as `tiger cat 7.35`"));
        };
        let Some(score) = score.filter(|score| score.is_finite()) else {
            return Err(wrong(number, "the third field is no number"));
        };
        let words = [word(number, a)?, word(number, b)?];
        pairs.push(Pair { words, score });
    }
    match pairs.is_empty() {
        true => Err(DataError::new("it holds no pairs of words")),
        false => Ok(pairs),
    }
}

/// The place of each value in their order, from 1; equal values have the mean of their places.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let mean = before as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|at| ranks[*at] = mean);
        before += equal.len();
    }
    ranks
}

/// Spearman's ρ: the correlation of ranks. Not a number where one side is all equal.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    // of ranks, whose mean is known
    let mean = (a.len() + 1) as f64 / 2.0;
    let product = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
    };
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

impl Evaluator for Similarity {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![Want::table("{}, word vectors")]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[SPEARMAN, ANSWERED]
    }

    fn asks(&self) -> Option<&'static str> {
        Some("file")
    }

    fn accepts(&self, file: &[u8]) -> Result<(), DataError> {
        parse(file).map(|_| ())
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let most = args.size("restrict");
        format!("cosine among the first {most} words, {}", about.view)
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        _: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let Some(Read::Table(table)) = read.into_iter().next() else {
            return Err(Failed);
        };
        let pairs = parse(judged.file).map_err(|_| Failed)?;
        let lexicon = Lexicon::new(&table, judged.args.size("restrict"));
        let (mut said, mut found) = (Vec::new(), Vec::new());
        for pair in &pairs {
            let [a, b] = [&pair.words[0], &pair.words[1]].map(|word| lexicon.find(word));
            if let (Some(a), Some(b)) = (a, b) {
                let both = lexicon.row(a).iter().zip(lexicon.row(b));
                let cosine: f64 = both.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                said.push(pair.score);
                found.push(cosine);
            }
        }
        Ok(Findings {
            metrics: vec![
                Metric::new("", SPEARMAN, spearman(&said, &found)),
                Metric::new("", ANSWERED, share(said.len(), pairs.len())),
            ],
            exhibits: vec![Exhibit::Text(format!(
                "{} of {} pairs answered; the others have a word out of the vocabulary\n",
                said.len(),
                pairs.len()
            ))],
        })
    }

    fn files(&self) -> &'static [&'static str] {
        &[TABLE]
    }
}

pub(super) fn spec() -> Spec {
    asked::spec(
        "similarity",
        "Rank correlation of cosines between words with how similar people find them",
        "Two words and a number a line, between tabs, commas or spaces, such as WordSim-353; the path is relative to the recipe.",
        Make::evaluator(Similarity),
    )
    .paper(
        "Finkelstein et al., 2002",
        "Placing Search in Context: The Concept Revisited",
        "doi:10.1145/503104.503110",
    )
    .doc(
        "`spearman` is Spearman's ρ, equal values with the mean of their ranks. A pair with a word out of the vocabulary does not count; \
         `answered` is the part of all pairs that does. Lines that begin with `#` are remarks, and the first other line may name the \
         columns. Capitals count where the vocabulary has some. The encoder has a part `vectors`: `word_vectors`, or `bert` with the \
         embeddings of its pieces.",
    )
    .example("similarity(\"wordsim353.tsv\")")
}

#[cfg(test)]
#[path = "similarity_tests.rs"]
mod tests;
