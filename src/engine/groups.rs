//! Parameter groups: weight decay and rate by parameter name.

use std::collections::BTreeMap;

use crate::graph::Graph;
use crate::plan::Group;

/// The factor on the rate of each parameter of a graph under `layer_decay`: `decay^(blocks + 1 - depth)` as in BEiT and
/// MAE, so the first layer of `blocks` blocks learns slowest and what stands above all blocks at the full rate. Parameters at the
/// full rate are left out.
pub(crate) fn layer_rates(graph: &Graph, decay: f64) -> BTreeMap<String, f64> {
    let module = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
    let mut tops: BTreeMap<String, usize> = BTreeMap::new();
    for (name, depth) in &graph.depths {
        let top = tops.entry(module(name)).or_default();
        *top = (*top).max(depth + 1);
    }
    let rate = |(name, depth): (&String, &usize)| {
        let top = tops.get(&module(name)).copied().unwrap_or_default();
        (name.clone(), decay.powi((top - depth) as i32))
    };
    graph.depths.iter().map(rate).collect()
}

/// How one parameter is treated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Treatment {
    /// Weight decay.
    pub(crate) decay: f64,
    /// Factor on the learning rate.
    pub(crate) rate: f64,
    /// Whether LARS scales it.
    pub(crate) scaled: bool,
}

/// The treatment of a parameter. One-dimensional ones get neither weight decay nor LARS scaling unless a group sets their
/// decay.
pub(crate) fn treatment(groups: &[Group], decay: f64, name: &str, rank: usize) -> Treatment {
    let one_dimensional = rank < 2;
    let mut treatment = Treatment {
        decay: if one_dimensional { 0.0 } else { decay },
        rate: 1.0,
        scaled: !one_dimensional,
    };
    for group in groups.iter().filter(|group| group.covers(name)) {
        if let Some(decay) = group.decay {
            treatment.decay = decay;
            treatment.scaled = !one_dimensional || decay != 0.0;
        }
        if let Some(rate) = group.rate {
            treatment.rate = rate;
        }
    }
    treatment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dimensional_parameters_are_spared() {
        let group = |pattern: &str, decay, rate| Group {
            pattern: pattern.into(),
            decay,
            rate,
        };
        let plain = treatment(&[], 0.1, "head/bias", 1);
        assert_eq!((plain.decay, plain.rate, plain.scaled), (0.0, 1.0, false));
        let weight = treatment(&[], 0.1, "head/weight", 2);
        assert_eq!((weight.decay, weight.scaled), (0.1, true));
        let groups = [
            group("*.bias", Some(0.5), None),
            group("head.*", None, Some(0.1)),
        ];
        let both = treatment(&groups, 0.1, "head/bias", 1);
        assert_eq!((both.decay, both.rate, both.scaled), (0.5, 0.1, true));
    }
}
