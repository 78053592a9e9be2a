//! JPEG: decoded as a whole, or found to end early.
//!
//! Decoders fill what the data does not reach with grey and say nothing. Three things tell it: there is no end marker; the
//! decoder, given the data without its end marker, runs out of bytes before the last row; the scans do not cover every
//! coefficient. The last one finds a progressive picture whose later scans are lost although somebody wrote an end marker.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::pixels::{Raster, Values};
use super::{MISSING, Wanted, limits};

/// Zeros after the data of a scan whose end marker is taken away: a decoder reads a few bytes ahead.
const AHEAD: usize = 16;
/// Never a lowest bit of a coefficient.
const UNSENT: u8 = u8::MAX;

const CUT: &str = "it is not whole: it ends in the middle";

pub(super) fn read(bytes: &[u8], wanted: Wanted) -> Result<Raster, String> {
    let plan = Plan::of(bytes);
    if wanted == Wanted::WhatThereIs {
        let mut ended = bytes.to_vec();
        if plan.end.is_none() {
            ended.extend([0xFF, 0xD9]);
        }
        return run(&ended, false);
    }
    let Some(end) = plan.end else {
        // what the header says is worth more than where the file ends
        header(bytes)?;
        return Err(format!("{CUT} (no end marker)"));
    };
    if !plan.covered() {
        return Err(format!("{CUT} (scans are missing)"));
    }
    if plan.scans > 1 || plan.progressive {
        return run(&bytes[..end + 2], true);
    }
    let mut open = Vec::with_capacity(end + AHEAD);
    open.extend_from_slice(&bytes[..end]);
    open.resize(end + AHEAD, 0);
    run(&open, true)
}

fn options(strict: bool) -> DecoderOptions {
    DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
}

/// Height and width.
pub(super) fn header(bytes: &[u8]) -> Result<(usize, usize), String> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(false));
    decoder.decode_headers().map_err(text)?;
    let (width, height) = decoder.dimensions().ok_or("it has no size")?;
    Ok((height, width))
}

fn text(error: impl std::fmt::Display) -> String {
    // some end with an end of line
    format!("it is no sound JPEG: {}", error.to_string().trim_end())
}

fn run(bytes: &[u8], strict: bool) -> Result<Raster, String> {
    // odd bytes between headers are no fault of the picture: strictness begins with its data
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(false));
    decoder.decode_headers().map_err(text)?;
    let (width, height) = decoder.dimensions().ok_or("it has no size")?;
    let color = match decoder.input_colorspace() {
        Some(
            color @ (ColorSpace::Luma | ColorSpace::LumaA | ColorSpace::RGB | ColorSpace::RGBA),
        ) => color,
        _ => ColorSpace::RGB,
    };
    let channels = color.num_components();
    // a progressive picture's coefficients are held in 16 bits while its scans come in
    limits::check(width as u32, height as u32, 3 * channels as u8)?;
    decoder.set_options(options(strict).jpeg_set_out_colorspace(color));
    let mut pixels = vec![MISSING; width * height * channels];
    decoder.decode_into(&mut pixels).map_err(|error| {
        if strict {
            format!("it is not whole: {}", error.to_string().trim_end())
        } else {
            text(error)
        }
    })?;
    Ok(Raster {
        values: Values::Bytes(pixels),
        channels,
        height,
        width,
    })
}

/// What the markers of a file say, without its data.
#[derive(Default)]
struct Plan {
    /// Where the end marker stands.
    end: Option<usize>,
    progressive: bool,
    scans: usize,
    /// Numbers of the components, and for each coefficient of each the lowest bit that was sent.
    components: Vec<(u8, [u8; 64])>,
}

impl Plan {
    fn of(bytes: &[u8]) -> Self {
        let mut plan = Self::default();
        let mut at = 2;
        while let Some(found) = next(bytes, at) {
            let Some(marker) = bytes.get(found + 1) else {
                break;
            };
            at = found + 2;
            match marker {
                // a fill byte: the next one may be the marker
                0xFF => at = found + 1,
                // stuffing, restarts and starts have no length
                0x00 | 0x01 | 0xD0..=0xD8 => {}
                0xD9 => {
                    plan.end = Some(found);
                    break;
                }
                marker => {
                    let length = match bytes.get(at..at + 2) {
                        Some(length) => usize::from(u16::from_be_bytes([length[0], length[1]])),
                        None => break,
                    };
                    let Some(segment) = bytes.get(at + 2..(at + length).max(at + 2)) else {
                        break;
                    };
                    plan.see(*marker, segment);
                    at += length.max(2);
                }
            }
        }
        plan
    }

    fn see(&mut self, marker: u8, segment: &[u8]) {
        match marker {
            0xC0..=0xC2 => {
                self.progressive = marker == 0xC2;
                let components = segment.get(6..).unwrap_or_default().chunks_exact(3);
                self.components = components.map(|c| (c[0], [UNSENT; 64])).collect();
            }
            0xDA => {
                self.scans += 1;
                let Some((&count, rest)) = segment.split_first() else {
                    return;
                };
                let count = usize::from(count).min(rest.len() / 2);
                let (start, end, low) = match rest.get(2 * count..2 * count + 3) {
                    Some(&[start, end, bits]) if self.progressive => (start, end, bits & 15),
                    _ => (0, 63, 0),
                };
                let sent = usize::from(start)..usize::from(end.min(63)) + 1;
                for which in rest[..2 * count].chunks_exact(2) {
                    let found = self.components.iter_mut().find(|(id, _)| *id == which[0]);
                    if let Some((_, lowest)) = found
                        && sent.start < sent.end
                    {
                        lowest[sent.clone()].fill(low);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether every bit of every coefficient was sent. A file without components is for the decoder to refuse.
    fn covered(&self) -> bool {
        let mut all = self.components.iter().flat_map(|(_, lowest)| lowest);
        all.all(|low| *low == 0)
    }
}

/// The next byte 0xFF. Looked at in blocks, which compile to wide comparisons: most of a file is the data of a scan.
fn next(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(block) = bytes.get(at..at + 32) {
        if block
            .iter()
            .fold(false, |found, byte| found | (*byte == 0xFF))
        {
            break;
        }
        at += 32;
    }
    let found = bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
    Some(at + found)
}
