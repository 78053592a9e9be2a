//! Line charts.

use super::chart::{Line, LineChart};
use super::hover::{self, Frame};
use super::{Axis, escape, px, smooth, thin};

/// Most points of a line that are drawn.
const MOST: usize = 2000;
/// A line with more points than this is drawn faint, with its running mean over it.
const NOISY: usize = 120;

impl LineChart<'_> {
    /// The drawing; an empty string where there is no point to draw.
    pub fn svg(&self) -> String {
        let thinned: Vec<Vec<(f64, f64)>> = self
            .lines
            .iter()
            .map(|line| thin(&line.points, MOST))
            .collect();
        let all = || {
            thinned
                .iter()
                .flatten()
                .filter(|(x, y)| x.is_finite() && y.is_finite())
        };
        if all().next().is_none() {
            return String::new();
        }
        let bounds = |pick: fn(&(f64, f64)) -> f64| {
            all()
                .map(pick)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                    (low.min(v), high.max(v))
                })
        };
        let (x_low, x_high) = bounds(|p| p.0);
        let (y_low, y_high) = bounds(|p| p.1);
        // steps start near 0: an axis that starts at 0 reads better than one at 10
        let x_low = if x_low > 0.0 && x_low < 0.1 * x_high {
            0.0
        } else {
            x_low
        };
        let (width, height) = self.size;
        let small = height < 150.0;
        let y_axis = self.log.then(|| Axis::log(y_low, y_high)).flatten();
        let frame = Frame {
            left: 46.0,
            right: width - 10.0,
            top: 8.0,
            bottom: height - 36.0,
            x: Axis::exact(x_low, x_high, 5),
            y: y_axis.unwrap_or_else(|| Axis::rounded(y_low, y_high, if small { 3 } else { 5 })),
        };

        let mut out = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
            px(width),
            px(height),
            escape(self.title)
        );
        self.axes(&mut out, &frame);
        for (line, points) in self.lines.iter().zip(&thinned) {
            draw(&mut out, &frame, line, points);
        }
        hover::strips(&mut out, &frame, self);
        out.push_str("</svg>");
        out
    }

    fn axes(&self, out: &mut String, frame: &Frame) {
        out.push_str("<g class=\"ax\">");
        for tick in &frame.y.ticks {
            let Some(y) = frame.y_at(*tick) else { continue };
            let label = if self.percent {
                frame.y.percent_label(*tick)
            } else {
                frame.y.label(*tick)
            };
            out.push_str(&format!(
                "<path class=\"grid\" d=\"M{} {y}H{}\"/><text x=\"{}\" y=\"{y}\" dy=\".35em\" text-anchor=\"end\">{label}</text>",
                px(frame.left),
                px(frame.right),
                px(frame.left - 7.0),
                y = px(y),
            ));
        }
        for tick in &frame.x.ticks {
            let Some(x) = frame.x_at(*tick) else { continue };
            out.push_str(&format!(
                "<path class=\"tick\" d=\"M{x} {}v4\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                px(frame.bottom),
                px(frame.bottom + 16.0),
                frame.x.label(*tick),
                x = px(x),
            ));
        }
        out.push_str(&format!(
            "<path class=\"base\" d=\"M{} {}H{}\"/><text class=\"name\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text></g>",
            px(frame.left),
            px(frame.bottom),
            px(frame.right),
            px(frame.right),
            px(frame.bottom + 31.0),
            escape(self.x_label),
        ));
    }
}

