//! Layers: what encoders and heads are made of. Parameters start as PyTorch's do.

mod activation;
mod conv;
mod conv_transpose;
mod dropout;
mod embedding;
mod flatten;
mod gru;
mod interpolate;
mod linear;
mod norm;
mod pool;
mod prototypes;
mod transformer;

pub use conv::{ConvLayer, conv};
pub use conv_transpose::{ConvTransposeLayer, conv_transpose};
pub use gru::{both_ways, gru_weights};
pub use linear::{LinearInit, linear};
pub use norm::{batch_norm, group_norm, layer_norm};
pub use transformer::{by_head, heads_beside, transformer_blocks, transformer_halves};

use crate::catalog::{Args, Argument, Call, Net, NetStep, Origin, Spec, Value};
use crate::language::Span;

/// The layers' catalog entries.
pub fn specs() -> Vec<Spec> {
    let mut specs = vec![
        linear::spec(),
        conv::spec(),
        conv_transpose::spec(),
        interpolate::spec(),
        embedding::spec(),
        gru::spec(),
        transformer::spec(),
        flatten::spec(),
        dropout::spec(),
        prototypes::spec(),
    ];
    specs.extend(norm::specs());
    specs.extend(activation::specs());
    specs.extend(pool::specs());
    specs
}

/// `linear(a) |> relu() |> linear(b)`: a head that a task writes itself.
pub fn mlp(widths: &[usize]) -> Net {
    let mut steps = Vec::new();
    for width in widths {
        if !steps.is_empty() {
            steps.push(step(activation::relu(), []));
        }
        let n = Value::Integer(*width as i64);
        let bias = Value::Word("on".into());
        steps.push(step(linear::spec(), [("n", n), ("bias", bias)]));
    }
    Net {
        name: None,
        steps,
        span: Span::default(),
    }
}

fn step<const N: usize>(spec: Spec, given: [(&str, Value); N]) -> NetStep {
    let values = given.map(|(name, value)| {
        let argument = Argument {
            value,
            span: Span::default(),
            origin: Origin::Default,
        };
        (name.to_owned(), argument)
    });
    let call = Call {
        args: Args {
            of: spec.name.clone(),
            values: values.into(),
        },
        spec: spec.into(),
        span: Span::default(),
        name_span: Span::default(),
    };
    NetStep { call, place: None }
}
