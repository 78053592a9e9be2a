//! Whether all pictures of a data set have one size, and which.

use crate::data::{DataError, Image};

/// What is known of the size of a data set's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum PictureSize {
    /// Any; transforms must make them equal.
    Any,
    /// All that were looked at have this height and width. Another one is the augment's affair: it makes one size of them, or the
    /// batch refuses it.
    Seen(usize, usize),
    /// This height and width, or it is an error.
    Fixed(usize, usize),
}

impl PictureSize {
    /// The size that these have in common.
    pub(in crate::data) fn common(sizes: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut sizes = sizes.into_iter();
        match sizes.next() {
            Some(first) if sizes.all(|other| other == first) => Self::Seen(first.0, first.1),
            _ => Self::Any,
        }
    }

    /// The `(height, width)` that a field's type shows.
    pub(in crate::data) fn shown(self) -> (Option<usize>, Option<usize>) {
        match self {
            Self::Any => (None, None),
            Self::Seen(height, width) | Self::Fixed(height, width) => (Some(height), Some(width)),
        }
    }

    /// Refuses a picture of another size. `name` says which picture it is.
    pub(in crate::data) fn check(
        self,
        image: &Image,
        name: &dyn Fn() -> String,
    ) -> Result<(), DataError> {
        match self {
            Self::Fixed(height, width) if (height, width) != (image.height, image.width) => {
                Err(DataError::new(format!(
                    "{} is {} × {} pixels, not {height} × {width}",
                    name(),
                    image.height,
                    image.width
                ))
                .help("say `size = any` and let the augment crop or resize"))
            }
            _ => Ok(()),
        }
    }
}
