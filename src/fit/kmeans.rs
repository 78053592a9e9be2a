//! `kmeans(16)`: a few colours that stand for those of all pictures.

use std::any::Any;
use std::sync::Arc;

use super::{Fit, Learnt};
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};
use crate::data::kmeans::{first_centres, lloyd};
use crate::data::{DataError, Palette, Philox, Sample, SampleType, colours_of, stop_asked};

/// Pixels in a row, and in a column, that are looked at in each picture.
const GRID: usize = 8;
/// Passes over the pixels at most.
const ITERATIONS: usize = 100;

struct KMeans;

impl Fit for KMeans {
    fn reads(&self) -> SampleType {
        SampleType::IMAGE
    }

    fn file(&self) -> &'static str {
        "colours.json"
    }

    fn learn(
        &self,
        args: &Args,
        values: &mut dyn Iterator<Item = Result<Sample, DataError>>,
    ) -> Result<Learnt, DataError> {
        let (k, most) = (args.size("clusters"), args.size("pixels"));
        let mut rng = Philox::new(0, &[Philox::part("colours")]);
        let mut rows: Vec<[f32; 2]> = Vec::new();
        let mut met = 0u32;
        for value in values {
            let colours = colours_of(value?, GRID);
            let colours =
                colours.ok_or_else(|| DataError::new("`kmeans` was given what is no picture"))?;
            for row in colours {
                // each pixel that was met is kept as likely as any other (Vitter, 1985)
                met = met.saturating_add(1);
                match rows.len() < most {
                    true => rows.push(row),
                    false => {
                        let at = rng.below(met) as usize;
                        if let Some(place) = rows.get_mut(at) {
                            *place = row;
                        }
                    }
                }
            }
        }
        if rows.is_empty() {
            return Err(DataError::new("`kmeans` has met no pixel"));
        }
        let flat = rows.as_flattened();
        let first = first_centres(flat, 2, k, &mut rng);
        let found = lloyd(flat, 2, first, ITERATIONS, &mut |_| !stop_asked());
        let found = found.ok_or_else(|| DataError::new("asked to stop"))?;
        let mut counts = vec![0usize; k];
        found.of.iter().for_each(|cluster| counts[*cluster] += 1);
        let centres = found.centres.as_chunks::<2>().0.iter().copied();
        let shares = counts.iter().map(|count| *count as f64 / rows.len() as f64);
        // pictures of fewer colours leave some without a pixel
        let mut colours: Vec<([f32; 2], f64)> = centres
            .zip(shares)
            .filter(|(_, share)| *share > 0.0)
            .collect();
        colours.sort_by(|a, b| b.1.total_cmp(&a.1));
        let said = match colours.len() == k {
            true => format!("{k} colours"),
            false => format!(
                "{} of {k} colours: the pictures hold no more",
                colours.len()
            ),
        };
        Ok(Learnt {
            found: format!(
                "{said} of {} pixels; the commonest stands for {:.1}% of them",
                rows.len(),
                100.0 * colours[0].1
            ),
            bytes: Palette::written(&colours),
        })
    }

    fn open(&self, args: &Args, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, DataError> {
        let palette = Palette::open(bytes)?;
        let (declared, found) = (args.size("clusters"), palette.centres.len());
        if found > declared {
            let what = format!("it has {found} colours, and `clusters` says {declared}");
            return Err(DataError::new(what).help(format!("write `clusters = {found}`")));
        }
        Ok(Arc::new(palette))
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "kmeans",
        Kind::Fit,
        "Learns a few colours that stand for those of all pictures.",
        Make::fit(KMeans),
    )
    .gives("palette")
    .paper(
        "Vondrick et al., 2018",
        "Tracking Emerges by Colorizing Videos",
        "arXiv:1806.09594",
    )
    .param(
        Param::with_default("clusters", Type::Integer, "16", "How many colours. Fewer where the pictures hold no more.")
            .within(1.0, 256.0),
    )
    .param(
        Param::with_default("pixels", Type::Integer, "100000", "How many pixels are clustered, each as likely to be one of them.")
            .within(1.0, 1e7),
    )
    .param(Param::optional(
        "file",
        Type::Text,
        "A colours.json to read instead of learning; the path is relative to the recipe.",
    ))
    .doc(
        "k-means (Lloyd, 1982, from the starts of k-means++) in the plane of a and b of CIE Lab: how light a pixel is does not count. 64 evenly spaced pixels of \
         each picture, or of each frame of a clip, are met. The commonest colour comes first. The result is a JSON in the stage's folder.",
    )
    .example("kmeans(16)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Value;
    use crate::data::Image;
    use crate::data::lab::lab_of_rgb;
    use crate::graph::testing::args;

    fn learnt(pictures: Vec<Image>, clusters: i64, pixels: i64) -> (Palette, String) {
        let given = [
            ("clusters", Value::Integer(clusters)),
            ("pixels", Value::Integer(pixels)),
        ];
        let args = args(&Arc::new(spec()), &given);
        let mut values = pictures
            .into_iter()
            .map(|picture| Ok(Sample::image(picture)));
        let learnt = KMeans.learn(&args, &mut values).unwrap();
        (Palette::open(&learnt.bytes).unwrap(), learnt.found)
    }

    /// Stripes of these colours, each a pixel wide.
    fn stripes(colours: &[[u8; 3]]) -> Image {
        let pixels = (0..16 * 16).flat_map(|at| colours[at % 16 % colours.len()]);
        Image::new(pixels.collect(), 16, 16, 3)
    }

    #[test]
    fn colours_are_those_of_the_pictures_the_commonest_first() {
        let (red, blue) = ([200, 30, 30], [20, 40, 220]);
        let pictures = vec![stripes(&[red]), stripes(&[red]), stripes(&[blue])];
        let (palette, said) = learnt(pictures, 2, 1000);
        let ab = |rgb: [u8; 3]| lab_of_rgb(rgb.map(|value| f64::from(value) / 255.0));
        for (found, rgb) in palette.centres.iter().zip([red, blue]) {
            let [_, a, b] = ab(rgb);
            assert!(
                (f64::from(found[0]) - a).abs() < 1e-3 && (f64::from(found[1]) - b).abs() < 1e-3
            );
        }
        assert_eq!(
            said,
            "2 colours of 192 pixels; the commonest stands for 66.7% of them"
        );
    }

    #[test]
    fn pictures_of_fewer_colours_say_so() {
        let (palette, said) = learnt(vec![stripes(&[[9, 9, 9]])], 3, 1000);
        assert_eq!(palette.centres.len(), 1);
        assert!(
            said.starts_with("1 of 3 colours: the pictures hold no more"),
            "{said}"
        );
    }

    #[test]
    fn of_many_pixels_any_is_as_likely_to_be_kept() {
        // the later half of the pictures is blue
        let half = |rgb: [u8; 3]| std::iter::repeat_n(stripes(&[rgb]), 50);
        let pictures = half([200, 30, 30]).chain(half([20, 40, 220])).collect();
        let (palette, said) = learnt(pictures, 2, 400);
        assert_eq!(palette.centres.len(), 2);
        // 200 of 400, s.d. 10
        let share: f64 = said
            .split("stands for ")
            .nth(1)
            .unwrap()
            .trim_end_matches("% of them")
            .parse()
            .unwrap();
        assert!((50.0..60.0).contains(&share), "{said}");
    }
}
