//! Views of a picture are told which prototype the others belong to (Caron et al., 2020).

use super::crops::{Crops, crops, default_crops};
use super::queue::enqueue;
use super::two_views::{Looks, spread};
use super::{CROPS, total, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{DType, Graph, Init, Module, Moment, Scalar, Var};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));
    let prototypes = task.size("prototypes"); // K
    let tau = task.number("temperature");
    let sinkhorn = Sinkhorn {
        epsilon: task.number("epsilon"),
        iterations: task.size("iterations"),
    };
    let queue_length = task.size("queue"); // Q for each full view
    let freeze = Scalar::After(Moment::from(task.duration("freeze")));
    let queue_from = Scalar::After(Moment::from(task.duration("queue_from")));

    let Crops { globals, locals } = crops(g, "swav")?;
    let full = globals.len();
    let views = full + locals.len(); // V
    // one pass for each size of view
    let mut z = Vec::new(); // V times [B, d]
    for group in [globals, locals] {
        if group.is_empty() {
            continue;
        }
        let x = g.concat(&group, 0)?; // [n B, C, H, W]
        let y = g.call(&encoder, x)?; // [n B, D]
        let y = g.call(&head, y)?; // [n B, d]
        let y = g.l2_normalize(y)?;
        z.extend(g.split(y, 0, group.len())?);
    }

    // columns of length 1, held still at first
    let width = g.check_features("swav", z[0])?; // d
    let bound = 1.0 / (width as f32).sqrt();
    let c = g.parameter(
        "prototypes/weight",
        &[width, prototypes],
        Init::Uniform(bound),
    );
    let c = g.when(freeze, c);
    let c = g.l2_normalize_along(c, 0)?; // [d, K]
    let mut scores = Vec::new(); // V times [B, K]
    for z in &z {
        scores.push(g.matmul(*z, c)?);
    }

    let use_queue = g.scalar(queue_from); // [1], 0 or 1
    let mut terms = Vec::new();
    for i in 0..full {
        let own = g.stop_gradient(scores[i])?; // [B, K]
        let q = if queue_length == 0 {
            sinkhorn.codes(g, own, None)?
        } else {
            let queue = g.state(
                &format!("queue/{i}"),
                &[queue_length, width],
                Init::UnitRows,
                DType::F32,
            )?;
            let kept = g.read(queue); // [Q, d], the youngest first
            let older = g.matmul(kept, c)?; // [Q, K]
            let older = g.stop_gradient(older)?;
            let next = g.stop_gradient(z[i])?;
            enqueue(g, queue, next)?;
            sinkhorn.codes(g, own, Some((older, use_queue)))?
        }; // [B, K], rows sum to 1
        for (v, score) in scores.iter().enumerate() {
            if v == i {
                continue;
            }
            let p = g.mul_scalar(*score, 1.0 / tau)?;
            let log_p = g.log_softmax(p, 1)?; // [B, K]
            let product = g.mul(q, log_p)?;
            let sum = g.sum(product, 1)?; // [B, 1]
            terms.push(g.mean_all(sum)?);
        }
    }
    let loss = total(g, &terms)?;
    let loss = g.mul_scalar(loss, -1.0 / (full * (views - 1)) as f64)?;
    g.objective("loss", loss);
    let spread = spread(g, z[0])?;
    g.metric("spread", spread);
    Ok(())
}

/// Codes that spread the batch evenly over the prototypes (the paper's listing of `sinkhorn`).
struct Sinkhorn {
    epsilon: f64,
    iterations: usize,
}

impl Sinkhorn {
    /// `scores [B, K]`, and `[Q, K]` of a queue that counts where the number beside it is 1 → codes `[B, K]`. Without gradient.
    fn codes(&self, g: &mut Graph, scores: Var, queue: Option<(Var, Var)>) -> Result<Var> {
        let batch = g.shape(scores)[0].clone();
        let mut q = self.start(g, scores)?; // [B, K]
        if let Some((older, counts)) = queue {
            let older = self.start(g, older)?; // [Q, K]
            let older = g.mul(older, counts)?;
            q = g.concat(&[q, older], 0)?; // [B + Q, K]
        }
        for _ in 0..self.iterations {
            // every prototype has one share, then every picture
            q = normalize(g, q, 0)?;
            q = normalize(g, q, 1)?;
        }
        g.slice(q, 0, 0.into(), batch)
    }

