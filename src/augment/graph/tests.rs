use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::{SampleGraph, compile};
use crate::augment::{Scratch, specs};
use crate::catalog::{Args, Argument, Call, Origin, Problem, Value};
use crate::data::lab::LabPart;
use crate::data::{Fields, Image, Normalization, Philox, Record, Sample, SampleType};
use crate::language::checked::{Augment, Binding, Emit, SampleExpr, SampleHead, SampleStep};
use crate::language::codes::Code;
use crate::language::{FileId, Span};

/// A span that can be told from others.
fn at(n: usize) -> Span {
    Span::new(FileId(0), n, n + 1)
}

pub fn step(name: &str, arguments: &[(&str, Value)]) -> SampleStep {
    let spec = specs().into_iter().find(|spec| spec.name == name).unwrap();
    let values = arguments.iter().map(|(name, value)| {
        let argument = Argument {
            value: value.clone(),
            span: at(77),
            origin: Origin::Written,
        };
        ((*name).to_owned(), argument)
    });
    SampleStep::Transform(Call {
        args: Args {
            of: name.into(),
            values: values.collect::<BTreeMap<_, _>>(),
        },
        spec: Arc::new(spec),
        span: at(70),
        name_span: at(71),
    })
}

fn hflip() -> SampleStep {
    step("hflip", &[("chance", Value::Ratio(0.5))])
}

fn jitter() -> SampleStep {
    let mut arguments = ["brightness", "contrast", "saturation", "hue"]
        .map(|n| (n, Value::Number(0.4)))
        .to_vec();
    arguments.push(("chance", Value::Ratio(1.0)));
    step("color_jitter", &arguments)
}

fn crop(size: f64, padding: f64) -> SampleStep {
    step(
        "random_crop",
        &[
            ("size", Value::Length(size)),
            ("padding", Value::Length(padding)),
        ],
    )
}

fn turn(all: &str) -> SampleStep {
    step("quarter_turn", &[("all", Value::Word(all.into()))])
}

pub fn call(name: &str) -> SampleStep {
    SampleStep::Augment {
        name: name.into(),
        span: at(60),
    }
}

pub fn pipe(head: &str, steps: Vec<SampleStep>) -> SampleExpr {
    SampleExpr {
        head: SampleHead::Name(head.into(), at(50)),
        steps,
        repeat: None,
        span: at(51),
    }
}

fn repeat(inner: SampleExpr, n: usize) -> SampleExpr {
    SampleExpr {
        head: SampleHead::Group(Box::new(inner)),
        steps: vec![],
        repeat: Some(n),
        span: at(52),
    }
}

pub fn emit(name: &str, value: SampleExpr) -> Emit {
    Emit {
        name: name.into(),
        name_span: at(40),
        value,
    }
}

pub fn augment(name: &str, bindings: Vec<(&[&str], SampleExpr)>, emits: Vec<Emit>) -> Augment {
    let bindings = bindings.into_iter().map(|(names, value)| Binding {
        names: names
            .iter()
            .map(|name| ((*name).to_owned(), at(30)))
            .collect(),
        value,
        span: at(31),
    });
    Augment {
        name: name.into(),
        name_span: at(20),
        parameters: vec![("image".into(), at(21))],
        bindings: bindings.collect(),
        emits,
    }
}

pub fn fields() -> Fields {
    vec![
        ("image".into(), SampleType::image(3, 6, 6)),
        ("label".into(), SampleType::label(10)),
    ]
}

fn record(scratch: &mut Scratch) -> Record {
    let mut pixels = scratch.take(6 * 6 * 3);
    for (i, value) in pixels.iter_mut().enumerate() {
        *value = (i * 37 % 251) as u8;
    }
    vec![Sample::Image(Image::new(pixels, 6, 6, 3)), Sample::Label(3)]
}

fn pixels(sample: &Sample) -> &[u8] {
    match sample {
        Sample::Image(image) => &image.pixels,
        other => panic!("{other:?} is no image"),
    }
}

