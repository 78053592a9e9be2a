//! What a line chart shows.

/// One series of a chart.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What the legend says.
    pub name: String,
    /// By rising x; a y that is not finite leaves a gap.
    pub points: Vec<(f64, f64)>,
    /// Colour: class `s0`, `s1`, …
    pub series: usize,
    /// Draws a mark at each point (few, far apart) instead of smoothing.
    pub marks: bool,
}

/// A chart of series over a common x.
pub struct LineChart<'a> {
    /// For screen readers.
    pub title: &'a str,
    /// Under the x axis.
    pub x_label: &'a str,
    /// The series.
    pub lines: &'a [Line],
    /// Whether values are fractions that read better as percentages.
    pub percent: bool,
    /// A logarithmic y axis, where all values allow it.
    pub log: bool,
    /// Size in user units; the page scales it to its column.
    pub size: (f64, f64),
    /// What a hover title says of an x, before the values.
    pub describe: &'a dyn Fn(f64) -> String,
}

impl LineChart<'_> {
    /// A value as ticks and titles print it.
    pub(super) fn value(&self, y: f64) -> String {
        match (y.is_finite(), self.percent) {
            (false, _) => "not a number".into(),
            (true, true) => format!("{:.2}%", y * 100.0),
            (true, false) if y != 0.0 && y.abs() < 1e-3 => format!("{y:.2e}"),
            (true, false) => format!("{y:.4}"),
        }
    }
}
