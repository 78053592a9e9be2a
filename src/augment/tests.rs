//! The kernels, held against torchvision v2 on PIL images (`tests/fixtures/augment/make.py`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::resample::{Window, resample};
use super::{
    Scratch, center_crop, channels, color_jitter, gaussian_blur, grayscale, hflip, hue, normalize,
    quarter_turn, random_crop, resize, solarize,
};
use crate::data::{Image, Normalization};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/augment")
}

fn open(name: &str) -> Image {
    let picture = image::open(folder().join(name)).unwrap();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    match picture {
        image::DynamicImage::ImageLuma8(grey) => Image::new(grey.into_raw(), height, width, 1),
        other => Image::new(other.into_rgb8().into_raw(), height, width, 3),
    }
}

fn index() -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join("cases.json")).unwrap()).unwrap()
}

/// What our kernel makes of a case, and how far it may be off (in 255ths).
fn run(op: &str, mut image: Image, p: &Value) -> (Image, u8) {
    let scratch = &mut Scratch::default();
    let size = |name: &str| p[name].as_u64().unwrap() as usize;
    let number = |name: &str| p[name].as_f64().unwrap();
    match op {
        "hflip" => hflip::flip(&mut image),
        "quarter_turn" => image = quarter_turn::rotate(&image, size("turn") as u32, scratch),
        "random_crop" => {
            let (top, left, padding, size) =
                (size("top"), size("left"), size("padding"), size("size"));
            image = random_crop::crop(&image, top, left, padding, size, size, scratch);
        }
        "center_crop" => {
            let size = size("size");
            let (top, left) = center_crop::corner(image.height, image.width, size);
            image = random_crop::crop(&image, top, left, 0, size, size, scratch);
        }
        // the resampler's weights have 16 bits, PIL's 22
        "resize" => {
            let both = p["sides"] == "both";
            let (h, w) = resize::shape(image.height, image.width, size("size"), both);
            let window = Window::whole(&image);
            return (resample(&image, window, h, w, scratch).unwrap(), 2);
        }
        "random_resized_crop" => {
            let at = |i: usize| p["box"][i].as_u64().unwrap() as usize;
            let window = Window {
                top: at(0),
                left: at(1),
                height: at(2),
                width: at(3),
            };
            let side = size("size");
            return (resample(&image, window, side, side, scratch).unwrap(), 2);
        }
        "brightness" => color_jitter::brightness(&mut image, number("factor") as f32),
        "contrast" => color_jitter::contrast(&mut image, number("factor") as f32),
        "saturation" => color_jitter::saturation(&mut image, number("factor") as f32),
        "hue" => {
            hue::shift_hue(&mut image, number("factor"));
            return (image, 2);
        }
        "grayscale" => grayscale::grayscale(&mut image),
        "gaussian_blur" => {
            gaussian_blur::blur(&mut image, size("kernel"), number("sigma"), scratch)
        }
        "solarize" => solarize::solarize(&mut image, number("threshold")),
        "to_rgb" | "to_grey" if p["channels"].as_u64() == Some(image.channels as u64) => {}
        "to_rgb" | "to_grey" => {
            let (mut pixels, channels) = (Vec::new(), size("channels"));
            channels::converted(&image.pixels, channels, &mut pixels);
            image = Image::new(pixels, image.height, image.width, channels);
            return (image, 0);
        }
        other => panic!("no kernel for {other}"),
    }
    (image, 1)
}

#[test]
fn kernels_agree_with_torchvision() {
    let index = index();
    let mut far = Vec::new();
    let cases = index["cases"].as_array().unwrap();
    assert!(cases.len() > 100);
    for case in cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let expected = open(text("output"));
        let (got, tolerance) = run(text("op"), open(text("input")), &case["parameters"]);
        let shape = |image: &Image| (image.height, image.width, image.channels);
        assert_eq!(shape(&got), shape(&expected), "{case}");
        let pairs = got.pixels.iter().zip(&expected.pixels);
        let differences: Vec<u8> = pairs.map(|(a, b)| a.abs_diff(*b)).collect();
        let largest = differences.iter().copied().max().unwrap();
        let unequal = differences.iter().filter(|d| **d > 0).count();
        if std::env::var_os("SHOW_DIFFERENCES").is_some() && unequal > 0 {
            println!(
                "{} of {} differ, at most by {largest}: {case}",
                unequal,
                differences.len()
            );
        }
        if largest > tolerance {
            far.push(format!("off by {largest}/255: {case}"));
        }
    }
    assert!(far.is_empty(), "{}", far.join("\n"));
}

#[test]
fn normalize_agrees_with_torchvision() {
    let index = index();
    let case = &index["normalize"];
    let list = |name: &str| -> Vec<f32> {
        let values = case[name].as_array().unwrap().iter();
        values.map(|x| x.as_f64().unwrap() as f32).collect()
    };
    let mut image = open(case["input"].as_str().unwrap());
    let statistics = Normalization {
        mean: list("mean"),
        std: list("std"),
    };
    normalize::note(&mut image, &Arc::new(statistics));
    let (h, w) = (image.height, image.width);
    let mut tensor = vec![0f32; 3 * h * w];
    image.write_chw(&mut tensor);
    let corner = (0..27).map(|i| tensor[(i / 9) * h * w + (i % 9 / 3) * w + i % 3]);
    for (got, expected) in corner.zip(list("corner")) {
        assert!((got - expected).abs() < 1e-5, "{got} {expected}");
    }
    let sum: f64 = tensor.iter().map(|x| f64::from(*x)).sum();
    assert!((sum - case["sum"].as_f64().unwrap()).abs() < 1e-2, "{sum}");
}
