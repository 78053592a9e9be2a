//! Where does one tile lie, seen from the other? (Doersch et al., 2015)

use super::{TILES, training_params};
use super::{patch, picture, piece};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Module};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));

    let tiles = [g.input("middle")?, g.input("neighbour")?]; // [B, C, h, w]
    let place = g.input("place")?; // [B] in 0..8
    let both = g.concat(&tiles, 0)?; // [2 B, C, h, w]
    let features = g.call(&encoder, both)?; // [2 B, D], one network for both
    let pair = g.split(features, 0, 2)?;
    let pair = g.concat(&pair, 1)?; // [B, 2 D]
    let logits = g.call(&head, pair)?; // [B, 8]

    let loss = g.cross_entropy(logits, place)?;
    g.objective("loss", loss);
    let accuracy = g.accuracy(logits, place)?;
    g.metric("accuracy", accuracy);
    Ok(())
}

fn augment(task: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let (before, tile, gap, jitter) = match image.side {
        Some(side) => {
            let (gap, jitter) = ((side / 16).max(1), (side / 32).max(1));
            let tile = (side.checked_sub(2 * gap + 2 * jitter)? / 3).max(1);
            let patch = patch(task);
            let tile = if patch > 1 {
                piece(tile, side, patch)
            } else {
                tile
            };
            (String::new(), tile, gap, jitter)
        }
        None => ("|> resize(400px) ".to_owned(), 96, 48, 7),
    };
    Some(format!(
        "(middle, neighbour, place) = {} {before}|> normalize() |> neighbour_tiles({tile}px, gap = {gap}px, jitter = {jitter}px)\n\
         emit middle, neighbour, place\n",
        image.name
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "relative_patch",
        Kind::Task,
        "Where does one tile lie, seen from the other?",
        Make::task(build, augment),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(512) |> batch_norm() |> relu() |> linear(8)",
        "From both tiles' features to one score for each place.",
    ))
    .params(training_params(
        (128, TILES),
        "200 epochs",
        "adamw(1e-3, weight_decay = 0.05)",
        "cosine()",
    ))
    .input("middle", SampleType::IMAGE, "A tile.")
    .input("neighbour", SampleType::IMAGE, "One of its eight neighbours.")
    .input("place", SampleType::label(8), "Which one.")
    .pieces()
    .paper(
        "Doersch et al., 2015",
        "Unsupervised Visual Representation Learning by Context Prediction",
        "arXiv:1505.05192",
    )
    .doc(
        "Whoever knows that the ear is above the eye has learnt what the picture shows. Tiles stand apart and off their places by \
         a little, so that lines that go on from one to the other do not give the answer away. The paper also drops colours, \
         since lenses colour the rim of a picture; write that into an `augment` of your own for photographs. One network sees \
         both tiles, in one batch. Later stages read whole pictures.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext places = relative_patch() {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}
