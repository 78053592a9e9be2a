//! Graphs of evaluation: an encoder with its places as vectors, or with a head behind it.

use super::types::{ENCODER, Reader};
use crate::catalog::{Args, At, Call, Net, Problem, Result, Value};
use crate::data::{Fields, Loose, SampleType, Tensor, lengths};
use crate::encoders::texts;
use crate::evaluation::{self, INPUT};
use crate::graph::{DType, Graph, Mode, Module, Node, Op, Size, Var, show};
use crate::language::codes::Code;

/// The part of an encoder that gives the rows of its table.
pub const PART: &str = "vectors";

/// How a feature map becomes a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Mean over places.
    Avg,
    /// All of it.
    Flatten,
    /// Means over at most n × n cells.
    Grid(usize),
}

impl Pool {
    /// Reads the parameter `pool`.
    pub fn new(args: &Args) -> Self {
        match args.values.get("pool").map(|argument| &argument.value) {
            Some(Value::Word(word)) if word == "flatten" => Pool::Flatten,
            Some(Value::Call(Call { spec, args, .. })) if spec.name == "grid" => {
                Pool::Grid(args.size("cells"))
            }
            _ => Pool::Avg,
        }
    }

    /// As the protocol prints it.
    pub fn show(self) -> String {
        match self {
            Pool::Avg => "avg".into(),
            Pool::Flatten => "flatten".into(),
            Pool::Grid(n) => format!("grid({n})"),
        }
    }
}

/// The module that evaluation calls an encoder by, whatever part of a stage it is.
pub fn encoder_module(net: &Net) -> Module {
    Module::new(ENCODER, net)
}

/// The encoder on `image`, in evaluation; the second value is its output.
pub fn encoder_graph(encoder: &Reader) -> Result<(Graph, Var)> {
    let mut g = Graph::new(Mode::Eval);
    let output = encoded(&mut g, encoder)?;
    Ok((g, output))
}

/// An encoder as it reads texts of fewer pieces, by how many, from the fewest: none where it reads no texts of `emitted`.
pub fn shorter(encoder: &Reader, emitted: &Fields) -> Vec<Reader> {
    let longest = encoder.sample.longest();
    let Some(longest) = longest.filter(|own| lengths::longest(emitted) == Some(*own)) else {
        return Vec::new();
    };
    let below = lengths::of(longest).into_iter().filter(|n| *n < longest);
    below
        .map(|length| Reader {
            sample: encoder.sample.no_longer(length),
            ..encoder.clone()
        })
        .collect()
}

/// What an encoder gives of what it reads; where that are clips and it takes a frame at a time, of all frames: `[t B, …]`.
fn encoded(g: &mut Graph, encoder: &Reader) -> Result<Var> {
    let mut read = declare_read(g, &encoder.sample)?;
    if encoder.by_frame().is_some() {
        read = g.frames(read)?;
    }
    g.call(&encoder_module(&encoder.net), read)
}

/// What an encoder gives as one vector for each record, `[B, d]`, and d: of frames their vectors side by side in the order of time, since
/// a mean would not tell what comes first.
fn vectors(g: &mut Graph, encoder: &Reader, x: Var, pool: Pool) -> Result<(Var, usize)> {
    let x = match (pieces(g, encoder, x), pool) {
        (Some(ids), Pool::Avg) => {
            let own = texts::own(g, ids)?; // [B, n]
            texts::mean(g, x, own)? // [B, D]
        }
        _ => x,
    };
    let (x, dim) = pooled(g, x, pool)?;
    match encoder.by_frame() {
        Some(frames) => Ok((g.by_clip(x, frames)?, frames * dim)),
        None => Ok((x, dim)),
    }
}

/// The ids of a text, `[B, n]`, where a place has features of each piece, `[B, n, D]`.
fn pieces(g: &Graph, encoder: &Reader, x: Var) -> Option<Var> {
    encoder.sample.longest()?;
    let reads = |node: &Node| node.op == Op::Input(INPUT.to_owned());
    let ids = Var(g.nodes.iter().position(reads)? as u32);
    let (ids_of, features) = (g.shape(ids), g.shape(x));
    (features.len() == 3 && features[..2] == ids_of[..]).then_some(ids)
}

/// Declares what an encoder reads, under the name [`INPUT`]: the tensors that a batch holds of it. The first is what flows into the
/// encoder: `[B, c, h, w]` of pictures.
fn declare_read(g: &mut Graph, sample: &SampleType) -> Result<Var> {
    let loose = |loose: Loose| loose.problem(INPUT);
    let mut first = None;
    for tensor in sample.tensors().map_err(loose)? {
        let var = declare(g, &format!("{INPUT}{}", tensor.suffix), &tensor);
        first = first.or(Some(var));
    }
    first.ok_or_else(|| Loose::never(sample.clone()).problem(INPUT))
}

/// Declares a tensor of the batch.
pub fn declare(g: &mut Graph, name: &str, tensor: &Tensor) -> Var {
    let mut shape = vec![Size::batch()];
    shape.extend(tensor.shape.iter().map(|n| Size::from(*n)));
    g.declare_input(name, shape, tensor.dtype, tensor.classes)
}

