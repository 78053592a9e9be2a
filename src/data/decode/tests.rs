use image::DynamicImage;
use proptest::prelude::*;

use super::super::test_help::png;
use super::*;

const RGB: Look = Look {
    channels: Channels::Rgb,
    background: [255; 3],
    depth: Depth::Full,
};
const GREY: Look = Look {
    channels: Channels::Grey,
    ..RGB
};

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// A picture without two equal rows.
fn picture(height: u32, width: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, |x, y| {
        let noise = x.wrapping_mul(2_654_435_761).wrapping_add(y * 40_503) >> 7;
        image::Rgb([(x * 8) as u8, (y * 8) as u8, noise as u8])
    }))
}

fn jpeg(height: u32, width: u32) -> Vec<u8> {
    encode(&picture(height, width), ImageFormat::Jpeg)
}

#[test]
fn png_is_exact_in_both_modes() {
    let bytes = png(2, 3, |y, x| [y as u8 * 100, x as u8 * 50, 30]);
    let header = header_of(&bytes).unwrap();
    assert_eq!((header.height, header.width), (2, 3));
    let image = decode(&bytes, &RGB).unwrap();
    assert_eq!((image.height, image.width, image.channels), (2, 3, 3));
    assert_eq!(image.pixels[15..], [100, 100, 30]);
    // Pillow: Image.new("RGB", (1, 1), (100, 100, 30)).convert("L") and the like
    let grey = decode(&bytes, &GREY).unwrap();
    assert_eq!(grey.pixels, [3, 33, 62, 33, 63, 92]);
}

#[test]
fn grey_pictures_become_rgb() {
    let grey = image::GrayImage::from_raw(2, 1, vec![7, 200]).unwrap();
    let bytes = encode(&DynamicImage::ImageLuma8(grey), ImageFormat::Png);
    assert_eq!(
        decode(&bytes, &RGB).unwrap().pixels,
        [7, 7, 7, 200, 200, 200]
    );
    assert_eq!(decode(&bytes, &GREY).unwrap().pixels, [7, 200]);
}

#[test]
fn transparent_pixels_show_the_background_and_not_what_hides_in_them() {
    let clear = image::RgbaImage::from_raw(
        3,
        1,
        vec![
            10, 20, 30, 0, // hidden
            10, 20, 30, 255, // opaque
            100, 0, 200, 51, // a fifth
        ],
    );
    let rgba = DynamicImage::ImageRgba8(clear.unwrap());
    let grey_alpha =
        DynamicImage::ImageLumaA8(image::ImageBuffer::from_raw(2, 1, vec![9, 0, 100, 51]).unwrap());
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        let bytes = encode(&rgba, format);
        assert!(header_of(&bytes).unwrap().transparent, "{format:?}");
        // a fifth of 100 over four fifths of 255 is 224
        assert_eq!(
            decode(&bytes, &RGB).unwrap().pixels,
            [255, 255, 255, 10, 20, 30, 224, 204, 244],
            "{format:?}"
        );
        let on = Look {
            background: [0, 100, 200],
            ..RGB
        };
        assert_eq!(
            decode(&bytes, &on).unwrap().pixels,
            [0, 100, 200, 10, 20, 30, 20, 80, 200],
            "{format:?}"
        );
    }
    let bytes = encode(&grey_alpha, ImageFormat::Png);
    assert_eq!(decode(&bytes, &GREY).unwrap().pixels, [255, 224]);
    assert_eq!(
        decode(&bytes, &RGB).unwrap().pixels,
        [255, 255, 255, 224, 224, 224]
    );
    let on = Look {
        background: [255, 0, 0],
        ..RGB
    };
    assert_eq!(
        decode(&bytes, &on).unwrap().pixels,
        [255, 0, 0, 224, 20, 20]
    );
    // a palette with one transparent colour
    let mut pixels = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut pixels, &[0, 0, 1]).unwrap();
    let file = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0]),
        chunk(b"PLTE", &[10, 20, 30, 40, 50, 60]),
        chunk(b"tRNS", &[0, 255]),
        chunk(b"IDAT", &pixels.finish().unwrap()),
        chunk(b"IEND", &[]),
    ]
    .concat();
    assert!(header_of(&file).unwrap().transparent);
    assert_eq!(
        decode(&file, &RGB).unwrap().pixels,
        [255, 255, 255, 40, 50, 60]
    );
    assert!(!header_of(&png(1, 1, |_, _| [0; 3])).unwrap().transparent);
}

