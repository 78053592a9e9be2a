//! `cutout(8px)`: a hole at a random place.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "cutout",
        Kind::Transform,
        "Blanks a square whose middle is anywhere in the picture; at the edges a part of it falls outside.",
        Make::transform(|_, input| {
                ImageType::of("cutout", input)?;
                Ok(vec![input.clone()])
            }, |args, _| {
                Ok(Box::new(Cutout {
                    size: args.length("size"),
                }))
            }),
    )
    .paper(
        "DeVries & Taylor, 2017",
        "Improved regularization of convolutional neural networks with cutout",
        "arXiv:1708.04552",
    )
    .param(Param::required("size", Type::Length, "Side of the square.").within(1.0, 16384.0))
    .doc("The hole is black, or the mean where `normalize` came before (0 in the tensor either way, as in the paper).")
    .example("cutout(8px)")
}

struct Cutout {
    size: usize,
}

impl Transform for Cutout {
    fn draws(&self, _: &SampleType) -> bool {
        self.size > 0
    }

    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let mut image = input::image("cutout", input)?;
        let y = rng.below(image.height as u32) as usize;
        let x = rng.below(image.width as u32) as usize;
        cut(&mut image, y, x, self.size);
        out.push(Sample::image(image));
        Ok(())
    }
}

/// Blanks rows `y - size / 2 .. y + size / 2` and the same columns around `x`; an odd size has one more at the end.
pub fn cut(image: &mut Image, y: usize, x: usize, size: usize) {
    let before = size / 2;
    let span = |middle: usize, side: usize| {
        middle.saturating_sub(before)..(middle + size - before).min(side)
    };
    let (rows, columns) = (span(y, image.height), span(x, image.width));
    let mut blank = [0u8; 4];
    for (channel, value) in blank.iter_mut().enumerate() {
        *value = input::blank(image, channel);
    }
    let channels = image.channels;
    for y in rows {
        let start = y * image.width;
        let range = (start + columns.start) * channels..(start + columns.end) * channels;
        for (i, value) in image.pixels[range].iter_mut().enumerate() {
            *value = blank[(i % channels).min(3)];
        }
    }
}
