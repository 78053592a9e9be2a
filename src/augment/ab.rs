//! `ab()`: a and b of CIE Lab, the colours of a picture without its light.

use std::sync::{Arc, LazyLock};

use super::Scratch;
use super::lab_part::{self, LINEAR};
use crate::catalog::{Problem, Result, Spec};
use crate::data::lab::{LabPart, lab_of_linear};
use crate::data::{Image, ImageType, Normalization, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    lab_part::spec(
        LabPart::Colour,
        "a and b of CIE Lab: the colour of each pixel, without how light it is; two channels.",
        in_colour,
        ab,
    )
    .doc("a goes from green (-86) to red (98), b from blue (-108) to yellow (94). The batch holds a / 10 and b / 10: no `normalize` follows it. Both are kept in steps of 1. `lightness()` is the rest of the picture, `lab()` all of it.")
}

/// Refuses pictures that are known to be grey.
pub(super) fn in_colour(image: &ImageType, input: &SampleType) -> Result<()> {
    if image.channels != Some(1) {
        return Ok(());
    }
    Err(Problem::new(
        Code::SampleType,
        format!("`ab` takes pictures in colour, and `{input}` flows into it"),
    )
    .note("Of a grey picture a and b are 0 everywhere.")
    .help("take a data set of pictures in colour"))
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
    lab_part::scaled(pixels, image, LabPart::Colour, &SCALE)
}

/// Mean and deviation of a or b as it is kept: -128 to 127 as 0 to 255.
pub(super) fn in_bytes((zero, one): (f64, f64)) -> (f32, f32) {
    (((128.0 + zero) / 255.0) as f32, (one / 255.0) as f32)
}

static SCALE: LazyLock<Arc<Normalization>> = LazyLock::new(|| {
    let scales = LabPart::Colour.scales().iter();
    let (mean, std) = scales.map(|scale| in_bytes(*scale)).unzip();
    Arc::new(Normalization { mean, std })
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
