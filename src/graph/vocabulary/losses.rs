//! 1000: losses and scores, `[1]` where nothing else is said.

use super::attrs::attr;
use super::{AttrSpec, AttrType, Attrs, OpSpec, Preset, one, op};
use crate::catalog::Result;
use crate::graph::{CrossEntropy, Distance, Graph, Var, Windows};

const TEMPERATURE: AttrSpec = attr(
    "temperature",
    AttrType::Float,
    Preset::Required,
    "τ: scores are divided by it.",
);

fn distance(a: &Attrs) -> Result<Distance> {
    Ok(match a.text("distance")? {
        "squared" => Distance::Squared,
        "cosine" => Distance::Cosine,
        _ => Distance::Euclidean,
    })
}

const DISTANCE: AttrSpec = attr(
    "distance",
    AttrType::Word(&["squared", "euclidean", "cosine"]),
    Preset::Text("euclidean"),
    "Σ (a - b)², its root, or 1 - cos(a, b).",
);

fn two(result: Result<(Var, Var)>) -> Result<Vec<Var>> {
    let (loss, accuracy) = result?;
    Ok(vec![loss, accuracy])
}

fn info_nce(g: &mut Graph, x: &[Var], a: &Attrs) -> Result<Vec<Var>> {
    let temperature = a.float("temperature")?;
    two(g.info_nce(
        x[0],
        x[1],
        x.get(2).copied(),
        temperature,
        a.switch("normalize")?,
    ))
}

pub(super) const OPS: &[OpSpec] = &[
    op(
        1000,
        "cross_entropy",
        "The mean of -log softmax(logits)[target]: logits [R, C], targets [R] or soft ones [R, C], weights [R] or none",
        3,
        &[
            attr("smoothing", AttrType::Float, Preset::Float(0.0), "How much of each target is spread over all classes."),
            attr("ignore", AttrType::Int, Preset::Absent, "A row with this target does not count."),
        ],
        |g, x, a| {
            let how = CrossEntropy {
                smoothing: a.float("smoothing")?,
                ignore: a.maybe_int("ignore"),
                weights: x.get(2).copied(),
            };
            one(g.cross_entropy_with(x[0], x[1], how))
        },
    )
    .or_fewer(2),
    op(
        1001,
        "accuracy",
        "The fraction of rows whose largest score is the target's: logits [R, C], targets [R]",
        2,
        &[],
        |g, x, _| one(g.accuracy(x[0], x[1])),
    ),
    op(
        1002,
        "bce",
        "The mean of -t ln σ(x) - (1 - t) ln (1 - σ(x)): logits x, targets t in 0..1, weights or none",
        3,
        &[],
        |g, x, _| one(g.bce(x[0], x[1], x.get(2).copied())),
    )
    .or_fewer(2),
    op(1003, "mse", "The mean of (a - b)²; weights or none", 3, &[], |g, x, _| one(g.mse(x[0], x[1], x.get(2).copied()))).or_fewer(2),
    op(1004, "l1", "The mean of |a - b|; weights or none", 3, &[], |g, x, _| one(g.l1(x[0], x[1], x.get(2).copied()))).or_fewer(2),
    op(
        1005,
        "smooth_l1",
        "The mean of d² / 2β where |d| < β and |d| - β/2 elsewhere, d = a - b; weights or none",
        3,
        &[attr("beta", AttrType::Float, Preset::Float(1.0), "Where it becomes straight.")],
        |g, x, a| one(g.smooth_l1(x[0], x[1], a.float("beta")?, x.get(2).copied())),
    )
    .or_fewer(2),
    op(1006, "weighted_mean", "x, weights → Σ w x / Σ w, 0 where all weights are 0", 2, &[], |g, x, _| one(g.weighted_mean(x[0], Some(x[1])))),
    op(1010, "cosine_similarity", "cos(a, b) along the last dimension, which goes: [.., n] twice → [..]", 2, &[], |g, x, _| one(g.cosine_similarity(x[0], x[1]))),
    op(1011, "cosine_loss", "The mean of 1 - cos(a, b) over rows", 2, &[], |g, x, _| one(g.cosine_loss(x[0], x[1]))),
    op(1012, "pairwise_distance", "Σ (aᵢ - bⱼ)² of all pairs: a [R, n], b [S, n] → [R, S]", 2, &[], |g, x, _| one(g.pairwise_distance(x[0], x[1]))),
    op(1013, "distance", "How far apart rows are: [.., n] twice → [..]", 2, &[DISTANCE], |g, x, a| one(g.distance(x[0], x[1], distance(a)?))),
    op(
        1020,
        "nt_xent",
        "z [2 R, d], rows i and i + R of one sample → NT-Xent and how often the other view is nearest: two results",
        1,
        &[TEMPERATURE],
        |g, x, a| two(g.nt_xent(x[0], a.float("temperature")?)),
    ),
    op(
        1021,
        "info_nce",
        "queries [R, d], positives [R, d], negatives [K, d] or none → InfoNCE and how often the positive is nearest: two results",
        3,
        &[
            TEMPERATURE,
            attr("normalize", AttrType::Switch, Preset::Switch(true), "Cosines rather than plain products."),
        ],
        info_nce,
    )
    .or_fewer(2),
    op(
        1022,
        "triplet",
        "The mean of max(0, d(anchor, positive) - d(anchor, negative) + margin), each [R, n]",
        3,
        &[attr("margin", AttrType::Float, Preset::Float(1.0), "How much further the negative is."), DISTANCE],
        |g, x, a| one(g.triplet(x[0], x[1], x[2], a.float("margin")?, distance(a)?)),
    ),
    op(
        1030,
        "sinkhorn",
        "scores [R, K] → assignments [R, K] that use every column equally often; rows sum to 1, no gradient",
        1,
        &[
            attr("epsilon", AttrType::Float, Preset::Float(0.05), "Scores are divided by it."),
            attr("iterations", AttrType::Int, Preset::Int(3), "Rounds of columns, then rows."),
        ],
        |g, x, a| one(g.sinkhorn(x[0], a.float("epsilon")?, a.count("iterations")?)),
    ),
    op(
        1040,
        "negative_sampling",
        "rows of words x and y [B, n, d], of noise z [B, m, d], ids [B, n] (0: no word) and [B, m], reaches [B, n] → each text's loss and pairs [B, 2]",
        6,
        &[
            attr("radius", AttrType::Int, Preset::Int(5), "Most words of a window on each side."),
            attr("share", AttrType::Int, Preset::Int(1), "So many words in a row share their noise."),
            attr("bag", AttrType::Switch, Preset::Switch(false), "The mean of a window tells its word (CBOW) rather than each of its words."),
        ],
        |g, x, a| {
            let of = Windows {
                radius: a.count("radius")?,
                share: a.count("share")?,
                bag: a.switch("bag")?,
            };
            one(g.negative_sampling([x[0], x[1], x[2]], [x[3], x[4]], x[5], of))
        },
    )
    .since(3),
];