fn view() -> Augment {
    augment(
        "view",
        vec![],
        vec![emit(
            "image",
            pipe("image", vec![crop(4.0, 1.0), hflip(), jitter(), hflip()]),
        )],
    )
}

fn pair() -> SampleGraph {
    let both = ["a", "b"].map(|name| emit(name, pipe("image", vec![call("view")])));
    compile(
        &augment("pair", vec![], both.to_vec()),
        &[view()],
        &fields(),
        None,
    )
    .unwrap()
}

#[test]
fn paths_name_the_place_in_the_recipe() {
    let graph = pair();
    let paths: Vec<_> = graph
        .paths()
        .filter(|path| path.starts_with("pair/a/"))
        .collect();
    assert_eq!(
        paths,
        [
            "pair/a/view/random_crop",
            "pair/a/view/hflip",
            "pair/a/view/color_jitter",
            "pair/a/view/hflip.2"
        ]
    );
    let crops = augment(
        "crops",
        vec![],
        vec![emit("locals", repeat(pipe("image", vec![hflip()]), 2))],
    );
    let graph = compile(&crops, &[], &fields(), None).unwrap();
    assert_eq!(
        graph.paths().collect::<Vec<_>>(),
        ["crops/locals/0/hflip", "crops/locals/1/hflip"]
    );
    assert_eq!(
        graph.outputs()[0].1,
        SampleType::list(SampleType::image(3, 6, 6), Some(2))
    );
}

#[test]
fn draws_depend_on_seed_epoch_sample_and_path_only() {
    let scratch = &mut Scratch::default();
    let graph = pair();
    let mut run = |seed, epoch, sample| {
        let input = record(scratch);
        let views = graph.run(input, seed, epoch, sample, scratch).unwrap();
        [pixels(&views[0]).to_vec(), pixels(&views[1]).to_vec()]
    };
    let first = run(7, 0, 5);
    assert_ne!(first[0], first[1]);
    assert_eq!(first, run(7, 0, 5));
    for other in [run(8, 0, 5), run(7, 1, 5), run(7, 0, 6)] {
        assert_ne!(first, other);
    }

    // the flip alone, against its own stream
    let single = augment(
        "single",
        vec![],
        vec![emit("view", pipe("image", vec![hflip()]))],
    );
    let graph = compile(&single, &[], &fields(), None).unwrap();
    let plain = pixels(&record(scratch)[0]).to_vec();
    let mut flips = 0;
    for sample in 0..64 {
        let input = record(scratch);
        let out = graph.run(input, 7, 3, sample, scratch).unwrap();
        let expected = Philox::new(7, &[3, sample, Philox::part("hflip/0")]).chance(0.5);
        assert_eq!(pixels(&out[0]) != plain, expected);
        flips += u32::from(expected);
    }
    assert!((16..=48).contains(&flips), "{flips}");
}

#[test]
fn a_bound_value_is_drawn_once() {
    let turned = augment(
        "turned",
        vec![
            (&["upright"], pipe("image", vec![crop(4.0, 1.0), hflip()])),
            (&["view", "turn"], pipe("upright", vec![turn("off")])),
        ],
        vec![
            emit("view", pipe("view", vec![])),
            emit("turn", pipe("turn", vec![])),
            emit("upright", pipe("upright", vec![])),
        ],
    );
    let graph = compile(&turned, &[], &fields(), None).unwrap();
    assert_eq!(graph.outputs()[1], ("turn".into(), SampleType::label(4)));
    assert_eq!(graph.paths().last(), Some("turned/view+turn/quarter_turn"));
    let scratch = &mut Scratch::default();
    let mut turns = [0; 4];
    for sample in 0..80 {
        let input = record(scratch);
        let out = graph.run(input, 1, 0, sample, scratch).unwrap();
        let (Sample::Image(upright), Sample::Label(turn)) = (&out[2], &out[1]) else {
            panic!("{out:?}")
        };
        let again = crate::augment::quarter_turn::rotate(upright, *turn, scratch);
        assert_eq!(pixels(&out[0]), again.pixels);
        turns[*turn as usize] += 1;
    }
    assert!(turns.iter().all(|n| *n >= 8), "{turns:?}");
}

