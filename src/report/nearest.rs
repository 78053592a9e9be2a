//! A sheet of pictures with those that lie nearest to each, and how near.

use std::sync::Arc;

use crate::augment::preview::{framed, one_record, png, side_by_side};
use crate::data::{DataError, Dataset, Image};

/// Letters of a line under a picture.
const LETTERS: usize = 16;
/// Lines that a name may take.
const LINES: usize = 2;
/// Around a record of the query's class, and of another.
const SAME: [u8; 3] = [46, 125, 50];
const OTHER: [u8; 3] = [198, 40, 40];

/// A record of some data.
#[derive(Clone)]
pub struct Shown {
    /// The data.
    pub dataset: Arc<dyn Dataset>,
    /// Where it stands there.
    pub index: usize,
}

impl Shown {
    /// Its file, or its number.
    pub fn name(&self) -> String {
        let origin = self.dataset.origin(self.index);
        origin.unwrap_or_else(|| format!("#{}", self.dataset.id(self.index)))
    }

    /// The name of its class, or its number where classes have none.
    pub fn class(&self) -> Option<String> {
        let class = self.dataset.class(self.index).ok().flatten()?;
        let name = self.dataset.class_names().get(class as usize);
        Some(name.cloned().unwrap_or_else(|| class.to_string()))
    }

    fn picture(&self) -> Result<Image, DataError> {
        let drawn = one_record(&*self.dataset, self.index)?;
        // what is no picture has a name all the same
        Ok(drawn.picture.unwrap_or_else(|| {
            let side = LETTERS * 6;
            Image::new(vec![255; side * 3], 1, side, 3)
        }))
    }
}

/// A record, and those that lie nearest to it, the nearest first, each with its cosine.
pub struct Asked {
    /// The record that asks.
    pub record: Shown,
    /// What was found.
    pub found: Vec<(f32, Shown)>,
}

/// The sheet as PNG: a row for each query, the query first. Under it stand its class and its name, under the others their similarity too; the
/// frame is green where the class is the query's, and red where it is another.
///
/// # Errors
/// A record can't be read again.
pub fn nearest_sheet(title: &str, queries: &[Asked]) -> Result<Vec<u8>, DataError> {
    let mut rows = Vec::new();
    for query in queries {
        let class = query.record.class();
        let mut lines: Vec<String> = class.iter().map(|class| cut(class)).collect();
        lines.extend(wrapped(&query.record.name()));
        let mut row = vec![(query.record.picture()?, lines)];
        for (cosine, near) in &query.found {
            let own = near.class();
            let mut picture = near.picture()?;
            let mut mark = "";
            if let (Some(class), Some(own)) = (&class, &own) {
                let same = class == own;
                mark = if same { "+ " } else { "- " };
                picture = framed(picture, if same { SAME } else { OTHER });
            }
            let mut lines = vec![format!("{mark}{cosine:.3}")];
            lines.extend(own.iter().map(|class| cut(class)));
            lines.extend(wrapped(&near.name()));
            row.push((picture, lines));
        }
        rows.push(row);
    }
    png(&side_by_side(title, rows)?)
}

/// A text of at most a line.
fn cut(text: &str) -> String {
    match text.chars().count() > LETTERS {
        true => text.chars().take(LETTERS - 2).chain("..".chars()).collect(),
        false => text.to_owned(),
    }
}

/// The end of a name, which says more than its beginning, in some lines.
fn wrapped(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let room = LETTERS * LINES;
    let shown: Vec<char> = match letters.len() > room {
        true => ".."
            .chars()
            .chain(letters[letters.len() + 2 - room..].iter().copied())
            .collect(),
        false => letters,
    };
    shown
        .chunks(LETTERS)
        .map(|line| line.iter().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_names_the_end_is_shown() {
        assert_eq!(wrapped("cat/1.png"), ["cat/1.png"]);
        assert_eq!(
            wrapped("animals/felines/1.png"),
            ["animals/felines/", "1.png"]
        );
        let long = "a/very/long/folder/with/a/picture_0001.png";
        assert_eq!(wrapped(long), ["..folder/with/a/", "picture_0001.png"]);
        assert_eq!(cut("an aeroplane that is long"), "an aeroplane t..");
    }
}
