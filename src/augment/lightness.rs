//! `lightness()`: L of CIE Lab, a grey picture of one channel.

use std::sync::{Arc, LazyLock};

use super::Scratch;
use super::lab_part::{self, LINEAR};
use crate::catalog::Spec;
use crate::data::lab::{LabPart, lightness_of_linear};
use crate::data::{Image, Normalization};

/// The catalog entry.
pub fn spec() -> Spec {
    lab_part::spec(
        LabPart::Lightness,
        "L of CIE Lab: how light each pixel looks, without its colour; one channel.",
        |_, _| Ok(()),
        lightness,
    )
    .doc("The batch holds (L − 50) / 25, about -2 to 2: no `normalize` follows it. L of 0 to 100 is kept in 256 levels. `ab()` is the rest of the picture, `lab()` all of it.")
}

/// L of each pixel, 0 to 100 as 0 to 255.
pub fn lightness(image: &Image, scratch: &mut Scratch) -> Image {
    let levels = |light: [f64; 3]| (lightness_of_linear(light) * 2.55).round() as u8;
    let mut pixels = scratch.take(image.height * image.width);
    match image.channels {
        3 => {
            let colours = image.pixels.as_chunks::<3>().0;
            for (to, rgb) in pixels.iter_mut().zip(colours) {
                *to = levels(rgb.map(|value| LINEAR[usize::from(value)]));
            }
        }
        _ => {
            for (to, grey) in pixels.iter_mut().zip(&image.pixels) {
                *to = levels([LINEAR[usize::from(*grey)]; 3]);
            }
        }
    }
    lab_part::scaled(pixels, image, LabPart::Lightness, &SCALE)
}

/// Mean and deviation of L as it is kept: 0 to 100 as 0 to 255.
pub(super) fn in_bytes((zero, one): (f64, f64)) -> (f32, f32) {
    ((zero / 100.0) as f32, (one / 100.0) as f32)
}

static SCALE: LazyLock<Arc<Normalization>> = LazyLock::new(|| {
    let scales = LabPart::Lightness.scales().iter();
    let (mean, std) = scales.map(|scale| in_bytes(*scale)).unzip();
    Arc::new(Normalization { mean, std })
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::lab::lab_of_rgb;

    #[test]
    fn the_batch_holds_l() {
        let scratch = &mut Scratch::default();
        let colours = [[255, 255, 255], [0, 0, 0], [200, 30, 90], [12, 250, 3]];
        let image = Image::new(colours.concat(), 2, 2, 3);
        let mut batch = vec![0.0; 4];
        lightness(&image, scratch).write_chw(&mut batch);
        for (found, rgb) in batch.iter().zip(colours) {
            let [l, ..] = lab_of_rgb(rgb.map(|value| f64::from(value) / 255.0));
            // half a level of 256
            let away = 50.0 + 25.0 * f64::from(*found) - l;
            assert!(away.abs() < 0.2, "{rgb:?}: {found}, {l}");
        }
    }

    #[test]
    fn a_grey_picture_is_as_light_as_one_of_three_equal_channels() {
        let scratch = &mut Scratch::default();
        let greys: Vec<u8> = (0..=255).collect();
        let grey = lightness(&Image::new(greys.clone(), 16, 16, 1), scratch);
        let three: Vec<u8> = greys.iter().flat_map(|g| [*g; 3]).collect();
        assert_eq!(grey, lightness(&Image::new(three, 16, 16, 3), scratch));
        assert!(grey.pixels.is_sorted() && grey.pixels[255] == 255);
    }
}
