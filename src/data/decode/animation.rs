//! GIF and APNG: the frames of a clip, each as it is seen, put together from what changes.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::{AnimationDecoder, Frames, ImageDecoder, ImageError, ImageFormat};

use super::container::{self, apng_frames, apng_is_misread, gif_pictures};
use super::look::Look;
use super::pixels::{Raster, Values};
use super::{format, header, limits};
use crate::data::Image;

/// Frames of one file that are put together at most.
const FRAMES: usize = 1 << 16;
/// Bytes of the frames that are kept.
pub(in crate::data) const CLIP_BYTES: usize = 512 << 20;

/// The frames of a file.
pub(in crate::data) struct Animation {
    /// Those that were asked for.
    pub frames: Vec<Image>,
    /// Why there are no more, where the file is not whole.
    pub damage: Option<String>,
}

/// Whether a file that starts like this holds frames: a GIF, or a PNG that says so.
pub(in crate::data) fn is_animation(start: &[u8]) -> bool {
    match format::of(start) {
        Ok(ImageFormat::Gif) => true,
        Ok(ImageFormat::Png) => apng_frames(start).is_some(),
        _ => false,
    }
}

/// Every `step`-th frame of a GIF or an APNG, the first one included.
///
/// # Errors
/// It is neither, it is too large, or not even its first frame is whole; the sentence goes on after "can't read NAME: ".
pub(in crate::data) fn animation(
    bytes: &[u8],
    look: &Look,
    step: usize,
) -> Result<Animation, String> {
    let format = format::of(bytes)?;
    let (said, begun) = match format {
        ImageFormat::Gif => {
            let (begun, _) = gif_pictures(bytes);
            (begun, begun)
        }
        ImageFormat::Png => apng_frames(bytes).ok_or("it is a PNG of one picture, not a clip")?,
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
    let step = step.max(1);
    let kept = begun.div_ceil(step);
    let size = head.height * head.width * look.channels.count();
    if said > FRAMES || kept.saturating_mul(size) > CLIP_BYTES {
        return Err(too_large(said, head.height, head.width));
    }
    let mut damage = container::check(bytes, format).err();
    if begun < said {
        damage.get_or_insert_with(|| {
            format!("it is not whole: {begun} of its {said} frames are there")
        });
    }
    let bare = container::bare(bytes, format, super::Wanted::WhatThereIs);
    let mut found = Vec::new();
    let unread = |error: ImageError| damage.clone().unwrap_or_else(|| error.to_string());
    let decoded = decoded(&bare, format).map_err(unread)?;
    for (at, frame) in decoded.take(begun).enumerate() {
        let frame = match frame {
            Ok(frame) => frame.into_buffer(),
            Err(error) => {
                damage.get_or_insert(error.to_string());
                break;
            }
        };
        if at % step == 0 {
            let raster = Raster {
                height: frame.height() as usize,
                width: frame.width() as usize,
                channels: 4,
                values: Values::Bytes(frame.into_raw()),
            };
            found.push(raster.finish(look));
        }
    }
    match found.is_empty() {
        true => Err(damage.unwrap_or_else(|| "it has no frame".into())),
        false => Ok(Animation {
            frames: found,
            damage,
        }),
    }
}

/// What is said of a clip whose frames do not fit.
pub(in crate::data) fn too_large(frames: usize, height: usize, width: usize) -> String {
    format!(
        "its {frames} frames of {height} × {width} pixels are more than is read ({FRAMES} frames, {} MiB in all): \
         `step = 2` reads every other one",
        CLIP_BYTES >> 20
    )
}

fn decoded(bytes: &[u8], format: ImageFormat) -> Result<Frames<'_>, ImageError> {
    let file = Cursor::new(bytes);
    Ok(match format {
        ImageFormat::Gif => {
            let mut decoder = GifDecoder::new(file)?;
            decoder.set_limits(limits::decoding())?;
            decoder.into_frames()
        }
        _ => {
            let decoder = PngDecoder::with_limits(file, limits::decoding())?;
            decoder.apng()?.into_frames()
        }
    })
}
