//! Samples, and the types that flow through an augmentation graph.

use std::fmt;
use std::sync::Arc;

use super::Image;

/// The type of one field. Sizes that are not known before a sample is read (pictures in a folder) are `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleType {
    /// `image[c, h, w]`
    Image {
        /// Channels.
        channels: Option<usize>,
        /// Height in pixels.
        height: Option<usize>,
        /// Width in pixels.
        width: Option<usize>,
    },
    /// `mask[h, w]`: 1 or 0 for each pixel. Its value is a picture of one channel.
    Mask {
        /// Height in pixels.
        height: Option<usize>,
        /// Width in pixels.
        width: Option<usize>,
    },
    /// `label(n)`: one of `n` classes.
    Label {
        /// Number of classes.
        classes: Option<usize>,
    },
    /// Words.
    Text,
    /// `x * n`: several of one type.
    List {
        /// The type of each.
        element: Box<SampleType>,
        /// How many.
        count: Option<usize>,
    },
}

impl SampleType {
    /// An image of which nothing else is known.
    pub const IMAGE: SampleType = SampleType::Image {
        channels: None,
        height: None,
        width: None,
    };

    /// A mask of which nothing else is known.
    pub const MASK: SampleType = SampleType::Mask {
        height: None,
        width: None,
    };

    /// `image[c, h, w]`
    pub fn image(channels: usize, height: usize, width: usize) -> Self {
        SampleType::Image {
            channels: Some(channels),
            height: Some(height),
            width: Some(width),
        }
    }

    /// `label(n)`
    pub fn label(classes: usize) -> Self {
        SampleType::Label {
            classes: Some(classes),
        }
    }

    /// A list of `count` elements.
    pub fn list(element: SampleType, count: Option<usize>) -> Self {
        SampleType::List {
            element: Box::new(element),
            count,
        }
    }

    /// Whether a value of type `self` may stand where `wanted` is asked for: same shape of type, and equal sizes
    /// wherever both know them.
    pub fn fits(&self, wanted: &SampleType) -> bool {
        fn same(a: &Option<usize>, b: &Option<usize>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        match (self, wanted) {
            (
                SampleType::Image {
                    channels: c,
                    height: h,
                    width: w,
                },
                SampleType::Image {
                    channels,
                    height,
                    width,
                },
            ) => same(c, channels) && same(h, height) && same(w, width),
            (
                SampleType::Mask {
                    height: h,
                    width: w,
                },
                SampleType::Mask { height, width },
            ) => same(h, height) && same(w, width),
            (SampleType::Label { classes: a }, SampleType::Label { classes: b }) => same(a, b),
            (SampleType::Text, SampleType::Text) => true,
            (
                SampleType::List {
                    element: a,
                    count: n,
                },
                SampleType::List {
                    element: b,
                    count: m,
                },
            ) => same(n, m) && a.fits(b),
            _ => false,
        }
    }
}

impl fmt::Display for SampleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |n: &Option<usize>| n.map_or("?".to_owned(), |n| n.to_string());
        match self {
            SampleType::Image {
                channels: None,
                height: None,
                width: None,
            } => write!(f, "image"),
            SampleType::Image {
                channels,
                height,
                width,
            } => write!(
                f,
                "image[{}, {}, {}]",
                size(channels),
                size(height),
                size(width)
            ),
            SampleType::Mask {
                height: None,
                width: None,
            } => write!(f, "mask"),
            SampleType::Mask { height, width } => {
                write!(f, "mask[{}, {}]", size(height), size(width))
            }
            SampleType::Label { classes: None } => write!(f, "label"),
            SampleType::Label { classes } => write!(f, "label({})", size(classes)),
            SampleType::Text => write!(f, "text"),
            SampleType::List {
                element,
                count: Some(n),
            } => write!(f, "{element} * {n}"),
            SampleType::List { element, .. } => write!(f, "list({element})"),
        }
    }
}

/// One value of a sample.
#[derive(Clone, Debug)]
pub enum Sample {
    /// A picture.
    Image(Image),
    /// A class index.
    Label(u32),
    /// Words.
    Text(Arc<str>),
    /// Several of one type.
    List(Vec<Sample>),
    /// Nothing, and why: the label of a record without one. It is an error only where it enters a batch.
    Missing(Arc<str>),
}

/// The fields of a record, in order, with their types.
pub type Fields = Vec<(String, SampleType)>;

/// One record: values in the order of the data set's [`Fields`].
pub type Record = Vec<Sample>;
