//! Each question, asked of every type.

use super::*;
use crate::augment::Scratch;
use crate::data::lab::LabPart;
use crate::graph::DType;
use crate::language::codes::Code;

fn ty(text: &str) -> SampleType {
    SampleType::parse(text).unwrap_or_else(|| panic!("`{text}` is no type"))
}

fn fields(of: &[(&str, &str)]) -> Fields {
    let fields = of.iter();
    fields
        .map(|(name, text)| ((*name).to_owned(), ty(text)))
        .collect()
}

fn picture(channels: usize, height: usize, width: usize) -> Image {
    let pixels = (0..channels * height * width).map(|i| i as u8).collect();
    Image::new(pixels, height, width, channels)
}

#[test]
fn types_read_back() {
    for text in [
        "image",
        "image[3, 32, 32]",
        "image[3, ?, ?]",
        "mask",
        "mask[32, ?]",
        "label",
        "label(4)",
        "text",
        "tokens",
        "tokens[128]",
        "tokens of 8000",
        "tokens[128] of 8000",
        "tokens[16] of 90 * 2",
        "tokens in pairs",
        "tokens[128] in pairs",
        "tokens[128] of 8000 in pairs",
        "tokens[16] of 90 in pairs * 2",
        "list(image)",
        "list(label(9))",
        "image * 2",
        "image[1, 28, 28] * 4",
        "label * 2 * 3",
        "clip",
        "clip[16, 3, 32, 32]",
        "clip[?, 3, ?, ?]",
        "boxes",
        "boxes[16, 4]",
        "mask[8, 8] * 4 * 2",
    ] {
        assert_eq!(ty(text).to_string(), text);
    }
    assert_eq!(ty(" label( ? ) "), SampleType::LABEL);
    assert_eq!(ty("image[?,?,?]"), SampleType::IMAGE);
    for text in [
        "",
        "picture",
        "image[3, 32]",
        "image[3, 32, 32, 1]",
        "image[3, 32, -1]",
        "mask[3]",
        "mask[1, 2, 3]",
        "label(x)",
        "label()",
        "texts",
        "tokens[]",
        "tokens[x]",
        "tokens[1, 2]",
        "tokens of",
        "tokens of many",
        "tokens in pair",
        "tokens in pairs of 90",
        "image * ",
        "image * ?",
        "list(image",
        "list()",
        "clips",
        "clip[3, 3, 32]",
        "clip[2, 3, 32, 32, 1]",
        "boxes[4]",
        "boxes[4, 5]",
    ] {
        assert_eq!(SampleType::parse(text), None, "{text}");
    }
    let deep = format!("image{}", " * 2".repeat(100_000));
    assert_eq!(SampleType::parse(&deep), None);
    assert_eq!(SampleType::parse(&"list(".repeat(100_000)), None);
}

#[test]
fn sizes_have_names() {
    assert_eq!(ty("image[3, ?, 8]").word(), "image");
    let sizes = [("channels", Some(3)), ("height", None), ("width", Some(8))];
    assert_eq!(ty("image[3, ?, 8]").sizes(), sizes);
    assert_eq!(
        ty("mask[4, 8]").sizes(),
        [("height", Some(4)), ("width", Some(8))]
    );
    assert_eq!(ty("label(4)").sizes(), [("classes", Some(4))]);
    let sizes = ty("clip[7, 3, ?, 8]").sizes();
    let names: Vec<&str> = sizes.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["frames", "channels", "height", "width"]);
    assert_eq!((sizes[0].1, sizes[2].1), (Some(7), None));
    assert_eq!(ty("boxes[5, 4]").sizes(), [("count", Some(5))]);
    assert_eq!(ty("text").sizes(), []);
    assert_eq!(ty("label(4) * 2").word(), "label(4) * 2");
}

/// The same arm, and equal sizes wherever both are known; whichever of the two is asked.
#[test]
fn what_fits_where() {
    let all = [
        "image[3, 8, 8]",
        "image[1, 8, 8]",
        "image[3, ?, ?]",
        "image",
        "mask[8, 8]",
        "mask",
        "label(4)",
        "label(5)",
        "label",
        "text",
        "list(image)",
        "image[3, 8, 8] * 2",
        "image * 3",
        "label(4) * 2",
        "clip[4, 3, 8, 8]",
        "clip[5, 3, 8, 8]",
        "clip[?, 3, ?, ?]",
        "clip",
        "boxes[4, 4]",
        "boxes",
    ];
    let fit = [
        ("clip[4, 3, 8, 8]", "clip[?, 3, ?, ?]"),
        ("clip[5, 3, 8, 8]", "clip[?, 3, ?, ?]"),
        ("clip[4, 3, 8, 8]", "clip"),
        ("clip[5, 3, 8, 8]", "clip"),
        ("clip[?, 3, ?, ?]", "clip"),
        ("boxes[4, 4]", "boxes"),
        ("image[3, 8, 8]", "image[3, ?, ?]"),
        ("image[3, 8, 8]", "image"),
        ("image[1, 8, 8]", "image"),
        ("image[3, ?, ?]", "image"),
        ("mask[8, 8]", "mask"),
        ("label(4)", "label"),
        ("label(5)", "label"),
        ("list(image)", "image[3, 8, 8] * 2"),
        ("list(image)", "image * 3"),
    ];
    for a in all {
        for b in all {
            let should = a == b || fit.contains(&(a, b)) || fit.contains(&(b, a));
            assert_eq!(ty(a).fits(&ty(b)), should, "{a} where {b} is asked for");
        }
    }
}

