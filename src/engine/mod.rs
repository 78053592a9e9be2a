//! The engine: runs a tensor graph on a burn device, trains, keeps checkpoints. The only room that imports burn; all that
//! changes between burn versions is in here.
//!
//! ```text
//! graph + batch ──Program──▶ what runs, when a value is freed
//!                 run        node by node: ops (values alone), batch norm, dropout, inputs, parameters
//!                 backward   one walk of burn's tape, gradients by parameter name; by segments where `checkpointing` is on
//!                 Trainer    mean over accumulated batches, clipping, optimiser, step counter
//!                 checkpoint the trainer's state in a file that is whole or not there
//! ```
//!
//! **Kernels.** On `flex` most operations run in the engine's own `kernels`, some of them several nodes at once; with
//! [`Kernels::Reference`] everything is burn's own.
//!
//! **One node, one burn call**, as far as burn has it, where no kernel takes it. A burn tensor's rank is part of its type and a graph's is not:
//! `value` is where they meet. Ranks go up to 6.
//!
//! **A model is names.** Parameters and buffers live in a [`Model`] by name, so the training trace and the evaluation trace of
//! a stage share one, and [`Model::adopt`] takes over another stage's encoder. Parameters are leaves of burn's autodiff; buffers
//! and inputs are outside it, so no gradient is computed for a batch.
//!
//! **Train or eval is the graph's**, never a device's or a flag's. A training trace normalises by the batch and moves running
//! statistics in call order (variance unbiased, as in PyTorch); a step that fails moves nothing.
//!
//! **Randomness** is drawn on the host from Philox: first values by (seed, parameter name), dropout masks by (seed, step,
//! batch of the step, node path, call), the first centres of k-means by (seed, epoch). A restart needs no generator's state.
//!
//! **Bit-exact** on `flex`: the same binary on the same CPU gives the same bytes. Kernels, matrix products, convolutions and
//! their gradients do not depend on the number of compute threads (tested); sums of 4,194,304 and more elements would depend on
//! which thread was idle, so `sum` cuts them into rows.
//!
//! **Speed.** Values are moved into their last use, so burn can work in place; a batch is copied to the device once per
//! field; losses and metrics are read back together, once a step. `benches/rotnet_step` holds this room to within 3% of
//! plain burn.

mod backward;
#[cfg(feature = "capture")]
mod capture;
pub mod checkpoint;
mod device;
mod draw;
mod dropout;
mod embedding;
mod error;
mod evaluate;
mod groups;
mod host;
mod init;
mod inputs;
#[allow(unsafe_code)] // measured kernels, see the room
mod kernels;
mod model;
mod ops;
mod optimizer;
mod program;
mod random;
mod run;
mod schedule;
mod segments;
mod stages;
mod sum;
mod table;
#[cfg(test)]
mod tests;
mod trainer;
mod value;

pub use backward::{Derivatives, gradients};
#[cfg(feature = "capture")]
pub use capture::record;
pub use device::{DEVICE_WORDS, Device, Kernels, set_kernels, set_threads};
pub use error::{EngineError, Result};
pub use evaluate::{Rows, features, products};
pub(crate) use evaluate::{drawn, numbers};
pub use host::{Batch, HostTensor};
pub use kernels::{Allocator, give_memory_back, keep_memory};
pub use model::Model;
pub use optimizer::Moments;
pub use schedule::{learning_rate, warmup_steps};
pub use stages::{
    Clock, Embedded, Embedder, Finished, Outlook, RUN_FILES, RunOptions, Silent, Trained, Unread,
    Vectors, Watch, ask_to_stop, calibrate, data_of, holds_work, outlook, run_plan, stop_asked,
};
pub use trainer::{StepReport, Trainer, TrainerState};
