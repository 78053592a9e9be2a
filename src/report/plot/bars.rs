//! Bars of a few values on one common scale, as wide as the table cell they stand in.

use super::{Axis, escape};

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar<'a> {
    /// What it is, for its title: `trained`.
    pub name: &'a str,
    /// Its style: class `bar-trained`, …
    pub class: &'a str,
    /// Its length.
    pub value: f64,
    /// The same in words: `68.31%`.
    pub shown: String,
}

/// Height of a bar and of the space to the next.
const ROW: (f64, f64) = (9.0, 3.0);

/// Horizontal bars from 0 under each other, `axis.high` being the whole width. Values that are not finite draw nothing;
/// negative ones have no length.
pub fn bars(bars: &[Bar], axis: &Axis) -> String {
    let (bar, gap) = ROW;
    let height = bars.len() as f64 * (bar + gap) - gap;
    let mut out = format!(
        "<svg class=\"bars\" width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"{}\">",
        summary(bars)
    );
    for tick in &axis.ticks {
        let x = part(*tick, axis);
        out.push_str(&format!(
            "<line class=\"grid\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{height}\"/>"
        ));
    }
    for (i, one) in bars
        .iter()
        .enumerate()
        .filter(|(_, one)| one.value.is_finite())
    {
        out.push_str(&format!(
            "<rect class=\"bar-{}\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{bar}\" rx=\"1.5\"><title>{} {}</title></rect>",
            one.class,
            i as f64 * (bar + gap),
            part(one.value, axis),
            escape(one.name),
            escape(&one.shown)
        ));
    }
    out.push_str("</svg>");
    out
}

/// The scale over a column of [`bars`].
pub fn bar_axis(axis: &Axis) -> String {
    let mut out = String::from(
        "<svg class=\"bars scale\" width=\"100%\" height=\"14\" aria-hidden=\"true\">",
    );
    for tick in &axis.ticks {
        let anchor = if *tick <= axis.low {
            "start"
        } else if *tick >= axis.high {
            "end"
        } else {
            "middle"
        };
        out.push_str(&format!(
            "<text x=\"{}\" y=\"10\" text-anchor=\"{anchor}\">{}</text>",
            part(*tick, axis),
            axis.percent_label(*tick)
        ));
    }
    out.push_str("</svg>");
    out
}

/// A share of the width, in percent.
fn part(value: f64, axis: &Axis) -> String {
    let share = (value / axis.high).clamp(0.0, 1.0) * 100.0;
    let text = format!("{share:.2}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn summary(bars: &[Bar]) -> String {
    let parts: Vec<String> = bars
        .iter()
        .filter(|bar| bar.value.is_finite())
        .map(|bar| format!("{} {}", escape(bar.name), escape(&bar.shown)))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_shares_of_the_scale() {
        let axis = Axis::exact(0.0, 0.5, 5);
        let one = |value| Bar {
            name: "trained",
            class: "trained",
            value,
            shown: format!("{:.2}%", 100.0 * value),
        };
        let svg = bars(&[one(0.25), one(f64::NAN), one(-1.0), one(2.0)], &axis);
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains("width=\"50%\" height=\"9\""));
        assert!(svg.contains("width=\"0%\"") && svg.contains("y=\"36\" width=\"100%\""));
        assert!(svg.contains("<title>trained 25.00%</title>"));
        assert!(bar_axis(&axis).contains(">20%</text>"));
    }
}
