//! `label(n)`: one of `n` classes.

use std::fmt;

use super::{
    Asked, Cell, Drawing, Fields, Loose, Sample, SampleType, Tensor, Value, inside, same, shown,
    size,
};
use crate::augment::Scratch;
use crate::data::DataError;
use crate::graph::DType;

/// What is known of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelType {
    /// Number of classes.
    pub classes: Option<usize>,
}

impl LabelType {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "label" {
            return Some(Self { classes: None });
        }
        Some(Self {
            classes: size(inside(text, "label(", ')')?)?,
        })
    }
}

impl SampleType {
    /// One of some classes.
    pub const LABEL: SampleType = SampleType::Label(LabelType { classes: None });

    /// `label(n)`
    pub fn label(classes: usize) -> Self {
        SampleType::Label(LabelType {
            classes: Some(classes),
        })
    }

    /// What is known of the classes, where it is one of some.
    pub fn as_label(&self) -> Option<&LabelType> {
        match self {
            SampleType::Label(ty) => Some(ty),
            _ => None,
        }
    }
}

/// The only, or first, label of a record.
pub fn first_label(fields: &Fields) -> Option<(&str, &LabelType)> {
    let mut labels = fields.iter();
    labels.find_map(|(name, ty)| Some((name.as_str(), ty.as_label()?)))
}

impl fmt::Display for LabelType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.classes {
            None => f.write_str("label"),
            classes => write!(f, "label({})", shown(classes)),
        }
    }
}

impl Asked for LabelType {
    fn word(&self) -> String {
        "label".into()
    }

    fn noun(&self) -> &'static str {
        "label"
    }

    fn sizes(&self) -> Vec<(&'static str, Option<usize>)> {
        vec![("classes", self.classes)]
    }

    fn fits(&self, wanted: &SampleType) -> bool {
        let wanted = wanted.as_label();
        wanted.is_some_and(|wanted| same(self.classes, wanted.classes))
    }

    /// The one that knows how many there are.
    fn wider(&self, other: &SampleType) -> Option<SampleType> {
        let classes = self.classes.or(other.as_label()?.classes);
        Some(SampleType::Label(Self { classes }))
    }

    fn holds(&self, value: &Sample) -> bool {
        let class = value.as_label().map(|class| class as usize);
        class.is_some_and(|class| self.classes.is_none_or(|classes| class < classes))
    }

    fn tensors(&self) -> Result<Vec<Tensor>, Loose> {
        Ok(vec![Tensor {
            suffix: String::new(),
            shape: Vec::new(),
            dtype: DType::Int,
            classes: self.classes,
        }])
    }
}

impl Sample {
    /// A class index.
    pub fn label(class: u32) -> Self {
        Sample::Label(class)
    }

    /// The class, where it is one.
    pub fn as_label(&self) -> Option<u32> {
        match self {
            Sample::Label(class) => Some(*class),
            _ => None,
        }
    }
}

/// A class index.
impl Value for u32 {
    fn kind(&self) -> &'static str {
        "a label"
    }

    fn shown(&self) -> String {
        format!("label {self}")
    }

    fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError> {
        *Cell::next(cells)?.int()? = i64::from(*self);
        Ok(())
    }

    fn copy(&self, _scratch: &mut Scratch) -> Sample {
        Sample::Label(*self)
    }

    /// By its name where there is one.
    fn draw(&self, name: &str, classes: &[String], into: &mut Vec<(String, Drawing)>) {
        let class = classes.get(*self as usize).cloned();
        let class = class.unwrap_or_else(|| self.to_string());
        into.push((name.to_owned(), Drawing::Words(class)));
    }
}
