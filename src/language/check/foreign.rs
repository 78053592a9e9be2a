//! Words of other frameworks, and ours.

use crate::language::ast::{Expr, ExprKind, Quantity};

/// What a foreign word means here.
pub struct Foreign {
    /// What to do, in a few words.
    pub help: String,
    /// Our field.
    pub field: Option<String>,
    /// What to write instead.
    pub edit: Option<String>,
    /// Whether the value changes too.
    pub whole: bool,
}

/// Theirs and ours where only the name differs. The first of ours that a subject has counts.
const NAMES: &[(&str, &[&str])] = &[
    ("batch_size", &["batch"]),
    ("batchsize", &["batch"]),
    ("bs", &["batch"]),
    ("train_batch_size", &["batch"]),
    ("mini_batch", &["batch"]),
    ("backbone", &["encoder"]),
    ("base_encoder", &["encoder"]),
    ("model", &["encoder"]),
    ("network", &["encoder"]),
    ("net", &["encoder"]),
    ("arch", &["encoder"]),
    ("architecture", &["encoder"]),
    ("projector", &["head"]),
    ("projection", &["head"]),
    ("projection_head", &["head"]),
    ("proj_head", &["head"]),
    ("mlp", &["head"]),
    ("classifier", &["head"]),
    ("prediction_head", &["predictor"]),
    ("transform", &["augment"]),
    ("transforms", &["augment"]),
    ("train_transform", &["augment"]),
    ("augmentation", &["augment"]),
    ("augmentations", &["augment"]),
    ("augmenter", &["augment"]),
    ("train_data", &["data"]),
    ("train_dataset", &["data"]),
    ("train_set", &["data"]),
    ("trainset", &["data"]),
    ("train", &["data"]),
    ("dataset", &["data"]),
    ("dataloader", &["data"]),
    ("train_loader", &["data"]),
    ("train_dataloader", &["data"]),
    ("test_data", &["test"]),
    ("test_dataset", &["test"]),
    ("test_set", &["test"]),
    ("testset", &["test"]),
    ("eval_data", &["test", "valid"]),
    ("val", &["valid"]),
    ("val_data", &["valid"]),
    ("val_dataset", &["valid"]),
    ("validation", &["valid"]),
    ("validation_data", &["valid"]),
    ("optim", &["optimizer"]),
    ("optimiser", &["optimizer"]),
    ("opt", &["optimizer"]),
    ("scheduler", &["schedule"]),
    ("lr_scheduler", &["schedule"]),
    ("lr_schedule", &["schedule"]),
    ("tau", &["temperature", "momentum"]),
    ("temp", &["temperature"]),
    ("t", &["temperature"]),
    ("lr", &["rate"]),
    ("learning_rate", &["rate"]),
    ("base_lr", &["rate"]),
    ("eta", &["rate"]),
    ("wd", &["weight_decay", "decay"]),
    ("l2", &["weight_decay"]),
    ("weight_decay", &["decay"]),
    ("ema", &["momentum", "average"]),
    ("ema_decay", &["momentum"]),
    ("n_neighbors", &["k"]),
    ("num_neighbors", &["k"]),
    ("neighbors", &["k"]),
    ("accumulate_grad_batches", &["accumulate"]),
    ("gradient_accumulation_steps", &["accumulate"]),
    ("grad_accum", &["accumulate"]),
    ("queue_size", &["queue"]),
    ("mask_ratio", &["mask"]),
    ("masking_ratio", &["mask"]),
    ("patch_size", &["patch"]),
    ("embed_dim", &["width"]),
    ("hidden_dim", &["hidden", "width"]),
    ("num_heads", &["heads"]),
    ("n_heads", &["heads"]),
    ("num_layers", &["depth"]),
    ("n_layers", &["depth"]),
    ("p", &["chance"]),
    ("prob", &["chance"]),
    ("probability", &["chance"]),
    ("num_workers", &["workers"]),
    ("n_workers", &["workers"]),
    ("num_threads", &["threads"]),
    ("random_seed", &["seed"]),
    ("manual_seed", &["seed"]),
    ("random_state", &["seed"]),
    ("accelerator", &["device"]),
    ("dtype", &["precision"]),
    ("pretrained", &["from"]),
    ("checkpoint", &["from"]),
    ("ckpt", &["from", "checkpoint"]),
    ("weights", &["from"]),
    ("early_stopping", &["stop"]),
    ("gradient_checkpointing", &["checkpointing"]),
];

