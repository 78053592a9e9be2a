//! A table of word vectors, and looking words up in it.

use std::collections::HashMap;

use super::features::normalize_rows;

/// The rows of an encoder's table, each with its word.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Row-major `[rows, dim]`.
    pub rows: Vec<f32>,
    /// Numbers of a row.
    pub dim: usize,
    /// The word of each row, the commonest first as its vocabulary has them; `None` where a row stands for no word.
    pub words: Vec<Option<String>>,
}

/// The first words of a table, each of length 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lexicon {
    /// Row-major `[words, dim]`.
    pub rows: Vec<f32>,
    /// Numbers of a row.
    pub dim: usize,
    /// The word of each row.
    pub words: Vec<String>,
    by_word: HashMap<String, usize>,
    /// No word has a capital letter: neither have those that are looked up.
    folds: bool,
}

impl Lexicon {
    /// The first `most` rows that stand for a word.
    pub fn new(table: &Table, most: usize) -> Self {
        let dim = table.dim;
        let mut lexicon = Self {
            dim,
            ..Self::default()
        };
        let rows = table.rows.chunks_exact(dim.max(1));
        let named = rows.zip(&table.words);
        let named = named.filter_map(|(row, word)| Some((row, word.as_ref()?)));
        for (row, word) in named.take(most) {
            let index = lexicon.words.len();
            // of two rows with one word the commoner one counts
            lexicon.by_word.entry(word.clone()).or_insert(index);
            lexicon.words.push(word.clone());
            lexicon.rows.extend_from_slice(row);
        }
        lexicon.folds = lexicon.words.iter().all(|word| *word == folded(word));
        normalize_rows(&mut lexicon.rows, dim);
        lexicon
    }

    /// The row of a word, however it is capitalised where the vocabulary knows no capitals.
    pub fn find(&self, word: &str) -> Option<usize> {
        match self.folds {
            true => self.by_word.get(&folded(word)).copied(),
            false => self.by_word.get(word).copied(),
        }
    }

    /// A row.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.rows[index * self.dim..(index + 1) * self.dim]
    }
}

fn folded(word: &str) -> String {
    word.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(words: &[Option<&str>]) -> Table {
        Table {
            rows: (0..2 * words.len()).map(|x| x as f32).collect(),
            dim: 2,
            words: words.iter().map(|word| word.map(str::to_owned)).collect(),
        }
    }

    #[test]
    fn rows_without_a_word_are_no_words() {
        let lexicon = Lexicon::new(
            &table(&[None, Some("sea"), None, Some("land"), Some("sky")]),
            2,
        );
        assert_eq!(lexicon.words, ["sea", "land"]);
        assert_eq!(lexicon.find("land"), Some(1));
        assert_eq!(lexicon.find("sky"), None);
        // the row (6, 7)
        let length = 85f32.sqrt();
        assert_eq!(lexicon.row(1), [6.0 / length, 7.0 / length]);
    }

    #[test]
    fn capitals_count_where_the_vocabulary_has_some() {
        let without = Lexicon::new(&table(&[Some("paris"), Some("äpfel")]), 9);
        assert_eq!(without.find("Paris"), Some(0));
        assert_eq!(without.find("ÄPFEL"), Some(1));
        let with = Lexicon::new(&table(&[Some("paris"), Some("Paris")]), 9);
        assert_eq!(with.find("Paris"), Some(1));
        assert_eq!(with.find("PARIS"), None);
    }
}
