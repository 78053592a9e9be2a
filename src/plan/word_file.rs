//! `word2vec("vectors.txt")`: words with their vectors, as word2vec.c (Mikolov et al., 2013) writes them.
//!
//! The first line says how many words there are and how many numbers each has. Then, for each word, the word, a space and its numbers: as
//! decimals between spaces, or as little-endian f32; then the end of the line.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Bytes of the longest word that is looked for in a file.
const LONGEST: u64 = 4096;
/// Bytes of the longest row that is looked at.
const ROW: u64 = 1 << 20;

/// The file's content, and how many words it leaves out because it has no way to hold them: those with a space in them. `rows` is
/// row-major `[words, dim]`; rows without a word are left out.
pub fn word_file(
    rows: &[f32],
    dim: usize,
    words: &[Option<String>],
    binary: bool,
) -> (Vec<u8>, usize) {
    let fits = |word: &str| {
        !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    let named = rows.chunks_exact(dim.max(1)).zip(words);
    let named = named.filter_map(|(row, word)| Some((row, word.as_deref()?)));
    let all = named.clone().count();
    let named = named.filter(|(_, word)| fits(word));
    let count = named.clone().count();
    let mut file = format!("{count} {dim}\n").into_bytes();
    for (row, word) in named {
        file.extend_from_slice(word.as_bytes());
        match binary {
            true => {
                file.push(b' ');
                file.extend(row.iter().flat_map(|x| x.to_le_bytes()));
            }
            false => {
                let mut numbers = String::with_capacity(12 * dim);
                for x in row {
                    // the shortest decimals that read back as the same f32; text can't be too full
                    let _ = write!(numbers, " {x:?}");
                }
                file.extend_from_slice(numbers.as_bytes());
            }
        }
        file.push(b'\n');
    }
    (file, all - count)
}

/// Whether a file begins as these do: the first line, and a word with as many numbers as that says. What follows may be damaged, which
/// is a reason to write it again.
///
/// # Errors
/// It can't be read.
pub(super) fn is_word_file(path: &Path) -> io::Result<bool> {
    let mut file = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    file.by_ref().take(64).read_until(b'\n', &mut line)?;
    let Some(dim) = dim_of(&line) else {
        return Ok(false);
    };
    let mut word = Vec::new();
    file.by_ref().take(LONGEST).read_until(b' ', &mut word)?;
    if word.len() < 2 || !word.ends_with(b" ") || std::str::from_utf8(&word).is_err() {
        return Ok(false);
    }
    let mut row = Vec::new();
    file.take(ROW).read_to_end(&mut row)?;
    // letters read as numbers are beyond all vectors
    let (numbers, _) = row[..row.len().min(4 * dim)].as_chunks();
    let mut numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let binary = row.get(4 * dim) == Some(&b'\n') && numbers.all(|x| x.abs() < 1e15);
    let text = row.split(|byte| *byte == b'\n').next();
    let text = text.and_then(|text| std::str::from_utf8(text).ok());
    let decimals = text.is_some_and(|text| {
        let numbers = text.split(' ').map(str::parse::<f32>);
        numbers.clone().count() == dim && numbers.clone().all(|number| number.is_ok())
    });
    Ok(binary || decimals)
}

/// The numbers of a row, as the first line says: `30000 100`.
fn dim_of(line: &[u8]) -> Option<usize> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (count, dim) = line.split_once(' ')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(count) || !digits(dim) {
        return None;
    }
    dim.parse().ok().filter(|dim| (1..=65536).contains(dim))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The words, the rows and the files that gensim reads and writes (`tests/fixtures/evaluation/word_file.py`).
    fn peer() -> serde_json::Value {
        let text = include_str!("../../tests/fixtures/evaluation/word_file.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn files_are_those_of_word2vec() {
        let peer = peer();
        let list = |name: &str| peer[name].as_array().unwrap().clone();
        let words = list("words")
            .into_iter()
            .map(|word| word.as_str().map(str::to_owned));
        let words: Vec<Option<String>> = words.collect();
        let rows: Vec<f32> = list("rows")
            .iter()
            .map(|x| x.as_f64().unwrap() as f32)
            .collect();
        let dim = peer["dim"].as_u64().unwrap() as usize;
        let (text, left_out) = word_file(&rows, dim, &words, false);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            peer["text"].as_str().unwrap()
        );
        assert_eq!(left_out, 0);
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let (binary, _) = word_file(&rows, dim, &words, true);
        assert_eq!(hex(&binary), peer["binary"].as_str().unwrap());
    }

    #[test]
    fn decimals_read_back_as_the_same_numbers() {
        let rows = [
            1e-7,
            -3.4e38,
            0.1,
            f32::MIN_POSITIVE / 2.0,
            5e-4,
            123_456.79,
        ];
        let (file, _) = word_file(&rows, 6, &[Some("w".into())], false);
        let text = String::from_utf8(file).unwrap();
        let line = text.lines().nth(1).unwrap();
        let back: Vec<f32> = line
            .split(' ')
            .skip(1)
            .map(|x| x.parse().unwrap())
            .collect();
        assert_eq!(back, rows);
    }

    #[test]
    fn words_with_spaces_and_rows_without_words_are_left_out() {
        let words = [
            None,
            Some("a b"),
            Some("c"),
            Some("d\n"),
            Some(""),
            Some("e\u{a0}f"),
        ];
        let words = words.map(|word| word.map(str::to_owned));
        let rows = [0.0, 1.0, 2.5, 3.0, 4.0, 5.0];
        let (file, left_out) = word_file(&rows, 1, &words, false);
        assert_eq!((file.as_slice(), left_out), (&b"1 1\nc 2.5\n"[..], 4));
    }

    #[test]
    fn an_older_file_is_known_again_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let is = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            is_word_file(&path).unwrap()
        };
        let words = [Some("tree".to_owned()), Some("sea".to_owned())];
        let rows = [0.5, 1.0, -2.0, 10.0, 1e-9, 3.0];
        for binary in [false, true] {
            let (file, _) = word_file(&rows, 3, &words, binary);
            assert!(is(&file));
            assert!(is(&file[..file.len() - 9]), "damaged at its end");
            assert!(!is(&file[1..file.len() / 3]));
        }
        for other in [
            &b""[..],
            b"2 3\n",
            b"2 3\n1 2 3\n4 5 6\n",
            b"3 3 2\n1 1 4\n",
            b"2 3\nnotes on two trees\n",
            b"a 3\ntree 1 2 3\n",
            b"2 -3\ntree 1 2 3\n",
            b"2 3\ntree 1 2 3 4\n",
            b"2 99999999\ntree 1 2 3\n",
            b"2 3\n\xff 1 2 3\n",
        ] {
            assert!(!is(other), "{:?}", String::from_utf8_lossy(other));
        }
    }
}
