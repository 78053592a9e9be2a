//! Catalog entries of the evaluators, the fine-tunings and the export.

use crate::catalog::{Kind, Make, Param, Spec, Type};

fn pooled(spec: Spec) -> Spec {
    spec.param(Param::with_default(
        "pool",
        Type::OneOf(vec![Type::Choice(&["avg", "flatten"]), Type::Call(Kind::Setting)]),
        "avg",
        "How a feature map becomes a vector: `avg`, `flatten` or `grid(n)`. Vectors stay as they are.",
    ))
}

fn places() -> Param {
    Param::optional(
        "at",
        Type::List(Box::new(Type::Place)),
        "Places of the encoder that are read, each judged on its own; the encoder's output where absent.",
    )
}

fn probe_training(spec: Spec) -> Spec {
    spec.param(Param::with_default(
        "optimizer",
        Type::Call(Kind::Optimizer),
        "adamw(1e-2, weight_decay = 0)",
        "What moves the head.",
    ))
    .param(Param::with_default(
        "length",
        Type::Duration,
        "20 epochs",
        "How long the head is trained.",
    ))
}

/// `knn`, `linear_probe`, `mlp_probe`, `classifier`, `safetensors`
pub fn specs() -> Vec<Spec> {
    vec![
        pooled(
            Spec::new(
                "knn",
                Kind::Evaluator,
                "Weighted vote of the k nearest training samples by cosine similarity",
                Make::Stage,
            )
            .paper(
                "Wu et al., 2018",
                "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
                "arXiv:1805.01978",
            )
            .doc(
                "The encoder is frozen and in evaluation mode. Each neighbour votes for its class with weight \
                 `exp(similarity / temperature)`.",
            )
            .param(Param::optional("test", Type::Data, "The split whose classes are predicted."))
            .param(Param::with_default("k", Type::Integer, "200", "Neighbours that vote.").within(1.0, 1e6))
            .param(
                Param::with_default("temperature", Type::Number, "0.1", "Sharpness of the votes' weights.")
                    .within(1e-4, 1e4),
            )
            .param(places()),
        )
        .param(
            Param::with_default("every", Type::Duration, "1 epoch", "As a monitor: time between two readings.")
                .within(0.0, 1e9),
        )
        .param(
            Param::with_default(
                "bank",
                Type::Integer,
                "10000",
                "As a monitor: at most so many training samples vote, each class by its share.",
            )
            .within(1.0, 1e9),
        )
        .semantics(2)
        .example("knn(k = 200, temperature = 0.1)"),
        probe_training(pooled(
            Spec::new(
                "linear_probe",
                Kind::Finetune,
                "A linear classifier on frozen features, one for each place",
                Make::Stage,
            )
            .paper(
                "Alain & Bengio, 2016",
                "Understanding intermediate layers using linear classifier probes",
                "arXiv:1610.01644",
            )
            .doc("Features are standardised by the training split's mean and deviation before the classifier.")
            .param(places()),
        ))
        .example("linear_probe(at = [conv1, conv2, conv3], pool = flatten)"),
        probe_training(pooled(
            Spec::new(
                "mlp_probe",
                Kind::Finetune,
                "A non-linear classifier on frozen features, one for each place",
                Make::Stage,
            )
            .paper(
                "Gidaris et al., 2018",
                "Unsupervised Representation Learning by Predicting Image Rotations",
                "arXiv:1803.07728, section 4.1.1",
            )
            .doc("Hidden layers are linear, batch norm, ReLU, as in the paper's CIFAR-10 table.")
            .param(places()),
        ))
        .param(Param::with_default("hidden", Type::Integer, "200", "Units of each hidden layer.").within(1.0, 65536.0))
        .param(Param::with_default("layers", Type::Integer, "2", "Hidden layers.").within(1.0, 16.0))
        .example("mlp_probe(at = [conv2], pool = flatten)"),
        Spec::new(
            "classifier",
            Kind::Finetune,
            "A linear classifier on the encoder's output, trained together with it",
            Make::Stage,
        )
        .doc(
            "`unfreeze = all` trains every parameter from where the pretraining left it; `none` keeps the encoder \
             and its running statistics as they are. The column `untrained` is the same training from a fresh encoder.",
        )
        .param(Param::with_default(
            "unfreeze",
            Type::Choice(&["all", "none"]),
            "all",
            "Which parameters of the encoder move.",
        ))
        .param(Param::with_default("batch", Type::Integer, "128", "Records per step.").within(1.0, 1e6))
        .example("classifier(unfreeze = all)"),
        Spec::new(
            "safetensors",
            Kind::Export,
            "The encoder's weights under the names that torchvision and timm expect",
            Make::Stage,
        )
        .doc(
            "The file is written into the run directory and replaces nothing but an older export; with `--allow-outside` the path may lead \
             elsewhere. The file's header says what the encoder takes (size, view, mean and \
             deviation), what it is and what it was learnt from; `config.json` beside it (`NAME.config.json` where several exports \
             share a folder) says it in the form that timm reads. The run prints the lines of Python that load it.",
        )
        .param(Param::required("path", Type::Text, "Where the file is written."))
        .example("safetensors(\"encoder.safetensors\")"),
    ]
}