/// A chunk of a PNG, with its sum (CRC-32 of ISO 3309).
fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let sum = name.iter().chain(body).fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 * (sum & 1))
        })
    });
    let length = (body.len() as u32).to_be_bytes();
    [&length[..], name, body, &(!sum).to_be_bytes()].concat()
}

#[test]
fn what_is_no_picture_is_refused_with_what_it_is() {
    for (bytes, says) in [
        (&b""[..], "empty"),
        (&[0; 100][..], "zeros"),
        (b"GIF89a......", ""),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
        (b"<!DOCTYPE html><html>", "text"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"hello", "no JPEG"),
    ] {
        for read in [decode, mend] {
            let error = read(bytes, &RGB).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert!(header_of(bytes).is_err());
    }
}

/// Every format, whole and cut at many places.
#[test]
fn a_picture_that_ends_early_is_an_error_and_can_be_mended() {
    let formats = [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::Gif,
        ImageFormat::Pnm,
    ];
    for format in formats {
        let bytes = encode(&picture(48, 40), format);
        let whole = decode(&bytes, &RGB).unwrap();
        assert_eq!((whole.height, whole.width), (48, 40), "{format:?}");
        assert_eq!(mend(&bytes, &RGB).unwrap(), whole, "{format:?}");
        // the last byte of a GIF says that it ends, that of a WebP may be padding: no pixel depends on them
        let last =
            bytes.len() - usize::from(matches!(format, ImageFormat::Gif | ImageFormat::WebP));
        for cut in [
            0,
            10,
            60,
            bytes.len() / 4,
            bytes.len() / 2,
            bytes.len() * 9 / 10,
            last - 1,
        ] {
            let found = decode(&bytes[..cut], &RGB);
            let said = found.expect_err(&format!("{format:?} cut at {cut}"));
            assert!(!said.contains('\n'), "{format:?} cut at {cut}: {said:?}");
            // a TIFF has its header at its end
            if cut == bytes.len() / 2 && format != ImageFormat::Tiff {
                assert!(said.contains("it is not whole"), "{format:?}: {said}");
            }
        }
        // a TIFF has its header at its end
        if format == ImageFormat::Tiff {
            continue;
        }
        let mended = mend(&bytes[..bytes.len() * 3 / 4], &RGB).unwrap();
        assert_eq!((mended.height, mended.width), (48, 40), "{format:?}");
        let half = whole.pixels.len() / 3;
        // a BMP begins with the last row
        if format != ImageFormat::Bmp {
            assert_eq!(mended.pixels[..half], whole.pixels[..half], "{format:?}");
        }
        assert_ne!(mended.pixels, whole.pixels, "{format:?}");
    }
}

/// An end marker behind half of the data: a decoder fills the rest with grey and says nothing.
#[test]
fn a_jpeg_with_a_false_end_is_not_whole() {
    for (height, width) in [(48, 40), (200, 150), (17, 300)] {
        let bytes = jpeg(height, width);
        assert!(decode(&bytes, &RGB).is_ok());
        for part in [3, 5, 7, 9] {
            let mut cut = bytes[..bytes.len() * part / 10].to_vec();
            cut.extend([0xFF, 0xD9]);
            let found = decode(&cut, &RGB);
            assert!(found.is_err(), "{height} × {width}, {part}");
        }
        // the tail of a file that was never filled
        let mut zeros = bytes.clone();
        let half = zeros.len() / 2;
        zeros[half..].fill(0);
        assert!(decode(&zeros, &RGB).is_err());
        // what comes after the end is no fault of the picture
        let mut more = bytes.clone();
        more.extend(b"trailing bytes of a camera");
        assert_eq!(decode(&more, &RGB).unwrap(), decode(&bytes, &RGB).unwrap());
    }
}

/// `tests/fixtures/jpeg` as in [`jpeg_agrees_with_pillow`].
#[test]
fn a_progressive_jpeg_without_its_last_scans_is_not_whole() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/jpeg");
    let bytes = std::fs::read(folder.join("progressive.jpg")).unwrap();
    let scans: Vec<usize> = (0..bytes.len() - 1)
        .filter(|at| bytes[*at..].starts_with(&[0xFF, 0xDA]))
        .collect();
    assert!(scans.len() > 3);
    for scan in &scans[1..] {
        let mut cut = bytes[..*scan].to_vec();
        cut.extend([0xFF, 0xD9]);
        let error = decode(&cut, &RGB).unwrap_err();
        assert!(error.contains("scans are missing"), "{error}");
        assert!(mend(&cut, &RGB).is_ok());
    }
}

