//! Whether the blocks that a file is made of are all there, and what of them a decoder need not see.

use std::borrow::Cow;

use image::ImageFormat;

use super::Wanted;
use super::chunks::png_chunks;

/// Bytes that a mended file may be filled up with.
const FILL: usize = 64 << 20;

/// Refuses a file that ends before its format says so. What holds no length is left to the decoder.
pub(super) fn check(bytes: &[u8], format: ImageFormat) -> Result<(), String> {
    let whole = match format {
        ImageFormat::Png => png_is_whole(bytes),
        ImageFormat::Gif => gif_is_whole(bytes),
        ImageFormat::WebP => bytes.len() + 1 >= riff_length(bytes),
        _ => true,
    };
    match whole {
        true => Ok(()),
        false => Err("it is not whole: it ends in the middle".into()),
    }
}

/// The file without what no pixel depends on and what may unpack to gigabytes: a PNG's colour profile and its texts. To be mended,
/// a WebP, BMP or PNM that ends early is filled up.
pub(super) fn bare(bytes: &[u8], format: ImageFormat, wanted: Wanted) -> Cow<'_, [u8]> {
    match format {
        ImageFormat::Png => png_bare(bytes),
        ImageFormat::WebP if wanted == Wanted::WhatThereIs => filled(bytes, riff_length(bytes)),
        ImageFormat::Bmp if wanted == Wanted::WhatThereIs => filled(bytes, bmp_length(bytes)),
        ImageFormat::Pnm if wanted == Wanted::WhatThereIs => {
            // at most three channels of 16 bits behind the header
            let pixels =
                super::header::of_bytes(bytes).map_or(0, |header| header.height * header.width);
            filled(bytes, bytes.len().saturating_add(pixels.saturating_mul(6)))
        }
        _ => Cow::Borrowed(bytes),
    }
}

fn filled(bytes: &[u8], length: usize) -> Cow<'_, [u8]> {
    if length <= bytes.len() || length > bytes.len() + FILL {
        return Cow::Borrowed(bytes);
    }
    let mut filled = bytes.to_vec();
    filled.resize(length, 0);
    Cow::Owned(filled)
}

/// Bytes of a little-endian number.
fn number(bytes: &[u8], at: usize) -> usize {
    bytes
        .get(at..at + 4)
        .map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
}

fn riff_length(bytes: &[u8]) -> usize {
    number(bytes, 4).saturating_add(8)
}

fn bmp_length(bytes: &[u8]) -> usize {
    number(bytes, 2)
}

fn png_is_whole(bytes: &[u8]) -> bool {
    png_chunks(bytes)
        .take_while(|(_, _, end)| *end <= bytes.len())
        .any(|(_, name, _)| name == b"IEND")
}

fn png_bare(bytes: &[u8]) -> Cow<'_, [u8]> {
    let heavy = |name: &[u8]| {
        [b"iCCP", b"zTXt", b"iTXt", b"tEXt"]
            .iter()
            .any(|n| *n == name)
    };
    // before the pixels: behind them a decoder has what it wants
    let before = || png_chunks(bytes).take_while(|(_, name, _)| *name != b"IDAT");
    if !before().any(|(_, name, _)| heavy(name)) {
        return Cow::Borrowed(bytes);
    }
    let mut bare = Vec::with_capacity(bytes.len());
    let mut kept = 0;
    for (start, name, end) in before() {
        if heavy(name) {
            bare.extend_from_slice(bytes.get(kept..start).unwrap_or_default());
            kept = end;
        }
    }
    bare.extend_from_slice(bytes.get(kept..).unwrap_or_default());
    Cow::Owned(bare)
}

/// Whether no block of a GIF is cut. Many lack the last byte, which nothing depends on.
fn gif_is_whole(bytes: &[u8]) -> bool {
    let (pictures, whole) = gif_pictures(bytes);
    !pictures.is_empty() && whole
}

/// Thousandths of a second for which a frame is shown that says none, or nearly none: what browsers make of it.
const NO_DELAY: u32 = 100;

/// How long a frame is shown that says so many thousandths of a second.
fn delay(said: u32) -> u32 {
    match said {
        0..=10 => NO_DELAY,
        said => said,
    }
}

