use std::io::Cursor;

use super::super::test_help::png;
use super::*;

fn jpeg(height: u32, width: u32) -> Vec<u8> {
    let rgb = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 8) as u8, (y * 8) as u8, 128])
    });
    let mut out = Cursor::new(Vec::new());
    rgb.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    out.into_inner()
}

#[test]
fn png_is_exact_in_both_modes() {
    let bytes = png(2, 3, |y, x| [y as u8 * 100, x as u8 * 50, 30]);
    assert_eq!(size(&bytes).unwrap(), (2, 3));
    let image = decode(&bytes, Channels::Rgb).unwrap();
    assert_eq!((image.height, image.width, image.channels), (2, 3, 3));
    assert_eq!(image.pixels[15..], [100, 100, 30]);
    // Pillow: Image.new("RGB", (1, 1), (100, 100, 30)).convert("L") and the like
    let grey = decode(&bytes, Channels::Grey).unwrap();
    assert_eq!(grey.pixels, [3, 33, 62, 33, 63, 92]);
}

#[test]
fn grey_and_transparent_pictures_become_rgb() {
    let encode = |picture: DynamicImage| {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
        out.into_inner()
    };
    let grey = image::GrayImage::from_raw(2, 1, vec![7, 200]).unwrap();
    let bytes = encode(DynamicImage::ImageLuma8(grey));
    assert_eq!(
        decode(&bytes, Channels::Rgb).unwrap().pixels,
        [7, 7, 7, 200, 200, 200]
    );
    assert_eq!(decode(&bytes, Channels::Grey).unwrap().pixels, [7, 200]);
    let clear = image::RgbaImage::from_raw(1, 1, vec![10, 20, 30, 0]).unwrap();
    let bytes = encode(DynamicImage::ImageRgba8(clear));
    assert_eq!(decode(&bytes, Channels::Rgb).unwrap().pixels, [10, 20, 30]);
}

#[test]
fn what_is_no_picture_is_refused() {
    assert!(decode(b"", Channels::Rgb).is_err());
    assert!(decode(b"GIF89a......", Channels::Rgb).is_err());
    let bytes = jpeg(32, 32);
    assert!(decode(&bytes, Channels::Rgb).is_ok());
    assert!(
        decode(&bytes[..bytes.len() / 2], Channels::Rgb).is_err(),
        "half a JPEG"
    );
    let bytes = png(16, 16, |y, x| [y as u8, x as u8, 0]);
    assert!(
        decode(&bytes[..bytes.len() / 2], Channels::Rgb).is_err(),
        "half a PNG"
    );
}

#[test]
fn a_common_size_is_one_that_all_have() {
    assert_eq!(
        PictureSize::common([(2, 3), (2, 3)]),
        PictureSize::Fixed(2, 3)
    );
    assert_eq!(PictureSize::common([(2, 3), (3, 2)]), PictureSize::Any);
    assert_eq!(PictureSize::common([]), PictureSize::Any);
    let image = Image::new(vec![0; 6], 2, 3, 1);
    let check = |size: PictureSize| size.check(&image, &|| "x.png (picture 4)".into());
    assert!(check(PictureSize::Any).is_ok() && check(PictureSize::Fixed(2, 3)).is_ok());
    let error = check(PictureSize::Fixed(3, 2)).unwrap_err();
    assert_eq!(
        error.message,
        "x.png (picture 4) is 2 × 3 pixels, the others are 3 × 2"
    );
}
