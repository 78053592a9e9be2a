//! `prototypes(65536, freeze = 1 epoch)`

use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::graph::{Init, Moment, Scalar};

pub(super) fn spec() -> Spec {
    Spec::new(
        "prototypes",
        Kind::Layer,
        "The cosine of the features with each of `n` learnt directions.",
        Make::Layer(|g, args, x| {
            let width = g.check_features("prototypes", x)?;
            let bound = 1.0 / (width.max(1) as f32).sqrt();
            let shape = [width, args.size("n")];
            let weight = g.parameter("weight", &shape, Init::Uniform(bound));
            let moves = Scalar::After(Moment::from(args.duration("freeze")));
            let weight = g.when(moves, weight);
            let weight = g.l2_normalize_along(weight, 0)?; // [D, n], columns of length 1
            let x = g.l2_normalize(x)?;
            g.linear(x, weight, None)
        }),
    )
    .param(Param::required("n", Type::Integer, "Number of directions.").within(1.0, 1e7))
    .param(Param::with_default(
        "freeze",
        Type::Duration,
        "0 steps",
        "How long the directions stay as they start while all else learns.",
    ))
    .paper(
        "Caron et al., 2021",
        "Emerging Properties in Self-Supervised Vision Transformers",
        "arXiv:2104.14294",
    )
    .doc(
        "`[B, D]` becomes `[B, n]`. Both sides have length 1 (weight normalisation, Salimans & Kingma, 2016, with its gain held \
         at 1). There is no bias.",
    )
    .example("prototypes(256, freeze = 1 epoch)")
}
