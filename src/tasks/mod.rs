//! Pretext tasks, one file each: what is read from the batch, what is made small, what is watched.
//!
//! **To add a task**: its file, with its [`Spec`], a line in [`specs`], and a recipe that names it in `recipes`. It is held against its
//! paper by a script of `tests/fixtures/tasks`.

mod ab_bins;
mod adversarial;
mod autoencoder;
mod barlow_twins;
mod blocks;
mod byol;
mod cbow;
mod clip;
mod colorization;
mod cpc;
mod crops;
mod data2vec;
mod decoder;
mod deepcluster;
mod densecl;
mod dialogue_order;
mod dino;
mod distill;
mod frame_order;
mod frame_similarity;
mod hidden;
mod ibot;
mod ijepa;
mod inpainting;
mod jigsaw;
mod lejepa;
mod mae;
mod maps;
// an entry of the catalog once a text can be cut into pieces that were learnt
mod masked_tokens;
mod moco;
mod multi_view;
mod next_sentence;
mod nnclr;
mod npid;
mod order_reward;
mod patches;
mod queue;
mod relative_patch;
mod replies_told;
mod reply;
mod rollout;
mod rotation;
mod siglip;
mod simclr;
mod simmim;
mod simsiam;
mod skip_gram;
mod slow;
mod split_brain;
mod swav;
mod teacher;
mod towers;
mod tracking;
mod two_views;
mod vicreg;
mod video_color;
mod windows;

#[cfg(test)]
mod collapse_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod traces;

use crate::catalog::{Args, Kind, Param, Result, Spec, Type};
use crate::data::{Fields, KINDS, SampleType, first_image};
use crate::graph::{Graph, Var};

pub use dialogue_order::COHERENCE;
pub use frame_order::{ORDER, ORDERED};
pub use replies_told::{
    ANSWERED, ANSWERED_COHERENCE, PIECES, SURPRISE, WRITTEN, WRITTEN_COHERENCE,
};
pub use towers::{OF_IMAGE, OF_TEXT};

/// The catalog entries of this room.
pub fn specs() -> Vec<Spec> {
    vec![
        autoencoder::spec(),
        barlow_twins::spec(),
        byol::spec(),
        cbow::spec(),
        clip::spec(),
        colorization::spec(),
        cpc::spec(),
        data2vec::spec(),
        deepcluster::spec(),
        densecl::spec(),
        dialogue_order::spec(),
        dino::spec(),
        distill::spec(),
        frame_order::spec(),
        frame_similarity::spec(),
        ibot::spec(),
        ijepa::spec(),
        inpainting::spec(),
        jigsaw::spec(),
        lejepa::spec(),
        mae::spec(),
        masked_tokens::spec(),
        moco::spec(),
        next_sentence::spec(),
        nnclr::spec(),
        multi_view::spec(),
        npid::spec(),
        relative_patch::spec(),
        reply::spec(),
        rotation::spec(),
        siglip::spec(),
        simclr::spec(),
        simmim::spec(),
        simsiam::spec(),
        skip_gram::spec(),
        split_brain::spec(),
        swav::spec(),
        tracking::spec(),
        vicreg::spec(),
        video_color::spec(),
    ]
}