#[test]
fn all_turns_come_in_order() {
    let all = augment(
        "all",
        vec![(&["view", "turn"], pipe("image", vec![turn("on")]))],
        vec![
            emit("view", pipe("view", vec![])),
            emit("turn", pipe("turn", vec![])),
        ],
    );
    let graph = compile(&all, &[], &fields(), None).unwrap();
    assert_eq!(
        graph.outputs()[1].1,
        SampleType::list(SampleType::label(4), Some(4))
    );
    let scratch = &mut Scratch::default();
    let input = record(scratch);
    let out = graph.run(input, 0, 0, 0, scratch).unwrap();
    let (Sample::List(views), Sample::List(labels)) = (&out[0], &out[1]) else {
        panic!("{out:?}")
    };
    assert!(matches!(
        labels[..],
        [
            Sample::Label(0),
            Sample::Label(1),
            Sample::Label(2),
            Sample::Label(3)
        ]
    ));
    assert_ne!(pixels(&views[1]), pixels(&views[3]));
}

#[test]
fn buffers_are_reused() {
    let scratch = &mut Scratch::default();
    let graph = pair();
    let mut buffers = HashSet::new();
    for sample in 0..100 {
        let input = record(scratch);
        let out = graph.run(input, 0, 0, sample, scratch).unwrap();
        buffers.extend(out.iter().map(|view| pixels(view).as_ptr()));
        scratch.give_list(out);
    }
    assert!(buffers.len() <= 4, "{} buffers", buffers.len());
}

#[test]
fn a_bad_picture_names_its_place() {
    let graph = compile(
        &augment(
            "cut",
            vec![],
            vec![emit(
                "view",
                pipe(
                    "image",
                    vec![
                        crop(8.0, 0.0),
                        step(
                            "normalize",
                            &[("mean", numbers(&[0.5; 3])), ("std", numbers(&[0.5; 3]))],
                        ),
                    ],
                ),
            )],
        ),
        &[],
        &vec![("image".into(), SampleType::parse("image[3, ?, ?]").unwrap())],
        None,
    )
    .unwrap();
    let scratch = &mut Scratch::default();
    let small = vec![Sample::Image(Image::new(vec![0; 12], 2, 2, 3))];
    let error = graph.run(small, 0, 0, 0, scratch).unwrap_err();
    assert!(
        error.message.contains("2 by 2") && error.message.contains("cut/view/random_crop"),
        "{error}"
    );
}

fn numbers(values: &[f64]) -> Value {
    Value::List(values.iter().map(|x| Value::Number(*x)).collect())
}

#[test]
fn errors_have_code_and_place() {
    let errors = |steps: Vec<SampleStep>| -> Vec<(Span, Problem)> {
        let one = augment("one", vec![], vec![emit("view", pipe("image", steps))]);
        compile(&one, &[view()], &fields(), None)
            .map(|_| ())
            .unwrap_err()
    };
    let normalize = || {
        step(
            "normalize",
            &[("mean", numbers(&[0.5; 3])), ("std", numbers(&[0.5; 3]))],
        )
    };
    let cases = [
        (
            errors(vec![crop(9.0, 1.0)]),
            Code::SampleType,
            at(77),
            "9px",
        ),
        (
            errors(vec![normalize(), jitter()]),
            Code::SampleType,
            at(70),
            "color_jitter",
        ),
        (
            errors(vec![turn("off"), hflip()]),
            Code::SampleType,
            at(70),
            "hflip",
        ),
        (
            errors(vec![step("normalize", &[])]),
            Code::MissingField,
            at(70),
            "statistics",
        ),
        (
            errors(vec![step(
                "normalize",
                &[("mean", numbers(&[0.5])), ("std", numbers(&[0.5]))],
            )]),
            Code::SampleType,
            at(70),
            "3",
        ),
        (errors(vec![call("one")]), Code::UnknownName, at(60), "one"),
        (
            errors(vec![step(
                "gaussian_blur",
                &[("kernel", Value::Length(4.0))],
            )]),
            Code::OutOfRange,
            at(77),
            "4px",
        ),
    ];
    for (found, code, span, text) in cases {
        assert_eq!(found.len(), 1, "{found:?}");
        let (place, problem) = &found[0];
        assert_eq!((problem.code, *place), (code, span), "{problem:?}");
        assert!(problem.message.contains(text), "{problem:?}");
    }
    // all at once
    let mut two = augment(
        "two",
        vec![],
        vec![
            emit("a", pipe("image", vec![crop(9.0, 1.0)])),
            emit("b", pipe("nothing", vec![])),
        ],
    );
    two.parameters.push(("sound".into(), at(22)));
    let found = compile(&two, &[], &fields(), None).map(|_| ()).unwrap_err();
    let codes: Vec<_> = found.iter().map(|(_, problem)| problem.code).collect();
    assert_eq!(
        codes,
        [Code::UnknownPart, Code::SampleType, Code::UnknownName]
    );
}

