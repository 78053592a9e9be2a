//! The two inner loops that nearly all the arithmetic runs in: rows times packed columns, and sums of outer products.
//!
//! A row is not one stretch of memory but several of one length (*pieces*) at the same distances in every row: the rows of a
//! kernel window in a picture whose channels come last. So a convolution is a matrix product without an unfolded copy.

mod columns;
mod multiply;
mod outer;
mod transpose;

pub(crate) use columns::{Columns, pack, pack_panel};
pub(crate) use multiply::{multiply, multiply_body};
pub(crate) use outer::{LEFT, outer, outer_body, pack_rows, packed_rows};
pub(crate) use transpose::transpose;

use super::memory::Shared;

/// Rows of a matrix: where each starts, and at which distances its pieces of `len` numbers lie.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) at: Shared,
    pub(crate) starts: &'a [usize],
    pub(crate) pieces: &'a [usize],
    pub(crate) len: usize,
}

/// Where a product goes: row `i` to `starts[i]`, `cols` numbers wide.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) at: Shared,
    pub(crate) starts: &'a [usize],
    pub(crate) cols: usize,
    /// Added to each row, or null.
    pub(crate) bias: Shared,
    /// Whether it is added to what is there.
    pub(crate) add: bool,
}
