//! A student learns to say of each record what a teacher says, which holds still (Romero et al., 2015; Fang et al., 2021).

use super::queue::Queue;
use super::teacher::h;
use super::two_views::{Looks, same_width};
use super::{CROPS, picture, texts_of, tokens_of, training_params, vocabulary_param};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::encoders::layers::{LinearInit, linear};
use crate::graph::{Graph, Module, Var, show};
use crate::language::codes::Code;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let student = Module::new("encoder", task.net("encoder"));
    let teacher = Module::new("teacher", task.net("teacher"));
    g.part("student", &student);
    g.part("teacher", &teacher);
    let x = shown(g, task)?;

    g.hold(&teacher);
    let t = g.call(&teacher, x)?;
    let t = g.stop_gradient(t)?;
    let width = vectors(g, "teacher", t)?; // D of t [B, D]
    let s = g.call(&student, x)?;
    vectors(g, "encoder", s)?;
    let s = match task.maybe_net("head") {
        Some(head) => {
            let s = g.call(&Module::new("head", head), s)?;
            same_width(g, "head", s, t)?;
            s
        }
        None => g.scoped("head", |g| linear(g, s, width, true, LinearInit::Uniform))?,
    }; // [B, D]

    let cosines = g.cosine_similarity(s, t)?; // [B]
    let cosine = g.mean_all(cosines)?;
    let loss = match task.word("by") {
        "cosine" => g.cosine_loss(s, t)?,
        "mse" => g.mse(s, t, None)?,
        _ => similarities(g, task, [s, t])?,
    };
    g.objective("loss", loss);
    g.metric("cosine", cosine);
    Ok(())
}

/// What both look at: pictures, or texts where the student reads texts.
fn shown(g: &mut Graph, task: &Args) -> Result<Var> {
    let reads = SampleType::TOKENS.fits(&task.net("encoder").takes());
    match g.maybe_input("text") {
        Some(_) if reads || g.maybe_input("view").is_none() => texts_of(g, "text"),
        _ => g.input("view"), // [B, C, H, W]
    }
}

/// The width of what an encoder says of a record, which must be one vector.
fn vectors(g: &Graph, encoder: &str, x: Var) -> Result<usize> {
    let width = g.check_features(encoder, x);
    let width =
        width.map_err(|problem| Problem::argument(Code::Shape, encoder, problem.message))?;
    match g.shape(x).len() {
        2 => Ok(width),
        _ => Err(Problem::argument(
            Code::Shape,
            encoder,
            format!(
                "it gives {} for each record, not one vector",
                show(g.shape(x))
            ),
        )
        .help("let it end with what it says of the whole: a `pool`, or `global_avg_pool()`")),
    }
}

/// How near each record is to those of earlier steps and to itself, as the student has it, against how near the teacher has it
/// (equations 2 to 5 of Fang et al.): `s`, `t [B, D]` → `[1]`.
fn similarities(g: &mut Graph, task: &Args, [s, t]: [Var; 2]) -> Result<Var> {
    let s = g.l2_normalize(s)?; // z^S
    let t = g.l2_normalize(t)?; // z^T
    let queue = Queue::new(g, ("distill", "queue"), t, task.size("queue"))?;
    let kept = queue.kept(g); // D, without the record itself: [K, D]
    let kept = g.transpose(kept, 0, 1)?;
    let scores = |g: &mut Graph, z: Var, tau: f64| -> Result<Var> {
        let own = g.mul(z, t)?;
        let own = g.sum(own, 1)?; // [B, 1]
        let others = g.matmul(z, kept)?; // [B, K]
        let all = g.concat(&[own, others], 1)?; // [B, 1 + K]
        g.mul_scalar(all, 1.0 / tau)
    };
    let p = scores(g, t, task.number("teacher_temperature"))?;
    let p = g.softmax(p, 1)?; // p^T
    let q = scores(g, s, task.number("temperature"))?;
    let log_q = g.log_softmax(q, 1)?; // ln p^S
    let loss = h(g, p, log_q)?;
    queue.enqueue(g, t)?;
    Ok(loss)
}

