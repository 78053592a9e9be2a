//! What a pointer over a line chart finds: a hairline, a dot on each line, and a title with the values.

use super::{Axis, LineChart, escape, px};

/// Most places along x that answer a pointer.
const STRIPS: usize = 64;

/// The plotting area with its axes.
pub(super) struct Frame {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub x: Axis,
    pub y: Axis,
}

impl Frame {
    /// The horizontal place of a value.
    pub fn x_at(&self, value: f64) -> Option<f64> {
        Some(self.left + self.x.place(value)? * (self.right - self.left))
    }

    /// The vertical place of a value.
    pub fn y_at(&self, value: f64) -> Option<f64> {
        Some(self.bottom - self.y.place(value)? * (self.bottom - self.top))
    }
}

/// Adds invisible strips over the chart, one per place; the style sheet shows their content on hover.
pub(super) fn strips(out: &mut String, frame: &Frame, chart: &LineChart) {
    let mut xs: Vec<f64> = chart
        .lines
        .iter()
        .flat_map(|l| &l.points)
        .map(|p| p.0)
        .collect();
    xs.retain(|x| x.is_finite());
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let count = xs.len().min(STRIPS);
    let picked: Vec<f64> = (0..count)
        .map(|i| xs[i * (xs.len() - 1) / (count - 1).max(1)])
        .collect();
    out.push_str("<g class=\"hits\">");
    for (i, x) in picked.iter().enumerate() {
        let Some(at) = frame.x_at(*x) else { continue };
        let middle = |j: usize| frame.x_at(picked[j]).map(|other| (at + other) / 2.0);
        let from = i.checked_sub(1).and_then(middle).unwrap_or(frame.left);
        let to = if i + 1 < count { middle(i + 1) } else { None }.unwrap_or(frame.right);
        let mut title = (chart.describe)(*x);
        let mut dots = String::new();
        for line in chart.lines {
            let near = line
                .points
                .iter()
                .min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs()));
            let Some((near_x, y)) = near.copied() else {
                continue;
            };
            // a line with other places (a monitor, once per epoch) speaks only close to one of them
            let close = frame.x_at(near_x).is_some_and(|p| (p - at).abs() < 4.0);
            if !close {
                continue;
            }
            title.push_str(&format!("\n{} {}", line.name, chart.value(y)));
            if let Some(y) = frame.y_at(y) {
                dots.push_str(&format!(
                    "<circle class=\"s{}\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>",
                    line.series,
                    px(at),
                    px(y)
                ));
            }
        }
        out.push_str(&format!(
            "<g><rect x=\"{}\" y=\"{top}\" width=\"{}\" height=\"{}\"/><path d=\"M{} {top}V{}\"/>{dots}<title>{}</title></g>",
            px(from),
            px((to - from).max(0.1)),
            px(frame.bottom - frame.top),
            px(at),
            px(frame.bottom),
            escape(&title),
            top = px(frame.top),
        ));
    }
    out.push_str("</g>");
}