    /// exp(scores / ε); cosines are at most 1, and e^(1/ε) cancels.
    fn start(&self, g: &mut Graph, scores: Var) -> Result<Var> {
        let below = g.add_scalar(scores, -1.0)?;
        let below = g.mul_scalar(below, 1.0 / self.epsilon)?;
        g.exp(below)
    }
}

/// Divided by the sum along a dimension; what is 0 throughout stays 0.
fn normalize(g: &mut Graph, q: Var, dim: usize) -> Result<Var> {
    let sum = g.sum(q, dim)?;
    let sum = g.add_scalar(sum, 1e-30)?;
    g.div(q, sum)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "swav",
        Kind::Task,
        "Views of a picture are told which prototype the others belong to.",
        Make::task(build, |task, fields| default_crops(task, fields, &Looks::SWAV, 0.05, 6)),
    )
    .param(
        Param::with_default("prototypes", Type::Integer, "3000", "K: how many; ten or more for each class that there may be.")
            .within(2.0, 1e7),
    )
    .param(
        Param::with_default("temperature", Type::Number, "0.1", "τ: scores are divided by it before the softmax.")
            .within(1e-3, 100.0),
    )
    .param(
        Param::with_default("epsilon", Type::Number, "0.05", "ε: how soft the codes are.")
            .within(0.03, 10.0),
    )
    .param(
        Param::with_default("iterations", Type::Integer, "3", "Sinkhorn-Knopp iterations.")
            .within(1.0, 1000.0),
    )
    .param(Param::with_default(
        "freeze",
        Type::Duration,
        "1 epoch",
        "How long the prototypes stay as they start.",
    ))
    .param(
        Param::with_default(
            "queue",
            Type::Integer,
            "0",
            "Projections kept of each full view, to spread small batches over many prototypes; 0: none. The paper's is 3840 for batches of 256.",
        )
        .within(0.0, 1e7),
    )
    .param(Param::with_default(
        "queue_from",
        Type::Duration,
        "15 epochs",
        "When the queue begins to count.",
    ))
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> batch_norm() |> relu() |> linear(128)",
        "The projection that is compared with the prototypes. It is thrown away afterwards.",
    ))
    .params(training_params(
        (256, CROPS),
        "400 epochs",
        "lars(0.6, weight_decay = 1e-6)",
        "cosine()",
    ))
    .input_list(
        "globals",
        SampleType::IMAGE,
        2,
        "Two or more full views: each gives codes for all others.",
    )
    .input_maybe_list(
        "locals",
        SampleType::IMAGE,
        "Small views, which only look up codes; all of one size.",
    )
    .paper(
        "Caron et al., 2020",
        "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments",
        "arXiv:2006.09882",
    )
    .doc(
        "Each full view is assigned to prototypes (its code), each other view of the picture predicts that code from its own \
         scores. Codes are made for the whole batch at once and spread evenly over the prototypes by Sinkhorn-Knopp, which \
         keeps pictures from becoming one. Views are of two sizes (multi-crop). Prototypes are normalised where they are \
         used, and the gradient passes the normalisation; the paper writes the normalised ones back after each step. The \
         metric is `spread`: near 1 projections fill the sphere, 0 is a collapse. The default rate is the paper's for batches \
         of 256. The two full views of the default augment are drawn alike.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext clusters = swav(prototypes = 100) {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_are_those_of_the_papers_listing() {
        follow(include_str!("../../tests/fixtures/tasks/swav.json"));
    }

    #[test]
    fn a_queue_counts_from_its_moment_on() {
        follow(include_str!("../../tests/fixtures/tasks/swav_queue.json"));
    }
}
