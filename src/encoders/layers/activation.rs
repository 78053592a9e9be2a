//! `relu()`, `leaky_relu(0.2)`, `gelu()`, `silu()`, `tanh()`, `sigmoid()`, `softplus()`

use crate::catalog::{Kind, Make, Param, Spec, Type};

/// max(x, 0)
pub(super) fn relu() -> Spec {
    Spec::new(
        "relu",
        Kind::Layer,
        "max(x, 0): what is negative becomes 0.",
        Make::Layer(|g, _, x| g.relu(x)),
    )
}

pub(super) fn specs() -> Vec<Spec> {
    vec![
        relu(),
        Spec::new(
            "gelu",
            Kind::Layer,
            "x Φ(x), with the error function.",
            Make::Layer(|g, _, x| g.gelu(x)),
        )
        .paper(
            "Hendrycks & Gimpel, 2016",
            "Gaussian Error Linear Units (GELUs)",
            "arXiv:1606.08415",
        ),
        Spec::new(
            "leaky_relu",
            Kind::Layer,
            "x where it is positive, a fraction of x elsewhere.",
            Make::Layer(|g, args, x| g.leaky_relu(x, args.number("slope"))),
        )
        .param(
            Param::with_default(
                "slope",
                Type::Number,
                "0.01",
                "Factor of what is negative; 0.2 is usual in discriminators.",
            )
            .within(0.0, 1.0),
        ),
        Spec::new(
            "silu",
            Kind::Layer,
            "x / (1 + e⁻ˣ)",
            Make::Layer(|g, _, x| g.silu(x)),
        )
        .paper(
            "Elfwing et al., 2018",
            "Sigmoid-Weighted Linear Units for Neural Network Function Approximation in Reinforcement Learning",
            "arXiv:1702.03118",
        ),
        Spec::new(
            "tanh",
            Kind::Layer,
            "The hyperbolic tangent, in ±1.",
            Make::Layer(|g, _, x| g.tanh(x)),
        ),
        Spec::new(
            "sigmoid",
            Kind::Layer,
            "1 / (1 + e⁻ˣ), in 0..1.",
            Make::Layer(|g, _, x| g.sigmoid(x)),
        ),
        Spec::new(
            "softplus",
            Kind::Layer,
            "ln (1 + eˣ)",
            Make::Layer(|g, _, x| g.softplus(x)),
        ),
    ]
}
