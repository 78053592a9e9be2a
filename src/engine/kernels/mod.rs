//! Kernels of the engine's own for the `flex` device: what burn has no fast path for, or takes many passes for.
//!
//! ```text
//! operation ──ops──▶ tape      burn's tensors in and out, a node of burn's autodiff
//!                    map       a tensor as a slice; maps have their channels last
//!                    conv      direct, and winograd for 3×3 and 5×5 with stride 1 over its tiles
//!                    norm · pool · rows · entropy · attention · mask · each · drop · update · table · windows
//!                    matrix    products on all threads
//!                    product   the inner loops
//!                    simd      AVX-512, AVX2 or portable, chosen at run time
//! ```
//!
//! **Results depend on the sizes alone**, never on the number of threads: work is split by the sizes, and parts of a sum are added
//! in order. **`unsafe`** is confined to this room; a kernel that is handed slices checks their lengths where it enters.

mod allocator;
mod attention;
mod conv;
mod curve;
mod drop;
mod each;
mod entropy;
mod map;
mod mask;
mod matrix;
mod memory;
mod norm;
mod ops;
mod pool;
mod product;
mod rows;
mod simd;
mod table;
mod tape;
#[cfg(test)]
mod tests;
mod update;
mod windows;

pub use allocator::Allocator;
pub(crate) use drop::Draws;
pub use memory::{give_memory_back, keep_memory};
pub(crate) use ops::{
    Normalise, Update, apply, batch_norm, chosen_log_softmax, dropout, fork, joined_attention,
    normalise, pass, read_rows, update, update_rows,
};
pub(crate) use table::Rule as RowRule;
pub(crate) use tape::{Fork, Left};
pub(crate) use update::{Adam, Sgd};

/// What the kernel makes of numbers, on every instruction set that the processor has.
#[cfg(test)]
pub(crate) fn dropped(draws: &Draws, x: &[f32]) -> Vec<Vec<f32>> {
    let all = simd::Isa::all().into_iter();
    all.map(|isa| drop::drop(isa, draws, x)).collect()
}
