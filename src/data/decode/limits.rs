//! How large a picture may be: a file of a hundred bytes may claim to be sixty thousand pixels wide.

use image::Limits;

/// Pixels a side.
const SIDE: u32 = 1 << 15;
/// Bytes of one decoded picture, and of what a decoder holds beside it.
const BYTES: u64 = 512 << 20;
/// Bytes that a decoder may take to read a header.
const HEADER_BYTES: u64 = 16 << 20;

/// Refuses what is too large to decode.
pub(in crate::data) fn check(width: u32, height: u32, bytes_per_pixel: u8) -> Result<(), String> {
    let bytes = u64::from(width) * u64::from(height) * u64::from(bytes_per_pixel);
    if width == 0 || height == 0 {
        return Err(format!("it says it is {height} × {width} pixels"));
    }
    if width > SIDE || height > SIDE || bytes > BYTES {
        return Err(format!(
            "it says it is {height} × {width} pixels, which is more than is read ({SIDE} a side, {} MiB in all)",
            BYTES >> 20
        ));
    }
    Ok(())
}

/// For the decoders of `image`.
pub(super) fn decoding() -> Limits {
    limits(BYTES)
}

/// The same where only the size is asked for.
pub(super) fn header() -> Limits {
    limits(HEADER_BYTES)
}

fn limits(bytes: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    limits.max_alloc = Some(bytes);
    limits
}
