//! Tensors in host memory: what goes into a graph and what comes out.

use std::collections::BTreeMap;

/// A tensor in host memory, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum HostTensor {
    /// Numbers.
    F32 {
        /// Elements, last dimension fastest.
        data: Vec<f32>,
        /// Sizes.
        shape: Vec<usize>,
    },
    /// Whole numbers: labels, indices.
    Int {
        /// Elements, last dimension fastest.
        data: Vec<i64>,
        /// Sizes.
        shape: Vec<usize>,
    },
}

impl HostTensor {
    /// Numbers with their sizes.
    pub fn f32(data: Vec<f32>, shape: &[usize]) -> Self {
        HostTensor::F32 {
            data,
            shape: shape.to_vec(),
        }
    }

    /// Whole numbers with their sizes.
    pub fn int(data: Vec<i64>, shape: &[usize]) -> Self {
        HostTensor::Int {
            data,
            shape: shape.to_vec(),
        }
    }

    /// The first numbers, in another shape.
    pub(crate) fn first(&self, numbers: usize, shape: Vec<usize>) -> Self {
        match self {
            HostTensor::F32 { data, .. } => HostTensor::F32 {
                data: data.iter().take(numbers).copied().collect(),
                shape,
            },
            HostTensor::Int { data, .. } => HostTensor::Int {
                data: data.iter().take(numbers).copied().collect(),
                shape,
            },
        }
    }

    /// Numbers of each row.
    pub fn width(&self) -> usize {
        self.shape().iter().skip(1).product()
    }

    /// The sizes.
    pub fn shape(&self) -> &[usize] {
        match self {
            HostTensor::F32 { shape, .. } | HostTensor::Int { shape, .. } => shape,
        }
    }

    /// The number of elements that are there.
    pub fn len(&self) -> usize {
        match self {
            HostTensor::F32 { data, .. } => data.len(),
            HostTensor::Int { data, .. } => data.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements where they are numbers.
    pub fn as_f32(&self) -> Option<&[f32]> {
        match self {
            HostTensor::F32 { data, .. } => Some(data),
            HostTensor::Int { .. } => None,
        }
    }

    /// The elements where they are whole numbers.
    pub fn as_int(&self) -> Option<&[i64]> {
        match self {
            HostTensor::Int { data, .. } => Some(data),
            HostTensor::F32 { .. } => None,
        }
    }

    /// `f32 [16, 3, 32, 32]`
    pub(crate) fn describe(&self) -> String {
        match self {
            HostTensor::F32 { shape, .. } => format!("f32 {shape:?}"),
            HostTensor::Int { shape, .. } => format!("int {shape:?}"),
        }
    }
}

/// The fields of a batch by name.
pub type Batch = BTreeMap<String, HostTensor>;
