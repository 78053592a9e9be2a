//! Which values of a graph are copies of one another: the same operations with the same weights on the same samples. A slow copy's
//! weights count as those it follows. What is drawn inside the graph is a copy of nothing.

use std::collections::{BTreeSet, HashMap};

use super::{Graph, Mode, Op, Size, Var};

/// Windows of stacked rows that are told apart. Tasks cut a batch into a few views.
const WINDOWS: usize = 32;

/// Two values that are the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twice {
    /// The operation that runs on both, or that compares them.
    pub at: Var,
    /// The inputs that hold one sample: `views/0`, `views/1`. Empty where one value is compared with itself.
    pub inputs: Vec<String>,
}

/// What the rows of a value are rows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Of one thing, or of copies of it that stand below one another.
    Own,
    /// Of one thing, in places that can't be followed.
    Moved,
    /// Of several things that stand below one another.
    Several,
}

/// By node: a number that copies share.
pub(super) struct Numbers<'a> {
    graph: &'a Graph,
    names: Vec<String>,
    keys: HashMap<(String, Vec<usize>), usize>,
    pub(super) whole: Vec<usize>,
    windows: HashMap<(Size, Size), HashMap<usize, Option<usize>>>,
}

impl<'a> Numbers<'a> {
    /// `sample`: what an input holds, by its name.
    pub(super) fn new(graph: &'a Graph, sample: &dyn Fn(&str) -> String) -> Self {
        let mut numbers = Numbers {
            graph,
            names: graph.followed(),
            keys: HashMap::new(),
            whole: Vec::new(),
            windows: HashMap::new(),
        };
        for (index, node) in graph.nodes.iter().enumerate() {
            let inputs: Vec<usize> = node.inputs.iter().map(|v| numbers.whole[v.at()]).collect();
            let number = match &node.op {
                Op::Input(name) => numbers.number(format!("sample {}", sample(name)), inputs),
                Op::Slice { dim: 0, start } => {
                    let window = (start.clone(), node.shape[0].clone());
                    match numbers.window(node.inputs[0], &window) {
                        Some(number) => number,
                        None => numbers.number(format!("{:?} {:?}", node.op, node.shape), inputs),
                    }
                }
                _ => numbers.of(index, inputs),
            };
            numbers.whole.push(number);
        }
        numbers
    }

    /// The number of a node whose inputs have these.
    fn of(&mut self, index: usize, inputs: Vec<usize>) -> usize {
        let node = &self.graph.nodes[index];
        let tag = match &node.op {
            Op::StopGradient | Op::When(_) => return inputs[0],
            Op::Parameter(id) => format!("weights {}", self.names[id.0 as usize]),
            Op::Random(_) => format!("drawn {index}"),
            Op::Dropout(p)
                if *p > 0.0 && self.graph.mode == Mode::Train && !self.graph.runs_still(node) =>
            {
                format!("drawn {index}")
            }
            Op::BatchNorm { epsilon, .. } => format!("batch norm {epsilon}"),
            op if node.inputs.is_empty() => format!("{op:?} {:?}", node.shape),
            // rows of several views may stand below one another
            op => format!("{op:?} {:?}", node.shape.get(1..)),
        };
        self.number(tag, inputs)
    }

    fn number(&mut self, tag: String, inputs: Vec<usize>) -> usize {
        let next = self.keys.len();
        *self.keys.entry((tag, inputs)).or_insert(next)
    }

    /// The number of some rows of a value: that of the part which was stacked there, with all that was done to it since.
    fn window(&mut self, of: Var, window: &(Size, Size)) -> Option<usize> {
        if !self.windows.contains_key(window) && self.windows.len() == WINDOWS {
            return None;
        }
        let mut known = self.windows.remove(window).unwrap_or_default();
        // from the value down to what was stacked, and up again
        let (mut chain, mut waiting) = (BTreeSet::new(), vec![of.at()]);
        while let Some(index) = waiting.pop() {
            if known.contains_key(&index) || !chain.insert(index) {
                continue;
            }
            waiting.extend(self.graph.rows_from(index).iter().map(|v| v.at()));
        }
        for index in chain {
            let node = &self.graph.nodes[index];
            let rows = self.graph.rows_from(index);
            let number = match &node.op {
                // each row is the same one
                Op::Expand if rows.is_empty() && self.graph.is_weight(Var(index as u32)) => {
                    Some(self.whole[index])
                }
                Op::Concat(0) => self.graph.stood(index, window).map(|v| self.whole[v.at()]),
                _ if rows.is_empty() => None,
                _ => {
                    let inputs = node.inputs.iter().map(|v| match rows.contains(v) {
                        true => known.get(&v.at()).copied().flatten(),
                        false => Some(self.whole[v.at()]),
                    });
                    let inputs: Option<Vec<usize>> = inputs.collect();
                    inputs.map(|inputs| self.of(index, inputs))
                }
            };
            known.insert(index, number);
        }
        let found = known.get(&of.at()).copied().flatten();
        self.windows.insert(window.clone(), known);
        found
    }
}

impl Var {
    pub(super) fn at(self) -> usize {
        self.0 as usize
    }
}

impl Graph {
    /// The names of the parameters, those of slow copies as what they follow.
    pub(super) fn followed(&self) -> Vec<String> {
        let names = self.parameters.iter().map(|parameter| {
            let slow = self.emas.iter().find_map(|ema| {
                let rest = super::within(&parameter.name, &ema.copy)?;
                Some(format!("{}{rest}", ema.source))
            });
            slow.unwrap_or_else(|| parameter.name.clone())
        });
        names.collect()
    }