#[test]
fn normalize_takes_the_data_sets_statistics() {
    let one = augment(
        "one",
        vec![],
        vec![emit("view", pipe("image", vec![step("normalize", &[])]))],
    );
    let statistics = Normalization {
        mean: vec![0.1, 0.2, 0.3],
        std: vec![0.5, 0.5, 0.25],
    };
    let graph = compile(&one, &[], &fields(), Some(&statistics)).unwrap();
    let plain = SampleGraph::plain(&fields(), Some(&statistics));
    assert_eq!(plain.outputs(), &fields());
    let scratch = &mut Scratch::default();
    for graph in [graph, plain] {
        let input = record(scratch);
        let out = graph.run(input, 0, 0, 0, scratch).unwrap();
        let Sample::Image(image) = &out[0] else {
            panic!("{out:?}")
        };
        assert_eq!(image.normalization.as_deref(), Some(&statistics));
    }
}

/// `emit views = (image |> random_crop |> hflip) * 2`, for tests elsewhere.
/// Every field of a record as it is.
pub fn as_it_is(fields: &Fields) -> SampleGraph {
    let mut graph = SampleGraph::plain(fields, None);
    let slots = 0..fields.len();
    graph.outputs = slots
        .map(|slot| super::Input { slot, last: true })
        .collect();
    graph.fields.clone_from(fields);
    graph
}

pub fn two_views(fields: &Fields) -> SampleGraph {
    let view = pipe("image", vec![crop(4.0, 1.0), hflip()]);
    let two = augment("two", vec![], vec![emit("views", repeat(view, 2))]);
    compile(&two, &[], fields, None).unwrap()
}

fn clip_fields() -> Fields {
    vec![
        ("image".into(), "clip[4, 3, 6, 6]"),
        ("label".into(), "label(10)"),
    ]
    .into_iter()
    .map(|(name, text): (String, &str)| (name, SampleType::parse(text).unwrap()))
    .collect()
}

/// Four equal frames, which differ from pixel to pixel.
fn clip_record(scratch: &mut Scratch) -> Record {
    let Sample::Image(frame) = record(scratch).swap_remove(0) else {
        panic!()
    };
    vec![Sample::clip(vec![frame; 4]), Sample::Label(3)]
}

fn each(inner: SampleStep) -> SampleStep {
    let SampleStep::Transform(call) = inner else {
        panic!()
    };
    step("each", &[("transform", Value::Call(call))])
}

fn problem(steps: Vec<SampleStep>, fields: &Fields) -> String {
    let a = augment("a", vec![], vec![emit("out", pipe("image", steps))]);
    let Err(problems) = compile(&a, &[], fields, None) else {
        panic!("it compiles")
    };
    problems[0].1.message.clone()
}

