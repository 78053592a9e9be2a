//! Each picture is a class of its own: it finds its own features of the epoch before in a memory bank (Wu et al., 2018).

use super::two_views::Looks;
use super::{CROPS, picture, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{DType, Graph, Init, Module, Var};

/// The part of Z that stays at each step.
const Z_STAYS: f64 = 0.99;
/// Z of scores that were all rounded to nothing.
const LEAST_Z: f64 = 1e-30;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let (n, m) = (g.records()?, task.size("negatives"));
    let drawn = 0 < m && m < n;
    let noise = drawn.then(|| g.random_uniform(vec![m.into()])); // [m], decides which records are noise
    discriminate(g, task, noise)
}

/// The loss over all records, or over those that `noise [m]` in 0..1 stands for; and the bank's next rows.
fn discriminate(g: &mut Graph, task: &Args, noise: Option<Var>) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder")); // f
    let head = Module::new("head", task.net("head"));
    let tau = task.number("temperature");

    let x = g.input("view")?; // [B, C, H, W]
    let y = g.call(&encoder, x)?; // [B, D]
    let v = g.call(&head, y)?; // [B, d]
    let v = g.l2_normalize(v)?;

    let (n, width) = (g.records()?, g.check_features("npid", v)?); // n, d
    let bank = g.state("bank", &[n, width], Init::UnitRows, DType::F32)?; // V
    let kept = g.read(bank); // [n, d]
    let i = g.index(); // [B], which record each picture is
    let own = g.take(kept, i, 0)?; // [B, d], v_i of the epoch before

    let (loss, accuracy) = match noise {
        Some(noise) => nce(g, [v, kept, i], noise, tau)?,
        None => {
            let scores = scores(g, v, kept, tau)?; // [B, n]
            // equation 2: −ln P(i|v)
            (g.cross_entropy(scores, i)?, g.accuracy(scores, i)?)
        }
    };
    let lambda = task.number("proximal");
    let loss = match lambda > 0.0 {
        true => {
            let moved = proximal(g, v, own)?;
            let moved = g.mul_scalar(moved, lambda)?;
            g.add(loss, moved)?
        }
        false => loss,
    };
    g.objective("loss", loss);
    g.metric("accuracy", accuracy);

    // v_i ← the direction of μ v_i + (1 − μ) f_i
    let mu = task.ratio("momentum");
    let new = g.stop_gradient(v)?;
    let new = g.mul_scalar(new, 1.0 - mu)?;
    let old = g.mul_scalar(own, mu)?;
    let mixed = g.add(old, new)?;
    let mixed = g.l2_normalize(mixed)?;
    g.assign_rows(bank, i, mixed)
}

/// `(cos − 1) / τ` of each row of `v [B, d]` with each of `rows [R, d]`: `[B, R]`. The 1 is in Z too, and keeps its exponentials small.
fn scores(g: &mut Graph, v: Var, rows: Var, tau: f64) -> Result<Var> {
    let rows = g.transpose(rows, 0, 1)?; // [d, R]
    let cosines = g.matmul(v, rows)?;
    let away = g.add_scalar(cosines, -1.0)?;
    g.mul_scalar(away, 1.0 / tau)
}

/// J_NCE (equation 7) and how often the own record scores higher than all others that were drawn, both `[1]`: of `v [B, d]`, the whole bank
/// `[n, d]` and each picture's record, `i [B]`. `noise [m]` in 0..1 decides which records are drawn; those of a batch are shared.
fn nce(g: &mut Graph, [v, kept, i]: [Var; 3], noise: Var, tau: f64) -> Result<(Var, Var)> {
    let n = g.shape(kept)[0].known().unwrap_or(1) as f64;
    let m = g.shape(noise)[0].known().unwrap_or(1) as f64;
    let drawn = g.mul_scalar(noise, n)?;
    let drawn = g.clamp(drawn, 0.0, n - 1.0)?; // a draw may be rounded up to n
    let drawn = g.to_int(drawn)?; // [m], P_n = 1 / n
    let others = g.take(kept, drawn, 0)?; // [m, d]
    let of_noise = scores(g, v, others, tau)?; // [B, m]
    let own = g.take(kept, i, 0)?; // [B, d]
    let product = g.mul(v, own)?;
    let of_own = g.sum(product, 1)?; // [B, 1]
    let of_own = g.add_scalar(of_own, -1.0)?;
    let of_own = g.mul_scalar(of_own, 1.0 / tau)?;
    let accuracy = first(g, [of_own, of_noise], [i, drawn])?;

    // ln h / (1 − h) = ln P − ln m P_n, where P = exp(score) / Z (equations 4 and 6)
    let z = constant(g, of_noise, n)?; // [1]
    let ln_z = g.log(z)?;
    let odds = |g: &mut Graph, scores: Var| {
        let ln_p = g.sub(scores, ln_z)?;
        g.add_scalar(ln_p, (n / m).ln())
    };
    // −ln h of the own one, −ln (1 − h) of the noise
    let of_own = odds(g, of_own)?;
    let of_own = g.neg(of_own)?;
    let of_own = g.softplus(of_own)?; // [B, 1]
    let of_noise = odds(g, of_noise)?;
    let of_noise = g.softplus(of_noise)?; // [B, m]
    let of_noise = g.sum(of_noise, 1)?; // [B, 1]
    let each = g.add(of_own, of_noise)?;
    let loss = g.mean_all(each)?;

    Ok((loss, accuracy))
}

