//! How alike two masks are, as the DAVIS benchmark measures it (Perazzi et al., 2016; Pont-Tuset et al., 2017): J of regions, F of boundaries.

/// Pixels within so much of the picture's diagonal of a boundary lie on it.
const NEAR: f64 = 0.008;

/// A mask: which pixels show a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Row by row.
    pub shows: Vec<bool>,
    /// Pixels of a row.
    pub width: usize,
}

impl Mask {
    fn height(&self) -> usize {
        self.shows.len() / self.width.max(1)
    }

    fn at(&self, y: usize, x: usize) -> bool {
        self.shows[y * self.width + x]
    }

    /// Pixels where the thing ends to the right, below, or towards both; at the lower and the right edge of the picture one neighbour
    /// is left, and in the corner none.
    fn boundary(&self) -> Mask {
        let (height, width) = (self.height(), self.width);
        let mut shows = vec![false; self.shows.len()];
        for y in 0..height {
            for x in 0..width {
                let own = self.at(y, x);
                let mut ends = false;
                if x + 1 < width {
                    ends |= own != self.at(y, x + 1);
                }
                if y + 1 < height {
                    ends |= own != self.at(y + 1, x);
                }
                if x + 1 < width && y + 1 < height {
                    ends |= own != self.at(y + 1, x + 1);
                }
                shows[y * width + x] = ends;
            }
        }
        Mask { shows, width }
    }

    /// All pixels at most so far from one of its own.
    fn widened(&self, radius: i64) -> Mask {
        let (height, width) = (self.height() as i64, self.width as i64);
        let mut shows = vec![false; self.shows.len()];
        for (index, _) in self.shows.iter().enumerate().filter(|(_, shows)| **shows) {
            let (y, x) = (index as i64 / width, index as i64 % width);
            for dy in -radius..=radius {
                for dx in -radius..=radius {
                    let (to, at) = (y + dy, x + dx);
                    let inside = (0..height).contains(&to) && (0..width).contains(&at);
                    if inside && dy * dy + dx * dx <= radius * radius {
                        shows[(to * width + at) as usize] = true;
                    }
                }
            }
        }
        let width = self.width;
        Mask { shows, width }
    }

    fn count(&self) -> usize {
        self.shows.iter().filter(|shows| **shows).count()
    }

    fn both(&self, other: &Mask) -> usize {
        let pairs = self.shows.iter().zip(&other.shows);
        pairs.filter(|(own, other)| **own && **other).count()
    }
}

/// J: the intersection of two masks of one size over their union; 1 where both are empty.
pub fn region(found: &Mask, truth: &Mask) -> f64 {
    let both = found.both(truth);
    match found.count() + truth.count() - both {
        0 => 1.0,
        either => both as f64 / either as f64,
    }
}

/// F: of the found boundary how much lies on the true one, of the true one how much on the found one, and the harmonic mean of both.
pub fn boundary(found: &Mask, truth: &Mask) -> f64 {
    let (height, width) = (truth.height() as f64, truth.width as f64);
    let near = (NEAR * height.hypot(width)).ceil() as i64;
    let (found, truth) = (found.boundary(), truth.boundary());
    let (of_found, of_truth) = (found.count(), truth.count());
    let (precision, recall) = match (of_found, of_truth) {
        (0, 0) => (1.0, 1.0),
        (0, _) => (1.0, 0.0),
        (_, 0) => (0.0, 1.0),
        _ => (
            found.both(&truth.widened(near)) as f64 / of_found as f64,
            truth.both(&found.widened(near)) as f64 / of_truth as f64,
        ),
    };
    match precision + recall {
        0.0 => 0.0,
        sum => 2.0 * precision * recall / sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(value: &serde_json::Value) -> Mask {
        let rows = value.as_array().expect("rows");
        let shows = |row: &serde_json::Value| -> Vec<bool> {
            row.as_str()
                .expect("a row")
                .chars()
                .map(|c| c == '#')
                .collect()
        };
        let rows: Vec<Vec<bool>> = rows.iter().map(shows).collect();
        Mask {
            width: rows[0].len(),
            shows: rows.concat(),
        }
    }

    /// Of `tests/fixtures/evaluation/davis.py`.
    #[test]
    fn regions_and_boundaries_are_those_of_davis() {
        let text = include_str!("../../tests/fixtures/evaluation/davis.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(text).expect("a fixture");
        assert!(cases.len() >= 12);
        for case in cases {
            let (found, truth) = (mask(&case["found"]), mask(&case["truth"]));
            let wanted = ["j", "f"].map(|name| case[name].as_f64().expect("a number"));
            for (found, wanted) in [region(&found, &truth), boundary(&found, &truth)]
                .into_iter()
                .zip(wanted)
            {
                assert!(
                    (found - wanted).abs() < 1e-12,
                    "{}: {found}, {wanted}",
                    case["name"]
                );
            }
        }
    }
}
