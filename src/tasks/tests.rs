//! Graphs of the tasks: shapes, errors, default augments.

use crate::catalog::{At, Catalog, Kind, Make, Spec, Value};
use crate::data::{ClipType, ImageType, Normalization, SampleType, first_clip, main_field};
use crate::graph::testing::{args, call, encoder, entry, layer, net, task};
use crate::graph::{DType, Graph, Mode, Op, Shape, Size, show};
use crate::language::Sources;
use crate::language::codes::Code;

fn images() -> Shape {
    vec![Size::batch(), 3.into(), 32.into(), 32.into()]
}

fn labels() -> Shape {
    vec![Size::batch()]
}

fn rotation(classes: usize, outputs: i64) -> crate::catalog::Result<Graph> {
    let inputs = [("view", images(), None), ("turn", labels(), Some(classes))];
    let head = net([
        layer("linear", &[64]),
        layer("relu", &[]),
        layer("linear", &[outputs]),
    ]);
    task("rotation", &inputs, encoder("small_cnn", &[]), head)
}

#[test]
fn rotation_of_single_turns() {
    let g = rotation(4, 4).unwrap();
    assert_eq!(g.objectives[0].name, "loss");
    assert_eq!(show(g.shape(g.objectives[0].var)), "[1]");
    assert_eq!(g.metrics[0].name, "accuracy");
    assert!(g.parameters.iter().any(|p| p.name == "head/2/bias"));
}

#[test]
fn rotation_of_all_four_turns_is_one_batch() {
    let mut inputs = Vec::new();
    let names: Vec<(String, String)> = (0..4)
        .map(|i| (format!("view/{i}"), format!("turn/{i}")))
        .collect();
    for (view, turn) in &names {
        inputs.push((view.as_str(), images(), None));
        inputs.push((turn.as_str(), labels(), Some(4)));
    }
    let head = net([layer("linear", &[4])]);
    let g = task("rotation", &inputs, encoder("small_cnn", &[]), head).unwrap();
    let logits = g.nodes.iter().find(|n| n.op == Op::LogSoftmax(1)).unwrap();
    assert_eq!(show(&logits.shape), "[4*B, 4]");
}

#[test]
fn a_head_must_have_the_classes_of_its_target() {
    let problem = rotation(9, 4).unwrap_err();
    assert_eq!(problem.code, Code::Classes);
    assert_eq!(
        problem.message,
        "the head gives 4 scores, but `turn` has 9 classes"
    );
    assert!(problem.helps[0].contains("linear(9)"));
}

#[test]
fn simclr_compares_all_views() {
    let inputs = [("views/0", images(), None), ("views/1", images(), None)];
    let head = || {
        net([
            layer("linear", &[64]),
            layer("relu", &[]),
            layer("linear", &[16]),
        ])
    };
    let g = task("simclr", &inputs, encoder("small_cnn", &[]), head()).unwrap();
    let logits = g.nodes.iter().find(|n| n.op == Op::LogSoftmax(1)).unwrap();
    assert_eq!(show(&logits.shape), "[2*B, 2*B]");
    // one batch norm per layer of small_cnn: both views go through at once
    let norms = g
        .nodes
        .iter()
        .filter(|n| matches!(n.op, Op::BatchNorm { .. }));
    assert_eq!(norms.count(), 3);
    let three = [inputs.to_vec(), vec![("views/2", images(), None)]].concat();
    let problem = task("simclr", &three, encoder("small_cnn", &[]), head()).unwrap_err();
    assert_eq!(problem.code, Code::Unbound);
    assert!(problem.message.contains("not 3"), "{problem}");
}

/// The picture of a record, as data sets have it.
fn pictures(channels: usize, side: Option<usize>) -> crate::data::Fields {
    let image = ImageType {
        channels: Some(channels),
        height: side,
        width: side,
    };
    vec![
        ("label".to_owned(), SampleType::label(10)),
        ("image".to_owned(), image.into()),
    ]
}

/// What a task's default augment emits for such records.
fn emitted(
    spec: &Spec,
    given: &[(&str, Value)],
    fields: &crate::data::Fields,
) -> crate::data::Fields {
    let Make::Task { augment, .. } = &spec.make else {
        panic!("{}", spec.name)
    };
    let body = augment(&args(spec, given), fields).unwrap().unwrap();
    let centred = ["normalize()", "lightness()", "lab()"];
    assert!(centred.iter().any(|last| body.contains(last)), "{body}");
    let mut sources = Sources::default();
    let field = main_field(fields).unwrap();
    let text = format!("ssl 1\n\naugment default({field}) {{\n{body}\n}}\n");
    let file = sources.add("<test>", text);
    let (recipe, said) = crate::language::check(sources, file, &Catalog::builtin(), &[]);
    let recipe = recipe.unwrap_or_else(|| panic!("{}: {:?}\n{body}", spec.name, said));
    let clip = first_clip(fields).map(|(_, clip)| clip.frame.channels.unwrap());
    let channels = clip.unwrap_or_else(|| super::picture(fields).unwrap().channels);
    let statistics = Normalization {
        mean: vec![0.5; channels],
        std: vec![0.25; channels],
    };
    let block = &recipe.augments[0];
    match crate::augment::compile(block, &[], fields, Some(&statistics)) {
        Ok(graph) => graph.outputs().clone(),
        Err(problems) => panic!("{}: {problems:?}\n{body}", spec.name),
    }
}

