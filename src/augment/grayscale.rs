//! `grayscale(20%)`: the light without the colour.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "grayscale",
        Kind::Transform,
        "Takes the colour away; the number of channels stays.",
        Make::transform(
            |_, input| {
                ImageType::of_colour("grayscale", input)?;
                Ok(vec![input.clone()])
            },
            |args, _| {
                Ok(Box::new(Gray {
                    chance: args.ratio("chance"),
                }))
            },
        ),
    )
    .param(Param::with_default("chance", Type::Ratio, "10%", "How often.").within(0.0, 1.0))
    .doc("Light is ITU-R 601-2 luma. Grey pictures stay as they are.")
    .example("grayscale(20%)")
}

struct Gray {
    chance: f64,
}

impl Transform for Gray {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let mut image = input::colour_image("grayscale", input)?;
        if rng.chance(self.chance) {
            grayscale(&mut image);
        }
        out.push(Sample::image(image));
        Ok(())
    }

    fn recolours(&self, _: &SampleType) -> bool {
        self.chance > 0.0
    }

    fn draws(&self, _: &SampleType) -> bool {
        self.chance > 0.0 && self.chance < 1.0
    }
}

/// ITU-R 601-2 luma in 16-bit fixed point, rounded: what PIL's mode `L` holds.
#[inline(always)]
pub fn luma([r, g, b]: [u8; 3]) -> u8 {
    const R: u32 = 19_595;
    const G: u32 = 38_470;
    const B: u32 = 7_471;
    ((u32::from(r) * R + u32::from(g) * G + u32::from(b) * B + (1 << 15)) >> 16) as u8
}

/// Every channel becomes the luma.
pub fn grayscale(image: &mut Image) {
    if image.channels == 3 {
        for pixel in image.pixels.as_chunks_mut::<3>().0 {
            *pixel = [luma(*pixel); 3];
        }
    }
}
