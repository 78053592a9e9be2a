//! Events in protocol buffers, and the records that they are stored in.

/// The polynomial of CRC-32C (Castagnoli, 1993), its bits in reverse.
const POLYNOMIAL: u32 = 0x82f6_3b78;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (POLYNOMIAL & 0u32.wrapping_sub(crc & 1));
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// CRC-32C, turned and shifted as records have it: a checksum of data that hold checksums.
fn masked(bytes: &[u8]) -> u32 {
    let next = |crc: u32, byte: &u8| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    let crc = !bytes.iter().fold(u32::MAX, next);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A record of these bytes.
pub(super) fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut out = Vec::with_capacity(bytes.len() + 16);
    out.extend(length);
    out.extend(masked(&length).to_le_bytes());
    out.extend(bytes);
    out.extend(masked(bytes).to_le_bytes());
    out
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Kinds of fields: a varint, eight bytes, bytes with their length, four bytes.
const VARINT: u64 = 0;
const EIGHT: u64 = 1;
const BYTES: u64 = 2;
const FOUR: u64 = 5;

fn key(field: u64, kind: u64, out: &mut Vec<u8>) {
    varint((field << 3) | kind, out);
}

fn bytes(field: u64, content: &[u8], out: &mut Vec<u8>) {
    key(field, BYTES, out);
    varint(content.len() as u64, out);
    out.extend(content);
}

fn number(field: u64, number: u64, out: &mut Vec<u8>) {
    key(field, VARINT, out);
    varint(number, out);
}

/// `Event { wall_time = 1, step = 2, .. }`; a field of its default value is not written.
fn event(wall: f64, step: i64) -> Vec<u8> {
    let mut out = Vec::new();
    key(1, EIGHT, &mut out);
    out.extend(wall.to_le_bytes());
    if step != 0 {
        number(2, step as u64, &mut out);
    }
    out
}

/// What a file begins with: `file_version = 3`.
pub(super) fn version(wall: f64) -> Vec<u8> {
    let mut out = event(wall, 0);
    bytes(3, b"brain.Event:2", &mut out);
    out
}

/// `summary = 5 { value = 1 { tag = 1, .. } }`
fn value(wall: f64, step: i64, tag: &str, more: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    bytes(1, tag.as_bytes(), &mut value);
    value.extend(more);
    let mut summary = Vec::new();
    bytes(1, &value, &mut summary);
    let mut out = event(wall, step);
    bytes(5, &summary, &mut out);
    out
}

/// A number: `simple_value = 2`.
pub(super) fn scalar(wall: f64, step: i64, tag: &str, number: f32) -> Vec<u8> {
    let mut more = Vec::new();
    key(2, FOUR, &mut more);
    more.extend(number.to_le_bytes());
    value(wall, step, tag, &more)
}

/// A PNG: `image = 4 { height = 1, width = 2, colorspace = 3, encoded_image_string = 4 }`; `None` where it is none.
pub(super) fn picture(wall: f64, step: i64, tag: &str, png: &[u8]) -> Option<Vec<u8>> {
    let header = png.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(..18)?;
    let size = |at: usize| {
        let four: [u8; 4] = header[at..at + 4].try_into().ok()?;
        Some(u64::from(u32::from_be_bytes(four)))
    };
    let channels = match header[17] {
        0 => 1,
        4 => 2,
        2 | 3 => 3,
        6 => 4,
        _ => return None,
    };
    if header[4..8] != *b"IHDR" {
        return None;
    }
    let mut image = Vec::new();
    number(1, size(12)?, &mut image);
    number(2, size(8)?, &mut image);
    number(3, channels, &mut image);
    bytes(4, png, &mut image);
    let mut more = Vec::new();
    bytes(4, &image, &mut more);
    Some(value(wall, step, tag, &more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc_32c() {
        // RFC 3720, B.4: of 32 zeros, of 32 ones, of the numbers 0 to 31
        let plain = |bytes: &[u8]| masked(bytes).wrapping_sub(0xa282_ead8).rotate_left(15);
        let numbers: Vec<u8> = (0..32).collect();
        assert_eq!(plain(&[0; 32]), 0x8a91_36aa);
        assert_eq!(plain(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(plain(&numbers), 0x46dd_794e);
    }

    #[test]
    fn what_is_no_picture_is_not_shown() {
        assert_eq!(picture(0.0, 0, "x", b"GIF89a"), None);
        assert_eq!(picture(0.0, 0, "x", b"\x89PNG\r\n\x1a\n"), None);
    }
}
