//! Sizes of a tensor as a script sees them.

use rhai::{Dynamic, INT};

use crate::graph::Size;

/// A size: a whole number where it is known, else something that can be added, multiplied and divided.
pub fn dynamic_size(size: &Size) -> Dynamic {
    match size.known() {
        Some(n) => Dynamic::from(n as INT),
        None => Dynamic::from(size.clone()),
    }
}

/// The size that a value is.
pub fn size_of(value: &Dynamic) -> Option<Size> {
    match value.as_int() {
        Ok(n) => usize::try_from(n).ok().map(Size::fixed),
        Err(_) => value.clone().try_cast::<Size>(),
    }
}
