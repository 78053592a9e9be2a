//! Kernels of the engine's own for the `flex` device: what burn has no fast path for, or takes many passes for.
//!
//! ```text
//! operation ──apply──▶ tape      burn's tensors in and out, a node of burn's autodiff
//!                      map       a tensor as a slice; maps have their channels last
//!                      conv      direct, and winograd for 3×3 with stride 1
//!                      norm · pool · each
//!                      product   the inner loops
//!                      simd      AVX-512, AVX2 or portable, chosen at run time
//! ```
//!
//! **Results depend on the sizes alone**, never on the number of threads: work is split by the sizes, and parts of a sum are added
//! in order. **`unsafe`** is confined to this room; a kernel that is handed slices checks their lengths where it enters.

mod apply;
mod conv;
mod each;
mod map;
mod memory;
mod norm;
mod pool;
mod product;
mod simd;
mod tape;
#[cfg(test)]
mod tests;
mod winograd;

pub(crate) use apply::{Normalise, apply, batch_norm, normalise};
