//! What a node costs.

/// The cost of one node for one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Multiply-adds, counted as one each.
    pub flops: f64,
    /// Bytes of the result.
    pub bytes: f64,
    /// Bytes that autodiff keeps until the backward pass.
    pub kept: f64,
}
