//! Where a forward pass is cut so that the backward pass can run it again piece by piece (Chen et al., 2016, arXiv:1604.06174).

use super::turns::passes;
use super::{Graph, Op, Phase, Var};

/// Samples of a batch that the cuts are weighed for; they do not depend on the recipe's.
const BATCH: usize = 64;
/// Most segments.
const MOST: usize = 16;

/// A forward pass in segments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segments {
    /// By cut: the values that cross it, which are kept.
    pub cuts: Vec<Vec<Var>>,
    /// Bytes of the values of the largest segment, as a part of those of all.
    pub largest: f64,
}

impl Graph {
    /// Cuts what leads to `wanted` where little crosses, so that what is kept and the largest segment together are smallest. No cuts
    /// where that saves nothing.
    pub fn segments(&self, wanted: &[Var]) -> Segments {
        let n = self.nodes.len();
        let used = self.behind(wanted, |_| true);
        let made = |index: usize| used[index] && !self.nodes[index].inputs.is_empty();
        let bytes: Vec<f64> = (0..n)
            .map(|index| match made(index) {
                true => self.bytes(Var(index as u32), BATCH),
                false => 0.0,
            })
            .collect();
        // the last node that reads a value; what is wanted is read at the end
        let mut last: Vec<usize> = (0..n).collect();
        for index in (0..n).filter(|index| used[*index]) {
            for input in &self.nodes[index].inputs {
                last[input.0 as usize] = index;
            }
        }
        for var in wanted {
            last[var.0 as usize] = n;
        }
        // by node: bytes of all values before it, and of those before it that are read from it on
        let mut before = vec![0.0; n + 1];
        let mut crossing = vec![0.0; n + 1];
        let mut ends = vec![0.0; n + 2];
        for index in 0..n {
            before[index + 1] = before[index] + bytes[index];
            ends[last[index] + 1] += bytes[index];
            crossing[index + 1] = crossing[index] + bytes[index] - ends[index + 1];
        }
        let all = before[n];
        let place = |count: usize| -> Vec<usize> {
            let ideal = |k: usize| all * k as f64 / count as f64;
            let near = all / (4 * count) as f64;
            let mut places: Vec<usize> = (1..count)
                .filter_map(|k| {
                    let fits = |index: &usize| (before[*index] - ideal(k)).abs() <= near;
                    (1..n)
                        .filter(fits)
                        .min_by(|a, b| crossing[*a].total_cmp(&crossing[*b]))
                })
                .collect();
            places.dedup();
            places
        };
        let largest = |places: &[usize]| {
            let starts = [0].into_iter().chain(places.iter().copied());
            let ends = places.iter().copied().chain([n]);
            starts
                .zip(ends)
                .map(|(from, to)| before[to] - before[from])
                .fold(0.0, f64::max)
        };
        let cost =
            |places: &[usize]| places.iter().map(|at| crossing[*at]).sum::<f64>() + largest(places);
        let places = (1..=MOST)
            .map(place)
            .min_by(|a, b| cost(a).total_cmp(&cost(b)))
            .unwrap_or_default();
        let cuts = places
            .iter()
            .map(|at| {
                (0..*at)
                    .filter(|index| made(*index) && last[*index] >= *at)
                    .map(|index| Var(index as u32))
                    .collect()
            })
            .collect();
        Segments {
            cuts,
            largest: largest(&places) / all.max(1.0),
        }
    }

    /// By node: whether a gradient flows through it to one of a phase's parameters.
    pub(super) fn leads_to_phase(&self, phase: &Phase) -> Vec<bool> {
        let mut own = vec![false; self.parameters.len()];
        phase.parameters.iter().for_each(|index| own[*index] = true);
        self.leads_to(&own)
    }

    /// By node: whether a gradient flows through it to one of the parameters that `tracked` marks.
    pub fn leads_to(&self, tracked: &[bool]) -> Vec<bool> {
        let mut leads = vec![false; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            leads[index] = match &node.op {
                Op::Parameter(id) => tracked.get(id.0 as usize) == Some(&true),
                op => passes(op) && node.inputs.iter().any(|input| leads[input.0 as usize]),
            };
        }
        leads
    }
}
