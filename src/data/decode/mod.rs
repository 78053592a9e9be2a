//! Encoded pictures to pixels: JPEG, PNG, WebP, TIFF, BMP, GIF (the first frame) and PNM, told apart by what they hold.
//!
//! A picture is whole or it is an error: decoders fill what is missing with grey, and a net would learn the grey. So a file that
//! ends early is refused ([`decode`]) unless the recipe asks for what there is of it ([`mend`]).

mod animation;
mod chunks;
mod container;
mod facts;
mod format;
mod header;
mod jpeg;
mod limits;
mod look;
mod pixels;
mod size;
mod tiff;

use std::io::{Cursor, ErrorKind};

use image::{ColorType, ImageDecoder, ImageError, ImageFormat, ImageReader};

pub(super) use animation::{CLIP_BYTES, animated, animation, is_animation};
pub(super) use facts::Header;
pub(super) use format::{is_picture_name, starts_as_picture};
pub(super) use header::{header, of_bytes as header_of};
pub(super) use limits::check as size_is_sound;
pub(super) use look::{Channels, Depth, Look};
pub(super) use size::PictureSize;

use super::Image;
use pixels::{Raster, Values};

/// What a missing part of a mended picture is filled with: the middle of the range, as JPEG decoders do.
const MISSING: u8 = 128;

/// What is done about a picture that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    WhatThereIs,
}

/// The pixels of a whole picture. Orientation tags and colour profiles are ignored, as Pillow and torchvision do.
///
/// # Errors
/// It is no picture, too large, or not whole; the sentence goes on after "can't read NAME: ".
pub(super) fn decode(bytes: &[u8], look: &Look) -> Result<Image, String> {
    read(bytes, look, Wanted::Whole)
}

/// What there is of a picture that ends early or is damaged; the rest is grey.
///
/// # Errors
/// Nothing of it can be read.
pub(super) fn mend(bytes: &[u8], look: &Look) -> Result<Image, String> {
    read(bytes, look, Wanted::WhatThereIs)
}

/// Rows of interleaved RGB as a data set has them.
pub(super) fn of_rgb(pixels: Vec<u8>, height: usize, width: usize, look: &Look) -> Image {
    let raster = Raster {
        values: Values::Bytes(pixels),
        channels: 3,
        height,
        width,
    };
    raster.finish(look)
}

/// What the values of a picture with more than 8 bits a channel are, and what they could be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    /// The smallest and the largest that the picture has.
    pub values: (f64, f64),
    /// The two that become 0 and 255 where the recipe says nothing.
    pub range: (f64, f64),
}

/// The extent of a picture with more than 8 bits a channel; `None` of other pictures.
pub(super) fn extent(bytes: &[u8]) -> Option<Extent> {
    let ends = |values: &mut dyn Iterator<Item = f64>| {
        let finite = values.filter(|value| value.is_finite());
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        finite.fold(ends, |(low, high), x| (low.min(x), high.max(x)))
    };
    let (values, range) = match raster(bytes, Wanted::Whole).ok()?.values {
        Values::Bytes(_) => return None,
        Values::Words(words) => (
            ends(&mut words.iter().map(|word| f64::from(*word))),
            (0.0, 65_535.0),
        ),
        Values::Floats(floats, low, high) => {
            (ends(&mut floats.iter().map(|x| f64::from(*x))), (low, high))
        }
    };
    (values.0 <= values.1).then_some(Extent { values, range })
}

fn read(bytes: &[u8], look: &Look, wanted: Wanted) -> Result<Image, String> {
    Ok(raster(bytes, wanted)?.finish(look))
}

fn raster(bytes: &[u8], wanted: Wanted) -> Result<Raster, String> {
    let format = format::of(bytes)?;
    match format {
        ImageFormat::Jpeg => jpeg::read(bytes, wanted),
        ImageFormat::Tiff => match tiff::read(bytes, wanted)? {
            Some(raster) => Ok(raster),
            None => other(bytes, format, wanted).map_err(|error| tiff::unread(&error)),
        },
        _ => {
            if wanted == Wanted::Whole {
                container::check(bytes, format)?;
            }
            let bytes = container::bare(bytes, format, wanted);
            other(&bytes, format, wanted)
        }
    }
}

/// Through the decoders of `image`.
fn other(bytes: &[u8], format: ImageFormat, wanted: Wanted) -> Result<Raster, String> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits::decoding());
    let decoder = reader.into_decoder().map_err(why)?;
    let (width, height) = decoder.dimensions();
    let color = decoder.color_type();
    limits::check(width, height, color.bytes_per_pixel())?;
    let mut bytes = vec![MISSING; decoder.total_bytes() as usize];
    if let Err(error) = decoder.read_image(&mut bytes) {
        let nothing = bytes.iter().all(|byte| *byte == MISSING);
        if wanted == Wanted::Whole || nothing {
            return Err(why(error));
        }
    }
    let (channels, values) = match color {
        ColorType::L8 => (1, Values::Bytes(bytes)),
        ColorType::La8 => (2, Values::Bytes(bytes)),
        ColorType::Rgb8 => (3, Values::Bytes(bytes)),
        ColorType::Rgba8 => (4, Values::Bytes(bytes)),
        ColorType::L16 => (1, Values::words(&bytes)),
        ColorType::La16 => (2, Values::words(&bytes)),
        ColorType::Rgb16 => (3, Values::words(&bytes)),
        ColorType::Rgba16 => (4, Values::words(&bytes)),
        ColorType::Rgb32F => (3, Values::numbers(&bytes, f32::from_ne_bytes, 0.0, 1.0)),
        ColorType::Rgba32F => (4, Values::numbers(&bytes, f32::from_ne_bytes, 0.0, 1.0)),
        other => return Err(format!("its pixels are {other:?}, which is not read")),
    };
    Ok(Raster {
        values,
        channels,
        height: height as usize,
        width: width as usize,
    })
}

/// What a decoder found, in a line.
fn why(error: ImageError) -> String {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "it is not whole: it ends in the middle".into()
        }
        error => error.to_string().trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests;