/// A place as a vector: `[B, d]` and d.
pub fn pooled(g: &mut Graph, x: Var, pool: Pool) -> Result<(Var, usize)> {
    let shape = g.shape(x).clone();
    let fixed = |i: usize| shape.get(i).and_then(Size::known).unwrap_or(0);
    let x = match (shape.len(), pool) {
        // tokens [B, t, d]: the mean token
        (3, Pool::Avg) => g.push(
            Op::Mean(1),
            vec![x],
            vec![shape[0].clone(), 1.into(), shape[2].clone()],
            DType::F32,
        ),
        (4, Pool::Avg) => g.global_avg_pool(x)?,
        (4, Pool::Grid(n)) => {
            let (h, w) = (fixed(2), fixed(3));
            if h != w {
                return Err(Problem::argument(
                    Code::Shape,
                    "pool",
                    format!("`grid({n})` wants a square feature map, this one is {h} × {w}"),
                )
                .help("use `pool = avg` or `pool = flatten`"));
            }
            // a map that is small already stays as it is
            let n = n.min(h);
            // PyTorch's way to n cells where n does not divide the size: the largest even step
            let stride = h / n;
            let kernel = h - (n - 1) * stride;
            g.avg_pool(
                x,
                crate::graph::Pool {
                    kernel,
                    stride,
                    padding: 0,
                },
            )?
        }
        _ => x,
    };
    let shape = g.shape(x).clone();
    let dim = crate::graph::elements(&shape[1..]).known().unwrap_or(0);
    if shape.len() == 2 {
        return Ok((x, dim));
    }
    let flat = g.push(
        Op::Reshape,
        vec![x],
        vec![shape[0].clone(), dim.into()],
        DType::F32,
    );
    Ok((flat, dim))
}

/// The graph that reads `places` (`output` where the list is empty) of an encoder as vectors.
pub fn reading_graph(
    encoder: &Reader,
    places: &[String],
    pool: Pool,
) -> Result<(Graph, Vec<(String, Var, usize)>)> {
    reading_on(Graph::new(Mode::Eval), encoder, places, pool)
}

/// The same in a graph that has its parameters already, or none.
pub fn reading_on(
    mut g: Graph,
    encoder: &Reader,
    places: &[String],
    pool: Pool,
) -> Result<(Graph, Vec<(String, Var, usize)>)> {
    let mut read = Vec::new();
    for (name, var) in at_places(&mut g, encoder, places)? {
        let (var, dim) = vectors(&mut g, encoder, var, pool)?;
        read.push((name, var, dim));
    }
    Ok((g, read))
}

/// What an encoder gives at `places`; at `output` where the list is empty.
fn at_places(g: &mut Graph, encoder: &Reader, places: &[String]) -> Result<Vec<(String, Var)>> {
    let output = encoded(g, encoder)?;
    let known: Vec<(String, Var)> = g
        .places
        .iter()
        .filter_map(|place| Some((place.name.strip_prefix("encoder/")?.to_owned(), place.var)))
        .collect();
    let unknown: Vec<&str> = places
        .iter()
        .map(String::as_str)
        .filter(|place| *place != "output" && known.iter().all(|(name, _)| name != place))
        .collect();
    if !unknown.is_empty() {
        let mut names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        names.push("output");
        let problem = Problem::argument(
            Code::UnknownPart,
            "at",
            format!(
                "the encoder has no place{} `{}`",
                if unknown.len() == 1 { "" } else { "s" },
                unknown.join("`, `")
            ),
        )
        .note(format!("its places are {}", names.join(", ")));
        return Err(unknown
            .iter()
            .filter_map(|place| {
                crate::language::nearest(place, names.iter().copied())
                    .map(|near| format!("`{place}` may be `{near}`"))
            })
            .fold(problem, Problem::help));
    }
    let mut read = Vec::new();
    if places.is_empty() {
        read.push(("output".to_owned(), output));
    }
    for place in places {
        let var = if place == "output" {
            output
        } else {
            match known.iter().find(|(name, _)| name == place) {
                Some((_, var)) => *var,
                None => continue,
            }
        };
        read.push((place.clone(), var));
    }
    Ok(read)
}

/// What an encoder that takes a frame at a time makes of each frame of clips, at `places`: rows `[B, t d h w]`, and t, d, h and w of each. With
/// `pool` features of a frame become a vector, without they stay a map.
pub fn frames_graph(
    encoder: &Reader,
    places: &[String],
    pool: Option<Pool>,
) -> Result<(Graph, Vec<(String, Var, [usize; 4])>)> {
    let mut g = Graph::new(Mode::Eval);
    let frames = encoder.by_frame().unwrap_or(1);
    let mut read = Vec::new();
    for (name, var) in at_places(&mut g, encoder, places)? {
        let x = match pool {
            Some(pool) => pooled(&mut g, var, pool)?.0,
            None => var,
        };
        let sizes = map_sizes(&g, x);
        let Some([d, h, w]) = sizes.filter(|[_, h, w]| pool.is_some() || h * w > 1) else {
            let text = format!("`{name}` gives {}, and a map is read", show(g.shape(x)));
            return Err(Problem::argument(Code::Shape, "at", text)
                .help("name a place that is one: `at = [conv3]`"));
        };
        let (rows, _) = pooled(&mut g, x, Pool::Flatten)?;
        read.push((name, g.by_clip(rows, frames)?, [frames, d, h, w]));
    }
    Ok((g, read))
}

