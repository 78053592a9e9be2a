//! `resize(256px)`: another size, nothing cut off.

use super::input;
use super::resample::{Window, resample};
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{DataError, ImageType, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "resize",
        Kind::Transform,
        "Resamples to another size (bilinear, antialiased).",
        Make::transform(types, |args, _| Ok(Box::new(Resize::of(args)))),
    )
    .param(Param::required("size", Type::Length, "Length of the shorter side, or of both.").within(1.0, 16384.0))
    .param(Param::with_default(
        "sides",
        Type::Choice(&["shorter", "both"]),
        "shorter",
        "`shorter` keeps the proportions and gives the shorter side this length; `both` makes a square.",
    ))
    .example("resize(24px)")
}

struct Resize {
    size: usize,
    both: bool,
}

impl Resize {
    fn of(args: &Args) -> Self {
        Self {
            size: args.length("size"),
            both: args.word("sides") == "both",
        }
    }
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let image = ImageType::of("resize", input)?;
    let Resize { size, both } = Resize::of(args);
    let (height, width) = match (image.height, image.width) {
        _ if both => (Some(size), Some(size)),
        (Some(height), Some(width)) => {
            let (height, width) = shape(height, width, size, both);
            (Some(height), Some(width))
        }
        _ => (None, None),
    };
    Ok(vec![image.sized(height, width)])
}

/// Height and width of the result; the longer side is rounded down, as in torchvision.
pub fn shape(height: usize, width: usize, size: usize, both: bool) -> (usize, usize) {
    if both {
        return (size, size);
    }
    let long = |long: usize, short: usize| (size * long / short.max(1)).max(1);
    if width <= height {
        (long(height, width), size)
    } else {
        (size, long(width, height))
    }
}

impl Transform for Resize {
    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let image = input::image("resize", input)?;
        let (height, width) = shape(image.height, image.width, self.size, self.both);
        let resized = resample(&image, Window::whole(&image), height, width, scratch)?;
        scratch.give(image.pixels);
        out.push(Sample::image(resized));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }
}
