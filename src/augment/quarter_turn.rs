//! `quarter_turn()`: a multiple of 90°, and which one.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "quarter_turn",
        Kind::Transform,
        "Turns by 0°, 90°, 180° or 270° against the clock; emits the picture and the number of quarter turns.",
        Make::transform(types, |args, _| Ok(Box::new(QuarterTurn { all: args.switch("all") }))),
    )
    .paper(
        "Gidaris et al., 2018",
        "Unsupervised representation learning by predicting image rotations",
        "arXiv:1803.07728",
    )
    .param(Param::switch(
        "all",
        "off",
        "`on`: a list of all four turns, in order, and a list of their labels 0 to 3; `off`: one turn, each as likely as another.",
    ))
    .example("quarter_turn()")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let image = ImageType::of("quarter_turn", input)?;
    if let (Some(height), Some(width)) = (image.height, image.width)
        && height != width
    {
        let side = height.min(width);
        return Err(Problem::new(
            Code::SampleType,
            format!("`quarter_turn` takes square pictures, and `{input}` flows into it"),
        )
        .note("a turned picture would have another shape, and a batch has one shape only")
        .help(format!(
            "put `center_crop({side}px)` or `random_crop({side}px)` before it"
        )));
    }
    let turn = SampleType::label(4);
    Ok(if args.switch("all") {
        vec![
            SampleType::list(input.clone(), Some(4)),
            SampleType::list(turn, Some(4)),
        ]
    } else {
        vec![input.clone(), turn]
    })
}

struct QuarterTurn {
    all: bool,
}

impl Transform for QuarterTurn {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let image = input::image("quarter_turn", input)?;
        if self.all {
            let mut turned = scratch.take_list();
            let mut labels = scratch.take_list();
            for turn in 0..4 {
                turned.push(Sample::image(rotate(&image, turn, scratch)));
                labels.push(Sample::label(turn));
            }
            scratch.give(image.pixels);
            out.push(Sample::list(turned));
            out.push(Sample::list(labels));
            return Ok(());
        }
        let turn = rng.below(4);
        if turn == 0 {
            out.push(Sample::image(image));
        } else {
            out.push(Sample::image(rotate(&image, turn, scratch)));
            scratch.give(image.pixels);
        }
        out.push(Sample::label(turn));
        Ok(())
    }
}

/// The picture after `turns` quarter turns against the clock.
pub fn rotate(image: &Image, turns: u32, scratch: &mut Scratch) -> Image {
    let (h, w, c) = (image.height, image.width, image.channels);
    let mut turned = scratch.copy_image(image);
    let pixels = &mut turned.pixels;
    match turns % 4 {
        0 => {}
        2 => {
            for (to, from) in pixels
                .chunks_exact_mut(c)
                .zip(image.pixels.chunks_exact(c).rev())
            {
                to.copy_from_slice(from);
            }
        }
        odd => {
            (turned.height, turned.width) = (w, h);
            for (y, row) in pixels.chunks_exact_mut(h * c).enumerate() {
                for (x, to) in row.chunks_exact_mut(c).enumerate() {
                    let (from_y, from_x) = if odd == 1 {
                        (x, w - 1 - y)
                    } else {
                        (h - 1 - x, y)
                    };
                    let at = (from_y * w + from_x) * c;
                    to.copy_from_slice(&image.pixels[at..at + c]);
                }
            }
        }
    }
    turned
}
