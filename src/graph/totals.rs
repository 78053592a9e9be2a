//! What a number of a batch is of many batches. A mean over what counts, such as hidden words, is had of all their sums: batches hold
//! more and fewer of them, so a mean of what each batch gives would be another number; e to a mean is e to the mean of all.

use super::{Binary, Graph, Op, Unary, Var};

/// Objectives, then metrics, of a graph over many batches, added up one by one.
#[derive(Clone, Debug)]
pub struct Totals {
    numbers: Vec<Number>,
    sums: Vec<Sum>,
    rows: f64,
}

/// How a number follows from sums.
#[derive(Clone, Debug, PartialEq)]
enum Number {
    /// The mean of what each batch gives, each as heavy as it has rows.
    Mean(usize),
    /// Σ a / Σ b
    Ratio(usize, usize),
    /// c x
    Times(Box<Number>, f64),
    /// x + c
    Plus(Box<Number>, f64),
    /// a + b
    Added(Box<Number>, Box<Number>),
    /// a − b
    Less(Box<Number>, Box<Number>),
    /// eˣ
    Exp(Box<Number>),
}

/// Something that is read of each batch, and added up.
#[derive(Clone, Debug)]
struct Sum {
    var: Var,
    /// Times the rows of its batch.
    by_rows: bool,
    sum: f64,
}

impl Totals {
    /// Of no batch so far.
    pub fn of(graph: &Graph) -> Self {
        let mut totals = Self {
            numbers: Vec::new(),
            sums: Vec::new(),
            rows: 0.0,
        };
        let named = graph.objectives.iter().chain(&graph.metrics);
        for var in named.map(|named| named.var) {
            let number = totals.number(graph, var);
            totals.numbers.push(number);
        }
        totals
    }

    /// What is read of each batch, `[1]` each.
    pub fn wanted(&self) -> Vec<Var> {
        self.sums.iter().map(|sum| sum.var).collect()
    }

    /// Adds a batch of so many rows, of which [`Self::wanted`] was read.
    pub fn add(&mut self, read: &[f64], rows: usize) {
        let rows = rows as f64;
        for (sum, value) in self.sums.iter_mut().zip(read) {
            sum.sum += match sum.by_rows {
                true => value * rows,
                false => *value,
            };
        }
        self.rows += rows;
    }

    /// Objectives, then metrics, of all batches.
    pub fn values(&self) -> Vec<f64> {
        self.numbers
            .iter()
            .map(|number| self.value(number))
            .collect()
    }

    fn value(&self, number: &Number) -> f64 {
        let sum = |at: &usize| self.sums.get(*at).map_or(f64::NAN, |sum| sum.sum);
        match number {
            Number::Mean(at) => sum(at) / self.rows.max(1.0),
            // as within a batch: nothing that counts is 0
            Number::Ratio(a, b) => sum(a) / sum(b).max(1e-12),
            Number::Times(x, c) => self.value(x) * c,
            Number::Plus(x, c) => self.value(x) + c,
            Number::Added(a, b) => self.value(a) + self.value(b),
            Number::Less(a, b) => self.value(a) - self.value(b),
            Number::Exp(x) => self.value(x).exp(),
        }
    }

    /// Follows a value back to what is added up.
    fn number(&mut self, graph: &Graph, var: Var) -> Number {
        let node = graph.node(var);
        match (&node.op, node.inputs.as_slice()) {
            (Op::MulScalar(c), [x]) => Number::Times(self.boxed(graph, *x), *c),
            (Op::AddScalar(c), [x]) => Number::Plus(self.boxed(graph, *x), *c),
            (Op::Unary(Unary::Exp), [x]) => Number::Exp(self.boxed(graph, *x)),
            (Op::Binary(Binary::Add), [a, b]) if one(graph, *a) && one(graph, *b) => {
                Number::Added(self.boxed(graph, *a), self.boxed(graph, *b))
            }
            (Op::Binary(Binary::Sub), [a, b]) if one(graph, *a) && one(graph, *b) => {
                Number::Less(self.boxed(graph, *a), self.boxed(graph, *b))
            }
            (Op::Binary(Binary::Div), [a, b]) => match (summed(graph, *a), summed(graph, *b)) {
                (Some(a), Some(b)) => Number::Ratio(self.sum(a, false), self.sum(b, false)),
                _ => Number::Mean(self.sum(var, true)),
            },
            _ => Number::Mean(self.sum(var, true)),
        }
    }

