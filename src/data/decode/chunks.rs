//! The blocks of a PNG.

/// The chunks after the signature: where each starts, its name, and where it ends.
pub(super) fn png_chunks(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8], usize)> {
    let mut at = 8;
    std::iter::from_fn(move || {
        let head = bytes.get(at..at + 8)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let start = at;
        at = at.saturating_add(length).saturating_add(12);
        Some((start, &head[4..], at))
    })
}