#[test]
fn wider_holds_both() {
    for (a, b, both) in [
        ("image[3, 8, 8]", "image[3, 8, 9]", "image[3, 8, ?]"),
        ("image[3, 8, 8]", "image", "image"),
        ("label", "label(4)", "label(4)"),
        ("label(4)", "label", "label(4)"),
        ("text", "text", "text"),
        ("clip[4, 3, 8, 8]", "clip[5, 3, 8, 9]", "clip[?, 3, 8, ?]"),
    ] {
        assert_eq!(ty(a).wider(&ty(b)).to_string(), both);
    }
}

#[test]
fn tensors_of_a_batch() {
    let tensors = |text: &str| -> Vec<(String, Vec<usize>, DType, Option<usize>)> {
        let tensors = ty(text).tensors().unwrap().into_iter();
        tensors
            .map(|t| (t.suffix, t.shape, t.dtype, t.classes))
            .collect()
    };
    assert_eq!(
        tensors("image[3, 4, 5]"),
        [(String::new(), vec![3, 4, 5], DType::F32, None)]
    );
    assert_eq!(
        tensors("mask[4, 5]"),
        [(String::new(), vec![1, 4, 5], DType::F32, None)]
    );
    assert_eq!(
        tensors("label(7)"),
        [(String::new(), vec![], DType::Int, Some(7))]
    );
    assert_eq!(
        tensors("clip[2, 3, 4, 5]"),
        [(String::new(), vec![2, 3, 4, 5], DType::F32, None)]
    );
    assert_eq!(
        tensors("boxes[6, 4]"),
        [(String::new(), vec![6, 4], DType::F32, None)]
    );
    assert_eq!(
        tensors("label(7) * 2 * 2")
            .into_iter()
            .map(|(suffix, ..)| suffix)
            .collect::<Vec<_>>(),
        ["/0/0", "/0/1", "/1/0", "/1/1"]
    );
    // floats have 4 bytes, whole numbers 8
    for (text, numbers, bytes) in [
        ("image[3, 4, 5]", 60, 240),
        ("mask[4, 5]", 20, 80),
        ("label", 1, 8),
        ("image[3, 4, 5] * 3", 180, 720),
        ("clip[2, 3, 4, 5]", 120, 480),
        ("clip[?, 3, 4, 5]", 0, 0),
        ("label * 4", 4, 32),
        ("text", 0, 0),
        ("image", 0, 0),
    ] {
        assert_eq!((ty(text).numbers(), ty(text).bytes()), (numbers, bytes));
    }
    // nothing is made of a list that would not fit into memory
    assert!(ty("label * 1000000000 * 1000000000").batchable().is_ok());
}

#[test]
fn what_is_no_tensor_says_so() {
    for (text, message, help) in [
        (
            "image[3, ?, ?]",
            "`x` is `image[3, ?, ?]`: its size is not known before a picture is read, and a batch has one size",
            Some("random_resized_crop(32px)"),
        ),
        (
            "image * 2",
            "`x` is `image`: its size is not known before a picture is read, and a batch has one size",
            Some("random_resized_crop(32px)"),
        ),
        (
            "mask",
            "`x` is `mask`: its size is not known before a picture is read, and a batch has one size",
            Some("before the mask is made"),
        ),
        (
            "clip[?, 3, 8, 8]",
            "`x` is `clip[?, 3, 8, 8]`: its size is not known before a picture is read, and a batch has one size",
            Some("`sample_frames(3)`"),
        ),
        (
            "clip[3, 3, ?, ?]",
            "`x` is `clip[3, 3, ?, ?]`: its size is not known before a picture is read, and a batch has one size",
            Some("random_resized_crop(32px)"),
        ),
        (
            "text",
            "`x` is `text`, which can't be put into a batch",
            None,
        ),
        (
            "list(label)",
            "`x` is `list(label)`, which can't be put into a batch",
            None,
        ),
    ] {
        let problem = ty(text).batchable().unwrap_err().problem("x");
        assert_eq!(
            (problem.code, problem.message.as_str()),
            (Code::SampleType, message)
        );
        let said = problem.helps.first();
        assert_eq!(said.is_some(), help.is_some(), "{text}");
        assert!(
            help.is_none_or(|help| said.unwrap().contains(help)),
            "{text}"
        );
    }
    assert_eq!(ty("image * 2").tensors().unwrap_err().suffix, "/0");
}