    fn boxed(&mut self, graph: &Graph, var: Var) -> Box<Number> {
        Box::new(self.number(graph, var))
    }

    /// Where a value is added up.
    fn sum(&mut self, var: Var, by_rows: bool) -> usize {
        let mut sums = self.sums.iter();
        let there = sums.position(|sum| (sum.var, sum.by_rows) == (var, by_rows));
        there.unwrap_or_else(|| {
            self.sums.push(Sum {
                var,
                by_rows,
                sum: 0.0,
            });
            self.sums.len() - 1
        })
    }
}

/// Whether a value is one number.
fn one(graph: &Graph, var: Var) -> bool {
    graph.shape(var).iter().all(|size| size.known() == Some(1))
}

/// The sum over a whole batch that a value is, or would be if it were not kept away from 0.
fn summed(graph: &Graph, var: Var) -> Option<Var> {
    let node = graph.node(var);
    match (&node.op, node.inputs.as_slice()) {
        (Op::SumAll, _) => Some(var),
        (Op::Clamp { min, max }, [x]) if *min > 0.0 && *max == f64::INFINITY => summed(graph, *x),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{DType, Mode, Size};

    /// Two batches of 2 and 1 rows that count 3 and 1 words: a loss of words, e to it, and a mean over rows.
    #[test]
    fn what_counts_is_added_up_over_batches() {
        let mut g = Graph::new(Mode::Eval);
        let shape = vec![Size::batch(), 4.into()];
        let x = g.declare_input("x", shape.clone(), DType::F32, None);
        let counts = g.declare_input("counts", shape, DType::F32, None);
        let gain = g.weighted_mean(x, Some(counts)).unwrap();
        let loss = g.mul_scalar(gain, -1.0).unwrap();
        let rows = g.mean_all(x).unwrap();
        let both = g.add(loss, rows).unwrap();
        g.objective("loss", both);
        let perplexity = g.exp(loss).unwrap();
        g.metric("perplexity", perplexity);
        let mut totals = Totals::of(&g);
        // Σ w x, Σ w, and the mean of the batch
        assert_eq!(totals.wanted().len(), 3);
        assert_eq!(totals.wanted()[2], rows);
        totals.add(&[-6.0, 3.0, 0.5], 2);
        totals.add(&[-4.0, 1.0, 0.2], 1);
        let values = totals.values();
        // (6 + 4) / (3 + 1), not the mean of 2 and 4; (2 × 0.5 + 0.2) / 3
        assert!((values[0] - (2.5 + 0.4)).abs() < 1e-12, "{values:?}");
        assert!((values[1] - 2.5f64.exp()).abs() < 1e-12, "{values:?}");
    }

    #[test]
    fn a_quotient_of_other_numbers_is_a_mean_over_batches() {
        let mut g = Graph::new(Mode::Eval);
        let x = g.declare_input("x", vec![Size::batch()], DType::F32, None);
        let (mean, sum) = (g.mean_all(x).unwrap(), g.sum_all(x).unwrap());
        let part = g.div(mean, sum).unwrap();
        g.metric("part", part);
        let mut totals = Totals::of(&g);
        assert_eq!(totals.wanted(), [part]);
        totals.add(&[1.0], 3);
        totals.add(&[5.0], 1);
        assert_eq!(totals.values(), [2.0]);
    }
}
