//! `hole(50%)`: a picture with a square missing, and where it is missing.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "hole",
        Kind::Transform,
        "Blanks a rectangle; emits the picture and a mask that is 1 in the hole.",
        Make::transform(types, |args, _| {
            Ok(Box::new(Hole {
                size: args.ratio("size"),
                random: args.word("at") == "random",
            }))
        }),
    )
    .paper(
        "Pathak et al., 2016",
        "Context Encoders: Feature Learning by Inpainting",
        "arXiv:1604.07379",
    )
    .param(
        Param::with_default(
            "size",
            Type::Ratio,
            "50%",
            "Height and width of the hole, as parts of the picture's.",
        )
        .within(0.01, 1.0),
    )
    .param(Param::with_default(
        "at",
        Type::Choice(&["center", "random"]),
        "center",
        "In the middle, or anywhere inside the picture.",
    ))
    .doc("The hole is black, or the mean where `normalize` came before (0 in the tensor either way, as in the paper).")
    .example("hole(50%, at = random)")
}

fn types(_: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let image = ImageType::of("hole", input)?;
    let mask = SampleType::mask(image.height, image.width);
    Ok(vec![input.clone(), mask])
}

struct Hole {
    size: f64,
    random: bool,
}

impl Transform for Hole {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let mut image = input::image("hole", input)?;
        let side = |whole: usize| ((whole as f64 * self.size).round() as usize).clamp(1, whole);
        let (height, width) = (side(image.height), side(image.width));
        let (down, right) = (image.height - height, image.width - width);
        let (top, left) = if self.random {
            (
                rng.below(down as u32 + 1) as usize,
                rng.below(right as u32 + 1) as usize,
            )
        } else {
            (down / 2, right / 2)
        };
        let mask = cut(&mut image, [top, left, height, width], scratch);
        out.push(Sample::image(image));
        out.push(Sample::image(mask));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        self.random
    }
}

/// Blanks the window at `(top, left)` of `height` by `width` pixels; the mask is 255 there and 0 elsewhere.
pub fn cut(
    image: &mut Image,
    [top, left, height, width]: [usize; 4],
    scratch: &mut Scratch,
) -> Image {
    let channels = image.channels;
    let mut pixels = scratch.take(image.height * image.width);
    pixels.fill(0);
    for y in top..top + height {
        let row = y * image.width;
        pixels[row + left..row + left + width].fill(255);
        for x in row + left..row + left + width {
            for channel in 0..channels {
                image.pixels[x * channels + channel] = input::blank(image, channel);
            }
        }
    }
    Image::new(pixels, image.height, image.width, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(height: usize, width: usize) -> Image {
        Image::new(vec![200; height * width], height, width, 1)
    }

    #[test]
    fn the_mask_is_where_pixels_are_gone() {
        let scratch = &mut Scratch::default();
        let hole = Hole {
            size: 0.5,
            random: true,
        };
        let mut corners = std::collections::BTreeSet::new();
        for sample in 0..200 {
            let mut out = Vec::new();
            let mut rng = Philox::new(3, &[sample]);
            let picture = Sample::image(grey(6, 8));
            hole.apply(picture, &mut rng, scratch, &mut out).unwrap();
            let [Sample::Image(image), Sample::Image(mask)] = &out[..] else {
                panic!("{out:?}")
            };
            assert_eq!((mask.height, mask.width, mask.channels), (6, 8, 1));
            let gone = mask.pixels.iter().filter(|m| **m == 255).count();
            assert_eq!(gone, 3 * 4);
            for (pixel, mask) in image.pixels.iter().zip(&mask.pixels) {
                assert_eq!(
                    (*pixel, *mask),
                    if *mask == 255 { (0, 255) } else { (200, 0) }
                );
            }
            corners.insert(mask.pixels.iter().position(|m| *m == 255).unwrap());
        }
        // 4 rows × 5 columns
        assert_eq!(corners.len(), 20);
    }

    #[test]
    fn the_middle_is_the_middle() {
        let scratch = &mut Scratch::default();
        let mut image = grey(4, 4);
        let mask = cut(&mut image, [1, 1, 2, 2], scratch);
        let drawn: Vec<u8> = mask.pixels.iter().map(|m| m / 255).collect();
        assert_eq!(drawn, [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(image.pixels[5], 0);
        assert_eq!(image.pixels[4], 200);
    }
}