/// Lengths of training: theirs, and our unit.
const LENGTHS: &[(&str, &str)] = &[
    ("epochs", "epochs"),
    ("epoch", "epochs"),
    ("max_epochs", "epochs"),
    ("num_epochs", "epochs"),
    ("n_epochs", "epochs"),
    ("steps", "steps"),
    ("max_steps", "steps"),
    ("num_steps", "steps"),
    ("iterations", "steps"),
    ("max_iter", "steps"),
    ("iters", "steps"),
];

/// What has another place: the words, and what to do.
const PLACES: &[(&[&str], &str)] = &[
    (
        &["wd", "weight_decay", "betas", "beta1", "beta2", "nesterov"],
        "it belongs to the optimizer: `optimizer = adamw(1e-3, weight_decay = 0.05)`",
    ),
    (
        &[
            "warmup",
            "warmup_epochs",
            "warmup_steps",
            "gamma",
            "milestones",
        ],
        "it belongs to the schedule: `schedule = cosine(warmup = 1 epoch)`",
    ),
    (
        &["criterion", "loss", "loss_fn", "objective"],
        "the task brings its loss; `pretext list` shows all tasks",
    ),
    (
        &[
            "num_workers",
            "workers",
            "seed",
            "device",
            "threads",
            "gpus",
            "gpu",
            "accelerator",
        ],
        "it belongs to the run: `run { seed = 1, workers = 2, device = auto }`",
    ),
    (
        &["num_classes", "n_classes", "classes"],
        "the data say how many classes there are: leave it out",
    ),
    (
        &["shuffle", "drop_last", "pin_memory"],
        "training shuffles, and drops the last partial batch: leave it out",
    ),
    (
        &["pretrained", "weights"],
        "later stages name where they start: `from = STAGE`",
    ),
];

/// The meaning of a foreign word among the fields `names`.
pub fn field(word: &str, value: &Expr, names: &[&str]) -> Option<Foreign> {
    let word = word.to_ascii_lowercase();
    let has = |field: &str| names.contains(&field);
    let number = match &value.kind {
        ExprKind::Quantity(quantity) => Some(quantity),
        _ => None,
    };
    let whole = |help: &str, field: &str, by: String| Foreign {
        help: help.to_owned(),
        field: Some(field.to_owned()),
        edit: Some(by),
        whole: true,
    };
    if let Some((_, unit)) = LENGTHS.iter().find(|(theirs, _)| *theirs == word)
        && has("length")
        && let Some(quantity) = number
    {
        let text = &quantity.text;
        let unit = match text.as_str() {
            "1" => unit.trim_end_matches('s'),
            _ => unit,
        };
        let by = format!("length = {text} {unit}");
        return Some(whole("how long to train is a duration", "length", by));
    }
    if let Some(Quantity {
        unit: None, text, ..
    }) = number
        && matches!(word.as_str(), "lr" | "learning_rate" | "base_lr")
        && has("optimizer")
    {
        let by = format!("optimizer = adamw({text})");
        return Some(whole("the rate is the optimizer's", "optimizer", by));
    }
    let ours = NAMES
        .iter()
        .filter(|(theirs, _)| *theirs == word)
        .find_map(|(_, ours)| ours.iter().find(|ours| has(ours)));
    if let Some(ours) = ours {
        return Some(Foreign {
            help: format!("it is called `{ours}` here"),
            field: Some((*ours).to_owned()),
            edit: Some((*ours).to_owned()),
            whole: false,
        });
    }
    let (_, help) = (PLACES.iter()).find(|(words, _)| words.contains(&word.as_str()))?;
    // only a stage has these places beside it
    has("optimizer").then(|| Foreign {
        help: (*help).to_owned(),
        field: None,
        edit: None,
        whole: false,
    })
}
