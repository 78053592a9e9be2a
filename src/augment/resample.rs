//! Bilinear resampling with antialias, as PIL does it: the filter grows with the scale when a picture gets smaller.

use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x2, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions};

use super::Scratch;
use crate::data::{DataError, Image};

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub top: usize,
    pub left: usize,
    pub height: usize,
    pub width: usize,
}

impl Window {
    /// All of it.
    pub fn whole(image: &Image) -> Self {
        Self {
            top: 0,
            left: 0,
            height: image.height,
            width: image.width,
        }
    }
}

/// What is inside `window`, resampled to `height` by `width`. Pixels outside the window have no influence: the same as
/// cutting first.
pub fn resample(
    image: &Image,
    window: Window,
    height: usize,
    width: usize,
    scratch: &mut Scratch,
) -> Result<Image, DataError> {
    let mut pixels = scratch.take(height * width * image.channels);
    let resizer = &mut scratch.resizer;
    let done = match image.channels {
        1 => run::<U8>(resizer, image, window, (height, width), &mut pixels),
        2 => run::<U8x2>(resizer, image, window, (height, width), &mut pixels),
        3 => run::<U8x3>(resizer, image, window, (height, width), &mut pixels),
        4 => run::<U8x4>(resizer, image, window, (height, width), &mut pixels),
        n => Err(format!("pictures of {n} channels can't be resized")),
    };
    done.map_err(|message| DataError {
        message,
        help: None,
    })?;
    Ok(Image {
        pixels,
        height,
        width,
        channels: image.channels,
        normalization: image.normalization.clone(),
    })
}

fn run<P: PixelTrait>(
    resizer: &mut fast_image_resize::Resizer,
    image: &Image,
    window: Window,
    (height, width): (usize, usize),
    out: &mut [u8],
) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| {
        format!(
            "a picture of {} by {} pixels can't be resized: {error}",
            image.width, image.height
        )
    };
    let source =
        TypedImageRef::<P>::from_buffer(image.width as u32, image.height as u32, &image.pixels)
            .map_err(|e| text(&e))?;
    let source = TypedCroppedImage::from_ref(
        &source,
        window.left as u32,
        window.top as u32,
        window.width as u32,
        window.height as u32,
    )
    .map_err(|e| text(&e))?;
    let mut out =
        TypedImage::<P>::from_buffer(width as u32, height as u32, out).map_err(|e| text(&e))?;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .use_alpha(false);
    resizer
        .resize_typed(&source, &mut out, &options)
        .map_err(|e| text(&e))
}
