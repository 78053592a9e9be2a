//! One line of the final table.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::evaluation::{BESIDE, Better, Measure, Unit};

/// What a raw baseline is of where nothing else is said.
pub const PIXELS: &str = "raw pixels";

/// A measured value beside its baselines; one element of `results.json`, keys in this order. A metric is a fraction, better the
/// more there is, where the row says nothing else: 0.683 is 68.3%.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    /// The recipe's name for the stage that measured it.
    pub stage: String,
    /// The stage whose encoder was judged, or the part of it: `pretrain`, `distill.teacher`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// The catalog name of what measured: `knn`.
    pub evaluator: String,
    /// How, in so many words that somebody could repeat it: `k = 200, temperature = 0.1`.
    pub protocol: String,
    /// What was measured: `accuracy`.
    pub metric: String,
    /// What it counts; absent from the file for a fraction.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unit: Unit,
    /// Where it is better; absent from the file where that is up.
    #[serde(default, skip_serializing_if = "is_default")]
    pub better: Better,
    /// Of the trained encoder. Not a number where the stage failed; `null` in the file.
    #[serde(deserialize_with = "null_is_nan")]
    pub value: f64,
    /// Of the same encoder before training.
    #[serde(default)]
    pub untrained: Option<f64>,
    /// Of the pixels as they are.
    #[serde(default)]
    pub raw: Option<f64>,
    /// What that is of where it is not of pixels: `bag of words`; absent from the file otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_is: Option<String>,
    /// Of the same encoder trained with all labels, where that was measured; absent from the file otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervised: Option<f64>,
    /// Of the encoder of another stage, where one was judged beside; absent from the file otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<f64>,
    /// Which stage that is, or which part of it: `words`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_is: Option<String>,
    /// Records that can't be read and are not in it, by the stage that went without them; absent from the file where there are
    /// none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, u64>,
    /// Records of which only a part can be read, likewise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repaired: BTreeMap<String, u64>,
    /// The step by which the stage that trained the encoder had collapsed, by its name; absent from the file where none has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub collapsed: BTreeMap<String, u64>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ResultRow {
    /// What its numbers mean.
    pub fn measure(&self) -> Measure {
        Measure {
            unit: self.unit,
            better: self.better,
        }
    }

    /// What its raw baseline is of.
    pub fn raw_name(&self) -> &str {
        self.raw_is.as_deref().unwrap_or(PIXELS)
    }

    /// Which stage was judged beside.
    pub fn beside_name(&self) -> &str {
        self.beside_is.as_deref().unwrap_or(BESIDE)
    }

    /// By how much it is better than a baseline: `+27.1`.
    pub(crate) fn gain(&self, baseline: f64) -> Option<String> {
        self.measure().gain(self.value, baseline)
    }
}

fn null_is_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_in_a_fixed_order() {
        let row = ResultRow {
            stage: "neighbours".into(),
            from: "pretrain".into(),
            evaluator: "knn".into(),
            protocol: "k = 200".into(),
            metric: "accuracy".into(),
            unit: Unit::Fraction,
            better: Better::More,
            value: 0.5,
            untrained: None,
            raw: Some(0.25),
            raw_is: None,
            supervised: None,
            beside: None,
            beside_is: None,
            left_out: BTreeMap::new(),
            repaired: BTreeMap::new(),
            collapsed: BTreeMap::new(),
        };
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            r#"{"stage":"neighbours","from":"pretrain","evaluator":"knn","protocol":"k = 200","metric":"accuracy","value":0.5,"untrained":null,"raw":0.25}"#
        );
    }

    #[test]
    fn absent_baselines_and_a_failed_value_are_read() {
        let row: ResultRow = serde_json::from_str(
            r#"{"stage":"a","evaluator":"knn","protocol":"","metric":"accuracy","value":null,"supervised":0.9}"#,
        )
        .unwrap();
        assert!(row.value.is_nan());
        assert_eq!(
            (row.untrained, row.raw, row.supervised),
            (None, None, Some(0.9))
        );
    }

    #[test]
    fn what_is_no_fraction_says_so() {
        let row = ResultRow {
            stage: "order".into(),
            metric: "distance".into(),
            unit: Unit::Error,
            better: Better::Less,
            value: 0.25,
            untrained: Some(0.5),
            ..ResultRow::default()
        };
        let text = serde_json::to_string(&row).unwrap();
        assert!(
            text.contains(r#""metric":"distance","unit":"error","better":"less","value":0.25"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<ResultRow>(&text).unwrap(), row);
        // half the error of the untrained encoder is a gain
        assert_eq!(row.gain(0.5).as_deref(), Some("+0.2500"));
    }
}
