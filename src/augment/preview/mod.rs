//! The contact sheet: what an augment makes of a few samples, as one picture.

mod sheet;
#[cfg(test)]
mod tests;

use sheet::Sheet;

use super::resample::{Window, resample};
use super::{SampleGraph, Scratch};
use crate::data::{DataError, Dataset, Image, Sample, chosen_of};

/// Space around cells, in pixels.
const GAP: usize = 8;
/// Height of a line of text.
const LINE: usize = 12;
/// Width of a letter.
const LETTER: usize = 6;
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
            found = dataset.read(index).map(|record| (index, record));
            if found.is_ok() {
                break;
            }
        }
        let (index, record) = found?;
        let id = dataset.id(index);
        let mut row = originals(dataset, &record, id);
        let emitted = graph.run(record, seed, 0, id, &mut scratch)?;
        let mut pictures = Vec::new();
        let mut labels = Vec::new();
        for (value, (name, _)) in emitted.into_iter().zip(graph.outputs()) {
            collect(value, name.clone(), &mut pictures, &mut labels);
        }
        for (name, picture) in pictures {
            let mut lines = vec![name.clone()];
            for (label, class) in &labels {
                // `turn/2` belongs to `view/2`, a plain `turn` to all
                if place(label).is_none_or(|at| place(&name) == Some(at)) {
                    let label = label.split('/').next().unwrap_or(label);
                    lines.push(format!("{label} {class}"));
                }
            }
            row.push(Cell { picture, lines });
        }
        for cell in &mut row {
            cell.picture = shown(&cell.picture, &mut scratch)?;
        }
        table.push(row);
    }
    let title = format!(
        "{} (seed {seed}): the original, then what is emitted",
        graph.name()
    );
    Ok(draw(&title, &table))
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
            message: format!("the contact sheet can't be written as PNG: {error}"),
            help: None,
        },
    )?;
    Ok(bytes)
}

/// The index part of `views/0`.
fn place(name: &str) -> Option<&str> {
    name.split_once('/').map(|(_, place)| place)
}

/// The pictures of a record, with their number and classes.
fn originals(dataset: &dyn Dataset, record: &[Sample], id: u64) -> Vec<Cell> {
    let fields = || record.iter().zip(dataset.fields());
    let mut lines = vec![format!("#{id}")];
    for (value, (name, _)) in fields() {
        if let Sample::Label(class) = value {
            let class = dataset
                .class_names()
                .get(*class as usize)
                .cloned()
                .unwrap_or_else(|| class.to_string());
            lines.push(format!("{name} {class}"));
        }
    }
    let pictures = fields().filter_map(|(value, _)| match value {
        Sample::Image(image) => Some(Cell {
            picture: image.clone(),
            lines: lines.clone(),
        }),
        _ => None,
    });
    pictures.collect()
}

/// Pictures and labels of a value, lists taken apart.
fn collect(
    value: Sample,
    name: String,
    pictures: &mut Vec<(String, Image)>,
    labels: &mut Vec<(String, u32)>,
) {
    match value {
        Sample::Image(image) => pictures.push((name, image)),
        Sample::Label(class) => labels.push((name, class)),
        Sample::Text(_) | Sample::Missing(_) => {}
        Sample::List(list) => {
            for (i, element) in list.into_iter().enumerate() {
                collect(element, format!("{name}/{i}"), pictures, labels);
            }
        }
    }
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
