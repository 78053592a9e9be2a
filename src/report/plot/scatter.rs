//! Maps of points, coloured by class.

use std::collections::BTreeMap;

use super::{escape, px};

/// Side of the drawing in user units.
const SIDE: f64 = 420.0;
/// Room around the points.
const MARGIN: f64 = 12.0;
/// Classes that have a colour of their own; `k0` … `k9` in the style sheet.
pub(crate) const COLOURS: usize = 10;

/// A square map without axes: only distances mean something.
pub struct Scatter<'a> {
    /// For screen readers.
    pub title: &'a str,
    /// Positions; one that is not finite is left out.
    pub points: &'a [[f32; 2]],
    /// The class of each point; missing ones count as class 0.
    pub labels: &'a [usize],
    /// Names of the classes.
    pub classes: &'a [String],
    /// Whether to write class names among the points, where they don't cover each other.
    pub names: bool,
    /// What each point is called; written beside it, where it covers no other.
    pub words: &'a [String],
}

impl Scatter<'_> {
    /// The drawing; an empty string where there is no point to draw.
    pub fn svg(&self) -> String {
        let places = self.places();
        if places.is_empty() {
            return String::new();
        }
        let mut out = format!(
            "<svg class=\"map\" viewBox=\"0 0 {SIDE} {SIDE}\" role=\"img\" aria-label=\"{}\">",
            escape(self.title)
        );
        let mut by_class: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
        for (_, class, place) in &places {
            by_class.entry(*class).or_default().push(*place);
        }
        for (&class, points) in &by_class {
            let name = self.name(class);
            // dots are the caps of very short lines; of lines without length, PDF shows no square caps
            let dots: String = points
                .iter()
                .map(|(x, y)| format!("M{} {}h.01", px(*x), px(*y)))
                .collect();
            out.push_str(&format!(
                "<path class=\"dots k{} {} c{class}\" d=\"{dots}\"><title>{}</title></path>",
                class % COLOURS,
                shape(class),
                escape(&name)
            ));
        }
        if self.names {
            self.write_names(&mut out, &by_class);
        }
        if !self.words.is_empty() {
            self.write_words(&mut out, &places);
        }
        out.push_str("</svg>");
        out
    }

    fn name(&self, class: usize) -> String {
        self.classes
            .get(class)
            .cloned()
            .unwrap_or_else(|| format!("class {class}"))
    }

    /// Number, class and place of each finite point, fitted into the square with one scale for both directions.
    fn places(&self) -> Vec<(usize, usize, (f64, f64))> {
        let finite: Vec<(usize, usize, f64, f64)> = self
            .points
            .iter()
            .enumerate()
            .filter(|(_, p)| p[0].is_finite() && p[1].is_finite())
            .map(|(i, p)| {
                (
                    i,
                    self.labels.get(i).copied().unwrap_or(0),
                    f64::from(p[0]),
                    f64::from(p[1]),
                )
            })
            .collect();
        let bounds = |pick: fn(&(usize, usize, f64, f64)) -> f64| {
            finite
                .iter()
                .map(pick)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                    (low.min(v), high.max(v))
                })
        };
        let (left, right) = bounds(|p| p.2);
        let (bottom, top) = bounds(|p| p.3);
        let span = (right - left).max(top - bottom);
        let scale = if span > 0.0 {
            (SIDE - 2.0 * MARGIN) / span
        } else {
            0.0
        };
        finite
            .into_iter()
            .map(|(i, class, x, y)| {
                let x = SIDE / 2.0 + (x - (left + right) / 2.0) * scale;
                let y = SIDE / 2.0 - (y - (bottom + top) / 2.0) * scale;
                (i, class, (x, y))
            })
            .collect()
    }

    /// Writes what a point is called above it, in their order, leaving out what would cover another.
    fn write_words(&self, out: &mut String, places: &[(usize, usize, (f64, f64))]) {
        let mut taken: Vec<(f64, f64, f64)> = Vec::new();
        for (i, class, (x, y)) in places {
            let Some(word) = self.words.get(*i).filter(|word| !word.is_empty()) else {
                continue;
            };
            let half = word.chars().count() as f64 * 2.7 + 2.0;
            let x = x.clamp(half.min(SIDE / 2.0), (SIDE - half).max(SIDE / 2.0));
            let y = (y - 7.0).max(6.0);
            let free = taken
                .iter()
                .all(|(ox, oy, other)| (ox - x).abs() > half + other || (oy - y).abs() > 9.5);
            if !free {
                continue;
            }
            taken.push((x, y, half));
            out.push_str(&format!(
                "<text class=\"word c{class}\" x=\"{}\" y=\"{}\" dy=\".35em\" text-anchor=\"middle\">{}</text>",
                px(x),
                px(y),
                escape(word)
            ));
        }
    }

    /// Writes a name above each class, the largest classes first, leaving out what would cover another name.
    fn write_names(&self, out: &mut String, by_class: &BTreeMap<usize, Vec<(f64, f64)>>) {
        let mut order: Vec<(usize, &Vec<(f64, f64)>)> =
            by_class.iter().map(|(c, p)| (*c, p)).collect();
        order.sort_by_key(|(_, points)| std::cmp::Reverse(points.len()));
        let mut taken: Vec<(f64, f64, f64)> = Vec::new();
        for (class, points) in order {
            let (x, y) = head(points);
            let name = self.name(class);
            let half = name.chars().count() as f64 * 3.6 + 4.0;
            let x = x.clamp(half.min(SIDE / 2.0), (SIDE - half).max(SIDE / 2.0));
            let free = taken
                .iter()
                .all(|(ox, oy, other)| (ox - x).abs() > half + other || (oy - y).abs() > 15.0);
            if !free {
                continue;
            }
            taken.push((x, y, half));
            out.push_str(&format!(
                "<text class=\"k c{class}\" x=\"{}\" y=\"{}\" dy=\".35em\" text-anchor=\"middle\">{}</text>",
                px(x),
                px(y),
                escape(&name)
            ));
        }
    }
}

