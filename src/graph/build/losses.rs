//! Losses and scores that several tasks use, made of the other methods.

use super::super::{Comparison, DType, Graph, Op, Size, Var, show};
use super::inputs::at;
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// How `cross_entropy_with` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// How much of each target is spread evenly over all classes.
    pub smoothing: f64,
    /// A row with this target does not count.
    pub ignore: Option<i64>,
    /// How much each row counts, `[R]`.
    pub weights: Option<Var>,
}

impl Graph {
    /// The mean of −log softmax(logits)\[target\]: `logits [R, C]`, `targets [R]` → `[1]`. Targets may be soft: rows of
    /// probabilities, `[R, C]`.
    ///
    /// Where the targets come from a label of the batch, `C` must be its number of classes.
    pub fn cross_entropy(&mut self, logits: Var, targets: Var) -> Result<Var> {
        self.cross_entropy_with(logits, targets, CrossEntropy::default())
    }

    /// The same with smoothed targets, with rows that do not count, or with rows that count more than others: then it is the
    /// sum of weighted losses over the sum of weights.
    pub fn cross_entropy_with(
        &mut self,
        logits: Var,
        targets: Var,
        how: CrossEntropy,
    ) -> Result<Var> {
        if !(0.0..=1.0).contains(&how.smoothing) {
            return Err(self.shape_problem(format!(
                "cross_entropy: a smoothing of {} is not between 0 and 1",
                how.smoothing
            )));
        }
        let soft = self.node(targets).dtype == DType::F32;
        let (chosen, counted) = if soft {
            (self.soft_targets(logits, targets, how)?, None)
        } else {
            self.hard_targets(logits, targets, how)?
        };
        let weights = match (how.weights, counted) {
            (Some(weights), Some(counted)) => {
                self.check_rows(logits, weights)?;
                Some(self.mul(weights, counted)?)
            }
            (Some(weights), None) => {
                self.check_rows(logits, weights)?;
                Some(weights)
            }
            (None, counted) => counted,
        };
        let mean = match weights {
            None => self.mean_all(chosen)?,
            Some(weights) => {
                let rows = self.shape(chosen).clone(); // [R, 1]
                let weights = self.reshape(weights, rows)?;
                self.weighted_mean(chosen, Some(weights))?
            }
        };
        self.mul_scalar(mean, -1.0)
    }

    /// Σ p log softmax(logits) per row, `[R, 1]`.
    fn soft_targets(&mut self, logits: Var, targets: Var, how: CrossEntropy) -> Result<Var> {
        let scores = self.shape(logits).clone();
        if scores.len() != 2 || &scores != self.shape(targets) {
            return Err(self
                .shape_problem(format!(
                    "cross_entropy: scores of {} do not fit soft targets of {}",
                    show(&scores),
                    show(self.shape(targets))
                ))
                .note("soft targets are probabilities in the shape of the scores, [R, C]"));
        }
        if how.ignore.is_some() {
            return Err(self
                .shape_problem("cross_entropy: soft targets have no class to ignore")
                .help("give weights of 0 to rows that do not count"));
        }
        let log_p = self.log_softmax(logits, 1)?; // [R, C]
        let terms = self.mul(targets, log_p)?;
        let chosen = self.sum(terms, 1)?; // [R, 1]
        self.smoothed(chosen, log_p, how.smoothing)
    }

    /// log softmax(logits)\[target\] per row, `[R, 1]`, and which rows count, `[R]`.
    fn hard_targets(
        &mut self,
        logits: Var,
        targets: Var,
        how: CrossEntropy,
    ) -> Result<(Var, Option<Var>)> {
        let index = self.check_targets("cross_entropy", logits, targets)?;
        let (index, counted) = match how.ignore {
            None => (index, None),
            Some(class) => {
                let rows = self.shape(targets).clone();
                let ignored = self.full(rows, class as f64)?;
                let ignored = self.to_int(ignored)?;
                let counted = self.compare(Comparison::NotEqual, targets, ignored)?; // [R]
                // a class that is there, in place of one that may not be
                let shape = self.shape(index).clone();
                let factor = self.to_int(counted)?;
                let factor = self.reshape(factor, shape)?;
                (self.mul(index, factor)?, Some(counted))
            }
        };
        let log_p = self.log_softmax(logits, 1)?; // [R, C]
        let chosen = self.gather(log_p, index, 1)?; // [R, 1]
        Ok((self.smoothed(chosen, log_p, how.smoothing)?, counted))
    }

    fn smoothed(&mut self, chosen: Var, log_p: Var, smoothing: f64) -> Result<Var> {
        if smoothing == 0.0 {
            return Ok(chosen);
        }
        let even = self.mean(log_p, 1)?; // [R, 1]
        let even = self.mul_scalar(even, smoothing)?;
        let chosen = self.mul_scalar(chosen, 1.0 - smoothing)?;
        self.add(chosen, even)
    }

    fn check_rows(&self, logits: Var, weights: Var) -> Result<()> {
        self.want_float("cross_entropy", weights)?;
        if self.shape(weights).as_slice() == &self.shape(logits)[..1] {
            return Ok(());
        }
        Err(self.shape_problem(format!(
            "cross_entropy: weights of {} do not fit scores of {}",
            show(self.shape(weights)),
            show(self.shape(logits))
        )))
    }

