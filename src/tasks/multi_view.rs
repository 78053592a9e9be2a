//! Frames of one moment are alike whichever camera has seen them (Sermanet et al., 2018: time-contrastive networks).

use super::{CLIPS, cut, training_params};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Module, Size, Var, show};
use crate::language::codes::Code;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));

    let one = g.input("anchor")?; // [B, n, C, H, W], n moments of one camera
    let other = g.input("positive")?; // the same moments of another
    let moments = checked(g, one, other)?;
    let [first, second] = [one, other].map(|clips| g.frames(clips)); // [n B, C, H, W]
    let both = g.concat(&[first?, second?], 0)?; // one network for both cameras, in one batch
    let h = g.call(&encoder, both)?; // [2 n B, D]
    let z = g.call(&head, h)?; // [2 n B, d]
    let z = match task.switch("normalize") {
        true => g.l2_normalize(z)?,
        false => z,
    };
    let width = g.check_features("head", z)?;
    let views = g.split(z, 0, 2)?; // [n B, d] each
    let batch = g.shape(one)[0].clone();
    let by_clip =
        |g: &mut Graph, x: Var| g.reshape(x, vec![batch.clone(), moments.into(), width.into()]);
    let (a, p) = (by_clip(g, views[0])?, by_clip(g, views[1])?); // [B, n, d]

    let scores = match task.word("loss") {
        "triplet" => {
            let apart = apart(g, a, p)?; // [B, n, n]
            let loss = triplet(g, a, apart, moments, task.number("margin"))?;
            g.objective("loss", loss);
            g.mul_scalar(apart, -1.0)?
        }
        _ => n_pairs(g, a, p, task)?,
    };
    let rows = g.reshape(scores, vec![&batch * &moments.into(), moments.into()])?; // [n B, n]
    let own = own(g, &batch, moments)?;
    let accuracy = g.accuracy(rows, own)?;
    g.metric("accuracy", accuracy);
    exhibit(g, one, other, scores)
}

/// Which moment each row of `[n B, n]` is of: `[n B]`.
fn own(g: &mut Graph, batch: &Size, moments: usize) -> Result<Var> {
    let index = g.arange(batch * &moments.into());
    let index = g.to_float(index)?;
    let index = g.remainder(index, moments as f64)?;
    g.to_int(index)
}

/// Which moment of the other camera is it? By products (Sohn, 2016), with a little weight on their lengths. Gives the scores, `[B, n, n]`.
fn n_pairs(g: &mut Graph, a: Var, p: Var, task: &Args) -> Result<Var> {
    let shape = g.shape(a).clone();
    let (moments, tau) = (shape[1].known().unwrap_or(1), task.number("temperature"));
    let p_t = g.transpose(p, 1, 2)?;
    let scores = g.matmul(a, p_t)?; // [B, n, n]
    let scores = g.mul_scalar(scores, 1.0 / tau)?;
    let rows = g.reshape(scores, vec![&shape[0] * &shape[1], shape[1].clone()])?;
    let own = own(g, &shape[0], moments)?;
    let told = g.cross_entropy(rows, own)?;
    let mut lengths = Vec::new();
    for x in [a, p] {
        let square = g.mul(x, x)?;
        let length = g.sum(square, 2)?;
        lengths.push(g.mean_all(length)?);
    }
    let lengths = g.add(lengths[0], lengths[1])?;
    let lengths = g.mul_scalar(lengths, task.number("regularize") / 4.0)?;
    let loss = g.add(told, lengths)?;
    g.objective("loss", loss);
    Ok(scores)
}

/// |x_i − y_j|² of all moments of a clip: `[B, n, d]` twice → `[B, n, n]`.
fn apart(g: &mut Graph, x: Var, y: Var) -> Result<Var> {
    let square = |g: &mut Graph, x: Var| -> Result<Var> {
        let square = g.mul(x, x)?;
        g.sum(square, 2) // [B, n, 1]
    };
    let (of_x, of_y) = (square(g, x)?, square(g, y)?);
    let of_y = g.transpose(of_y, 1, 2)?; // [B, 1, n]
    let y_t = g.transpose(y, 1, 2)?;
    let product = g.matmul(x, y_t)?;
    let product = g.mul_scalar(product, -2.0)?;
    let sum = g.add(of_x, of_y)?;
    g.add(sum, product)
}

/// The mean of max(0, |a_i − p_i|² − |a_i − a_j|² + α) over all moments i and all others j: the same camera at another time is further away than
/// another camera at the same time. `apart`: |a_i − p_j|².
fn triplet(g: &mut Graph, a: Var, apart: Var, moments: usize, margin: f64) -> Result<Var> {
    let same = g.eye(moments.into()); // [n, n]
    let near = g.mul(apart, same)?;
    let near = g.sum(near, 2)?; // [B, n, 1], |a_i − p_i|²
    let far = self::apart(g, a, a)?; // [B, n, n]
    let terms = g.sub(near, far)?;
    let terms = g.add_scalar(terms, margin)?;
    let terms = g.relu(terms)?;
    let others = g.mul_scalar(same, -1.0)?;
    let others = g.add_scalar(others, 1.0)?;
    let terms = g.mul(terms, others)?;
    let mean = g.mean_all(terms)?;
    // of n² terms n are none
    g.mul_scalar(mean, moments as f64 / (moments as f64 - 1.0))
}

