use super::*;
use crate::data::{Draws, Silent, Source};

fn pixels(split: Split, n: usize) -> Vec<Vec<u8>> {
    let shapes = Shapes::new(split, n);
    let picture = |i| match &shapes.read(i, Draws::STILL).unwrap()[0] {
        Sample::Image(image) => image.pixels.clone(),
        other => panic!("{other:?}"),
    };
    (0..n).map(picture).collect()
}

fn hash(pictures: &[Vec<u8>]) -> String {
    blake3::hash(&pictures.concat()).to_hex()[..16].to_owned()
}

/// The same pictures on every machine, and after every change of the program: a change of these hashes is a change of the
/// data set and raises `VERSION`.
#[test]
fn the_pictures_are_known() {
    assert_eq!(hash(&pixels(Split::Train, 100)), "e2edac95a8dac43e");
    assert_eq!(hash(&pixels(Split::Valid, 100)), "aa9209e3c5305f54");
    assert_eq!(hash(&pixels(Split::Test, 100)), "9fb65ab2af04170f");
}

#[test]
fn splits_are_balanced_and_begin_alike() {
    let shapes = Shapes::new(Split::Train, 200);
    let mut counts = [0; 10];
    for i in 0..200 {
        let class = shapes.class(i).unwrap().unwrap();
        counts[class as usize] += 1;
        assert!(
            matches!(shapes.read(i, Draws::STILL).unwrap()[1], Sample::Label(label) if label == class)
        );
    }
    assert_eq!(counts, [20; 10]);
    assert_eq!(pixels(Split::Valid, 10), pixels(Split::Valid, 30)[..10]);
    assert!(shapes.read(200, Draws::STILL).is_err());
}

/// A ground, a place or a brightness that told the turn would let RotNet pass without looking at the figure.
#[test]
fn the_mean_picture_knows_no_turn() {
    let pictures = pixels(Split::Train, 4000);
    let side = draw::SIDE;
    let (mut quarters, mut counts) = ([0f64; 4], [0f64; 4]);
    for picture in &pictures {
        for (i, pixel) in picture.chunks_exact(3).enumerate() {
            let (x, y) = ((i % side) as f64 - 15.5, (i / side) as f64 - 15.5);
            let value = pixel.iter().map(|c| f64::from(*c)).sum::<f64>() / 3.0;
            let quarter = match (x > y, x > -y) {
                (true, true) => 0,
                (false, true) => 1,
                (false, false) => 2,
                (true, false) => 3,
            };
            quarters[quarter] += value;
            counts[quarter] += 1.0;
        }
    }
    for (sum, count) in quarters.iter_mut().zip(counts) {
        *sum /= count;
    }
    let (low, high) = quarters
        .iter()
        .fold((f64::MAX, f64::MIN), |(l, h), q| (l.min(*q), h.max(*q)));
    assert!(high - low < 4.0, "{quarters:?}");
}

/// What `normalization` says is what the pictures have.
#[test]
fn the_statistics_are_those_of_the_pictures() {
    let pictures = pixels(Split::Train, 2000);
    let said = Shapes::new(Split::Train, 1).normalization().unwrap();
    for channel in 0..3 {
        let values = || {
            let pixels = pictures.iter().flat_map(|p| p.chunks_exact(3));
            pixels.map(move |pixel| f64::from(pixel[channel]) / 255.0)
        };
        let n = values().count() as f64;
        let mean = values().sum::<f64>() / n;
        let std = (values().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        assert!(
            (mean - f64::from(said.mean[channel])).abs() < 0.02,
            "{channel}: {mean}"
        );
        assert!(
            (std - f64::from(said.std[channel])).abs() < 0.02,
            "{channel}: {std}"
        );
    }
}

#[test]
fn splits_have_the_sizes_of_the_recipe() {
    let source = crate::data::test_help::open("shapes", &[]).unwrap();
    let Source::All(splits) = source else {
        panic!()
    };
    let lens: Vec<usize> = splits.parts.values().map(|part| part.len()).collect();
    assert_eq!(lens, [10_000, 1_000, 2_000]);
    assert!(splits.remarks.is_empty());
    let manifest = |split| splits.parts[&split].manifest(&Silent).unwrap();
    assert_ne!(manifest(Split::Train), manifest(Split::Test));
}
