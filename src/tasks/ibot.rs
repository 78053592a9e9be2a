//! A student tells a slow teacher's distributions of pictures, and of the patches that are hidden from it (Zhou et al., 2022).

use super::blocks::{Grid, RECTANGLES_NOISE, rectangles};
use super::crops::{Crops, crops, default_crops};
use super::hidden::{call_with_hidden, of_patches};
use super::slow::{momentum, slow_momentum};
use super::teacher::{Teacher, across, collapse, cross_entropies, teacher_params, warming};
use super::two_views::{Looks, spread};
use super::{CROPS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Scalar, Size, Var};
use crate::language::codes::Code;

/// How often nothing of a view is hidden.
const WHOLE: f64 = 0.5;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let crops = crops(g, "ibot")?;
    let batch = g.shape(crops.globals[0])[0].clone();
    let rows = &batch * &crops.globals.len().into();
    // whether, how much and what of each full view is hidden
    let noise = g.random_uniform(vec![rows, (2 + RECTANGLES_NOISE).into()]);
    let loss = distil(g, task, &crops, noise)?;
    g.objective("loss", loss);
    Ok(())
}

/// L_[CLS] + L_MIM: `[1]`; `noise [full B, 42]` in 0..1.
fn distil(g: &mut Graph, task: &Args, crops: &Crops, noise: Var) -> Result<Var> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head")); // one for class tokens and patches
    let lambda = momentum(task, |lambda| Scalar::cosine(lambda, 1.0))?;
    let teacher_encoder = g.ema(&encoder, lambda.clone())?;
    let teacher_head = g.ema(&head, lambda)?;
    g.part("teacher", &teacher_encoder);
    g.part("student", &encoder);
    let teacher = |centre| Teacher {
        centre,
        momentum: task.number("centre_momentum"),
        temperature: warming(task),
    };
    let full = crops.globals.len();
    let x = g.concat(&crops.globals, 0)?; // [full B, C, H, W]
    let patches = g.call_part(&encoder, "patches", x)?; // [full B, N, D], without positions
    let grid = Grid::of(g, "ibot", x, patches)?;
    let n = grid.count(); // N
    let hidden = hide(g, task, grid, noise)?; // [full B, N]

    // the student sees what is not hidden
    let y = call_with_hidden(g, &encoder, patches, hidden)?; // [full B, 1 + N, D]
    let (class, of_hidden) = class_and_patches(g, y, n)?;
    let class = project(g, task, &head, class)?; // [full B, K], logarithms
    let mut log_s = g.split(class, 0, full)?;
    let log_patches = project(g, task, &head, of_hidden)?; // [full B N, K]
    if !crops.locals.is_empty() {
        let x = g.concat(&crops.locals, 0)?;
        let y = g.call(&encoder, x)?; // [V B, D]
        let class = project(g, task, &head, y)?;
        log_s.extend(g.split(class, 0, crops.locals.len())?);
    }
    // the teacher sees all of it
    let u = g.call_part(&teacher_encoder, "embed", x)?;
    let u = g.call_part(&teacher_encoder, "blocks", u)?;
    let u = g.call_part(&teacher_encoder, "norm", u)?;
    let (class, of_patches) = class_and_patches(g, u, n)?;
    let t = g.call(&teacher_head, class)?; // [full B, K]
    let p = teacher("centre").distributions(g, "ibot", t)?;
    let t_patches = g.call(&teacher_head, of_patches)?; // [full B N, K]
    let p_patches = teacher("patch_centre").distributions(g, "ibot", t_patches)?;

    let targets = g.split(p, 0, full)?;
    let l_class = across(g, &targets, &log_s)?;
    let each = cross_entropies(g, p_patches, log_patches)?; // [full B N, 1]
    let views = g.shape(hidden).clone();
    let each = g.reshape(each, views)?; // [full B, N]
    let each = g.mul(each, hidden)?;
    let sum = g.sum(each, 1)?; // [full B, 1]
    let count = g.sum(hidden, 1)?;
    let count = g.clamp(count, 1.0, f64::INFINITY)?;
    let each = g.div(sum, count)?; // of each view; 0 where nothing is hidden
    let l_mim = g.mean_all(each)?;
    g.metric("class", l_class);
    g.metric("patches", l_mim);
    collapse(g, p)?;
    let spread = spread(g, t)?;
    g.metric("spread", spread);
    g.exhibit_of("views", &["view", "seen"], |g| {
        let first = g.split(hidden, 0, full)?[0];
        let view = crops.globals[0];
        Ok(vec![view, grid.without(g, view, first)?])
    })?;
    g.add(l_class, l_mim)
}

