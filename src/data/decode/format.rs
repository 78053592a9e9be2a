//! Which format a file has: by its first bytes, whatever its name says.

use image::ImageFormat;

/// Names that pictures have. Other files are pictures where their first bytes say so.
const ENDINGS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "jif", "png", "apng", "webp", "bmp", "dib", "gif", "pgm", "ppm",
    "pbm", "pnm", "tif", "tiff",
];
/// Names of files that are never pictures: not opened to find out, since there may be one beside every picture.
const NO_PICTURES: &[&str] = &[
    "txt", "json", "jsonl", "csv", "tsv", "xml", "md", "html", "yaml", "yml", "toml", "npy", "npz",
    "mat", "pt", "pth", "h5", "hdf5", "pkl", "log", "ini", "db", "parquet", "zip", "tar", "gz",
    "py", "sh", "ssl", "pdf", "svg", "mp4", "avi", "mov", "wav", "mp3",
];

/// What the first bytes say that is never read, and what to do about it.
const KNOWN: &[(usize, &[u8], &str)] = &[
    (
        0,
        b"version https://git-lfs",
        "it is a pointer of Git LFS, not the picture itself: run `git lfs pull`",
    ),
    (
        4,
        b"ftyphei",
        "it is HEIC, which is not read: convert it to JPEG or PNG",
    ),
    (
        4,
        b"ftypmif1",
        "it is HEIF, which is not read: convert it to JPEG or PNG",
    ),
    (
        4,
        b"ftypavif",
        "it is AVIF, which is not read: convert it to JPEG, PNG or WebP",
    ),
    (
        0,
        b"\x00\x00\x00\x0cjP  ",
        "it is JPEG 2000, which is not read: convert it to PNG",
    ),
    (
        0,
        b"\xff\x0a",
        "it is JPEG XL, which is not read: convert it to PNG",
    ),
    (0, b"<", "it is text (HTML, XML or SVG), not a picture"),
    (0, b"{", "it is text, not a picture"),
    (0, b"%PDF", "it is a PDF, not a picture"),
    (0, b"PK\x03\x04", "it is a ZIP archive, not a picture"),
];

fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    (!stem.is_empty()).then(|| ending.to_ascii_lowercase())
}

/// Whether a file of this name is a picture; `None` where its name does not say.
pub(in crate::data) fn is_picture_name(name: &str) -> Option<bool> {
    let ending = ending(name)?;
    if ENDINGS.contains(&ending.as_str()) {
        return Some(true);
    }
    NO_PICTURES.contains(&ending.as_str()).then_some(false)
}

/// Whether these first bytes of a file are those of a picture that is read.
pub(in crate::data) fn starts_as_picture(bytes: &[u8]) -> bool {
    of(bytes).is_ok()
}

/// The format of these bytes.
pub(super) fn of(bytes: &[u8]) -> Result<ImageFormat, String> {
    // offsets of 64 bits
    if bytes.starts_with(b"II+\0") || bytes.starts_with(b"MM\0+") {
        return Ok(ImageFormat::Tiff);
    }
    match image::guess_format(bytes) {
        Ok(
            format @ (ImageFormat::Jpeg
            | ImageFormat::Png
            | ImageFormat::WebP
            | ImageFormat::Bmp
            | ImageFormat::Gif
            | ImageFormat::Pnm
            | ImageFormat::Tiff),
        ) => Ok(format),
        _ => Err(what_else(bytes)),
    }
}

fn what_else(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "it is empty".into();
    }
    if bytes.iter().take(512).all(|byte| *byte == 0) {
        return "it holds zeros, not a picture".into();
    }
    let found = KNOWN
        .iter()
        .find(|(at, start, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(start)));
    found.map_or(
        "it is no JPEG, PNG, WebP, TIFF, BMP, GIF or PNM".to_owned(),
        |(_, _, what)| (*what).to_owned(),
    )
}
