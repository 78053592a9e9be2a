//! `neighbour_tiles(8px)`: a tile, one of its eight neighbours, and which.

use super::input;
use super::random_crop::crop;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, ImageType, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "neighbour_tiles",
        Kind::Transform,
        "Cuts out a tile and one of its eight neighbours; emits both, and which neighbour it is.",
        Make::transform(types, |args, _| Ok(Box::new(Neighbours::new(args)))),
    )
    .paper(
        "Doersch et al., 2015",
        "Unsupervised Visual Representation Learning by Context Prediction",
        "arXiv:1505.05192",
    )
    .param(Param::required("size", Type::Length, "Side of a tile.").within(1.0, 4096.0))
    .param(
        Param::with_default(
            "gap",
            Type::Length,
            "2px",
            "Between tiles: without it, lines that go on from one to the other give the place away. Half a tile in the paper.",
        )
        .within(0.0, 4096.0),
    )
    .param(
        Param::with_default(
            "jitter",
            Type::Length,
            "1px",
            "How far the neighbour may be from its place, in each direction. 7px for tiles of 96px in the paper.",
        )
        .within(0.0, 4096.0),
    )
    .doc(
        "Labels count from the upper left, row by row, without the middle: 0 is upper left, 3 left, 4 right, 7 lower right. The \
         3 × 3 grid stands at a random place of the picture; each neighbour is as likely.",
    )
    .example("neighbour_tiles(8px, gap = 2px, jitter = 1px)")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let image = ImageType::of("neighbour_tiles", input)?;
    let tiles = Neighbours::new(args);
    let wanted = tiles.extent();
    if let Some(side) = [image.height, image.width]
        .into_iter()
        .flatten()
        .find(|side| *side < wanted)
    {
        return Err(Problem::argument(
            Code::SampleType,
            "size",
            format!("three tiles of {}px with gaps and jitter take {wanted}px, and `{input}` has {side}px", tiles.size),
        )
        .help("choose smaller tiles, or `resize` the picture before"));
    }
    let tile = image.sized(Some(tiles.size), Some(tiles.size));
    Ok(vec![tile.clone(), tile, SampleType::label(8)])
}

struct Neighbours {
    size: usize,
    gap: usize,
    jitter: usize,
}

impl Neighbours {
    fn new(args: &Args) -> Self {
        Self {
            size: args.length("size"),
            gap: args.length("gap"),
            jitter: args.length("jitter"),
        }
    }

    /// Pixels that three tiles in a row take.
    fn extent(&self) -> usize {
        3 * self.size + 2 * self.gap + 2 * self.jitter
    }
}

impl Transform for Neighbours {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let image = input::image("neighbour_tiles", input)?;
        let room = |side: usize| side.checked_sub(self.extent());
        let (Some(down), Some(right)) = (room(image.height), room(image.width)) else {
            return Err(DataError {
                message: format!(
                    "three tiles of {}px take {}px; this picture has {} by {}",
                    self.size,
                    self.extent(),
                    image.width,
                    image.height
                ),
                help: Some("put `resize` before it, or choose smaller tiles".into()),
            });
        };
        let top = rng.below(down as u32 + 1) as usize + self.jitter;
        let left = rng.below(right as u32 + 1) as usize + self.jitter;
        let label = rng.below(8);
        // the middle of the grid is nobody's neighbour
        let cell = if label < 4 { label } else { label + 1 } as usize;
        let mut shift = || rng.below(2 * self.jitter as u32 + 1) as usize;
        let (down, right) = (shift(), shift());
        let step = self.size + self.gap;
        let middle = crop(
            &image,
            top + step,
            left + step,
            0,
            self.size,
            self.size,
            scratch,
        );
        let neighbour = crop(
            &image,
            top + cell / 3 * step + down - self.jitter,
            left + cell % 3 * step + right - self.jitter,
            0,
            self.size,
            self.size,
            scratch,
        );
        scratch.give(image.pixels);
        out.push(Sample::image(middle));
        out.push(Sample::image(neighbour));
        out.push(Sample::label(label));
        Ok(())
    }

    fn touches(&self, _: &SampleType) -> bool {
        self.gap == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Image;

    /// A picture whose pixels say where they are: row in the first channel, column in the second.
    fn map(side: usize) -> Image {
        let pixels = (0..side * side).flat_map(|i| [(i / side) as u8, (i % side) as u8, 0]);
        Image::new(pixels.collect(), side, side, 3)
    }

    #[test]
    fn the_neighbour_stands_where_its_label_says() {
        let tiles = Neighbours {
            size: 8,
            gap: 2,
            jitter: 1,
        };
        let scratch = &mut Scratch::default();
        let mut seen = [0usize; 8];
        let mut shifts = std::collections::BTreeSet::new();
        for sample in 0..800 {
            let mut out = Vec::new();
            let mut rng = Philox::new(5, &[sample]);
            let picture = Sample::Image(map(33));
            tiles.apply(picture, &mut rng, scratch, &mut out).unwrap();
            let [
                Sample::Image(middle),
                Sample::Image(other),
                Sample::Label(label),
            ] = &out[..]
            else {
                panic!("{out:?}")
            };
            assert_eq!((other.height, other.width), (8, 8));
            seen[*label as usize] += 1;
            let apart = |channel: usize| {
                i32::from(other.pixels[channel]) - i32::from(middle.pixels[channel])
            };
            let places = [
                (-1, -1),
                (-1, 0),
                (-1, 1),
                (0, -1),
                (0, 1),
                (1, -1),
                (1, 0),
                (1, 1),
            ];
            let (row, column) = places[*label as usize];
            let (dy, dx) = (apart(0) - 10 * row, apart(1) - 10 * column);
            assert!(dy.abs() <= 1 && dx.abs() <= 1, "{label} {dy} {dx}");
            shifts.insert((dy, dx));
        }
        assert_eq!(shifts.len(), 9);
        // s.d. of a count is 9.4
        assert!(seen.iter().all(|n| (60..140).contains(n)), "{seen:?}");
    }

    #[test]
    fn tiles_that_do_not_fit_are_refused() {
        let spec = spec();
        let Make::Transform { types, .. } = &spec.make else {
            panic!()
        };
        let call =
            crate::graph::testing::args(&spec, &[("size", crate::catalog::Value::Length(10.0))]);
        let problem = types(&call, &SampleType::image(3, 32, 32)).unwrap_err();
        assert!(problem.message.contains("36px"), "{problem}");
        assert!(types(&call, &SampleType::image(3, 36, 36)).is_ok());
    }
}
