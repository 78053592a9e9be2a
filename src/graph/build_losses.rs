//! Losses and scores that several tasks use, made of the other methods.

use super::build_inputs::at;
use super::{Graph, Op, Size, Var, show};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

impl Graph {
    /// The mean of −log softmax(logits)\[target\]: `logits [R, C]`, `targets [R]` → `[1]`.
    ///
    /// Where the targets come from a label of the batch, `C` must be its number of classes.
    pub fn cross_entropy(&mut self, logits: Var, targets: Var) -> Result<Var> {
        let index = self.check_targets("cross_entropy", logits, targets)?;
        let log_p = self.log_softmax(logits, 1)?; // [R, C]
        let chosen = self.gather(log_p, index, 1)?; // [R, 1]
        let mean = self.mean_all(chosen)?; // [1]
        self.mul_scalar(mean, -1.0)
    }

    /// The fraction of rows whose largest logit is the target's: `logits [R, C]`, `targets [R]` → `[1]`.
    pub fn accuracy(&mut self, logits: Var, targets: Var) -> Result<Var> {
        let index = self.check_targets("accuracy", logits, targets)?;
        let best = self.argmax(logits, 1)?; // [R, 1]
        let hit = self.equal(best, index)?; // [R, 1]
        self.mean_all(hit)
    }

    /// Rows of length 1: `x [R, n]` → x / √(Σx² + 1e-12).
    pub fn l2_normalize(&mut self, x: Var) -> Result<Var> {
        let last = self.shape(x).len().saturating_sub(1);
        let square = self.mul(x, x)?;
        let sum = self.sum(square, last)?; // [R, 1]
        // inside the root: the gradient stays finite for a row of zeros
        let sum = self.add_scalar(sum, 1e-12)?;
        let length = self.sqrt(sum)?;
        self.div(x, length)
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
