//! `embedding(30000, 256)`

use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::graph::Init;

pub(super) fn spec() -> Spec {
    Spec::new(
        "embedding",
        Kind::Layer,
        "A learnt vector for each word.",
        Make::Layer(|g, args, x| {
            let shape = [args.size("words"), args.size("features")];
            let weight = g.parameter("weight", &shape, Init::Normal(1.0));
            g.embedding(weight, x)
        }),
    )
    .param(Param::required("words", Type::Integer, "How many there are.").within(1.0, 1e8))
    .param(Param::required("features", Type::Integer, "Numbers per word.").within(1.0, 65536.0))
    .doc("Whole numbers `[B, N]` become `[B, N, features]`. The table starts standard normal, as in PyTorch.")
    .example("embedding(30000, 256)")
}
