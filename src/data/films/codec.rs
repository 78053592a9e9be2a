//! What a film is packed with, by the first bytes and a few boxes: said where the program that reads it is not installed.

use std::fs::File;

use crate::data::regular;

/// Bytes of an MP4's table of contents that are looked through.
const BOXES: u64 = 64 << 20;
/// Bytes at the start of a Matroska in which its streams are told.
const START: usize = 64 << 10;

/// The kind of file, and what its pictures are packed with where that is seen.
pub(super) fn of(file: &File) -> String {
    let mut start = vec![0; START];
    let length = file.metadata().map_or(0, |about| about.len());
    start.truncate(length.min(START as u64) as usize);
    if regular::read_at(file, &mut start, 0).is_err() {
        return "it is a film".into();
    }
    let (kind, codec) = if start.get(4..8) == Some(b"ftyp") || start.get(4..8) == Some(b"moov") {
        ("MP4", mp4(file, length))
    } else if start.starts_with(b"\x1a\x45\xdf\xa3") {
        ("Matroska or WebM", matroska(&start))
    } else if start.starts_with(b"RIFF") {
        let head = super::avi::head(file);
        ("AVI", head.ok().map(|head| head.codec))
    } else {
        return "it is a film of a kind that is not read here".into();
    };
    match codec {
        Some(codec) => format!("it is {kind} with {}", named(&codec)),
        None => format!("it is {kind}"),
    }
}

/// What people call it.
fn named(codec: &str) -> String {
    let known = match codec.to_ascii_lowercase().as_str() {
        "avc1" | "avc3" | "h264" | "x264" | "v_mpeg4/iso/avc" => "H.264",
        "hvc1" | "hev1" | "hevc" | "v_mpegh/iso/hevc" => "HEVC",
        "vp08" | "vp80" | "v_vp8" => "VP8",
        "vp09" | "vp90" | "v_vp9" => "VP9",
        "av01" | "v_av1" => "AV1",
        "mp4v" | "xvid" | "divx" | "dx50" | "fmp4" => "MPEG-4",
        "mp43" | "div3" => "MS-MPEG-4",
        "cvid" => "Cinepak",
        _ => return format!("`{codec}`"),
    };
    known.to_owned()
}

/// The name of the first track of pictures: `moov/trak/mdia/minf/stbl/stsd`.
fn mp4(file: &File, length: u64) -> Option<String> {
    let (from, to) = inside(file, (0, length), b"moov", 0)?;
    for at in 0..64 {
        let track = inside(file, (from, to), b"trak", at)?;
        let media = inside(file, track, b"mdia", 0)?;
        let (handler, _) = inside(file, media, b"hdlr", 0)?;
        let mut kind = [0; 4];
        regular::read_at(file, &mut kind, handler + 8).ok()?;
        if &kind != b"vide" {
            continue;
        }
        let about = inside(file, media, b"minf", 0)?;
        let table = inside(file, about, b"stbl", 0)?;
        let (entries, _) = inside(file, table, b"stsd", 0)?;
        let mut name = [0; 4];
        regular::read_at(file, &mut name, entries + 12).ok()?;
        return Some(name.escape_ascii().to_string());
    }
    None
}

/// Where the content of box `at` of this name lies in `from..to`.
fn inside(
    file: &File,
    (mut from, to): (u64, u64),
    name: &[u8; 4],
    at: usize,
) -> Option<(u64, u64)> {
    let mut left = at;
    for _ in 0..4096 {
        let mut head = [0; 16];
        let room = to.checked_sub(from)?.min(16) as usize;
        regular::read_at(file, &mut head[..room], from).ok()?;
        let word = |at: usize| {
            u64::from(u32::from_be_bytes([
                head[at],
                head[at + 1],
                head[at + 2],
                head[at + 3],
            ]))
        };
        let (start, length) = match (room, word(0)) {
            (..8, _) => return None,
            // what is longer than four bytes can say, and what goes on to the end
            (16, 1) => (16, word(8) << 32 | word(12)),
            (_, 0) => (8, to - from),
            (_, length) => (8, length),
        };
        let end = from
            .checked_add(length)
            .filter(|_| length >= start)?
            .min(to);
        if &head[4..8] == name {
            if left == 0 {
                return (end - from <= BOXES).then_some((from + start, end));
            }
            left -= 1;
        }
        from = end;
    }
    None
}

/// The name of the first stream of pictures: `V_VP9`.
fn matroska(start: &[u8]) -> Option<String> {
    let at = start.windows(2).position(|two| two == b"V_")?;
    let name = start[at..].iter().take(32);
    let name = name.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/'));
    Some(name.map(|byte| char::from(*byte)).collect())
}
