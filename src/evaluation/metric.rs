//! What a number means: its unit, and in which direction it is better.

use serde::{Deserialize, Serialize};

/// What a number counts; decides how it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A part of all, from 0 to 1: shown in percent.
    #[default]
    Fraction,
    /// A number without a scale of its own: a correlation, a margin.
    Score,
    /// How far something is from what it should be; 0 where nothing is wrong.
    Error,
    /// How many there are.
    Count,
}

/// The direction in which a number is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// 0.7 is better than 0.6.
    #[default]
    More,
    /// 0.6 is better than 0.7.
    Less,
}

impl Better {
    /// Whether `value` is better than `other`. What is not a number is never better.
    pub fn prefers(self, value: f64, other: f64) -> bool {
        match self {
            Better::More => value > other,
            Better::Less => value < other,
        }
    }
}

/// Unit and direction of a metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// What it counts.
    pub unit: Unit,
    /// Where it is better.
    pub better: Better,
}

impl Measure {
    /// A part of all: more is better.
    pub const FRACTION: Self = Self {
        unit: Unit::Fraction,
        better: Better::More,
    };
    /// A number without a scale: more is better.
    pub const SCORE: Self = Self {
        unit: Unit::Score,
        better: Better::More,
    };
    /// An error: less is better.
    pub const ERROR: Self = Self {
        unit: Unit::Error,
        better: Better::Less,
    };
    /// A number of things: more is better.
    pub const COUNT: Self = Self {
        unit: Unit::Count,
        better: Better::More,
    };

    /// The same unit, better the less there is: a rate of mistakes.
    pub const fn less_is_better(self) -> Self {
        Self {
            better: Better::Less,
            ..self
        }
    }

    /// What a task's graph measures under a name: `loss`, `accuracy.conv1`, `perplexity`; `None` where the name does not say.
    pub fn named(name: &str) -> Option<Self> {
        let mut words = name.split(['.', '_']);
        if words.clone().any(|word| word == "loss") {
            return Some(Self::ERROR);
        }
        if words.clone().any(|word| word == "perplexity") {
            return Some(Self::SCORE.less_is_better());
        }
        words.any(|word| word == ACCURACY).then_some(Self::FRACTION)
    }

    /// The best of some values; what is not a number is never the best.
    pub fn best(self, values: impl IntoIterator<Item = f64>) -> Option<f64> {
        let values = values.into_iter().filter(|value| !value.is_nan());
        values.reduce(|best, value| match self.better.prefers(value, best) {
            true => value,
            false => best,
        })
    }

    /// As a line on the terminal has it: `61.0%`, `0.1234`, `12`.
    pub fn brief(self, value: f64) -> String {
        match self.unit {
            Unit::Fraction => format!("{:.1}%", 100.0 * value),
            Unit::Score | Unit::Error => format!("{value:.4}"),
            Unit::Count => format!("{value:.0}"),
        }
    }

    /// As a table has it: `68.31%`, `0.1234`, `12`; a dash for what is not a number.
    pub fn shown(self, value: f64) -> String {
        match self.unit {
            _ if !value.is_finite() => "–".to_owned(),
            Unit::Fraction => format!("{:.2}%", value * 100.0),
            Unit::Score | Unit::Error | Unit::Count => self.brief(value),
        }
    }

    /// By how much a value is better than a baseline: `+27.1`, `−0.4`. Percentage points of a fraction, else in the metric's own
    /// unit; negative where it is worse, whatever the direction. `None` where one of them is not a number.
    pub fn gain(self, value: f64, baseline: f64) -> Option<String> {
        let gain = match self.better {
            Better::More => value - baseline,
            Better::Less => baseline - value,
        };
        if !gain.is_finite() {
            return None;
        }
        let (scale, digits) = match self.unit {
            Unit::Fraction => (100.0, 1),
            Unit::Score | Unit::Error => (1.0, 4),
            Unit::Count => (1.0, 0),
        };
        let one = 10f64.powi(digits);
        let gain = (gain * scale * one).round() / one;
        let sign = match gain {
            g if g > 0.0 => "+",
            g if g < 0.0 => "−",
            _ => "±",
        };
        Some(format!("{sign}{:.*}", digits as usize, gain.abs()))
    }
}

/// The fraction of records whose class was told.
pub const ACCURACY: &str = "accuracy";

/// A number that was read while a stage trains.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// As `metrics.jsonl` has it: `monitor.knn`, `valid.loss`.
    pub series: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub measure: Measure,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_follows_the_direction() {
        let values = [0.4, f64::NAN, 0.2, 0.3];
        assert_eq!(Measure::FRACTION.best(values), Some(0.4));
        assert_eq!(Measure::ERROR.best(values), Some(0.2));
        assert_eq!(Measure::FRACTION.less_is_better().best(values), Some(0.2));
        assert_eq!(Measure::SCORE.best([f64::NAN]), None);
        assert!(!Better::Less.prefers(f64::NAN, 1.0) && !Better::More.prefers(f64::NAN, 1.0));
    }

    #[test]
    fn a_gain_is_what_is_better() {
        assert_eq!(
            Measure::FRACTION.gain(0.683, 0.412).as_deref(),
            Some("+27.1")
        );
        assert_eq!(Measure::FRACTION.gain(0.41, 0.414).as_deref(), Some("−0.4"));
        assert_eq!(
            Measure::FRACTION.gain(0.5, 0.50001).as_deref(),
            Some("±0.0")
        );
        assert_eq!(Measure::FRACTION.gain(f64::NAN, 0.5), None);
        // half the error is a gain, twice the error is a loss
        assert_eq!(Measure::ERROR.gain(0.25, 0.5).as_deref(), Some("+0.2500"));
        assert_eq!(Measure::ERROR.gain(1.0, 0.5).as_deref(), Some("−0.5000"));
        assert_eq!(Measure::COUNT.gain(12.0, 9.0).as_deref(), Some("+3"));
        let mistakes = Measure::FRACTION.less_is_better();
        assert_eq!(mistakes.gain(0.1, 0.3).as_deref(), Some("+20.0"));
    }

    #[test]
    fn each_unit_is_shown_in_its_own_way() {
        assert_eq!(Measure::FRACTION.shown(0.68314), "68.31%");
        assert_eq!(Measure::FRACTION.brief(0.68314), "68.3%");
        assert_eq!(Measure::ERROR.shown(0.68314), "0.6831");
        assert_eq!(Measure::COUNT.shown(12.0), "12");
        assert_eq!(Measure::SCORE.shown(f64::NAN), "–");
    }

    #[test]
    fn names_of_a_graph_say_what_they_measure() {
        assert_eq!(Measure::named("valid.loss"), Some(Measure::ERROR));
        assert_eq!(Measure::named("accuracy.conv1"), Some(Measure::FRACTION));
        assert_eq!(Measure::named("accuracy_at_5"), Some(Measure::FRACTION));
        let perplexity = Measure::named("valid.perplexity").unwrap();
        assert_eq!(
            (perplexity.unit, perplexity.better),
            (Unit::Score, Better::Less)
        );
        assert_eq!(Measure::named("entropy"), None);
        // a place of that name is no loss
        assert_eq!(Measure::named("glossy"), None);
    }
}
