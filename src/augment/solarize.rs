//! `solarize(threshold = 0.5)`: bright pixels inverted.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "solarize",
        Kind::Transform,
        "Inverts every value at or above a threshold.",
        Make::transform(
            |_, input| {
                ImageType::of("solarize", input)?;
                Ok(vec![input.clone()])
            },
            |args, _| {
                Ok(Box::new(Solarize {
                    threshold: args.number("threshold"),
                    chance: args.ratio("chance"),
                }))
            },
        ),
    )
    .paper(
        "Grill et al., 2020",
        "Bootstrap your own latent",
        "arXiv:2006.07733",
    )
    .param(
        Param::with_default(
            "threshold",
            Type::Number,
            "0.5",
            "From 0 (all) to 1; 0.5 is 128 of 255.",
        )
        .within(0.0, 1.0),
    )
    .param(Param::with_default("chance", Type::Ratio, "50%", "How often.").within(0.0, 1.0))
    .example("solarize(threshold = 0.5, chance = 20%)")
}

struct Solarize {
    threshold: f64,
    chance: f64,
}

impl Transform for Solarize {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let mut image = input::image("solarize", input)?;
        if rng.chance(self.chance) {
            solarize(&mut image, self.threshold);
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

/// Inverts values of at least `threshold` (of 1).
pub fn solarize(image: &mut Image, threshold: f64) {
    // 0.2 * 255 is a hair above 51
    let first = (threshold * 255.0 - 1e-9).ceil().max(0.0) as u16;
    for value in &mut image.pixels {
        *value = if u16::from(*value) < first {
            *value
        } else {
            255 - *value
        };
    }
}
