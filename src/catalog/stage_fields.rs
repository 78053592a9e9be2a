//! Fields that every stage of a kind has, and those of `run { … }`.

use super::{Kind, Param, Type};

fn training() -> Vec<Param> {
    let durations = |text: &str| format!("every({text})");
    vec![
        Param::with_default(
            "batch",
            Type::Integer,
            "256",
            "Records per optimiser step and forward pass.",
        )
        .within(1.0, 1e6),
        Param::with_default("length", Type::Duration, "10 epochs", "How long to train.")
            .within(0.0, 1e9),
        Param::with_default(
            "optimizer",
            Type::Call(Kind::Optimizer),
            "adamw(1e-3)",
            "What moves the parameters.",
        ),
        Param::with_default(
            "schedule",
            Type::Call(Kind::Schedule),
            "cosine()",
            "How the learning rate changes.",
        ),
        Param::with_default(
            "accumulate",
            Type::Integer,
            "1",
            "Batches whose gradients are averaged into one step. Queues and centres move with each of them.",
        )
        .within(1.0, 1e6),
        Param::optional(
            "clip",
            Type::Call(Kind::Setting),
            "`norm(x)`: scales all gradients so that their global norm is at most x.",
        ),
        Param::optional(
            "groups",
            Type::List(Box::new(Type::Call(Kind::Setting))),
            "`group(\"*.bias\", decay = 0, rate = 0.1)`: parameters by name pattern with their own weight decay and a factor on the rate. A later group wins.",
        ),
        Param::optional(
            "monitor",
            Type::Call(Kind::Evaluator),
            "An evaluator that runs while training: `knn(fashion.valid, k = 20, every = 1 epoch)`, `linear_probe(fashion.valid)`.",
        ),
        Param::with_default(
            "checkpoint",
            Type::Call(Kind::Setting),
            &durations("1 epoch, minutes = 5"),
            "`every(500 steps, keep = 2)`: how often the whole state is written, and how many are kept; by default each epoch or each five minutes of training, whichever is first. What is trained does not depend on it. `best(valid.knn)`: the result is the weights that this value was best with.",
        ),
        Param::optional(
            "layer_decay",
            Type::Ratio,
            "Each block of the encoder learns at this part of the rate of the block above it (BEiT, MAE fine-tuning).",
        )
        .within(1e-3, 1.0),
        Param::optional(
            "average",
            Type::Call(Kind::Setting),
            "`ema(0.9999)`: a moving average of weights and running statistics is what is evaluated, monitored, exported and started from.",
        ),
        Param::optional(
            "precision",
            Type::Choice(&["f32", "bf16"]),
            "What products and convolutions take; `run { precision = … }` where absent. Sums, norms, losses and weights are f32.",
        ),
        Param::switch(
            "checkpointing",
            "off",
            "Keeps only what crosses a few cuts of the forward pass and runs the pieces between them again in the backward pass: much less memory, about a third more time, the same numbers up to rounding. Has no effect where objectives take turns.",
        ),
        Param::optional(
            "stop",
            Type::Call(Kind::Setting),
            "`early(valid.loss, patience = 5 epochs)`: ends training when a value read while training gets no better. `collapse()`: when all samples become one.",
        ),
        on_bad_sample(),
    ]
}

fn on_bad_sample() -> Param {
    Param::with_default(
        "on_bad_sample",
        Type::Choice(crate::data::OnBadSample::WORDS),
        "stop",
        "What to do with a record that can't be read: end the run, go on without it (`skip`), or take what there is of a picture that ends early (`repair`).",
    )
}

