//! Predicted peak memory: the graph is walked forward and backward and what is alive is added up.

use super::flow::Flow;
use super::{Graph, Op, Var};

/// Numbers of a transformed weight up to which the engine transforms a few tiles of the map at a time.
const CACHED: f64 = 36.0 * 128.0 * 160.0;
/// Numbers in each optimiser slot are f32, as parameters are.
const F32: f64 = 4.0;

impl Graph {
    /// Bytes alive at the worst moment of one step: parameters, buffers and the batch; while training also activations
    /// that autodiff keeps, gradients, and `optimizer_slots` numbers per parameter (1 for momentum, 2 for Adam).
    ///
    /// Counts tensors only: neither the program nor the loader nor what an allocator holds back.
    pub fn peak_memory(&self, batch: usize, train: bool, optimizer_slots: usize) -> u64 {
        let slots = if train { optimizer_slots } else { 0 };
        let mut walk = Walk {
            graph: self,
            flow: self.flow(),
            batch,
            live: self.held(slots),
            peak: 0.0,
        };
        let uses = walk.forward(train);
        if train {
            walk.backward(uses);
            // the update makes a new value for one tensor after another
            let largest = self
                .parameters
                .iter()
                .map(|p| p.shape.iter().product::<usize>())
                .max();
            walk.touch(2.0 * F32 * largest.unwrap_or(0) as f64);
        }
        walk.peak as u64
    }

    /// The same while training where the backward pass runs one segment after another again: what crosses the cuts is kept, and
    /// the largest segment is alive. Graphs whose objectives take turns are not cut.
    pub fn peak_memory_in_segments(&self, batch: usize, optimizer_slots: usize) -> u64 {
        let whole = self.peak_memory(batch, true, optimizer_slots);
        let named = self.objectives.iter().chain(&self.metrics);
        let mut wanted: Vec<Var> = named.map(|named| named.var).collect();
        wanted.extend(self.assigns.iter().map(|assign| assign.value));
        let segments = self.segments(&wanted);
        if segments.cuts.is_empty() || self.turns(&[]).len() > 1 {
            return whole;
        }
        let held = self.held(optimizer_slots);
        let bytes = |cut: &Vec<Var>| -> f64 { cut.iter().map(|var| self.bytes(*var, batch)).sum() };
        let cuts: Vec<f64> = segments.cuts.iter().map(bytes).collect();
        let kept: f64 = cuts.iter().sum();
        // gradients of what enters a segment and of what it gives, and their product with that
        let entering = [0.0].iter().chain(&cuts);
        let gradients = entering
            .zip(&cuts)
            .map(|(enters, gives)| enters + 2.0 * gives);
        let kept = kept + gradients.fold(0.0, f64::max);
        (held + kept + segments.largest * (whole as f64 - held)).min(whole as f64) as u64
    }

    /// Bytes of parameters, what optimisers remember of them, buffers and states.
    fn held(&self, optimizer_slots: usize) -> f64 {
        let parameters = F32 * self.parameter_count() as f64;
        let buffers: usize = self
            .buffers
            .iter()
            .map(|b| b.shape.iter().product::<usize>())
            .sum();
        let moved = self
            .parameters
            .iter()
            .filter(|p| !self.is_still(&p.name))
            .map(|p| F32 * p.shape.iter().product::<usize>() as f64)
            .sum::<f64>();
        let states = self
            .states
            .iter()
            .map(|s| {
                let bytes = if s.dtype == super::DType::Int {
                    8.0
                } else {
                    F32
                };
                bytes * s.shape.iter().product::<usize>() as f64
            })
            .sum::<f64>();
        parameters + optimizer_slots as f64 * moved + F32 * buffers as f64 + states
    }
}

struct Walk<'a> {
    graph: &'a Graph,
    flow: Flow,
    batch: usize,
    live: f64,
    peak: f64,
}

