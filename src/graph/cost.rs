//! What a node costs.

use super::flow::Flow;
use super::{Binary, DType, Graph, Mode, Node, Op, Shape, Size, Unary, Var, elements};

/// The cost of one node for one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Multiply-adds, counted as one each, as fvcore counts them: products and convolutions fully, norms and means by
    /// a few per element, everything else not at all.
    pub flops: f64,
    /// Bytes of the result; 0 where it is another view of its input.
    pub bytes: f64,
    /// Bytes that autodiff keeps until the backward pass: the result, where an operation needs it for its gradient, and what
    /// the operation itself puts aside.
    pub kept: f64,
}

impl Graph {
    /// The cost of the node at `index` of [`Graph::nodes`] for a batch of `batch`.
    pub fn cost(&self, index: usize, batch: usize) -> Cost {
        let flow = self.flow();
        self.cost_in(&flow, index, batch)
    }

    /// The cost of every node, by index, and their sum.
    pub fn costs(&self, batch: usize) -> (Vec<Cost>, Cost) {
        let flow = self.flow();
        let costs: Vec<Cost> = (0..self.nodes.len())
            .map(|index| self.cost_in(&flow, index, batch))
            .collect();
        let total = costs.iter().fold(Cost::default(), |sum, cost| Cost {
            flops: sum.flops + cost.flops,
            bytes: sum.bytes + cost.bytes,
            kept: sum.kept + cost.kept,
        });
        (costs, total)
    }

    /// The number of trained numbers.
    pub fn parameter_count(&self) -> usize {
        let sizes = self
            .parameters
            .iter()
            .map(|p| p.shape.iter().product::<usize>());
        sizes.sum()
    }

    fn cost_in(&self, flow: &Flow, index: usize, batch: usize) -> Cost {
        let node = &self.nodes[index];
        let bytes = match node.op {
            // held by the engine, not by a step
            Op::Parameter(_) => 0.0,
            _ if flow.root[index] != index => 0.0,
            _ => self.bytes(Var(index as u32), batch),
        };
        let result = if flow.kept[index] { bytes } else { 0.0 };
        Cost {
            flops: self.flops(index, batch),
            bytes,
            kept: result + self.aside(flow, index, batch),
        }
    }

    fn flops(&self, index: usize, batch: usize) -> f64 {
        let node = &self.nodes[index];
        let input = |i: usize| -> &Shape { self.shape(node.inputs[i]) };
        let count = |shape: &[Size]| elements(shape).at(batch) as f64;
        match node.op {
            Op::Conv2d { .. } => count(&node.shape) * count(&input(1)[1..]),
            Op::Linear => count(&node.shape) * count(&input(1)[..1]),
            Op::MatMul => count(&node.shape) * count(&input(0)[input(0).len() - 1..]),
            Op::ConvTranspose2d { .. } => count(input(0)) * count(&input(1)[1..]),
            // q kᵀ and its product with v, with as many keys for each query
            Op::Attention { .. } => {
                let keys = count(&input(1)[input(1).len() - 2..][..1]);
                keys * (count(input(0)) + count(&node.shape))
            }
            // half of the windows' words, each with its word and the noise: the draws of a window are as likely as another
            Op::NegativeSampling { radius, share, bag } => {
                let words = count(input(0));
                let noise = count(input(2)) * share as f64 / words.max(1.0);
                let others = if bag { 1.0 } else { radius as f64 + 1.0 };
                words * others * (1.0 + noise)
            }
            // along rows, then along columns
            Op::Resize(_) => {
                let from = input(0);
                let across = count(from) * count(&node.shape[3..]);
                across + count(&from[2..3]) * count(&node.shape)
            }
            Op::BatchNorm { .. } if self.mode == Mode::Eval || self.runs_still(node) => {
                2.0 * count(&node.shape)
            }
            Op::BatchNorm { .. } | Op::LayerNorm { .. } => 5.0 * count(&node.shape),
            Op::Mean(_) | Op::MeanAll => count(input(0)),
            _ => 0.0,
        }
    }

    /// Bytes of a value, as if it were not a view.
    pub(super) fn bytes(&self, var: Var, batch: usize) -> f64 {
        let node = self.node(var);
        let size = match node.dtype {
            DType::F32 => 4.0,
            DType::Int => 8.0,
        };
        size * elements(&node.shape).at(batch) as f64
    }

    /// Bytes that an operation puts aside for its gradient besides its inputs and its result.
    pub(super) fn aside(&self, flow: &Flow, index: usize, batch: usize) -> f64 {
        let node = &self.nodes[index];
        if !flow.differentiable[index] {
            return 0.0;
        }
        let whole = self.bytes(Var(index as u32), batch);
        match node.op {
            // several operations: shifted and exponentials
            Op::Softmax(dim) if dim + 1 < node.shape.len() => 2.0 * whole,
            Op::LogSoftmax(dim) if dim + 1 < node.shape.len() => whole,
            // gradients of the three tables' rows
            Op::NegativeSampling { .. } => {
                node.inputs[..3].iter().map(|x| self.bytes(*x, batch)).sum()
            }
            // the place of each maximum: four bytes, eight where burn finds it
            Op::MaxPool { .. } => whole,
            Op::Max(_) | Op::Min(_) => 2.0 * whole,
            // scores are computed again
            Op::Attention { .. } if !self.lays_scores(flow, node) => 0.0,
            // scaled queries; scores, shifted, exponentials and weights
            Op::Attention { .. } => {
                self.bytes(node.inputs[0], batch) + 3.0 * self.scores(node, batch)
            }
            // where one side was taken: a byte each
            Op::Where | Op::Binary(Binary::Max | Binary::Min) => whole / 4.0,
            Op::Clamp { min, max } => {
                let sides = [min, max].iter().filter(|x| x.is_finite()).count();
                sides as f64 * whole / 4.0
            }
            // the input with its sign changed; the sigmoid
            Op::Unary(Unary::Softplus | Unary::Silu) => whole,
            _ => 0.0,
        }
    }

    /// Whether an attention lays its scores out: where its mask is learnt, since kernels know only ones and zeros.
    pub(super) fn lays_scores(&self, flow: &Flow, node: &Node) -> bool {
        let mask = node.inputs.get(3);
        mask.is_some_and(|mask| flow.differentiable[mask.0 as usize])
    }

    /// Bytes of an attention's scores, `[.., N, M]`.
    pub(super) fn scores(&self, node: &Node, batch: usize) -> f64 {
        let (q, k) = (self.shape(node.inputs[0]), self.shape(node.inputs[1]));
        let queries = elements(&q[..q.len() - 1]).at(batch) as f64;
        let keys = k[k.len() - 2].at(batch) as f64;
        4.0 * queries * keys
    }
}
