//! `ab()`: a and b of CIE Lab, the colours of a picture without its light.

use std::sync::{Arc, LazyLock};

use super::input;
use super::lightness::LINEAR;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Problem, Spec};
use crate::data::lab::{LabPart, lab_of_linear};
use crate::data::{DataError, Image, ImageType, Normalization, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "ab",
        Kind::Transform,
        "a and b of CIE Lab: the colour of each pixel, without how light it is; two channels.",
        Make::transform(
            |_, input| {
                let image = ImageType::of_colour("ab", input)?;
                if image.channels == Some(1) {
                    return Err(Problem::new(
                        Code::SampleType,
                        format!("`ab` takes pictures in colour, and `{input}` flows into it"),
                    )
                    .note("Of a grey picture a and b are 0 everywhere.")
                    .help("take a data set of pictures in colour"));
                }
                let channels = Some(LabPart::Colour.channels());
                Ok(vec![ImageType { channels, ..image }.into()])
            },
            |_, _| Ok(Box::new(Ab)),
        ),
    )
    .paper("Zhang et al., 2016", "Colorful Image Colorization", "arXiv:1603.08511")
    .doc("a goes from green (-86) to red (98), b from blue (-108) to yellow (94). The batch holds a / 10 and b / 10: no `normalize` follows it. Both are kept in steps of 1. `lightness()` is the rest of the picture.")
    .example("ab()")
}

struct Ab;

impl Transform for Ab {
    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let image = input::colour_image("ab", input)?;
        out.push(Sample::image(ab(&image, scratch)));
        scratch.give(image.pixels);
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }

    fn lab_part(&self) -> Option<LabPart> {
        Some(LabPart::Colour)
    }
}

/// a and b of each pixel, -128 to 127 as 0 to 255. A grey picture among others has none.
pub fn ab(image: &Image, scratch: &mut Scratch) -> Image {
    let mut pixels = scratch.take(2 * image.height * image.width);
    pixels.fill(128);
    if image.channels == 3 {
        let colours = image.pixels.as_chunks::<3>().0;
        for (to, rgb) in pixels.as_chunks_mut::<2>().0.iter_mut().zip(colours) {
            let [_, a, b] = lab_of_linear(rgb.map(|value| LINEAR[usize::from(value)]));
            *to = [a, b].map(|x| (x.round() + 128.0) as u8);
        }
    }
    let mut made = Image::new(pixels, image.height, image.width, 2);
    made.normalization = Some(SCALE.clone());
    made
}

static SCALE: LazyLock<Arc<Normalization>> = LazyLock::new(|| {
    let (zero, one) = LabPart::Colour.scale();
    Arc::new(Normalization {
        mean: vec![((128.0 + zero) / 255.0) as f32; 2],
        std: vec![(one / 255.0) as f32; 2],
    })
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::lab::lab_of_rgb;

    #[test]
    fn the_batch_holds_a_and_b() {
        let scratch = &mut Scratch::default();
        let colours = [[255, 0, 0], [0, 0, 255], [77, 77, 77], [12, 250, 3]];
        let image = Image::new(colours.concat(), 2, 2, 3);
        let mut batch = vec![0.0; 8];
        ab(&image, scratch).write_chw(&mut batch);
        for (i, rgb) in colours.iter().enumerate() {
            let [_, a, b] = lab_of_rgb(rgb.map(|value| f64::from(value) / 255.0));
            for (found, wanted) in [(batch[i], a), (batch[4 + i], b)] {
                // half a step
                let away = 10.0 * f64::from(found) - wanted;
                assert!(away.abs() < 0.502, "{rgb:?}: {found}, {wanted}");
            }
        }
    }
}
