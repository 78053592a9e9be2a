//! Frames close in time are alike, others are not (Mobahi et al., 2009; Sermanet et al., 2018, with one camera).

use super::{CLIPS, cut, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType, first_clip};
use crate::graph::{Distance, Graph, Module, Var};

/// Frames of a triple: any, one close to it in time, one that is not.
const FRAMES: usize = 3;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));

    let frames = g.input("frames")?; // [B, 3, C, H, W]
    let each = g.frames(frames)?; // [3 B, C, H, W]
    let h = g.call(&encoder, each)?; // [3 B, D], one network for all
    let z = g.call(&head, h)?; // [3 B, d]
    let z = match task.switch("normalize") {
        true => g.l2_normalize(z)?,
        false => z,
    };
    let width = g.check_features("head", z)?;
    let batch = g.shape(frames)[0].clone();
    let z = g.reshape(z, vec![batch, FRAMES.into(), width.into()])?;
    let one = |g: &mut Graph, at: usize| {
        let own = g.slice(z, 1, at.into(), 1.into())?;
        g.squeeze(own, 1)
    };
    let [x, near, far] = [one(g, 0)?, one(g, 1)?, one(g, 2)?]; // [B, d]

    let l1 = task.word("distance") == "l1";
    let pulled = distance(g, x, near, l1)?; // [B]
    let pushed = distance(g, x, far, l1)?;
    let loss = match task.word("loss") {
        "coherence" => coherence(g, pulled, pushed, task.number("margin"), l1)?,
        "triplet" => triplet(g, pulled, pushed, task.number("margin"), l1)?,
        _ => info_nce(g, [x, near, far], task.number("temperature"))?,
    };
    g.objective("loss", loss);
    let right = g.less(pulled, pushed)?; // [B]
    let accuracy = g.to_float(right)?;
    let accuracy = g.mean_all(accuracy)?;
    g.metric("accuracy", accuracy);
    exhibit(g, frames, right)
}

/// Σ |a − b|, or √Σ (a − b)², of each row: `[B, d]` twice → `[B]`.
fn distance(g: &mut Graph, a: Var, b: Var, l1: bool) -> Result<Var> {
    if !l1 {
        return g.distance(a, b, Distance::Euclidean);
    }
    let away = g.sub(a, b)?;
    let away = g.abs(away)?;
    let away = g.sum(away, 1)?; // [B, 1]
    g.squeeze(away, 1)
}

/// D of neighbours, max(0, δ − D) of others (Mobahi et al., equation 8); of `l2` half the square of either (Hadsell et al., 2006, equation 4).
fn coherence(g: &mut Graph, pulled: Var, pushed: Var, margin: f64, l1: bool) -> Result<Var> {
    let left = g.mul_scalar(pushed, -1.0)?;
    let left = g.add_scalar(left, margin)?;
    let left = g.relu(left)?;
    let term = |g: &mut Graph, x: Var| match l1 {
        true => g.mean_all(x),
        false => {
            let square = g.mul(x, x)?;
            let mean = g.mean_all(square)?;
            g.mul_scalar(mean, 0.5)
        }
    };
    let (near, far) = (term(g, pulled)?, term(g, left)?);
    g.add(near, far)
}

/// max(0, D(x, near) − D(x, far) + α); D of `l2` is the square (Sermanet et al., section III.A).
fn triplet(g: &mut Graph, pulled: Var, pushed: Var, margin: f64, l1: bool) -> Result<Var> {
    let term = |g: &mut Graph, x: Var| if l1 { Ok(x) } else { g.mul(x, x) };
    let (near, far) = (term(g, pulled)?, term(g, pushed)?);
    let d = g.sub(near, far)?;
    let d = g.add_scalar(d, margin)?;
    let d = g.relu(d)?;
    g.mean_all(d)
}

/// Which is the near frame, among the near and the far ones of all clips? By cosines over τ (van den Oord et al., 2018).
fn info_nce(g: &mut Graph, [x, near, far]: [Var; 3], tau: f64) -> Result<Var> {
    let rows = g.shape(x)[0].clone();
    let x = g.l2_normalize(x)?; // [B, d]
    let keys = g.concat(&[near, far], 0)?; // [2 B, d]
    let keys = g.l2_normalize(keys)?;
    let keys = g.transpose(keys, 0, 1)?;
    let scores = g.matmul(x, keys)?; // [B, 2 B]
    let scores = g.mul_scalar(scores, 1.0 / tau)?;
    let own = g.arange(rows);
    g.cross_entropy(scores, own)
}

