use super::*;
use crate::data::Silent;

/// A clip of so many frames of 4 × 3 pixels with a mask each, in two colours.
fn clip(root: &Path, name: &str, frames: usize, resolution: &str) {
    for at in 0..frames {
        for (folder, pixels) in [
            (FOLDERS[0], [[at as u8, 9, 9]; 12]),
            (
                FOLDERS[1],
                std::array::from_fn(|i| match i {
                    0..4 => [0, 128, 0],
                    4..6 => [128, 0, 0],
                    _ => [0; 3],
                }),
            ),
        ] {
            let path = root.join(folder).join(resolution).join(name);
            fs::create_dir_all(&path).unwrap();
            let picture = image::RgbImage::from_raw(4, 3, pixels.concat()).unwrap();
            picture.save(path.join(format!("{at:05}.png"))).unwrap();
        }
    }
}

fn opened(root: &Path, things: i64) -> Result<Splits> {
    let given = [
        (
            "name",
            crate::catalog::Value::Text(root.display().to_string()),
        ),
        ("things", crate::catalog::Value::Integer(things)),
    ];
    let args = crate::graph::testing::args(&spec(), &given);
    open(&args, &Places::new(root, Default::default(), true).unwrap())
}

#[test]
fn clips_come_with_a_mask_for_each_thing() {
    for resolution in ["", "480p"] {
        let folder = tempfile::tempdir().unwrap();
        clip(folder.path(), "bear", 3, resolution);
        clip(folder.path(), "swan", 3, resolution);
        let splits = opened(folder.path(), 2).unwrap();
        let part = &splits.parts[&Split::Train];
        assert_eq!(part.len(), 2);
        let shown: Vec<String> = part
            .fields()
            .iter()
            .map(|(name, ty)| format!("{name}: {ty}"))
            .collect();
        assert_eq!(
            shown,
            ["clip: clip[3, 3, 3, 4]", "masks: clip[3, 1, 3, 4] * 2"]
        );
        let mut record = part.read(1, Draws::STILL).unwrap();
        assert_eq!(
            record[0].as_clip().unwrap().frames[2].pixels[..3],
            [2, 9, 9]
        );
        let masks = record.remove(1).into_list().unwrap();
        let of = |thing: usize| -> usize {
            let mask = &masks[thing].as_clip().unwrap().frames[1];
            mask.pixels.iter().filter(|value| **value == 255).count()
        };
        // by the numbers of their colours: green is before red
        assert_eq!((of(0), of(1)), (4, 2));
        let mut one = opened(folder.path(), 1).unwrap().parts[&Split::Train]
            .read(0, Draws::STILL)
            .unwrap();
        let masks = one.remove(1).into_list().unwrap();
        let all = masks[0].as_clip().unwrap().frames[0]
            .pixels
            .iter()
            .filter(|value| **value == 255);
        assert_eq!(all.count(), 6);
    }
}

#[test]
fn lists_say_which_clips_are_of_which_split() {
    let folder = tempfile::tempdir().unwrap();
    clip(folder.path(), "bear", 2, "");
    clip(folder.path(), "swan", 4, "");
    let lists = folder.path().join("ImageSets/2017");
    fs::create_dir_all(&lists).unwrap();
    fs::write(lists.join("train.txt"), "swan\n").unwrap();
    fs::write(lists.join("val.txt"), "bear\n\n").unwrap();
    let splits = opened(folder.path(), 1).unwrap();
    let sizes: Vec<(Split, usize)> = splits
        .parts
        .iter()
        .map(|(split, part)| (*split, part.len()))
        .collect();
    assert_eq!(sizes, [(Split::Train, 1), (Split::Valid, 1)]);
    fs::write(lists.join("val.txt"), "lion\n").unwrap();
    let message = opened(folder.path(), 1).err().unwrap().message;
    assert!(message.ends_with("there is no clip `lion`"), "{message}");
}

#[test]
fn a_frame_without_a_mask_is_refused_and_other_bytes_are_another_manifest() {
    let folder = tempfile::tempdir().unwrap();
    clip(folder.path(), "bear", 3, "");
    let manifest = || {
        opened(folder.path(), 1).unwrap().parts[&Split::Train]
            .manifest(&Silent)
            .unwrap()
    };
    let before = manifest();
    let frame = folder.path().join("JPEGImages/bear/00001.png");
    image::RgbImage::new(4, 3).save(&frame).unwrap();
    assert_ne!(manifest(), before);
    fs::remove_file(folder.path().join("Annotations/bear/00002.png")).unwrap();
    let message = opened(folder.path(), 1).err().unwrap().message;
    assert!(message.contains("has 3 frames and 2 masks"), "{message}");
}
