//! How the values of a graph depend on one another, as the engine's kernels make them.

use super::{Binary, Graph, Mode, Op, Unary, Var};

impl Graph {
    /// ReLUs whose batch norm, and the sum with a shortcut that may lie between them, nobody else reads: by the ReLU's index those
    /// that the engine makes in one pass with it.
    fn norms(&self) -> Vec<(usize, Vec<usize>)> {
        let mut reads = vec![0u32; self.nodes.len()];
        let named = self.objectives.iter().chain(&self.metrics);
        let wanted = named
            .map(|named| named.var)
            .chain(self.assigns.iter().map(|assign| assign.value));
        for var in self
            .nodes
            .iter()
            .flat_map(|node| node.inputs.clone())
            .chain(wanted)
        {
            reads[var.0 as usize] += 1;
        }
        let norm = |index: usize| {
            matches!(self.nodes[index].op, Op::BatchNorm { .. }) && reads[index] == 1
        };
        let relus = self.nodes.iter().enumerate();
        let relus = relus.filter(|(_, node)| node.op == Op::Unary(Unary::Relu));
        let made = relus.filter_map(|(relu, node)| {
            let before = node.inputs[0].0 as usize;
            if norm(before) {
                return Some((relu, vec![before]));
            }
            let sum = &self.nodes[before];
            let same = |var: &Var| self.shape(*var) == &sum.shape;
            if sum.op != Op::Binary(Binary::Add)
                || reads[before] != 1
                || !sum.inputs.iter().all(same)
            {
                return None;
            }
            let sides = sum.inputs.iter().map(|var| var.0 as usize);
            let side = sides.into_iter().find(|side| norm(*side))?;
            Some((relu, vec![side, before]))
        });
        made.collect()
    }

    /// How values flow: views, gradients, and what the backward pass needs.
    pub(super) fn flow(&self) -> Flow {
        let n = self.nodes.len();
        let mut flow = Flow {
            root: (0..n).collect(),
            differentiable: vec![false; n],
            kept: vec![false; n],
            needs: vec![Vec::new(); n],
        };
        // a norm and the sum with a shortcut are made where the ReLU behind them is
        let mut norms = vec![false; n];
        for (relu, made) in self.norms() {
            norms[relu] = true;
            for index in made {
                flow.root[index] = relu;
            }
        }
        let mut contiguous = vec![true; n];
        for (index, node) in self.nodes.iter().enumerate() {
            let inputs: Vec<usize> = node.inputs.iter().map(|v| v.0 as usize).collect();
            let first = inputs.first().copied();
            match (&node.op, first) {
                (Op::Reshape, Some(x)) if contiguous[x] => flow.root[index] = flow.root[x],
                (Op::StopGradient | Op::When(_), Some(x)) => {
                    flow.root[index] = flow.root[x];
                    contiguous[index] = contiguous[x];
                }
                (Op::Permute(_) | Op::Slice { .. } | Op::Expand, Some(x)) => {
                    flow.root[index] = flow.root[x];
                    contiguous[index] = false;
                }
                _ => {}
            }
            flow.differentiable[index] = self.mode == Mode::Train
                && match node.op {
                    Op::Parameter(id) => self
                        .parameters
                        .get(id.0 as usize)
                        .is_some_and(|parameter| !self.is_still(&parameter.name)),
                    Op::StopGradient
                    | Op::Argmax(_)
                    | Op::Argsort { .. }
                    | Op::Compare(_)
                    | Op::ToInt => false,
                    _ => inputs.iter().any(|x| flow.differentiable[*x]),
                };
            if flow.differentiable[index] {
                let result = match node.op {
                    // their gradients are functions of the result
                    Op::Unary(Unary::Tanh | Unary::Sigmoid) => true,
                    Op::Softmax(dim) | Op::LogSoftmax(dim) => dim + 1 == node.shape.len(),
                    // after a norm it is the norm's gradient that knows what was cut off, from its input
                    Op::Unary(Unary::Relu) => !norms[index] || summed(self, index),
                    _ => false,
                };
                if result {
                    flow.kept[index] = true;
                    flow.needs[index].push(index);
                }
                for i in needed(&node.op, inputs.len()) {
                    let other = |j: usize| flow.differentiable[inputs[j]];
                    // a factor is kept only for the other one's gradient
                    let keep = match node.op {
                        Op::MatMul | Op::Linear | Op::Binary(Binary::Mul) => other(1 - i),
                        _ => true,
                    };
                    if keep {
                        flow.kept[flow.root[inputs[i]]] = true;
                        flow.needs[index].push(flow.root[inputs[i]]);
                    }
                }
            }
        }
        flow
    }
}

/// Whether a ReLU's input is a sum.
fn summed(graph: &Graph, relu: usize) -> bool {
    let before = graph.nodes[relu].inputs[0];
    graph.node(before).op == Op::Binary(Binary::Add)
}

/// Which inputs the gradient of an operation needs.
fn needed(op: &Op, inputs: usize) -> std::ops::Range<usize> {
    match op {
        Op::Binary(Binary::Mul | Binary::Div) | Op::MatMul => 0..2,
        Op::Linear | Op::Conv2d { .. } | Op::ConvTranspose2d { .. } => 0..2.min(inputs),
        Op::Unary(Unary::Tanh | Unary::Sigmoid | Unary::Softplus | Unary::Relu) => 0..0,
        Op::Unary(_)
        | Op::Pow(_)
        | Op::LeakyRelu(_)
        | Op::BatchNorm { .. }
        | Op::LayerNorm { .. } => 0..1,
        Op::Attention { .. } => 0..3,
        Op::Gather(_) | Op::Take(_) | Op::ScatterAdd(_) => 1..2,
        _ => 0..0,
    }
}

/// How the values of a graph depend on one another; by node index.
pub(super) struct Flow {
    /// The node whose memory a value is a view of; itself where it has its own.
    pub root: Vec<usize>,
    /// Whether a gradient flows into it.
    pub differentiable: Vec<bool>,
    /// Whether its memory is needed in the backward pass.
    pub kept: Vec<bool>,
    /// The memories that the node's backward pass needs.
    pub needs: Vec<Vec<usize>>,
}
