//! `jigsaw_tiles(8px)`: nine tiles of a picture in one of many orders, and which order.

use std::sync::{Arc, Mutex, PoisonError};

use super::input;
use super::random_crop::crop;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, ImageType, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "jigsaw_tiles",
        Kind::Transform,
        "Cuts a tile out of each cell of a 3 × 3 grid and shuffles them; emits the tiles and which order they are in.",
        Make::transform(types, |args, _| {
            Ok(Box::new(Jigsaw {
                size: args.length("size"),
                orders: orders(args.size("orders")),
            }))
        }),
    )
    .paper(
        "Noroozi & Favaro, 2016",
        "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles",
        "arXiv:1603.09246",
    )
    .param(
        Param::required(
            "size",
            Type::Length,
            "Side of a tile, which stands at a random place of its cell. The rest is the gap between tiles; 64px of 75px in the paper.",
        )
        .within(1.0, 4096.0),
    )
    .param(
        Param::with_default(
            "orders",
            Type::Integer,
            "64",
            "How many orders there are, chosen as far apart as can be (maximal Hamming distance).",
        )
        .within(2.0, 1000.0),
    )
    .doc("`tiles/i` shows cell `order[i]`, cells counted row by row. The orders are the same in every run; the first one leaves the tiles where they are.")
    .example("jigsaw_tiles(8px, orders = 64)")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let image = ImageType::of("jigsaw_tiles", input)?;
    let size = args.length("size");
    if let Some(side) = [image.height, image.width]
        .into_iter()
        .flatten()
        .find(|side| side / 3 < size)
    {
        return Err(Problem::argument(
            Code::SampleType,
            "size",
            format!(
                "a tile of {size}px does not fit into a third of `{input}`, {}px",
                side / 3
            ),
        )
        .help("choose smaller tiles, or `resize` the picture before"));
    }
    let tile = image.sized(Some(size), Some(size));
    Ok(vec![
        SampleType::list(tile, Some(9)),
        SampleType::label(args.size("orders")),
    ])
}

struct Jigsaw {
    size: usize,
    orders: Arc<[[u8; 9]]>,
}

impl Transform for Jigsaw {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let image = input::image("jigsaw_tiles", input)?;
        let (height, width) = (image.height / 3, image.width / 3);
        let (Some(down), Some(right)) =
            (height.checked_sub(self.size), width.checked_sub(self.size))
        else {
            return Err(DataError {
                message: format!(
                    "a tile of {}px does not fit into a third of a picture of {} by {} pixels",
                    self.size, image.width, image.height
                ),
                help: Some("put `resize` before it, or choose smaller tiles".into()),
            });
        };
        let label = rng.below(self.orders.len() as u32);
        // drawn cell by cell, so that an order does not change which pixels a cell shows
        let mut corners = [(0, 0); 9];
        for (cell, corner) in corners.iter_mut().enumerate() {
            *corner = (
                cell / 3 * height + rng.below(down as u32 + 1) as usize,
                cell % 3 * width + rng.below(right as u32 + 1) as usize,
            );
        }
        let mut tiles = scratch.take_list();
        for cell in self.orders[label as usize] {
            let (top, left) = corners[cell as usize];
            let tile = crop(&image, top, left, 0, self.size, self.size, scratch);
            tiles.push(Sample::image(tile));
        }
        scratch.give(image.pixels);
        out.push(Sample::list(tiles));
        out.push(Sample::label(label));
        Ok(())
    }

    fn touches(&self, input: &SampleType) -> bool {
        // a tile as large as its cell
        let sides = input.as_image().map(|image| [image.height, image.width]);
        let mut sides = sides.into_iter().flatten().flatten();
        sides.any(|side| self.size >= side / 3)
    }
}

/// Random orders that are looked at for each one that is chosen.
const CANDIDATES: usize = 1000;

/// Orders of nine tiles, as the transform counts them; more of them begin with the same ones, so the most that were asked for are kept.
pub(crate) fn orders(n: usize) -> Arc<[[u8; 9]]> {
    static KNOWN: Mutex<Vec<[u8; 9]>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() < n {
        *known = chosen(n);
    }
    known[..n].into()
}

/// `n` orders of nine tiles. Each is the one of many random candidates that is furthest from those before it (the paper's
/// algorithm 1, with candidates instead of all 362880 orders).
fn chosen(n: usize) -> Vec<[u8; 9]> {
    let mut rng = Philox::new(9, &[Philox::part("jigsaw")]);
    let apart = |a: &[u8; 9], b: &[u8; 9]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    let mut chosen = vec![[0, 1, 2, 3, 4, 5, 6, 7, 8]];
    while chosen.len() < n {
        let mut best = ((0, 0), chosen[0]);
        for _ in 0..CANDIDATES {
            let mut order = [0u8; 9];
            for (to, from) in order.iter_mut().zip(rng.permutation(9)) {
                *to = from as u8;
            }
            let distances = || chosen.iter().map(|other| apart(&order, other));
            // the nearest one decides, then all together
            let score = (distances().min().unwrap_or(9), distances().sum::<usize>());
            if score > best.0 {
                best = (score, order);
            }
        }
        chosen.push(best.1);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Image;

    fn nearest(orders: &[[u8; 9]]) -> usize {
        let mut nearest = 9;
        for (i, a) in orders.iter().enumerate() {
            for b in &orders[..i] {
                nearest = nearest.min(a.iter().zip(b).filter(|(a, b)| a != b).count());
            }
        }
        nearest
    }

    #[test]
    fn orders_are_far_apart() {
        let few = orders(9);
        assert!(nearest(&few) >= 8, "{few:?}");
        let many = orders(64);
        assert!(nearest(&many) >= 6, "{}", nearest(&many));
        assert_eq!(many[..9], few[..]);
        for order in many.iter() {
            let mut sorted = *order;
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        }
    }

    #[test]
    fn tiles_come_from_the_cells_that_the_order_names() {
        // each pixel says its cell
        let pixels = (0..30 * 30).map(|i| (i / 300 * 3 + i % 30 / 10) as u8);
        let picture = Image::new(pixels.collect(), 30, 30, 1);
        let jigsaw = Jigsaw {
            size: 8,
            orders: orders(16),
        };
        let scratch = &mut Scratch::default();
        let mut seen = [false; 16];
        for sample in 0..200 {
            let mut out = Vec::new();
            let mut rng = Philox::new(5, &[sample]);
            let input = Sample::image(picture.clone());
            jigsaw.apply(input, &mut rng, scratch, &mut out).unwrap();
            let [Sample::List(tiles), Sample::Label(label)] = &out[..] else {
                panic!("{out:?}")
            };
            seen[*label as usize] = true;
            for (tile, cell) in tiles.iter().zip(jigsaw.orders[*label as usize]) {
                let Sample::Image(tile) = tile else {
                    panic!("{tile:?}")
                };
                assert_eq!(tile.pixels, vec![cell; 64]);
            }
        }
        assert_eq!(seen, [true; 16]);
    }
}
