//! Two networks of one form side by side, each on channels of its own (Zhang et al., 2017, split-brain autoencoders).

use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Var, within};
use crate::language::codes::Code;

/// The half of the first channel, and that of the rest; parts of the encoder, and what its parameters are under.
pub const HALVES: [&str; 2] = ["first", "rest"];

/// `[B, C, H, W]` → the features of both halves side by side, `[B, 2 D]`; their places likewise.
fn build(g: &mut Graph, args: &Args, x: Var) -> Result<Var> {
    let [channels, _, _] = g.check_map("halves", x)?;
    if channels < 2 {
        return Err(Problem::new(
            Code::Shape,
            format!("`halves` parts a picture by its channels, and this one has {channels}"),
        )
        .help("show it pictures in colour: `image |> lab()`")
        .help("or take an encoder that is whole: `encoder = small_cnn()`"));
    }
    let one = g.slice(x, 1, 0.into(), 1.into())?; // [B, 1, H, W]
    let rest = g.slice(x, 1, 1.into(), (channels - 1).into())?; // [B, C - 1, H, W]
    let features = [
        half(g, HALVES[0], args, one)?,
        half(g, HALVES[1], args, rest)?,
    ];
    places(g)?;
    beside(g, features)
}

/// One of them, on its own channels.
fn half(g: &mut Graph, name: &str, args: &Args, x: Var) -> Result<Var> {
    let module = Module::new(name, args.net("half"));
    g.call(&module, x)
}

/// The places of both halves side by side, under the names that each has.
fn places(g: &mut Graph) -> Result<()> {
    let [one, rest] = HALVES.map(|half| g.path(half));
    let of = |half: &str| -> Vec<(String, Var)> {
        let named = g.places.iter();
        let own = named.filter_map(|place| {
            let rest = within(&place.name, half)?;
            Some((rest.trim_start_matches('/').to_owned(), place.var))
        });
        own.collect()
    };
    let (first, second) = (of(&one), of(&rest));
    for (name, var) in first {
        let other = second.iter().find(|(other, _)| *other == name);
        if let Some((_, other)) = other {
            let both = beside(g, [var, *other])?;
            g.place(&name, both);
        }
    }
    Ok(())
}

/// Features side by side: channels of maps `[B, D, h, w]`, and the last of vectors `[B, D]` and tokens `[B, n, D]`.
fn beside(g: &mut Graph, halves: [Var; 2]) -> Result<Var> {
    let rank = g.shape(halves[0]).len();
    let dim = if rank == 4 { 1 } else { rank.saturating_sub(1) };
    g.concat(&halves, dim)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "halves",
        Kind::Encoder,
        "Two networks of one form side by side: one on the first channel, one on the rest.",
        Make::Encoder(build),
    )
    .takes(SampleType::IMAGE)
    .part(HALVES[0], |g, args, x| half(g, HALVES[0], args, x))
    .part(HALVES[1], |g, args, x| half(g, HALVES[1], args, x))
    .param(Param::required(
        "half",
        Type::Encoder,
        "The network of each half; both have weights of their own.",
    ))
    .paper(
        "Zhang et al., 2017",
        "Split-Brain Autoencoders: Unsupervised Learning by Cross-Channel Prediction",
        "arXiv:1611.09842",
    )
    .doc(
        "Of pictures in Lab one half sees L and the other a and b. Gives the features of both, one after the other; places are those of the half, again \
         with both side by side. Parts for tasks: `first` (`[B, 1, H, W]`) and `rest` (`[B, C - 1, H, W]`), each gives the features of its half.",
    )
    .example("halves(small_cnn(width = 16))")
}
