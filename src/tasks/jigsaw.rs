//! In which order are the nine tiles of a picture? (Noroozi & Favaro, 2016)

use super::{PICTURES, training_params};
use super::{patch, picture, piece};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Module};
use crate::language::codes::Code;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));

    let tiles = g.input_list("tiles")?; // 9 times [B, C, h, w]
    if tiles.len() != 9 {
        return Err(Problem::argument(
            Code::Unbound,
            "augment",
            format!(
                "jigsaw takes nine tiles of each picture, not {}",
                tiles.len()
            ),
        )
        .help("`(tiles, order) = image |> jigsaw_tiles(8px)`"));
    }
    let order = g.input("order")?; // [B]
    let all = g.concat(&tiles, 0)?; // [9 B, C, h, w]
    let features = g.call(&encoder, all)?; // [9 B, D], one network for all
    let features = g.split(features, 0, 9)?;
    let puzzle = g.concat(&features, 1)?; // [B, 9 D]
    let logits = g.call(&head, puzzle)?; // [B, orders]

    let loss = g.cross_entropy(logits, order)?;
    g.objective("loss", loss);
    let accuracy = g.accuracy(logits, order)?;
    g.metric("accuracy", accuracy);
    Ok(())
}

/// The paper's 64 of 75 pixels in each cell, 8 at least.
fn augment(task: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let (before, tile) = match image.side {
        Some(side) => {
            // no encoder of the catalog needs more than 8 pixels
            let cell = side / 3;
            let tile = (cell * 64 / 75).max(8).min(cell).max(1);
            let patch = patch(task);
            (
                String::new(),
                if patch > 1 {
                    piece(tile, side, patch)
                } else {
                    tile
                },
            )
        }
        None => ("|> resize(256px) |> random_crop(225px) ".to_owned(), 64),
    };
    Some(format!(
        "(tiles, order) = {} {before}|> normalize() |> jigsaw_tiles({tile}px)\nemit tiles, order\n",
        image.name
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "jigsaw",
        Kind::Task,
        "In which order are the nine tiles of a picture?",
        Make::task(build, augment),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(1024) |> batch_norm() |> relu() |> linear(64)",
        "From all tiles' features to one score for each order.",
    ))
    .params(training_params(
        (128, PICTURES),
        "200 epochs",
        "adamw(1e-3, weight_decay = 0.05)",
        "cosine()",
    ))
    .input_list("tiles", SampleType::IMAGE, 9, "Nine tiles in some order.")
    .input(
        "order",
        SampleType::LABEL,
        "Which order.",
    )
    .pieces()
    .paper(
        "Noroozi & Favaro, 2016",
        "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles",
        "arXiv:1603.09246",
    )
    .doc(
        "One network sees each tile on its own, so that nothing but what is in the tiles tells where they belong; the head sees \
         all nine. Tiles stand at random places of their cells, so that edges that fit do not give the answer away. All tiles go \
         through in one batch; the paper normalises each tile by its own mean and variance instead of the data set's. \
         Later stages read whole pictures.",
    )
    .semantics(2)
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext puzzles = jigsaw() {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}
