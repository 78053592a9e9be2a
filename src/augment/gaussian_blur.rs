//! `gaussian_blur(23px, chance = 50%)`.

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Image, ImageType, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    Spec::new(
        "gaussian_blur",
        Kind::Transform,
        "Blurs with a Gaussian of random width; edges are mirrored.",
        Make::transform(types, |args, _| {
            Ok(Box::new(Blur {
                kernel: args.length("kernel"),
                sigma: args.range("sigma"),
                chance: args.ratio("chance"),
            }))
        }),
    )
    .paper(
        "Chen et al., 2020",
        "A simple framework for contrastive learning of visual representations",
        "arXiv:2002.05709",
    )
    .param(
        Param::with_default(
            "kernel",
            Type::Length,
            "23px",
            "Side of the filter, odd; a tenth of the picture in SimCLR.",
        )
        .within(1.0, 255.0),
    )
    .param(
        Param::with_default(
            "sigma",
            Type::Range,
            "0.1..2.0",
            "Standard deviation in pixels, drawn uniformly.",
        )
        .within(0.01, 100.0),
    )
    .param(Param::with_default("chance", Type::Ratio, "50%", "How often.").within(0.0, 1.0))
    .example("gaussian_blur(3px, sigma = 0.1..2.0, chance = 50%)")
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let image = ImageType::of("gaussian_blur", input)?;
    let kernel = args.length("kernel");
    if kernel.is_multiple_of(2) {
        return Err(Problem::argument(
            Code::OutOfRange,
            "kernel",
            format!("a filter of {kernel}px has no middle"),
        )
        .help(format!("`{}px`: an odd number", kernel + 1)));
    }
    for side in [image.height, image.width].into_iter().flatten() {
        if kernel / 2 >= side {
            return Err(Problem::argument(
                Code::SampleType,
                "kernel",
                format!("a filter of {kernel}px is too wide for `{input}`"),
            )
            .note("the edges are mirrored, and a mirror image is no wider than the picture"));
        }
    }
    Ok(vec![input.clone()])
}

struct Blur {
    kernel: usize,
    sigma: (f64, f64),
    chance: f64,
}

impl Transform for Blur {
    fn draws(&self, _: &SampleType) -> bool {
        let always_same = self.chance >= 1.0 && self.sigma.0 == self.sigma.1;
        self.chance > 0.0 && !always_same
    }

    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let mut image = input::image("gaussian_blur", input)?;
        if rng.chance(self.chance) {
            if self.kernel / 2 >= image.height.min(image.width) {
                return Err(DataError {
                    message: format!(
                        "`gaussian_blur` with a filter of {}px is too wide for a picture of {} by {} pixels",
                        self.kernel, image.width, image.height
                    ),
                    help: Some("put `resize` or a crop before it".into()),
                });
            }
            let sigma = rng.between(self.sigma.0, self.sigma.1);
            blur(&mut image, self.kernel, sigma, scratch);
        }
        out.push(Sample::image(image));
        Ok(())
    }
}

/// Added and taken away again, it leaves a small number rounded to the nearest whole one, halves to even; unlike
/// `round_ties_even`, without a call where the processor's rounding instruction can't be counted on.
const ROUND: f32 = 12_582_912.0;

/// One side of a Gaussian of `kernel` taps that sum to 1: the middle first. Taps that can't be seen in 8 bits are left out.
fn weights(kernel: usize, sigma: f64) -> ([f32; 128], usize) {
    let radius = kernel / 2;
    let tap = |i: usize| (-0.5 * (i as f64 / sigma).powi(2)).exp();
    let sum = 1.0 + 2.0 * (1..=radius).map(tap).sum::<f64>();
    let mut taps = [0f32; 128];
    let mut used = 0;
    for (i, entry) in taps.iter_mut().enumerate().take(radius + 1) {
        let weight = tap(i) / sum;
        // all further taps together move a value by less than a hundredth of a step
        if weight < 1e-5 {
            break;
        }
        *entry = weight as f32;
        used = i;
    }
    (taps, used)
}

/// Convolves with a Gaussian of `kernel` taps; mirrored at the edges without repeating the edge pixel. `kernel / 2` is less
/// than either side.
pub fn blur(image: &mut Image, kernel: usize, sigma: f64, scratch: &mut Scratch) {
    let (taps, radius) = weights(kernel, sigma);
    if radius == 0 {
        return;
    }
    let (height, channels) = (image.height, image.channels);
    let row = image.width * channels;
    let border = radius * channels;
    // one line with its mirrored ends, then the picture blurred along rows, then one line of results
    let floats = &mut scratch.floats;
    floats.resize((row + 2 * border) + height * row + row, 0.0);
    let (line, rest) = floats.split_at_mut(row + 2 * border);
    let (rows, sum) = rest.split_at_mut(height * row);

    for (from, to) in image
        .pixels
        .chunks_exact(row)
        .zip(rows.chunks_exact_mut(row))
    {
        for (line, value) in line[border..].iter_mut().zip(from) {
            *line = f32::from(*value);
        }
        for i in 1..=radius {
            for channel in 0..channels {
                line[border - i * channels + channel] = line[border + i * channels + channel];
                let last = border + row - channels;
                line[last + i * channels + channel] = line[last - i * channels + channel];
            }
        }
        let middle = &line[border..border + row];
        for (to, value) in to.iter_mut().zip(middle) {
            *to = taps[0] * value;
        }
        for (i, tap) in taps.iter().enumerate().take(radius + 1).skip(1) {
            let before = &line[border - i * channels..][..row];
            let after = &line[border + i * channels..][..row];
            for ((to, a), b) in to.iter_mut().zip(before).zip(after) {
                *to += tap * (a + b);
            }
        }
    }

    let mirrored = |y: isize| {
        let last = height as isize - 1;
        (last - (last - y.abs()).abs()) as usize
    };
    for (y, to) in image.pixels.chunks_exact_mut(row).enumerate() {
        for (sum, value) in sum.iter_mut().zip(&rows[y * row..][..row]) {
            *sum = taps[0] * value;
        }
        for (i, tap) in taps.iter().enumerate().take(radius + 1).skip(1) {
            let above = &rows[mirrored(y as isize - i as isize) * row..][..row];
            let below = &rows[mirrored(y as isize + i as isize) * row..][..row];
            for ((sum, a), b) in sum.iter_mut().zip(above).zip(below) {
                *sum += tap * (a + b);
            }
        }
        for (to, sum) in to.iter_mut().zip(&*sum) {
            *to = ((sum + ROUND) - ROUND) as u8;
        }
    }
}