    /// The inputs of a node whose rows become its rows, one by one.
    fn rows_from(&self, index: usize) -> Vec<Var> {
        let node = &self.nodes[index];
        let across = match &node.op {
            Op::Concat(dim)
            | Op::Sum(dim)
            | Op::Mean(dim)
            | Op::Max(dim)
            | Op::Min(dim)
            | Op::Softmax(dim)
            | Op::LogSoftmax(dim)
            | Op::Gather(dim)
            | Op::ScatterAdd(dim)
            | Op::Take(dim)
            | Op::Argmax(dim)
            | Op::Slice { dim, .. } => *dim == 0,
            Op::Permute(order) => order.first() != Some(&0),
            Op::Flip(dims) => dims.contains(&0),
            Op::Argsort { .. } => node.shape.len() == 1,
            _ => false,
        };
        let rows = node.shape.first().filter(|rows| rows.known().is_none());
        let (false, Some(rows)) = (across, rows) else {
            return Vec::new();
        };
        let kept = node.inputs.iter().copied();
        kept.filter(|v| self.shape(*v).first() == Some(rows))
            .collect()
    }

    /// What a stack of values has in these rows.
    fn stood(&self, stack: usize, (start, size): &(Size, Size)) -> Option<Var> {
        let mut top = Size::fixed(0);
        for part in &self.nodes[stack].inputs {
            let rows = &self.shape(*part)[0];
            if top == *start && rows == size {
                return Some(*part);
            }
            top = &top + rows;
        }
        None
    }

    /// What the rows of a value are rows of, on every way by which they come about.
    pub(super) fn rows(&self, numbers: &Numbers<'_>, of: Var) -> Rows {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![of]);
        let mut found = Rows::Own;
        while let Some(var) = waiting.pop() {
            if !seen.insert(var) {
                continue;
            }
            let node = self.node(var);
            match (&node.op, node.inputs.as_slice()) {
                (Op::Concat(0), [first, rest @ ..]) => {
                    let number = |part: &Var| numbers.whole[part.at()];
                    if rest.iter().any(|part| number(part) != number(first)) {
                        return Rows::Several;
                    }
                }
                (Op::Input(_) | Op::Read(_), _) => {}
                _ => {
                    let rows = self.rows_from(var.at());
                    // the same for every row: a class token, a table of positions
                    if rows.is_empty() && !self.is_weight(var) {
                        found = Rows::Moved;
                    }
                    waiting.extend(rows);
                }
            }
        }
        found
    }

    /// Everything that a value is computed from, itself too, by node.
    pub fn origins(&self, of: &[Var]) -> Vec<bool> {
        self.behind(of, |_| true)
    }

    /// By node: whether some values, or what they are computed from, go through it. Nothing is behind an operation for which `on`
    /// is false.
    pub(super) fn behind(&self, of: &[Var], on: impl Fn(&Op) -> bool) -> Vec<bool> {
        let mut found = vec![false; self.nodes.len()];
        of.iter().for_each(|var| found[var.at()] = true);
        for (index, node) in self.nodes.iter().enumerate().rev() {
            if found[index] && on(&node.op) {
                node.inputs.iter().for_each(|v| found[v.at()] = true);
            }
        }
        found
    }

    /// Where the same weights are applied in the same way to two inputs that hold one sample. `sample` says what an input holds:
    /// equal texts are equal samples.
    pub fn same_views(&self, sample: &dyn Fn(&str) -> String) -> Option<Twice> {
        let mut samples = BTreeSet::new();
        let mut inputs = self.nodes.iter().filter_map(|node| match &node.op {
            Op::Input(name) => Some(name),
            _ => None,
        });
        // where each input holds a sample of its own, nothing is found: most recipes are so
        if inputs.all(|name| samples.insert(sample(name))) {
            return None;
        }
        let shared = Numbers::new(self, sample);
        let apart = Numbers::new(self, &|name| name.to_owned());
        let differ = |a: Var, b: Var| apart.whole[a.at()] != apart.whole[b.at()];
        let mut seen: HashMap<usize, Var> = HashMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let at = Var(index as u32);
            let weighs = node
                .inputs
                .iter()
                .any(|v| matches!(self.node(*v).op, Op::Parameter(_)));
            let twin = match &node.op {
                Op::Concat(0) => node.inputs.iter().enumerate().find_map(|(i, a)| {
                    let same = |b: &&Var| shared.whole[a.at()] == shared.whole[b.at()];
                    let mut others = node.inputs[..i].iter().filter(same);
                    others.find(|b| differ(*a, **b)).map(|b| [*a, *b])
                }),
                _ if weighs => {
                    let first = *seen.entry(shared.whole[index]).or_insert(at);
                    differ(first, at).then_some([first, at])
                }
                _ => None,
            };
            let Some(pair) = twin else { continue };
            let origins = self.origins(&pair);
            let mut inputs: Vec<(String, String)> = Vec::new();
            for (node, _) in self.nodes.iter().zip(&origins).filter(|(_, from)| **from) {
                if let Op::Input(name) = &node.op {
                    inputs.push((sample(name), name.clone()));
                }
            }
            let twin =
                |name: &(String, String)| inputs.iter().filter(|o| o.0 == name.0).count() > 1;
            let inputs = inputs
                .iter()
                .filter(|name| twin(name))
                .map(|name| name.1.clone());
            return Some(Twice {
                at,
                inputs: inputs.collect(),
            });
        }
        None
    }

    /// A temperature that is learnt.
    pub(super) fn is_weight(&self, var: Var) -> bool {
        let origins = self.origins(&[var]);
        let mut leaves = self.nodes.iter().zip(origins).filter(|(_, from)| *from);
        leaves.all(|(node, _)| !matches!(node.op, Op::Input(_) | Op::Read(_) | Op::Random(_)))
    }
}
