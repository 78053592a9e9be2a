//! What a loader hands out.

use super::BadSample;
use crate::data::{DataError, Fields, Sample, SampleType};

/// One field of a batch; rows are samples.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchField {
    /// Pictures: `[B, C, H, W]`.
    F32 {
        /// Row-major.
        data: Vec<f32>,
        /// With the batch in front.
        shape: Vec<usize>,
    },
    /// Labels: `[B]`.
    Int {
        /// Class indices.
        data: Vec<i64>,
        /// With the batch in front.
        shape: Vec<usize>,
    },
}

/// A batch. Equal seed, epoch and index: equal content.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// By name, in the order of the sample graph's outputs. A list `views` of two comes as `views/0` and `views/1`.
    pub fields: Vec<(String, BatchField)>,
    /// Number of samples.
    pub size: usize,
    /// Stable numbers of the samples ([`crate::data::Dataset::id`]).
    pub ids: Vec<u64>,
    /// Where they stand in the data set.
    pub indices: Vec<u64>,
    /// The epoch, from 0.
    pub epoch: u64,
    /// Index in the epoch, from 0.
    pub index: u64,
    /// Records that could not be read and were left out.
    pub skipped: Vec<BadSample>,
    /// Records of which only a part could be read, and is in the batch.
    pub repaired: Vec<BadSample>,
}

impl Batch {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&BatchField> {
        let (_, field) = self.fields.iter().find(|(of, _)| of == name)?;
        Some(field)
    }

    /// Makes room for `size` samples, reusing what is there.
    pub(super) fn prepare(&mut self, leaves: &[Leaf], size: usize) {
        let fits = self.fields.len() == leaves.len()
            && self
                .fields
                .iter()
                .zip(leaves)
                .all(|((name, _), leaf)| *name == leaf.name);
        if !fits {
            self.fields = leaves.iter().map(Leaf::empty).collect();
        }
        for ((_, field), leaf) in self.fields.iter_mut().zip(leaves) {
            match field {
                BatchField::F32 { data, .. } => data.resize(size * leaf.len, 0.0),
                BatchField::Int { data, .. } => data.resize(size * leaf.len, 0),
            }
        }
        self.size = 0;
        self.ids.clear();
        self.indices.clear();
        self.skipped.clear();
        self.repaired.clear();
    }

    /// Writes a sample into the next row.
    pub(super) fn push(
        &mut self,
        leaves: &[Leaf],
        sample: &[Sample],
        (id, index): (u64, usize),
    ) -> Result<(), DataError> {
        let row = self.size;
        let mut places = self.fields.iter_mut().zip(leaves);
        for value in sample {
            write(value, row, &mut places)?;
        }
        self.size += 1;
        self.ids.push(id);
        self.indices.push(index as u64);
        Ok(())
    }

    /// Cuts the fields to the rows that were written.
    pub(super) fn finish(&mut self, leaves: &[Leaf]) {
        for ((_, field), leaf) in self.fields.iter_mut().zip(leaves) {
            let rows = self.size;
            match field {
                BatchField::F32 { data, shape } => {
                    data.truncate(rows * leaf.len);
                    shape[0] = rows;
                }
                BatchField::Int { data, shape } => {
                    data.truncate(rows * leaf.len);
                    shape[0] = rows;
                }
            }
        }
    }
}

/// One tensor of the batch.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    name: String,
    /// Of one sample; empty for a label.
    shape: Vec<usize>,
    /// Elements of one sample.
    len: usize,
    image: bool,
}

impl Leaf {
    fn empty(&self) -> (String, BatchField) {
        let mut shape = vec![0];
        shape.extend(&self.shape);
        let field = if self.image {
            BatchField::F32 {
                data: Vec::new(),
                shape,
            }
        } else {
            BatchField::Int {
                data: Vec::new(),
                shape,
            }
        };
        (self.name.clone(), field)
    }
}

/// The tensors that these fields make.
pub(super) fn leaves(fields: &Fields) -> Result<Vec<Leaf>, DataError> {
    let mut leaves = Vec::new();
    for (name, ty) in fields {
        add(name.clone(), ty, &mut leaves)?;
    }
    Ok(leaves)
}

fn add(name: String, ty: &SampleType, leaves: &mut Vec<Leaf>) -> Result<(), DataError> {
    match ty {
        SampleType::Image {
            channels: Some(c),
            height: Some(h),
            width: Some(w),
        } => leaves.push(Leaf {
            name,
            shape: vec![*c, *h, *w],
            len: c * h * w,
            image: true,
        }),
        SampleType::Mask {
            height: Some(h),
            width: Some(w),
        } => leaves.push(Leaf {
            name,
            shape: vec![1, *h, *w],
            len: h * w,
            image: true,
        }),
        SampleType::Label { .. } => leaves.push(Leaf {
            name,
            shape: Vec::new(),
            len: 1,
            image: false,
        }),
        SampleType::List {
            element,
            count: Some(count),
        } => {
            for i in 0..*count {
                add(format!("{name}/{i}"), element, leaves)?;
            }
        }
        other => {
            return Err(DataError {
                message: format!("the field `{name}` is `{other}`, which can't be put into a batch"),
                help: Some("a batch takes labels and pictures of one size: end with `resize(32px, sides = both)` or a crop".into()),
            });
        }
    }
    Ok(())
}

type Place<'a> = (&'a mut (String, BatchField), &'a Leaf);

fn write<'a>(
    value: &Sample,
    row: usize,
    places: &mut impl Iterator<Item = Place<'a>>,
) -> Result<(), DataError> {
    if let Sample::List(list) = value {
        for element in list {
            write(element, row, places)?;
        }
        return Ok(());
    }
    let wrong = |what: String, leaf: &Leaf| DataError {
        message: format!(
            "the sample graph gave {what} for the field `{}` of shape {:?}",
            leaf.name, leaf.shape
        ),
        help: None,
    };
    match (value, places.next()) {
        (Sample::Image(image), Some(((_, BatchField::F32 { data, .. }), leaf))) => {
            if leaf.shape != [image.channels, image.height, image.width] {
                let what = format!(
                    "a picture of {} channels, {} by {} pixels",
                    image.channels, image.width, image.height
                );
                return Err(wrong(what, leaf));
            }
            image.write_chw(&mut data[row * leaf.len..(row + 1) * leaf.len]);
            Ok(())
        }
        (Sample::Label(class), Some(((_, BatchField::Int { data, .. }), _))) => {
            data[row] = i64::from(*class);
            Ok(())
        }
        (Sample::Missing(why), Some(_)) => Err(DataError::new(&**why).help(
            "what judges or trains by labels needs one for each record; `on_bad_sample = skip` goes without the others",
        )),
        (_, Some((_, leaf))) => Err(wrong("another kind of value".into(), leaf)),
        (_, None) => Err(DataError {
            message: "the sample graph gave more values than its type promised".into(),
            help: None,
        }),
    }
}