#[test]
fn values_are_of_their_types() {
    let image = || Sample::image(picture(1, 2, 3));
    let pair = Sample::list(vec![image(), image()]);
    let holds = |text: &str, value: &Sample| ty(text).holds(value);
    assert!(holds("image[1, 2, 3]", &image()) && holds("image", &image()));
    let mask = |pixel: u8| Sample::image(Image::new(vec![0, 255, 0, pixel, 255, 0], 2, 3, 1));
    assert!(holds("mask[2, 3]", &mask(255)) && !holds("mask[3, 2]", &mask(255)));
    assert!(!holds("mask", &mask(1)), "neither 0 nor 255");
    assert!(!holds("mask", &Sample::image(picture(3, 2, 3))));
    assert!(!holds("image[3, 2, 3]", &image()) && !holds("label", &image()));
    assert!(holds("label(4)", &Sample::label(3)) && !holds("label(4)", &Sample::label(4)));
    assert!(holds("text", &Sample::text("a")) && !holds("text", &Sample::label(0)));
    assert!(holds("image * 2", &pair) && holds("list(image)", &pair));
    assert!(!holds("image * 3", &pair) && !holds("list(label)", &pair));
    for text in ["image", "mask", "label", "text", "list(label)"] {
        assert!(!holds(text, &Sample::missing("no label")), "{text}");
    }
}

/// Writes a value into a batch of these tensors, each with its shape; what was written.
fn written(value: &Sample, ty: &SampleType) -> Result<(Vec<f32>, Vec<i64>), String> {
    let tensors = ty.tensors().unwrap();
    let count = |dtype| tensors.iter().filter(move |t| t.dtype == dtype);
    let mut floats = vec![-1.0; count(DType::F32).map(Tensor::len).sum()];
    let mut ints = vec![-1; count(DType::Int).map(Tensor::len).sum()];
    let (mut more_floats, mut more_ints) = (floats.as_mut_slice(), ints.as_mut_slice());
    let mut cells = tensors.iter().map(|tensor| Cell {
        name: "x",
        shape: &tensor.shape,
        numbers: match tensor.dtype {
            DType::F32 => Numbers::F32(
                more_floats
                    .split_off_mut(..tensor.len())
                    .expect("enough floats"),
            ),
            DType::Int => Numbers::Int(
                more_ints
                    .split_off_mut(..tensor.len())
                    .expect("enough ints"),
            ),
        },
    });
    let done = value.write(&mut cells);
    drop(cells);
    done.map(|()| (floats, ints)).map_err(|error| error.message)
}