#[test]
fn sixteen_bits_become_eight_by_the_range() {
    let words = vec![0u16, 128, 257, 2047, 4095, 65_535];
    let grey = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(6, 1, words).unwrap();
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let bytes = encode(&DynamicImage::ImageLuma16(grey.clone()), format);
        assert!(header_of(&bytes).unwrap().deep);
        // as `image` itself narrows
        let narrowed = DynamicImage::ImageLuma16(grey.clone())
            .into_luma8()
            .into_raw();
        assert_eq!(decode(&bytes, &GREY).unwrap().pixels, narrowed);
        let look = Look {
            depth: Depth::Between(0.0, 4095.0),
            ..GREY
        };
        assert_eq!(
            decode(&bytes, &look).unwrap().pixels,
            [0, 8, 16, 127, 255, 255]
        );
        let all = (0.0, 65_535.0);
        let found = extent(&bytes).unwrap();
        assert_eq!((found.values, found.range), (all, all));
    }
    // 1st and 99th percentile of 0, 10, …, 1000: 10 and 990
    let words: Vec<u16> = (0..=100).map(|n| n * 10).collect();
    let grey = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(101, 1, words).unwrap();
    let bytes = encode(&DynamicImage::ImageLuma16(grey), ImageFormat::Png);
    let look = Look {
        depth: Depth::Percentiles,
        ..GREY
    };
    let pixels = decode(&bytes, &look).unwrap().pixels;
    assert_eq!(
        (pixels[0], pixels[1], pixels[99], pixels[100]),
        (0, 0, 255, 255)
    );
    assert_eq!(pixels[50], 128);
    // 8 bits have no other range
    let bytes = png(1, 1, |_, _| [9; 3]);
    assert_eq!(decode(&bytes, &look).unwrap().pixels, [9]);
    assert_eq!(extent(&bytes), None);
}

/// Floats, signed numbers and 32 bits, as instruments write them.
#[test]
fn tiffs_of_instruments_are_read() {
    use ::tiff::encoder::{TiffEncoder, colortype};
    fn write<C: colortype::ColorType>(values: &[C::Inner]) -> Vec<u8>
    where
        [C::Inner]: ::tiff::encoder::TiffValue,
    {
        let mut out = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut out).unwrap();
        encoder.write_image::<C>(3, 1, values).unwrap();
        out.into_inner()
    }
    let read = |bytes: &[u8]| decode(bytes, &GREY).unwrap().pixels;
    let floats = write::<colortype::Gray32Float>(&[-1.0, 0.5, 2.0]);
    assert_eq!(read(&floats), [0, 128, 255]);
    assert!(header_of(&floats).unwrap().deep);
    let found = extent(&floats).unwrap();
    assert_eq!((found.values, found.range), ((-1.0, 2.0), (0.0, 1.0)));
    let look = Look {
        depth: Depth::Between(-1.0, 2.0),
        ..GREY
    };
    assert_eq!(decode(&floats, &look).unwrap().pixels, [0, 128, 255]);
    assert_eq!(
        read(&write::<colortype::Gray32>(&[0, u32::MAX / 2, u32::MAX])),
        [0, 128, 255]
    );
    assert_eq!(
        read(&write::<colortype::GrayI16>(&[i16::MIN, 0, i16::MAX])),
        [0, 128, 255]
    );
}

#[test]
fn a_small_file_that_claims_to_be_huge_is_refused() {
    // a PNG header of 60000 × 60000, and a JPEG's
    let mut file = png(1, 1, |_, _| [0; 3]);
    file[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    file[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    assert!(decode(&file, &RGB).is_err());
    assert_eq!(header_of(&file).unwrap().width, 60_000);
    let mut file = jpeg(16, 16);
    let frame = file.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    let error = decode(&file, &RGB).unwrap_err();
    assert!(error.contains("60000 × 60000"), "{error}");
    assert_eq!(header_of(&file).unwrap().height, 60_000);
}

/// A colour profile and texts of a gigabyte of zeros each: nobody unpacks them.
#[test]
fn what_no_pixel_depends_on_is_not_unpacked() {
    let mut zeros = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(0), 64 << 20),
        &mut zeros,
    )
    .unwrap();
    let zeros = zeros.finish().unwrap();
    let plain = png(2, 3, |y, x| [y as u8, x as u8, 7]);
    let mut bytes = plain[..33].to_vec();
    for (name, head) in [
        (b"iCCP", &b"p\0\0"[..]),
        (b"zTXt", b"p\0\0"),
        (b"iTXt", b"p\0\x01\0\0\0"),
    ] {
        let body = [&name[..], head, &zeros].concat();
        bytes.extend((body.len() as u32 - 4).to_be_bytes());
        bytes.extend(&body);
        // a wrong sum: whoever looked into the chunk would refuse it
        bytes.extend([0; 4]);
    }
    bytes.extend(&plain[33..]);
    assert_eq!(decode(&bytes, &RGB).unwrap(), decode(&plain, &RGB).unwrap());
    let began = std::time::Instant::now();
    assert_eq!(header_of(&bytes).unwrap().width, 3);
    assert!(began.elapsed().as_millis() < 50);
}

