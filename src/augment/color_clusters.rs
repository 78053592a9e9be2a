//! `color_clusters(colours)`: which of a few colours each pixel has.

use super::input;
use super::lab_part::LINEAR;
use super::{Scratch, Transform};
use crate::catalog::{Args, Artifact, Kind, Make, Param, Result, Spec, Type};
use crate::data::lab::lab_of_linear;
use crate::data::{DataError, Image, ImageType, Palette, Philox, Sample, SampleType};

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "color_clusters",
        Kind::Transform,
        "Which of a few colours each pixel has, as a channel for each of them that is 1 where it does.",
        Make::transform(types, |args, _| {
            Ok(Box::new(Clusters {
                colours: args.artifact("colours").clone(),
                k: of(args),
            }))
        }),
    )
    .paper(
        "Vondrick et al., 2018",
        "Tracking Emerges by Colorizing Videos",
        "arXiv:1806.09594",
    )
    .param(Param::required(
        "colours",
        Type::Fit("palette"),
        "The fit that has learnt them: `fit colours = kmeans(16) { data = … }`.",
    ))
    .doc("By the distance of a and b in CIE Lab: how light a pixel is does not count. No `normalize` follows it.")
    .example("color_clusters(colours)")
}

/// How many colours there are.
fn of(args: &Args) -> usize {
    args.artifact("colours").size("clusters").unwrap_or(1)
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let image = ImageType::of_colour("color_clusters", input)?;
    super::ab::in_colour(&image, input)?;
    let channels = Some(of(args));
    Ok(vec![ImageType { channels, ..image }.into()])
}

struct Clusters {
    colours: Artifact,
    k: usize,
}

impl Transform for Clusters {
    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let image = input::colour_image("color_clusters", input)?;
        let palette = input::learnt::<Palette>(&self.colours)?;
        out.push(Sample::image(clusters(&image, &palette, self.k, scratch)));
        scratch.give(image.pixels);
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }
}

/// 255 in the channel of each pixel's colour, 0 in the others.
fn clusters(image: &Image, palette: &Palette, k: usize, scratch: &mut Scratch) -> Image {
    let mut pixels = scratch.take(k * image.height * image.width);
    pixels.fill(0);
    for (own, value) in pixels
        .chunks_exact_mut(k)
        .zip(image.pixels.chunks_exact(image.channels))
    {
        let rgb = [0, 1, 2].map(|channel| value[channel.min(image.channels - 1)]);
        let [_, a, b] = lab_of_linear(rgb.map(|value| LINEAR[usize::from(value)]));
        let nearest = palette.nearest([a as f32, b as f32]);
        if let Some(own) = own.get_mut(nearest) {
            *own = 255;
        }
    }
    Image::new(pixels, image.height, image.width, k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pixel_has_one_colour() {
        let palette = Palette {
            centres: vec![[0.0, 0.0], [60.0, 40.0], [40.0, -90.0]],
        };
        // grey, red, blue, dark grey
        let rgb = [[90, 90, 90], [200, 30, 30], [20, 40, 220], [8, 8, 8]];
        let image = Image::new(rgb.concat(), 2, 2, 3);
        let found = clusters(&image, &palette, 4, &mut Scratch::default());
        assert_eq!((found.height, found.width, found.channels), (2, 2, 4));
        let of: Vec<Vec<u8>> = found.pixels.chunks(4).map(<[u8]>::to_vec).collect();
        assert_eq!(
            of,
            [
                [255, 0, 0, 0],
                [0, 255, 0, 0],
                [0, 0, 255, 0],
                [255, 0, 0, 0]
            ]
        );
    }
}
