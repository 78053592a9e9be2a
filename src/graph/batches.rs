//! Objectives that are computed from statistics of the batch: averaged over several batches they are another objective.

use super::{Binary, Graph, Op, Var};

/// How a value depends on the samples of a batch.
#[derive(Clone, Copy, Default)]
struct Part {
    /// Parameters are in it.
    computed: bool,
    /// Computed values of several samples are added up in it.
    mixed: bool,
}

impl Graph {
    /// Where an objective first takes more of a batch than a mean over its samples: a deviation, a correlation, scores that are
    /// normalised over samples. Batch norm inside a network is not meant.
    pub fn batch_statistic(&self) -> Option<Var> {
        let objectives: Vec<Var> = self.objectives.iter().map(|o| o.var).collect();
        let wanted = self.origins(&objectives);
        let mut parts: Vec<Part> = Vec::with_capacity(self.nodes.len());
        for (index, node) in self.nodes.iter().enumerate() {
            let inputs: Vec<Part> = node.inputs.iter().map(|v| parts[v.0 as usize]).collect();
            let computed = matches!(node.op, Op::Parameter(_)) || inputs.iter().any(|p| p.computed);
            let mixes = self.over_samples(node) && inputs.first().is_some_and(|p| p.computed);
            let sums = matches!(node.op, Op::Sum(_) | Op::Mean(_) | Op::SumAll | Op::MeanAll);
            // what is no straight function of a sum over samples: of two batches the mean is not that of one twice as large
            let bends = inputs.iter().enumerate().any(|(i, part)| {
                let mut others = inputs.iter().enumerate().filter(|(j, _)| *j != i);
                let alone = !others.any(|(_, other)| other.computed);
                part.mixed && !straight(&node.op, i, alone)
            });
            if (bends || mixes && !sums) && wanted[index] {
                return Some(Var(index as u32));
            }
            parts.push(Part {
                computed,
                mixed: mixes || inputs.iter().any(|p| p.mixed),
            });
        }
        None
    }

    /// Whether several samples meet in an operation, and not only their order changes.
    fn over_samples(&self, node: &super::Node) -> bool {
        let unknown = |v: &Var| self.shape(*v).iter().any(|size| size.known().is_none());
        match node.op {
            Op::Read(_) | Op::Gather(_) | Op::Take(_) | Op::ScatterAdd(_) => false,
            _ => node.inputs.first().is_some_and(unknown) && self.looks_around(node),
        }
    }
}

/// Whether an operation is a straight function of its input `i`; `alone`: nothing else that it takes is computed.
fn straight(op: &Op, i: usize, alone: bool) -> bool {
    match op {
        Op::AddScalar(_)
        | Op::MulScalar(_)
        | Op::Binary(Binary::Add | Binary::Sub)
        | Op::Sum(_)
        | Op::Mean(_)
        | Op::SumAll
        | Op::MeanAll
        | Op::Reshape
        | Op::Permute(_)
        | Op::Expand
        | Op::Flip(_)
        | Op::Concat(_)
        | Op::Slice { .. }
        | Op::ToFloat
        | Op::When(_)
        | Op::StopGradient => true,
        Op::Binary(Binary::Mul) | Op::MatMul => alone,
        Op::Binary(Binary::Div) => i == 0 && alone,
        _ => false,
    }
}
