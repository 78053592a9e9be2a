//! MoCo twice: pictures find their other view, and places of a picture the like place in it (Wang et al., 2021).

use super::maps::{by_place, each, last_map, rows};
use super::queue::Queue;
use super::slow::{momentum, slow_momentum};
use super::two_views::{Looks, alike, two_views};
use super::{PAIRS, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Module, Scalar, Var};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let f_q = Module::new("encoder", task.net("encoder"));
    let head_q = Module::new("head", task.net("head"));
    let dense_q = Module::new("dense_head", task.net("dense_head"));
    let m = momentum(task, Scalar::from)?;
    let tau = task.number("temperature");
    let length = task.size("queue");
    let lambda = task.number("lambda");
    let f_k = g.ema(&f_q, m.clone())?;
    let head_k = g.ema(&head_q, m.clone())?;
    let dense_k = g.ema(&dense_q, m)?;
    g.part("encoder", &f_q);
    g.part("key", &f_k);

    let [x_q, x_k] = two_views(g, "densecl")?; // [B, C, H, W]
    let y_q = g.call(&f_q, x_q)?; // [B, D]
    let q = g.call(&head_q, y_q)?; // [B, d]
    let q = g.l2_normalize(q)?;
    let y_k = g.call(&f_k, x_k)?;
    let k = g.call(&head_k, y_k)?; // [B, d]
    let k = g.l2_normalize(k)?; // a slow copy: no gradient
    let queue = Queue::new(g, ("densecl", "queue"), q, length)?;
    let (l_q, accuracy) = queue.contrast(g, [q, k], tau)?; // [1], [1]

    // the same for every place of the last map
    let grid = task.maybe_size("grid");
    let f_of_q = places(g, &f_q, grid)?; // [B, S, D]
    let f_of_k = places(g, &f_k, grid)?;
    let r = each(g, "dense_head", &dense_q, f_of_q)?; // [B, S, d]
    let t = each(g, "dense_head", &dense_k, f_of_k)?;
    let mean = g.mean(t, 1)?;
    let mean = g.flatten(mean)?; // [B, d]
    let pooled = g.l2_normalize(mean)?; // what others are told apart from
    let [r, t] = [r, t].map(|x| g.l2_normalize(x));
    let (r, t) = (r?, t?);
    let own = alike_places(g, f_of_q, f_of_k)?; // [B, S]
    let t_plus = g.gather_rows(t, own)?; // [B, S, d]
    let [r, t_plus] = [r, t_plus].map(|x| rows(g, x));
    let (r, t_plus) = (r?, t_plus?); // [B S, d]
    let dense_queue = Queue::new(g, ("densecl", "dense_queue"), r, length)?;
    let (l_r, dense_accuracy) = dense_queue.contrast(g, [r, t_plus], tau)?;

    let global = g.mul_scalar(l_q, 1.0 - lambda)?;
    let dense = g.mul_scalar(l_r, lambda)?;
    let loss = g.add(global, dense)?;
    g.objective("loss", loss);
    g.metric("accuracy", accuracy);
    g.metric("dense_accuracy", dense_accuracy);
    queue.enqueue(g, k)?;
    dense_queue.enqueue(g, pooled)
}

/// The last map of a module that was called, by place, averaged in a grid where one is given: `[B, S, D]`.
fn places(g: &mut Graph, module: &Module, grid: Option<usize>) -> Result<Var> {
    let map = last_map(g, module, "densecl")?;
    let map = match grid {
        Some(side) => g.adaptive_avg_pool(map, side, side)?,
        None => map,
    };
    by_place(g, "densecl", map)
}

