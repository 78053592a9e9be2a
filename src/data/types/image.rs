//! `image[c, h, w]`: a picture.

use std::fmt;

use super::{
    Asked, Cell, Drawing, Fields, Image, Loose, Numbers, Prepared, Sample, SampleType, Tensor,
    Value, View, inside, numbers, same, shown, size,
};
use crate::augment::Scratch;
use crate::catalog::{Problem, Result};
use crate::data::DataError;
use crate::data::lab::LabPart;
use crate::language::codes::Code;

/// The sizes of a picture, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageType {
    /// Channels.
    pub channels: Option<usize>,
    /// Height in pixels.
    pub height: Option<usize>,
    /// Width in pixels.
    pub width: Option<usize>,
}

impl ImageType {
    /// A picture of which nothing else is known.
    pub(super) const ANY: ImageType = ImageType {
        channels: None,
        height: None,
        width: None,
    };

    /// Channels, height and width where all are known.
    pub fn known(&self) -> Option<[usize; 3]> {
        Some([self.channels?, self.height?, self.width?])
    }

    /// With other sides.
    pub fn sized(self, height: Option<usize>, width: Option<usize>) -> SampleType {
        SampleType::Image(Self {
            height,
            width,
            ..self
        })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "image" {
            return Some(Self::ANY);
        }
        let sizes = inside(text, "image[", ']')?.split(',');
        let sizes: Vec<Option<usize>> = sizes.map(size).collect::<Option<_>>()?;
        let [channels, height, width] = sizes[..] else {
            return None;
        };
        Some(Self {
            channels,
            height,
            width,
        })
    }
}

impl From<ImageType> for SampleType {
    fn from(ty: ImageType) -> Self {
        SampleType::Image(ty)
    }
}

impl SampleType {
    /// An image of which nothing else is known.
    pub const IMAGE: SampleType = SampleType::Image(ImageType::ANY);

    /// `image[c, ?, ?]`
    pub fn image_of(channels: usize) -> Self {
        SampleType::Image(ImageType {
            channels: Some(channels),
            height: None,
            width: None,
        })
    }

    /// `image[c, h, w]`
    pub fn image(channels: usize, height: usize, width: usize) -> Self {
        SampleType::Image(ImageType {
            channels: Some(channels),
            height: Some(height),
            width: Some(width),
        })
    }

    /// The sizes, where it is a picture.
    pub fn as_image(&self) -> Option<&ImageType> {
        match self {
            SampleType::Image(ty) => Some(ty),
            _ => None,
        }
    }
}

/// The only, or first, picture of a record.
pub fn first_image(fields: &Fields) -> Option<(&str, &ImageType)> {
    let mut pictures = fields.iter();
    pictures.find_map(|(name, ty)| Some((name.as_str(), ty.as_image()?)))
}

impl fmt::Display for ImageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANY {
            return f.write_str("image");
        }
        let [c, h, w] = [self.channels, self.height, self.width].map(shown);
        write!(f, "image[{c}, {h}, {w}]")
    }
}

impl Asked for ImageType {
    fn word(&self) -> String {
        "image".into()
    }

