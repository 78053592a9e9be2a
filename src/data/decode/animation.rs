//! GIF, APNG and animated WebP: the frames of a film, each as it is seen, put together from what changes.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, Frames, ImageDecoder, ImageError, ImageFormat};

use super::container::{self, apng_frames, apng_is_misread, gif_pictures, webp_is_animated};
use super::look::Look;
use super::pixels::{Raster, Values};
use super::{format, header, limits};
use crate::data::Image;

/// Frames of one file that are put together at most.
const FRAMES: usize = 1 << 16;
/// Bytes of the frames of a clip that are held in memory.
pub(in crate::data) const CLIP_BYTES: usize = 512 << 20;

/// What is known of a file before its pixels are decoded.
#[derive(Debug)]
pub(in crate::data) struct Animated {
    pub height: usize,
    pub width: usize,
    /// For each frame that begins, how long it is shown, in thousandths of a second.
    pub delays: Vec<u32>,
    /// Why there are no more, where the file is not whole.
    pub damage: Option<String>,
}

/// Whether a file that starts like this holds frames: a GIF, or a PNG or a WebP that says so.
pub(in crate::data) fn is_animation(start: &[u8]) -> bool {
    match format::of(start) {
        Ok(ImageFormat::Gif) => true,
        Ok(ImageFormat::Png) => apng_frames(start).is_some(),
        Ok(ImageFormat::WebP) => webp_is_animated(start),
        _ => false,
    }
}

/// Sizes and times of a GIF, an APNG or an animated WebP.
///
/// # Errors
/// It is none, or it is too large; the sentence goes on after "can't read NAME: ".
pub(in crate::data) fn animated(bytes: &[u8]) -> Result<Animated, String> {
    let format = format::of(bytes)?;
    let (said, delays) = match format {
        ImageFormat::Gif => {
            let (delays, _) = gif_pictures(bytes);
            (delays.len(), delays)
        }
        ImageFormat::Png => apng_frames(bytes).ok_or("it is a PNG of one picture, not a clip")?,
        ImageFormat::WebP if webp_is_animated(bytes) => {
            let delays = container::webp_frames(bytes);
            (delays.len(), delays)
        }
        _ => return Err("it is a picture, not a clip".to_owned()),
    };
    if format == ImageFormat::Png && apng_is_misread(bytes) {
        return Err("it disposes of its frames in a way that is not read (a cleared one, then one that is put back): convert it to a folder of frames".into());
    }
    let head = header::of_bytes(bytes)?;
    if head.deep {
        return Err("it has 16 bits a channel, which is not read of a clip".into());
    }
    limits::check(head.width as u32, head.height as u32, 4)?;
    if said > FRAMES {
        return Err(format!(
            "it has {said} frames, which is more than is read ({FRAMES})"
        ));
    }
    let mut damage = container::check(bytes, format).err();
    if delays.len() < said {
        let begun = delays.len();
        damage.get_or_insert_with(|| {
            format!("it is not whole: {begun} of its {said} frames are there")
        });
    }
    Ok(Animated {
        height: head.height,
        width: head.width,
        delays,
        damage,
    })
}

/// Gives each frame of a GIF, an APNG or an animated WebP to `each`, until that wants no more. What is damaged comes back as a sentence.
///
/// # Errors
/// As [`animated`], or not even its first frame is whole, or `each` has one.
pub(in crate::data) fn animation(
    bytes: &[u8],
    look: &Look,
    each: &mut dyn FnMut(Image) -> Result<bool, String>,
) -> Result<Option<String>, String> {
    let Animated {
        delays, mut damage, ..
    } = animated(bytes)?;
    let format = format::of(bytes)?;
    let bare = container::bare(bytes, format, super::Wanted::WhatThereIs);
    let unread = |error: ImageError| damage.clone().unwrap_or_else(|| error.to_string());
    let decoded = decoded(&bare, format).map_err(unread)?;
    let mut given = 0;
    for frame in decoded.take(delays.len()) {
        let frame = match frame {
            Ok(frame) => frame.into_buffer(),
            Err(error) => {
                damage.get_or_insert(error.to_string());
                break;
            }
        };
        given += 1;
        let raster = Raster {
            height: frame.height() as usize,
            width: frame.width() as usize,
            channels: 4,
            values: Values::Bytes(frame.into_raw()),
        };
        if !each(raster.finish(look))? {
            return Ok(damage);
        }
    }
    match given {
        0 => Err(damage.unwrap_or_else(|| "it has no frame".into())),
        _ => Ok(damage),
    }
}

fn decoded(bytes: &[u8], format: ImageFormat) -> Result<Frames<'_>, ImageError> {
    let file = Cursor::new(bytes);
    Ok(match format {
        ImageFormat::Gif => {
            let mut decoder = GifDecoder::new(file)?;
            decoder.set_limits(limits::decoding())?;
            decoder.into_frames()
        }
        ImageFormat::WebP => {
            let mut decoder = WebPDecoder::new(file)?;
            decoder.set_limits(limits::decoding())?;
            // as browsers do, whatever the file proposes
            decoder.set_background_color(image::Rgba([0; 4]))?;
            decoder.into_frames()
        }
        _ => {
            let decoder = PngDecoder::with_limits(file, limits::decoding())?;
            decoder.apng()?.into_frames()
        }
    })
}
