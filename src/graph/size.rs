//! Sizes that may depend on the batch.

use std::fmt;
use std::ops::{Add, Mul, Sub};

/// A polynomial in the batch size `B` with whole coefficients: `3*B`, `B^2 + 1`, `512`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Size(Vec<i64>);

impl Size {
    /// A size that does not depend on the batch.
    pub fn fixed(n: usize) -> Self {
        Self::trimmed(vec![n as i64])
    }

    /// `B`
    pub fn batch() -> Self {
        Self(vec![0, 1])
    }

    /// The polynomial with these coefficients, the constant one first.
    pub fn polynomial(coefficients: &[i64]) -> Self {
        Self::trimmed(coefficients.to_vec())
    }

    /// Its coefficients, the constant one first.
    pub fn coefficients(&self) -> &[i64] {
        &self.0
    }

    fn trimmed(mut coefficients: Vec<i64>) -> Self {
        while coefficients.last() == Some(&0) {
            coefficients.pop();
        }
        Self(coefficients)
    }

    /// Its value where it does not depend on the batch.
    pub fn known(&self) -> Option<usize> {
        match self.0.as_slice() {
            [] => Some(0),
            [n] => usize::try_from(*n).ok(),
            _ => None,
        }
    }

    /// Its value for a batch of `batch`.
    pub fn at(&self, batch: usize) -> usize {
        usize::try_from(self.signed(batch)).unwrap_or(0)
    }

    /// Whether a batch of `batch` is too large for it: `64 - B` of 65.
    pub fn is_negative(&self, batch: usize) -> bool {
        self.signed(batch) < 0
    }

    fn signed(&self, batch: usize) -> i64 {
        self.0.iter().rev().fold(0i64, |sum, c| {
            sum.saturating_mul(batch as i64).saturating_add(*c)
        })
    }

    /// `self / n` where that is whole for every batch.
    pub fn divided(&self, n: usize) -> Option<Self> {
        let n = n as i64;
        (n != 0 && self.0.iter().all(|c| c % n == 0))
            .then(|| Self(self.0.iter().map(|c| c / n).collect()))
    }

    /// `self / other` where that is whole for every batch and `other` is a single term (`4`, `2*B`).
    pub fn divided_by(&self, other: &Size) -> Option<Self> {
        let power = other.0.iter().position(|c| *c != 0)?;
        if other.0.iter().filter(|c| **c != 0).count() != 1
            || self.0.iter().take(power).any(|c| *c != 0)
        {
            return None;
        }
        Self::trimmed(self.0.get(power..).unwrap_or(&[]).to_vec()).divided(other.0[power] as usize)
    }
}

impl From<usize> for Size {
    fn from(n: usize) -> Self {
        Self::fixed(n)
    }
}

impl Add for &Size {
    type Output = Size;
    fn add(self, other: &Size) -> Size {
        let at = |size: &Size, i: usize| size.0.get(i).copied().unwrap_or(0);
        let len = self.0.len().max(other.0.len());
        Size::trimmed(
            (0..len)
                .map(|i| at(self, i).saturating_add(at(other, i)))
                .collect(),
        )
    }
}

impl Sub for &Size {
    type Output = Size;
    fn sub(self, other: &Size) -> Size {
        let negative = Size(other.0.iter().map(|c| c.saturating_neg()).collect());
        self.add(&negative)
    }
}

impl Mul for &Size {
    type Output = Size;
    fn mul(self, other: &Size) -> Size {
        let mut product = vec![0; (self.0.len() + other.0.len()).saturating_sub(1)];
        for (i, a) in self.0.iter().enumerate() {
            for (j, b) in other.0.iter().enumerate() {
                product[i + j] = i64::saturating_add(product[i + j], a.saturating_mul(*b));
            }
        }
        Size::trimmed(product)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms: Vec<String> = self
            .0
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, c)| **c != 0)
            .map(|(power, c)| match (power, c) {
                (0, c) => c.to_string(),
                (1, 1) => "B".into(),
                (1, c) => format!("{c}*B"),
                (p, 1) => format!("B^{p}"),
                (p, c) => format!("{c}*B^{p}"),
            })
            .collect();
        if terms.is_empty() {
            write!(f, "0")
        } else {
            write!(f, "{}", terms.join(" + "))
        }
    }
}

/// The sizes of a tensor, outermost first.
pub type Shape = Vec<Size>;

/// `[B, 3, 32, 32]`
pub fn show(shape: &[Size]) -> String {
    let sizes: Vec<String> = shape.iter().map(Size::to_string).collect();
    format!("[{}]", sizes.join(", "))
}

/// The number of elements.
pub fn elements(shape: &[Size]) -> Size {
    shape.iter().fold(Size::fixed(1), |n, size| &n * size)
}
