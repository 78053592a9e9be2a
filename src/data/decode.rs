//! Encoded pictures (JPEG, PNG) to pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageReader, Limits};

use super::{DataError, Image};

/// Channels a reader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channels {
    /// Three; grey pictures get three equal ones, transparency is dropped.
    Rgb,
    /// One: the luma of ITU-R 601, rounded as Pillow rounds it.
    Grey,
}

impl Channels {
    /// The words a recipe uses.
    pub(super) const WORDS: &'static [&'static str] = &["rgb", "grey"];

    pub(super) fn from_word(word: &str) -> Self {
        if word == "grey" {
            Channels::Grey
        } else {
            Channels::Rgb
        }
    }

    /// How many.
    pub(super) fn count(self) -> usize {
        match self {
            Channels::Rgb => 3,
            Channels::Grey => 1,
        }
    }
}

fn reader(bytes: &[u8]) -> Result<ImageReader<Cursor<&[u8]>>, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| error.to_string())?;
    if reader.format().is_none() {
        return Err("it is neither JPEG nor PNG".into());
    }
    // a small file may claim to be huge
    let mut limits = Limits::default();
    limits.max_image_width = Some(1 << 15);
    limits.max_image_height = Some(1 << 15);
    reader.limits(limits);
    Ok(reader)
}

/// Height and width, from the header.
pub(super) fn size(bytes: &[u8]) -> Result<(usize, usize), String> {
    let (width, height) = reader(bytes)?
        .into_dimensions()
        .map_err(|error| error.to_string())?;
    Ok((height as usize, width as usize))
}

/// The pixels. Orientation tags are ignored, as Pillow and torchvision do.
pub(super) fn decode(bytes: &[u8], channels: Channels) -> Result<Image, String> {
    let picture = reader(bytes)?.decode().map_err(|error| error.to_string())?;
    let (height, width) = (picture.height() as usize, picture.width() as usize);
    let pixels = match (channels, picture) {
        (Channels::Rgb, DynamicImage::ImageRgb8(rgb)) => rgb.into_raw(),
        (Channels::Rgb, other) => other.into_rgb8().into_raw(),
        (Channels::Grey, DynamicImage::ImageLuma8(grey)) => grey.into_raw(),
        (Channels::Grey, other) if other.color().has_color() => luma(&other.into_rgb8()),
        (Channels::Grey, other) => other.into_luma8().into_raw(),
    };
    Ok(Image::new(pixels, height, width, channels.count()))
}

/// `L = (19595 R + 38470 G + 7471 B + 32768) / 65536`
fn luma(rgb: &[u8]) -> Vec<u8> {
    let weigh = |p: &[u8]| {
        (u32::from(p[0]) * 19_595 + u32::from(p[1]) * 38_470 + u32::from(p[2]) * 7_471 + 0x8000)
            >> 16
    };
    rgb.chunks_exact(3).map(|p| weigh(p) as u8).collect()
}

/// Whether all pictures of a data set have one size, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PictureSize {
    /// Any; transforms must make them equal.
    Any,
    /// This height and width, or it is an error.
    Fixed(usize, usize),
}

impl PictureSize {
    /// The size that these have in common.
    pub(super) fn common(sizes: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut sizes = sizes.into_iter();
        match sizes.next() {
            Some(first) if sizes.all(|other| other == first) => Self::Fixed(first.0, first.1),
            _ => Self::Any,
        }
    }

    /// The `(height, width)` that a field's type shows.
    pub(super) fn shown(self) -> (Option<usize>, Option<usize>) {
        match self {
            Self::Any => (None, None),
            Self::Fixed(height, width) => (Some(height), Some(width)),
        }
    }

    /// Refuses a picture of another size. `name` says which picture it is.
    pub(super) fn check(self, image: &Image, name: &dyn Fn() -> String) -> Result<(), DataError> {
        match self {
            Self::Fixed(height, width) if (height, width) != (image.height, image.width) => {
                Err(DataError::new(format!(
                    "{} is {} × {} pixels, the others are {height} × {width}",
                    name(),
                    image.height,
                    image.width
                ))
                .help("say `size = any` and let the augment crop or resize"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
