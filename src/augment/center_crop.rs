//! `center_crop(224px)`: the square in the middle.

use super::input;
use super::random_crop::crop;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, ImageType, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "center_crop",
        Kind::Transform,
        "Cuts out the square in the middle.",
        Make::transform(types, |args, _| {
            Ok(Box::new(Center {
                size: args.length("size"),
            }))
        }),
    )
    .param(Param::required("size", Type::Length, "Side of the square.").within(1.0, 16384.0))
    .example("center_crop(24px)")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let image = ImageType::of("center_crop", input)?;
    let size = args.length("size");
    for side in [image.height, image.width].into_iter().flatten() {
        if size > side {
            return Err(Problem::argument(
                Code::SampleType,
                "size",
                format!("a crop of {size}px does not fit into `{input}`"),
            )
            .help(format!("put `resize({size}px)` before it")));
        }
    }
    Ok(vec![image.sized(Some(size), Some(size))])
}

struct Center {
    size: usize,
}

impl Transform for Center {
    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let image = input::image("center_crop", input)?;
        if self.size > image.height.min(image.width) {
            return Err(DataError {
                message: format!(
                    "`center_crop` of {}px does not fit into a picture of {} by {} pixels",
                    self.size, image.width, image.height
                ),
                help: Some(format!("put `resize({}px)` before it", self.size)),
            });
        }
        let (top, left) = corner(image.height, image.width, self.size);
        let cut = crop(&image, top, left, 0, self.size, self.size, scratch);
        scratch.give(image.pixels);
        out.push(Sample::image(cut));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }
}

/// Top and left of the central square; a half rounds to the even pixel, as Python's `round` does.
pub fn corner(height: usize, width: usize, size: usize) -> (usize, usize) {
    let middle = |side: usize| ((side - size) as f64 / 2.0).round_ties_even() as usize;
    (middle(height), middle(width))
}
