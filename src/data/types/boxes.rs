//! `boxes[n, 4]`: rectangles in a picture, such as one for each frame that a thing is seen in.

use std::fmt;

use super::value::Boxes;
use super::{
    Asked, Cell, Drawing, Loose, Numbers, Sample, SampleType, Tensor, Value, inside, same, shown,
    size,
};
use crate::augment::Scratch;
use crate::data::DataError;

/// How many rectangles there are, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxesType {
    /// Rectangles.
    pub count: Option<usize>,
}

impl BoxesType {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "boxes" {
            return Some(Self { count: None });
        }
        let (count, four) = inside(text, "boxes[", ']')?.split_once(',')?;
        let count = size(count)?;
        (four.trim() == "4").then_some(Self { count })
    }
}

impl SampleType {
    /// Rectangles, however many.
    pub const BOXES: SampleType = SampleType::Boxes(BoxesType { count: None });

    /// `boxes[n, 4]`
    pub fn boxes(count: usize) -> Self {
        SampleType::Boxes(BoxesType { count: Some(count) })
    }
}

impl fmt::Display for BoxesType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            None => f.write_str("boxes"),
            count => write!(f, "boxes[{}, 4]", shown(count)),
        }
    }
}

impl Asked for BoxesType {
    fn word(&self) -> String {
        "boxes".into()
    }

    fn noun(&self) -> &'static str {
        "row of boxes"
    }

    fn sizes(&self) -> Vec<(&'static str, Option<usize>)> {
        vec![("count", self.count)]
    }

    fn fits(&self, wanted: &SampleType) -> bool {
        matches!(wanted, SampleType::Boxes(wanted) if same(self.count, wanted.count))
    }

    fn holds(&self, value: &Sample) -> bool {
        matches!(value, Sample::Boxes(boxes) if same(self.count, Some(boxes.0.len())))
    }

    fn crosses(&self) -> Option<u32> {
        Some(3)
    }

    fn tensors(&self) -> Result<Vec<Tensor>, Loose> {
        match self.count {
            Some(count) => Ok(vec![Tensor::floats(vec![count, 4])]),
            None => Err(Loose::never(SampleType::Boxes(*self))),
        }
    }
}

impl Sample {
    /// Rectangles: left, top, right, bottom in pixels.
    pub fn boxes(boxes: Vec<[f32; 4]>) -> Self {
        Sample::Boxes(Boxes(boxes))
    }

    /// The rectangles, where it is such a value.
    pub fn as_boxes(&self) -> Option<&[[f32; 4]]> {
        match self {
            Sample::Boxes(boxes) => Some(&boxes.0),
            _ => None,
        }
    }
}

impl Value for Boxes {
    fn kind(&self) -> &'static str {
        "a row of boxes"
    }

    fn shown(&self) -> String {
        format!("boxes[{}, 4]", self.0.len())
    }

    fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError> {
        let cell = Cell::next(cells)?;
        match (&cell.numbers, cell.shape) {
            (Numbers::F32(_), [count, 4]) if *count == self.0.len() => {}
            (Numbers::F32(_), [_, 4]) => {
                return Err(cell.wrong(&format!("{} boxes", self.0.len())));
            }
            _ => return Err(cell.another()),
        }
        if let Numbers::F32(numbers) = cell.numbers {
            numbers.copy_from_slice(self.0.as_flattened());
        }
        Ok(())
    }

    fn copy(&self, _scratch: &mut Scratch) -> Sample {
        Sample::Boxes(self.clone())
    }

    /// Nothing: a picture can't be seen from here, and numbers say little.
    fn draw(&self, _name: &str, _classes: &[String], _into: &mut Vec<(String, Drawing)>) {}
}
