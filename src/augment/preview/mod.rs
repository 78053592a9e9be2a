//! The contact sheet: what an augment makes of a few samples, as one picture.

mod likeness;
mod playing;
mod sheet;
#[cfg(test)]
mod tests;

pub use likeness::Looks;
pub use playing::playing;
use sheet::Sheet;

use super::resample::{Window, resample};
use super::{SampleGraph, Scratch};
use crate::data::{DataError, Dataset, Drawing, Draws, Fields, Image, Part, Sample, chosen_of};

/// Space around cells, in pixels.
const GAP: usize = 8;
/// Between two frames of a clip, in pixels.
const LINE_BETWEEN: usize = 2;
/// Height of a line of text.
const LINE: usize = 12;
/// Width of a letter.
const LETTER: usize = 6;
/// Letters in a line of a text, and lines that are shown of it.
const LETTERS: usize = 88;
const LINES: usize = 8;
/// Small pictures are enlarged to about this side, larger ones shown as they are up to [`LARGEST`].
const SIDE: usize = 96;
const LARGEST: usize = 256;
/// Records that are tried in the place of one that can't be read.
const SUBSTITUTES: usize = 100;

/// One picture with the text under it.
struct Cell {
    picture: Image,
    lines: Vec<String>,
}

/// Draws `rows` samples, one per row, that stand for all: the original first, then every picture that the graph emits from it in
/// the first epoch of a run with this seed, with names and labels under each. Pixels are shown as they are before `normalize`, each as a
/// square of three where the picture is small. Equal seeds give equal sheets.
/// `skip`: the next record stands in for one that can't be read.
pub fn contact_sheet(
    dataset: &dyn Dataset,
    graph: &SampleGraph,
    seed: u64,
    rows: usize,
    skip: bool,
) -> Result<Image, DataError> {
    let mut scratch = Scratch::default();
    let mut table = Vec::new();
    for index in chosen_of(dataset, rows) {
        let len = dataset.len();
        let stands_in = (index + 1..).map(|other| other % len);
        let tried =
            std::iter::once(index).chain(stands_in.take(if skip { SUBSTITUTES } else { 0 }));
        let mut found = Err(DataError::new("there is no record"));
        for index in tried {
            found = dataset
                .read(index, Draws::STILL)
                .map(|record| (index, record));
            if found.is_ok() {
                break;
            }
        }
        let (index, record) = found?;
        let id = dataset.id(index);
        let mut row = originals(dataset, &record, id, &mut scratch)?;
        let emitted = graph.run(record, seed, 0, id, &mut scratch)?;
        let (pictures, words) = drawn(&emitted, graph.outputs(), &[]);
        scratch.give_list(emitted);
        if pictures.is_empty() {
            row.push(written(Vec::new(), &words));
        }
        for (name, picture) in pictures {
            let picture = strip(&picture, &mut scratch)?;
            let mut lines = vec![name.clone()];
            for (said, text) in &words {
                // `turn/2` belongs to `view/2`, a plain `turn` to all
                if place(said).is_none_or(|at| place(&name) == Some(at)) {
                    let said = said.split('/').next().unwrap_or(said);
                    lines.push(format!("{said} {text}"));
                }
            }
            row.push(Cell { picture, lines });
        }
        table.push(row);
    }
    let title = format!(
        "{} (seed {seed}): the original, then what is emitted",
        graph.name()
    );
    Ok(draw(&title, &table))
}

/// A cell of a record that has no picture: its texts, broken into lines.
fn written(head: Vec<String>, words: &Named<String>) -> Cell {
    let mut lines = head;
    for (name, text) in words {
        let mut line = format!("{name}:");
        let mut own = Vec::new();
        for word in text.split_whitespace() {
            if line.chars().count() + word.chars().count() >= LETTERS {
                own.push(std::mem::replace(&mut line, "   ".into()));
            }
            line.push(' ');
            line.push_str(word);
        }
        own.push(line);
        if own.len() > LINES {
            own.truncate(LINES);
            own.push("    ...".into());
        }
        lines.extend(own);
    }
    let width = LETTERS * LETTER;
    Cell {
        picture: Image::new(vec![255; width * 3], 1, width, 3),
        lines,
    }
}

