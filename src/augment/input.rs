//! What flows into a transform: the checks that all of them share.

use crate::catalog::{Problem, Result};
use crate::data::{DataError, Image, Sample, SampleType};
use crate::language::codes::Code;

/// The sizes of an image type, as far as they are known.
#[derive(Clone, Copy, Debug)]
pub struct ImageType {
    pub channels: Option<usize>,
    pub height: Option<usize>,
    pub width: Option<usize>,
}

impl ImageType {
    /// What flows into `transform`, which takes one image.
    pub fn of(transform: &str, input: &SampleType) -> Result<Self> {
        match input {
            SampleType::Image {
                channels,
                height,
                width,
            } => Ok(Self {
                channels: *channels,
                height: *height,
                width: *width,
            }),
            SampleType::List { element, .. } if matches!(**element, SampleType::Image { .. }) => {
                Err(mismatch(transform, input).help(format!(
                    "put `{transform}` inside the brackets that `*` repeats"
                )))
            }
            other => Err(mismatch(transform, other)),
        }
    }

    /// The same, for transforms of light and colour: grey (1 channel) or RGB (3).
    pub fn of_colour(transform: &str, input: &SampleType) -> Result<Self> {
        let image = Self::of(transform, input)?;
        match image.channels {
            None | Some(1 | 3) => Ok(image),
            Some(n) => Err(Problem::new(
                Code::SampleType,
                format!(
                    "`{transform}` takes pictures of 1 or 3 channels, and `{input}` has {n} of them"
                ),
            )),
        }
    }

    /// With other sides.
    pub fn sized(self, height: Option<usize>, width: Option<usize>) -> SampleType {
        SampleType::Image {
            channels: self.channels,
            height,
            width,
        }
    }
}

fn mismatch(transform: &str, input: &SampleType) -> Problem {
    Problem::new(
        Code::SampleType,
        format!("`{transform}` takes an image, and `{input}` flows into it"),
    )
}

/// The picture in a value whose type was checked.
pub fn image(transform: &str, input: Sample) -> Result<Image, DataError> {
    match input {
        Sample::Image(image) => Ok(image),
        other => Err(DataError {
            message: format!(
                "`{transform}` takes an image, and the sample holds {}",
                kind(&other)
            ),
            help: None,
        }),
    }
}

/// A picture of 1 or 3 channels in a value whose type was checked.
pub fn colour_image(transform: &str, input: Sample) -> Result<Image, DataError> {
    let image = image(transform, input)?;
    match image.channels {
        1 | 3 => Ok(image),
        n => Err(DataError {
            message: format!("`{transform}` takes pictures of 1 or 3 channels; this one has {n}"),
            help: None,
        }),
    }
}

fn kind(sample: &Sample) -> &'static str {
    match sample {
        Sample::Image(_) => "an image",
        Sample::Label(_) => "a label",
        Sample::Text(_) => "text",
        Sample::List(_) => "a list",
        Sample::Missing(_) => "nothing",
    }
}

/// The 8-bit pixel value that stands where a picture has none: black, or the mean of a picture that `normalize` has
/// seen (both are 0 in the tensor).
pub fn blank(image: &Image, channel: usize) -> u8 {
    match &image.normalization {
        Some(n) => n
            .mean
            .get(channel)
            .map_or(0, |mean| (mean * 255.0).round() as u8),
        None => 0,
    }
}
