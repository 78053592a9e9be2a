//! A few colours that stand for all: centres in the plane of a and b of CIE Lab.

use serde::{Deserialize, Serialize};

use super::lab::lab_of_rgb;
use super::{DataError, Sample, evenly_spaced};

/// The colours, the commonest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    /// a and b of each.
    pub centres: Vec<[f32; 2]>,
}

/// As the file of a fit has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What the numbers are: [`SPACE`].
    space: String,
    /// a and b of each colour.
    centres: Vec<[f32; 2]>,
    /// How many of all pixels it stands for.
    shares: Vec<f64>,
}

const SPACE: &str = "ab of CIE Lab";

impl Palette {
    /// The content of a file of colours, each with its share of all pixels.
    pub fn written(colours: &[([f32; 2], f64)]) -> Vec<u8> {
        let file = File {
            space: SPACE.to_owned(),
            centres: colours.iter().map(|(centre, _)| *centre).collect(),
            shares: colours.iter().map(|(_, share)| *share).collect(),
        };
        let mut bytes = serde_json::to_vec(&file).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// It is another file, or names no colour.
    pub fn open(bytes: &[u8]) -> Result<Self, DataError> {
        let file: File = serde_json::from_slice(bytes)
            .map_err(|error| DataError::new(format!("it holds no colours: {error}")))?;
        if file.space != SPACE {
            return Err(DataError::new(format!("its numbers are not {SPACE}")));
        }
        let far = |x: &f32| !x.is_finite() || x.abs() > 128.0;
        if file.centres.is_empty() || file.centres.iter().flatten().any(far) {
            return Err(DataError::new(
                "it holds no colours: a and b are from -128 to 128, and there is one or more of them",
            ));
        }
        Ok(Self {
            centres: file.centres,
        })
    }

    /// Which colour is nearest, the first of equals.
    pub fn nearest(&self, [a, b]: [f32; 2]) -> usize {
        let away = |[x, y]: &[f32; 2]| (x - a) * (x - a) + (y - b) * (y - b);
        let mut best = (0, f32::INFINITY);
        for (at, centre) in self.centres.iter().enumerate() {
            let away = away(centre);
            if away < best.1 {
                best = (at, away);
            }
        }
        best.0
    }
}

/// a and b of pixels of a picture in the middles of equal parts, `grid` in each direction or as many as there are; `None` where it is no picture.
pub fn colours_of(picture: Sample, grid: usize) -> Option<Vec<[f32; 2]>> {
    let image = picture.into_image().ok()?;
    let places = |side: usize| evenly_spaced(grid.min(side), side);
    let all = places(image.height).flat_map(|y| places(image.width).map(move |x| (y, x)));
    let colour = |(y, x): (usize, usize)| {
        let at = (y * image.width + x) * image.channels;
        let value = |channel: usize| {
            let channel = if image.channels == 3 { channel } else { 0 };
            f64::from(image.pixels[at + channel]) / 255.0
        };
        let [_, a, b] = lab_of_rgb([value(0), value(1), value(2)]);
        [a as f32, b as f32]
    };
    Some(all.map(colour).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let bytes = Palette::written(&[([1.5, -20.25], 0.75), ([0.1, 0.0], 0.25)]);
        let palette = Palette::open(&bytes).unwrap();
        assert_eq!(palette.centres, [[1.5, -20.25], [0.1, 0.0]]);
        assert_eq!(
            [[0.2, 0.0], [9.0, -30.0]].map(|ab| palette.nearest(ab)),
            [1, 0]
        );
    }

    #[test]
    fn another_file_is_refused() {
        let refused = |text: &str| Palette::open(text.as_bytes()).unwrap_err().message;
        let file = |centres: &str| {
            format!(r#"{{"space": "{SPACE}", "centres": {centres}, "shares": []}}"#)
        };
        assert!(refused("{}").starts_with("it holds no colours: missing field"));
        assert!(refused(&file("[]")).contains("one or more"));
        assert!(refused(&file("[[300, 0]]")).contains("from -128 to 128"));
        let other = file("[[3, 0]]").replace(SPACE, "rgb");
        assert_eq!(refused(&other), format!("its numbers are not {SPACE}"));
    }
}
