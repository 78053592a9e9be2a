//! `noise(25%)`: a picture that was damaged.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "noise",
        Kind::Transform,
        "Damages pixels: blanks them, moves their values, or makes them black and white.",
        Make::transform(
            |_, input| {
                ImageType::of("noise", input)?;
                Ok(vec![input.clone()])
            },
            |args, _| {
                Ok(Box::new(Noise {
                    amount: args.ratio("amount"),
                    kind: match args.word("kind") {
                        "gaussian" => Damage::Gaussian,
                        "salt_pepper" => Damage::SaltPepper,
                        _ => Damage::Masking,
                    },
                }))
            },
        ),
    )
    .paper(
        "Vincent et al., 2010",
        "Stacked Denoising Autoencoders: Learning Useful Representations in a Deep Network with a Local Denoising Criterion",
        "JMLR 11:3371-3408",
    )
    .param(
        Param::with_default(
            "amount",
            Type::Ratio,
            "25%",
            "Of `masking` and `salt_pepper`: how many pixels; of `gaussian`: standard deviation, of white.",
        )
        .within(0.0, 1.0),
    )
    .param(Param::with_default(
        "kind",
        Type::Choice(&["masking", "gaussian", "salt_pepper"]),
        "masking",
        "`masking`: blank; `gaussian`: a normal number is added to each value, which stays in black..white; `salt_pepper`: black or white, each as likely.",
    ))
    .doc("A damaged pixel is damaged in all channels, except by `gaussian`. Blank is black, or the mean where `normalize` came before.")
    .example("noise(25%, kind = salt_pepper)")
}

enum Damage {
    Masking,
    Gaussian,
    SaltPepper,
}

struct Noise {
    amount: f64,
    kind: Damage,
}

impl Transform for Noise {
    fn draws(&self, _: &SampleType) -> bool {
        self.amount > 0.0
    }

    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let mut image = input::image("noise", input)?;
        self.damage(&mut image, rng);
        out.push(Sample::image(image));
        Ok(())
    }
}

impl Noise {
    fn damage(&self, image: &mut Image, rng: &mut Philox) {
        if let Damage::Gaussian = self.kind {
            let deviation = self.amount as f32 * 255.0;
            for value in &mut image.pixels {
                // a cast saturates: black and white are the ends
                *value = (f32::from(*value) + deviation * rng.normal()).round() as u8;
            }
            return;
        }
        let mut blank = [0u8; 4];
        for (channel, value) in blank.iter_mut().enumerate() {
            *value = input::blank(image, channel);
        }
        let channels = image.channels;
        for pixel in image.pixels.chunks_exact_mut(channels.max(1)) {
            if !rng.chance(self.amount) {
                continue;
            }
            match self.kind {
                Damage::SaltPepper => pixel.fill(if rng.chance(0.5) { 255 } else { 0 }),
                _ => {
                    for (channel, value) in pixel.iter_mut().enumerate() {
                        *value = blank[channel.min(3)];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damaged(kind: Damage, amount: f64) -> Vec<u8> {
        let mut image = Image::new(vec![100; 100 * 100 * 3], 100, 100, 3);
        Noise { amount, kind }.damage(&mut image, &mut Philox::new(1, &[2]));
        image.pixels
    }

    #[test]
    fn as_many_pixels_as_asked_for_go_blank_together() {
        let pixels = damaged(Damage::Masking, 0.25);
        let gone = pixels.chunks(3).filter(|p| *p == [0, 0, 0]).count();
        assert_eq!(
            gone + pixels.chunks(3).filter(|p| *p == [100; 3]).count(),
            10_000
        );
        // s.d. of a count is 43
        assert!((gone as f64 - 2500.0).abs() < 200.0, "{gone}");
        let pixels = damaged(Damage::SaltPepper, 0.5);
        let count = |value: u8| pixels.chunks(3).filter(|p| *p == [value; 3]).count() as f64;
        assert!((count(0) - 2500.0).abs() < 200.0 && (count(255) - 2500.0).abs() < 200.0);
    }

    #[test]
    fn gaussian_noise_has_its_deviation() {
        let pixels = damaged(Damage::Gaussian, 0.1);
        let n = pixels.len() as f64;
        let mean = pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / n;
        let variance = pixels
            .iter()
            .map(|p| (f64::from(*p) - mean).powi(2))
            .sum::<f64>()
            / n;
        assert!((mean - 100.0).abs() < 0.6, "{mean}");
        assert!((variance.sqrt() - 25.5).abs() < 0.5, "{variance}");
        assert_eq!(damaged(Damage::Gaussian, 0.0), vec![100; 30_000]);
    }
}
