//! `color_jitter(…)`: brightness, contrast, saturation and hue, in random order.

use super::grayscale::luma;
use super::hue::shift_hue;
use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    let strength =
        |name: &str, doc: &str| Param::with_default(name, Type::Number, "0", doc).within(0.0, 10.0);
    Spec::new(
        "color_jitter",
        Kind::Transform,
        "Changes brightness, contrast, saturation and hue by random amounts, in random order.",
        Make::transform(
            |_, input| {
                ImageType::of_colour("color_jitter", input)?;
                Ok(vec![input.clone()])
            },
            |args, _| {
                Ok(Box::new(Jitter {
                    brightness: args.number("brightness"),
                    contrast: args.number("contrast"),
                    saturation: args.number("saturation"),
                    hue: args.number("hue"),
                    chance: args.ratio("chance"),
                }))
            },
        ),
    )
    .param(strength(
        "brightness",
        "x: multiplied by a factor from 1 - x (at least 0) to 1 + x.",
    ))
    .param(strength(
        "contrast",
        "x: distance to the mean luma multiplied by a factor from 1 - x to 1 + x.",
    ))
    .param(strength(
        "saturation",
        "x: distance to the pixel's own luma multiplied by a factor from 1 - x to 1 + x.",
    ))
    .param(
        Param::with_default(
            "hue",
            Type::Number,
            "0",
            "x: turned by -x to x of the whole circle of hues.",
        )
        .within(0.0, 0.5),
    )
    .param(
        Param::with_default(
            "chance",
            Type::Ratio,
            "100%",
            "How often anything is changed.",
        )
        .within(0.0, 1.0),
    )
    .doc("On grey pictures saturation and hue do nothing.")
    .example(
        "color_jitter(brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0.1, chance = 80%)",
    )
}

struct Jitter {
    brightness: f64,
    contrast: f64,
    saturation: f64,
    hue: f64,
    chance: f64,
}

impl Transform for Jitter {
    fn recolours(&self, input: &SampleType) -> bool {
        self.draws(input)
    }

    fn draws(&self, input: &SampleType) -> bool {
        let grey = input
            .as_image()
            .is_some_and(|image| image.channels == Some(1));
        let colour = if grey {
            0.0
        } else {
            self.saturation + self.hue
        };
        self.chance > 0.0 && self.brightness + self.contrast + colour > 0.0
    }

    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let mut image = input::colour_image("color_jitter", input)?;
        if rng.chance(self.chance) {
            let mut factor = |x: f64| rng.between((1.0 - x).max(0.0), 1.0 + x) as f32;
            let factors = [self.brightness, self.contrast, self.saturation].map(&mut factor);
            let hue = rng.between(-self.hue, self.hue);
            let mut order = [0, 1, 2, 3];
            for i in (1..4).rev() {
                order.swap(i, rng.below(i as u32 + 1) as usize);
            }
            for step in order {
                match step {
                    0 if self.brightness > 0.0 => brightness(&mut image, factors[0]),
                    1 if self.contrast > 0.0 => contrast(&mut image, factors[1]),
                    2 if self.saturation > 0.0 => saturation(&mut image, factors[2]),
                    3 if self.hue > 0.0 => shift_hue(&mut image, hue),
                    _ => {}
                }
            }
        }
        out.push(Sample::image(image));
        Ok(())
    }
}

/// `from + factor * (to - from)`, cut to 0..255 and rounded down, as PIL blends.
#[inline(always)]
fn blend(from: u8, to: u8, factor: f32) -> u8 {
    let (from, to) = (i32::from(from), i32::from(to));
    let value = from as f32 + factor * (to - from) as f32;
    (value as i32).clamp(0, 255) as u8
}

/// Blends every value with one grey.
fn blend_all(image: &mut Image, grey: u8, factor: f32) {
    let mut table = [0u8; 256];
    for (value, entry) in (0..=255).zip(&mut table) {
        *entry = blend(grey, value, factor);
    }
    for value in &mut image.pixels {
        *value = table[usize::from(*value)];
    }
}

/// Blends with black: `factor` 0 is black, 1 the picture, more is brighter.
pub fn brightness(image: &mut Image, factor: f32) {
    blend_all(image, 0, factor);
}

/// Blends with the mean luma.
pub fn contrast(image: &mut Image, factor: f32) {
    let pixels = (image.height * image.width).max(1) as u64;
    let sum: u64 = if image.channels == 3 {
        let pixels = image.pixels.as_chunks::<3>().0;
        // short sums in 32 bits
        let rows = pixels.chunks(4096);
        rows.map(|row| u64::from(row.iter().map(|p| u32::from(luma(*p))).sum::<u32>()))
            .sum()
    } else {
        image.pixels.iter().map(|value| u64::from(*value)).sum()
    };
    let mean = (sum as f64 / pixels as f64 + 0.5) as u8;
    blend_all(image, mean, factor);
}

/// Blends each pixel with its own luma; grey pictures have nothing to change.
pub fn saturation(image: &mut Image, factor: f32) {
    if image.channels == 3 {
        for pixel in image.pixels.as_chunks_mut::<3>().0 {
            let grey = luma(*pixel);
            *pixel = pixel.map(|value| blend(grey, value, factor));
        }
    }
}
