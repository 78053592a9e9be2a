//! How a stage is trained: optimiser and schedule as data. The engine carries them out.

use crate::evaluation::Better;

/// An optimiser with its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent; PyTorch's `SGD` with `dampening = 0`.
    Sgd {
        /// Base learning rate.
        rate: f64,
        /// Momentum, 0 for none.
        momentum: f64,
        /// Nesterov's form.
        nesterov: bool,
        /// L2 penalty added to the gradient.
        weight_decay: f64,
    },
    /// Adam (Kingma & Ba, 2015); weight decay is added to the gradient.
    Adam {
        /// Base learning rate.
        rate: f64,
        /// Decay of the first and the second moment.
        betas: (f64, f64),
        /// Added to the root of the second moment.
        epsilon: f64,
        /// L2 penalty added to the gradient.
        weight_decay: f64,
    },
    /// AdamW (Loshchilov & Hutter, 2019); weight decay is decoupled.
    AdamW {
        /// Base learning rate.
        rate: f64,
        /// Decay of the first and the second moment.
        betas: (f64, f64),
        /// Added to the root of the second moment.
        epsilon: f64,
        /// Decoupled weight decay.
        weight_decay: f64,
    },
    /// LARS (You et al., 2017): SGD with momentum whose rate is scaled per tensor by
    /// `trust * |w| / (|g| + decay * |w|)`; one-dimensional tensors are neither scaled nor decayed.
    Lars {
        /// Base learning rate.
        rate: f64,
        /// Momentum.
        momentum: f64,
        /// L2 penalty added to the gradient.
        weight_decay: f64,
        /// Trust coefficient η.
        trust: f64,
    },
    /// Rates that fall with the squares of the gradients so far.
    Adagrad {
        /// Base learning rate.
        rate: f64,
        /// Added to the root of the sum of squares.
        epsilon: f64,
        /// L2 penalty.
        weight_decay: f64,
    },
    /// Adam of which rows of tables that a batch does not read keep their moments.
    LazyAdam {
        /// Base learning rate.
        rate: f64,
        /// Decay of the first and of the second moment.
        betas: (f64, f64),
        /// Added to the root of the second moment.
        epsilon: f64,
    },
}

impl Optimizer {
    /// Whether a gradient of 0 leaves a number as it is, so that of a table of which a batch reads some rows only those have to be moved.
    pub fn leaves_still(&self) -> bool {
        match self {
            Optimizer::Sgd {
                momentum,
                weight_decay,
                ..
            } => *momentum == 0.0 && *weight_decay == 0.0,
            Optimizer::Adagrad { weight_decay, .. } => *weight_decay == 0.0,
            Optimizer::LazyAdam { .. } => true,
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } | Optimizer::Lars { .. } => false,
        }
    }

    /// The base learning rate.
    pub fn rate(&self) -> f64 {
        match self {
            Optimizer::Sgd { rate, .. }
            | Optimizer::Adam { rate, .. }
            | Optimizer::AdamW { rate, .. }
            | Optimizer::Lars { rate, .. }
            | Optimizer::Adagrad { rate, .. }
            | Optimizer::LazyAdam { rate, .. } => *rate,
        }
    }
}

/// What products and convolutions take while training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// Operands rounded to bfloat16; results, sums, norms, losses and weights stay f32.
    Bf16,
}

/// A value that is read while a stage trains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// As the recipe says: `valid.knn`.
    pub name: String,
    /// As `metrics.jsonl` has it: `monitor.knn`.
    pub series: String,
    /// In which direction it is better.
    pub better: Better,
}

/// The shape of a schedule after its warmup.
#[derive(Clone, Debug, PartialEq)]
pub enum Decay {
    /// Stays at the base rate.
    Constant,
    /// Half a cosine from the base rate to `floor` times it.
    Cosine {
        /// Fraction of the base rate at the end.
        floor: f64,
    },
    /// A line from the base rate to `floor` times it.
    Linear {
        /// Fraction of the base rate at the end.
        floor: f64,
    },
    /// Multiplied by `factor` at each milestone (fractions of the whole run).
    Step {
        /// Fractions of the run, rising.
        at: Vec<f64>,
        /// Multiplied each time.
        factor: f64,
    },
    /// The factor on the base rate is a script's.
    Script(crate::graph::ScalarFn),
}

/// A learning-rate schedule: warmup, then decay.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Linear rise from 0; in epochs or steps.
    pub warmup: Option<crate::catalog::Duration>,
    /// What follows.
    pub decay: Decay,
}
