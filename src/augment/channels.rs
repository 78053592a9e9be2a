//! `to_rgb()` and `to_grey()`: how many channels a picture has.

use super::grayscale::luma;
use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Kind, Make, Spec};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};

/// Three channels.
pub fn to_rgb() -> Spec {
    entry("to_rgb", 3, "Makes three channels of a grey picture; one in colour stays.")
        .doc("Each channel is the light. `normalize()` after it takes the grey statistics for all three.")
        .example("to_rgb()")
}

/// One channel.
pub fn to_grey() -> Spec {
    entry("to_grey", 1, "Makes one channel of a picture in colour; a grey one stays.")
        .doc("Light is ITU-R 601-2 luma. `grayscale` takes colour away and keeps the channels. `normalize()` after it takes the light of the colours' statistics.")
        .example("to_grey()")
}

fn entry(name: &'static str, channels: usize, summary: &str) -> Spec {
    let make = match channels {
        1 => Make::transform(
            |_, input| types("to_grey", 1, input),
            |_, _| made("to_grey", 1),
        ),
        _ => Make::transform(
            |_, input| types("to_rgb", 3, input),
            |_, _| made("to_rgb", 3),
        ),
    };
    Spec::new(name, Kind::Transform, summary, make)
}

fn types(
    name: &str,
    channels: usize,
    input: &SampleType,
) -> crate::catalog::Result<Vec<SampleType>> {
    let image = ImageType::of_colour(name, input)?;
    let channels = Some(channels);
    Ok(vec![ImageType { channels, ..image }.into()])
}

fn made(name: &'static str, channels: usize) -> crate::catalog::Result<Box<dyn Transform>> {
    Ok(Box::new(Channels { name, channels }))
}

struct Channels {
    name: &'static str,
    channels: usize,
}

impl Transform for Channels {
    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let image = input::colour_image(self.name, input)?;
        if image.channels == self.channels {
            out.push(Sample::image(image));
            return Ok(());
        }
        let mut pixels = scratch.take(image.height * image.width * self.channels);
        converted(&image.pixels, self.channels, &mut pixels);
        let (height, width) = (image.height, image.width);
        scratch.give(image.pixels);
        out.push(Sample::image(Image::new(
            pixels,
            height,
            width,
            self.channels,
        )));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }

    fn recolours(&self, input: &SampleType) -> bool {
        let grey = input
            .as_image()
            .is_some_and(|image| image.channels == Some(1));
        self.channels == 1 && !grey
    }
}

/// Pixels of one channel as three, or of three as one.
pub fn converted(from: &[u8], channels: usize, into: &mut Vec<u8>) {
    into.clear();
    match channels {
        1 => into.extend(from.as_chunks::<3>().0.iter().map(|pixel| luma(*pixel))),
        _ => into.extend(from.iter().flat_map(|light| [*light; 3])),
    }
}

/// The channels of what a transform of this name gives, whatever it takes.
pub fn given_by(name: &str) -> Option<usize> {
    match name {
        "to_rgb" => Some(3),
        "to_grey" => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transform_gives_its_channels_and_leaves_those_that_are_there() {
        for (channels, from, wanted) in [
            (3, vec![7, 200], vec![7, 7, 7, 200, 200, 200]),
            (1, vec![255, 0, 0, 10, 10, 10], vec![76, 10]),
            (3, vec![1, 2, 3, 4, 5, 6], vec![1, 2, 3, 4, 5, 6]),
            (1, vec![9, 8], vec![9, 8]),
        ] {
            let image = Image::new(from.clone(), 1, 2, from.len() / 2);
            let own = made("to", channels).unwrap();
            let mut out = Vec::new();
            let scratch = &mut Scratch::default();
            own.apply(
                Sample::image(image),
                &mut Philox::new(1, &[]),
                scratch,
                &mut out,
            )
            .unwrap();
            let found = out.remove(0).into_image().unwrap();
            assert_eq!(
                (found.pixels, found.channels),
                (wanted, channels),
                "{from:?}"
            );
        }
    }
}
