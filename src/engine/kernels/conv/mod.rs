//! Convolutions of maps whose channels come last, `[n, h, w, c]`: any kernel size, stride, padding and groups.
//!
//! `winograd` does 3×3 and 5×5 with stride 1 with fewer multiplications, `direct` all the others.

mod direct;
mod sizes;
mod tiles;
mod winograd;

pub(crate) use sizes::Conv;

use super::simd::Isa;

/// `y [n, oh, ow, k]` of `x [n, h, w, c]`, `weight [k, c / groups, kh, kw]` and `bias [k]`.
pub(crate) fn forward(
    isa: Isa,
    conv: &Conv,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) {
    if !(winograd::fits(conv) && winograd::forward(isa, conv, x, weight, bias, y)) {
        direct::forward(isa, conv, x, weight, bias, y);
    }
}

/// `dx [n, h, w, c]` of `dy [n, oh, ow, k]` and the weight.
pub(crate) fn data_gradient(isa: Isa, conv: &Conv, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
    if !(winograd::fits(conv) && winograd::data_gradient(isa, conv, dy, weight, dx)) {
        direct::data_gradient(isa, conv, dy, weight, None, dx);
    }
}

/// `dw [k, c / groups, kh, kw]` of `x` and `dy`.
pub(crate) fn weight_gradient(isa: Isa, conv: &Conv, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    if !(winograd::fits(conv) && winograd::weight_gradient(isa, conv, x, dy, dw)) {
        direct::weight_gradient(isa, conv, x, dy, dw);
    }
}

/// `y [n, h, w, c]` of a transposed convolution: `x [n, oh, ow, k]` goes back the way of `conv`, and `bias [c]` is added. The gradient
/// of `x` is [`forward`] of the gradient of `y`, that of the weight [`weight_gradient`] with both maps in each other's place.
pub(crate) fn transposed(
    isa: Isa,
    conv: &Conv,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) {
    direct::data_gradient(isa, conv, x, weight, bias, y);
}
