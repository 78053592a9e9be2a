//! Maps of another height and width. Every way of resampling is a weighted sum along rows and one along columns, so it is two
//! products with small matrices, exact in both directions on every device.

use burn::tensor::{Device as BurnDevice, Tensor, TensorData};

use super::super::value::Value;
use crate::graph::Resampling;

/// `x [B, C, H, W]` to the height and width of `shape`.
pub(super) fn resize(
    x: Tensor<4>,
    resampling: Resampling,
    shape: &[usize],
    device: &BurnDevice,
) -> Result<Value, String> {
    let [batch, channels, height, width] = x.dims();
    let &[_, _, to_height, to_width] = shape else {
        return Err("makes a map".into());
    };
    let across = matrix(resampling, width, to_width, device);
    let down = matrix(resampling, height, to_height, device);
    let maps = batch * channels;
    let x = x.reshape([maps * height, width]).matmul(across);
    let x = x.reshape([maps, height, to_width]).swap_dims(1, 2);
    let x = x.reshape([maps * to_width, height]).matmul(down);
    let x = x.reshape([maps, to_width, to_height]).swap_dims(1, 2);
    Ok(x.reshape([batch, channels, to_height, to_width]).into())
}

fn matrix(resampling: Resampling, from: usize, to: usize, device: &BurnDevice) -> Tensor<2> {
    let data = TensorData::new(weights(resampling, from, to), [from, to]);
    Tensor::from_data(data, device)
}

/// How much of each of `from` elements is in each of `to`: `[from, to]`. Pixel centres as in PyTorch with
/// `align_corners = False`.
fn weights(resampling: Resampling, from: usize, to: usize) -> Vec<f32> {
    let mut weights = vec![0.0f32; from * to];
    let scale = from as f64 / to as f64;
    let last = from.saturating_sub(1) as i64;
    let mut put = |i: i64, j: usize, weight: f64| {
        weights[i.clamp(0, last) as usize * to + j] += weight as f32;
    };
    for j in 0..to {
        match resampling {
            Resampling::Nearest => put((j * from / to) as i64, j, 1.0),
            Resampling::Average => {
                let (first, end) = (j * from / to, ((j + 1) * from).div_ceil(to));
                for i in first..end {
                    put(i as i64, j, 1.0 / (end - first) as f64);
                }
            }
            Resampling::Bilinear => {
                let centre = ((j as f64 + 0.5) * scale - 0.5).max(0.0);
                let (i, t) = (centre.floor() as i64, centre.fract());
                put(i, j, 1.0 - t);
                put(i + 1, j, t);
            }
            Resampling::Bicubic => {
                let centre = (j as f64 + 0.5) * scale - 0.5;
                let (i, t) = (centre.floor() as i64, centre - centre.floor());
                for (offset, distance) in [(-1, 1.0 + t), (0, t), (1, 1.0 - t), (2, 2.0 - t)] {
                    put(i + offset, j, cubic(distance));
                }
            }
        }
    }
    weights
}

/// Keys' cubic convolution (1981) with a = -0.75.
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.75;
    if x <= 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    } else {
        0.0
    }
}
