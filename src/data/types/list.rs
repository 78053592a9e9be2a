//! `x * n`, `list(x)`: several of one type.

use std::fmt;

use super::{Asked, Cell, Drawing, Loose, Sample, SampleType, Tensor, Value, inside, same};
use crate::augment::Scratch;
use crate::data::DataError;

/// What is in a list, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListType {
    /// The type of each.
    pub element: Box<SampleType>,
    /// How many.
    pub count: Option<usize>,
}

impl ListType {
    /// `list(x)`
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(Self {
            element: Box::new(SampleType::parse(inside(text, "list(", ')')?)?),
            count: None,
        })
    }

    /// `x * n`
    pub(super) fn parse_counted(text: &str) -> Option<Self> {
        let (element, count) = text.rsplit_once('*')?;
        let count = count.trim().parse().ok()?;
        Some(Self {
            element: Box::new(SampleType::parse(element)?),
            count: Some(count),
        })
    }
}

impl SampleType {
    /// A list of `count` elements.
    pub fn list(element: SampleType, count: Option<usize>) -> Self {
        SampleType::List(ListType {
            element: Box::new(element),
            count,
        })
    }
}

impl fmt::Display for ListType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            Some(n) => write!(f, "{} * {n}", self.element),
            None => write!(f, "list({})", self.element),
        }
    }
}

impl Asked for ListType {
    fn word(&self) -> String {
        self.to_string()
    }

    fn noun(&self) -> &'static str {
        self.element.noun()
    }

    fn fits(&self, wanted: &SampleType) -> bool {
        wanted
            .parts()
            .is_some_and(|(element, count)| same(self.count, count) && self.element.fits(element))
    }

    fn parts(&self) -> Option<(&SampleType, Option<usize>)> {
        Some((&self.element, self.count))
    }

    /// Of what is no list itself: a call has one list at a time.
    fn crosses(&self) -> Option<u32> {
        match self.element.parts() {
            Some(_) => None,
            None => self.element.crosses(),
        }
    }

    fn back(&self, given: &SampleType) -> Result<Option<SampleType>, String> {
        Ok(Some(SampleType::list(
            self.element.back(given)?,
            self.count,
        )))
    }

    fn holds(&self, value: &Sample) -> bool {
        value.as_list().is_some_and(|list| {
            same(self.count, Some(list.len())) && list.iter().all(|each| self.element.holds(each))
        })
    }

    fn longest(&self) -> Option<usize> {
        self.element.longest()
    }

    fn no_longer(&self, length: usize) -> Option<SampleType> {
        Some(SampleType::list(self.element.no_longer(length), self.count))
    }

    /// Those of each element, numbered.
    fn tensors(&self) -> Result<Vec<Tensor>, Loose> {
        let Some(count) = self.count else {
            return Err(Loose::never(SampleType::List(self.clone())));
        };
        let mut tensors = Vec::new();
        for i in 0..count {
            let each = self.element.tensors().map_err(|loose| Loose {
                suffix: format!("/{i}{}", loose.suffix),
                ..loose
            })?;
            tensors.extend(each.into_iter().map(|tensor| Tensor {
                suffix: format!("/{i}{}", tensor.suffix),
                ..tensor
            }));
        }
        Ok(tensors)
    }
}

impl Sample {
    /// Several of one type.
    pub fn list(values: Vec<Sample>) -> Self {
        Sample::List(values)
    }

    /// The values, where it is a list.
    pub fn as_list(&self) -> Option<&[Sample]> {
        match self {
            Sample::List(values) => Some(values),
            _ => None,
        }
    }

    /// The values, where it is a list; else the value itself.
    pub fn into_list(self) -> Result<Vec<Sample>, Sample> {
        match self {
            Sample::List(values) => Ok(values),
            other => Err(other),
        }
    }
}

/// Several of one type.
impl Value for Vec<Sample> {
    fn kind(&self) -> &'static str {
        "a list"
    }

    fn shown(&self) -> String {
        match self.first() {
            Some(first) => format!("{} * {}", first.shown(), self.len()),
            None => "an empty list".into(),
        }
    }

    fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError> {
        self.iter().try_for_each(|value| value.write(cells))
    }

    /// That of the longest.
    fn length(&self) -> Option<usize> {
        self.iter().filter_map(Sample::length).max()
    }

    fn copy(&self, scratch: &mut Scratch) -> Sample {
        let mut copy = scratch.take_list();
        copy.extend(self.iter().map(|value| value.copy(scratch)));
        Sample::List(copy)
    }

    fn give_back(&mut self, scratch: &mut Scratch) {
        scratch.give_list(std::mem::take(self));
    }

    fn draw(&self, name: &str, classes: &[String], into: &mut Vec<(String, Drawing)>) {
        for (i, value) in self.iter().enumerate() {
            value.draw(&format!("{name}/{i}"), classes, into);
        }
    }

    /// As the first of them that can.
    fn spell(&self, rows: &[&[i64]]) -> Option<Drawing> {
        self.iter().find_map(|value| value.spell(rows))
    }
}
