//! `hflip(50%)`: left and right swapped.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "hflip",
        Kind::Transform,
        "Swaps left and right.",
        Make::transform(
            |_, input| {
                ImageType::of("hflip", input)?;
                Ok(vec![input.clone()])
            },
            |args, _| {
                Ok(Box::new(Flip {
                    chance: args.ratio("chance"),
                }))
            },
        ),
    )
    .param(Param::with_default("chance", Type::Ratio, "50%", "How often.").within(0.0, 1.0))
    .example("hflip(50%)")
}

struct Flip {
    chance: f64,
}

impl Transform for Flip {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let mut image = input::image("hflip", input)?;
        if rng.chance(self.chance) {
            flip(&mut image);
        }
        out.push(Sample::image(image));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        self.chance > 0.0 && self.chance < 1.0
    }
}

/// Reverses each row.
pub fn flip(image: &mut Image) {
    let row = image.width * image.channels;
    if row == 0 {
        return;
    }
    for row in image.pixels.chunks_exact_mut(row) {
        match image.channels {
            1 => row.reverse(),
            3 => row.as_chunks_mut::<3>().0.reverse(),
            channels => {
                row.reverse();
                for pixel in row.chunks_exact_mut(channels) {
                    pixel.reverse();
                }
            }
        }
    }
}
