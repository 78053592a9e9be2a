//! Kernels of the engine's own for the `flex` device: what burn has no fast path for, or takes many passes for.
//!
//! ```text
//! operation ──ops──▶ tape      burn's tensors in and out, a node of burn's autodiff
//!                    map       a tensor as a slice; maps have their channels last
//!                    conv      direct, and winograd for 3×3 and 5×5 with stride 1 over its tiles
//!                    norm · pool · rows · attention · each · update · table · windows
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
mod each;
mod map;
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
pub use memory::{give_memory_back, keep_memory};
pub(crate) use ops::{
    Normalise, Update, apply, batch_norm, fork, joined_attention, normalise, pass, update,
    update_rows,
};
pub(crate) use table::Rule as RowRule;
pub(crate) use tape::{Fork, Left};
pub(crate) use update::{Adam, Sgd};
