//! Axes: where a value lies, and which values get a tick.

/// How values are laid out along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps.
    Linear,
    /// Equal factors; values ≤ 0 have no place.
    Log,
}

/// One axis: its domain and its ticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Smallest value shown.
    pub low: f64,
    /// Largest value shown.
    pub high: f64,
    /// Layout.
    pub scale: Scale,
    /// Values with a tick, rising, all within the domain.
    pub ticks: Vec<f64>,
}

impl Axis {
    /// An axis that shows exactly `low..=high`, with about `count` ticks at round numbers.
    pub fn exact(low: f64, high: f64, count: usize) -> Self {
        let (low, high) = spread(low, high);
        let step = nice_step(high - low, count);
        Self {
            low,
            high,
            scale: Scale::Linear,
            ticks: multiples(low, high, step),
        }
    }

    /// An axis that reaches out to the round numbers around `low..=high`.
    pub fn rounded(low: f64, high: f64, count: usize) -> Self {
        let (low, high) = spread(low, high);
        let step = nice_step(high - low, count);
        // a hair of tolerance: 0.3 / 0.1 is 2.9999999999999996
        let low = (low / step + 1e-9).floor() * step;
        let high = (high / step - 1e-9).ceil() * step;
        Self {
            low,
            high,
            scale: Scale::Linear,
            ticks: multiples(low, high, step),
        }
    }

    /// A logarithmic axis around `low..=high`, with ticks at powers of ten, or at 1, 2, 5 of each where there are few
    /// powers. `None` where no value is positive.
    pub fn log(low: f64, high: f64) -> Option<Self> {
        let positive = high > 0.0 && low > 0.0 && low.is_finite() && high.is_finite();
        if !positive {
            return None;
        }
        let (low, high) = if high / low < 1.0 + 1e-9 {
            (low / 2.0, high * 2.0)
        } else {
            (low, high)
        };
        let first = low.log10().floor() as i32;
        let last = high.log10().ceil() as i32;
        let factors: &[f64] = if last - first > 3 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let every = ((last - first) / 8).max(1);
        let ticks = (first..=last)
            .filter(|power| (power - first) % every == 0)
            .flat_map(|power| factors.iter().map(move |f| f * 10f64.powi(power)))
            .filter(|tick| *tick >= low * (1.0 - 1e-9) && *tick <= high * (1.0 + 1e-9))
            .collect();
        Some(Self {
            low,
            high,
            scale: Scale::Log,
            ticks,
        })
    }

    /// Where a value lies: 0 at `low`, 1 at `high`; `None` for what has no place.
    pub fn place(&self, value: f64) -> Option<f64> {
        let at = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log if value > 0.0 => (value / self.low).ln() / (self.high / self.low).ln(),
            Scale::Log => return None,
        };
        at.is_finite().then_some(at)
    }

    /// The text of a tick, with as many decimals as the distance between ticks needs.
    pub fn label(&self, tick: f64) -> String {
        match (self.scale, self.ticks.as_slice()) {
            (Scale::Linear, [first, second, ..]) => {
                let largest = self
                    .ticks
                    .iter()
                    .fold(0.0, |most: f64, t| most.max(t.abs()));
                short(tick, second - first, largest)
            }
            _ => short(tick, tick, tick.abs()),
        }
    }

    /// The same as a percentage.
    pub fn percent_label(&self, tick: f64) -> String {
        let scaled = Axis {
            ticks: self.ticks.iter().map(|t| t * 100.0).collect(),
            ..self.clone()
        };
        format!("{}%", scaled.label(tick * 100.0))
    }
}

/// Makes a domain of what may be a point, reversed or not finite.
fn spread(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = (low.min(high), high.max(low));
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    if high - low > low.abs().max(high.abs()) * 1e-9 && high > low {
        return (low, high);
    }
    let room = if low == 0.0 { 0.5 } else { low.abs() * 0.1 };
    (low - room, high + room)
}

/// 1, 2 or 5 times a power of ten: the one that comes closest to `count` intervals.
fn nice_step(span: f64, count: usize) -> f64 {
    let raw = span / count.max(1) as f64;
    let power = 10f64.powf(raw.log10().floor());
    // bounds halfway between the factors, as factors
    let factor = match raw / power {
        x if x >= 50f64.sqrt() => 10.0,
        x if x >= 10f64.sqrt() => 5.0,
        x if x >= 2f64.sqrt() => 2.0,
        _ => 1.0,
    };
    factor * power
}