#[test]
fn default_augments_suit_all_pictures() {
    // these want more beside the clip: another camera's, tracks, colours that a fit has learnt
    const MORE: [&str; 3] = ["multi_view", "tracking", "video_color"];
    let of_pictures = |spec: &Spec| {
        let mut inputs = spec.inputs.iter();
        inputs.all(|input| !input.holds(&SampleType::TOKENS)) && !MORE.contains(&&*spec.name)
    };
    for spec in super::specs().into_iter().filter(of_pictures) {
        for (channels, side) in [(3, Some(32)), (1, Some(28)), (3, Some(96)), (3, None)] {
            // grey pictures have no colours to be learnt
            let of_colours = ["colorization", "split_brain"];
            if of_colours.contains(&spec.name.as_str()) && channels == 1 {
                continue;
            }
            let mut fields = pictures(channels, side);
            if spec.inputs.iter().any(|input| input.ty.frame().is_some()) {
                let frame = *fields[1].1.as_image().unwrap();
                fields[1] = ("clip".to_owned(), ClipType::of(side.map(|_| 9), frame));
            }
            let outputs = emitted(&spec, &[], &fields);
            for input in &spec.inputs {
                let found = outputs.iter().find(|(name, _)| *name == input.name);
                // byol's two views of large pictures are two fields, which make the list
                let listed = input.name == "views" && outputs.len() == 2;
                assert!(found.is_some() || listed, "{}: {outputs:?}", spec.name);
            }
        }
        let Make::Task { augment, .. } = &spec.make else {
            panic!("{}", spec.name)
        };
        assert_eq!(augment(&args(&spec, &[]), &vec![]), Ok(None));
    }
}

#[test]
fn arguments_reach_the_default_augment() {
    let spec = entry(Kind::Task, "autoencoder");
    let fields = pictures(3, Some(32));
    emitted(&spec, &[("noise", Value::Ratio(0.25))], &fields);
    let Make::Task { augment, .. } = &spec.make else {
        panic!()
    };
    let body = augment(&args(&spec, &[("noise", Value::Ratio(0.25))]), &fields)
        .unwrap()
        .unwrap();
    assert!(body.contains("noise(25%)"), "{body}");
    let spec = entry(Kind::Task, "moco");
    let Make::Task { augment, .. } = &spec.make else {
        panic!()
    };
    let first = [("version", Value::Word("v1".into()))];
    let large = pictures(3, Some(224));
    assert!(
        !augment(&args(&spec, &first), &large)
            .unwrap()
            .unwrap()
            .contains("blur")
    );
    assert!(
        augment(&args(&spec, &[]), &large)
            .unwrap()
            .unwrap()
            .contains("blur(23px")
    );
    assert!(
        !augment(&args(&spec, &[]), &fields)
            .unwrap()
            .unwrap()
            .contains("blur")
    );
}

/// A task on two views with heads of these widths at their ends.
fn two_views(
    name: &str,
    views: usize,
    head: i64,
    predictor: Option<i64>,
) -> crate::catalog::Result<Graph> {
    let end = |n: i64| {
        net([
            layer("linear", &[16]),
            layer("relu", &[]),
            layer("linear", &[n]),
        ])
    };
    let mut given = vec![
        ("encoder", Value::Net(encoder("small_cnn", &[]))),
        ("head", Value::Net(end(head))),
    ];
    given.extend(predictor.map(|n| ("predictor", Value::Net(end(n)))));
    let call = call(Kind::Task, name, &given);
    let mut g = Graph::new(Mode::Train);
    for view in 0..views {
        g.declare_input(&format!("views/{view}"), images(), DType::F32, None);
    }
    let Make::Task { build, .. } = &call.spec.make else {
        panic!("{name} is no task")
    };
    build(&mut g, &call.args).map(|()| g)
}

#[test]
fn tasks_on_two_views_say_what_is_wrong() {
    for name in ["barlow_twins", "byol", "moco", "nnclr", "simsiam", "vicreg"] {
        let predictor = entry(Kind::Task, name).find("predictor").map(|_| 8);
        let g = two_views(name, 2, 8, predictor).unwrap();
        assert_eq!(show(g.shape(g.objectives[0].var)), "[1]");
        for metric in &g.metrics {
            assert_eq!(show(g.shape(metric.var)), "[1]", "{name} {}", metric.name);
        }
        // each view normalises its own batch: as many batch norms as calls
        let norms = g
            .nodes
            .iter()
            .filter(|n| matches!(n.op, Op::BatchNorm { .. }));
        let calls = if name == "byol" { 4 } else { 2 };
        assert_eq!(norms.count(), 3 * calls, "{name}");
        let problem = two_views(name, 3, 8, predictor).unwrap_err();
        assert_eq!(problem.code, Code::Unbound);
        assert_eq!(
            problem.message,
            format!("{name} takes two views of each picture, not 3")
        );
        if predictor.is_some() {
            let problem = two_views(name, 2, 8, Some(9)).unwrap_err();
            assert_eq!(problem.at, At::Argument("predictor".into()));
            assert!(problem.message.contains("gives 9 numbers"), "{problem}");
            assert!(problem.helps[0].contains("linear(8)"));
        }
    }
}

