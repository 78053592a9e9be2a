//! What a track shows at its end is more like what it shows at its beginning than other things are (Wang & Gupta, 2015).

use super::training_params;
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType, first_clip};
use crate::graph::{Graph, Module, Moment, Scalar, Var};

/// What a batch counts, and the fewest of it.
const TRACKS: super::Batch = ("Tracks per optimiser step.", 2.0);

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));
    let (margin, k) = (task.number("margin"), task.size("negatives"));

    let first = g.input("first")?; // [B, C, H, W], X
    let last = g.input("last")?; // [B, C, H, W], X⁺
    let both = g.concat(&[first, last], 0)?; // one network for all patches, in one batch
    let h = g.call(&encoder, both)?; // [2 B, D]
    let z = g.call(&head, h)?; // [2 B, d]
    let z = g.l2_normalize(z)?;
    let ends = g.split(z, 0, 2)?; // [B, d] each
    let others = g.transpose(ends[1], 0, 1)?;
    let cosines = g.matmul(ends[0], others)?; // [B, B], 1 − D(X_i, X⁺_j)
    let batch = g.shape(first)[0].clone();

    // max(0, D(X_i, X⁺_i) − D(X_i, X⁻_j) + M), where X⁻_j is what another track ends with (equation 2)
    let same = g.eye(batch.clone()); // [B, B]
    let near = g.mul(cosines, same)?;
    let near = g.sum(near, 1)?; // [B, 1]
    let terms = g.sub(cosines, near)?;
    let terms = g.add_scalar(terms, margin)?;
    let terms = g.relu(terms)?;
    let different = g.mul_scalar(same, -1.0)?;
    let different = g.add_scalar(different, 1.0)?;
    let terms = g.mul(terms, different)?; // [B, B]

    let random = random(g, terms, k)?;
    let hard = hardest(g, terms, k)?;
    // random ones first, then the hardest of the batch (section 4.2)
    let now_hard = g.scalar(Scalar::After(Moment::from(task.duration("hard_after")))); // [1]
    let change = g.sub(hard, random)?;
    let change = g.mul(change, now_hard)?;
    let loss = g.add(random, change)?;
    g.objective("loss", loss);
    let own = g.arange(batch);
    let accuracy = g.accuracy(cosines, own)?;
    g.metric("accuracy", accuracy);
    exhibit(g, first, last, cosines)
}

/// The mean of the terms with k others, those that follow each row in the batch, whose order is drawn: `[B, B]` → `[1]`.
fn random(g: &mut Graph, terms: Var, k: usize) -> Result<Var> {
    let batch = g.shape(terms)[0].clone();
    let number = g.arange(batch.clone());
    let number = g.to_float(number)?;
    let (row, column) = (g.unsqueeze(number, 1)?, g.unsqueeze(number, 0)?);
    let further = g.sub(column, row)?; // [B, B], j − i
    let none = g.mul_scalar(further, 0.0)?;
    let before = g.less(further, none)?;
    // round the end of the batch
    let all = g.count(batch);
    let round = g.add(further, all)?;
    let further = g.select(before, round, further)?;
    first_of(g, terms, further, k)
}

/// The mean of the k largest terms of each row: `[B, B]` → `[1]`.
fn hardest(g: &mut Graph, terms: Var, k: usize) -> Result<Var> {
    let order = g.argsort(terms, 1, true)?; // [B, B]
    let order = g.to_float(order)?;
    let rank = g.argsort(order, 1, false)?; // where each term stands, from 0
    let rank = g.to_float(rank)?;
    let rank = g.add_scalar(rank, 1.0)?;
    first_of(g, terms, rank, k)
}

/// The mean of those terms whose number is 1 to k, k in each row; what a smaller batch lacks counts as 0.
fn first_of(g: &mut Graph, terms: Var, number: Var, k: usize) -> Result<Var> {
    let shape = g.shape(number).clone();
    let most = g.full(shape.clone(), k as f64 + 0.5)?;
    let least = g.full(shape.clone(), 0.5)?;
    let (low, high) = (g.less(least, number)?, g.less(number, most)?);
    let (low, high) = (g.to_float(low)?, g.to_float(high)?);
    let taken = g.mul(low, high)?;
    let taken = g.mul(terms, taken)?;
    let sums = g.sum(taken, 1)?; // [B, 1]
    let mean = g.mean_all(sums)?;
    g.mul_scalar(mean, 1.0 / k as f64)
}

