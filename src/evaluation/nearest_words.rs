//! The nearest words of some words: something to look at.

use std::collections::HashSet;

use super::asked::{self, ANSWERED, aligned, share};
use super::evaluator::{About, Evaluator, Exhibit, Findings, Judged, MAP, Metric, TABLE, Want};
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use super::params::every;
use super::table::Lexicon;
use crate::catalog::{Args, Kind, Make, Param, Spec, Type, Value};
use crate::language::visible_line;

/// Words whose similarities to all others are held at once.
const BLOCK: usize = 256;
/// Most words of a map.
const MAPPED: usize = 500;
/// Words among which the memory of a plan expects them.
const USUAL: usize = 30_000;

struct NearestWords;

/// The words that the recipe asks for.
fn asked(args: &Args) -> Vec<&str> {
    let words = args.maybe_list("words").unwrap_or_default().iter();
    let words = words.filter_map(|word| match word {
        Value::Text(word) => Some(word.as_str()),
        _ => None,
    });
    words.collect()
}

/// The `k` places with the largest values, of equals the first, without one.
fn nearest(values: &[f32], k: usize, without: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).filter(|at| *at != without).collect();
    let nearer = |a: &usize, b: &usize| values[*b].total_cmp(&values[*a]).then(a.cmp(b));
    if k < order.len() {
        order.select_nth_unstable_by(k, nearer);
        order.truncate(k);
    }
    order.sort_unstable_by(nearer);
    order
}

impl Evaluator for NearestWords {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![Want::table("{}, word vectors")]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[ANSWERED]
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let (words, most) = (asked(args).len(), args.size("restrict"));
        format!("{words} words among the first {most}, {}", about.view)
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let Some(Read::Table(table)) = read.into_iter().next() else {
            return Err(Failed);
        };
        let lexicon = Lexicon::new(&table, judged.args.size("restrict"));
        drop(table);
        let words = asked(judged.args);
        let known: Vec<(&str, usize)> = words
            .iter()
            .filter_map(|word| Some((*word, lexicon.find(word)?)))
            .collect();
        let mut lines = Vec::new();
        let mut map = Vec::new();
        let mut rows = lab.rows(lexicon.rows.clone(), lexicon.dim)?;
        for block in known.chunks(BLOCK) {
            let queries = block.iter().flat_map(|(_, id)| lexicon.row(*id)).copied();
            let cosines = rows.products(&queries.collect::<Vec<f32>>())?; // [words asked, words]
            for ((word, id), cosines) in block.iter().zip(cosines.chunks(lexicon.words.len())) {
                let mut name = visible_line(word).into_owned();
                map.push((name.clone(), *id, *id));
                for near in nearest(cosines, judged.args.size("k"), *id) {
                    let cosine = format!("{:.4}", cosines[near]);
                    map.push((name_of(&lexicon, near), near, *id));
                    let near = name_of(&lexicon, near);
                    // a word stands before its first neighbour only
                    lines.push(vec![std::mem::take(&mut name), near, cosine]);
                }
            }
        }
        let mut text = aligned(&lines);
        let lost = words.iter().filter(|word| lexicon.find(word).is_none());
        for word in lost {
            text += &format!("{} is not in the vocabulary\n", visible_line(word));
        }
        Ok(Findings {
            metrics: vec![Metric::new("", ANSWERED, share(known.len(), words.len()))],
            exhibits: vec![Exhibit::Text(text), drawn(&lexicon, map)],
        })
    }

    /// The similarities of one block, on the device and here.
    fn working(&self, _: &[usize]) -> usize {
        2 * BLOCK * USUAL
    }

    fn files(&self) -> &'static [&'static str] {
        &[TABLE, MAP]
    }
}

/// A word as it is shown.
fn name_of(lexicon: &Lexicon, at: usize) -> String {
    visible_line(&lexicon.words[at]).into_owned()
}

