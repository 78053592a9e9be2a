//! The kinds of catalog entries.

/// What an entry is; decides where it may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// After `dataset NAME =`.
    Dataset,
    /// After `|>` behind a data set.
    Pipe,
    /// In an `augment` block.
    Transform,
    /// In an encoder or a head.
    Layer,
    /// After `encoder NAME =`.
    Encoder,
    /// After `pretext NAME =`.
    Task,
    /// After `optimizer =`.
    Optimizer,
    /// After `schedule =`.
    Schedule,
    /// After `evaluate NAME =` (nothing is trained by gradient).
    Evaluator,
    /// After `finetune NAME =`.
    Finetune,
    /// After `fit NAME =`: learnt from records before anything is trained.
    Fit,
    /// After `export NAME =`.
    Export,
    /// Values of the fields that stages have: `every(500 steps)`, `norm(1.0)`, `early(..)`, `group(..)`.
    Setting,
}

impl Kind {
    /// What the keyword of a stage calls: a task after `pretext`.
    pub fn of_stage(keyword: &str) -> Option<Self> {
        match keyword {
            "fit" => Some(Kind::Fit),
            "pretext" => Some(Kind::Task),
            "evaluate" => Some(Kind::Evaluator),
            "finetune" => Some(Kind::Finetune),
            "export" => Some(Kind::Export),
            _ => None,
        }
    }

    /// The plural that `pretext list` prints as a heading.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Dataset => "data sets",
            Kind::Pipe => "pipes",
            Kind::Transform => "transforms",
            Kind::Layer => "layers",
            Kind::Encoder => "encoders",
            Kind::Task => "tasks",
            Kind::Optimizer => "optimizers",
            Kind::Schedule => "schedules",
            Kind::Evaluator => "evaluators",
            Kind::Finetune => "finetunings",
            Kind::Fit => "fits",
            Kind::Export => "exports",
            Kind::Setting => "settings",
        }
    }

    /// The singular that messages print.
    pub fn singular(self) -> &'static str {
        match self {
            Kind::Dataset => "data set",
            Kind::Pipe => "pipe",
            Kind::Transform => "transform",
            Kind::Layer => "layer",
            Kind::Encoder => "encoder",
            Kind::Task => "task",
            Kind::Optimizer => "optimizer",
            Kind::Schedule => "schedule",
            Kind::Evaluator => "evaluator",
            Kind::Finetune => "finetuning",
            Kind::Fit => "fit",
            Kind::Export => "export",
            Kind::Setting => "setting",
        }
    }
}
