//! `random_crop(28px, padding = 2px)`: a square at a random place.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "random_crop",
        Kind::Transform,
        "Cuts a square out at a random place, after a black border was put around the picture.",
        Make::transform(types, |args, _| {
            Ok(Box::new(Crop { size: args.length("size"), padding: args.length("padding") }))
        }),
    )
    .param(Param::required("size", Type::Length, "Side of the square.").within(1.0, 16384.0))
    .param(
        Param::with_default("padding", Type::Length, "0px", "Width of the border on each side.")
            .within(0.0, 16384.0),
    )
    .doc("Each place is as likely as any other. A picture that was normalised gets a border of its mean, which is 0 in the tensor, as black is without.")
    .example("random_crop(28px, padding = 2px)")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let image = ImageType::of("random_crop", input)?;
    let (size, padding) = (args.length("size"), args.length("padding"));
    for side in [image.height, image.width].into_iter().flatten() {
        if size > side + 2 * padding {
            return Err(Problem::argument(
                Code::SampleType,
                "size",
                format!(
                    "a crop of {size}px does not fit into `{input}` with a padding of {padding}px"
                ),
            )
            .help(format!(
                "`padding = {}px`, or a smaller crop",
                (size - side).div_ceil(2)
            )));
        }
    }
    Ok(vec![image.sized(Some(size), Some(size))])
}

struct Crop {
    size: usize,
    padding: usize,
}

impl Transform for Crop {
    fn draws(&self, input: &SampleType) -> bool {
        let sides = input.as_image().map(|image| [image.height, image.width]);
        self.padding > 0 || sides != Some([Some(self.size); 2])
    }

    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let image = input::image("random_crop", input)?;
        let room = |side: usize| (side + 2 * self.padding).checked_sub(self.size);
        let (Some(down), Some(right)) = (room(image.height), room(image.width)) else {
            return Err(DataError {
                message: format!(
                    "`random_crop` of {}px does not fit into a picture of {} by {} pixels with a padding of {}px",
                    self.size, image.width, image.height, self.padding
                ),
                help: Some("put `resize` before it, or choose a larger `padding`".into()),
            });
        };
        let top = rng.below(down as u32 + 1) as usize;
        let left = rng.below(right as u32 + 1) as usize;
        let cut = crop(
            &image,
            top,
            left,
            self.padding,
            self.size,
            self.size,
            scratch,
        );
        scratch.give(image.pixels);
        out.push(Sample::image(cut));
        Ok(())
    }
}

/// The window of `height` by `width` pixels whose corner is at `(top, left)` of the picture with its border.
pub fn crop(
    image: &Image,
    top: usize,
    left: usize,
    padding: usize,
    height: usize,
    width: usize,
    scratch: &mut Scratch,
) -> Image {
    let channels = image.channels;
    let mut pixels = scratch.take(height * width * channels);
    // columns of the window that have a picture behind them
    let first = padding.saturating_sub(left).min(width);
    let last = (padding + image.width)
        .saturating_sub(left)
        .min(width)
        .max(first);
    for (y, row) in pixels
        .chunks_exact_mut((width * channels).max(1))
        .enumerate()
    {
        let inside = (top + y).checked_sub(padding).filter(|y| *y < image.height);
        let (first, last) = if inside.is_some() {
            (first, last)
        } else {
            (width, width)
        };
        for border in [0..first, last..width] {
            for (i, value) in row[border.start * channels..border.end * channels]
                .iter_mut()
                .enumerate()
            {
                *value = input::blank(image, i % channels);
            }
        }
        if let Some(source) = inside {
            let start = source * image.width + (left + first).saturating_sub(padding);
            let count = (last - first) * channels;
            row[first * channels..last * channels]
                .copy_from_slice(&image.pixels[start * channels..start * channels + count]);
        }
    }
    Image {
        pixels,
        height,
        width,
        channels,
        normalization: image.normalization.clone(),
    }
}
