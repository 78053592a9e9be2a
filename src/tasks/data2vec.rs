//! A student tells what its slow teacher makes of the patches that are hidden from it (Baevski et al., 2022, section 3, images).

use super::blocks::{Grid, RECTANGLES_NOISE, rectangles};
use super::hidden::{call_with_hidden, of_patches};
use super::slow::{momentum, slow_momentum};
use super::two_views::{Looks, spread};
use super::{PICTURES, mean_of, picture, training_params};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::encoders::layers::{LinearInit, linear};
use crate::graph::{Graph, Module, Scalar, Var};
use crate::language::codes::Code;

/// Of layer norms.
const EPSILON: f64 = 1e-6;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let x = g.input("view")?; // [B, C, H, W]
    let batch = g.shape(x)[0].clone();
    let noise = g.random_uniform(vec![batch, RECTANGLES_NOISE.into()]); // which patches are hidden
    let loss = tell_hidden(g, task, [x, noise])?;
    g.objective("loss", loss);
    Ok(())
}

/// The loss, `[1]`, of `x [B, C, H, W]`; `noise [B, 40]` in 0..1.
fn tell_hidden(g: &mut Graph, task: &Args, [x, noise]: [Var; 2]) -> Result<Var> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let tau = momentum(task, Scalar::from)?;
    let teacher = g.ema(&encoder, tau)?;
    g.part("student", &encoder);
    g.part("teacher", &teacher);
    let patches = g.call_part(&encoder, "patches", x)?; // [B, N, D], without positions
    let grid = Grid::of(g, "data2vec", x, patches)?;
    let n = grid.count(); // N

    let batch = g.shape(x)[0].clone();
    let ratio = g.full(vec![batch, 1.into()], task.ratio("mask"))?;
    let hidden = rectangles(g, grid, ratio, noise)?; // [B, N]
    let student = call_with_hidden(g, &encoder, patches, hidden)?; // [B, 1 + N, D]
    let student = of_patches(g, student, n)?;
    let width = g.check_features("data2vec", student)?;
    let f = g.scoped("head", |g| {
        linear(g, student, width, true, LinearInit::TruncatedNormal(0.02))
    })?; // [B, N, D]

    let y = targets(g, &teacher, x, n, task.maybe_size("top"))?; // [B, N, D]
    let weights = g.unsqueeze(hidden, 2)?; // [B, N, 1]
    let loss = g.smooth_l1(f, y, task.number("beta"), Some(weights))?;

    let mean = g.mean(y, 1)?;
    let mean = g.flatten(mean)?; // [B, D]
    let spread = spread(g, mean)?;
    g.metric("spread", spread);
    g.exhibit_of("patches", &["picture", "seen"], |g| {
        Ok(vec![x, grid.without(g, x, hidden)?])
    })?;
    Ok(loss)
}

/// The mean of what the feed-forward halves of the teacher's last K blocks add, each normalised on its own (section 3.3), for the whole
/// picture: `[B, N, D]`.
fn targets(g: &mut Graph, teacher: &Module, x: Var, n: usize, top: Option<usize>) -> Result<Var> {
    let y = g.call_part(teacher, "embed", x)?;
    let y = g.call_part(teacher, "blocks", y)?;
    g.call_part(teacher, "norm", y)?; // not told, but a part of the copy
    let halves = halves(g, teacher);
    if halves.is_empty() {
        return Err(g.shape_problem("data2vec: the encoder has no blocks"));
    }
    let top = top.unwrap_or(halves.len().div_ceil(2)); // K
    let Some(first) = halves.len().checked_sub(top) else {
        return Err(Problem::argument(
            Code::OutOfRange,
            "top",
            format!(
                "the encoder has {} blocks, and the last {top} are asked for",
                halves.len()
            ),
        )
        .help(format!("write `top = {}` or less", halves.len())));
    };
    let mut targets = Vec::new();
    for half in &halves[first..] {
        let half = of_patches(g, *half, n)?;
        targets.push(g.layer_norm_plain(half, EPSILON)?); // [B, N, D]
    }
    mean_of(g, &targets)
}

/// The places `ffn1`, `ffn2`, … of a transformer.
fn halves(g: &Graph, module: &Module) -> Vec<Var> {
    let name = |number: usize| format!("{}/ffn{number}", module.name);
    (1..).map_while(|number| g.placed(&name(number))).collect()
}

/// The paper's: a random part of the picture, mirrored, in other colours.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let looks = Looks {
        scale: (0.2, 1.0),
        jitter: [0.4, 0.4, 0.4, 0.0],
        chance: 100,
        blur: 0,
        solarize: 0,
    };
    let view = looks.view(&image, image.side.unwrap_or(224));
    Some(format!("emit view = {view}\n"))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "data2vec",
        Kind::Task,
        "A student tells what its slow teacher makes of the patches that are hidden from it; for a `vit`.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default("mask", Type::Ratio, "60%", "How much of a picture is hidden, in rectangles.")
            .within(0.01, 0.95),
    )
    .param(
        Param::optional(
            "top",
            Type::Integer,
            "K: the teacher's last blocks whose mean is told; half of them where it is absent, 6 of 12 as in the paper.",
        )
        .within(1.0, 1000.0),
    )
    .param(
        Param::with_default("beta", Type::Number, "2", "β: below this distance the loss is squared, above it grows in a line.")
            .within(1e-6, 1e6),
    )
    .param(slow_momentum("0.9998", "τ: the part of the teacher that stays at each step. Less suits short trainings."))
    .params(training_params(
        (2048, PICTURES),
        "800 epochs",
        "adamw(2e-3, weight_decay = 0.05)",
        "cosine(warmup = 10 epochs)",
    ))
    .input("view", SampleType::IMAGE, "The picture.")
    .export("student", "The encoder that is trained.")
    .export("teacher", "Its slow copy.")
    .paper(
        "Baevski et al., 2022",
        "data2vec: A General Framework for Self-supervised Learning in Speech, Vision and Language",
        "arXiv:2202.03555",
    )
    .doc(
        "Rectangles of patches are hidden behind a learnt token; the student sees the rest, its teacher, a slow copy, all of the picture. For \
         each hidden patch a linear layer tells the mean of what the feed-forward halves of the teacher's last K blocks add there, each \
         normalised: a target that knows the whole picture, unlike pixels. The loss is smooth L1. The metric `spread` of the targets shows \
         a collapse: near 0 the teacher says one thing of all pictures. `from = STAGE` is the student, as in the paper. The encoder is a \
         `vit`, alone, which gives the mean of its patches (`vit(pool = mean)`), as the paper fine-tunes it: the loss touches patches alone. The paper's transformer has relative positions, a share \
         of blocks left out at random and layers scaled; ours has timm's layout. Grey pictures keep their grey.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext contexts = data2vec(momentum = 0.99) {\n  data    = figures.train\n  encoder = vit(size = tiny, patch = 4px, pool = mean)\n  batch   = 64\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
#[path = "data2vec_tests.rs"]
mod tests;