/// What a transform of pictures draws is drawn once for all frames; inside `each`, for each.
#[test]
fn a_transform_of_pictures_does_the_same_to_all_frames() {
    let same = vec![crop(4.0, 1.0), hflip(), jitter()];
    let own = vec![each(crop(4.0, 1.0)), each(hflip()), each(jitter())];
    let a = augment(
        "a",
        vec![],
        vec![
            emit("same", pipe("image", same)),
            emit("own", pipe("image", own)),
        ],
    );
    let graph = compile(&a, &[], &clip_fields(), None).unwrap();
    for (_, ty) in graph.outputs() {
        assert_eq!(ty.to_string(), "clip[4, 3, 4, 4]");
    }
    let scratch = &mut Scratch::default();
    let mut firsts = HashSet::new();
    for sample in 0..20 {
        let emitted = graph
            .run(clip_record(scratch), 7, 0, sample, scratch)
            .unwrap();
        let frames = |at: usize| &emitted[at].as_clip().unwrap().frames;
        assert!(frames(0).iter().all(|frame| *frame == frames(0)[0]));
        let different: HashSet<&[u8]> = frames(1).iter().map(|f| &*f.pixels).collect();
        assert_eq!(different.len(), 4, "sample {sample}");
        firsts.insert(frames(0)[0].pixels.clone());
        let again = graph
            .run(clip_record(scratch), 7, 0, sample, scratch)
            .unwrap();
        assert_eq!(again[0].as_clip(), emitted[0].as_clip());
        assert_eq!(again[1].as_clip(), emitted[1].as_clip());
    }
    assert_eq!(firsts.len(), 20, "samples differ");
}

/// Beside pictures there is one value for all frames, or a list of one for each.
#[test]
fn labels_of_frames_are_one_or_a_list() {
    let a = augment(
        "a",
        vec![
            (&["once", "turn"], pipe("image", vec![turn("off")])),
            (&["own", "turns"], pipe("image", vec![each(turn("off"))])),
            (&["all", "four"], pipe("image", vec![turn("on")])),
        ],
        ["once", "turn", "own", "turns", "all", "four"]
            .map(|name| emit(name, pipe(name, vec![])))
            .to_vec(),
    );
    let graph = compile(&a, &[], &clip_fields(), None).unwrap();
    let types: Vec<String> = graph
        .outputs()
        .iter()
        .map(|(_, ty)| ty.to_string())
        .collect();
    assert_eq!(
        types,
        [
            "clip[4, 3, 6, 6]",
            "label(4)",
            "clip[4, 3, 6, 6]",
            "label(4) * 4",
            "clip[4, 3, 6, 6] * 4",
            "label(4) * 4"
        ]
    );
    let scratch = &mut Scratch::default();
    let emitted = graph.run(clip_record(scratch), 7, 0, 3, scratch).unwrap();
    for (value, (name, ty)) in emitted.iter().zip(graph.outputs()) {
        assert!(ty.holds(value), "{name}: {}", value.shown());
    }
    let frames = |at: usize| &emitted[at].as_clip().unwrap().frames;
    let turned = |by: u32| {
        let Sample::Image(image) = record(&mut Scratch::default()).swap_remove(0) else {
            panic!()
        };
        super::super::quarter_turn::rotate(&image, by, &mut Scratch::default())
    };
    let by = emitted[1].as_label().unwrap();
    assert!(frames(0).iter().all(|frame| *frame == turned(by)));
    for (frame, by) in frames(2).iter().zip(emitted[3].as_list().unwrap()) {
        assert_eq!(*frame, turned(by.as_label().unwrap()));
    }
}

