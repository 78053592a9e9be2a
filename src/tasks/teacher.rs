//! What a student learns from a slow teacher's distributions: centring, sharpening, and the signs of a collapse (Caron et al., 2021).

use super::mean_of;
use crate::catalog::{Args, Param, Result, Type};
use crate::graph::{DType, Graph, Init, Moment, Scalar, Var};

/// A teacher's outputs as distributions, with a centre of their own.
pub(super) struct Teacher {
    /// What the centre is called among the states.
    pub centre: &'static str,
    /// m: the part of the centre that stays at each step.
    pub momentum: f64,
    /// τ_t
    pub temperature: Scalar,
}

impl Teacher {
    /// Distributions of the outputs `t [R, K]`: centred and sharpened, `[R, K]`. From the next step on
    /// C ← m C + (1 − m) mean of the outputs.
    pub(super) fn distributions(&self, g: &mut Graph, task: &str, t: Var) -> Result<Var> {
        let width = g.check_features(task, t)?; // K
        let centre = g.state(self.centre, &[1, width], Init::Constant(0.0), DType::F32)?;
        let c = g.read(centre); // [1, K]
        let tau_t = g.scalar(self.temperature.clone()); // [1]
        let p = g.sub(t, c)?; // centring
        let p = g.div(p, tau_t)?; // sharpening
        let p = g.softmax(p, 1)?; // [R, K]
        let mean = g.mean(t, 0)?; // [1, K]
        let old = g.mul_scalar(c, self.momentum)?;
        let new = g.mul_scalar(mean, 1.0 - self.momentum)?;
        let next = g.add(old, new)?;
        g.assign(centre, next)?;
        Ok(p)
    }
}

/// H(p, s) = −Σ p log s of each row: `[R, K]` → `[R, 1]`.
pub(super) fn cross_entropies(g: &mut Graph, p: Var, log_s: Var) -> Result<Var> {
    let product = g.mul(p, log_s)?;
    let sum = g.sum(product, 1)?;
    g.neg(sum)
}

/// The same, averaged over the rows: `[1]`.
pub(super) fn h(g: &mut Graph, p: Var, log_s: Var) -> Result<Var> {
    let rows = cross_entropies(g, p, log_s)?;
    g.mean_all(rows)
}

/// The mean of H(p, s) of all pairs of views but a view with itself: `[1]`. The first `targets` of the views `log_s` are the teacher's own.
pub(super) fn across(g: &mut Graph, targets: &[Var], log_s: &[Var]) -> Result<Var> {
    let mut terms = Vec::new();
    for (i, target) in targets.iter().enumerate() {
        for (v, log_s) in log_s.iter().enumerate() {
            // a view is not compared with itself
            if v != i {
                terms.push(h(g, *target, *log_s)?);
            }
        }
    }
    mean_of(g, &terms)
}

/// The two ways to collapse (section 5.3): the teacher's entropy is ln K where its output is flat, and its divergence from the
/// mean output is 0 where all pictures get the same one.
pub(super) fn collapse(g: &mut Graph, p: Var) -> Result<()> {
    let log_p = g.add_scalar(p, 1e-12)?;
    let log_p = g.log(log_p)?;
    let entropy = h(g, p, log_p)?;
    let mean = g.mean(p, 0)?; // [1, K]
    let log_mean = g.add_scalar(mean, 1e-12)?;
    let log_mean = g.log(log_mean)?;
    let cross = h(g, mean, log_mean)?;
    let divergence = g.sub(cross, entropy)?;
    g.metric("entropy", entropy);
    g.metric("divergence", divergence);
    Ok(())
}

/// The teacher's temperature while it warms up.
pub(super) fn warming(task: &Args) -> Scalar {
    let (cold, warm) = task.range("teacher_temperature");
    Scalar::linear(cold, warm, Moment::from(task.duration("warmup")))
}

/// `student_temperature`, `teacher_temperature`, `warmup`, `centre_momentum`.
pub(super) fn teacher_params() -> [Param; 4] {
    [
        Param::with_default(
            "student_temperature",
            Type::Number,
            "0.1",
            "τ of the student's softmax.",
        )
        .within(1e-3, 100.0),
        Param::with_default(
            "teacher_temperature",
            Type::Range,
            "0.04..0.07",
            "τ of the teacher's softmax, at the start and after `warmup`: sharpening.",
        )
        .within(1e-3, 100.0),
        Param::with_default(
            "warmup",
            Type::Duration,
            "30 epochs",
            "How long the teacher's temperature rises.",
        ),
        Param::with_default(
            "centre_momentum",
            Type::Number,
            "0.9",
            "m: the part of the centre that stays at each step.",
        )
        .within(0.0, 1.0),
    ]
}