    fn noun(&self) -> &'static str {
        "picture"
    }

    fn sizes(&self) -> Vec<(&'static str, Option<usize>)> {
        vec![
            ("channels", self.channels),
            ("height", self.height),
            ("width", self.width),
        ]
    }

    fn fits(&self, wanted: &SampleType) -> bool {
        wanted.as_image().is_some_and(|wanted| {
            same(self.channels, wanted.channels)
                && same(self.height, wanted.height)
                && same(self.width, wanted.width)
        })
    }

    fn wider(&self, other: &SampleType) -> Option<SampleType> {
        let other = other.as_image()?;
        let both = |a: Option<usize>, b: Option<usize>| if a == b { a } else { None };
        Some(SampleType::Image(Self {
            channels: both(self.channels, other.channels),
            height: both(self.height, other.height),
            width: both(self.width, other.width),
        }))
    }

    fn holds(&self, value: &Sample) -> bool {
        value.as_image().is_some_and(|image| {
            same(self.channels, Some(image.channels))
                && same(self.height, Some(image.height))
                && same(self.width, Some(image.width))
        })
    }

    fn tensors(&self) -> Result<Vec<Tensor>, Loose> {
        match self.known() {
            Some(sizes) => Ok(vec![Tensor::floats(sizes.to_vec())]),
            None => Err(Loose::any_size(
                SampleType::Image(*self),
                "end with a fixed size: `random_resized_crop(32px)`, or `resize(32px, sides = both)`",
            )),
        }
    }

    /// With the channels of the trained ones, resized, cut to the trained size from the centre, normalised as the training pictures were, or the same part of Lab.
    fn view(&self, prepared: &Prepared, found: &SampleType, data: &str) -> Result<View> {
        let found = found.as_image().copied().unwrap_or(Self::ANY);
        let part = self.channels.and_then(|n| prepared.lab_part(n));
        let mut view = View::default();
        if let (Some(own), Some(channels), None) = (found.channels, self.channels, part)
            && own != channels
        {
            let (step, words) = match (own, channels) {
                (1, 3) => ("to_rgb", "grey as RGB"),
                (3, 1) => ("to_grey", "made grey"),
                _ => {
                    return Err(Problem::new(
                        Code::SampleType,
                        format!(
                            "pictures of `{data}` have {own} channels, the encoder was trained with {channels}"
                        ),
                    ));
                }
            };
            view.steps += &format!(" |> {step}()");
            view.words.push(words.into());
        }
        if let Some((h, w)) = self.height.zip(self.width)
            && (found.height, found.width) != (Some(h), Some(w))
        {
            let side = h.max(w);
            let sides = found.height.zip(found.width);
            if sides.is_none_or(|(height, width)| height.min(width) != side) {
                view.steps += &format!(" |> resize({side}px)");
                view.words.push(format!("resize {side}"));
            }
            // a crop takes one size: pictures that are trained oblong are resized to that shape by their augment
            view.steps += &format!(" |> center_crop({side}px)");
            view.words.push(format!("centre crop {side}"));
        }
        if let Some(part) = part {
            view.steps += &format!(" |> {}()", part.transform());
            view.words.push(match part {
                LabPart::Lightness => "lightness".into(),
                LabPart::Colour => "ab of Lab".into(),
                LabPart::Whole => "Lab".into(),
            });
        } else if let Some(n) = &prepared.normalization {
            let [mean, std] = [&n.mean, &n.std].map(|values| numbers(values));
            view.steps += &format!(" |> normalize(mean = {mean}, std = {std})");
            view.words.push("normalised".into());
        }
        Ok(view)
    }

    /// The records' own pictures where all have one size, else three pieces wide.
    fn whole(&self, fields: &Fields) -> Option<SampleType> {
        let mut own = fields.iter().filter(|(_, ty)| {
            let image = ty.as_image();
            image.is_some_and(|image| image.known().is_some())
        });
        if let Some((_, own)) = own.next() {
            return Some(own.clone());
        }
        let [height, width] = [self.height, self.width].map(|side| side.map(|side| 3 * side));
        Some(self.sized(height, width))
    }

    fn shaped(&self, shape: &[usize]) -> Option<SampleType> {
        let [channels, height, width] = *shape else {
            return None;
        };
        Some(SampleType::image(channels, height, width))
    }
}

impl Sample {
    /// A picture.
    pub fn image(image: Image) -> Self {
        Sample::Image(image)
    }

    /// The picture, where it is one.
    pub fn as_image(&self) -> Option<&Image> {
        match self {
            Sample::Image(image) => Some(image),
            _ => None,
        }
    }

    /// The picture, where it is one; else the value itself.
    pub fn into_image(self) -> Result<Image, Sample> {
        match self {
            Sample::Image(image) => Ok(image),
            other => Err(other),
        }
    }
}

impl Value for Image {
    fn kind(&self) -> &'static str {
        "an image"
    }

    fn shown(&self) -> String {
        SampleType::image(self.channels, self.height, self.width).to_string()
    }

    fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError> {
        let cell = Cell::next(cells)?;
        if !matches!(cell.numbers, Numbers::F32(_)) {
            return Err(cell.another());
        }
        if cell.shape != [self.channels, self.height, self.width] {
            return Err(cell.wrong(&format!(
                "a picture of {} channels, {} by {} pixels",
                self.channels, self.width, self.height
            )));
        }
        if let Numbers::F32(numbers) = cell.numbers {
            self.write_chw(numbers);
        }
        Ok(())
    }

    fn copy(&self, scratch: &mut Scratch) -> Sample {
        Sample::Image(scratch.copy_image(self))
    }

    fn give_back(&mut self, scratch: &mut Scratch) {
        scratch.give(std::mem::take(&mut self.pixels));
    }

    fn draw(&self, name: &str, _classes: &[String], into: &mut Vec<(String, Drawing)>) {
        into.push((name.to_owned(), Drawing::Picture(self.as_drawn())));
    }
}
