//! How encoded pixels become the bytes of an [`Image`](crate::data::Image).

/// Channels a reader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Channels {
    /// Three; grey pictures get three equal ones.
    Rgb,
    /// One: the luma of ITU-R 601, rounded as Pillow rounds it.
    Grey,
}

impl Channels {
    /// The words a recipe uses.
    pub(in crate::data) const WORDS: &'static [&'static str] = &["rgb", "grey"];

    pub(in crate::data) fn from_word(word: &str) -> Self {
        if word == "grey" {
            Channels::Grey
        } else {
            Channels::Rgb
        }
    }

    /// How many.
    pub(in crate::data) fn count(self) -> usize {
        match self {
            Channels::Rgb => 3,
            Channels::Grey => 1,
        }
    }
}

/// Which values of a picture with more than 8 bits a channel become 0 and 255.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::data) enum Depth {
    /// The smallest and the largest that the format has: 0 and 65535, or 0.0 and 1.0.
    Full,
    /// These two.
    Between(f64, f64),
    /// Each picture's own 1st and 99th percentile.
    Percentiles,
}

/// What every picture of a data set is turned into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::data) struct Look {
    /// One or three.
    pub channels: Channels,
    /// What lies behind transparent pixels.
    pub background: [u8; 3],
    /// Of pictures with more than 8 bits a channel.
    pub depth: Depth,
}

impl Look {
    /// On white, the full range.
    pub(in crate::data) fn new(channels: Channels) -> Self {
        Self {
            channels,
            background: [255; 3],
            depth: Depth::Full,
        }
    }

    /// What decides the pixels of the transparent pictures of a data set, for its manifest.
    pub(in crate::data) fn of_transparent(&self) -> String {
        let [r, g, b] = self.background;
        format!("transparent on #{r:02x}{g:02x}{b:02x}")
    }

    /// What decides the pixels of its pictures with more than 8 bits, where that is not the default.
    pub(in crate::data) fn of_deep(&self) -> Option<String> {
        (self.depth != Depth::Full).then(|| format!("range {:?}", self.depth))
    }
}