/// What a track begins and ends with, and what is taken for its end.
fn exhibit(g: &mut Graph, first: Var, last: Var, cosines: Var) -> Result<()> {
    let titles = ["begins", "ends", "taken for its end"];
    g.exhibit_of("tracks", &titles, |g| {
        let taken = g.argmax(cosines, 1)?; // [B, 1]
        let taken = g.squeeze(taken, 1)?;
        let taken = g.take(last, taken, 0)?; // [B, C, H, W]
        Ok(vec![first, last, taken])
    })
}

/// Both ends of a track in half the frame's side, mirrored each on its own.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let (name, clip) = first_clip(fields)?;
    let mut tracks = fields.iter().filter(|(_, ty)| {
        ty.fits(&SampleType::BOXES)
            || ty
                .parts()
                .is_some_and(|(one, _)| one.fits(&SampleType::BOXES))
    });
    let (tracks, _) = tracks.next()?;
    let sides = clip.frame.height.zip(clip.frame.width);
    let side = sides.map_or(227, |(height, width)| (height.min(width) / 2).max(8));
    let most = clip
        .frames
        .map_or(30, |frames| frames.saturating_sub(1).clamp(1, 30));
    Some(format!(
        "(begin, end) = ({name}, {tracks}) |> track_patches({side}px, frames = {}..{most})\n\
         emit first = begin |> hflip(50%) |> normalize(), last = end |> hflip(50%) |> normalize()\n",
        (most / 2).max(1)
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "tracking",
        Kind::Task,
        "What a track shows at its end is more like what it shows at its beginning than other things are.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default("margin", Type::Number, "0.5", "M: by how much others are further away.")
            .within(0.0, 2.0),
    )
    .param(
        Param::with_default("negatives", Type::Integer, "4", "K: other tracks that each one is compared with; fewer than a batch.")
            .within(1.0, 4096.0),
    )
    .param(
        Param::with_default(
            "hard_after",
            Type::Duration,
            "10 epochs",
            "From here on they are the K of the batch that lose most; before they are any.",
        )
        .within(0.0, 1e9),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(1024)",
        "From an encoder's features to what is compared, 1024 numbers in the paper. It is thrown away afterwards.",
    ))
    .params(training_params(
        (100, TRACKS),
        "100 epochs",
        "sgd(0.001, momentum = 0.9, weight_decay = 5e-4)",
        "cosine()",
    ))
    .input("first", SampleType::IMAGE, "What a track shows where it begins: `track_patches()`.")
    .input("last", SampleType::IMAGE, "What it shows where it ends.")
    .paper(
        "Wang & Gupta, 2015",
        "Unsupervised Learning of Visual Representations Using Videos",
        "arXiv:1505.00687",
    )
    .doc(
        "A thing that is followed through a clip looks different at the end, and is the same thing. D is 1 − cosine; D(X, X⁺) + M is to be less than D(X, X⁻), where X⁻ is \
         what another track of the batch ends with: K of them, any at first, later those that lose most. `accuracy` is how often a track finds its own end among those of \
         the batch. Tracks come with the data, as those of `moving_shapes()`, or from a tracker that nobody has taught: \
         `fit tracks = tracker() { data = … }`, `clip |> track_ends(tracks, size = 24px)`.",
    )
    .example(
        "ssl 1\n\ndataset clips = moving_shapes()\n\npretext tracks = tracking() {\n  data    = clips.train\n  encoder = small_cnn()\n  on_bad_sample = skip\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    /// The steps of `tests/fixtures/tasks/tracking.py`.
    #[test]
    fn losses_and_steps_are_those_of_pytorch() {
        follow(include_str!("../../tests/fixtures/tasks/tracking.json"));
    }
}
