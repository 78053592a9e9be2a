//! Series of numbers from the JSON lines that a stage writes.

use serde_json::{Map, Value};

/// The metrics of one stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Metrics {
    /// By name, in the order of their first appearance. `null` is not a number and becomes a gap.
    pub series: Vec<(String, Vec<(f64, f64)>)>,
    /// Epoch by step.
    pub epochs: Vec<(f64, f64)>,
    /// Names of series whose lines say that they are no fractions.
    pub other_units: Vec<String>,
}

/// Time spent in one stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Timing {
    /// Seconds in all, every part of an interrupted run counted.
    pub seconds: f64,
    /// Median records per second, where it was measured.
    pub rate: Option<f64>,
}

/// Each line as an object; lines that are none are skipped, since the last one may be cut off.
fn objects(text: &str) -> impl Iterator<Item = Map<String, Value>> + '_ {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
}

/// Most names that are drawn.
const MOST_SERIES: usize = 64;

/// Whether a number has a place on an axis: differences of such numbers are finite.
fn drawable(number: &f64) -> bool {
    number.abs() < 1e100
}

impl Metrics {
    /// Reads `metrics.jsonl`, at most [`MOST_SERIES`] names. Where steps start over (a run that went on from a checkpoint), the later lines hold.
    pub fn parse(text: &str) -> Self {
        let mut out = Self::default();
        for line in objects(text) {
            let Some(step) = line.get("step").and_then(Value::as_f64).filter(drawable) else {
                continue;
            };
            let unit = line.get("unit").and_then(Value::as_str);
            let no_fraction =
                unit.is_some_and(|unit| unit != "fraction") && out.other_units.len() < MOST_SERIES;
            for (name, value) in &line {
                if name == "step" {
                    continue;
                }
                let value = match value {
                    Value::Number(number) => number.as_f64().filter(drawable).unwrap_or(f64::NAN),
                    Value::Null => f64::NAN,
                    _ => continue,
                };
                if no_fraction && name != "epoch" && !out.other_units.contains(name) {
                    out.other_units.push(name.clone());
                }
                let Some(points) = out.points(name) else {
                    continue;
                };
                let kept = points.partition_point(|p| p.0 < step);
                points.truncate(kept);
                points.push((step, value));
            }
        }
        out
    }

    fn points(&mut self, name: &str) -> Option<&mut Vec<(f64, f64)>> {
        if name == "epoch" {
            return Some(&mut self.epochs);
        }
        let at = self
            .series
            .iter()
            .position(|(known, _)| known == name)
            .or_else(|| {
                if self.series.len() == MOST_SERIES {
                    return None;
                }
                self.series.push((name.to_owned(), Vec::new()));
                Some(self.series.len() - 1)
            })?;
        Some(&mut self.series[at].1)
    }

    /// `step 1200 · epoch 3.4`
    pub fn describe(&self, step: f64) -> String {
        let at = self.epochs.partition_point(|p| p.0 < step);
        match self.epochs.get(at) {
            Some((_, epoch)) if epoch.is_finite() => format!("step {step} · epoch {epoch:.2}"),
            _ => format!("step {step}"),
        }
    }

    /// The last step and epoch of any line.
    pub fn end(&self) -> Option<(f64, Option<f64>)> {
        let last = self
            .series
            .iter()
            .filter_map(|(_, points)| points.last())
            .map(|p| p.0);
        let step = last.reduce(f64::max)?;
        Some((step, self.epochs.last().map(|p| p.1)))
    }
}

impl Timing {
    /// Reads `timing.jsonl`: `seconds` counts up, and starts over where the run was interrupted.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut done, mut last) = (0.0, 0.0);
        let mut rates = Vec::new();
        for line in objects(text) {
            let number = |name| line.get(name).and_then(Value::as_f64);
            if let Some(seconds) = number("seconds") {
                if seconds < last {
                    done += last;
                }
                last = seconds;
            }
            rates.extend(number("rate").filter(|rate| rate.is_finite()));
        }
        rates.sort_by(f64::total_cmp);
        let seconds = done + last;
        let rate = rates.get(rates.len() / 2).copied();
        (seconds > 0.0 || rate.is_some()).then_some(Self { seconds, rate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_and_monitors_share_a_file() {
        let metrics = Metrics::parse(
            "{\"step\":10,\"epoch\":0.5,\"loss\":1.5}\n\
             {\"step\":20,\"epoch\":1.0,\"loss\":null}\n\
             {\"step\":20,\"epoch\":1.0,\"monitor.knn\":0.6}\n\
             {\"step\":30,\"epo",
        );
        assert_eq!(metrics.series[0].0, "loss");
        assert_eq!(metrics.series[0].1[0], (10.0, 1.5));
        assert!(metrics.series[0].1[1].1.is_nan());
        assert_eq!(metrics.series[1], ("monitor.knn".into(), vec![(20.0, 0.6)]));
        assert_eq!(metrics.describe(10.0), "step 10 · epoch 0.50");
        assert_eq!(metrics.describe(99.0), "step 99");
        assert_eq!(metrics.end(), Some((20.0, Some(1.0))));
    }

    #[test]
    fn lines_written_again_replace_the_first_ones() {
        let metrics = Metrics::parse(
            "{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":2}\n{\"step\":3,\"loss\":3}\n{\"step\":2,\"loss\":9}",
        );
        assert_eq!(metrics.series[0].1, [(1.0, 1.0), (2.0, 9.0)]);
    }

    #[test]
    fn time_adds_up_over_interruptions() {
        let timing = Timing::parse(
            "{\"step\":1,\"seconds\":5,\"rate\":100}\n{\"step\":2,\"seconds\":9,\"rate\":300}\n{\"step\":2,\"seconds\":2,\"rate\":200}",
        );
        let timing = timing.unwrap();
        assert_eq!((timing.seconds, timing.rate), (11.0, Some(200.0)));
        assert_eq!(Timing::parse("nonsense"), None);
    }
}
