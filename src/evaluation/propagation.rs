//! Masks of a first frame, carried along its clip by the likeness of features (Vondrick et al., 2018).

use super::carry::{How, carry, likeliest};
use super::davis::{Mask, boundary, region};
use super::evaluator::{About, Evaluator, Exhibit, Findings, Judged, Metric, Want};
use super::frames::{Scene, cut};
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use super::params::{bank, every, places};
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};
use crate::data::{Image, evenly_spaced};

struct Propagation;

const BOTH: (&str, Measure) = ("j_and_f", Measure::FRACTION);
const J: (&str, Measure) = ("region_j", Measure::FRACTION);
const F: (&str, Measure) = ("contour_f", Measure::FRACTION);
/// The place of what needs no encoder: masks that stay where they are.
const IDENTITY: &str = "identity";
/// Clips, and frames of each, that are drawn.
const CLIPS: usize = 6;
const FRAMES: usize = 6;
/// What things are painted in.
const COLOURS: [[u8; 3]; 4] = [[230, 60, 60], [60, 120, 240], [60, 200, 90], [240, 190, 40]];

impl Evaluator for Propagation {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![Want::frames("data", 0, "{}, frames").masked()]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[BOTH, J, F]
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let About {
            place,
            records,
            view,
            ..
        } = about;
        if *place == IDENTITY {
            return format!("masks stay, {records} clips");
        }
        let how = of(args);
        let radius = how
            .radius
            .map_or(String::new(), |radius| format!(", radius = {radius}"));
        format!(
            "at {place}, {records} clips, k = {}, context = {}, temperature = {}{radius}, {view}",
            how.k, how.context, how.temperature
        )
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let Some(Read::Frames(frames)) = read.into_iter().next() else {
            return Err(Failed);
        };
        let how = of(judged.args);
        let mut scores = vec![Scores::default(); frames.sizes.len()];
        let mut stays = Scores::default();
        let mut rows = Vec::new();
        for row in 0..frames.rows.records {
            let number = frames.rows.numbers.get(row).map_or(row, |at| *at as usize);
            let scene = lab.scene(number)?;
            let Some(truth) = Truth::of(&scene) else {
                continue;
            };
            for (place, sizes) in frames.sizes.iter().enumerate() {
                let found = match frames.rows.is_finite(place) {
                    true => truth.carried(frames.clip(place, row), *sizes, &how),
                    false => vec![vec![usize::MAX; truth.side * truth.side]; truth.frames],
                };
                scores[place].add(&truth, &found);
                if place + 1 == frames.sizes.len() && rows.len() < CLIPS {
                    rows.push((number, painted(&scene, &truth, &found)));
                }
            }
            stays.add(&truth, &vec![truth.first.clone(); truth.frames]);
        }
        let sound = |place: usize| frames.rows.is_finite(place);
        let names = judged.places.iter().map(String::as_str);
        let mut metrics = Vec::new();
        for (place, (name, scores)) in names.zip(&scores).enumerate() {
            metrics.extend(scores.metrics(name, sound(place)));
        }
        metrics.extend(stays.metrics(IDENTITY, true));
        let drawn = Exhibit::Drawn {
            name: "propagated",
            of: "data",
            rows,
        };
        Ok(Findings {
            metrics,
            exhibits: vec![drawn],
        })
    }
}

fn of(args: &Args) -> How {
    How {
        k: args.size("k"),
        context: args.size("context"),
        temperature: args.number("temperature"),
        radius: args.maybe_size("radius"),
    }
}

/// What is seen in a clip: of each pixel of each frame which thing, 0 for none.
struct Truth {
    things: usize,
    frames: usize,
    side: usize,
    /// Of each frame.
    all: Vec<Vec<usize>>,
    /// Of the first frame.
    first: Vec<usize>,
}

impl Truth {
    /// Of things that the first frame shows; `None` where it shows none, or there are fewer than three frames.
    fn of(scene: &Scene) -> Option<Self> {
        let side = scene
            .frames
            .first()
            .map(|frame| frame.height.min(frame.width))?;
        let frames = scene.frames.len();
        let mut all = vec![vec![0; side * side]; frames];
        let mut things = 0;
        for masks in &scene.masks {
            let seen = |mask: &Image| -> Vec<bool> {
                let mask = cut(mask, side);
                mask.pixels
                    .chunks_exact(mask.channels)
                    .map(|pixel| pixel[0] >= 128)
                    .collect()
            };
            if masks.len() != frames || !seen(&masks[0]).contains(&true) {
                continue;
            }
            things += 1;
            for (labels, mask) in all.iter_mut().zip(masks) {
                let own = labels.iter_mut().zip(seen(mask));
                own.filter(|(_, seen)| *seen)
                    .for_each(|(label, _)| *label = things);
            }
        }
        let first = all.first()?.clone();
        (things > 0 && frames > 2).then_some(Self {
            things,
            frames,
            side,
            all,
            first,
        })
    }

    /// The thing at each pixel of each frame, carried along from the first.
    fn carried(&self, features: &[f32], sizes: [usize; 4], how: &How) -> Vec<Vec<usize>> {
        let [_, _, h, w] = sizes;
        let first = self.shares([h, w]);
        let labels = carry(features, sizes, first, how);
        let pixels = [self.side, self.side];
        let mut found: Vec<Vec<usize>> = labels
            .iter()
            .map(|labels| likeliest(labels, [h, w], pixels))
            .collect();
        // the first frame is given
        found[0].clone_from(&self.first);
        found
    }

