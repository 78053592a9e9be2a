//! What a contrast holds against what: its two sides, the positive of each row, and the queues its negatives wait in.

use super::copies::{Numbers, Rows, Twice};
use super::{Graph, Mode, Op, Shape, Size, Var};

impl Graph {
    /// Where a contrast takes a value for its own positive: scores of pairs, of which a fixed one in each row is the right one, and
    /// whose two sides are copies, or one of which is made of the other alone.
    pub fn own_positive(&self) -> Option<Twice> {
        let numbers = Numbers::new(self, &|name| name.to_owned());
        let wanted: Vec<Var> = self
            .objectives
            .iter()
            .map(|objective| objective.var)
            .collect();
        let wanted = self.origins(&wanted);
        let fixed = self.fixed();
        self.nodes.iter().enumerate().find_map(|(index, node)| {
            if !wanted[index] {
                return None;
            }
            // log p of the right one: picked by its index, or by a mask
            let (log_p, choice) = match (&node.op, node.inputs.as_slice()) {
                (Op::Gather(1), [log_p, index]) => (*log_p, *index),
                (Op::Binary(super::Binary::Mul), [a, b]) if fixed[b.at()] => (*a, *b),
                (Op::Binary(super::Binary::Mul), [a, b]) if fixed[a.at()] => (*b, *a),
                _ => return None,
            };
            let Op::LogSoftmax(1) = self.node(log_p).op else {
                return None;
            };
            let (a, b) = self.contrasted(self.node(log_p).inputs[0], &fixed)?;
            let own = fixed[choice.at()] && self.one_thing(&numbers, a, b, self.is_own(choice));
            own.then(|| Twice {
                at: log_p,
                inputs: Vec::new(),
            })
        })
    }

    /// By node: whether it hangs on nothing but the graph: no input, no weights, no state.
    fn fixed(&self) -> Vec<bool> {
        let mut fixed: Vec<bool> = Vec::new();
        for node in &self.nodes {
            let own = !matches!(
                node.op,
                Op::Input(_) | Op::Parameter(_) | Op::Read(_) | Op::Random(_)
            );
            fixed.push(own && node.inputs.iter().all(|v| fixed[v.at()]));
        }
        fixed
    }

    /// The two sides of scores: rows of a product, or of the positive's column in front of the negatives'.
    fn contrasted(&self, scores: Var, fixed: &[bool]) -> Option<(Var, Var)> {
        let mut at = scores;
        loop {
            let node = self.node(at);
            at = match (&node.op, node.inputs.as_slice()) {
                (Op::MulScalar(_) | Op::AddScalar(_) | Op::Clamp { .. }, [x]) => *x,
                (Op::Binary(_), [x, c]) if fixed[c.at()] || self.is_weight(*c) => *x,
                (Op::Where, [c, a, x]) if fixed[c.at()] && fixed[a.at()] => *x,
                (Op::Concat(1), [first, ..]) => *first,
                (Op::Sum(1), [product]) => {
                    match (&self.node(*product).op, &*self.node(*product).inputs) {
                        (Op::Binary(super::Binary::Mul), [a, b]) => return Some((*a, *b)),
                        _ => return None,
                    }
                }
                (Op::MatMul, [q, k]) => match (&self.node(*k).op, &*self.node(*k).inputs) {
                    (Op::Permute(order), [k]) if *order == [1, 0] => return Some((*q, *k)),
                    _ => return None,
                },
                _ => return None,
            };
        }
    }

    /// Whether a fixed choice takes each row's own number, or the same one for all: nothing reorders or moves it.
    fn is_own(&self, choice: Var) -> bool {
        let behind = self.origins(&[choice]);
        let mut ops = self.nodes.iter().zip(behind).filter(|(_, from)| *from);
        ops.all(|(node, _)| {
            matches!(
                node.op,
                Op::Arange(_)
                    | Op::Full(_)
                    | Op::Eye(_)
                    | Op::Count(_)
                    | Op::Compare(_)
                    | Op::Reshape
                    | Op::Expand
                    | Op::Permute(_)
                    | Op::ToInt
                    | Op::ToFloat
                    | Op::MulScalar(_)
            )
        })
    }

    /// `own`: the positive of a row stands in its own place.
    fn one_thing(&self, numbers: &Numbers<'_>, a: Var, b: Var, own: bool) -> bool {
        let same = |a: Var, b: Var| numbers.whole[a.at()] == numbers.whole[b.at()];
        if same(a, b) {
            return match self.rows(numbers, a) {
                Rows::Own => true,
                // which row is another one's view can't be seen
                Rows::Moved => own,
                Rows::Several => false,
            };
        }
        // what is scaled to length 1 is compared as it was
        let (a, b) = (self.unscaled(numbers, a), self.unscaled(numbers, b));
        same(a, b) || self.made_of(numbers, a, b) || self.made_of(numbers, b, a)
    }

    /// x of x / |x|, or of c x.
    fn unscaled(&self, numbers: &Numbers<'_>, value: Var) -> Var {
        let mut at = value;
        loop {
            let node = self.node(at);
            at = match (&node.op, node.inputs.as_slice()) {
                (Op::MulScalar(_), [x]) => *x,
                (Op::Binary(super::Binary::Div), [x, c]) if self.made_of(numbers, *c, *x) => *x,
                _ => return at,
            };
        }
    }

    /// Whether a value is computed from (copies of) another alone, and weights.
    fn made_of(&self, numbers: &Numbers<'_>, value: Var, from: Var) -> bool {
        let mut reached = vec![false; self.nodes.len()];
        reached[value.at()] = true;
        let mut met = false;
        for index in (0..self.nodes.len())
            .rev()
            .filter(|index| *index <= value.at())
        {
            if !reached[index] {
                continue;
            }
            if numbers.whole[index] == numbers.whole[from.at()] {
                met = true;
                continue;
            }
            match self.nodes[index].op {
                Op::Input(_) | Op::Read(_) | Op::Random(_) => return false,
                Op::Dropout(p) if p > 0.0 && self.mode == Mode::Train => return false,
                _ => {}
            }
            self.nodes[index]
                .inputs
                .iter()
                .for_each(|v| reached[v.at()] = true);
        }
        met
    }

    /// States that hold the rows of earlier batches, first in, first out, with the rows that come in at each step.
    pub fn queues(&self) -> Vec<(&super::State, Size)> {
        let found = self.assigns.iter().filter_map(|assign| {
            let value = self.node(assign.value);
            let (None, Op::Concat(0)) = (assign.rows, &value.op) else {
                return None;
            };
            let state = self.state_of(assign.state)?;
            let rows = Size::fixed(*state.shape.first()?);
            let kept = value.inputs.iter().find(|part| {
                let part = self.node(**part);
                let cut = matches!(part.op, Op::Slice { dim: 0, .. });
                cut && self.node(part.inputs[0]).op == Op::Read(assign.state)
            })?;
            let shape: &Shape = self.shape(*kept);
            Some((state, &rows - &shape[0]))
        });
        found.collect()
    }
}