#[test]
fn what_takes_no_clip_or_no_picture_says_so() {
    let wide = step("center_crop", &[("size", Value::Length(9.0))]);
    assert_eq!(
        problem(vec![wide], &clip_fields()),
        "a crop of 9px does not fit into `image[3, 6, 6]`"
    );
    assert_eq!(
        problem(vec![each(hflip())], &fields()),
        "`each` takes a clip, and `image[3, 6, 6]` flows into it"
    );
    let still = step("center_crop", &[("size", Value::Length(4.0))]);
    assert_eq!(
        problem(vec![each(still)], &clip_fields()),
        "`center_crop` draws nothing: it does the same to every frame"
    );
    let shuffle = || step("maybe_shuffle", &[("chance", Value::Ratio(0.5))]);
    assert_eq!(
        problem(vec![each(shuffle())], &clip_fields()),
        "`maybe_shuffle` takes a clip, and `each` gives it one frame"
    );
    assert_eq!(
        problem(vec![shuffle()], &clip_fields()),
        "`maybe_shuffle` takes five frames or three, and `clip[4, 3, 6, 6]` flows into it"
    );
    let taken = |count: i64, gap: (f64, f64)| {
        step(
            "sample_frames",
            &[
                ("count", Value::Integer(count)),
                ("gap", Value::Range(gap.0, gap.1)),
                ("at", Value::Word("random".into())),
                ("motion", Value::Word("off".into())),
            ],
        )
    };
    assert_eq!(
        problem(vec![taken(3, (2.0, 3.0))], &clip_fields()),
        "3 frames, each 2 after the last, do not fit into `clip[4, 3, 6, 6]`"
    );
    assert_eq!(
        problem(vec![taken(2, (1.5, 3.0))], &clip_fields()),
        "a gap is a whole number of frames, the smaller end first"
    );
    // statistics are noted on each frame
    let by = Normalization {
        mean: vec![0.5; 3],
        std: vec![0.5; 3],
    };
    let a = augment(
        "a",
        vec![],
        vec![emit("out", pipe("image", vec![step("normalize", &[])]))],
    );
    let graph = compile(&a, &[], &clip_fields(), Some(&by)).unwrap();
    assert!(!graph.never_normalizes());
    let emitted = graph
        .run(
            clip_record(&mut Scratch::default()),
            1,
            0,
            0,
            &mut Scratch::default(),
        )
        .unwrap();
    let frames = &emitted[0].as_clip().unwrap().frames;
    assert!(
        frames
            .iter()
            .all(|frame| frame.normalization.as_deref() == Some(&by))
    );
}

fn normalize(mean: f64, std: f64) -> SampleStep {
    let one = |number| Value::List(vec![Value::Number(number)]);
    step("normalize", &[("mean", one(mean)), ("std", one(std))])
}

#[test]
fn a_part_of_lab_is_scaled_already() {
    let behind = |normalize: SampleStep| {
        let steps = vec![step("lightness", &[]), normalize];
        augment("a", vec![], vec![emit("out", pipe("image", steps))])
    };
    let twice = compile(&behind(normalize(0.5, 0.25)), &[], &fields(), None).unwrap();
    assert!(matches!(
        twice.normalizes_twice(),
        [(_, Some(LabPart::Lightness))]
    ));
    let by = Normalization {
        mean: vec![0.5; 3],
        std: vec![0.5; 3],
    };
    let problems = compile(&behind(step("normalize", &[])), &[], &fields(), Some(&by)).err();
    assert_eq!(
        problems.unwrap()[0].1.helps,
        ["remove `normalize`: what `lightness` gives is scaled already"]
    );
}

/// Two records may fail with the same words, and count as two.
#[test]
fn what_a_transform_refuses_is_told_with_its_sample() {
    let steps = vec![normalize(0.5, 0.25)];
    let a = augment("a", vec![], vec![emit("out", pipe("image", steps))]);
    // the record's picture has three channels
    let one = vec![
        ("image".to_owned(), SampleType::image(1, 6, 6)),
        fields().swap_remove(1),
    ];
    let Ok(graph) = compile(&a, &[], &one, None) else {
        panic!("it does not compile")
    };
    let scratch = &mut Scratch::default();
    let error = graph.run(record(scratch), 1, 0, 41, scratch).err().unwrap();
    assert!(
        error.message.ends_with("(sample 41, at `a/out/normalize`)"),
        "{}",
        error.message
    );
}
