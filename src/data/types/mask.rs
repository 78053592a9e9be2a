//! `mask[h, w]`: 1 or 0 for each pixel. Its value is a picture of one channel.

use std::fmt;

use super::{Asked, Loose, Sample, SampleType, Tensor, inside, same, shown, size};

/// The sides of a mask, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskType {
    /// Height in pixels.
    pub height: Option<usize>,
    /// Width in pixels.
    pub width: Option<usize>,
}

impl MaskType {
    /// A mask of which nothing else is known.
    const ANY: MaskType = MaskType {
        height: None,
        width: None,
    };

    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "mask" {
            return Some(Self::ANY);
        }
        let (height, width) = inside(text, "mask[", ']')?.split_once(',')?;
        Some(Self {
            height: size(height)?,
            width: size(width)?,
        })
    }
}

impl SampleType {
    /// A mask of which nothing else is known.
    pub const MASK: SampleType = SampleType::Mask(MaskType::ANY);

    /// `mask[h, w]`
    pub fn mask(height: Option<usize>, width: Option<usize>) -> Self {
        SampleType::Mask(MaskType { height, width })
    }
}

impl fmt::Display for MaskType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANY {
            return f.write_str("mask");
        }
        write!(f, "mask[{}, {}]", shown(self.height), shown(self.width))
    }
}

impl Asked for MaskType {
    fn word(&self) -> String {
        "mask".into()
    }

    fn noun(&self) -> &'static str {
        "mask"
    }

    fn sizes(&self) -> Vec<(&'static str, Option<usize>)> {
        vec![("height", self.height), ("width", self.width)]
    }

    fn fits(&self, wanted: &SampleType) -> bool {
        match wanted {
            SampleType::Mask(wanted) => {
                same(self.height, wanted.height) && same(self.width, wanted.width)
            }
            _ => false,
        }
    }

    fn holds(&self, value: &Sample) -> bool {
        value.as_image().is_some_and(|image| {
            image.channels == 1
                && image.pixels.iter().all(|pixel| matches!(pixel, 0 | 255))
                && same(self.height, Some(image.height))
                && same(self.width, Some(image.width))
        })
    }

    fn numbers(&self) -> Option<&'static str> {
        Some("each pixel 0 or 255")
    }

    fn tensors(&self) -> Result<Vec<Tensor>, Loose> {
        match self.height.zip(self.width) {
            Some((height, width)) => Ok(vec![Tensor::floats(vec![1, height, width])]),
            None => Err(Loose::any_size(
                SampleType::Mask(*self),
                "make the picture one size before the mask is made from it",
            )),
        }
    }
}
