//! `lab()`: a picture in CIE Lab, how light it is and its colours in channels of their own.

use std::sync::{Arc, LazyLock};

use super::lab_part;
use super::{Scratch, ab, lightness};
use crate::catalog::Spec;
use crate::data::lab::LabPart;
use crate::data::{Image, Normalization};

/// The catalog entry.
pub fn spec() -> Spec {
    lab_part::spec(
        LabPart::Whole,
        "L, a and b of CIE Lab: how light each pixel looks, and its colour; three channels.",
        ab::in_colour,
        lab,
    )
    .doc("The batch holds (L − 50) / 25, a / 10 and b / 10: no `normalize` follows it. L is kept in 256 levels, a and b in steps of 1. `lightness()` and `ab()` are its parts.")
}

/// L, a and b of each pixel, as its parts have them.
pub fn lab(image: &Image, scratch: &mut Scratch) -> Image {
    let (light, colour) = (lightness::lightness(image, scratch), ab::ab(image, scratch));
    let mut pixels = scratch.take(3 * image.height * image.width);
    let parts = light.pixels.iter().zip(colour.pixels.as_chunks::<2>().0);
    for (to, (l, [a, b])) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(parts) {
        *to = [*l, *a, *b];
    }
    scratch.give(light.pixels);
    scratch.give(colour.pixels);
    lab_part::scaled(pixels, image, LabPart::Whole, &SCALE)
}

static SCALE: LazyLock<Arc<Normalization>> = LazyLock::new(|| {
    let mut scales = LabPart::Whole.scales().iter();
    let light = scales
        .by_ref()
        .take(1)
        .map(|scale| lightness::in_bytes(*scale));
    let mut all: Vec<(f32, f32)> = light.collect();
    all.extend(scales.map(|scale| ab::in_bytes(*scale)));
    let (mean, std) = all.into_iter().unzip();
    Arc::new(Normalization { mean, std })
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::lab::lab_of_rgb;

    #[test]
    fn the_batch_holds_all_three() {
        let scratch = &mut Scratch::default();
        let colours = [[255, 0, 0], [0, 0, 255], [77, 77, 77], [12, 250, 3]];
        let image = Image::new(colours.concat(), 2, 2, 3);
        let mut batch = vec![0.0; 12];
        lab(&image, scratch).write_chw(&mut batch);
        for (i, rgb) in colours.iter().enumerate() {
            let [l, a, b] = lab_of_rgb(rgb.map(|value| f64::from(value) / 255.0));
            let found = [0, 4, 8].map(|channel| f64::from(batch[channel + i]));
            let found = [50.0 + 25.0 * found[0], 10.0 * found[1], 10.0 * found[2]];
            // half a step of each
            for ((found, wanted), step) in found.iter().zip([l, a, b]).zip([0.2, 0.51, 0.51]) {
                assert!((found - wanted).abs() < step, "{rgb:?}: {found}, {wanted}");
            }
        }
    }
}