/// How many moments both inputs have.
fn checked(g: &Graph, one: Var, other: Var) -> Result<usize> {
    let (left, right) = (g.shape(one), g.shape(other));
    let moments = left.get(1).and_then(Size::known).unwrap_or(0);
    if left == right && moments >= 2 {
        return Ok(moments);
    }
    Err(Problem::new(
        Code::Shape,
        format!(
            "`anchor` is {} and `positive` {}: not the same two moments or more of two cameras",
            show(left),
            show(right)
        ),
    )
    .help("emit both from `(a, b) = (camera1, camera2) |> moments(8)`"))
}

/// A moment of one camera, the same of the other, and what is taken for it.
fn exhibit(g: &mut Graph, one: Var, other: Var, scores: Var) -> Result<()> {
    let titles = ["one camera", "the other", "taken for it"];
    g.exhibit_of("moments", &titles, |g| {
        let first = |g: &mut Graph, x: Var| {
            let own = g.slice(x, 1, 0.into(), 1.into())?;
            g.squeeze(own, 1)
        };
        let of_first = first(g, scores)?; // [B, n]
        let taken = g.argmax(of_first, 1)?; // [B, 1]
        let taken = g.gather_rows(other, taken)?; // [B, 1, C, H, W]
        Ok(vec![first(g, one)?, first(g, other)?, g.squeeze(taken, 1)?])
    })
}

/// Eight moments of the first two cameras of a record.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let mut clips = fields
        .iter()
        .filter_map(|(name, ty)| Some((name, ty.as_clip()?)));
    let ((first, clip), (second, _)) = (clips.next()?, clips.next()?);
    let count = clip.frames.map_or(8, |frames| (frames / 2).clamp(2, 8));
    let sides = clip.frame.height.zip(clip.frame.width);
    let cut = cut(sides.map(|(height, width)| height.min(width)), [256, 224]);
    Some(format!(
        "(a, b) = ({first}, {second}) |> moments({count})\n\
         emit anchor = a |> {cut} |> normalize(), positive = b |> {cut} |> normalize()\n"
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "multi_view",
        Kind::Task,
        "Frames of one moment are alike whichever camera has seen them, frames of other moments are not.",
        Make::task(build, augment),
    )
    .param(Param::with_default(
        "loss",
        Type::Choice(&["n_pairs", "triplet"]),
        "n_pairs",
        "`n_pairs`: which moment of the other camera is it, of those of the clip? `triplet`: another time of the same camera is further away than the same \
         time of the other one, by the margin.",
    ))
    .param(
        Param::with_default("margin", Type::Number, "0.2", "α of `triplet`.").within(0.0, 1e6),
    )
    .param(
        Param::with_default("temperature", Type::Number, "1.0", "τ: scores of `n_pairs` are divided by it.")
            .within(1e-3, 100.0),
    )
    .param(
        Param::with_default("regularize", Type::Number, "0.002", "λ: a quarter of it is what the squared lengths of both features weigh in `n_pairs`.")
            .within(0.0, 1e3),
    )
    .param(Param::switch(
        "normalize",
        "off",
        "`on`: features that are compared have length 1, as in the paper's triplets.",
    ))
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(32)",
        "From an encoder's features to what is compared. It is thrown away afterwards.",
    ))
    .params(training_params(
        (32, CLIPS),
        "200 epochs",
        "adamw(1e-3, weight_decay = 0.05)",
        "cosine()",
    ))
    .input("anchor", SampleType::CLIP, "Two moments or more of one camera.")
    .input("positive", SampleType::CLIP, "The same moments of another camera: `moments()`.")
    .paper(
        "Sermanet et al., 2018",
        "Time-Contrastive Networks: Self-Supervised Learning from Video",
        "arXiv:1704.06888",
    )
    .doc(
        "Two cameras that see one moment show different pixels of the same thing; one camera a moment later shows nearly the same pixels of something else. Features \
         that are alike across cameras and differ over time say what goes on, and not where from it is seen. Negatives are the other moments of the same clip: \
         all of them, where the paper draws one, or the hardest. `accuracy` is how often the right moment is the nearest, by chance 1 in so many moments; \
         `alignment` measures it over all frames. `frame_similarity` is the same with one camera.",
    )
    .example(
        "ssl 1\n\ndataset clips = moving_shapes(cameras = 2)\n\npretext views = multi_view() {\n  data    = clips.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{DType, Mode};
    use crate::tasks::traces::follow;

    /// The steps of `tests/fixtures/tasks/multi_view.py`.
    #[test]
    fn losses_and_steps_are_those_of_pytorch() {
        follow(include_str!("../../tests/fixtures/tasks/multi_view.json"));
        follow(include_str!(
            "../../tests/fixtures/tasks/multi_view_triplet.json"
        ));
    }

    #[test]
    fn moments_of_other_numbers_are_refused() {
        let mut g = Graph::new(Mode::Train);
        let mut clip = |name: &str, frames: usize| {
            let sizes = [frames, 3, 8, 8].map(Size::from);
            g.declare_input(
                name,
                [&[Size::batch()][..], &sizes].concat(),
                DType::F32,
                None,
            )
        };
        let (two, three, one) = (clip("two", 2), clip("three", 3), clip("one", 1));
        assert_eq!(checked(&g, two, two).unwrap(), 2);
        for (left, right) in [(two, three), (one, one)] {
            let problem = checked(&g, left, right).unwrap_err();
            assert!(
                problem.message.contains("not the same two moments"),
                "{problem}"
            );
        }
    }
}
