//! `--kernels`, for the verbs that compute.

use clap::{Args, ValueEnum};

use crate::engine::{Kernels, set_kernels};

/// Which code computes.
#[derive(Args)]
pub struct KernelArgs {
    /// Which code computes on `flex`: the engine's own kernels, or burn's operations alone
    #[arg(
        long,
        value_enum,
        value_name = "fast|reference",
        default_value = "fast",
        hide_possible_values = true
    )]
    kernels: Word,
}

#[derive(Clone, Copy, ValueEnum)]
enum Word {
    Fast,
    Reference,
}

impl KernelArgs {
    /// Makes it so for every device that is opened after.
    pub fn set(&self) {
        set_kernels(match self.kernels {
            Word::Fast => Kernels::Fast,
            Word::Reference => Kernels::Reference,
        });
    }
}
