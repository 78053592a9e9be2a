//! The engine.
mod backward;
#[cfg(feature = "capture")]
mod capture;
pub mod checkpoint;
mod device;
mod dropout;
mod error;
mod evaluate;
mod groups;
mod host;
mod init;
mod inputs;
mod model;
mod ops;
mod optimizer;
mod program;
mod run;
mod schedule;
mod sum;
#[cfg(test)]
mod tests;
mod trainer;
mod value;

pub use backward::{Derivatives, gradients};
#[cfg(feature = "capture")]
pub use capture::record;
pub use device::{DEVICE_WORDS, Device, set_threads};
pub use error::{EngineError, Result};
pub use evaluate::{features, products};
pub use groups::{Group, matches};
pub use host::{Batch, HostTensor};
pub use model::Model;
pub use optimizer::Moments;
pub use schedule::{learning_rate, warmup_steps};
pub use trainer::{StepReport, Trainer, TrainerState};
