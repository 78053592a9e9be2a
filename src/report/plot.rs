//! Small charts as inline SVG. Colours and type come from the page's style sheet through classes (`s0` … for series,
//! `k0` … for classes of points), so one drawing serves light, dark and print.

mod axis;
mod bars;
mod chart;
mod hover;
mod lines;
mod scatter;
mod series;

pub use axis::{Axis, Scale};
pub use bars::{Bar, bar_axis, bars};
pub use chart::{Line, LineChart};
pub use scatter::Scatter;
pub(super) use scatter::{COLOURS as SCATTER_COLOURS, shape as scatter_shape};
pub use series::{smooth, thin};

/// A coordinate with one decimal, without a trailing `.0`.
fn px(x: f64) -> String {
    let text = format!("{x:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// Text as it may stand in XML, also inside attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no place for other control characters, not even escaped
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!(px(12.0), "12");
        assert_eq!(px(12.34), "12.3");
        assert_eq!(px(-0.01), "0");
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            escape("<a b=\"c\">&'\u{1}"),
            "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\u{fffd}"
        );
    }
}