/// Lays pictures side by side, each row a list of pictures with what stands under each.
///
/// # Errors
/// A picture can't be brought into the size that it is shown in.
pub fn side_by_side(title: &str, rows: Vec<Vec<(Image, Vec<String>)>>) -> Result<Image, DataError> {
    let mut scratch = Scratch::default();
    let mut cell = |(picture, lines): (Image, Vec<String>)| {
        let picture = shown(&picture, &mut scratch)?;
        Ok(Cell { picture, lines })
    };
    let table: Result<Vec<Vec<Cell>>, DataError> = rows
        .into_iter()
        .map(|row| row.into_iter().map(&mut cell).collect())
        .collect();
    Ok(draw(title, &table?))
}

/// A picture as a PNG file.
pub fn png(image: &Image) -> Result<Vec<u8>, DataError> {
    let color = match image.channels {
        1 => image::ExtendedColorType::L8,
        _ => image::ExtendedColorType::Rgb8,
    };
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    let (width, height) = (image.width as u32, image.height as u32);
    image::ImageEncoder::write_image(encoder, &image.pixels, width, height, color).map_err(
        |error| DataError {
            message: format!("the sheet can't be written as PNG: {error}"),
            help: None,
        },
    )?;
    Ok(bytes)
}

/// A record as people see it.
pub struct Drawn {
    /// Its first picture; a clip as a strip.
    pub picture: Option<Image>,
    /// Its classes, and its texts.
    pub words: Vec<String>,
}

impl Drawn {
    /// In one line.
    pub fn said(&self) -> String {
        let words: Vec<&str> = self
            .words
            .iter()
            .flat_map(|text| text.split_whitespace())
            .collect();
        let said = words.join(" ");
        match said.char_indices().nth(LETTERS) {
            Some((at, _)) => format!("{}...", &said[..at]),
            None => said,
        }
    }
}

/// A record as it lies in its data set.
///
/// # Errors
/// It can't be read.
pub fn one_record(dataset: &dyn Dataset, index: usize) -> Result<Drawn, DataError> {
    let record = dataset.read(index, Draws::STILL)?;
    let (pictures, words) = drawn(&record, dataset.fields(), dataset.class_names());
    let picture = match pictures.into_iter().next() {
        Some((_, frames)) if frames.len() > 1 => Some(strip(&frames, &mut Scratch::default())?),
        Some((_, frames)) => frames.into_iter().next(),
        None => None,
    };
    Ok(Drawn {
        picture,
        words: words.into_iter().map(|(_, text)| text).collect(),
    })
}

/// A picture with a line of this colour along its edges.
pub fn framed(picture: Image, colour: [u8; 3]) -> Image {
    let (height, width, channels) = (picture.height, picture.width, picture.channels);
    let thick = (height.min(width) / 32).max(1);
    let mut pixels = Vec::with_capacity(height * width * 3);
    for y in 0..height {
        for x in 0..width {
            let edge = y.min(height - 1 - y).min(x).min(width - 1 - x) < thick;
            let from = &picture.pixels[(y * width + x) * channels..][..channels];
            pixels.extend(match (edge, channels >= 3) {
                (true, _) => colour,
                (false, true) => [from[0], from[1], from[2]],
                (false, false) => [from[0]; 3],
            });
        }
    }
    Image::new(pixels, height, width, 3)
}

/// The index part of `views/0`.
fn place(name: &str) -> Option<&str> {
    name.split_once('/').map(|(_, place)| place)
}

/// The pictures of a record, with their number and classes.
fn originals(
    dataset: &dyn Dataset,
    record: &[Sample],
    id: u64,
    scratch: &mut Scratch,
) -> Result<Vec<Cell>, DataError> {
    let (pictures, words) = drawn(record, dataset.fields(), dataset.class_names());
    let mut lines = vec![format!("#{id}")];
    if pictures.is_empty() {
        return Ok(vec![written(lines, &words)]);
    }
    lines.extend(words.iter().map(|(name, text)| format!("{name} {text}")));
    let mut cell = |(_, picture): (String, Vec<Image>)| {
        Ok(Cell {
            picture: strip(&picture, scratch)?,
            lines: lines.clone(),
        })
    };
    pictures.into_iter().map(&mut cell).collect()
}

/// Things to be drawn, each with its name.
type Named<T> = Vec<(String, T)>;