/// Multiples of `step` within the domain.
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last.min(first.saturating_add(1000)))
        .map(|n| {
            // division by a whole number rounds better than multiplication by 0.1
            let inverse = (1.0 / step).round();
            if step < 1.0 && (inverse * step - 1.0).abs() < 1e-9 {
                n as f64 / inverse
            } else {
                n as f64 * step
            }
        })
        .collect()
}

/// A number in few characters, to the precision of `step`, in the form that suits the `largest` of its axis: `15k`,
/// `0.002`, `3e−5`.
fn short(value: f64, step: f64, largest: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if !(9e-4..1e12).contains(&largest) {
        return format!("{value:.1e}").replace(".0e", "e").replace('-', "−");
    }
    let (divisor, unit) = match largest {
        x if x >= 1e9 => (1e9, "G"),
        x if x >= 1e6 => (1e6, "M"),
        x if x >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let decimals = (-(step / divisor).abs().log10() - 1e-9).ceil();
    let text = format!("{:.*}", decimals.clamp(0.0, 6.0) as usize, value / divisor);
    format!("{}{unit}", text.replace('-', "−"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|t| axis.label(*t)).collect()
    }

    #[test]
    fn ticks_are_nice_numbers() {
        assert_eq!(
            Axis::exact(0.0, 100.0, 5).ticks,
            [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
        );
        assert_eq!(
            Axis::exact(0.0, 1.0, 5).ticks,
            [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        );
        assert_eq!(Axis::exact(3.0, 17.0, 4).ticks, [5.0, 10.0, 15.0]);
        assert_eq!(
            Axis::rounded(3.0, 17.0, 4).ticks,
            [0.0, 5.0, 10.0, 15.0, 20.0]
        );
        assert_eq!(
            Axis::exact(-0.3, 0.3, 6).ticks,
            [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]
        );
        assert_eq!(
            Axis::exact(0.0, 2110.0, 5).ticks,
            [0.0, 500.0, 1000.0, 1500.0, 2000.0]
        );
        for scale in [1e-7, 1.0, 3e9] {
            let ticks = Axis::exact(0.13 * scale, 0.97 * scale, 5).ticks;
            assert!((3..=6).contains(&ticks.len()), "{ticks:?}");
        }
    }

    #[test]
    fn rounded_reaches_around_the_data_and_no_further() {
        let axis = Axis::rounded(0.3, 0.6, 3);
        assert!((axis.low - 0.3).abs() < 1e-12 && (axis.high - 0.6).abs() < 1e-12);
        assert_eq!(axis.ticks.len(), 4);
    }

    #[test]
    fn odd_domains_still_make_an_axis() {
        for (low, high) in [
            (2.0, 2.0),
            (0.0, 0.0),
            (5.0, 1.0),
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
        ] {
            let axis = Axis::rounded(low, high, 4);
            assert!(
                axis.high > axis.low && !axis.ticks.is_empty(),
                "{low} {high}"
            );
        }
        let point = Axis::exact(2.0, 2.0, 4);
        assert!((point.place(2.0).unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn log_ticks_are_powers_of_ten() {
        let axis = Axis::log(1e-5, 0.1).unwrap();
        assert_eq!(labels(&axis), ["1e−5", "1e−4", "0.001", "0.01", "0.1"]);
        assert!((axis.place(1e-3).unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(
            labels(&Axis::log(0.5, 5.0).unwrap()),
            ["0.5", "1", "2", "5"]
        );
        assert_eq!(axis.place(0.0), None);
        assert_eq!(Axis::log(0.0, 1.0), None);
        assert_eq!(Axis::log(-2.0, -1.0), None);
    }

    #[test]
    fn labels_are_short() {
        assert_eq!(
            labels(&Axis::exact(0.0, 2000.0, 4)),
            ["0", "500", "1000", "1500", "2000"]
        );
        assert_eq!(
            labels(&Axis::exact(0.0, 0.001, 2)),
            ["0", "0.0005", "0.0010"]
        );
        assert_eq!(
            labels(&Axis::exact(0.0, 0.004, 4)),
            ["0", "0.001", "0.002", "0.003", "0.004"]
        );
        assert_eq!(
            labels(&Axis::exact(1.2, 1.4, 4)),
            ["1.20", "1.25", "1.30", "1.35", "1.40"]
        );
        assert_eq!(Axis::exact(0.0, 1.0, 5).percent_label(0.2), "20%");
        assert_eq!(Axis::exact(0.0, 3e6, 3).label(1e6), "1M");
        assert_eq!(Axis::exact(0.0, 2e4, 4).label(5e3), "5k");
    }
}
