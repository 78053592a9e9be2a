//! The optimisers a recipe may name.

use super::Optimizer;
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};

fn rate(default: &str) -> Param {
    Param::with_default("rate", Type::Number, default, "Base learning rate.").within(0.0, 1e3)
}

fn decay(default: &str, doc: &str) -> Param {
    Param::with_default("weight_decay", Type::Number, default, doc).within(0.0, 10.0)
}

fn betas(spec: Spec) -> Spec {
    spec.param(
        Param::with_default("beta1", Type::Number, "0.9", "Decay of the first moment.")
            .within(0.0, 0.999_999),
    )
    .param(
        Param::with_default(
            "beta2",
            Type::Number,
            "0.999",
            "Decay of the second moment.",
        )
        .within(0.0, 0.999_999_9),
    )
    .param(
        Param::with_default(
            "epsilon",
            Type::Number,
            "1e-8",
            "Added to the root of the second moment.",
        )
        .within(0.0, 1.0),
    )
}

const L2: &str = "L2 penalty, added to the gradient; not for one-dimensional parameters.";

/// `sgd`, `adam`, `adamw`, `lars`, `adagrad`, `lazy_adam`
pub fn specs() -> Vec<Spec> {
    vec![
        Spec::new(
            "sgd",
            Kind::Optimizer,
            "Stochastic gradient descent, with momentum if asked for",
            Make::Optimizer(|args: &Args| Optimizer::Sgd {
                rate: args.number("rate"),
                momentum: args.number("momentum"),
                nesterov: args.switch("nesterov"),
                weight_decay: args.number("weight_decay"),
            }),
        )
        .param(rate("0.1"))
        .param(
            Param::with_default(
                "momentum",
                Type::Number,
                "0",
                "Part of the last update that is kept.",
            )
            .within(0.0, 0.999_999),
        )
        .param(Param::switch(
            "nesterov",
            "off",
            "Look ahead by one momentum step (Nesterov, 1983).",
        ))
        .param(decay("0", L2))
        .example("sgd(0.03, momentum = 0.9, nesterov = on)"),
        betas(
            Spec::new(
                "adam",
                Kind::Optimizer,
                "Adam; weight decay is added to the gradient",
                Make::Optimizer(|args: &Args| Optimizer::Adam {
                    rate: args.number("rate"),
                    betas: (args.number("beta1"), args.number("beta2")),
                    epsilon: args.number("epsilon"),
                    weight_decay: args.number("weight_decay"),
                }),
            )
            .paper(
                "Kingma & Ba, 2015",
                "Adam: A Method for Stochastic Optimization",
                "arXiv:1412.6980",
            )
            .param(rate("1e-3")),
        )
        .param(decay("0", L2))
        .example("adam(2e-4, beta1 = 0.5)"),
        betas(
            Spec::new(
                "adamw",
                Kind::Optimizer,
                "Adam with decoupled weight decay",
                Make::Optimizer(|args: &Args| Optimizer::AdamW {
                    rate: args.number("rate"),
                    betas: (args.number("beta1"), args.number("beta2")),
                    epsilon: args.number("epsilon"),
                    weight_decay: args.number("weight_decay"),
                }),
            )
            .paper(
                "Loshchilov & Hutter, 2019",
                "Decoupled Weight Decay Regularization",
                "arXiv:1711.05101",
            )
            .param(rate("1e-3")),
        )
        .param(decay(
            "0.01",
            "Decoupled weight decay; not for one-dimensional parameters.",
        ))
        .example("adamw(1e-3, weight_decay = 0.05)"),
        Spec::new(
            "lars",
            Kind::Optimizer,
            "SGD with momentum whose rate follows each tensor's norm, for large batches",
            Make::Optimizer(|args: &Args| Optimizer::Lars {
                rate: args.number("rate"),
                momentum: args.number("momentum"),
                weight_decay: args.number("weight_decay"),
                trust: args.number("trust"),
            }),
        )
        .paper(
            "You et al., 2017",
            "Large Batch Training of Convolutional Networks",
            "arXiv:1708.03888",
        )
        .param(rate("0.3"))
        .param(
            Param::with_default(
                "momentum",
                Type::Number,
                "0.9",
                "Part of the last update that is kept.",
            )
            .within(0.0, 0.999_999),
        )
        .param(decay("1e-6", L2))
        .param(
            Param::with_default("trust", Type::Number, "1e-3", "Trust coefficient η.")
                .within(0.0, 10.0),
        )
        .example("lars(4.8, weight_decay = 1e-6)"),
        Spec::new(
            "adagrad",
            Kind::Optimizer,
            "SGD whose rate falls for each number with the squares of its gradients so far: what is rarely met moves further",
            Make::Optimizer(|args: &Args| Optimizer::Adagrad {
                rate: args.number("rate"),
                epsilon: args.number("epsilon"),
                weight_decay: args.number("weight_decay"),
            }),
        )
        .paper(
            "Duchi et al., 2011",
            "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization",
            "JMLR 12:2121",
        )
        .param(rate("0.1"))
        .param(
            Param::with_default(
                "epsilon",
                Type::Number,
                "1e-10",
                "Added to the root of the sum of squares.",
            )
            .within(1e-30, 1.0),
        )
        .param(decay("0", L2))
        .doc("Of a table of which a batch reads some rows, `embedding`, only those are computed and moved: to the others nothing happens anyway.")
        .example("adagrad(0.2)"),
        betas(
            Spec::new(
                "lazy_adam",
                Kind::Optimizer,
                "Adam of which rows of tables that a batch does not read keep their moments",
                Make::Optimizer(|args: &Args| Optimizer::LazyAdam {
                    rate: args.number("rate"),
                    betas: (args.number("beta1"), args.number("beta2")),
                    epsilon: args.number("epsilon"),
                }),
            )
            .param(rate("1e-3")),
        )
        .doc("For tables of which a batch reads some rows, `embedding`: only those are computed and moved, as by PyTorch's SparseAdam but for where ε is added: to the corrected root, as `adam` does. Everything else moves as by `adam`.")
        .example("lazy_adam(1e-3)"),
    ]
}
