//! Objectives that only pull two outputs of the same weights together: one constant output for all samples is their best answer.
//!
//! An objective is taken apart into terms. Only where every term is the distance of two such values, and nothing on the way looks
//! at more than one sample (a variance, a centre, a queue), anything is said.

use std::collections::BTreeSet;

use super::{Binary, Graph, Op, Unary, Var};

/// Terms of an objective that are looked at.
const TERMS: usize = 64;
/// Nodes that are passed while objectives are taken apart.
const STEPS: usize = 4096;

/// Why nothing keeps the outputs apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    /// Gradients flow into both sides.
    BothMove,
    /// One side is held still, and the other is the same network: no predictor stands between them.
    NoPredictor,
}

impl Graph {
    /// Where all objectives together only pull outputs of the same weights together: the first such term, and why it collapses.
    pub fn collapses(&self) -> Option<(Var, Pull)> {
        let mut terms: Vec<(Var, [Var; 2])> = Vec::new();
        let mut waiting: Vec<(Var, bool)> = Vec::new();
        waiting.extend(
            self.objectives
                .iter()
                .map(|objective| (objective.var, true)),
        );
        let mut steps = 0;
        while let Some((at, plus)) = waiting.pop() {
            steps += 1;
            if steps > STEPS || terms.len() > TERMS {
                return None;
            }
            let node = self.node(at);
            match (&node.op, node.inputs.as_slice()) {
                (Op::Full(_) | Op::Count(_) | Op::Eye(_), _) => {}
                (Op::MulScalar(c), [_]) if *c == 0.0 => {}
                (Op::MulScalar(c), [x]) => waiting.push((*x, plus == (*c > 0.0))),
                (
                    Op::AddScalar(_)
                    | Op::Sum(_)
                    | Op::Mean(_)
                    | Op::SumAll
                    | Op::MeanAll
                    | Op::Reshape
                    | Op::Permute(_)
                    | Op::Expand
                    | Op::Slice { .. },
                    [x],
                ) => waiting.push((*x, plus)),
                (Op::Concat(_), parts) => waiting.extend(parts.iter().map(|x| (*x, plus))),
                (Op::Unary(Unary::Sqrt), [x]) if plus => waiting.push((*x, plus)),
                (Op::Binary(Binary::Add), [a, b]) => waiting.extend([(*a, plus), (*b, plus)]),
                (Op::Binary(Binary::Sub), [a, b]) => waiting.extend([(*a, plus), (*b, !plus)]),
                (Op::Binary(Binary::Div), [x, c]) if self.positive(*c) => waiting.push((*x, plus)),
                (Op::Binary(Binary::Mul), [a, b]) if a == b && plus => {
                    terms.push((at, self.difference(*a)?));
                }
                (Op::Binary(Binary::Mul), [a, b]) if a != b && !plus => terms.push((at, [*a, *b])),
                (Op::Pow(p), [x]) if *p == 2.0 && plus => terms.push((at, self.difference(*x)?)),
                (Op::Unary(Unary::Abs), [x]) if plus => terms.push((at, self.difference(*x)?)),
                _ => return None,
            }
        }
        let mut first = None;
        // what was met last stands first in the task
        for (at, sides) in terms {
            first = Some((at, self.pull(sides)?));
        }
        first
    }

    /// A number above 0 whatever comes in.
    fn positive(&self, var: Var) -> bool {
        match (&self.node(var).op, self.node(var).inputs.as_slice()) {
            (Op::Full(c), _) => *c > 0.0,
            (Op::Count(_), _) => true,
            (Op::Reshape | Op::Expand, [x]) => self.positive(*x),
            _ => false,
        }
    }

    /// The two sides of a − b, maybe scaled.
    fn difference(&self, of: Var) -> Option<[Var; 2]> {
        let mut at = of;
        loop {
            let node = self.node(at);
            at = match (&node.op, node.inputs.as_slice()) {
                (Op::MulScalar(_) | Op::Reshape | Op::Permute(_), [x]) => *x,
                (Op::Binary(Binary::Sub), [a, b]) => return Some([*a, *b]),
                _ => return None,
            };
        }
    }

    fn pull(&self, [a, b]: [Var; 2]) -> Option<Pull> {
        let names = self.followed();
        let all = |of: Var| -> Option<BTreeSet<&str>> {
            let mut found = BTreeSet::new();
            let origins = self.origins(&[of]);
            for (node, _) in self.nodes.iter().zip(origins).filter(|(_, from)| *from) {
                if self.looks_around(node) {
                    return None;
                }
                if let Op::Parameter(id) = node.op {
                    found.insert(names[id.0 as usize].as_str());
                }
            }
            Some(found)
        };
        let moved = |of: Var| -> BTreeSet<&str> {
            let reached = self.behind(&[of], super::turns::passes);
            let mut found = BTreeSet::new();
            for (node, _) in self.nodes.iter().zip(reached).filter(|(_, from)| *from) {
                if let Op::Parameter(id) = node.op
                    && !self.is_still(&self.parameters[id.0 as usize].name)
                {
                    found.insert(names[id.0 as usize].as_str());
                }
            }
            found
        };
        let (of_a, of_b) = (all(a)?, all(b)?);
        let (from_a, from_b) = (moved(a), moved(b));
        if from_a.intersection(&from_b).next().is_some() {
            return Some(Pull::BothMove);
        }
        let (moving, still) = match (from_a.is_empty(), from_b.is_empty()) {
            (false, true) => (from_a, of_b),
            (true, false) => (from_b, of_a),
            _ => return None,
        };
        (!moving.is_empty() && moving.is_subset(&still)).then_some(Pull::NoPredictor)
    }

    /// Whether a node brings in what other samples say, but for batch norm, which does not keep outputs apart (Chen & He, 2021).
    pub(super) fn looks_around(&self, node: &super::Node) -> bool {
        let unknown = |input: usize, dim: usize| {
            let shape = node.inputs.get(input).map(|v| self.shape(*v));
            shape
                .and_then(|s| s.get(dim))
                .is_some_and(|n| n.known().is_none())
        };
        match &node.op {
            Op::Read(_) | Op::SumAll | Op::MeanAll => true,
            Op::Sum(dim)
            | Op::Mean(dim)
            | Op::Max(dim)
            | Op::Min(dim)
            | Op::Softmax(dim)
            | Op::LogSoftmax(dim)
            | Op::Argmax(dim)
            | Op::Gather(dim)
            | Op::Take(dim) => unknown(0, *dim),
            Op::MatMul => {
                let last = node.inputs.first().map_or(0, |v| self.shape(*v).len());
                unknown(0, last.saturating_sub(1))
            }
            Op::Argsort { .. } => unknown(0, node.shape.len().saturating_sub(1)),
            Op::ScatterAdd(_) => true,
            _ => false,
        }
    }
}
