//! Values, and what is asked of every kind of them.

use std::sync::Arc;

use super::{Clip, Image, Part};
use crate::augment::Scratch;
use crate::data::DataError;
use crate::data::words::Pieces;

/// One value of a sample.
#[derive(Clone, Debug)]
pub enum Sample {
    /// A picture.
    Image(Image),
    /// A class index.
    Label(u32),
    /// Words.
    Text(Arc<str>),
    /// A text in pieces.
    Tokens(Tokens),
    /// Pictures in the order of time.
    Clip(Clip),
    /// Rectangles in a picture.
    Boxes(Boxes),
    /// Several of one type.
    List(Vec<Sample>),
    /// Nothing, and why: the label of a record without one. It is an error only where it enters a batch.
    Missing(Missing),
}

/// Why there is nothing.
#[derive(Clone, Debug)]
pub struct Missing(pub(super) Arc<str>);

/// Rectangles: left, top, right and bottom in pixels from the picture's upper left corner, right and bottom just outside. All zero: the
/// thing is not seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Boxes(pub(super) Vec<[f32; 4]>);

/// A text in pieces.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The pieces by their numbers.
    pub ids: Vec<u32>,
    /// What the numbers mean.
    pub pieces: Arc<Pieces>,
    /// Where the second of two texts begins; `None`: it is one.
    pub second: Option<usize>,
}

/// The questions, as [`Sample`] passes them on.
pub(super) trait Value {
    fn kind(&self) -> &'static str;

    fn shown(&self) -> String;

    fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError>;

    /// Nothing: it has the same numbers whatever it is.
    fn length(&self) -> Option<usize> {
        None
    }

    fn copy(&self, scratch: &mut Scratch) -> Sample;

    /// Nothing, where it holds no buffers.
    fn give_back(&mut self, _scratch: &mut Scratch) {}

    fn draw(&self, name: &str, classes: &[String], into: &mut Vec<(String, Drawing)>);

    /// Nothing: its numbers are no words.
    fn spell(&self, _rows: &[&[i64]]) -> Option<Drawing> {
        None
    }
}

impl Sample {
    fn asked(&self) -> &dyn Value {
        match self {
            Sample::Image(value) => value,
            Sample::Label(value) => value,
            Sample::Text(value) => value,
            Sample::Tokens(value) => value,
            Sample::Clip(value) => value,
            Sample::Boxes(value) => value,
            Sample::List(value) => value,
            Sample::Missing(value) => value,
        }
    }

    fn asked_mut(&mut self) -> &mut dyn Value {
        match self {
            Sample::Image(value) => value,
            Sample::Label(value) => value,
            Sample::Text(value) => value,
            Sample::Tokens(value) => value,
            Sample::Clip(value) => value,
            Sample::Boxes(value) => value,
            Sample::List(value) => value,
            Sample::Missing(value) => value,
        }
    }

    /// How it goes to a transform outside of the program; a list goes element by element: it comes back from here.
    pub fn cross(self) -> Result<Crossing, Sample> {
        match self {
            Sample::Image(image) => Ok(Crossing::Image(image)),
            Sample::Label(class) => Ok(Crossing::Label(class)),
            Sample::Text(words) => Ok(Crossing::Text(words)),
            // the check of what flows in has refused it
            Sample::Missing(Missing(why)) => Ok(Crossing::Text(why)),
            Sample::Tokens(tokens) => Ok(Crossing::Tokens(tokens)),
            Sample::Clip(clip) => Ok(Crossing::Clip(clip.frames)),
            Sample::Boxes(Boxes(boxes)) => Ok(Crossing::Boxes(boxes)),
            Sample::List(_) => Err(self),
        }
    }

    /// What it is, with its article: `an image`.
    pub fn kind(&self) -> &'static str {
        self.asked().kind()
    }

    /// What it is and how large, as its type would say it.
    pub fn shown(&self) -> String {
        self.asked().shown()
    }

    /// Writes it into a row of a batch: into the next cells, one for each of its type's tensors.
    ///
    /// # Errors
    /// It is not what the cells are for, or there is nothing to be written.
    pub fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError> {
        self.asked().write(cells)
    }

    /// Of a text in pieces, how many there are.
    pub fn length(&self) -> Option<usize> {
        self.asked().length()
    }

    /// A copy in reused buffers.
    pub fn copy(&self, scratch: &mut Scratch) -> Sample {
        self.asked().copy(scratch)
    }

    /// Gives its buffers back: nobody needs it any more.
    pub fn give_back(&mut self, scratch: &mut Scratch) {
        self.asked_mut().give_back(scratch);
    }

    /// What shows it to a person, under its name or, of a list, under the names of its elements. `classes`: names of classes.
    pub fn draw(&self, name: &str, classes: &[String], into: &mut Vec<(String, Drawing)>) {
        self.asked().draw(name, classes, into);
    }

    /// What shows to a person whole numbers that mean what this value's own do: ids as the words of its vocabulary. One row is a text;
    /// three are a text, what was hidden at each place (padding: nothing) and what was filled in there. `None` where its numbers mean
    /// nothing by themselves.
    pub fn spell(&self, rows: &[&[i64]]) -> Option<Drawing> {
        self.asked().spell(rows)
    }
}

/// Where a value of one row goes: its numbers in one tensor of a batch.
pub struct Cell<'a> {
    /// The tensor's name.
    pub name: &'a str,
    /// Of one sample.
    pub shape: &'a [usize],
    /// The row.
    pub numbers: Numbers<'a>,
}

/// The numbers of one row of a tensor.
pub enum Numbers<'a> {
    /// Floats.
    F32(&'a mut [f32]),
    /// Whole numbers.
    Int(&'a mut [i64]),
}

impl<'a> Cell<'a> {
    /// The next cell.
    pub(super) fn next(cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<Self, DataError> {
        cells.next().ok_or_else(|| {
            DataError::new("the sample graph gave more values than its type promised")
        })
    }

    /// Its number, where it is for a single whole one.
    pub(super) fn int(self) -> Result<&'a mut i64, DataError> {
        match self.numbers {
            Numbers::Int([number]) => Ok(number),
            _ => Err(self.another()),
        }
    }

    /// Something that this cell is not for.
    pub(super) fn wrong(&self, what: &str) -> DataError {
        DataError::new(format!(
            "the sample graph gave {what} for the field `{}` of shape {:?}",
            self.name, self.shape
        ))
    }

    /// A value of a kind that this cell is not for.
    pub(super) fn another(&self) -> DataError {
        self.wrong("another kind of value")
    }
}

/// What shows a value to a person.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawing {
    /// A picture, or several side by side.
    Picture(Image),
    /// Pictures in a row, the first at the left.
    Strip(Vec<Image>),
    /// A line.
    Words(String),
    /// A line in which words were hidden.
    Gaps(Vec<Part>),
}

/// A value on its way to a transform outside of the program: one of the kinds that the plugin ABI knows.
#[derive(Clone, Debug)]
pub enum Crossing {
    /// A picture.
    Image(Image),
    /// A class index.
    Label(u32),
    /// Words.
    Text(Arc<str>),
    /// A text in pieces.
    Tokens(Tokens),
    /// The frames of a clip.
    Clip(Vec<Image>),
    /// Rectangles.
    Boxes(Vec<[f32; 4]>),
}
