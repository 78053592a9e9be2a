//! How well moments of one camera are found in another one's clip (Sermanet et al., 2018, section IV.A).

use super::evaluator::{About, Evaluator, Findings, Judged, Metric, Want};
use super::frames::Frames;
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use super::params::{bank, every, places, pooled};
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};

struct Alignment;

/// How far off the found moment is, as a part of the clip.
const ERROR: (&str, Measure) = ("alignment_error", Measure::FRACTION.less_is_better());
/// How often it is the very one.
const EXACT: (&str, Measure) = ("same_moment", Measure::FRACTION);

impl Evaluator for Alignment {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![
            Want::frames("data", 0, "{}, one camera"),
            Want::frames("data", 1, "{}, the other camera"),
        ]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[ERROR, EXACT]
    }

    fn protocol(&self, _: &Args, about: &About<'_>) -> String {
        let About {
            place,
            records,
            view,
            ..
        } = about;
        format!("at {place}, {records} pairs of clips, both ways, {view}")
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        _: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let mut read = read.into_iter().filter_map(|read| match read {
            Read::Frames(frames) => Some(frames),
            _ => None,
        });
        let (Some(one), Some(other)) = (read.next(), read.next()) else {
            return Err(Failed);
        };
        let mut findings = Findings::default();
        for (place, name) in judged.places.iter().enumerate() {
            let (error, exact) = errors(&one, &other, place);
            findings.metrics.push(Metric::new(name, ERROR, error));
            findings.metrics.push(Metric::new(name, EXACT, exact));
        }
        Ok(findings)
    }
}

/// The mean error and the part of moments that are found exactly, over all moments of all records that both cameras have, in both directions.
fn errors(one: &Frames, other: &Frames, place: usize) -> (f64, f64) {
    let [t, d, h, w] = one.sizes[place];
    if !one.rows.is_finite(place) || !other.rows.is_finite(place) {
        return (f64::NAN, f64::NAN);
    }
    let (mut off, mut exact, mut count) = (0.0, 0u32, 0u32);
    for (row, number) in one.rows.numbers.iter().enumerate() {
        let Some(same) = other.rows.numbers.iter().position(|own| own == number) else {
            continue;
        };
        let (left, right) = (one.clip(place, row), other.clip(place, same));
        for (from, to) in [(left, right), (right, left)] {
            for (at, frame) in from.chunks_exact(d * h * w).enumerate() {
                let found = nearest(frame, to);
                off += at.abs_diff(found) as f64 / t as f64;
                exact += u32::from(at == found);
                count += 1;
            }
        }
    }
    (off / f64::from(count), f64::from(exact) / f64::from(count))
}

/// Which of the frames is nearest, by Euclid's distance; the first of equals.
fn nearest(frame: &[f32], among: &[f32]) -> usize {
    let mut best = (0, f64::INFINITY);
    for (at, other) in among.chunks_exact(frame.len()).enumerate() {
        let squares = frame
            .iter()
            .zip(other)
            .map(|(a, b)| f64::from(a - b).powi(2));
        let away: f64 = squares.sum();
        if away < best.1 {
            best = (at, away);
        }
    }
    best.0
}

pub(super) fn spec() -> Spec {
    pooled(
        Spec::new(
            "alignment",
            Kind::Evaluator,
            "How far off in time the nearest frame of another camera is: the alignment error of two views",
            Make::evaluator(Alignment),
        )
        .without(&["test", "supervised"])
        .param(
            Param::optional("frames", Type::Integer, "So many frames of each clip, evenly spaced; all where absent.")
                .within(2.0, 4096.0),
        )
        .param(places()),
    )
    .param(every())
    .param(bank("200", "are aligned"))
    .paper(
        "Sermanet et al., 2018",
        "Time-Contrastive Networks: Self-Supervised Learning from Video",
        "arXiv:1704.06888",
    )
    .doc(
        "Records have the clips of two cameras; the first two clips of a record are compared. For each frame of one the nearest of the other is looked for, by \
         Euclid's distance of features, and the other way round. `alignment_error` is how many frames that is off, as a part of all frames of the clip, \
         the mean over all frames: 0 where every moment is found, about a third where one is as good as another. `same_moment` is how often the very moment is found. \
         Clips in which the same is seen several times can't be aligned better than that allows.",
    )
    .example("alignment()")
}

#[cfg(test)]
mod tests {
    use super::super::features::Features;
    use super::*;

    fn frames(rows: &[&[f32]], numbers: &[u32]) -> Frames {
        Frames {
            rows: Features {
                records: rows.len(),
                places: vec![rows.concat()],
                dims: vec![rows[0].len()],
                numbers: numbers.to_vec(),
                ..Features::default()
            },
            sizes: vec![[rows[0].len(), 1, 1, 1]],
        }
    }

    #[test]
    fn errors_are_parts_of_the_clip_in_both_directions() {
        // from the first: 0 → 0, 1 → 1, 2 → 1, 9 → 3; from the second: 0.1 → 0, 1.4 → 1, 5 → 2, 8 → 3
        let one = frames(&[&[0.0, 1.0, 2.0, 9.0]], &[4]);
        let other = frames(&[&[0.1, 1.4, 5.0, 8.0]], &[4]);
        let (error, exact) = errors(&one, &other, 0);
        assert!((error - 0.25 / 8.0).abs() < 1e-12, "{error}");
        assert_eq!(exact, 7.0 / 8.0);
    }

    #[test]
    fn equal_frames_are_as_good_as_chance() {
        let one = frames(&[&[3.0; 30]], &[0]);
        let (error, exact) = errors(&one, &one, 0);
        // always the first: the mean of i / 30
        assert!((error - 29.0 / 60.0).abs() < 1e-12, "{error}");
        assert_eq!(exact, 1.0 / 30.0);
    }

    #[test]
    fn records_that_one_camera_lacks_do_not_count() {
        let one = frames(&[&[0.0, 1.0], &[0.0, 1.0]], &[0, 1]);
        let other = frames(&[&[1.0, 0.0]], &[1]);
        assert_eq!(errors(&one, &other, 0), (0.5, 0.0));
        let nothing = frames(&[&[f32::NAN, 0.0]], &[1]);
        assert!(errors(&one, &nothing, 0).0.is_nan());
    }
}