/// d, h and w of `[B, d, h, w]`, or of `[B, d]`.
fn map_sizes(g: &Graph, x: Var) -> Option<[usize; 3]> {
    let known: Option<Vec<usize>> = g.shape(x).iter().skip(1).map(Size::known).collect();
    match known?.as_slice() {
        [d] => Some([*d, 1, 1]),
        [d, h, w] => Some([*d, *h, *w]),
        _ => None,
    }
}

/// What stands for the frames of clips where no encoder has read them: their pixels, of a map in its size. The graph, rows `[B, t d h w]`, and t,
/// d, h and w.
pub fn raw_frames(encoder: &Reader, [h, w]: [usize; 2]) -> Result<(Graph, Var, [usize; 4])> {
    let mut g = Graph::new(Mode::Eval);
    let frames = encoder.by_frame().unwrap_or(1);
    let read = declare_read(&mut g, &encoder.sample)?;
    let mut x = g.frames(read)?; // [t B, C, H, W]
    if h * w > 1 {
        x = g.adaptive_avg_pool(x, h, w)?;
    }
    let [d, height, width] = map_sizes(&g, x).unwrap_or_default();
    let sizes = match h * w > 1 {
        true => [frames, d, h, w],
        false => [frames, d * height * width, 1, 1],
    };
    let (rows, _) = pooled(&mut g, x, Pool::Flatten)?;
    let rows = g.by_clip(rows, frames)?;
    Ok((g, rows, sizes))
}

/// The rows of an encoder's table at ids `[B]` of a vocabulary of so many words: the graph, `[B, d]` and d.
pub fn table_graph(encoder: &Reader, words: usize) -> Result<(Graph, Var, usize)> {
    let mut g = Graph::new(Mode::Eval);
    let ids = g.declare_input(INPUT, vec![Size::batch()], DType::Int, Some(words));
    let rows = g.call_part(&encoder_module(&encoder.net), PART, ids)?;
    let dim = match g.shape(rows).as_slice() {
        [batch, dim] if *batch == Size::batch() => dim.known(),
        _ => None,
    };
    let Some(dim) = dim else {
        return Err(g.shape_problem(format!(
            "`{PART}` gives {} for ids [B], not rows [B, d]",
            crate::graph::show(g.shape(rows))
        )));
    };
    Ok((g, rows, dim))
}

/// Encoder and head on what the encoder takes and the class: the training graph, or the evaluation graph. A frozen encoder is in
/// evaluation mode throughout and gets no gradient.
pub fn tuned_graph(
    mode: Mode,
    encoder: &Reader,
    head: &Net,
    classes: usize,
    frozen: bool,
) -> Result<Graph> {
    // the head is one linear layer: it is the same in both modes
    let g = Graph::new(if frozen { Mode::Eval } else { mode });
    tuned_on(g, encoder, head, classes, frozen)
}

/// The same in a graph that has its parameters already, or none.
pub fn tuned_on(
    mut g: Graph,
    encoder: &Reader,
    head: &Net,
    classes: usize,
    frozen: bool,
) -> Result<Graph> {
    let features = encoded(&mut g, encoder)?;
    let (mut features, _) = vectors(&mut g, encoder, features, Pool::Avg)?;
    if frozen {
        features = g.stop_gradient(features)?;
    }
    evaluation::behind(&mut g, features, head, classes)?;
    Ok(g)
}

/// A head on what the encoder takes, as it is, with the class; as [`tuned_graph`].
pub fn raw_graph(mode: Mode, encoder: &Reader, head: &Net, classes: usize) -> Result<Graph> {
    let mut g = Graph::new(mode);
    let read = declare_read(&mut g, &encoder.sample)?;
    let raw = encoder.sample.raw(&mut g, read)?; // [B, d]
    evaluation::behind(&mut g, raw, head, classes)?;
    Ok(g)
}

/// What stands for a record where no encoder has read it: the graph, `[B, d]` and d. `None` where that is what the encoder takes, as it is.
pub fn raw_rows(encoder: &Reader) -> Result<Option<(Graph, Var, usize)>> {
    let mut g = Graph::new(Mode::Eval);
    let read = declare_read(&mut g, &encoder.sample)?;
    if g.node(read).dtype == DType::F32 {
        return Ok(None);
    }
    let raw = encoder.sample.raw(&mut g, read)?;
    let width = g.shape(raw).last().and_then(Size::known).unwrap_or(0);
    Ok(Some((g, raw, width)))
}

/// Moves a problem without a place of its own to an argument.
pub fn about(problem: Problem, argument: &str) -> Problem {
    match problem.at {
        At::Call => problem.at(At::Argument(argument.to_owned())),
        _ => problem,
    }
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
