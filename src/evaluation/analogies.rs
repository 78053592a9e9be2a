//! Analogies: as `man` is to `king`, `woman` is to … (Mikolov et al., 2013).

use super::asked::{self, ANSWERED, aligned, share, word, wrong};
use super::evaluator::{About, Evaluator, Exhibit, Findings, Judged, Metric, TABLE, Want};
use super::lab::{Failed, Lab, Read};
use super::metric::{ACCURACY, Measure};
use super::table::Lexicon;
use crate::catalog::{Args, Make, Spec};
use crate::data::DataError;
use crate::language::visible_line;

/// Questions whose similarities to all words are held at once.
const BLOCK: usize = 256;
/// Words among which the memory of a plan expects an answer.
const USUAL: usize = 30_000;

struct Analogies;

/// Questions of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    name: String,
    /// a is to b as c is to d.
    questions: Vec<[String; 4]>,
}

/// Reads the format of word2vec's `questions-words.txt`: `: NAME` begins a section, every other line has four words.
fn parse(file: &[u8]) -> Result<Vec<Section>, DataError> {
    let mut sections: Vec<Section> = Vec::new();
    // the one that is filled: sections of one name are one
    let mut open = None;
    for (number, line) in asked::lines(file)? {
        if let Some(name) = line.strip_prefix(':') {
            let name = word(number, name.trim())?;
            let known = sections.iter().position(|section| section.name == name);
            open = Some(known.unwrap_or(sections.len()));
            if known.is_none() {
                let questions = Vec::new();
                sections.push(Section { name, questions });
            }
            continue;
        }
        let Some(section) = open.and_then(|open| sections.get_mut(open)) else {
            return Err(wrong(number, "a question stands before the first section")
                .help("a section begins with a line `: its name`"));
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let [a, b, c, d] = words[..] else {
            let what = format!("{} words, and a question has four", words.len());
            return Err(wrong(number, &what).help(
                "word2vec's questions-words.txt has lines such as `Athens Greece Baghdad Iraq`",
            ));
        };
        let mut question = [const { String::new() }; 4];
        for (to, from) in question.iter_mut().zip([a, b, c, d]) {
            *to = word(number, from)?;
        }
        section.questions.push(question);
    }
    if sections.iter().all(|section| section.questions.is_empty()) {
        return Err(DataError::new("it holds no questions"));
    }
    Ok(sections)
}

/// How many questions a section has, of how many all words are known, how many are answered right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    asked: usize,
    answered: usize,
    right: usize,
}

/// Answers by 3CosAdd: the word whose cosine to b − a + c is the largest, none of the three.
fn answer(
    sections: &[Section],
    lexicon: &Lexicon,
    lab: &mut dyn Lab,
) -> Result<Vec<Count>, Failed> {
    let mut counts = vec![Count::default(); sections.len()];
    let mut known: Vec<(usize, [usize; 4])> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        counts[index].asked = section.questions.len();
        for question in &section.questions {
            let mut ids = question.iter().map(|word| lexicon.find(word));
            if let (Some(Some(a)), Some(Some(b)), Some(Some(c)), Some(Some(d))) =
                (ids.next(), ids.next(), ids.next(), ids.next())
            {
                counts[index].answered += 1;
                known.push((index, [a, b, c, d]));
            }
        }
    }
    if known.is_empty() {
        return Ok(counts);
    }
    let mut rows = lab.rows(lexicon.rows.clone(), lexicon.dim)?;
    for block in known.chunks(BLOCK) {
        let mut queries = Vec::with_capacity(block.len() * lexicon.dim);
        for (_, [a, b, c, _]) in block {
            let [a, b, c] = [a, b, c].map(|id| lexicon.row(*id).iter());
            queries.extend(a.zip(b).zip(c).map(|((a, b), c)| b - a + c));
        }
        let cosines = rows.products(&queries)?; // [questions, words], each up to the length of its query
        let of_block = cosines.chunks(lexicon.words.len());
        for ((section, [a, b, c, d]), cosines) in block.iter().zip(of_block) {
            let best = largest(cosines, &[*a, *b, *c]);
            counts[*section].right += usize::from(best == Some(*d));
        }
    }
    Ok(counts)
}