impl Walk<'_> {
    /// Notes the peak if `more` bytes were alive besides.
    fn touch(&mut self, more: f64) {
        self.peak = self.peak.max(self.live + more);
    }

    fn bytes(&self, index: usize) -> f64 {
        match self.graph.nodes[index].op {
            Op::Parameter(_) => 0.0,
            _ => self.graph.bytes(Var(index as u32), self.batch),
        }
    }

    /// Runs the nodes in order; a memory is freed after its last use unless autodiff keeps it. Returns how many nodes of the
    /// backward pass still need each memory.
    fn forward(&mut self, train: bool) -> Vec<usize> {
        let n = self.graph.nodes.len();
        let mut last = (0..n).collect::<Vec<_>>();
        for (index, node) in self.graph.nodes.iter().enumerate() {
            for input in &node.inputs {
                last[self.flow.root[input.0 as usize]] = index;
            }
        }
        for named in self.graph.objectives.iter().chain(&self.graph.metrics) {
            last[self.flow.root[named.var.0 as usize]] = n;
        }
        let mut uses = vec![0usize; n];
        if train {
            for needs in &self.flow.needs {
                for root in needs {
                    uses[*root] += 1;
                }
            }
        }
        // the batch is there before the first node
        for index in 0..n {
            if matches!(self.graph.nodes[index].op, Op::Input(_)) {
                self.live += self.bytes(index);
            }
        }
        for index in 0..n {
            let node = &self.graph.nodes[index];
            if self.flow.root[index] == index && !matches!(node.op, Op::Input(_)) {
                self.live += self.bytes(index);
            }
            if train {
                self.live += self.graph.aside(&self.flow, index, self.batch);
            }
            self.touch(self.scratch(index, train));
            let mut done: Vec<usize> = node
                .inputs
                .iter()
                .map(|v| self.flow.root[v.0 as usize])
                .chain([self.flow.root[index]])
                .filter(|root| last[*root] == index && uses[*root] == 0)
                .collect();
            done.sort_unstable();
            done.dedup();
            for root in done {
                self.live -= self.bytes(root);
            }
        }
        uses
    }

    /// From the last node to the first: gradients of the inputs appear, the node's own goes, and with it what it needed.
    fn backward(&mut self, mut uses: Vec<usize>) {
        let n = self.graph.nodes.len();
        let mut gradient = vec![false; n];
        for named in &self.graph.objectives {
            gradient[named.var.0 as usize] = true;
        }
        for index in (0..n).rev() {
            let node = &self.graph.nodes[index];
            let own = self.graph.bytes(Var(index as u32), self.batch);
            if gradient[index] && !matches!(node.op, Op::Parameter(_)) {
                let mut again = 0.0;
                for input in &node.inputs {
                    let input = input.0 as usize;
                    if !self.flow.differentiable[input] {
                        continue;
                    }
                    let bytes = self.graph.bytes(Var(input as u32), self.batch);
                    if gradient[input] {
                        again += bytes;
                    } else {
                        gradient[input] = true;
                        self.live += bytes;
                    }
                }
                self.touch(again + self.backward_scratch(index));
                self.live -= own;
            }
            self.live -= self.graph.aside(&self.flow, index, self.batch);
            for root in self.flow.needs[index].clone() {
                uses[root] -= 1;
                if uses[root] == 0 {
                    self.live -= self.bytes(root);
                }
            }
        }
    }

    /// Memory that an operation takes while it runs.
    fn scratch(&self, index: usize, train: bool) -> f64 {
        let node = &self.graph.nodes[index];
        match node.op {
            Op::Conv2d { .. } => self.working(index, node.inputs[0], Var(index as u32)),
            Op::ConvTranspose2d { stride, .. } => {
                let size = self.graph.shape(node.inputs[1])[2].known().unwrap_or(1);
                self.copied(index, node.inputs[0], size.div_ceil(stride.max(1)) - 1)
            }
            Op::Attention { .. } if !self.graph.lays_scores(&self.flow, node) => 0.0,
            // scores while their softmax is made
            Op::Attention { .. } if train && self.flow.differentiable[index] => {
                self.graph.scores(node, self.batch)
            }
            Op::Attention { .. } => 2.0 * self.graph.scores(node, self.batch),
            Op::Resize(_) => self.between(index),
            _ => 0.0,
        }
    }

    /// Whether the engine's convolution runs by Winograd.
    fn winograd(&self, index: usize) -> bool {
        let node = &self.graph.nodes[index];
        let plain = matches!(
            node.op,
            Op::Conv2d {
                stride: 1,
                groups: 1,
                ..
            }
        );
        let weight = self.graph.shape(node.inputs[1]);
        let size = |at: usize| weight[at].known().unwrap_or(0);
        plain && matches!(size(2), 3 | 5) && size(3) == size(2) && size(0) >= 16 && size(1) >= 16
    }

    /// What the engine's convolution works in on the way from one map to another: a copy of the map with its padding, or by
    /// Winograd, where the transformed weight is too large for a cache, 36 numbers for each tile and channel of it; and the weight,
    /// repacked or transformed.
    fn working(&self, index: usize, from: Var, to: Var) -> f64 {
        let node = &self.graph.nodes[index];
        let Op::Conv2d { padding, .. } = node.op else {
            return 0.0;
        };
        let sizes = |var: Var| -> Vec<f64> {
            let shape = self.graph.shape(var);
            shape
                .iter()
                .map(|size| size.at(self.batch) as f64)
                .collect()
        };
        let (map, result, weight) = (sizes(from), sizes(to), sizes(node.inputs[1]));
        let (taps, numbers) = (weight[2], weight.iter().product::<f64>());
        if self.winograd(index) {
            let step = 7.0 - taps;
            let tiles = map[0] * (result[2] / step).ceil() * (result[3] / step).ceil();
            let transformed = 36.0 * numbers / (taps * taps);
            if transformed <= CACHED {
                return F32 * transformed;
            }
            return F32 * (36.0 * tiles * map[1]).min(9.0 * map.iter().product::<f64>())
                + F32 * transformed;
        }
        self.copied(index, from, padding)
    }

    /// A copy of a map with so many zeros on each side, where there are any, and the weight repacked.
    fn copied(&self, index: usize, map: Var, padding: usize) -> f64 {
        let node = &self.graph.nodes[index];
        let weight = self.graph.bytes(node.inputs[1], self.batch);
        if padding == 0 {
            return weight;
        }
        let shape = self.graph.shape(map);
        let side = |at: usize| (shape[at].at(self.batch) + 2 * padding) as f64;
        let rows = shape[0].at(self.batch) as f64 * shape[1].at(self.batch) as f64;
        weight + F32 * rows * side(2) * side(3)
    }

    /// Rows resized and columns not yet, twice: as it is and turned.
    fn between(&self, index: usize) -> f64 {
        let node = &self.graph.nodes[index];
        let (from, to) = (self.graph.shape(node.inputs[0]), &node.shape);
        let height = from[2].at(self.batch) as f64 / to[2].at(self.batch).max(1) as f64;
        2.0 * height * self.graph.bytes(Var(index as u32), self.batch)
    }

    /// The same for its gradients. A convolution goes from the gradient back to its input, then sums the weight's gradient in
    /// parts. A batch norm needs a few numbers for each channel.
    fn backward_scratch(&self, index: usize) -> f64 {
        let node = &self.graph.nodes[index];
        match node.op {
            Op::Conv2d { .. } => {
                let weight = self.graph.bytes(node.inputs[1], self.batch);
                let result = Var(index as u32);
                let back = self.working(index, result, node.inputs[0]);
                let sums = match self.winograd(index) {
                    true => 0.0,
                    false => self.working(index, node.inputs[0], result),
                };
                back.max(sums).max(4.0 * weight)
            }
            // a convolution of the gradient, then the weight's sums of it
            Op::ConvTranspose2d { padding, .. } => {
                let weight = self.graph.bytes(node.inputs[1], self.batch);
                self.copied(index, Var(index as u32), padding)
                    .max(4.0 * weight)
            }
            Op::Attention { .. } if !self.graph.lays_scores(&self.flow, node) => 0.0,
            // the gradients of the weights and of the scores, and what leads from one to the other
            Op::Attention { .. } => 3.0 * self.graph.scores(node, self.batch),
            Op::Resize(_) => self.between(index),
            _ => 0.0,
        }
    }
}