/// The place of the other view that is most like each place of this one, by the cosine of what the encoders make of them: `[B, S, D]`
/// twice → `[B, S]` (section 3.4).
fn alike_places(g: &mut Graph, f_q: Var, f_k: Var) -> Result<Var> {
    let f_q = g.stop_gradient(f_q)?;
    let f_q = g.l2_normalize(f_q)?;
    let f_k = g.l2_normalize(f_k)?;
    let f_k = g.transpose(f_k, 1, 2)?; // [B, D, S]
    let likeness = g.matmul(f_q, f_k)?; // [B, S, S]
    let best = g.argmax(likeness, 2)?; // [B, S, 1]
    g.squeeze(best, 2)
}

pub(super) fn spec() -> Spec {
    let head = |name, doc| {
        Param::with_default(
            name,
            Type::Head,
            "linear(2048) |> relu() |> linear(128)",
            doc,
        )
    };
    Spec::new(
        "densecl",
        Kind::Task,
        "Pictures find their other view, and places of a picture the like place in it.",
        Make::task(build, |_, fields| alike(&Looks::MOCO_V2, fields)),
    )
    .param(
        Param::with_default(
            "lambda",
            Type::Number,
            "0.5",
            "λ: what places weigh; 1 − λ is what whole pictures do.",
        )
        .within(0.0, 1.0),
    )
    .param(
        Param::with_default("temperature", Type::Number, "0.2", "τ: scores are divided by it.")
            .within(1e-3, 100.0),
    )
    .param(
        Param::with_default(
            "queue",
            Type::Integer,
            "65536",
            "K: keys that are kept of pictures, and of places; more than a batch. 4096 suits small data.",
        )
        .within(1.0, 1e7),
    )
    .param(slow_momentum(
        "0.999",
        "m: the part of the key encoder that stays at each step. 0.99 suits small data.",
    ))
    .param(
        Param::optional(
            "grid",
            Type::Integer,
            "Sides of the grid in which a map is averaged before its places are compared; the map's own where it is absent.",
        )
        .within(1.0, 256.0),
    )
    .param(head("head", "The projection of pictures. It is thrown away afterwards."))
    .param(head("dense_head", "The projection of places. It is thrown away afterwards."))
    .params(training_params(
        (256, PAIRS),
        "200 epochs",
        "sgd(0.03, momentum = 0.9, weight_decay = 1e-4)",
        "cosine()",
    ))
    .input_list(
        "views",
        SampleType::IMAGE,
        2,
        "Query and key: two views of one picture, drawn on their own.",
    )
    .export("encoder", "The encoder of queries, which is trained.")
    .export("key", "Its slow copy, the encoder of keys.")
    .paper(
        "Wang et al., 2021",
        "Dense Contrastive Learning for Self-Supervised Visual Pre-Training",
        "arXiv:2011.09157",
    )
    .doc(
        "MoCo v2 with a second question. Beside the vector of a picture, every place of the encoder's last map is projected, and must find \
         its like in the other view among K that a second queue keeps: its like is the place that the encoders see most alike (by cosine, \
         before any projection), the others are means of other pictures' maps. What is learned tells places, as detection and segmentation want, \
         and whole pictures a little less. The metrics say how often a picture, and a place, is nearest to its own. The encoder is one of \
         convolutions; of an encoder written layer by layer, the last named map is taken.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext places = densecl(queue = 1024, momentum = 0.99) {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Value;
    use crate::graph::testing::{args, encoder, entry};
    use crate::tasks::traces;

    #[test]
    fn steps_are_those_of_the_paper() {
        let trace = traces::read(include_str!("../../tests/fixtures/tasks/densecl.json"));
        let spec = entry(Kind::Task, "densecl");
        let mut given = traces::arguments(&trace, &spec);
        let cnn = encoder("small_cnn", &[("width", Value::Integer(2))]);
        given.push(("encoder", Value::Net(cnn)));
        for name in ["head", "dense_head"] {
            given.push((name, Value::Net(traces::net_of(&trace, name))));
        }
        let mut g = traces::inputs(&trace);
        build(&mut g, &args(&spec, &given)).unwrap();
        traces::compare(&trace, &g);
    }
}