/// How often the own record, `[B, 1]`, scores highest of it and the noise, `[B, m]`: `[1]`. A record that was drawn as its own noise is left out.
fn first(g: &mut Graph, [of_own, of_noise]: [Var; 2], [i, drawn]: [Var; 2]) -> Result<Var> {
    let rows = g.shape(i)[0].clone();
    let i = g.unsqueeze(i, 1)?; // [B, 1]
    let itself = g.equal(i, drawn)?; // [B, m]
    let itself = g.mul_scalar(itself, -1e9)?;
    let of_noise = g.add(of_noise, itself)?;
    let all = g.concat(&[of_own, of_noise], 1)?; // [B, 1 + m]
    let first = g.full(vec![rows], 0.0)?;
    let first = g.to_int(first)?; // [B]
    g.accuracy(all, first)
}

/// Z, one for all pictures: n times the mean of exp(score) over the noise (equation 8), `[1]`. A mean over the steps so far of which the last
/// count most; no gradient flows.
fn constant(g: &mut Graph, of_noise: Var, n: f64) -> Result<Var> {
    let e = g.stop_gradient(of_noise)?;
    let e = g.exp(e)?;
    let now = g.mean_all(e)?; // [1]
    let now = g.mul_scalar(now, n)?;
    let now = g.clamp(now, LEAST_Z, f64::INFINITY)?;
    let state = g.state("z", &[1], Init::Constant(0.0), DType::F32)?;
    let before = g.read(state); // 0 in the first step
    let stays = g.mul_scalar(before, Z_STAYS)?;
    let comes = g.mul_scalar(now, 1.0 - Z_STAYS)?;
    let moved = g.add(stays, comes)?;
    let none = g.full(vec![1.into()], 0.0)?;
    let known = g.greater(before, none)?;
    let z = g.select(known, moved, now)?;
    g.assign(state, z)?;
    Ok(z)
}

/// The mean of |v − v_i|² over the batch, `[1]`: how far each picture moves from where it was (equation 9).
fn proximal(g: &mut Graph, v: Var, own: Var) -> Result<Var> {
    let away = g.sub(v, own)?;
    let away = g.mul(away, away)?;
    let away = g.sum(away, 1)?; // [B, 1]
    g.mean_all(away)
}

/// One view of each picture.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let view = Looks::NPID.view(&image, image.side.unwrap_or(224));
    Some(format!("emit view = {view}\n"))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "npid",
        Kind::Task,
        "Each picture is a class of its own, which a memory bank holds.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default("temperature", Type::Number, "0.07", "τ: scores are divided by it.")
            .within(0.02, 100.0),
    )
    .param(
        Param::with_default(
            "negatives",
            Type::Integer,
            "4096",
            "m: records drawn as noise at each step. 0, or as many as there are records: none are drawn, and the softmax is over all records.",
        )
        .within(0.0, 1e7),
    )
    .param(
        Param::with_default(
            "proximal",
            Type::Number,
            "0",
            "λ: weight of the squared distance from the picture's row in the bank. 0: there is none.",
        )
        .within(0.0, 1e4),
    )
    .param(
        Param::with_default(
            "momentum",
            Type::Ratio,
            "50%",
            "μ: the part of a row of the bank that stays when its picture is seen again.",
        )
        .within(0.0, 0.99),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(128)",
        "The projection that the bank keeps. It is thrown away afterwards.",
    ))
    .params(training_params(
        (256, CROPS),
        "200 epochs",
        "sgd(0.03, momentum = 0.9, weight_decay = 1e-4)",
        "step(at = [60%, 80%], factor = 0.1)",
    ))
    .input("view", SampleType::IMAGE, "The picture, augmented.")
    .paper(
        "Wu et al., 2018",
        "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
        "arXiv:1805.01978",
    )
    .doc(
        "Which of all n records is this? The score of a record is the cosine with its own features when it was last seen, which a memory bank \
         keeps: a row for each record, in random directions at first. Pictures need no second view, and batches may be small; in the first \
         epoch each picture meets its random row, so that one epoch teaches nothing. Where n is large, NCE tells the own record from m that are drawn, \
         all alike and the same for a batch (the paper draws them for each picture): of two records with the score s the own one is \
         more likely by exp(s / τ) n / (m Z). Z is a moving mean of its estimate, with 0.99 of it kept at each step; the paper has that of the first batches. \
         `proximal` is the paper's term that keeps features near their row, for which the bank takes them as they are \
         (`momentum = 0%, proximal = 10`); its authors' code has the bank's momentum in its place, and so has the default. The metric is how often the own \
         record scores highest of those compared. A row belongs to a record of the training split: there is no loss on another one. The bank takes \
         4 n d bytes, and lies in every checkpoint.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext single = npid(negatives = 512) {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
#[path = "npid_tests.rs"]
mod tests;