/// One view of each picture, which both see; texts as they are.
fn augment(task: &Args, fields: &Fields) -> Option<String> {
    if SampleType::TOKENS.fits(&task.maybe_net("encoder")?.takes()) {
        return Some(format!("emit text = {}\n", tokens_of(task, fields)?));
    }
    let image = picture(fields)?;
    let view = Looks::MOCO_V2.view(&image, image.side.unwrap_or(224));
    Some(format!("emit view = {view}\n"))
}

pub(super) fn spec() -> Spec {
    let number = |name: &str, default: &str, doc: &str| {
        Param::with_default(name, Type::Number, default, doc).within(1e-3, 100.0)
    };
    Spec::new(
        "distill",
        Kind::Task,
        "A student learns what a teacher says, which holds still.",
        Make::task(build, augment),
    )
    .param(Param::required(
        "teacher",
        Type::Encoder,
        "The encoder that is learnt from. It may be of any other kind and size, and takes what the student takes.",
    ))
    .param(Param::required(
        "teacher_start",
        Type::begins(),
        "Where it was trained: a stage, a part of one, or a file of weights. It stays as it was there.",
    ))
    .param(Param::with_default(
        "by",
        Type::Choice(&["similarity", "cosine", "mse"]),
        "similarity",
        "What is learnt: how near records are to others (`similarity`, Fang et al., 2021), the direction of the teacher's features (`cosine`), or the features (`mse`, \
         Romero et al., 2015).",
    ))
    .param(Param::optional(
        "head",
        Type::Head,
        "The projection from the student's features to the teacher's width; a linear map where it is absent. It is thrown away afterwards.",
    ))
    .param(number(
        "temperature",
        "0.2",
        "τ_S of `similarity`: the student's cosines are divided by it.",
    ))
    .param(number(
        "teacher_temperature",
        "0.01",
        "τ_T of `similarity`: that of the teacher's; the smaller, the fewer records count as near.",
    ))
    .param(
        Param::with_default(
            "queue",
            Type::Integer,
            "65536",
            "K of `similarity`: records of earlier steps that are compared with, as the teacher saw them; more than a batch. 4096 suits small data.",
        )
        .within(1.0, 1e7),
    )
    .param(vocabulary_param())
    .params(training_params(
        (256, CROPS),
        "200 epochs",
        "sgd(0.03, momentum = 0.9, weight_decay = 1e-4)",
        "cosine(warmup = 5 epochs)",
    ))
    .input_maybe("view", SampleType::IMAGE, "The picture, which both see.")
    .input_maybe("text", SampleType::TOKENS, "In its place: the text that both read.")
    .export("student", "The encoder that is trained.")
    .export("teacher", "The encoder that it learns from.")
    .paper(
        "Fang et al., 2021",
        "SEED: Self-supervised Distillation For Visual Representation",
        "arXiv:2101.04731",
    )
    .doc(
        "What a large encoder has learnt without labels is taught to a small one, again without any. Both see the same view. By `similarity` each is asked how \
         near the record is to those in a queue and to itself, as a softmax of cosines over a temperature, and the student learns the teacher's answer by \
         cross-entropy; rows of the queue are what the teacher said of earlier batches, and random directions at first. By `cosine` the loss is the mean of 1 − \
         cos(p(s), t), by `mse` the mean of (p(s) − t)² over all features (FitNets' hints, arXiv:1412.6550; of CLIP's encoders the simplest way and \
         among the best, Yang et al., 2024, arXiv:2307.12732); p is the head. The metric is the mean cosine of both, whatever is learnt.\n\nThe teacher is in \
         evaluation, its batch norms too, and no step moves it: `teacher_start = big.encoder` of an earlier stage, or `teacher_start = \"resnet50.safetensors\"`. \
         `from = STAGE` is the student, `from = STAGE.teacher` the teacher. Texts are distilled as pictures are, where `encoder` and `teacher` read texts and the \
         augment emits `text`. The defaults are SEED's; its head has two layers.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext big = rotation() {\n  data    = figures.train\n  encoder = small_cnn(width = 64)\n}\n\n\
         pretext small = distill(teacher = small_cnn(width = 64), teacher_start = big, queue = 1024) {\n  data    = figures.train\n  encoder = small_cnn(width = 8)\n}\n",
    )
}

#[cfg(test)]
#[path = "distill_tests.rs"]
mod tests;
