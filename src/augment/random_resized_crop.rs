//! `random_resized_crop(32px, scale = 0.2..1.0)`: a random part of the picture, resampled to a square.

use super::input;
use super::resample::{Window, resample};
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, ImageType, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "random_resized_crop",
        Kind::Transform,
        "Cuts out a part of random area, shape and place and resamples it to a square (bilinear, antialiased).",
        Make::transform(|args, input| {
                let image = ImageType::of("random_resized_crop", input)?;
                let size = Some(args.length("size"));
                Ok(vec![image.sized(size, size)])
            }, |args, _| {
                Ok(Box::new(ResizedCrop {
                    size: args.length("size"),
                    scale: args.range("scale"),
                    ratio: args.range("ratio"),
                }))
            }),
    )
    .paper("Szegedy et al., 2015", "Going deeper with convolutions", "arXiv:1409.4842")
    .param(Param::required("size", Type::Length, "Side of the square.").within(1.0, 16384.0))
    .param(
        Param::with_default("scale", Type::Range, "0.08..1.0", "Share of the picture's area, drawn uniformly.")
            .within(0.0, 1.0),
    )
    .param(
        Param::with_default("ratio", Type::Range, "0.75..1.3333333", "Width over height, its logarithm drawn uniformly.")
            .within(0.01, 100.0),
    )
    .doc("Ten draws of area and shape are tried; if none fits into the picture, the largest central part within `ratio` is taken.")
    .example("random_resized_crop(32px, scale = 0.2..1.0)")
}

struct ResizedCrop {
    size: usize,
    scale: (f64, f64),
    ratio: (f64, f64),
}

impl Transform for ResizedCrop {
    fn draws(&self, _: &SampleType) -> bool {
        self.scale.0 < 1.0 || self.ratio != (1.0, 1.0)
    }

    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let image = input::image("random_resized_crop", input)?;
        let window = draw(image.height, image.width, self.scale, self.ratio, rng);
        let cut = resample(&image, window, self.size, self.size, scratch)?;
        scratch.give(image.pixels);
        out.push(Sample::image(cut));
        Ok(())
    }
}

/// A window as torchvision's `RandomResizedCrop` draws it.
pub fn draw(
    height: usize,
    width: usize,
    scale: (f64, f64),
    ratio: (f64, f64),
    rng: &mut Philox,
) -> Window {
    let area = (height * width) as f64;
    for _ in 0..10 {
        let target = area * rng.between(scale.0, scale.1);
        let shape = rng.between(ratio.0.ln(), ratio.1.ln()).exp();
        let w = (target * shape).sqrt().round_ties_even() as usize;
        let h = (target / shape).sqrt().round_ties_even() as usize;
        if 0 < w && w <= width && 0 < h && h <= height {
            return Window {
                top: rng.below((height - h) as u32 + 1) as usize,
                left: rng.below((width - w) as u32 + 1) as usize,
                height: h,
                width: w,
            };
        }
    }
    let shape = width as f64 / height as f64;
    let (h, w) = if shape < ratio.0 {
        ((width as f64 / ratio.0).round_ties_even() as usize, width)
    } else if shape > ratio.1 {
        (height, (height as f64 * ratio.1).round_ties_even() as usize)
    } else {
        (height, width)
    };
    // a picture one pixel high may leave nothing after rounding
    let (h, w) = (h.clamp(1, height), w.clamp(1, width));
    Window {
        top: (height - h) / 2,
        left: (width - w) / 2,
        height: h,
        width: w,
    }
}