/// The words that are asked for and those that are near them, in the plane: name, row, and the row of the word that was asked for. One that
/// is near several is drawn with the first.
fn drawn(lexicon: &Lexicon, words: Vec<(String, usize, usize)>) -> Exhibit {
    let (mut rows, mut labels, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let mut groups: Vec<usize> = Vec::new();
    let mut seen = HashSet::new();
    for (name, at, of) in words {
        if !seen.insert(at) || names.len() == MAPPED {
            continue;
        }
        let known = groups.iter().position(|group| *group == of);
        labels.push(known.unwrap_or(groups.len()) as u32);
        if known.is_none() {
            groups.push(of);
        }
        rows.extend_from_slice(lexicon.row(at));
        names.push(name);
    }
    Exhibit::Map {
        rows,
        width: lexicon.dim,
        labels,
        classes: groups.into_iter().map(|at| name_of(lexicon, at)).collect(),
        names,
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "nearest_words",
        Kind::Evaluator,
        "The nearest words of some words by cosine similarity, to be looked at",
        Make::evaluator(NearestWords),
    )
    .without(asked::WITHOUT)
    .param(Param::required(
        "words",
        Type::List(Box::new(Type::Text)),
        "The words whose neighbours are listed.",
    ))
    .param(Param::with_default("k", Type::Integer, "10", "Neighbours of each word.").within(1.0, 1000.0))
    .param(asked::restrict())
    .param(every())
    .doc(
        "The list is in `table.txt` of the stage's folder, in `results/` and in the report, which also draws these words in the plane. `answered` is the part of the words that are in \
         the vocabulary. The encoder has a part `vectors`: `word_vectors`, or `bert` with the embeddings of its pieces.",
    )
    .example("nearest_words(words = [\"king\", \"paris\"], k = 10)")
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::super::testing::judged;
    use super::*;

    fn text(words: &[&str], k: i64) -> (f64, String) {
        let table = Table {
            // directions of 0, 10, 60 and 180 degrees, of any length
            rows: vec![
                2.0,
                0.0,
                0.984_807_7,
                0.173_648_2,
                0.5,
                0.866_025_4,
                -3.0,
                0.0,
            ],
            dim: 2,
            words: ["king", "queen", "man\u{1b}", "tree"]
                .map(|word| Some(word.to_owned()))
                .to_vec(),
        };
        let words = words.iter().map(|word| Value::Text((*word).to_owned()));
        let given = [
            ("words", Value::List(words.collect())),
            ("k", Value::Integer(k)),
        ];
        let mut findings = judged(spec(), &given, b"", table).expect("findings");
        let Some(Exhibit::Text(text)) = findings.exhibits.drain(..).next() else {
            panic!("{findings:?}")
        };
        (findings.metrics[0].value, text)
    }

    #[test]
    fn neighbours_stand_in_the_order_of_their_cosines() {
        let (answered, text) = text(&["King", "nobody", "tree"], 2);
        assert_eq!(answered, 2.0 / 3.0);
        // cos 10° = 0.9848, cos 60° = 0.5, cos 120° = -0.5, cos 170° = -0.9848
        let expected = "\
King  queen      0.9848
      man\\u{1b}  0.5000
tree  man\\u{1b}  -0.5000
      queen      -0.9848
nobody is not in the vocabulary
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_map_has_each_word_once_with_the_first_that_it_is_near() {
        let table = Table {
            rows: vec![1.0, 0.0, 1.0, 0.1, 0.0, 1.0, -1.0, 0.0],
            dim: 2,
            words: ["king", "queen", "tree", "root"]
                .map(|word| Some(word.to_owned()))
                .to_vec(),
        };
        let words = ["tree", "king"].map(|word| Value::Text(word.to_owned()));
        let given = [
            ("words", Value::List(words.to_vec())),
            ("k", Value::Integer(1)),
        ];
        let findings = judged(spec(), &given, b"", table).expect("findings");
        let Exhibit::Map {
            rows,
            width: 2,
            labels,
            classes,
            names,
        } = &findings.exhibits[1]
        else {
            panic!("{findings:?}")
        };
        // the cosine of tree is 0.0995 with queen, -0 with root and 0 with king
        assert_eq!(names, &["tree", "queen", "king"]);
        assert_eq!(
            (&labels[..], &classes[..]),
            (&[0, 0, 1][..], &["tree".to_owned(), "king".to_owned()][..])
        );
        assert_eq!(rows[..2], [0.0, 1.0]);
    }

    #[test]
    fn no_word_is_its_own_neighbour_and_there_are_no_more_than_there_are() {
        let (_, text) = text(&["king"], 50);
        assert_eq!(text.lines().count(), 3);
        assert!(!text.contains("king  king"));
    }
}
