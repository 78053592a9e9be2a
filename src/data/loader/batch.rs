//! What a loader hands out.

use super::BadSample;
use crate::data::{Cell, DataError, Fields, Numbers, Sample};
use crate::graph::DType;

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
        let mut cells = self
            .fields
            .iter_mut()
            .zip(leaves)
            .map(|((_, field), leaf)| {
                let of_row = row * leaf.len..(row + 1) * leaf.len;
                Cell {
                    name: &leaf.name,
                    shape: &leaf.shape,
                    numbers: match field {
                        BatchField::F32 { data, .. } => Numbers::F32(&mut data[of_row]),
                        BatchField::Int { data, .. } => Numbers::Int(&mut data[of_row]),
                    },
                }
            });
        for value in sample {
            value.write(&mut cells)?;
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
                    leaf.shape_of(rows, shape);
                }
                BatchField::Int { data, shape } => {
                    data.truncate(rows * leaf.len);
                    leaf.shape_of(rows, shape);
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
    dtype: DType,
}

impl Leaf {
    /// With the batch in front; a batch that is filled again may have held shorter texts.
    fn shape_of(&self, rows: usize, shape: &mut Vec<usize>) {
        shape.clear();
        shape.push(rows);
        shape.extend(&self.shape);
    }

    fn empty(&self) -> (String, BatchField) {
        let mut shape = vec![0];
        shape.extend(&self.shape);
        let field = match self.dtype {
            DType::F32 => BatchField::F32 {
                data: Vec::new(),
                shape,
            },
            DType::Int => BatchField::Int {
                data: Vec::new(),
                shape,
            },
        };
        (self.name.clone(), field)
    }
}

/// The tensors that these fields make.
pub(super) fn leaves(fields: &Fields) -> Result<Vec<Leaf>, DataError> {
    let mut leaves = Vec::new();
    for (name, ty) in fields {
        let tensors = ty.tensors().map_err(|loose| DataError {
            message: format!(
                "the field `{name}{}` is `{}`, which can't be put into a batch",
                loose.suffix, loose.ty
            ),
            help: Some("a batch takes labels and pictures of one size: end with `resize(32px, sides = both)` or a crop".into()),
        })?;
        leaves.extend(tensors.into_iter().map(|tensor| Leaf {
            name: format!("{name}{}", tensor.suffix),
            len: tensor.len(),
            shape: tensor.shape,
            dtype: tensor.dtype,
        }));
    }
    Ok(leaves)
}
