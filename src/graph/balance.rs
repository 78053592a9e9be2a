//! What a loss is balanced by: weights of its terms, temperatures of its two sides, states that follow what is learnt.

use super::turns::passes;
use super::{Binary, Clock, Graph, Op, State, Var};

impl Graph {
    /// Terms of the objectives that are learnt from and multiplied by 0.
    pub fn switched_off(&self) -> Vec<Var> {
        let objectives: Vec<Var> = self.objectives.iter().map(|o| o.var).collect();
        let wanted = self.origins(&objectives);
        let off = |(index, node): &(usize, &super::Node)| {
            wanted[*index] && node.op == Op::MulScalar(0.0) && !self.is_fixed(node.inputs[0])
        };
        let nodes = self.nodes.iter().enumerate().filter(off);
        nodes.map(|(index, _)| Var(index as u32)).collect()
    }

    /// Whether no weight is in a value.
    fn is_fixed(&self, var: Var) -> bool {
        let origins = self.origins(&[var]);
        let mut nodes = self.nodes.iter().zip(origins).filter(|(_, from)| *from);
        !nodes.any(|(node, _)| matches!(node.op, Op::Parameter(_)))
    }

    /// States that are averages of what is learnt, and stay as they start because the new part counts 0.
    pub fn unmoved(&self) -> Vec<&State> {
        let still = |assign: &&super::Assign| {
            let mut waiting = vec![assign.value];
            let (mut own, mut off) = (false, false);
            while let Some(var) = waiting.pop() {
                let node = self.node(var);
                match (&node.op, node.inputs.as_slice()) {
                    (Op::Read(id), _) => own = own || *id == assign.state,
                    (Op::MulScalar(c), [_]) if *c == 0.0 => off = true,
                    (Op::Binary(Binary::Add), [a, b]) => waiting.extend([*a, *b]),
                    (Op::MulScalar(_) | Op::Reshape, [x]) => waiting.push(*x),
                    _ => return false,
                }
            }
            own && off
        };
        let assigns = self.assigns.iter().filter(still);
        assigns.filter_map(|a| self.state_of(a.state)).collect()
    }

    /// Where a distribution that is predicted (no gradient flows into it) is compared with one that predicts it: the temperatures of both at the
    /// end of a run.
    pub fn temperatures(&self, run: &Clock) -> Option<(f64, f64)> {
        let objectives: Vec<Var> = self.objectives.iter().map(|o| o.var).collect();
        let wanted = self.origins(&objectives);
        let reached = self.behind(&objectives, passes);
        let slow = |var: Var| self.parameter_names(var).all(|name| self.is_slow(name));
        let (mut target, mut prediction) = (None, None);
        for (index, node) in self.nodes.iter().enumerate() {
            let [logits, ..] = node.inputs.as_slice() else {
                continue;
            };
            match node.op {
                Op::Softmax(_) if wanted[index] && (!reached[index] || slow(*logits)) => {
                    let held = !self.is_fixed(*logits) && node.path.is_empty();
                    target = target.or(held.then(|| self.temperature(*logits, run)));
                }
                Op::LogSoftmax(_) if reached[index] && !slow(*logits) => {
                    let own = node.path.is_empty();
                    prediction = prediction.or(own.then(|| self.temperature(*logits, run)));
                }
                _ => {}
            }
        }
        Some((target?, prediction?))
    }

    fn parameter_names(&self, var: Var) -> impl Iterator<Item = &str> {
        let origins = self.origins(&[var]);
        let nodes = self.nodes.iter().zip(origins).filter(|(_, from)| *from);
        nodes.filter_map(|(node, _)| match node.op {
            Op::Parameter(id) => Some(self.parameters[id.0 as usize].name.as_str()),
            _ => None,
        })
    }

    /// What logits were divided by.
    fn temperature(&self, logits: Var, run: &Clock) -> f64 {
        let (mut at, mut found) = (logits, 1.0);
        loop {
            let node = self.node(at);
            at = match (&node.op, node.inputs.as_slice()) {
                (Op::MulScalar(c), [x]) => {
                    found /= c;
                    *x
                }
                (Op::Binary(Binary::Div), [x, c]) => {
                    found *= self.number(*c, run).unwrap_or(1.0);
                    *x
                }
                (Op::Reshape | Op::Permute(_) | Op::Slice { .. }, [x]) => *x,
                _ => return found,
            };
        }
    }

    /// A number that hangs on the step alone.
    fn number(&self, var: Var, run: &Clock) -> Option<f64> {
        let node = self.node(var);
        match (&node.op, node.inputs.as_slice()) {
            (Op::Full(c), _) => Some(*c),
            (Op::Scalar(scalar), _) => scalar.at(run).ok(),
            (Op::Reshape | Op::Expand, [x]) => self.number(*x, run),
            _ => None,
        }
    }
}
