//! What the first bytes of a picture say of it. Nothing is unpacked, and a few kilobytes are read.

use std::io::{BufRead, Cursor, Seek};

use image::{ColorType, ImageDecoder, ImageFormat, ImageReader};

use super::chunks::png_chunks;
use super::facts::Header;
use super::{format, limits};

/// Segments of a JPEG that are looked at before its size.
const SEGMENTS: usize = 1000;

/// Looks at the start of a file.
///
/// # Errors
/// It is no picture that is read, or its header is damaged.
pub(in crate::data) fn header<R: BufRead + Seek>(mut file: R) -> Result<Header, String> {
    let start = file.fill_buf().map_err(|error| error.to_string())?;
    match format::of(start)? {
        ImageFormat::Png => png(start),
        ImageFormat::Jpeg => jpeg(&mut file),
        ImageFormat::Tiff => super::tiff::header(file),
        other => decoder(file, other),
    }
}

fn decoder<R: BufRead + Seek>(file: R, format: ImageFormat) -> Result<Header, String> {
    let mut reader = ImageReader::with_format(file, format);
    reader.limits(limits::header());
    let (width, height, color) = match reader.into_decoder() {
        Ok(decoder) => {
            let (width, height) = decoder.dimensions();
            (width, height, decoder.color_type())
        }
        Err(error) => return Err(error.to_string()),
    };
    let channels = color.channel_count();
    Ok(Header {
        height: height as usize,
        width: width as usize,
        transparent: color.has_alpha(),
        deep: color.bytes_per_pixel() > channels || color == ColorType::Rgb32F,
    })
}

fn png(start: &[u8]) -> Result<Header, String> {
    let number = |at: usize| {
        let bytes = start.get(at..at + 4)?;
        Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    };
    let (Some(width), Some(height), Some(&depth), Some(&color)) =
        (number(16), number(20), start.get(24), start.get(25))
    else {
        return Err("it ends in its header".into());
    };
    let mut before = png_chunks(start).take_while(|(_, name, _)| *name != b"IDAT");
    let transparent = matches!(color, 4 | 6) || before.any(|(_, name, _)| name == b"tRNS");
    Ok(Header {
        height,
        width,
        transparent,
        deep: depth == 16,
    })
}

fn jpeg<R: BufRead + Seek>(file: &mut R) -> Result<Header, String> {
    let ends = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it ends in its header".to_owned(),
        _ => error.to_string(),
    };
    let mut two = [0; 2];
    file.read_exact(&mut two).map_err(ends)?;
    for _ in 0..SEGMENTS {
        let mut byte = [0; 1];
        // to the next marker, over fill bytes
        let mut before = 0;
        loop {
            file.read_exact(&mut byte).map_err(ends)?;
            if before == 0xFF && !matches!(byte[0], 0 | 0xFF) {
                break;
            }
            before = byte[0];
        }
        if matches!(byte[0], 0x01 | 0xD0..=0xD8) {
            continue;
        }
        file.read_exact(&mut two).map_err(ends)?;
        let length = usize::from(u16::from_be_bytes(two)).max(2) - 2;
        if matches!(byte[0], 0xC0..=0xCF if !matches!(byte[0], 0xC4 | 0xC8 | 0xCC)) {
            let mut frame = [0; 5];
            file.read_exact(&mut frame).map_err(ends)?;
            let size = |at: usize| usize::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
            return Ok(Header {
                height: size(1),
                width: size(3),
                transparent: false,
                deep: false,
            });
        }
        if matches!(byte[0], 0xD9 | 0xDA) {
            break;
        }
        file.seek_relative(length as i64).map_err(ends)?;
    }
    Err("its header has no size".into())
}

/// Of a picture in memory.
pub(in crate::data) fn of_bytes(bytes: &[u8]) -> Result<Header, String> {
    header(Cursor::new(bytes))
}
