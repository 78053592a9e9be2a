//! `linear(128)`

use crate::catalog::{Kind, Make, Param, Result, Spec, Type};
use crate::graph::{Graph, Init, Var};

/// How the weight and the bias of a linear layer start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LinearInit {
    /// Both uniform in ±1/√fan_in: PyTorch's default.
    Uniform,
    /// Weight normal with this standard deviation, redrawn outside ±2; bias 0: as in vision transformers.
    TruncatedNormal(f32),
}

/// `[.., in]` → `[.., outputs]` with the parameters `weight [in, outputs]` and `bias [outputs]` of the current scope.
pub fn linear(g: &mut Graph, x: Var, outputs: usize, bias: bool, init: LinearInit) -> Result<Var> {
    let inputs = g.check_features("linear", x)?;
    let bound = 1.0 / (inputs.max(1) as f32).sqrt();
    let (weight_init, bias_init) = match init {
        LinearInit::Uniform => (Init::Uniform(bound), Init::Uniform(bound)),
        LinearInit::TruncatedNormal(std) => (Init::TruncatedNormal(std), Init::Constant(0.0)),
    };
    let weight = g.parameter("weight", &[inputs, outputs], weight_init);
    let bias = bias.then(|| g.parameter("bias", &[outputs], bias_init));
    g.linear(x, weight, bias)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "linear",
        Kind::Layer,
        "Every output is a weighted sum of all inputs.",
        Make::Layer(|g, args, x| {
            linear(
                g,
                x,
                args.size("n"),
                args.switch("bias"),
                LinearInit::Uniform,
            )
        }),
    )
    .param(Param::required("n", Type::Integer, "Number of outputs.").within(1.0, 1e7))
    .param(Param::switch(
        "bias",
        "on",
        "Adds a learnt constant to each output.",
    ))
    .doc("`[B, in]` becomes `[B, n]`. Weight and bias start uniform in ±1/√in, as in PyTorch.")
    .example("linear(128)")
}
