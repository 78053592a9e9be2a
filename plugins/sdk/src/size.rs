//! Sizes that may depend on the batch.

use std::fmt;
use std::ops::{Add, Mul};

use crate::abi;

/// A polynomial in the batch size `B` with whole coefficients, up to `B³`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Size(pub(crate) abi::Size);

impl Size {
    /// A size that does not depend on the batch.
    pub fn fixed(n: usize) -> Self {
        Self(abi::Size {
            terms: [n as i64, 0, 0, 0],
        })
    }

    /// `B`
    pub fn batch() -> Self {
        Self(abi::Size {
            terms: [0, 1, 0, 0],
        })
    }

    /// Its value where it does not depend on the batch.
    pub fn known(&self) -> Option<usize> {
        match self.0.terms {
            [n, 0, 0, 0] => usize::try_from(n).ok(),
            _ => None,
        }
    }

    /// `self / n` where that is whole for every batch.
    pub fn divided(&self, n: usize) -> Option<Self> {
        let n = n as i64;
        let terms = self.0.terms;
        (n != 0 && terms.iter().all(|c| c % n == 0)).then(|| {
            Self(abi::Size {
                terms: terms.map(|c| c / n),
            })
        })
    }
}

impl From<usize> for Size {
    fn from(n: usize) -> Self {
        Self::fixed(n)
    }
}

impl From<&Size> for Size {
    fn from(size: &Size) -> Self {
        *size
    }
}

impl Add for &Size {
    type Output = Size;
    fn add(self, other: &Size) -> Size {
        let mut terms = self.0.terms;
        for (sum, term) in terms.iter_mut().zip(other.0.terms) {
            *sum += term;
        }
        Size(abi::Size { terms })
    }
}

impl Mul for &Size {
    type Output = Size;
    /// # Panics
    /// A power of the batch above the third.
    fn mul(self, other: &Size) -> Size {
        let mut terms = [0; 4];
        for (i, a) in self.0.terms.iter().enumerate() {
            for (j, b) in other.0.terms.iter().enumerate() {
                if a * b != 0 {
                    assert!(i + j < 4, "sizes go up to the third power of the batch");
                    terms[i + j] += a * b;
                }
            }
        }
        Size(abi::Size { terms })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms: Vec<String> = self
            .0
            .terms
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
