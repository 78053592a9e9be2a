//! What the parts of CIE Lab have in common as transforms of a picture.

use std::sync::{Arc, LazyLock};

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Result, Spec};
use crate::data::lab::{LabPart, linear};
use crate::data::{DataError, Image, ImageType, Normalization, Philox, Sample, SampleType};

/// A picture as a part of Lab.
struct ToLab {
    part: LabPart,
    made: fn(&Image, &mut Scratch) -> Image,
}

impl Transform for ToLab {
    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let image = input::colour_image(self.part.transform(), input)?;
        out.push(Sample::image((self.made)(&image, scratch)));
        scratch.give(image.pixels);
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }

    fn lab_part(&self) -> Option<LabPart> {
        Some(self.part)
    }
}

/// The entry of the transform that makes this part by `made`. `refuses`: pictures of this type have none.
pub(super) fn spec(
    part: LabPart,
    summary: &str,
    refuses: fn(&ImageType, &SampleType) -> Result<()>,
    made: fn(&Image, &mut Scratch) -> Image,
) -> Spec {
    let name = part.transform();
    let types = move |_: &Args, input: &SampleType| {
        let image = ImageType::of_colour(name, input)?;
        refuses(&image, input)?;
        let channels = Some(part.channels());
        Ok(vec![ImageType { channels, ..image }.into()])
    };
    let make = Make::transform(types, move |_, _| Ok(Box::new(ToLab { part, made })));
    Spec::new(name, Kind::Transform, summary, make)
        .paper(
            "Zhang et al., 2016",
            "Colorful Image Colorization",
            "arXiv:1603.08511",
        )
        .example(&format!("{name}()"))
}

/// Linear light of each 8-bit value.
pub(super) static LINEAR: LazyLock<[f64; 256]> =
    LazyLock::new(|| std::array::from_fn(|value| linear(value as f64 / 255.0)));

/// A picture like `image` of these pixels, with what brings them to the scale of the batch.
pub(super) fn scaled(
    pixels: Vec<u8>,
    image: &Image,
    part: LabPart,
    scale: &Arc<Normalization>,
) -> Image {
    let mut made = Image::new(pixels, image.height, image.width, part.channels());
    made.normalization = Some(scale.clone());
    made
}
