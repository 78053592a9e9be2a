use super::*;
use crate::catalog::Value;
use crate::graph::testing::{args, entry, layer, net};
use crate::graph::{DType, Mode, Size};
use crate::tasks::traces;

#[test]
fn steps_are_those_of_the_paper() {
    for text in [
        include_str!("../../tests/fixtures/tasks/video_color.json"),
        include_str!("../../tests/fixtures/tasks/video_color_cosine.json"),
    ] {
        follow(&traces::read(text));
    }
}

fn follow(trace: &traces::Trace) {
    let spec = entry(Kind::Task, "video_color");
    let mut given = traces::arguments(trace, &spec);
    let layers = [("conv", &[3, 3][..]), ("batch_norm", &[]), ("relu", &[])];
    let mut encoder = net(layers.map(|(name, numbers)| layer(name, numbers)));
    encoder.steps[2].place = Some("map".into());
    given.push(("encoder", Value::Net(encoder)));
    if traces::has_net(trace, "head") {
        given.push(("head", Value::Net(traces::net_of(trace, "head"))));
    }
    let mut g = traces::inputs(trace);
    build(&mut g, &args(&spec, &given)).unwrap();
    traces::compare(trace, &g);
}

#[test]
fn light_and_colours_of_other_frames_are_refused() {
    let mut g = Graph::new(Mode::Train);
    let mut clip = |name: &str, frames: usize, channels: usize| {
        let sizes = [frames, channels, 8, 8].map(Size::from);
        let shape = [&[Size::batch()][..], &sizes].concat();
        g.declare_input(name, shape, DType::F32, None)
    };
    let (x, c, one) = (clip("x", 3, 1), clip("c", 2, 5), clip("one", 1, 5));
    for (x, c) in [(x, c), (c, x), (one, one)] {
        let problem = checked(&g, x, c).err().unwrap();
        assert!(
            problem.message.contains("not the light and the colours"),
            "{problem}"
        );
    }
}
