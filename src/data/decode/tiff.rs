//! TIFF, also as instruments write it: floats, 32 bits, signed numbers, palettes.

use std::borrow::Cow;
use std::io::{Cursor, Read, Seek};

use tiff::decoder::{Decoder, Limits};
use tiff::tags::{SampleFormat, Tag};
use tiff::{ColorType, TiffError};

use super::pixels::{Raster, Values};
use super::{Header, MISSING, Wanted, limits};

/// Bytes of one tag's values: tables of strips are long, nothing else is.
const TAG_BYTES: usize = 16 << 20;
const PHOTOMETRIC: u16 = 262;
const PALETTE: u16 = 3;
const GREY: u16 = 1;

/// The first picture of a file; `None` where another decoder knows more of its kind (CMYK, planes apart, one bit).
pub(super) fn read(bytes: &[u8], wanted: Wanted) -> Result<Option<Raster>, String> {
    let bad = |error: tiff::TiffError| format!("it is no sound TIFF: {error}");
    let (bytes, palette) = without_palette(bytes);
    let mut limits = Limits::default();
    limits.ifd_value_size = TAG_BYTES;
    let mut decoder = Decoder::new(Cursor::new(&*bytes))
        .map_err(bad)?
        .with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(bad)?;
    let (channels, bits) = match decoder.colortype() {
        Ok(ColorType::Gray(bits)) if bits >= 8 || palette => (1, bits),
        Ok(ColorType::GrayA(bits)) if bits >= 8 => (2, bits),
        Ok(ColorType::RGB(bits)) if bits >= 8 => (3, bits),
        Ok(ColorType::RGBA(bits)) if bits >= 8 => (4, bits),
        _ => return Ok(None),
    };
    let planar = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration);
    if channels > 1 && planar.map_err(bad)? == Some(2) {
        return Ok(None);
    }
    let per_pixel = channels * usize::from(bits).div_ceil(8);
    limits::check(width, height, per_pixel.max(3) as u8)?;
    let colours = match palette {
        true => decoder
            .find_tag_unsigned_vec::<u16>(Tag::ColorMap)
            .map_err(bad)?,
        false => None,
    };
    let layout = decoder.image_buffer_layout().map_err(bad)?;
    let (format, length) = (layout.sample_format, layout.complete_len);
    if length as u64 > (u64::from(width) + 7) * u64::from(height) * per_pixel as u64 {
        return Err("it is no sound TIFF: its rows are longer than its width says".into());
    }
    let mut raw = vec![MISSING; length];
    if let Err(error) = decoder.read_image_bytes(&mut raw)
        && (wanted == Wanted::Whole || raw.iter().all(|byte| *byte == MISSING))
    {
        return Err(match error {
            TiffError::UnsupportedError(_) => unread(&error),
            _ => format!("it is not whole: {error}"),
        });
    }
    let (height, width) = (height as usize, width as usize);
    let raster = |channels: usize, values: Values| Raster {
        values,
        channels,
        height,
        width,
    };
    if palette {
        let Some(map) = colours.filter(|map| map.len() == 3 << bits && bits <= 8) else {
            return Err("it is no sound TIFF: it has no palette".into());
        };
        let rgb = paint(&raw, &map, height, width, usize::from(bits));
        return Ok(Some(raster(3, Values::Bytes(rgb))));
    }
    let values = match (format, bits) {
        (SampleFormat::Uint, 8) => Values::Bytes(raw),
        (SampleFormat::Uint, 16) => Values::words(&raw),
        (SampleFormat::Uint, 32) => {
            Values::numbers(&raw, u32::from_ne_bytes, 0.0, f64::from(u32::MAX))
        }
        (SampleFormat::Int, 8) => Values::numbers(&raw, i8::from_ne_bytes, -128.0, 127.0),
        (SampleFormat::Int, 16) => Values::numbers(&raw, i16::from_ne_bytes, -32_768.0, 32_767.0),
        (SampleFormat::Int, 32) => Values::numbers(
            &raw,
            i32::from_ne_bytes,
            f64::from(i32::MIN),
            f64::from(i32::MAX),
        ),
        (SampleFormat::IEEEFP, 32) => Values::numbers(&raw, f32::from_ne_bytes, 0.0, 1.0),
        (SampleFormat::IEEEFP, 64) => Values::numbers(&raw, f64::from_ne_bytes, 0.0, 1.0),
        _ => {
            return Err(format!(
                "its samples are {format:?} of {bits} bits, which is not read"
            ));
        }
    };
    Ok(Some(raster(channels, values)))
}

/// What is said of a TIFF that no decoder here knows.
pub(super) fn unread(why: &dyn std::fmt::Display) -> String {
    format!(
        "its kind of TIFF is not read ({why}): convert it to PNG, or to grey or RGB values of 8 or 16 bits"
    )
}

/// Height, width, transparency and depth of the first picture.
pub(super) fn header<R: Read + Seek>(file: R) -> Result<Header, String> {
    let bad = |error: tiff::TiffError| format!("it is no sound TIFF: {error}");
    let mut decoder = Decoder::new(file).map_err(bad)?;
    let (width, height) = decoder.dimensions().map_err(bad)?;
    let color = decoder.colortype();
    Ok(Header {
        height: height as usize,
        width: width as usize,
        transparent: matches!(color, Ok(ColorType::GrayA(_) | ColorType::RGBA(_))),
        deep: color.is_ok_and(|color| color.bit_depth() > 8),
    })
}

/// The file with its numbers of colours called grey values, where it has a palette: the decoder then gives them as they are.
fn without_palette(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let big_endian = bytes.starts_with(b"MM");
    let short = |at: usize| {
        let b = bytes.get(at..at.checked_add(2)?)?;
        Some(match big_endian {
            true => u16::from_be_bytes([b[0], b[1]]),
            false => u16::from_le_bytes([b[0], b[1]]),
        })
    };
    let long = |at: usize| {
        let b = bytes.get(at..at.checked_add(4)?)?;
        Some(match big_endian {
            true => u32::from_be_bytes([b[0], b[1], b[2], b[3]]),
            false => u32::from_le_bytes([b[0], b[1], b[2], b[3]]),
        } as usize)
    };
    let found = || {
        let directory = long(4)?;
        let entries = usize::from(short(directory)?);
        let mut places = (0..entries).map(|n| directory + 2 + 12 * n);
        let entry = places.find(|at| short(*at) == Some(PHOTOMETRIC))?;
        (short(2) == Some(42) && short(entry + 8) == Some(PALETTE)).then_some(entry + 8)
    };
    let Some(at) = found() else {
        return (Cow::Borrowed(bytes), false);
    };
    let mut grey = bytes.to_vec();
    let value = match big_endian {
        true => GREY.to_be_bytes(),
        false => GREY.to_le_bytes(),
    };
    grey[at..at + 2].copy_from_slice(&value);
    (Cow::Owned(grey), true)
}

/// Numbers of colours, rows packed to whole bytes, to RGB. The palette holds all reds, then all greens, then all blues, of 16 bits.
fn paint(raw: &[u8], map: &[u16], height: usize, width: usize, bits: usize) -> Vec<u8> {
    let size = map.len() / 3;
    let row = (width * bits).div_ceil(8);
    let mut rgb = Vec::with_capacity(height * width * 3);
    for y in 0..height {
        for x in 0..width {
            let at = x * bits;
            let byte = raw.get(y * row + at / 8).copied().unwrap_or(0);
            let number = usize::from(byte >> (8 - bits - at % 8)) & (size - 1);
            rgb.extend((0..3).map(|c| (map[c * size + number] >> 8) as u8));
        }
    }
    rgb
}