/// The pictures (of a strip each) and the lines that show these values, lists taken apart.
fn drawn(
    values: &[Sample],
    fields: &Fields,
    classes: &[String],
) -> (Named<Vec<Image>>, Named<String>) {
    let mut all = Vec::new();
    for (value, (name, _)) in values.iter().zip(fields) {
        value.draw(name, classes, &mut all);
    }
    let (mut pictures, mut words) = (Vec::new(), Vec::new());
    for (name, drawing) in all {
        match drawing {
            Drawing::Picture(picture) => pictures.push((name, vec![picture])),
            Drawing::Strip(frames) => pictures.push((name, frames)),
            Drawing::Words(text) => words.push((name, text)),
            Drawing::Gaps(parts) => words.push((name, Part::line(&parts))),
        }
    }
    (pictures, words)
}

/// Pictures side by side, each in the size it is shown in.
fn strip(pictures: &[Image], scratch: &mut Scratch) -> Result<Image, DataError> {
    let mut shown = pictures.iter().map(|picture| shown(picture, scratch));
    let first = shown
        .next()
        .unwrap_or_else(|| Ok(Image::new(Vec::new(), 0, 0, 3)))?;
    shown.try_fold(first, |left, right| beside(left, right?))
}

/// Two pictures with a white line between them; both are as high and have as many channels.
fn beside(left: Image, right: Image) -> Result<Image, DataError> {
    if (left.height, left.channels) != (right.height, right.channels) {
        return Err(DataError::new("the frames of a clip differ in size"));
    }
    let (rows, channels) = (left.height, left.channels);
    let [a, b] = [left.width * channels, right.width * channels];
    let mut pixels = Vec::with_capacity(rows * (a + b + LINE_BETWEEN * channels));
    for y in 0..rows {
        pixels.extend_from_slice(&left.pixels[y * a..(y + 1) * a]);
        pixels.resize(pixels.len() + LINE_BETWEEN * channels, 255);
        pixels.extend_from_slice(&right.pixels[y * b..(y + 1) * b]);
    }
    let width = left.width + LINE_BETWEEN + right.width;
    Ok(Image::new(pixels, rows, width, channels))
}

/// The picture in the size it is shown in.
fn shown(image: &Image, scratch: &mut Scratch) -> Result<Image, DataError> {
    let side = image.height.max(image.width).max(1);
    if side > LARGEST {
        let scaled = |n: usize| (n * LARGEST / side).max(1);
        return resample(
            image,
            Window::whole(image),
            scaled(image.height),
            scaled(image.width),
            scratch,
        );
    }
    // every picture of at most 32 pixels three times as large
    let times = (SIDE / side).clamp(1, 3);
    let (height, width, channels) = (image.height * times, image.width * times, image.channels);
    let mut pixels = Vec::with_capacity(height * width * channels);
    for y in 0..height {
        for x in 0..width {
            let at = (y / times * image.width + x / times) * channels;
            pixels.extend_from_slice(&image.pixels[at..at + channels]);
        }
    }
    Ok(Image::new(pixels, height, width, channels))
}

fn draw(title: &str, table: &[Vec<Cell>]) -> Image {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let cells = |column: usize| table.iter().filter_map(move |row| row.get(column));
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            cells(column)
                .map(|cell| cell.picture.width)
                .max()
                .unwrap_or(0)
                .max(SIDE)
        })
        .collect();
    let heights = table.iter().map(|row| {
        let height = |cell: &Cell| cell.picture.height + 2 + cell.lines.len() * LINE;
        row.iter().map(height).max().unwrap_or(0)
    });
    let heights: Vec<usize> = heights.collect();
    let width = GAP + widths.iter().map(|width| width + GAP).sum::<usize>();
    let width = width.max(2 * GAP + title.len() * LETTER);
    let height = GAP + LINE + GAP + heights.iter().map(|height| height + GAP).sum::<usize>();
    let mut sheet = Sheet::new(Image::new(vec![255; width * height * 3], height, width, 3));
    sheet.text(title, GAP, GAP, width - GAP);
    let mut y = GAP + LINE + GAP;
    for (row, height) in table.iter().zip(heights) {
        let mut x = GAP;
        for (cell, width) in row.iter().zip(&widths) {
            sheet.picture(&cell.picture, x, y);
            for (i, line) in cell.lines.iter().enumerate() {
                sheet.text(line, x, y + cell.picture.height + 2 + i * LINE, *width);
            }
            x += width + GAP;
        }
        y += height + GAP;
    }
    sheet.done()
}