/// What a batch counts, and the fewest of it.
type Batch = (&'static str, f64);
const PICTURES: Batch = ("Pictures per optimiser step.", 1.0);
const TEXTS: Batch = ("Texts per optimiser step.", 1.0);
const TEXTS_IN_PAIRS: Batch = ("Pairs of texts per optimiser step.", 1.0);
const CAPTIONED: Batch = ("Pictures per optimiser step, each with a caption.", 2.0);
/// Batch statistics want two.
const CROPS: Batch = ("Pictures per optimiser step.", 2.0);
const PAIRS: Batch = ("Pictures per optimiser step; each brings two views.", 2.0);
const CLIPS: Batch = ("Clips per optimiser step.", 1.0);
const DIALOGUES: Batch = ("Dialogues per optimiser step.", 1.0);
const TILES: Batch = ("Pairs of tiles per optimiser step.", 1.0);

/// What the default `augment` of a task on texts begins with: the field that is cut into pieces already, or the text, cut by the fit that the
/// task names. Without either there is no default.
fn tokens_of(task: &Args, fields: &Fields) -> Option<String> {
    let of = |ty: SampleType| fields.iter().find(|(_, own)| own.fits(&ty));
    if let Some((name, _)) = of(SampleType::TOKENS) {
        return Some(name.clone());
    }
    let vocabulary = task.maybe_artifact("vocabulary")?;
    let (text, _) = of(SampleType::TEXT)?;
    Some(format!("{text} |> tokenize({})", vocabulary.name))
}

/// The same of a task on pairs: the texts `first` and `second`, as `neighbours` gives them, cut by the fit that the task names.
fn pair_of(task: &Args, fields: &Fields, length: usize) -> Option<String> {
    let texts = ["first", "second"].map(|text| (text, SampleType::TEXT));
    let has = |(wanted, ty): &(&str, SampleType)| {
        let mut fields = fields.iter();
        fields.any(|(name, own)| name == wanted && own.fits(ty))
    };
    let vocabulary = task.maybe_artifact("vocabulary")?;
    let name = &vocabulary.name;
    let all = texts.iter().all(has) && has(&(next_sentence::NEXT, SampleType::label(2)));
    all.then(|| format!("(first, second) |> pair({name}, {length})"))
}

/// The sum of one or more values of one shape.
fn total(g: &mut Graph, terms: &[Var]) -> Result<Var> {
    let (first, rest) = (terms[0], &terms[1..]);
    rest.iter().try_fold(first, |sum, term| g.add(sum, *term))
}

/// Their mean.
fn mean_of(g: &mut Graph, terms: &[Var]) -> Result<Var> {
    let sum = total(g, terms)?;
    g.mul_scalar(sum, 1.0 / terms.len() as f64)
}

/// The parameter that a default `augment` of texts takes its vocabulary from.
fn vocabulary_param() -> Param {
    Param::optional(
        "vocabulary",
        Type::Fit("vocabulary"),
        "The fit whose pieces the default `augment` cuts texts into.",
    )
}

/// Texts of the batch as `bert` takes them: ids `[B, n]`; of pairs with which of the two each piece is of, `[B, n, 2]`.
fn texts_of(g: &mut Graph, name: &str) -> Result<Var> {
    let ids = g.input(name)?;
    match g.maybe_input(&format!("{name}{KINDS}")) {
        Some(kinds) => g.stack(&[ids, kinds], 2),
        None => Ok(ids),
    }
}

/// How long and by what a task is trained, with its paper's values: `batch`, `length`, `optimizer`, `schedule`.
fn training_params(
    (batch, (counts, least)): (usize, Batch),
    length: &str,
    optimizer: &str,
    schedule: &str,
) -> [Param; 4] {
    [
        Param::with_default("batch", Type::Integer, &batch.to_string(), counts).within(least, 1e6),
        Param::with_default("length", Type::Duration, length, "How long to train.")
            .within(0.0, 1e9),
        Param::with_default(
            "optimizer",
            Type::Call(Kind::Optimizer),
            optimizer,
            "What moves the parameters.",
        ),
        Param::with_default(
            "schedule",
            Type::Call(Kind::Schedule),
            schedule,
            "How the learning rate changes.",
        ),
    ]
}

/// The picture of a record: its name, channels and side, for default augments.
struct Picture<'a> {
    name: &'a str,
    /// 3 where it is not known before a sample is read.
    channels: usize,
    /// The shorter side in pixels, where it is known.
    side: Option<usize>,
}

fn picture(fields: &Fields) -> Option<Picture<'_>> {
    let (name, image) = first_image(fields)?;
    Some(Picture {
        name,
        channels: image.channels.unwrap_or(3),
        side: image.height.zip(image.width).map(|(h, w)| h.min(w)),
    })
}

/// Steps of a default augment that cut a whole picture of this side at random: out of its padded self, or out of one of the side
/// `before` where its own is not known.
fn cut(side: Option<usize>, [before, after]: [usize; 2]) -> String {
    match side {
        Some(side) => format!("random_crop({side}px, padding = {}px)", side / 8),
        None => format!("resize({before}px) |> random_crop({after}px)"),
    }
}

/// The side of the patches that a stage's encoder cuts pictures into, for default augments; 1 where it cuts none.
fn patch(args: &Args) -> usize {
    let first = args.maybe_net("encoder").and_then(|net| net.steps.first());
    let cuts = first.filter(|step| {
        let patch = step.call.spec.find("patch");
        patch.is_some_and(|param| param.ty == Type::Length)
    });
    let side = cuts.and_then(|step| step.call.args.maybe_length("patch"));
    side.unwrap_or(1).max(1)
}

/// The side of a piece of a picture of `whole` pixels that is about `side` wide: a multiple of the patch. Where a patch is wider
/// than that, a side which divides the picture, so that one patch for both can be named.
fn piece(side: usize, whole: usize, patch: usize) -> usize {
    if side >= patch {
        return side / patch * patch;
    }
    (1..=side.max(1))
        .rev()
        .find(|side| whole.is_multiple_of(*side))
        .unwrap_or(1)
}