#[test]
fn names_and_first_bytes_say_what_a_picture_is() {
    for name in [
        "a.jpg", "a.JPE", "b.jfif", "c.WebP", "d.TIF", "e.bmp", "f.gif", "x.pgm",
    ] {
        assert_eq!(is_picture_name(name), Some(true), "{name}");
    }
    for name in ["a.txt", "a.json", "a.jpg.csv"] {
        assert_eq!(is_picture_name(name), Some(false), "{name}");
    }
    for name in ["a", "a.img", "jpg", ".jpg", "a."] {
        assert_eq!(is_picture_name(name), None, "{name}");
    }
    let bytes = encode(&picture(4, 4), ImageFormat::WebP);
    assert!(starts_as_picture(&bytes[..32]));
    assert!(!starts_as_picture(b"no picture at all, just a line"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the bytes, an answer: never a panic, never more memory than a picture may have.
    #[test]
    fn damaged_bytes_never_panic(
        which in 0usize..7,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        keep in any::<bool>(),
    ) {
        let format = [
            ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP,
            ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Pnm, ImageFormat::Tiff,
        ][which];
        let mut bytes = encode(&picture(24, 20), format);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if !keep {
            bytes.truncate(cut.index(bytes.len()));
        }
        for look in [RGB, GREY] {
            let _ = header_of(&bytes);
            let whole = decode(&bytes, &look);
            let mended = mend(&bytes, &look);
            if let Ok(image) = &whole {
                prop_assert_eq!(image.pixels.len(), image.height * image.width * image.channels);
                prop_assert!(mended.is_ok());
            }
        }
    }
}

#[test]
fn a_common_size_is_one_that_all_have() {
    assert_eq!(
        PictureSize::common([(2, 3), (2, 3)]),
        PictureSize::Seen(2, 3)
    );
    assert_eq!(PictureSize::common([(2, 3), (3, 2)]), PictureSize::Any);
    assert_eq!(PictureSize::common([]), PictureSize::Any);
    let image = Image::new(vec![0; 6], 2, 3, 1);
    let check = |size: PictureSize| size.check(&image, &|| "x.png (picture 4)".into());
    assert!(check(PictureSize::Any).is_ok() && check(PictureSize::Fixed(2, 3)).is_ok());
    assert!(check(PictureSize::Seen(3, 2)).is_ok());
    let error = check(PictureSize::Fixed(3, 2)).unwrap_err();
    assert_eq!(
        error.message,
        "x.png (picture 4) is 2 × 3 pixels, not 3 × 2"
    );
}

/// Against Pillow's pixels (`tests/fixtures/jpeg/make.py`): inverse transforms and the interpolation of colour round
/// differently, so single values differ; a wrong interpolation would differ by tens.
#[test]
fn jpeg_agrees_with_pillow() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/jpeg");
    for (name, most, mean) in [
        ("c444", 2, 0.05),
        ("grey", 1, 0.05),
        ("c420", 3, 0.5),
        ("c420_odd", 3, 0.5),
        ("c422", 3, 0.3),
        ("progressive", 3, 0.5),
    ] {
        let read = |end: &str| std::fs::read(folder.join(format!("{name}.{end}"))).unwrap();
        let ours = decode(&read("jpg"), &RGB).unwrap().pixels;
        let pillow = read("rgb");
        assert_eq!(ours.len(), pillow.len());
        let apart = || {
            ours.iter()
                .zip(&pillow)
                .map(|(a, b)| u32::from(a.abs_diff(*b)))
        };
        let (worst, sum) = (apart().max().unwrap(), apart().sum::<u32>());
        let average = f64::from(sum) / ours.len() as f64;
        assert!(
            worst <= most && average <= mean,
            "{name}: {worst} {average}"
        );
    }
}