    /// The mean of everything, `[1]`; with weights that are repeated to x's shape Σ w x / Σ w, and 0 where all weights are 0.
    pub fn weighted_mean(&mut self, x: Var, weights: Option<Var>) -> Result<Var> {
        let Some(weights) = weights else {
            return self.mean_all(x);
        };
        let shape = self.broadcast("weight", x, weights)?;
        if &shape != self.shape(x) {
            return Err(self.unequal("weight", x, weights));
        }
        let weights = self.raise(weights, shape.len())?;
        let weights = self.expand(weights, shape)?;
        let weighted = self.mul(x, weights)?;
        let sum = self.sum_all(weighted)?;
        let total = self.sum_all(weights)?;
        let total = self.clamp(total, 1e-12, f64::INFINITY)?;
        self.div(sum, total)
    }

    /// The mean of −t ln σ(x) − (1 − t) ln (1 − σ(x)) over logits x and targets t in 0..1 → `[1]`.
    pub fn bce(&mut self, logits: Var, targets: Var, weights: Option<Var>) -> Result<Var> {
        self.same_shape("bce", logits, targets)?;
        let upper = self.softplus(logits)?;
        let part = self.mul(logits, targets)?;
        let loss = self.sub(upper, part)?;
        self.weighted_mean(loss, weights)
    }

    /// The mean of (a − b)² → `[1]`.
    pub fn mse(&mut self, a: Var, b: Var, weights: Option<Var>) -> Result<Var> {
        self.same_shape("mse", a, b)?;
        let d = self.sub(a, b)?;
        let square = self.mul(d, d)?;
        self.weighted_mean(square, weights)
    }

    /// The mean of |a − b| → `[1]`.
    pub fn l1(&mut self, a: Var, b: Var, weights: Option<Var>) -> Result<Var> {
        self.same_shape("l1", a, b)?;
        let d = self.sub(a, b)?;
        let size = self.abs(d)?;
        self.weighted_mean(size, weights)
    }

    /// The mean of d² / 2β where |d| < β and |d| − β/2 elsewhere, d = a − b → `[1]` (Girshick, 2015).
    pub fn smooth_l1(&mut self, a: Var, b: Var, beta: f64, weights: Option<Var>) -> Result<Var> {
        self.same_shape("smooth_l1", a, b)?;
        if beta.is_nan() || beta <= 0.0 {
            return Err(self.shape_problem(format!("smooth_l1: beta is positive, not {beta}")));
        }
        let d = self.sub(a, b)?;
        let size = self.abs(d)?;
        let inner = self.clamp(size, f64::NEG_INFINITY, beta)?; // m = min(|d|, β)
        let half = self.mul_scalar(inner, 0.5)?;
        let outer = self.sub(size, half)?;
        let loss = self.mul(inner, outer)?; // m (|d| − m/2)
        let loss = self.mul_scalar(loss, 1.0 / beta)?;
        self.weighted_mean(loss, weights)
    }

    fn same_shape(&self, name: &str, a: Var, b: Var) -> Result<()> {
        self.want_float(name, a)?;
        self.want_float(name, b)?;
        if self.shape(a) == self.shape(b) {
            return Ok(());
        }
        Err(self.unequal(name, a, b).note("both have one shape"))
    }

    /// The fraction of rows whose largest logit is the target's: `logits [R, C]`, `targets [R]` → `[1]`.
    pub fn accuracy(&mut self, logits: Var, targets: Var) -> Result<Var> {
        let index = self.check_targets("accuracy", logits, targets)?;
        let best = self.argmax(logits, 1)?; // [R, 1]
        let hit = self.equal(best, index)?; // [R, 1]
        self.mean_all(hit)
    }

    /// How many classes a label has, and the field it is, followed back to the batch.
    pub fn classes_of(&self, var: Var) -> Option<(usize, String)> {
        let node = self.node(var);
        match &node.op {
            Op::Input(name) => Some((self.classes(name)?, name.clone())),
            Op::Reshape
            | Op::Permute(_)
            | Op::Expand
            | Op::Concat(_)
            | Op::Slice { .. }
            | Op::Take(_)
            | Op::When(_)
            | Op::StopGradient => self.classes_of(*node.inputs.first()?),
            _ => None,
        }
    }

    /// The targets as `[R, 1]`, once they fit the logits.
    fn check_targets(&mut self, name: &str, logits: Var, targets: Var) -> Result<Var> {
        self.want_int(name, targets)?;
        let (scores, rows) = (self.shape(logits).clone(), self.shape(targets).clone());
        if scores.len() != 2 || rows.len() != 1 || scores[0] != rows[0] {
            return Err(self
                .shape_problem(format!(
                    "{name}: scores of {} do not fit targets of {}",
                    show(&scores),
                    show(&rows)
                ))
                .note("it takes scores [R, C] and targets [R]"));
        }
        if let (Some(outputs), Some((classes, field))) =
            (scores[1].known(), self.classes_of(targets))
            && outputs != classes
        {
            return Err(self.wrong_classes(logits, outputs, classes, &field));
        }
        self.reshape(targets, vec![rows[0].clone(), Size::fixed(1)])
    }

    fn wrong_classes(&self, logits: Var, outputs: usize, classes: usize, field: &str) -> Problem {
        let field = field.split('/').next().unwrap_or(field);
        let problem = Problem::new(
            Code::Classes,
            format!("the head gives {outputs} scores, but `{field}` has {classes} classes"),
        );
        match self.last_linear(logits) {
            Some(linear) => problem.at(at(self.node(linear).span)).help(format!(
                "end the head with `linear({classes})` instead of `linear({outputs})`"
            )),
            None => problem.help(format!("end the head with `linear({classes})`")),
        }
    }

    fn last_linear(&self, var: Var) -> Option<Var> {
        let node = self.node(var);
        match node.op {
            Op::Linear => Some(var),
            _ => self.last_linear(*node.inputs.first()?),
        }
    }
}