#[test]
fn values_enter_a_batch() {
    let label = ty("label(9)");
    assert_eq!(written(&Sample::label(7), &label), Ok((vec![], vec![7])));
    // rows of interleaved channels become planes
    let pixels = Image::new(vec![0, 51, 102, 153, 204, 255], 1, 3, 2);
    let (planes, _) = written(&Sample::image(pixels), &ty("image[2, 1, 3]")).unwrap();
    let expected = [0.0, 0.4, 0.8, 0.2, 0.6, 1.0];
    assert!(
        planes
            .iter()
            .zip(expected)
            .all(|(x, y)| (x - y).abs() < 1e-6)
    );
    let two = Sample::list(vec![Sample::label(1), Sample::label(2)]);
    assert_eq!(written(&two, &ty("label * 2")), Ok((vec![], vec![1, 2])));

    // frame by frame, each in planes
    let frames = [0, 51, 102, 153].map(|x| Image::new(vec![x, 255 - x], 1, 1, 2));
    let (numbers, _) = written(&Sample::clip(frames.to_vec()), &ty("clip[4, 2, 1, 1]")).unwrap();
    let expected = [0.0, 1.0, 0.2, 0.8, 0.4, 0.6, 0.6, 0.4];
    assert!(
        numbers
            .iter()
            .zip(expected)
            .all(|(x, y)| (x - y).abs() < 1e-6)
    );
    let two_boxes = Sample::boxes(vec![[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]);
    let (numbers, _) = written(&two_boxes, &ty("boxes[2, 4]")).unwrap();
    assert_eq!(numbers, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);

    let image = ty("image[1, 2, 3]");
    let wrong = |value: &Sample, ty: &SampleType| written(value, ty).unwrap_err();
    assert_eq!(
        wrong(&Sample::image(picture(1, 3, 2)), &image),
        "the sample graph gave a picture of 1 channels, 2 by 3 pixels for the field `x` of shape [1, 2, 3]"
    );
    let clip = Sample::clip(frames.to_vec());
    assert_eq!(
        wrong(&clip, &ty("clip[3, 2, 1, 1]")),
        "the sample graph gave a clip of 4 frames for the field `x` of shape [3, 2, 1, 1]"
    );
    assert_eq!(
        wrong(&clip, &ty("clip[4, 2, 1, 2]")),
        "the sample graph gave a clip with a frame of 2 channels, 1 by 1 pixels for the field `x` of shape [4, 2, 1, 2]"
    );
    let another = "the sample graph gave another kind of value for the field `x` of shape";
    for (value, ty) in [
        (Sample::label(0), &image),
        (Sample::image(picture(1, 2, 3)), &label),
        (Sample::text("words"), &label),
        (clip, &image),
        (two_boxes, &label),
    ] {
        assert!(wrong(&value, ty).starts_with(another), "{value:?}");
    }
    assert_eq!(
        wrong(&two, &label),
        "the sample graph gave more values than its type promised"
    );
    assert_eq!(
        wrong(&Sample::missing("row 3 is empty"), &label),
        "row 3 is empty"
    );
}

#[test]
fn parts_of_lab_are_taken_of_pictures_in_colour() {
    let prepared = Prepared {
        normalization: None,
        lab: vec![LabPart::Colour, LabPart::Lightness],
        ..Prepared::default()
    };
    let view = |trained: &str, found: &str| {
        let view = ty(trained).view(&prepared, &ty(found), "x.test").unwrap();
        view.steps
    };
    for (trained, found, steps) in [
        ("image[1, 8, 8]", "image[3, 8, 8]", " |> lightness()"),
        ("image[1, 8, 8]", "image[1, 8, 8]", " |> lightness()"),
        ("image[2, 8, 8]", "image[3, 8, 8]", " |> ab()"),
        (
            "image[1, 8, 8]",
            "image[3, 9, 9]",
            " |> resize(8px) |> center_crop(8px) |> lightness()",
        ),
        ("image[3, 8, 8]", "image[3, 8, 8]", ""),
    ] {
        assert_eq!(view(trained, found), steps, "{trained} {found}");
    }
    // what was grey from the start is no lightness of Lab
    let plain = ty("image[1, 8, 8]").view(&Prepared::default(), &ty("image[3, 8, 8]"), "x");
    assert_eq!(plain.unwrap().steps, " |> to_grey()");
}

#[test]
fn channels_that_are_no_colours_are_drawn_side_by_side() {
    let two = Image::new((0..12).collect(), 2, 3, 2).as_drawn();
    assert_eq!((two.height, two.width, two.channels), (2, 6, 1));
    assert_eq!(two.pixels, [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
    let rgb = Image::new((0..12).collect(), 2, 2, 3);
    assert_eq!(rgb.as_drawn(), rgb);
}

fn viewed(trained: &str, found: &str, by: Option<Normalization>) -> (String, Vec<String>) {
    let prepared = Prepared {
        normalization: by,
        ..Prepared::default()
    };
    let view = ty(trained).view(&prepared, &ty(found), "pets.test");
    let view = view.unwrap();
    (view.steps, view.words)
}

#[test]
fn pictures_are_viewed_as_they_were_trained() {
    let none = |trained, found| viewed(trained, found, None);
    assert_eq!(none("image[3, 8, 8]", "image[3, 8, 8]"), Default::default());
    for found in ["image[3, 9, 20]", "image[3, ?, ?]", "image"] {
        assert_eq!(
            none("image[3, 8, 8]", found),
            (
                " |> resize(8px) |> center_crop(8px)".into(),
                vec!["resize 8".into(), "centre crop 8".into()]
            )
        );
    }
    // the shorter side is right already
    assert_eq!(
        none("image[3, 8, 8]", "image[3, 8, 20]").0,
        " |> center_crop(8px)"
    );
    let by = Normalization {
        mean: vec![0.5],
        std: vec![0.25],
    };
    assert_eq!(
        viewed("image[1, 8, 8]", "image[1, 8, 8]", Some(by)),
        (
            " |> normalize(mean = [0.5], std = [0.25])".into(),
            vec!["normalised".into()]
        )
    );
    // evenly spaced frames, each as a picture is
    assert_eq!(
        none("clip[4, 3, 8, 8]", "clip[16, 3, 12, 9]"),
        (
            " |> sample_frames(4, at = even) |> resize(8px) |> center_crop(8px)".into(),
            vec![
                "4 frames evenly spaced".into(),
                "resize 8".into(),
                "centre crop 8".into()
            ]
        )
    );
    assert_eq!(
        none("clip[4, 3, 8, 8]", "clip[4, 3, 8, 8]"),
        Default::default()
    );
    for (trained, found, step, words) in [
        (
            "image[3, 8, 8]",
            "image[1, 8, 8]",
            " |> to_rgb()",
            "grey as RGB",
        ),
        (
            "image[1, 8, 8]",
            "image[3, 8, 8]",
            " |> to_grey()",
            "made grey",
        ),
    ] {
        let wanted = (step.to_owned(), vec![words.to_owned()]);
        assert_eq!(none(trained, found), wanted);
    }
    let problem = ty("image[3, 8, 8]").view(&Prepared::default(), &ty("image[2, 8, 8]"), "x.test");
    assert_eq!(
        problem.unwrap_err().message,
        "pictures of `x.test` have 2 channels, the encoder was trained with 3"
    );
    // what says nothing of it is shown as it is
    assert_eq!(none("text", "text"), Default::default());
}

#[test]
fn pieces_are_judged_on_whole_values() {
    let piece = ty("image[3, 10, 12]");
    let whole = |of: &[(&str, &str)]| piece.whole(&fields(of)).to_string();
    assert_eq!(
        whole(&[("label", "label(2)"), ("image", "image[3, 32, 32]")]),
        "image[3, 32, 32]"
    );
    assert_eq!(whole(&[("image", "image[3, ?, ?]")]), "image[3, 30, 36]");
    assert_eq!(ty("text").whole(&fields(&[])), ty("text"));
}

#[test]
fn an_encoder_of_pictures_is_shown_frames_of_clips() {
    let seen = |own: &str, of: &[(&str, &str)]| ty(own).seen(&fields(of)).to_string();
    let image = "image[3, 8, 8]";
    assert_eq!(
        seen(image, &[("clip", "clip[16, 3, 9, 9]")]),
        "clip[4, 3, 8, 8]"
    );
    assert_eq!(
        seen(image, &[("clip", "clip[3, 3, 9, 9]")]),
        "clip[3, 3, 8, 8]"
    );
    assert_eq!(seen(image, &[("clip", "clip")]), "clip[4, 3, 8, 8]");
    assert_eq!(seen(image, &[("clip", "clip"), ("image", "image")]), image);
    assert_eq!(seen(image, &[("label", "label")]), image);
    assert_eq!(
        seen("clip[2, 3, 8, 8]", &[("clip", "clip")]),
        "clip[2, 3, 8, 8]"
    );
}

#[test]
fn what_comes_of_frames() {
    let over = |text: &str, how| ty(text).over(Some(5), how).to_string();
    assert_eq!(over("image[3, 8, 8]", Over::Once), "clip[5, 3, 8, 8]");
    assert_eq!(over("image[3, 8, 8]", Over::Each), "clip[5, 3, 8, 8]");
    assert_eq!(
        over("image[3, 8, 8] * 9", Over::Once),
        "clip[5, 3, 8, 8] * 9"
    );
    assert_eq!(over("label(4)", Over::Once), "label(4)");
    assert_eq!(over("label(4)", Over::Each), "label(4) * 5");
    assert_eq!(over("mask[8, 8]", Over::Each), "mask[8, 8] * 5");

    let labels = |values: &[u32]| values.iter().map(|x| Sample::label(*x)).collect::<Vec<_>>();
    let join = |text: &str, values, how| ty(text).join(values, how);
    let same = join("label(4)", labels(&[2, 2, 2]), Over::Once).unwrap();
    assert_eq!(same.as_label(), Some(2));
    assert!(join("label(4)", labels(&[2, 1, 2]), Over::Once).is_err());
    let each = join("label(4)", labels(&[2, 1]), Over::Each).unwrap();
    assert_eq!(each.as_list().unwrap().len(), 2);
    // two frames of a list of three
    let row = || Sample::list((1..4).map(|n| Sample::image(picture(1, n, 1))).collect());
    let lists = join("image * 3", vec![row(), row()], Over::Once).unwrap();
    let shown: Vec<String> = lists.as_list().unwrap().iter().map(Sample::shown).collect();
    assert_eq!(
        shown,
        ["clip[2, 1, 1, 1]", "clip[2, 1, 2, 1]", "clip[2, 1, 3, 1]"]
    );
}

#[test]
fn a_clip_is_drawn_as_a_strip() {
    let frames: Vec<Image> = (0..20).map(|x| Image::new(vec![x; 2], 2, 1, 1)).collect();
    let mut drawn = Vec::new();
    Sample::clip(frames[..3].to_vec()).draw("c", &[], &mut drawn);
    assert_eq!(
        drawn,
        [("c".to_owned(), Drawing::Strip(frames[..3].to_vec()))]
    );
    // of a long one eight frames
    let mut drawn = Vec::new();
    Sample::clip(frames.clone()).draw("c", &[], &mut drawn);
    let chosen = [1, 3, 6, 8, 11, 13, 16, 18].map(|at: usize| frames[at].clone());
    assert_eq!(drawn, [("c".to_owned(), Drawing::Strip(chosen.to_vec()))]);
}

#[test]
fn shapes_of_graphs_are_types() {
    let clip = ty("clip[4, 3, 8, 8]");
    assert_eq!(clip.shaped(&[2, 1, 4, 5]), Some(ty("clip[2, 1, 4, 5]")));
    let image = ty("image[3, 8, 8]");
    assert_eq!(image.shaped(&[1, 4, 5]), Some(ty("image[1, 4, 5]")));
    assert_eq!(image.shaped(&[4, 5]), None);
    assert_eq!(ty("label").shaped(&[4]), None);
}

#[test]
fn fields_of_a_record() {
    let record = fields(&[
        ("label", "label(3)"),
        ("photo", "image"),
        ("thumb", "image"),
    ]);
    assert_eq!(first_image(&record).unwrap().0, "photo");
    assert_eq!(first_label(&record).unwrap().1.classes, Some(3));
    assert_eq!(main_field(&record), Some("photo"));
    assert_eq!(main_field(&fields(&[("label", "label")])), None);
    assert!(first_image(&fields(&[("mask", "mask"), ("words", "text")])).is_none());
}

#[test]
fn values_are_drawn() {
    let classes = ["cat".to_owned(), "dog".to_owned()];
    let value = Sample::list(vec![
        Sample::image(picture(1, 2, 2)),
        Sample::label(1),
        Sample::label(2),
        Sample::text("a b"),
        Sample::missing("none"),
    ]);
    let mut drawn = Vec::new();
    value.draw("x", &classes, &mut drawn);
    let words = |at: &str, text: &str| (at.to_owned(), Drawing::Words(text.to_owned()));
    assert_eq!(
        drawn,
        [
            ("x/0".to_owned(), Drawing::Picture(picture(1, 2, 2))),
            words("x/1", "dog"),
            words("x/2", "2"),
            words("x/3", "a b"),
        ]
    );
}

#[test]
fn copies_reuse_buffers() {
    let mut scratch = Scratch::default();
    let value = Sample::list(vec![Sample::image(picture(3, 4, 4)), Sample::label(5)]);
    let mut copy = value.copy(&mut scratch);
    assert_eq!(copy.shown(), "image[3, 4, 4] * 2");
    let [Sample::Image(image), Sample::Label(5)] = copy.as_list().unwrap() else {
        panic!("{copy:?}")
    };
    assert_eq!(*image, picture(3, 4, 4));
    let buffer = image.pixels.as_ptr();
    copy.give_back(&mut scratch);
    let again = scratch.take(48);
    assert_eq!(again.as_ptr(), buffer, "its buffer is taken again");
}

#[test]
fn values_cross_over() {
    let cross = |value: Sample| value.cross();
    assert!(matches!(
        cross(Sample::image(picture(1, 1, 1))),
        Ok(Crossing::Image(_))
    ));
    assert!(matches!(cross(Sample::label(4)), Ok(Crossing::Label(4))));
    assert!(matches!(cross(Sample::text("a")), Ok(Crossing::Text(text)) if &*text == "a"));
    assert!(matches!(cross(Sample::missing("why")), Ok(Crossing::Text(text)) if &*text == "why"));
    assert_eq!(
        cross(Sample::list(vec![])).unwrap_err().shown(),
        "an empty list"
    );
}

/// Mean and deviation in closed form: half of the numbers 51, half 153.
#[test]
fn pixels_are_measured() {
    let mut tally = Tally::of(&fields(&[("image", "image[1, ?, ?]")])).unwrap();
    assert_eq!(tally.stand_in().mean, [0.5]);
    tally.add(&[
        Sample::image(Image::new(vec![51; 4], 2, 2, 1)),
        Sample::label(0),
    ]);
    tally.add(&[Sample::image(Image::new(vec![153; 4], 1, 4, 1))]);
    // of other channels: not counted
    tally.add(&[Sample::image(Image::new(vec![255; 12], 2, 2, 3))]);
    let found = tally.done();
    assert!((found.mean[0] - 0.4).abs() < 1e-6 && (found.std[0] - 0.2).abs() < 1e-6);
    // frames of clips as well
    let mut tally = Tally::of(&fields(&[("clip", "clip[2, 1, 1, 1]")])).unwrap();
    let frames = [51, 153].map(|x| Image::new(vec![x], 1, 1, 1));
    tally.add(&[Sample::clip(frames.to_vec())]);
    let found = tally.done();
    assert!((found.mean[0] - 0.4).abs() < 1e-6 && (found.std[0] - 0.2).abs() < 1e-6);
    let mut flat = Tally::of(&fields(&[("image", "image[1, 2, 2]")])).unwrap();
    flat.add(&[Sample::image(Image::new(vec![9; 4], 2, 2, 1))]);
    assert_eq!(flat.done().std, [1.0], "one value only: left as it is");
    assert!(Tally::of(&fields(&[("label", "label")])).is_none());
}

fn pieces() -> std::sync::Arc<crate::data::Pieces> {
    let text: std::sync::Arc<str> = "one two one two three three".into();
    let (bytes, _) =
        crate::data::Pieces::fit(&mut [Ok(text)].into_iter(), 100, Default::default()).unwrap();
    std::sync::Arc::new(crate::data::Pieces::open(&bytes).unwrap())
}

fn tokens(text: &str) -> Sample {
    let pieces = pieces();
    Sample::tokens(pieces.encode(text).unwrap(), pieces)
}

#[test]
fn texts_are_spelt_by_their_own_vocabulary() {
    let pieces = pieces();
    let [one, two, three] = ["one", "two", "three"].map(|word| pieces.id(word).unwrap().into());
    let mask = pieces.special().mask.expect("WordPiece has it").into();
    let value = Sample::list(vec![Sample::label(1), tokens("one")]);
    let spelt = |rows: &[&[i64]]| match value.spell(rows) {
        Some(Drawing::Gaps(parts)) => Part::line(&parts),
        other => panic!("{other:?}"),
    };
    assert_eq!(spelt(&[&[one, two, 0, 0]]), "one two");
    let (text, hidden) = ([one, mask, mask, three, 0], [0, two, three, three, 0]);
    // what is filled in where nothing was hidden does not count
    let filled = [two, two, one, 0, one];
    assert_eq!(
        spelt(&[&text, &hidden, &filled]),
        "one [two ✓] [three ✗ one] [three ✗]"
    );
    assert_eq!(spelt(&[&[one, -1, 1 << 40, 999]]), "one ? ? ?");
    assert_eq!(spelt(&[&[0, 0]]), "");
    assert_eq!(value.spell(&[&text, &hidden]), None);
    assert_eq!(Sample::label(1).spell(&[&text]), None);
}

#[test]
fn tokens_are_padded_ids_and_a_length() {
    let four = ty("tokens[4] of 100");
    let tensors = four.tensors().unwrap();
    assert_eq!(
        (tensors[0].suffix.as_str(), tensors[0].shape.as_slice()),
        ("", &[4][..])
    );
    assert_eq!(
        (tensors[0].dtype, tensors[0].classes),
        (DType::Int, Some(100))
    );
    assert_eq!(
        (tensors[1].suffix.as_str(), tensors[1].len()),
        ("/length", 1)
    );
    let id = |word: &str| i64::from(pieces().id(word).unwrap());
    assert_eq!(
        written(&tokens("two one"), &four),
        Ok((vec![], vec![id("two"), id("one"), 0, 0, 2]))
    );
    // a text of which nothing is left is all padding
    assert_eq!(written(&tokens(""), &four), Ok((vec![], vec![0; 5])));
    let error = written(&tokens("one two three one two"), &four).unwrap_err();
    assert_eq!(
        error,
        "the sample graph gave 5 pieces for the field `x` of 4"
    );
    assert!(written(&tokens("one"), &ty("label(9)")).is_err());
    assert!(written(&Sample::text("one"), &four).is_err());
    let loose = ty("tokens").tensors().unwrap_err().problem("x");
    assert!(loose.helps[0].contains("crop_tokens(128)"), "{loose:?}");

    assert!(four.fits(&ty("tokens")) && ty("tokens").fits(&four));
    assert!(
        !four.fits(&ty("tokens[5]")) && !four.fits(&ty("tokens of 99")) && !four.fits(&ty("text"))
    );
    assert_eq!(four.wider(&ty("tokens[9]")), ty("tokens[9] of 100"));
    assert!(four.holds(&tokens("one two")) && !four.holds(&tokens("one two three one two")));
    assert!(!ty("tokens[4] of 7").holds(&tokens("three")) && !four.holds(&Sample::text("one")));
    assert_eq!(
        (four.crosses(), ty("tokens * 2").crosses()),
        (Some(3), Some(3))
    );

    // what crossed over comes back in its own vocabulary, whatever was said of it
    let back = |promised: &str, given: &str| ty(promised).back(&ty(given)).map(|ty| ty.to_string());
    assert_eq!(
        back("tokens[2]", "tokens[4] of 100").unwrap(),
        "tokens[2] of 100"
    );
    assert_eq!(
        back("tokens * 2", "tokens[4] of 100").unwrap(),
        "tokens of 100 * 2"
    );
    assert_eq!(back("tokens[2]", "tokens[4] * 2").unwrap(), "tokens[2]");
    assert!(back("tokens[2] of 99", "tokens[4] of 100").is_err());
    assert!(back("tokens[2]", "text").is_err() && back("tokens * 2", "image").is_err());
    assert_eq!(back("boxes[2, 4]", "image").unwrap(), "boxes[2, 4]");

    let mut drawn = Vec::new();
    let pieces = pieces();
    let masked = vec![pieces.id("one").unwrap(), pieces.special().mask.unwrap(), 0];
    Sample::tokens(masked, pieces).draw("x", &[], &mut drawn);
    assert_eq!(
        drawn,
        [("x".to_owned(), Drawing::Words("one [MASK]".into()))]
    );
    let pieces = self::pieces();
    let (one, two) = (pieces.id("one").unwrap(), pieces.id("two").unwrap());
    drawn.clear();
    Sample::tokens(vec![0, one, 0, 0, two, one], pieces).draw("x", &[], &mut drawn);
    let apart = Drawing::Words("one · two one".into());
    assert_eq!(drawn, [("x".to_owned(), apart)]);
}

/// `[CLS] one [SEP] two two [SEP]`
fn pair() -> Sample {
    let pieces = pieces();
    let id = |token: &str| pieces.id(token).unwrap();
    let ids = ["[CLS]", "one", "[SEP]", "two", "two", "[SEP]"].map(id);
    Sample::pair(ids.to_vec(), 3, pieces)
}

#[test]
fn pairs_say_which_text_each_piece_is_of() {
    let (eight, one) = (ty("tokens[8] of 100 in pairs"), ty("tokens[8] of 100"));
    let tensors = eight.tensors().unwrap();
    let suffixes: Vec<&str> = tensors.iter().map(|t| t.suffix.as_str()).collect();
    assert_eq!(suffixes, ["", "/length", "/kinds"]);
    assert_eq!(
        (
            tensors[2].shape.as_slice(),
            tensors[2].dtype,
            tensors[2].classes
        ),
        (&[8][..], DType::Int, Some(2))
    );
    let (_, ints) = written(&pair(), &eight).unwrap();
    assert_eq!(ints[8..], [6, 0, 0, 0, 1, 1, 1, 0, 0]);
    assert_eq!(pair().shown(), "tokens[6] in pairs");
    assert!(eight.holds(&pair()) && !one.holds(&pair()) && !eight.holds(&tokens("one")));
    // which is no value of the other type
    assert!(written(&pair(), &one).is_err() && written(&tokens("one"), &eight).is_ok());
    // two texts do where one is asked for, and one is no two
    assert!(eight.fits(&one) && eight.fits(&ty("tokens")) && eight.fits(&ty("tokens in pairs")));
    assert!(!one.fits(&eight) && !one.fits(&ty("tokens in pairs")));
    assert!(!eight.fits(&ty("tokens[9] in pairs")));
    let wider = eight.wider(&ty("tokens[9] in pairs"));
    assert_eq!(wider, ty("tokens[9] of 100 in pairs"));
    assert_eq!(
        (eight.crosses(), ty("tokens in pairs * 2").crosses()),
        (None, None)
    );
    // who has read two reads one
    assert_eq!(eight.whole(&Fields::new()), one);
    assert_eq!(one.whole(&Fields::new()), one);
    let loose = ty("tokens in pairs").tensors().unwrap_err().problem("x");
    assert!(loose.helps[0].contains("pair(pieces, 128)"), "{loose:?}");
}

#[test]
fn texts_are_viewed_as_long_as_they_were_trained() {
    let cut = (
        " |> crop_tokens(8, at = start)".to_owned(),
        vec!["the first 8".to_owned()],
    );
    assert_eq!(viewed("tokens[8] of 90", "tokens of 90", None), cut);
    assert_eq!(viewed("tokens[8] of 90", "tokens[64] of 90", None), cut);
    assert_eq!(
        viewed("tokens[8] of 90", "tokens[8] of 90", None),
        Default::default()
    );
}

/// ln (1 + count) of each piece, divided by the length of the row; padding is left out.
#[test]
fn a_bag_of_words_stands_for_a_text() {
    use crate::engine::{Batch, Device, HostTensor, Model, features};
    use crate::graph::{Graph, Mode, Size};
    let mut g = Graph::new(Mode::Eval);
    let x = g.declare_input("x", vec![Size::batch(), 5.into()], DType::Int, Some(6));
    let raw = ty("tokens[5] of 6").raw(&mut g, x).unwrap();
    let model = Model::init(&g, 0, &Device::flex()).unwrap();
    let ids = vec![5, 3, 5, 0, 0, 0, 0, 0, 0, 0];
    let batch: Batch = [("x".to_owned(), HostTensor::int(ids, &[2, 5]))].into();
    let found = features(&g, &model, &batch, &[raw]).unwrap();
    let (two, one) = (3f32.ln(), 2f32.ln());
    let length = (two * two + one * one).sqrt();
    let wanted = [
        0.0,
        0.0,
        0.0,
        one / length,
        0.0,
        two / length,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
    ];
    for (found, wanted) in found[0].as_f32().unwrap().iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    }
    assert!(ty("tokens[5]").raw(&mut g, x).is_err());
}