/// Nothing of every other view, and of the others a part drawn between the ends of `mask`, in rectangles: 1 where a patch is hidden,
/// `[R, N]`, by `noise [R, 42]`.
fn hide(g: &mut Graph, task: &Args, grid: Grid, noise: Var) -> Result<Var> {
    let (least, most) = task.range("mask");
    let whether = g.slice(noise, 1, 0.into(), 1.into())?; // [R, 1]
    let half = g.full(vec![1.into(), 1.into()], WHOLE)?;
    let whether = g.greater(whether, half)?;
    let ratio = g.slice(noise, 1, 1.into(), 1.into())?;
    let ratio = g.mul_scalar(ratio, most - least)?;
    let ratio = g.add_scalar(ratio, least)?;
    let ratio = g.mul(ratio, whether)?;
    let where_ = g.slice(noise, 1, 2.into(), RECTANGLES_NOISE.into())?;
    rectangles(g, grid, ratio, where_)
}

/// The class token `[R, D]`, and each patch in a row of its own `[R N, D]`, of tokens `[R, 1 + N, D]`.
fn class_and_patches(g: &mut Graph, tokens: Var, n: usize) -> Result<(Var, Var)> {
    let shape = g.shape(tokens).clone();
    if shape[1] == Size::from(n) {
        return Err(Problem::argument(
            Code::Shape,
            "encoder",
            "ibot compares pictures by their class token, and the encoder has none",
        )
        .help("write `pool = class` in the encoder, or leave `pool` out"));
    }
    let class = g.slice(tokens, 1, 0.into(), 1.into())?;
    let class = g.flatten(class)?;
    let patches = of_patches(g, tokens, n)?;
    let rows = &shape[0] * &n.into();
    let patches = g.reshape(patches, vec![rows, shape[2].clone()])?;
    Ok((class, patches))
}

/// log softmax(head(y) / τ_s): `[R, D]` → `[R, K]`.
fn project(g: &mut Graph, task: &Args, head: &Module, y: Var) -> Result<Var> {
    let s = g.call(head, y)?;
    let s = g.mul_scalar(s, 1.0 / task.number("student_temperature"))?;
    g.log_softmax(s, 1)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "ibot",
        Kind::Task,
        "A student tells a slow teacher's distributions of pictures and of hidden patches; for a `vit`.",
        Make::task(build, |task, fields| default_crops(task, fields, &Looks::IBOT, 0.05, 10)),
    )
    .param(
        Param::with_default(
            "mask",
            Type::Range,
            "0.1..0.5",
            "The part of a full view that is hidden, in rectangles; half of the views stay whole.",
        )
        .within(0.0, 0.95),
    )
    .param(slow_momentum(
        "0.996",
        "The part of the teacher that stays at each step; it rises to 1 along half a cosine. Less suits short trainings.",
    ))
    .params(teacher_params())
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> gelu() |> linear(2048) |> gelu() |> linear(256) |> prototypes(8192, freeze = 1 epoch)",
        "The projection of class token and patches alike, with its last layer, whose outputs are the K dimensions of the distributions. It is thrown away afterwards.",
    ))
    .params(training_params(
        (1024, CROPS),
        "800 epochs",
        "adamw(2e-3, weight_decay = 0.04)",
        "cosine(warmup = 10 epochs)",
    ))
    .input_list(
        "globals",
        SampleType::IMAGE,
        2,
        "Two or more full views; of half of them the student sees a part.",
    )
    .input_maybe_list(
        "locals",
        SampleType::IMAGE,
        "Small views, which the student alone sees; all of one size.",
    )
    .export("teacher", "The slow copy of the encoder.")
    .export("student", "The encoder that is trained.")
    .paper(
        "Zhou et al., 2022",
        "iBOT: Image BERT Pre-Training with Online Tokenizer",
        "arXiv:2111.07832",
    )
    .doc(
        "DINO with a second question. As there, the student's distribution of a view must match the slow teacher's of the picture's other \
         views, told by class tokens. Besides, in half of the full views rectangles of patches are hidden from the student behind a learnt token, \
         and for each hidden patch its distribution must match the one that the teacher, which sees it, gives of the same patch: the \
         teacher is a tokenizer that learns along. One head serves both; class tokens and patches have a centre of their own. The metrics are \
         both losses, `entropy` and `divergence` as of `dino`, and `spread`. `from = STAGE` means the teacher, as in the paper. Weight \
         decay is constant (the paper raises it from 0.04 to 0.4). Paper's rate: 5e-4 · batch / 256.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext patches = ibot() {\n  data    = figures.train\n  encoder = vit(patch = 4px, width = 48, depth = 2, heads = 3)\n  head    = linear(128) |> gelu() |> linear(64) |> prototypes(256, freeze = 1 epoch)\n  batch   = 64\n  optimizer = adamw(1e-3)\n}\n",
    )
}

#[cfg(test)]
#[path = "ibot_tests.rs"]
mod tests;
