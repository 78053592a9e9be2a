//! Calls that are values of a stage's fields: `every(500 steps)`, `norm(1.0)`, `group("*.bias")`, `grid(4)`.

use crate::catalog::{Kind, Make, Param, Spec, Type};

fn setting(name: &str, summary: &str) -> Spec {
    Spec::new(name, Kind::Setting, summary, Make::Stage)
}

/// How long training goes on at most without a checkpoint.
fn minutes() -> Param {
    Param::optional(
        "minutes",
        Type::Number,
        "Also after so many minutes of training, whichever is first. Where it is given, periods shorter than a second share one.",
    )
    .within(0.01, 1e6)
}

/// The settings.
pub fn specs() -> Vec<Spec> {
    vec![
        setting("every", "How often a checkpoint is written")
            .param(
                Param::required("period", Type::Duration, "Time between two checkpoints.")
                    .within(0.0, 1e9),
            )
            .param(
                Param::with_default("keep", Type::Integer, "2", "How many are kept, the newest.")
                    .within(1.0, 1e6),
            )
            .param(minutes())
            .example("every(500 steps, keep = 2)"),
        setting(
            "best",
            "The weights that a value read while training was best with are the stage's result",
        )
        .param(Param::required(
            "of",
            Type::Watched,
            "`valid.loss` (the stage has `valid`), or the monitor's: `valid.knn`.",
        ))
        .param(
            Param::optional(
                "period",
                Type::Duration,
                "Time between two checkpoints that training can go on from; where absent, an epoch or five minutes of training, whichever is first.",
            )
            .within(0.0, 1e9),
        )
        .param(
            Param::with_default(
                "keep",
                Type::Integer,
                "2",
                "How many of those are kept, the newest.",
            )
            .within(1.0, 1e6),
        )
            .param(minutes())
        .example("best(valid.knn)"),
        setting(
            "early",
            "Training ends when a value read while training gets no better",
        )
        .param(Param::required(
            "of",
            Type::Watched,
            "`valid.loss` (the stage has `valid`), or the monitor's: `valid.knn`.",
        ))
        .param(
            Param::required(
                "patience",
                Type::Duration,
                "How long it may be without a better reading.",
            )
            .within(0.0, 1e9),
        )
        .example("early(valid.loss, patience = 5 epochs)"),
        setting(
            "collapse",
            "Training ends when all samples become one",
        )
        .doc(
            "Every pretext stage is watched while it trains: how far the samples of a batch lie apart in what the encoder makes of them, and in what \
             the loss compares. Where four looks in a row see less than a third of the untrained network's spread in what is compared (a tenth in what else the encoder \
             gives), or hardly more than one direction, the run says so at once, \
             names the likeliest cause with its line, and goes on; with this it ends there. What was trained so far is the stage's \
             result, and the table says that it collapsed.",
        )
        .example("collapse()"),
        setting("ema", "An exponential moving average over steps")
            .param(
                Param::required(
                    "decay",
                    Type::Number,
                    "Part of the average that stays at each step.",
                )
                .within(0.0, 0.999_999_9),
            )
            .example("ema(0.9999)"),
        setting("norm", "A limit on the global norm of the gradients")
            .param(
                Param::required(
                    "limit",
                    Type::Number,
                    "Largest norm over all parameters together.",
                )
                .within(1e-12, 1e12),
            )
            .example("norm(1.0)"),
        setting(
            "group",
            "Parameters, by name, with their own weight decay and rate",
        )
        .param(Param::required(
            "pattern",
            Type::Text,
            "Parameter names; `*` stands for anything, `.` and `/` are the same.",
        ))
        .param(
            Param::optional(
                "decay",
                Type::Number,
                "Weight decay in place of the optimiser's.",
            )
            .within(0.0, 10.0),
        )
        .param(
            Param::optional("rate", Type::Number, "A factor on the learning rate.")
                .within(0.0, 1e3),
        )
        .example("group(\"*.bias\", decay = 0)"),
        setting(
            "grid",
            "Feature maps averaged down to at most n × n cells, then flattened",
        )
        .param(
            Param::required("cells", Type::Integer, "Cells in each direction.").within(1.0, 64.0),
        )
        .example("grid(2)"),
    ]
}
