//! The types of what flows through an augmentation graph, and their values: one file each.
//!
//! Outside of this folder nobody asks which type it is that a field has. The questions are asked of any type, and each is
//! answered in the type's own file:
//!
//! | who asks | what | where |
//! |---|---|---|
//! | checker, errors, `doc` | how it is written, what fits where | `Display`, [`SampleType::fits`], [`SampleType::parse`] |
//! | loader, memory | which tensors a batch holds of it, how a value is written into them | [`SampleType::tensors`], [`Sample::write`] |
//! | batches by length | how long its values are | [`SampleType::longest`], [`SampleType::no_longer`], [`Sample::length`] |
//! | binding | which inputs of a graph those are | [`SampleType::tensors`], [`SampleType::parts`] |
//! | plan | how it is viewed in evaluation | [`SampleType::view`], [`SampleType::whole`], [`SampleType::seen`], [`SampleType::shaped`] |
//! | transforms of pictures | whether they go over its frames, what comes of that | [`SampleType::frame`], [`SampleType::over`], [`SampleType::join`] |
//! | preview, report | how a value is drawn, and numbers of a graph that mean what its own do | [`Sample::draw`], [`Sample::spell`] |
//! | scripts | its word and its sizes | [`SampleType::word`], [`SampleType::sizes`] |
//! | plugins | how a value crosses over, what may come back, whether it is what was promised | [`SampleType::crosses`], [`Sample::cross`], [`SampleType::back`], [`SampleType::holds`] |
//! | evaluation | what stands for it where there is no encoder | [`SampleType::raw`] |
//! | loader threads | how a value is copied and given back | [`Sample::copy`], [`Sample::give_back`] |
//!
//! # To add a type
//!
//! 1. Its file here: a struct of what is known of it, with `Display` and [`Asked`]; only what differs from the defaults.
//! 2. Its arm: a variant of [`SampleType`], a line in `asked` and one in `parse`.
//! 3. Where its values are of none of the kinds there are: [`Value`] in the same file, a variant of [`Sample`], a line in
//!    each of `asked`, `asked_mut` and `cross` of `value.rs`, and in `equal` of `over.rs` where a transform may say it of frames.
//! 4. Its transforms in `augment`, and encoders that say with [`crate::catalog::Spec::takes`] that they take it.
//! 5. For people: its words in `KINDS` of `extend/words.rs`, and its questions in the list of `tests/house/types.rs`.

mod asked;
mod boxes;
mod clip;
mod gaps;
mod image;
mod label;
mod list;
mod mask;
mod missing;
mod over;
mod pixels;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod value;

use std::fmt;

use crate::graph::{Graph, Var};

pub use asked::{Loose, Prepared, Tensor, View};
pub use boxes::BoxesType;
pub use clip::{ClipType, evenly_spaced, first_clip};
pub use gaps::Part;
pub use image::{ImageType, first_image};
pub use label::{LabelType, first_label};
pub use list::ListType;
pub use mask::MaskType;
pub use over::Over;
pub use pixels::{Clip, Image, Normalization, numbers};
pub use tally::Tally;
pub use text::TextType;
pub use tokens::{KINDS, PADDING, TokensType};
pub use value::{Cell, Crossing, Drawing, Numbers, Sample, Tokens};

use asked::Asked;
use value::Value;

/// The type of one field. Sizes that are not known before a sample is read (pictures in a folder) are `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleType {
    /// `image[c, h, w]`
    Image(ImageType),
    /// `mask[h, w]`: 1 or 0 for each pixel. Its value is a picture of one channel.
    Mask(MaskType),
    /// `label(n)`: one of `n` classes.
    Label(LabelType),
    /// Words.
    Text(TextType),
    /// `tokens[n]`: a text as pieces of words; `tokens[n] in pairs`: two of them.
    Tokens(TokensType),
    /// `clip[t, c, h, w]`: pictures in the order of time.
    Clip(ClipType),
    /// `boxes[n, 4]`: rectangles in a picture.
    Boxes(BoxesType),
    /// `x * n`: several of one type.
    List(ListType),
}

/// Bytes of the longest text of a type: they nest, and each level takes stack.
const LONGEST: usize = 256;

