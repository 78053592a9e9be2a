//! What is known of a picture before it is unpacked.

/// A picture's size and what else decides its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) struct Header {
    pub height: usize,
    pub width: usize,
    /// Some pixels may let through what is behind.
    pub transparent: bool,
    /// More than 8 bits a channel.
    pub deep: bool,
}