/// Neighbouring classes differ in shape as well as in colour.
pub(crate) fn shape(class: usize) -> &'static str {
    if class.is_multiple_of(2) {
        "round"
    } else {
        "square"
    }
}

/// Just above the bulk of a class, in its middle: medians and quantiles, since classes have outliers.
fn head(points: &[(f64, f64)]) -> (f64, f64) {
    let quantile = |pick: fn(&(f64, f64)) -> f64, part: f64| {
        let mut values: Vec<f64> = points.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        let at = (values.len() as f64 * part) as usize;
        values.get(at).copied().unwrap_or(0.0)
    };
    (
        quantile(|p| p.0, 0.5),
        (quantile(|p| p.1, 0.05) - 9.0).max(9.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_fill_the_square_with_one_scale() {
        let classes = ["a<".to_owned(), "b".to_owned()];
        let svg = Scatter {
            title: "map",
            points: &[[0.0, 0.0], [10.0, 5.0], [f32::NAN, 1.0]],
            labels: &[0, 1, 1],
            classes: &classes,
            names: true,
            words: &[],
        }
        .svg();
        // 396 units across; half of that upwards, centred
        assert!(svg.contains("d=\"M12 309h.01\""), "{svg}");
        assert!(svg.contains("d=\"M408 111h.01\""), "{svg}");
        assert!(svg.contains("<title>a&lt;</title>"));
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn one_point_and_none() {
        let one = |points: &[[f32; 2]]| {
            Scatter {
                title: "",
                points,
                labels: &[],
                classes: &[],
                names: false,
                words: &[],
            }
            .svg()
        };
        assert!(one(&[[3.0, 4.0]]).contains("M210 210h.01"));
        assert!(one(&[[3.0, 4.0]]).contains("class 0"));
        assert_eq!(one(&[]), "");
        assert_eq!(one(&[[f32::NAN, 0.0]]), "");
    }

    #[test]
    fn names_do_not_cover_each_other() {
        let classes: Vec<String> = ["first", "second", "third"].map(str::to_owned).to_vec();
        let svg = Scatter {
            title: "",
            points: &[[0.0, 0.0], [0.01, 0.0], [5.0, 5.0]],
            labels: &[0, 1, 2],
            classes: &classes,
            names: true,
            words: &[],
        }
        .svg();
        assert_eq!(svg.matches("<text").count(), 2, "{svg}");
    }

    #[test]
    fn words_stand_above_their_points() {
        let words: Vec<String> = ["sea", "se<a", "land", ""].map(str::to_owned).to_vec();
        let svg = Scatter {
            title: "",
            points: &[[0.0, 0.0], [0.1, 0.0], [5.0, 5.0], [2.0, 2.0]],
            labels: &[0, 0, 1, 1],
            classes: &[],
            names: false,
            words: &words,
        }
        .svg();
        assert!(
            svg.contains(">sea</text>") && svg.contains(">land</text>"),
            "{svg}"
        );
        // one would cover the other, and what has no name has none
        assert_eq!(svg.matches("<text").count(), 2, "{svg}");
    }
}