impl SampleType {
    /// Words.
    pub const TEXT: SampleType = SampleType::Text(TextType);

    fn asked(&self) -> &dyn Asked {
        match self {
            SampleType::Image(ty) => ty,
            SampleType::Mask(ty) => ty,
            SampleType::Label(ty) => ty,
            SampleType::Text(ty) => ty,
            SampleType::Tokens(ty) => ty,
            SampleType::Clip(ty) => ty,
            SampleType::Boxes(ty) => ty,
            SampleType::List(ty) => ty,
        }
    }

    /// The type by its text, as it is shown: `image`, `image[3, 32, 32]`, `label`, `label(4)`, `text`, `tokens[128]`, `list(image)`, `image * 2`.
    /// `?` stands for a size that does not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > LONGEST {
            return None;
        }
        if text.contains('*') {
            return ListType::parse_counted(text).map(SampleType::List);
        }
        ListType::parse(text)
            .map(SampleType::List)
            .or_else(|| ImageType::parse(text).map(SampleType::Image))
            .or_else(|| MaskType::parse(text).map(SampleType::Mask))
            .or_else(|| LabelType::parse(text).map(SampleType::Label))
            .or_else(|| TextType::parse(text).map(SampleType::Text))
            .or_else(|| TokensType::parse(text).map(SampleType::Tokens))
            .or_else(|| ClipType::parse(text).map(SampleType::Clip))
            .or_else(|| BoxesType::parse(text).map(SampleType::Boxes))
    }

    /// One word for it: `image`; of a list its text.
    pub fn word(&self) -> String {
        self.asked().word()
    }

    /// What a person calls one value of it: `picture`.
    pub fn noun(&self) -> &'static str {
        self.asked().noun()
    }

    /// Its sizes by name, in the order in which they are shown.
    pub fn sizes(&self) -> Vec<(&'static str, Option<usize>)> {
        self.asked().sizes()
    }

    /// Whether both are the same but for their sizes.
    pub fn alike(&self, other: &SampleType) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// Whether a value of type `self` may stand where `wanted` is asked for: same shape of type, and equal sizes
    /// wherever both know them.
    pub fn fits(&self, wanted: &SampleType) -> bool {
        self.asked().fits(wanted)
    }

    /// The type that holds values of both, of which one fits the other.
    pub fn wider(&self, other: &SampleType) -> SampleType {
        self.asked().wider(other).unwrap_or_else(|| self.clone())
    }

    /// Of a type that is several of one: that one, and how many where it is known.
    pub fn parts(&self) -> Option<(&SampleType, Option<usize>)> {
        self.asked().parts()
    }

    /// Of a clip: what each frame is, and how many there are where it is known. A transform that takes what a frame is goes over all
    /// of them.
    pub fn frame(&self) -> Option<(SampleType, Option<usize>)> {
        self.asked().frame()
    }

    /// Whether a value is of this type.
    pub fn holds(&self, value: &Sample) -> bool {
        self.asked().holds(value)
    }

    /// The type, with what its numbers are where not any will do: `mask[2, 2], each pixel 0 or 255`.
    pub fn exactly(&self) -> String {
        match self.asked().numbers() {
            Some(numbers) => format!("{self}, {numbers},"),
            None => self.to_string(),
        }
    }

    /// The tensors that a batch holds of a field of this type.
    ///
    /// # Errors
    /// Its values are no tensors, or none of one shape.
    pub fn tensors(&self) -> Result<Vec<Tensor>, Loose> {
        self.asked().tensors()
    }

    /// Whether there are [`Self::tensors`].
    ///
    /// # Errors
    /// As [`Self::tensors`].
    pub fn batchable(&self) -> Result<(), Loose> {
        match self.parts() {
            Some((element, Some(_))) => element.batchable(),
            _ => self.tensors().map(drop),
        }
    }

    /// Bytes of one value in a batch; 0 where it can't be in one.
    pub fn bytes(&self) -> usize {
        match self.parts() {
            Some((element, count)) => element.bytes() * count.unwrap_or(0),
            None => self
                .tensors()
                .map_or(0, |all| all.iter().map(Tensor::bytes).sum()),
        }
    }

    /// Numbers of one value in a batch; 0 where it can't be in one.
    pub fn numbers(&self) -> usize {
        match self.parts() {
            Some((element, count)) => element.numbers() * count.unwrap_or(0),
            None => self
                .tensors()
                .map_or(0, |all| all.iter().map(Tensor::len).sum()),
        }
    }

    /// Whether values of type `found` can be shown to what takes values of this type.
    pub fn sees(&self, found: &SampleType) -> bool {
        self.alike(found) || self.asked().made_of(found)
    }

    /// From which minor of the plugin ABI on a value of it can go to a transform outside of the program, and come from there; `None`:
    /// it can't.
    pub fn crosses(&self) -> Option<u32> {
        self.asked().crosses()
    }

    /// What it is where a transform outside of the program promises it of a value of type `given`: what only this program knows, such as
    /// a vocabulary, is that of what went there.
    ///
    /// # Errors
    /// It can't be made of that.
    pub fn back(&self, given: &SampleType) -> Result<SampleType, String> {
        let back = self.asked().back(given)?;
        Ok(back.unwrap_or_else(|| self.clone()))
    }

    /// What [`Self::raw`] is called, where it is not pixels.
    pub fn raw_is(&self) -> Option<&'static str> {
        self.asked().raw_is()
    }

    /// What stands for a value where no encoder has read it, from the first of its tensors: numbers in a row, `[B, d]`.
    ///
    /// # Errors
    /// The sizes that it takes are not known.
    pub fn raw(&self, g: &mut Graph, x: Var) -> crate::catalog::Result<Var> {
        self.asked().raw(g, x)
    }

    /// How a value of type `found`, of the records that a recipe calls `data`, is shown to what was trained on values of type
    /// `self` with what was `prepared`. The one [`Self::sees`] the other.
    ///
    /// # Errors
    /// It can't be shown: its channels are others.
    pub fn view(
        &self,
        prepared: &Prepared,
        found: &SampleType,
        data: &str,
    ) -> crate::catalog::Result<View> {
        self.asked().view(prepared, found, data)
    }

    /// What an encoder that was trained on pieces of type `self`, or on pairs, is judged on, of records with these fields.
    pub fn whole(&self, fields: &Fields) -> SampleType {
        self.asked().whole(fields).unwrap_or_else(|| self.clone())
    }

    /// The type whose tensor has this shape without the batch; `None` where no value of its kind has it.
    pub fn shaped(&self, shape: &[usize]) -> Option<SampleType> {
        self.asked().shaped(shape)
    }

    /// Of a text in pieces, how many there are at most, where that is known: what is shorter is padded in a batch.
    pub fn longest(&self) -> Option<usize> {
        self.asked().longest()
    }

    /// The type of its values that have no more than so many pieces; this one, where it is no text in pieces.
    pub fn no_longer(&self, length: usize) -> SampleType {
        self.asked()
            .no_longer(length)
            .unwrap_or_else(|| self.clone())
    }
}

impl fmt::Display for SampleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.asked(), f)
    }
}

/// The fields of a record, in order, with their types.
pub type Fields = Vec<(String, SampleType)>;

/// One record: values in the order of the data set's [`Fields`].
pub type Record = Vec<Sample>;

/// The name of the field that a record is learnt from: its first that is no label.
pub fn main_field(fields: &Fields) -> Option<&str> {
    let (name, _) = fields.iter().find(|(_, ty)| ty.as_label().is_none())?;
    Some(name)
}

/// A size as a type shows it.
fn shown(size: Option<usize>) -> String {
    size.map_or("?".to_owned(), |n| n.to_string())
}

/// A size as a type shows it; `None` where it is none.
fn size(text: &str) -> Option<Option<usize>> {
    match text.trim() {
        "?" => Some(None),
        digits => digits.parse().ok().map(Some),
    }
}

/// Whether two sizes are equal wherever both are known.
fn same(a: Option<usize>, b: Option<usize>) -> bool {
    a.is_none() || b.is_none() || a == b
}

/// What stands between `open` and `close`.
fn inside<'a>(text: &'a str, open: &str, close: char) -> Option<&'a str> {
    text.strip_prefix(open)?.strip_suffix(close)
}
