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
        "list(image)",
        "list(label(9))",
        "image * 2",
        "image[1, 28, 28] * 4",
        "label * 2 * 3",
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
        "image * ",
        "image * ?",
        "list(image",
        "list()",
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
    ];
    let fit = [
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
    assert!(holds("mask[2, 3]", &image()) && !holds("mask[3, 2]", &image()));
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

    let image = ty("image[1, 2, 3]");
    let wrong = |value: &Sample, ty: &SampleType| written(value, ty).unwrap_err();
    assert_eq!(
        wrong(&Sample::image(picture(1, 3, 2)), &image),
        "the sample graph gave a picture of 1 channels, 2 by 3 pixels for the field `x` of shape [1, 2, 3]"
    );
    let another = "the sample graph gave another kind of value for the field `x` of shape";
    for (value, ty) in [
        (Sample::label(0), &image),
        (Sample::image(picture(1, 2, 3)), &label),
        (Sample::text("words"), &label),
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
    // what was grey from the start stays so
    let plain = ty("image[1, 8, 8]").view(&Prepared::default(), &ty("image[3, 8, 8]"), "x");
    assert!(plain.is_err());
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
    let problem = ty("image[3, 8, 8]").view(&Prepared::default(), &ty("image[1, 8, 8]"), "x.test");
    assert_eq!(
        problem.unwrap_err().message,
        "pictures of `x.test` have 1 channels, the encoder was trained with 3"
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
fn shapes_of_graphs_are_types() {
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
    let mut flat = Tally::of(&fields(&[("image", "image[1, 2, 2]")])).unwrap();
    flat.add(&[Sample::image(Image::new(vec![9; 4], 2, 2, 1))]);
    assert_eq!(flat.done().std, [1.0], "one value only: left as it is");
    assert!(Tally::of(&fields(&[("label", "label")])).is_none());
}
