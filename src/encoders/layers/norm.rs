//! `batch_norm()`, `layer_norm()`

use crate::catalog::{Kind, Make, Param, Result, Spec, Type};
use crate::graph::{Graph, Init, Running, Var};

/// Normalises each channel by the batch (training) or by the running statistics (evaluation), with the parameters
/// `weight`, `bias` and the buffers `running_mean`, `running_var` of the current scope.
pub fn batch_norm(g: &mut Graph, x: Var, epsilon: f64, momentum: f64) -> Result<Var> {
    let channels = g.check_channels("batch_norm", x)?;
    let gamma = g.parameter("weight", &[channels], Init::Constant(1.0));
    let beta = g.parameter("bias", &[channels], Init::Constant(0.0));
    let running = Running {
        mean: g.buffer("running_mean", &[channels], 0.0),
        variance: g.buffer("running_var", &[channels], 1.0),
        epsilon,
        momentum,
    };
    g.batch_norm(x, gamma, beta, running)
}

/// Normalises the last dimension, with the parameters `weight` and `bias` of the current scope.
pub fn layer_norm(g: &mut Graph, x: Var, epsilon: f64) -> Result<Var> {
    let features = g.check_features("layer_norm", x)?;
    let gamma = g.parameter("weight", &[features], Init::Constant(1.0));
    let beta = g.parameter("bias", &[features], Init::Constant(0.0));
    g.layer_norm(x, gamma, beta, epsilon)
}

pub(super) fn specs() -> Vec<Spec> {
    let epsilon = || {
        Param::with_default("epsilon", Type::Number, "1e-5", "Added to the variance.")
            .within(0.0, 1.0)
    };
    vec![
        Spec::new(
            "batch_norm",
            Kind::Layer,
            "Normalises each channel by the batch.",
            Make::Layer(|g, args, x| {
                batch_norm(g, x, args.number("epsilon"), args.number("momentum"))
            }),
        )
        .param(epsilon())
        .param(
            Param::with_default(
                "momentum",
                Type::Number,
                "0.1",
                "Weight of the batch in the running statistics.",
            )
            .within(0.0, 1.0),
        )
        .paper(
            "Ioffe & Szegedy, 2015",
            "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
            "arXiv:1502.03167",
        )
        .doc("Takes `[B, C]` or `[B, C, H, W]`. The running variance is unbiased, as in PyTorch."),
        Spec::new(
            "layer_norm",
            Kind::Layer,
            "Normalises the features of each sample.",
            Make::Layer(|g, args, x| layer_norm(g, x, args.number("epsilon"))),
        )
        .param(epsilon())
        .paper("Ba et al., 2016", "Layer Normalization", "arXiv:1607.06450")
        .doc("Over the last dimension of `[B, D]` or `[B, N, D]`."),
    ]
}
