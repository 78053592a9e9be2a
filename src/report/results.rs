//! One line of the final table.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// A measured value beside its baselines; one element of `results.json`, keys in this order. Metrics are fractions:
/// 0.683 is 68.3%.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    /// The recipe's name for the stage that measured it.
    pub stage: String,
    /// The catalog name of what measured: `knn`.
    pub evaluator: String,
    /// How, in so many words that somebody could repeat it: `k = 200, temperature = 0.1`.
    pub protocol: String,
    /// What was measured: `accuracy`.
    pub metric: String,
    /// Of the trained encoder. Not a number where the stage failed; `null` in the file.
    #[serde(deserialize_with = "null_is_nan")]
    pub value: f64,
    /// Of the same encoder before training.
    #[serde(default)]
    pub untrained: Option<f64>,
    /// Of the pixels as they are.
    #[serde(default)]
    pub raw: Option<f64>,
    /// Of the same encoder trained with all labels, where that was measured; absent from the file otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervised: Option<f64>,
    /// Records that can't be read and are not in it, by the stage that went without them; absent from the file where there are
    /// none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, u64>,
    /// Records of which only a part can be read, likewise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repaired: BTreeMap<String, u64>,
}

fn null_is_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}

/// `68.31%`, or a dash for what is not a number.
pub(crate) fn percent(value: f64) -> String {
    if value.is_finite() {
        format!("{:.2}%", value * 100.0)
    } else {
        "–".to_owned()
    }
}

/// The distance from a baseline in percentage points, with its sign: `+27.1`, `−0.4`.
pub(crate) fn points(value: f64, baseline: f64) -> Option<String> {
    let points = (value - baseline) * 100.0;
    if !points.is_finite() {
        return None;
    }
    let tenths = (points * 10.0).round() / 10.0;
    let sign = match tenths {
        t if t > 0.0 => "+",
        t if t < 0.0 => "−",
        _ => "±",
    };
    Some(format!("{sign}{:.1}", tenths.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_in_a_fixed_order() {
        let row = ResultRow {
            stage: "neighbours".into(),
            evaluator: "knn".into(),
            protocol: "k = 200".into(),
            metric: "accuracy".into(),
            value: 0.5,
            untrained: None,
            raw: Some(0.25),
            supervised: None,
            left_out: BTreeMap::new(),
            repaired: BTreeMap::new(),
        };
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            r#"{"stage":"neighbours","evaluator":"knn","protocol":"k = 200","metric":"accuracy","value":0.5,"untrained":null,"raw":0.25}"#
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
    fn numbers_are_written_as_a_reader_expects() {
        assert_eq!(percent(0.68314), "68.31%");
        assert_eq!(percent(f64::NAN), "–");
        assert_eq!(points(0.683, 0.412).as_deref(), Some("+27.1"));
        assert_eq!(points(0.41, 0.414).as_deref(), Some("−0.4"));
        assert_eq!(points(0.5, 0.50001).as_deref(), Some("±0.0"));
        assert_eq!(points(f64::NAN, 0.5), None);
    }
}