fn draw(out: &mut String, frame: &Frame, line: &Line, points: &[(f64, f64)]) {
    let noisy = !line.marks && line.points.len() > NOISY;
    let class = if noisy { " faint" } else { "" };
    let series = line.series;
    out.push_str(&format!(
        "<path class=\"ln s{series}{class}\" d=\"{}\"/>",
        path(frame, points)
    ));
    if noisy {
        // the mean is of all points, only then thinned
        let mean = smooth(&line.points, line.points.len() / 40 + 1);
        let mean = path(frame, &thin(&mean, 600));
        out.push_str(&format!("<path class=\"ln s{series}\" d=\"{mean}\"/>"));
    }
    let places = points
        .iter()
        .filter_map(|p| Some((frame.x_at(p.0)?, frame.y_at(p.1)?)));
    if line.marks || points.iter().filter(|p| p.1.is_finite()).count() == 1 {
        for (x, y) in places {
            out.push_str(&format!(
                "<circle class=\"pt s{series}\" cx=\"{}\" cy=\"{}\" r=\"3\"/>",
                px(x),
                px(y)
            ));
        }
    }
    for (i, point) in points.iter().enumerate() {
        let first = i == 0 || points[i - 1].1.is_finite();
        if let (false, true, Some(x)) = (point.1.is_finite(), first, frame.x_at(point.0)) {
            out.push_str(&format!(
                "<path class=\"nan\" d=\"M{} {}v-9\"><title>not a number at {}</title></path>",
                px(x),
                px(frame.bottom),
                point.0
            ));
        }
    }
}

/// Path data: one `M … L …` per stretch without a gap. A stretch of one point gets a length of zero, which round
/// caps show as a dot.
fn path(frame: &Frame, points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    let mut open = false;
    for (x, y) in points {
        let place = frame.x_at(*x).zip(frame.y_at(*y));
        let Some((x, y)) = place else {
            open = false;
            continue;
        };
        if open {
            out.push_str(&format!("L{} {}", px(x), px(y)));
        } else {
            out.push_str(&format!("M{} {}h0", px(x), px(y)));
        }
        open = true;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>, log: bool) -> String {
        let lines = [Line {
            name: "loss".into(),
            points,
            ..Line::default()
        }];
        LineChart {
            title: "loss <1>",
            x_label: "step",
            lines: &lines,
            percent: false,
            log,
            size: (420.0, 240.0),
            describe: &|x| format!("step {x}"),
        }
        .svg()
    }

    fn data_of(svg: &str) -> &str {
        let start = svg
            .find("class=\"ln s0")
            .and_then(|at| Some(at + svg[at..].find("d=\"")? + 3));
        let rest = &svg[start.unwrap()..];
        &rest[..rest.find('"').unwrap()]
    }

    #[test]
    fn a_gap_starts_a_new_stretch() {
        let svg = chart(
            vec![
                (1.0, 1.0),
                (2.0, 2.0),
                (3.0, f64::NAN),
                (4.0, 1.0),
                (5.0, 2.0),
            ],
            false,
        );
        let data = data_of(&svg);
        assert_eq!(data.matches('M').count(), 2, "{data}");
        assert_eq!(data.matches('L').count(), 2, "{data}");
        assert!(!svg.contains("NaN"));
        assert_eq!(svg.matches("class=\"nan\"").count(), 1);
        assert!(svg.contains("loss &lt;1&gt;"));
    }

    #[test]
    fn a_single_point_is_seen() {
        let svg = chart(vec![(3.0, 0.5)], false);
        assert!(svg.contains("<circle class=\"pt s0\""));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn nothing_to_draw_is_an_empty_string() {
        assert_eq!(chart(vec![], false), "");
        assert_eq!(chart(vec![(1.0, f64::NAN)], false), "");
    }

    #[test]
    fn the_lowest_value_stands_lowest() {
        let svg = chart(vec![(0.0, 0.0), (1.0, 10.0)], false);
        // left bottom corner of the frame to its right top corner
        assert_eq!(data_of(&svg), "M46 204h0L410 8");
    }

    #[test]
    fn log_scale_falls_back_where_a_value_is_not_positive() {
        assert!(chart(vec![(0.0, 0.01), (1.0, 10.0)], true).contains(">0.1</text>"));
        assert!(!chart(vec![(0.0, -1.0), (1.0, 10.0)], true).is_empty());
    }

    #[test]
    fn a_long_line_is_thinned_and_gets_its_mean() {
        let points = (0..50_000)
            .map(|i| (i as f64, (i as f64 * 0.37).sin()))
            .collect();
        let svg = chart(points, false);
        assert!(svg.contains("ln s0 faint"));
        assert!(svg.len() < 100_000, "{}", svg.len());
    }
}
