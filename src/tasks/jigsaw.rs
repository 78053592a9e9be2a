//! In which order are the nine tiles of a picture? (Noroozi & Favaro, 2016)

use super::{PICTURES, training_params};
use super::{patch, picture, piece};
use crate::augment::tile_orders;
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Module, Padding, Var};
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
    let scores = g.shape(logits)[1].known().unwrap_or(0);
    match g.classes("order") {
        Some(n) if n <= scores => exhibit(g, &tiles, order, logits, n),
        _ => Ok(()),
    }
}

/// The tiles as they came, as the network puts them together, and as they belong: `n` orders as `jigsaw_tiles` counts them.
fn exhibit(g: &mut Graph, tiles: &[Var], order: Var, logits: Var, n: usize) -> Result<()> {
    let titles = ["shuffled", "put together", "as it was"];
    g.exhibit_of("puzzle", &titles, |g| {
        let framed: Vec<Var> = tiles
            .iter()
            .map(|tile| framed(g, *tile))
            .collect::<Result<_>>()?;
        let tiles = g.stack(&framed, 1)?; // [B, 9, C, h, w]
        let scores = g.slice(logits, 1, 0.into(), n.into())?;
        let chosen = g.argmax(scores, 1)?; // [B, 1]
        let chosen = g.squeeze(chosen, 1)?;
        let places = places(g, n)?; // [n, 9]
        let mut panels = vec![grid(g, tiles)?];
        for order in [chosen, order] {
            let place = g.take(places, order, 0)?; // [B, 9]
            let place = g.to_int(place)?;
            let sorted = g.gather_rows(tiles, place)?;
            panels.push(grid(g, sorted)?);
        }
        Ok(panels)
    })
}

/// Which tile belongs into each cell, for each order: `[n, 9]`.
fn places(g: &mut Graph, n: usize) -> Result<Var> {
    let mut numbers = Vec::with_capacity(9 * n);
    for order in tile_orders(n).iter() {
        for cell in 0..9 {
            let tile = order.iter().position(|c| *c == cell).unwrap_or(0);
            numbers.push(g.full(vec![1.into()], tile as f64)?);
        }
    }
    let all = g.concat(&numbers, 0)?;
    g.reshape(all, vec![n.into(), 9.into()])
}

/// A tile with a pixel around it, so that tiles are told apart: `[B, C, h, w]` → `[B, C, h + 2, w + 2]`.
fn framed(g: &mut Graph, tile: Var) -> Result<Var> {
    let high = g.pad(tile, 2, 1, 1, Padding::Constant(0.0))?;
    g.pad(high, 3, 1, 1, Padding::Constant(0.0))
}

/// Nine tiles in three rows: `[B, 9, C, h, w]` → `[B, C, 3 h, 3 w]`.
fn grid(g: &mut Graph, tiles: Var) -> Result<Var> {
    let shape = g.shape(tiles).clone();
    let [batch, _, channels, height, width] = shape.as_slice() else {
        return Err(g.shape_problem("nine tiles are wanted"));
    };
    let sizes = [batch, &3.into(), &3.into(), channels, height, width];
    let rows = g.reshape(tiles, sizes.into_iter().cloned().collect())?;
    let rows = g.permute(rows, &[0, 3, 1, 4, 2, 5])?; // [B, C, 3, h, 3, w]
    let sides = [height * &3.into(), width * &3.into()];
    let [down, right] = sides;
    g.reshape(rows, vec![batch.clone(), channels.clone(), down, right])
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