#[test]
fn what_is_predicted_holds_still() {
    // a gradient that reached the target would let both sides meet anywhere
    let g = two_views("simsiam", 2, 8, Some(8)).unwrap();
    let still = g.nodes.iter().filter(|n| n.op == Op::StopGradient);
    assert_eq!(still.count(), 2);
    for name in ["byol", "moco"] {
        let predictor = (name == "byol").then_some(8);
        let g = two_views(name, 2, 8, predictor).unwrap();
        let moved = &g.phases()[0].parameters;
        let slow = |name: &str| name.starts_with("ema/");
        assert!(g.parameters.iter().any(|p| slow(&p.name)), "{name}");
        assert!(
            moved.iter().all(|i| !slow(&g.parameters[*i].name)),
            "{name}"
        );
    }
}

#[test]
fn versions_of_moco_differ_in_their_head() {
    let heads = |version: &str| -> Vec<String> {
        let version = ("version", Value::Word(version.into()));
        let net = ("encoder", Value::Net(encoder("small_cnn", &[])));
        let call = call(Kind::Task, "moco", &[version, net]);
        let mut g = Graph::new(Mode::Train);
        for view in 0..2 {
            g.declare_input(&format!("views/{view}"), images(), DType::F32, None);
        }
        let Make::Task { build, .. } = &call.spec.make else {
            panic!()
        };
        build(&mut g, &call.args).unwrap();
        let own = g.parameters.iter().filter(|p| p.name.starts_with("head/"));
        own.map(|p| format!("{} {:?}", p.name, p.shape)).collect()
    };
    assert_eq!(
        heads("v1"),
        ["head/0/weight [128, 128]", "head/0/bias [128]"]
    );
    assert_eq!(
        heads("v2"),
        [
            "head/0/weight [128, 2048]",
            "head/0/bias [2048]",
            "head/2/weight [2048, 128]",
            "head/2/bias [128]"
        ]
    );
}

#[test]
fn tiles_share_one_encoder() {
    let tile = || -> Shape { vec![Size::batch(), 3.into(), 8.into(), 8.into()] };
    let head = |n| {
        net([
            layer("linear", &[16]),
            layer("relu", &[]),
            layer("linear", &[n]),
        ])
    };
    let pair = [
        ("middle", tile(), None),
        ("neighbour", tile(), None),
        ("place", labels(), Some(8)),
    ];
    let g = task("relative_patch", &pair, encoder("small_cnn", &[]), head(8)).unwrap();
    let logits = g.nodes.iter().find(|n| n.op == Op::LogSoftmax(1)).unwrap();
    assert_eq!(show(&logits.shape), "[B, 8]");
    let problem = task("relative_patch", &pair, encoder("small_cnn", &[]), head(4)).unwrap_err();
    assert_eq!(problem.code, Code::Classes);

    let names: Vec<String> = (0..9).map(|i| format!("tiles/{i}")).collect();
    let mut puzzle: Vec<(&str, Shape, Option<usize>)> = Vec::new();
    puzzle.extend(names.iter().map(|name| (name.as_str(), tile(), None)));
    puzzle.push(("order", labels(), Some(64)));
    let g = task("jigsaw", &puzzle, encoder("small_cnn", &[]), head(64)).unwrap();
    let logits = g.nodes.iter().find(|n| n.op == Op::LogSoftmax(1)).unwrap();
    assert_eq!(show(&logits.shape), "[B, 64]");
    puzzle.remove(0);
    let problem = task("jigsaw", &puzzle[..], encoder("small_cnn", &[]), head(64)).unwrap_err();
    assert_eq!(problem.code, Code::Unbound);
}

#[test]
fn a_mask_in_the_batch_is_a_map_of_one_channel() {
    let spec = entry(Kind::Task, "inpainting");
    let outputs = emitted(&spec, &[], &pictures(3, Some(32)));
    let mask = outputs.iter().find(|(name, _)| name == "mask").unwrap();
    assert_eq!(mask.1.to_string(), "mask[32, 32]");
}

/// Triples of both kinds alike, as an `augment` asks for them: a plan with the label of two classes that the task reads.
#[test]
fn frame_order_takes_triples_of_both_kinds_alike() {
    let text = "ssl 1\n\ndataset clips = moving_shapes(train = 64)\n\naugment triples(clip) {\n\
        \u{20} (frames, in_order) = clip |> normalize() |> order_triple(50%, within = 6, outside = 2..4)\n\
        \u{20} emit frames, in_order\n}\n\npretext told = frame_order() {\n  data = clips.train\n  augment = triples\n\
        \u{20} encoder = small_cnn(width = 4)\n  batch = 16\n}\n";
    let plan = crate::plan::testing::planned(text, &Catalog::builtin());
    assert_eq!(plan.stages.len(), 1);
}
