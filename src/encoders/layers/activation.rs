//! `relu()`, `gelu()`

use crate::catalog::{Kind, Make, Spec};

pub(super) fn specs() -> Vec<Spec> {
    vec![
        Spec::new(
            "relu",
            Kind::Layer,
            "max(x, 0)",
            Make::Layer(|g, _, x| g.relu(x)),
        ),
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
    ]
}