/// The place of the largest value, of equals the first, without some places.
fn largest(values: &[f32], without: &[usize]) -> Option<usize> {
    let mut best = None;
    for (at, value) in values.iter().enumerate() {
        if !without.contains(&at) && best.is_none_or(|(_, most)| *value > most) && !value.is_nan() {
            best = Some((at, *value));
        }
    }
    best.map(|(at, _)| at)
}

impl Evaluator for Analogies {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![Want::table("{}, word vectors")]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[(ACCURACY, Measure::FRACTION), ANSWERED]
    }

    fn asks(&self) -> Option<&'static str> {
        Some("file")
    }

    fn accepts(&self, file: &[u8]) -> Result<(), DataError> {
        parse(file).map(|_| ())
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let section = match about.place {
            "" => String::new(),
            section => format!("{section}, "),
        };
        let most = args.size("restrict");
        format!(
            "{section}3CosAdd among the first {most} words, {}",
            about.view
        )
    }

    /// All sections together, then each of which something can be answered.
    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let Some(Read::Table(table)) = read.into_iter().next() else {
            return Err(Failed);
        };
        let sections = parse(judged.file).map_err(|_| Failed)?;
        let lexicon = Lexicon::new(&table, judged.args.size("restrict"));
        drop(table);
        let counts = answer(&sections, &lexicon, lab)?;
        let sum = |of: fn(&Count) -> usize| counts.iter().map(of).sum::<usize>();
        let (asked, answered, right) = (sum(|c| c.asked), sum(|c| c.answered), sum(|c| c.right));
        let accuracy = (ACCURACY, Measure::FRACTION);
        let mut metrics = vec![
            Metric::new("", accuracy, share(right, answered)),
            Metric::new("", ANSWERED, share(answered, asked)),
        ];
        let each = sections.iter().zip(&counts);
        let each = each.filter(|(_, count)| count.answered > 0);
        metrics.extend(each.map(|(section, count)| {
            Metric::new(&section.name, accuracy, share(count.right, count.answered))
        }));
        let rows = sections.iter().zip(&counts).map(|(section, count)| {
            let Count {
                asked,
                answered,
                right,
            } = count;
            let told = format!("{right} right of {answered} answered of {asked}");
            vec![visible_line(&section.name).into_owned(), told]
        });
        let text = aligned(&rows.collect::<Vec<_>>());
        Ok(Findings {
            metrics,
            exhibits: vec![Exhibit::Text(text)],
        })
    }

    /// The similarities of one block, on the device and here.
    fn working(&self, _: &[usize]) -> usize {
        2 * BLOCK * USUAL
    }

    fn files(&self) -> &'static [&'static str] {
        &[TABLE]
    }
}

pub(super) fn spec() -> Spec {
    asked::spec(
        "analogies",
        "How many analogies between words are completed by adding and subtracting their vectors",
        "The questions, in the format of word2vec's questions-words.txt; the path is relative to the recipe.",
        Make::evaluator(Analogies),
    )
    .paper(
        "Mikolov et al., 2013",
        "Efficient Estimation of Word Representations in Vector Space",
        "arXiv:1301.3781",
    )
    .doc(
        "For `a b c d`, the answer is the word whose vector has the largest cosine to b − a + c of vectors of length 1, none of the three \
         (3CosAdd). A question with a word out of the vocabulary is not answered and does not count; `answered` is the part of all that \
         is. `accuracy` is found for all sections together, then for each. How many questions of each section that are stands in `table.txt` of the stage's folder, \
         in `results/` and in the report. Capitals count where the vocabulary has some. The encoder has a \
         part `vectors`: `word_vectors`, or `bert` with the embeddings of its pieces.",
    )
    .example("analogies(\"questions-words.txt\", restrict = 30000)")
}

#[cfg(test)]
#[path = "analogies_tests.rs"]
mod tests;