/// The common fields of a stage of this kind. A parameter of the stage's own `Spec` with the same name replaces the one here.
pub fn stage_fields(kind: Kind) -> Vec<Param> {
    let from = || {
        Param::required(
            "from",
            Type::Stage,
            "The stage whose encoder is used, or a part of it: `distill.teacher`.",
        )
    };
    let data = |doc: &str| Param::required("data", Type::Data, doc);
    let test = || Param::required("test", Type::Data, "The split that judges.");
    let supervised = || {
        Param::optional(
            "supervised",
            Type::Call(Kind::Evaluator),
            "`classifier(length = 10 epochs)`: a fourth column, of the same encoder trained on the labels of `data` instead.",
        )
    };
    let beside = || {
        Param::optional(
            "beside",
            Type::Stage,
            "Another stage, or a part of it: a column more, of its encoder's output on the same records, read as that encoder was trained to.",
        )
    };
    match kind {
        Kind::Task => {
            let mut fields = vec![
                data("The split that is trained on."),
                Param::optional(
                    "augment",
                    Type::Augment,
                    "The sample graph whose fields make the batch; the task's own where it is absent.",
                ),
                Param::optional(
                    "valid",
                    Type::Data,
                    "A split whose loss is read after every epoch, as `valid.loss`.",
                ),
                Param::required(
                    "encoder",
                    Type::Encoder,
                    "The network that is to learn something.",
                ),
            ];
            fields.extend(training());
            fields.push(Param::optional(
                "start",
                Type::begins(),
                "Another pretext stage whose weights this one begins with, all that are called the same; of a part, `start = distill.teacher`, \
                 those of the encoder. Or a safetensors file, as this program exports it or as torchvision, timm, open_clip and transformers (BERT) have it: \
                 `start = \"resnet18.safetensors\"`.",
            ));
            fields.push(Param::optional(
                "batches",
                Type::Choice(&["mixed", "by_length"]),
                "Which texts share a batch: any (`mixed`, where it is absent), or those of like length (`by_length`), so that hardly any \
                 padding is computed.",
            ));
            fields
        }
        Kind::Evaluator => vec![
            from(),
            data("The split whose labels are known."),
            test(),
            supervised(),
            beside(),
            on_bad_sample(),
        ],
        Kind::Finetune => {
            let mut fields = vec![
                from(),
                data("The labelled split."),
                test(),
                Param::optional(
                    "valid",
                    Type::Data,
                    "A split to choose with: its loss and accuracy are read after every epoch, as `valid.loss` and `valid.accuracy`.",
                ),
                Param::optional(
                    "augment",
                    Type::Augment,
                    "The sample graph for training pictures.",
                ),
                supervised(),
                beside(),
            ];
            fields.extend(training());
            fields
        }
        Kind::Fit => vec![
            Param::optional(
                "data",
                Type::Data,
                "The split that it learns from; absent where it is read from a file.",
            ),
            on_bad_sample(),
        ],
        Kind::Export => vec![from()],
        _ => Vec::new(),
    }
}

/// What a finetuning takes where it runs as a monitor, beside its own parameters: first the split that judges, then how it is trained,
/// how often it is read and on how much.
pub fn monitor_params() -> Vec<Param> {
    let mut params = vec![Param::optional(
        "test",
        Type::Data,
        "The split that judges.",
    )];
    // a monitor keeps nothing, watches nothing, and takes records as its stage does
    let not = ["monitor", "checkpoint", "stop", "on_bad_sample"];
    let training = training().into_iter();
    params.extend(training.filter(|param| !not.contains(&param.name.as_str())));
    params.extend([
        Param::optional(
            "augment",
            Type::Augment,
            "The sample graph for training pictures.",
        ),
        Param::with_default(
            "every",
            Type::Duration,
            "1 epoch",
            "Time between two readings.",
        )
        .within(0.0, 1e9),
        Param::with_default(
            "bank",
            Type::Integer,
            "10000",
            "At most so many training records are used, each class by its share.",
        )
        .within(1.0, 1e9),
    ]);
    params
}

/// The fields of `run { … }`.
pub fn run_fields() -> Vec<Param> {
    vec![
        Param::with_default("seed", Type::Integer, "0", "Decides every random number.").within(0.0, 9e15),
        Param::optional(
            "seeds",
            Type::OneOf(vec![Type::Range, Type::List(Box::new(Type::Integer))]),
            "`1..3` or `[1, 5]` in the place of `seed`: the recipe runs once with each, and its table shows means and deviations.",
        ),
        Param::with_default("device", Type::Choice(&["auto", "flex", "ndarray", "cuda", "vulkan"]), "auto", "Where tensors live; `auto` is the best one compiled in that initialises."),
        Param::with_default("precision", Type::Choice(&["f32", "bf16"]), "f32", "What products and convolutions of training take; sums, norms, losses and weights are f32."),
        Param::optional("threads", Type::Integer, "Threads of the tensor engine; all cores where absent.").within(1.0, 1024.0),
        Param::optional("workers", Type::Integer, "Threads that read and augment samples; all cores where absent; with 0 those that compute do it, between steps. Never changes a result.").within(0.0, 1024.0),
    ]
}