/// How long each of the pictures of a GIF that begin is shown, and whether no block is cut.
pub(super) fn gif_pictures(bytes: &[u8]) -> (Vec<u32>, bool) {
    fn table(flags: u8) -> usize {
        match flags & 0x80 {
            0 => 0,
            _ => 3 << ((flags & 7) + 1),
        }
    }
    let mut delays = Vec::new();
    let mut next = 0;
    let Some(flags) = bytes.get(10) else {
        return (delays, false);
    };
    let mut at = 13 + table(*flags);
    while let Some(kind) = bytes.get(at) {
        at += match kind {
            0x21 => {
                // in hundredths
                if let Some([0xF9, 4, _, low, high]) = bytes.get(at + 1..at + 6) {
                    next = 10 * u32::from(u16::from_le_bytes([*low, *high]));
                }
                2
            }
            0x2C => match bytes.get(at + 9) {
                // the frame, its colours, the width of its codes
                Some(flags) => {
                    delays.push(delay(std::mem::take(&mut next)));
                    11 + table(*flags)
                }
                None => return (delays, false),
            },
            // the end, or something after it
            _ => return (delays, true),
        };
        loop {
            match bytes.get(at) {
                None => return (delays, false),
                Some(0) => break at += 1,
                Some(length) => at += 1 + usize::from(*length),
            }
        }
    }
    (delays, at == bytes.len())
}

/// The frames that an APNG says it has, and how long each is shown that begins in the file; `None` where it is no APNG.
pub(super) fn apng_frames(bytes: &[u8]) -> Option<(usize, Vec<u32>)> {
    let before = |name: &[u8]| name != b"IDAT";
    let (start, _, _) = png_chunks(bytes)
        .take_while(|(_, name, _)| before(name))
        .find(|(_, name, _)| *name == b"acTL")?;
    let said = bytes.get(start + 8..start + 12)?;
    let said = u32::from_be_bytes([said[0], said[1], said[2], said[3]]) as usize;
    let begun = png_chunks(bytes).filter(|(_, name, _)| *name == b"fcTL");
    // a number, four sizes and places, then a part of a second: hundredths where it says nothing
    let delays = begun.map(|(start, _, _)| match bytes.get(start + 28..start + 32) {
        Some(part) => {
            let above = u32::from(u16::from_be_bytes([part[0], part[1]]));
            let below = u32::from(u16::from_be_bytes([part[2], part[3]]));
            delay(1000 * above / if below == 0 { 100 } else { below })
        }
        None => NO_DELAY,
    });
    Some((said, delays.collect()))
}

/// Whether a WebP says that it holds frames.
pub(super) fn webp_is_animated(bytes: &[u8]) -> bool {
    const ANIMATION: u8 = 2;
    bytes.get(8..16) == Some(b"WEBPVP8X") && bytes.get(20).is_some_and(|b| b & ANIMATION != 0)
}

/// How long each frame of a WebP is shown that begins in the file.
pub(super) fn webp_frames(bytes: &[u8]) -> Vec<u32> {
    let mut delays = Vec::new();
    let mut at = 12;
    while let Some(name) = bytes.get(at..at + 4) {
        let length = number(bytes, at + 4);
        // four numbers of three bytes, then the time
        if name == b"ANMF"
            && let Some(time) = bytes.get(at + 8 + 12..at + 8 + 15)
        {
            delays.push(delay(u32::from_le_bytes([time[0], time[1], time[2], 0])));
        }
        at = at
            .saturating_add(8)
            .saturating_add(length)
            .saturating_add(length & 1);
    }
    delays
}

/// Whether a frame of an APNG that is cleared is followed by one that is put back to what was before. The decoder puts back what was
/// before the clearing.
pub(super) fn apng_is_misread(bytes: &[u8]) -> bool {
    const BACKGROUND: u8 = 1;
    const PREVIOUS: u8 = 2;
    let controls = png_chunks(bytes).filter(|(_, name, _)| *name == b"fcTL");
    // a length, a name, six numbers and the delay stand before it
    let ways = controls.filter_map(|(start, _, _)| bytes.get(start + 8 + 24).copied());
    let ways: Vec<u8> = ways.collect();
    ways.windows(2).any(|two| two == [BACKGROUND, PREVIOUS])
}
