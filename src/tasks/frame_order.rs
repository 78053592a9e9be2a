//! Are three frames of a clip in order? (Misra et al., 2016: Shuffle and Learn)

use super::{CLIPS, cut, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType, first_clip};
use crate::graph::{Graph, Module, Var};

/// Frames of a triple.
const FRAMES: usize = 3;

/// Where it says how likely frames are in order.
pub const ORDER: &str = "order";
/// Where it says whether they are.
pub const ORDERED: &str = "ordered";

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));

    let frames = g.input("frames")?; // [B, 3, C, H, W]
    let in_order = g.input("in_order")?; // [B] in 0..2
    let each = g.frames(frames)?; // [3 B, C, H, W]
    let features = g.call(&encoder, each)?; // [3 B, D], one network for all
    let triple = g.by_clip(features, FRAMES)?; // [B, 3 D]
    let logits = g.call(&head, triple)?; // [B, 2]

    let loss = g.cross_entropy(logits, in_order)?;
    g.objective("loss", loss);
    let accuracy = g.accuracy(logits, in_order)?;
    g.metric("accuracy", accuracy);
    told(g, logits, in_order)?;
    exhibit(g, frames, logits, in_order)
}

/// Names what is told of each record: how likely its frames are in order, and whether they are, `[B]` each.
fn told(g: &mut Graph, logits: Var, in_order: Var) -> Result<()> {
    let likely = g.softmax(logits, 1)?; // [B, 2]
    let likely = g.slice(likely, 1, 1.into(), 1.into())?;
    let likely = g.squeeze(likely, 1)?;
    g.place(ORDER, likely);
    let truth = g.to_float(in_order)?;
    g.place(ORDERED, truth);
    Ok(())
}

/// The three frames side by side; the same where the network takes them for ordered, and where they are; else nothing.
fn exhibit(g: &mut Graph, frames: Var, logits: Var, in_order: Var) -> Result<()> {
    let titles = ["frames", "judged in order", "in order"];
    g.exhibit_of("order", &titles, |g| {
        let strip = strip(g, frames)?;
        let judged = g.argmax(logits, 1)?; // [B, 1]
        let judged = g.squeeze(judged, 1)?;
        let mut panels = vec![strip];
        for said in [judged, in_order] {
            let said = g.to_float(said)?;
            let batch = g.shape(said)[0].clone();
            let said = g.reshape(said, vec![batch, 1.into(), 1.into(), 1.into()])?;
            panels.push(g.mul(strip, said)?);
        }
        Ok(panels)
    })
}

/// Frames side by side: `[B, t, C, H, W]` → `[B, C, H, t W]`.
fn strip(g: &mut Graph, frames: Var) -> Result<Var> {
    let shape = g.shape(frames).clone();
    let rows = g.permute(frames, &[0, 2, 3, 1, 4])?; // [B, C, H, t, W]
    let wide = &shape[1] * &shape[4];
    let sizes = [&shape[0], &shape[2], &shape[3], &wide];
    g.reshape(rows, sizes.map(Clone::clone).to_vec())
}

/// The paper's triples: three quarters out of order, from windows by their motion.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let (name, clip) = first_clip(fields)?;
    // the paper's where clips are long, or of unknown length; else both fit into the clip
    let (within, near, far) = match clip.frames {
        Some(frames) if frames < 91 => {
            let near = (frames / 8).max(1);
            ((frames / 2).max(2), near, 2 * near)
        }
        _ => (60, 15, 30),
    };
    let sides = clip.frame.height.zip(clip.frame.width);
    let cut = cut(sides.map(|(height, width)| height.min(width)), [256, 224]);
    Some(format!(
        "(triple, in_order) = {name} |> order_triple(75%, within = {within}, outside = {near}..{far})\n\
         emit frames = triple |> {cut} |> hflip(50%) |> normalize(), in_order\n"
    ))
}

pub(super) fn spec() -> Spec {
    let frames = SampleType::clip(FRAMES);
    Spec::new(
        "frame_order",
        Kind::Task,
        "Are three frames of a clip in the order of time?",
        Make::task(build, augment),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(256) |> batch_norm() |> relu() |> linear(2)",
        "From the features of all three frames, side by side, to two scores: out of order, in order.",
    ))
    .params(training_params(
        (128, CLIPS),
        "200 epochs",
        "adamw(1e-3, weight_decay = 0.05)",
        "cosine()",
    ))
    .input("frames", frames, "Three frames of a clip.")
    .input("in_order", SampleType::label(2), "1 where they are in the order of time, forwards or backwards.")
    .paper(
        "Misra et al., 2016",
        "Shuffle and Learn: Unsupervised Learning using Temporal Order Verification",
        "arXiv:1603.08561",
    )
    .doc(
        "Whoever tells whether a frame was between two others has learnt what moves, and how. One network sees each frame on its own, \
         in one batch; the head sees all three. By default the triples are the paper's (`order_triple`): b c d against b a d and b e d of five frames, \
         where much moves, three quarters out of order, so that an `accuracy` of 75% is no better than always saying no; `order_triple(50%)` in an \
         `augment` of your own makes half the line, and the evaluator `order` counts both kinds alike. The paper's head is one linear layer behind AlexNet's fc7; a small encoder has no \
         such layers, so that the hidden one is in the head here.\n\nLater stages show the encoder a clip as four evenly spaced frames, \
         and the features of the four stand side by side.",
    )
    .example(
        "ssl 1\n\ndataset clips = moving_shapes()\n\npretext order = frame_order() {\n  data    = clips.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    /// The steps of `tests/fixtures/tasks/frame_order.py`.
    #[test]
    fn losses_and_steps_are_those_of_pytorch() {
        follow(include_str!("../../tests/fixtures/tasks/frame_order.json"));
    }
}