    /// Of each place of the first frame how much of it each thing has, none first: `[h w, things + 1]`.
    fn shares(&self, [h, w]: [usize; 2]) -> Vec<f32> {
        let n = self.things + 1;
        let mut shares = vec![0.0; h * w * n];
        // the pixels that a place touches, as the mean over cells takes them
        let span = |at: usize, cells: usize| {
            at * self.side / cells..((at + 1) * self.side).div_ceil(cells)
        };
        for y in 0..h {
            for x in 0..w {
                let own = &mut shares[(y * w + x) * n..][..n];
                let mut count = 0.0;
                for row in span(y, h) {
                    for column in span(x, w) {
                        own[self.first[row * self.side + column]] += 1.0;
                        count += 1.0;
                    }
                }
                own.iter_mut().for_each(|share| *share /= count);
            }
        }
        shares
    }

    fn mask(&self, labels: &[usize], thing: usize) -> Mask {
        Mask {
            shows: labels.iter().map(|label| *label == thing).collect(),
            width: self.side,
        }
    }
}

/// J and F of things, each over the frames between the first, which is given, and the last.
#[derive(Clone, Debug, Default)]
struct Scores {
    things: usize,
    j: f64,
    f: f64,
}

impl Scores {
    fn add(&mut self, truth: &Truth, found: &[Vec<usize>]) {
        for thing in 1..=truth.things {
            let frames = 1..truth.frames - 1;
            let count = frames.len() as f64;
            for at in frames {
                let [own, wanted] =
                    [&found[at], &truth.all[at]].map(|labels| truth.mask(labels, thing));
                self.j += region(&own, &wanted) / count;
                self.f += boundary(&own, &wanted) / count;
            }
            self.things += 1;
        }
    }

    fn metrics(&self, place: &str, sound: bool) -> [Metric; 3] {
        let things = match sound {
            true => self.things as f64,
            false => f64::NAN,
        };
        let (j, f) = (self.j / things, self.f / things);
        [(BOTH, (j + f) / 2.0), (J, j), (F, f)].map(|(name, value)| Metric::new(place, name, value))
    }
}

/// A few frames with what was found painted on them.
fn painted(scene: &Scene, truth: &Truth, found: &[Vec<usize>]) -> Vec<Image> {
    let chosen = evenly_spaced(FRAMES.min(truth.frames), truth.frames);
    let paint = |at: usize| {
        let frame = cut(&scene.frames[at], truth.side);
        let pixels = frame.pixels.chunks_exact(frame.channels).zip(&found[at]);
        let pixels = pixels.flat_map(|(pixel, label)| {
            let rgb = [0, 1, 2].map(|channel| pixel[channel.min(frame.channels - 1)]);
            match label.checked_sub(1) {
                Some(thing) if *label <= truth.things => {
                    let colour = COLOURS[thing % COLOURS.len()];
                    [0, 1, 2]
                        .map(|i| (u16::from(rgb[i]) * 2 / 5 + u16::from(colour[i]) * 3 / 5) as u8)
                }
                _ => rgb,
            }
        });
        Image::new(pixels.collect(), truth.side, truth.side, 3)
    };
    chosen.map(paint).collect()
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "propagation",
        Kind::Evaluator,
        "How well masks of a first frame are carried along its clip by the likeness of features: J, F and their mean, as DAVIS defines them",
        Make::evaluator(Propagation),
    )
    .without(&["test", "supervised"])
    .param(Param::with_default("k", Type::Integer, "5", "So many of the likest places give their labels.").within(1.0, 4096.0))
    .param(
        Param::with_default("context", Type::Integer, "4", "Frames before, beside the first, that are pointed at.")
            .within(0.0, 256.0),
    )
    .param(
        Param::with_default("temperature", Type::Number, "0.1", "τ: cosines are divided by it.")
            .within(1e-3, 100.0),
    )
    .param(
        Param::optional("radius", Type::Integer, "Places further away are not pointed at, in places of the map; where absent all are.")
            .within(1.0, 4096.0),
    )
    .param(
        Param::optional("frames", Type::Integer, "So many frames of each clip, evenly spaced; all where absent.")
            .within(3.0, 4096.0),
    )
    .param(places())
    .param(every())
    .param(bank("50", "are carried along"))
    .paper(
        "Vondrick et al., 2018",
        "Tracking Emerges by Colorizing Videos",
        "arXiv:1806.09594",
    )
    .doc(
        "Records have a clip and `masks`, one clip of masks for each thing. The masks of the first frame are given; each place of a later frame gets the labels of the \
         places that look most alike, in the first frame and in the frames before it, and what is between places is interpolated. `at` names maps; \
         without it the encoder's output is read, which has to be one. Things that the first frame does not show are not asked for.\n\n\
         J is the intersection of a found mask and the true one over their union, F the harmonic mean of how much of the found boundary lies on the true one and \
         the other way round, within 0.8% of the diagonal; both are means over the frames between the first and the last, then over things (Perazzi \
         et al., 2016). The first number is the mean of both. `identity` are masks that stay where they are: what every tracker has to beat. Without an encoder \
         pixels are compared, in the size of the last map. The report draws what was carried along.",
    )
    .example("propagation(at = [conv2], k = 5)")
}

#[cfg(test)]
#[path = "propagation_tests.rs"]
mod tests;