/// The three frames, and the one of the others that the network takes for the nearer.
fn exhibit(g: &mut Graph, frames: Var, right: Var) -> Result<()> {
    let [channels, height, width] = [2, 3, 4].map(|dim| g.shape(frames)[dim].clone());
    let titles = [
        "frame",
        "near in time",
        "far in time",
        "taken for the nearer",
    ];
    g.exhibit_of("similar", &titles, |g| {
        let batch = g.shape(frames)[0].clone();
        let mut panels = Vec::new();
        for at in 0..FRAMES {
            let own = g.slice(frames, 1, at.into(), 1.into())?;
            let shape = vec![
                batch.clone(),
                channels.clone(),
                height.clone(),
                width.clone(),
            ];
            panels.push(g.reshape(own, shape)?);
        }
        let right = g.reshape(right, vec![batch, 1.into(), 1.into(), 1.into()])?;
        let right = g.expand(right, g.shape(panels[0]).clone())?;
        panels.push(g.select(right, panels[1], panels[2])?);
        Ok(panels)
    })
}

/// Neighbours against frames a quarter of the clip away or more; all three are cut and mirrored alike.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let (name, clip) = first_clip(fields)?;
    let far = clip.frames.map_or(8, |frames| (frames / 4).max(2));
    let sides = clip.frame.height.zip(clip.frame.width);
    let cut = cut(sides.map(|(height, width)| height.min(width)), [256, 224]);
    Some(format!(
        "emit frames = {name} |> near_and_far(near = 1, far = {far}) |> {cut} |> hflip(50%) |> normalize()\n"
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "frame_similarity",
        Kind::Task,
        "Frames close in time are alike, others are not.",
        Make::task(build, augment),
    )
    .param(Param::with_default(
        "loss",
        Type::Choice(&["coherence", "triplet", "info_nce"]),
        "coherence",
        "`coherence`: neighbours are pulled together, others pushed to the margin (Mobahi et al.). `triplet`: the far frame is further away than the \
         near one, by the margin (Sermanet et al.). `info_nce`: the near frame is found among the near and far ones of the batch.",
    ))
    .param(Param::with_default(
        "distance",
        Type::Choice(&["l1", "l2"]),
        "l1",
        "`l1`: the sum of differences. `l2`: Euclid's, as half its square in `coherence` (Hadsell et al., 2006), as its square in `triplet`. \
         Says nothing to `info_nce`, which compares directions.",
    ))
    .param(
        Param::with_default(
            "margin",
            Type::Number,
            "1.0",
            "δ: how far apart others are pushed; in `triplet` α, 0.2 in Sermanet et al.",
        )
        .within(1e-6, 1e6),
    )
    .param(
        Param::with_default(
            "temperature",
            Type::Number,
            "0.1",
            "τ: scores of `info_nce` are divided by it.",
        )
        .within(1e-3, 100.0),
    )
    .param(Param::switch(
        "normalize",
        "off",
        "`on`: features that are compared have length 1, as in Sermanet et al.",
    ))
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(32)",
        "z: from an encoder's features to what is compared. It is thrown away afterwards.",
    ))
    .params(training_params(
        (128, CLIPS),
        "200 epochs",
        "adamw(1e-3, weight_decay = 0.05)",
        "cosine()",
    ))
    .input(
        "frames",
        SampleType::clip(FRAMES),
        "A frame of a clip, one close to it in time, one that is not: `near_and_far()`.",
    )
    .paper(
        "Mobahi et al., 2009",
        "Deep Learning from Temporal Coherence in Video",
        "doi:10.1145/1553374.1553469",
    )
    .doc(
        "What a camera sees changes slowly, its pixels fast: features are learnt that change as little from frame to frame as things do. \
         Pulling alone would make all frames one; the push keeps them apart. `accuracy` is how often the near frame is nearer than the far one. \
         Mobahi et al. pull and push in turn, in the layer below a classifier that is trained besides; here both are done in each step, \
         behind a head, and nothing is classified. With `loss = triplet, distance = l2, margin = 0.2, normalize = on` it is the \
         time-contrastive network of one camera (Sermanet et al., 2018); `multi_view` has two.",
    )
    .example(
        "ssl 1\n\ndataset clips = moving_shapes()\n\npretext slow = frame_similarity() {\n  data    = clips.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    /// The steps of `tests/fixtures/tasks/frame_similarity.py`.
    #[test]
    fn losses_and_steps_are_those_of_pytorch() {
        for text in [
            include_str!("../../tests/fixtures/tasks/frame_similarity.json"),
            include_str!("../../tests/fixtures/tasks/frame_similarity_l2.json"),
            include_str!("../../tests/fixtures/tasks/frame_similarity_triplet.json"),
            include_str!("../../tests/fixtures/tasks/frame_similarity_info_nce.json"),
        ] {
            follow(text);
        }
    }
}
